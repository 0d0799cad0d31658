"""Exercise of section 7.2: a step with a rate for each array, and none for the frozen ones.

Source: derived in section 7.2; torch.optim.SGD with parameter groups.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.exercises.ch07_transfer_learning._network import random_network
from autograder.spec import Case, Exercise, Misconception


def drive(fine_tune_step, parameters, gradients, learning_rates, weight_decay):
    """The new arrays, and how many of the frozen numbers are no longer the same to the last bit."""
    before = {name: array.copy() for name, array in parameters.items()}
    new = fine_tune_step(parameters, gradients, learning_rates, weight_decay)
    if not isinstance(new, dict) or set(new) != set(before):
        return new
    if list(new) != list(before):
        raise ValueError(f"its names come in another order: {', '.join(new)}; they should be {', '.join(before)}")
    moved = 0
    for name, array in before.items():
        if name not in learning_rates:
            now = np.asarray(new[name])
            moved += int(np.sum(now != array)) if now.shape == array.shape else array.size
    return {"count_of_frozen_numbers_that_changed": moved, **new}


def reference(parameters, gradients, learning_rates, weight_decay):
    """torch.optim.SGD with a group for each array; a frozen one has no gradient."""
    import torch

    own, groups = {}, []
    for name, array in parameters.items():
        own[name] = torch.nn.Parameter(array.clone(), requires_grad=name in learning_rates)
        if name in learning_rates:
            own[name].grad = gradients[name].clone()
        decay = weight_decay if array.ndim > 1 else 0.0
        groups.append({"params": [own[name]], "lr": learning_rates.get(name, 1.0), "weight_decay": decay})
    torch.optim.SGD(groups).step()
    frozen = [name for name in parameters if name not in learning_rates]
    moved = sum(int((own[name] != parameters[name]).sum()) for name in frozen)
    return {"count_of_frozen_numbers_that_changed": moved} | {name: one.detach() for name, one in own.items()}


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """A frozen body; rates of their own; a decay that only the last digits show; kernels, and a norm; all frozen.

    Where there are kernels, the gradients come from output to input, as backpropagation finds them.
    """
    weights = {"weight": (2, 3), "bias": (2,)}
    head = {"weight": (3, 2), "bias": (3,)}
    small = random_network(rng, body=weights, head=head)
    both = {"head.weight": 0.1, "head.bias": 0.1}
    yield _case("a frozen body", rng, small, both, 0.3)
    yield _case("the body ten times slower", rng, small, {"body.weight": 0.02, "body.bias": 0.02} | both, 0.3)
    yield _case("no weight decay", rng, small, both | {"head.bias": 0.4}, 0.0)
    yield _case("a weight decay of a millionth", rng, small, {"head.weight": 0.01, "head.bias": 0.01}, 1e-6)
    kernels = random_network(
        rng,
        conv1={"weight": (2, 1, 2, 3), "bias": (2,)},
        norm1={"gamma": (2,), "beta": (2,)},
        conv2={"weight": (3, 2, 3, 2), "bias": (3,)},
        head=head,
    )
    rates = {"norm1.gamma": 0.1, "norm1.beta": 0.15, "conv2.weight": 0.05, "conv2.bias": 0.2}
    case = _case("kernels, one layer of them frozen", rng, kernels, rates | {"head.weight": 0.5, "head.bias": 0.3}, 0.2)
    gradients = dict(reversed(case.inputs["gradients"].items()))
    yield Case(case.name, {**case.inputs, "gradients": gradients})
    trained = {name: grad for name, grad in gradients.items() if name in case.inputs["learning_rates"]}
    yield Case("gradients of the trained arrays only", {**case.inputs, "gradients": trained})
    yield _case("everything is frozen", rng, small, {}, 0.3)


def _case(name, rng, parameters, learning_rates, weight_decay):
    gradients = {one: rng.normal(0.5, 1.0, array.shape) for one, array in parameters.items()}
    return Case(
        name,
        {
            "parameters": parameters,
            "gradients": gradients,
            "learning_rates": learning_rates,
            "weight_decay": weight_decay,
        },
    )


def _stepped(parameters, gradients, rates, weight_decay):
    """One step with the rates, which may differ from those that were given."""
    new = {}
    for name, p in parameters.items():
        decay = weight_decay if p.ndim > 1 else 0.0
        new[name] = p - rates[name] * (gradients[name] + decay * p) if name in rates else p.copy()
    return new


def frozen_weights_still_decay(parameters, gradients, learning_rates, weight_decay):
    """Freezes by a gradient of zero, so that weight decay goes on."""
    rate = max(learning_rates.values(), default=0.1)
    with_zeros = {
        name: gradients[name] if name in learning_rates else np.zeros_like(parameters[name]) for name in parameters
    }
    return _stepped(parameters, with_zeros, dict.fromkeys(parameters, rate) | learning_rates, weight_decay)


def frozen_weights_shrink_by_themselves(parameters, gradients, learning_rates, weight_decay):
    """Shrinks all weights first, frozen ones too, and steps afterwards."""
    new = _stepped(parameters, gradients, learning_rates, weight_decay)
    for name, p in parameters.items():
        if name not in learning_rates and p.ndim > 1:
            new[name] = (1 - weight_decay) * p
    return new


def missing_rates_taken_from_the_others(parameters, gradients, learning_rates, weight_decay):
    """Trains the frozen arrays with the smallest rate, where there is a gradient."""
    rate = min(learning_rates.values(), default=0.1)
    rates = {name: learning_rates.get(name, rate) for name in parameters if name in gradients}
    return _stepped(parameters, gradients, rates, weight_decay)


def one_rate_for_all(parameters, gradients, learning_rates, weight_decay):
    """Takes the first rate for everything that is trained."""
    rates = dict.fromkeys(learning_rates, next(iter(learning_rates.values()), 0.0))
    return _stepped(parameters, gradients, rates, weight_decay)


def frozen_arrays_left_out(parameters, gradients, learning_rates, weight_decay):
    """Returns the trained arrays only."""
    new = _stepped(parameters, gradients, learning_rates, weight_decay)
    return {name: array for name, array in new.items() if name in learning_rates}


def frozen_arrays_set_to_zero(parameters, gradients, learning_rates, weight_decay):
    """Multiplies the parameter, and not its change, by zero."""
    new = _stepped(parameters, gradients, learning_rates, weight_decay)
    return {name: array if name in learning_rates else 0.0 * array for name, array in new.items()}


def biases_decay_too(parameters, gradients, learning_rates, weight_decay):
    """Lets biases pay as well."""
    return {
        name: p - learning_rates[name] * (gradients[name] + weight_decay * p) if name in learning_rates else p.copy()
        for name, p in parameters.items()
    }


def kernels_do_not_decay(parameters, gradients, learning_rates, weight_decay):
    """Lets matrices pay, and kernels with four axes go free."""
    new = _stepped(parameters, gradients, learning_rates, weight_decay)
    free = _stepped(parameters, gradients, learning_rates, 0.0)
    return {name: array if array.ndim == 2 else free[name] for name, array in new.items()}


def scales_and_shifts_decay(parameters, gradients, learning_rates, weight_decay):
    """Goes by the name "bias" instead of the number of axes, so that a norm's gamma and beta pay."""
    new = _stepped(parameters, gradients, learning_rates, weight_decay)
    for name, rate in learning_rates.items():
        if parameters[name].ndim == 1 and not name.endswith(".bias"):
            new[name] = new[name] - rate * weight_decay * parameters[name]
    return new


def no_decay_at_all(parameters, gradients, learning_rates, weight_decay):
    """Forgets weight_decay."""
    return _stepped(parameters, gradients, learning_rates, 0.0)


def decay_without_the_rate(parameters, gradients, learning_rates, weight_decay):
    """Subtracts weight_decay * p, whatever the rate is."""
    new = _stepped(parameters, gradients, learning_rates, 0.0)
    for name in learning_rates:
        if parameters[name].ndim > 1:
            new[name] = new[name] - weight_decay * parameters[name]
    return new


def decay_makes_weights_grow(parameters, gradients, learning_rates, weight_decay):
    """Turns the sign of the decay round."""
    return _stepped(parameters, gradients, learning_rates, -weight_decay)


def up_the_gradient(parameters, gradients, learning_rates, weight_decay):
    """Adds the step instead of subtracting it."""
    return _stepped(parameters, gradients, {name: -rate for name, rate in learning_rates.items()}, weight_decay)


def gradients_taken_by_their_place(parameters, gradients, learning_rates, weight_decay):
    """Pairs arrays and gradients by their order in the two dicts, and not by their names."""
    by_place = dict(zip(parameters, gradients.values(), strict=False))
    return _stepped(parameters, by_place, learning_rates, weight_decay)


def gradients_of_frozen_arrays_asked_for(parameters, gradients, learning_rates, weight_decay):
    """Gives frozen arrays the rate 0, and looks up a gradient that need not be there."""
    new = {}
    for name, p in parameters.items():
        decay = weight_decay if p.ndim > 1 else 0.0
        new[name] = p - learning_rates.get(name, 0.0) * (gradients[name] + decay * p)
    return new


def trained_arrays_first(parameters, gradients, learning_rates, weight_decay):
    """Steps first and adds the frozen arrays afterwards, so that the head comes before the body."""
    new = _stepped(parameters, gradients, learning_rates, weight_decay)
    return {name: new[name] for name in [*learning_rates, *new]}


def stepped_in_place(parameters, gradients, learning_rates, weight_decay):
    """Changes the arrays that it was given."""
    for name, rate in learning_rates.items():
        p = parameters[name]
        p -= rate * (gradients[name] + (weight_decay if p.ndim > 1 else 0.0) * p)
    return dict(parameters)


EXERCISE = Exercise(
    number=4,
    title="A step that leaves the frozen alone",
    section="7.2",
    points=3,
    minutes=12,
    difficulty="medium",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            frozen_weights_still_decay,
            hint="With a gradient of zero, what is left of p − rate · (gradient + weight_decay · p)? Is that p?",
        ),
        Misconception(
            frozen_weights_shrink_by_themselves,
            hint="Which arrays become smaller in your step though nothing trains them? Who pays for large weights?",
        ),
        Misconception(
            missing_rates_taken_from_the_others,
            hint="An array has a gradient, but no name in learning_rates: may it move?",
        ),
        Misconception(
            one_rate_for_all,
            hint="Two arrays with different rates and equal gradients: do they move equally far in your step?",
        ),
        Misconception(
            frozen_arrays_left_out,
            hint="Can your new network still compute? Which names does the next layer look for?",
        ),
        Misconception(
            frozen_arrays_set_to_zero,
            hint="What should be zero for a frozen array: the array, or its change?",
        ),
        Misconception(
            biases_decay_too,
            hint="How many axes has a bias, and how many has a weight? Which of them pays?",
        ),
        Misconception(
            kernels_do_not_decay,
            hint="How many axes have the kernels of a convolution? Is two the only number that is more than one?",
        ),
        Misconception(
            scales_and_shifts_decay,
            hint="A norm's gamma is not called bias. How many axes has it? Does it pay?",
        ),
        Misconception(no_decay_at_all, hint="What happens to a weight whose gradient is zero? Where is weight_decay?"),
        Misconception(
            decay_without_the_rate,
            hint="With a learning rate of 0 and a weight decay of 0.3, what should a weight do? What does yours do?",
        ),
        Misconception(
            decay_makes_weights_grow,
            hint="Gradient 0: does your step bring a weight of 2 closer to zero, or further away?",
        ),
        Misconception(up_the_gradient, hint="The gradient points where the loss grows. Which way does your step go?"),
        Misconception(
            gradients_taken_by_their_place,
            hint="Which gradient belongs to conv2.weight: the one at the same place in the other dict, or the one of "
            "the same name?",
        ),
        Misconception(
            gradients_of_frozen_arrays_asked_for,
            hint="Does gradients hold every name of the network? For which names do you need one?",
        ),
        Misconception(
            trained_arrays_first,
            hint="In which order do the names of the network come, and in which order do yours?",
        ),
        Misconception(
            stepped_in_place,
            hint="What do the given arrays hold after the call? Does p −= … make a new array?",
        ),
    ),
    hints=(
        "One loop over the parameters with two kinds: those that have a rate, and those that have none.",
        "`name in learning_rates` tells the two kinds apart. p.ndim > 1 tells who pays weight decay.",
        "With a rate: p − rate · (gradient + decay · p), where decay is 0 for one axis. Without a rate: p itself.",
        "p = 2, gradient 0.5, rate 0.1, decay 0.3: 2 − 0.1 · (0.5 + 0.6) = 1.89. Frozen: 2, to the last bit.",
    ),
    convention="Weight decay goes into the gradient, as in torch.optim.SGD; frozen arrays must not change by one bit.",
)
