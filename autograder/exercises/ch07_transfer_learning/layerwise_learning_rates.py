"""Exercise of section 7.2: smaller steps towards the input.

Source: Howard and Ruder 2018, "Universal language model fine-tuning for text classification", section 3.2.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def drive(layerwise_learning_rates, names, head_rate, decay):
    """The rates in the order of the names: the order of the dict itself does not matter."""
    rates = layerwise_learning_rates(names, head_rate, decay)
    if not isinstance(rates, dict) or set(rates) != set(names):
        return rates
    return {name: rates[name] for name in names}


def reference(names, head_rate, decay):
    """Running product of torch over the layers, from the head to the input."""
    import torch

    layers = list(dict.fromkeys(name.partition(".")[0] for name in reversed(names)))
    rates = torch.cumprod(torch.tensor([head_rate] + [decay] * (len(layers) - 1)), dim=0)
    return {name: rates[layers.index(name.partition(".")[0])] for name in names}


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Three layers; layers of one, two and three arrays; a head alone; conv10 behind conv9; decay 1; a deep network."""
    yield _case("three layers", rng, ["conv1", "conv2", "head"], 0.5)
    mixed = ["stem.weight", "norm1.gamma", "norm1.beta", "block.weight", "block.bias", "block.scale"]
    yield _case("one, two and three arrays", rng, [*mixed, "head.weight", "head.bias"], 0.3)
    yield _case("a head alone", rng, ["head"], 0.5)
    yield _case("conv10 behind conv9", rng, ["conv2", "conv9", "conv10", "conv11", "head"], 0.8)
    yield _case("a decay of 1", rng, ["body", "neck", "head"], 1.0)
    yield _case("a deep network", rng, ["embedding", *[f"layer{k}" for k in range(12)], "head"], 0.9)


def _case(name, rng, layers, decay):
    names = [one for layer in layers for one in ([layer] if "." in layer else [f"{layer}.weight", f"{layer}.bias"])]
    return Case(name, {"names": names, "head_rate": float(rng.uniform(0.5, 2.0)), "decay": decay})


def _rates(names, head_rate, decay, power):
    """The rates when a layer at distance k has decay to the power that `power` makes of k."""
    layers = list(dict.fromkeys(name.split(".")[0] for name in names))[::-1]
    return {name: head_rate * decay ** power(layers.index(name.split(".")[0])) for name in names}


def counted_in_arrays(names, head_rate, decay):
    """Counts arrays instead of layers, so that a weight is slower than its bias."""
    return {name: head_rate * decay ** (len(names) - 1 - place) for place, name in enumerate(names)}


def two_arrays_a_layer_taken_for_granted(names, head_rate, decay):
    """Halves the number of arrays, as if every layer had a weight and a bias."""
    return {name: head_rate * decay ** ((len(names) - 1 - place) // 2) for place, name in enumerate(names)}


def counted_from_the_input(names, head_rate, decay):
    """Gives the head's rate to the first layer."""
    layers = list(dict.fromkeys(name.split(".")[0] for name in names))
    return {name: head_rate * decay ** layers.index(name.split(".")[0]) for name in names}


def the_head_is_slowed_too(names, head_rate, decay):
    """Begins to count at 1."""
    return _rates(names, head_rate, decay, lambda k: k + 1)


def slowed_from_the_second_layer_on(names, head_rate, decay):
    """Gives the layer below the head the head's own rate."""
    return _rates(names, head_rate, decay, lambda k: max(k - 1, 0))


def two_groups_only(names, head_rate, decay):
    """One rate for the head, one for the whole body."""
    return _rates(names, head_rate, decay, lambda k: min(k, 1))


def one_rate_for_all(names, head_rate, decay):
    """Lets everything learn as fast as the head."""
    return dict.fromkeys(names, head_rate)


def multiplied_by_the_distance(names, head_rate, decay):
    """Uses decay times k where it should use a power."""
    layers = list(dict.fromkeys(name.split(".")[0] for name in names))[::-1]
    return {name: head_rate * (decay * layers.index(name.split(".")[0]) or 1.0) for name in names}


def faster_towards_the_input(names, head_rate, decay):
    """Divides where it should multiply."""
    return _rates(names, head_rate, decay, lambda k: -k)


def biases_not_slowed(names, head_rate, decay):
    """Leaves every bias the head's rate."""
    slowed = _rates(names, head_rate, decay, lambda k: k)
    return {name: head_rate if name.endswith(".bias") else rate for name, rate in slowed.items()}


def layers_by_the_alphabet(names, head_rate, decay):
    """Sorts the layers, so that conv10 comes before conv2."""
    layers = sorted({name.split(".")[0] for name in names})
    return {name: head_rate * decay ** (len(layers) - 1 - layers.index(name.split(".")[0])) for name in names}


def a_rate_for_each_layer(names, head_rate, decay):
    """Returns layers instead of arrays as keys."""
    return {name.split(".")[0]: rate for name, rate in _rates(names, head_rate, decay, lambda k: k).items()}


def the_head_left_out(names, head_rate, decay):
    """Gives rates to the body alone, so that the new head is frozen."""
    rates = _rates(names, head_rate, decay, lambda k: k)
    return {name: rate for name, rate in rates.items() if not name.startswith("head.")}


EXERCISE = Exercise(
    number=5,
    title="Slower towards the input",
    section="7.2",
    points=3,
    minutes=12,
    difficulty="medium",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            counted_in_arrays,
            hint="A weight and its bias belong to one layer: do they have the same rate in your dict? What do you "
            "count, arrays or layers?",
        ),
        Misconception(
            two_arrays_a_layer_taken_for_granted,
            hint="Has every layer exactly two arrays? What becomes of your count behind a layer without a bias?",
        ),
        Misconception(
            counted_from_the_input,
            hint="Which layer is new and has most to learn: the first, or the last? Which has the largest rate?",
        ),
        Misconception(the_head_is_slowed_too, hint="How far is the head from itself? What is decay to that power?"),
        Misconception(
            slowed_from_the_second_layer_on,
            hint="How far is the layer below the head from the head? Is its rate different from the head's?",
        ),
        Misconception(
            two_groups_only,
            hint="Compare the first layer of the body with the last one: are their rates different?",
        ),
        Misconception(one_rate_for_all, hint="Does your result change when decay does?"),
        Misconception(
            multiplied_by_the_distance,
            hint="Each layer is slower than the next by the factor decay. What does that make over two layers: a "
            "product with 2, or a power?",
        ),
        Misconception(
            faster_towards_the_input,
            hint="With a decay of 0.5, is your first layer faster than the head, or slower?",
        ),
        Misconception(
            biases_not_slowed,
            hint="Does the docstring make a difference between the arrays of one layer?",
        ),
        Misconception(
            layers_by_the_alphabet,
            hint="Which comes first in the alphabet, conv2 or conv10? In which order do the names come?",
        ),
        Misconception(
            a_rate_for_each_layer,
            hint="fine_tune_step looks for the names of arrays. Which keys does your dict have?",
        ),
        Misconception(
            the_head_left_out,
            hint="What does a step do with an array that has no rate? Which layer has to learn most of all?",
        ),
    ),
    hints=(
        "First the list of layers, each once and in order. Then the distance of each from the last one.",
        'list(dict.fromkeys(…)) keeps each thing once and in order; name.split(".")[0] is the layer of an array.',
        "With L layers, layer number l (from 0) has distance k = L − 1 − l and the rate head_rate · decay^k.",
        "a.weight, a.bias, b.weight, head.weight, head_rate 0.4, decay 0.5: 0.1, 0.1, 0.2, 0.4.",
    ),
    convention="The head is at distance 0. Howard and Ruder divide by 2.6 from layer to layer: a decay of 0.385.",
)
