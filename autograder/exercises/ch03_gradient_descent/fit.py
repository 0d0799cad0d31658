"""Exercise of section 3.6: the training loop, with an eye on examples that are not trained on.

Source: derived in section 3.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception, Rng


def drive(fit, x_train, y_train, x_validation, y_validation, weight, bias, learning_rate, batch_size, epochs, rng):
    """Fit a line by half the mean squared error; column 0 of x holds the row's number, which the line does not see."""
    order = []

    def loss_and_gradients(parameters, x, y):
        weight, bias = parameters
        error = x[:, 1:] @ weight + bias - y
        if len(y) not in (len(y_train), len(y_validation)):
            order.extend(x[:, 0])
        return np.mean(error**2) / 2, [error @ x[:, 1:] / len(y), np.array([np.mean(error)])]

    parameters, train, validation = fit(
        loss_and_gradients,
        [weight, bias],
        (x_train, y_train),
        (x_validation, y_validation),
        learning_rate,
        batch_size,
        epochs,
        rng,
    )
    return {
        "parameters": list(parameters),
        "train_losses": np.asarray(train),
        "validation_losses": np.asarray(validation),
        "rows": np.array(order),
    }


def reference(x_train, y_train, x_validation, y_validation, weight, bias, learning_rate, batch_size, epochs, rng):
    """torch.optim.SGD and autograd over a random permutation an epoch."""
    import torch

    own = [torch.nn.Parameter(weight.clone()), torch.nn.Parameter(bias.clone())]
    optimizer = torch.optim.SGD(own, lr=learning_rate)

    def loss_on(x, y):
        return torch.nn.functional.mse_loss(x[:, 1:] @ own[0] + own[1], y) / 2

    train, validation, rows = [], [], []
    for _ in range(epochs):
        for chosen in torch.split(torch.randperm(len(x_train), generator=rng, device=x_train.device), batch_size):
            optimizer.zero_grad()
            loss_on(x_train[chosen], y_train[chosen]).backward()
            optimizer.step()
            if batch_size < len(x_train):
                rows.append(x_train[chosen, 0])
        train.append(loss_on(x_train, y_train).detach())
        validation.append(loss_on(x_validation, y_validation).detach())
    return {
        "parameters": [one.detach() for one in own],
        "train_losses": torch.stack(train),
        "validation_losses": torch.stack(validation),
        "rows": torch.cat(rows) if rows else torch.zeros(0),
    }


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """The whole set as one batch; equal examples in unequal batches; and twice a real shuffle, with other seeds."""
    yield Case("one batch an epoch", _inputs(rng, 6, 6, 4))
    yield Case("a batch larger than the set", _inputs(rng, 5, 30, 3))
    equal = _inputs(rng, 10, 4, 3)
    equal["x_train"][:, 1:] = equal["x_train"][0, 1:]
    equal["y_train"][:] = equal["y_train"][0]
    yield Case("ten equal examples in batches of 4", equal)
    shuffled = _inputs(rng, 10, 4, 3)
    yield Case("ten examples in batches of 4", shuffled)
    yield Case("the same, another rng", shuffled | {"rng": Rng(int(rng.integers(2**32)))})


def _inputs(rng: np.random.Generator, n: int, batch_size: int, epochs: int) -> dict[str, Any]:
    x = np.column_stack([np.arange(n), rng.normal(0.5, 1.0, (n, 2))])
    return {
        "x_train": x,
        "y_train": rng.normal(1.0, 1.0, n),
        "x_validation": np.column_stack([np.arange(3), rng.normal(0.0, 1.0, (3, 2))]),
        "y_validation": rng.normal(-1.0, 1.0, 3),
        "weight": rng.normal(size=2),
        "bias": rng.normal(size=1),
        "learning_rate": 0.1,
        "batch_size": batch_size,
        "epochs": epochs,
        "rng": Rng(int(rng.integers(2**32))),
    }


def measure(answer: Any, **inputs: Any) -> dict[str, Any]:
    """What does not depend on the order of the examples.

    Where the order cannot matter, that is everything.  Elsewhere it is how often each example was used, the number
    of losses, and whether the last losses are those of the parameters that came back.
    """
    x, y = inputs["x_train"], inputs["y_train"]
    used = np.bincount(np.asarray(answer["rows"]).astype(int), minlength=len(x)).astype(np.float64)
    if inputs["batch_size"] >= len(x) or np.ptp(y) == 0:
        return {name: answer[name] for name in ("parameters", "train_losses", "validation_losses")} | {"used": used}
    weight, bias = answer["parameters"]

    def loss_on(x, y):
        return float(np.mean((x[:, 1:] @ weight + bias - y) ** 2) / 2)

    last = loss_on(x, y), loss_on(inputs["x_validation"], inputs["y_validation"])
    return {
        "times_each_example_was_used": used,
        "number_of_losses": [float(len(answer["train_losses"])), float(len(answer["validation_losses"]))],
        "last_training_loss_minus_that_of_the_parameters": float(answer["train_losses"][-1]) - last[0],
        "last_validation_loss_minus_that_of_the_parameters": float(answer["validation_losses"][-1]) - last[1],
    }


def _batches(train, batch_size, rng):
    x, y = train
    order = rng.permutation(len(x))
    return [(x[order[k : k + batch_size]], y[order[k : k + batch_size]]) for k in range(0, len(x), batch_size)]


def _stepped(parameters, gradients, learning_rate):
    return [parameter - learning_rate * grad for parameter, grad in zip(parameters, gradients, strict=True)]


def _epoch(loss_and_gradients, parameters, batches, learning_rate):
    for x, y in batches:
        parameters = _stepped(parameters, loss_and_gradients(parameters, x, y)[1], learning_rate)
    return parameters


def one_step_an_epoch(loss_and_gradients, parameters, train, validation, learning_rate, batch_size, epochs, rng):
    """Uses the gradient of the whole training set once an epoch."""
    losses = [], []
    for _ in range(epochs):
        parameters = _epoch(loss_and_gradients, parameters, [train], learning_rate)
        losses[0].append(loss_and_gradients(parameters, *train)[0])
        losses[1].append(loss_and_gradients(parameters, *validation)[0])
    return parameters, np.array(losses[0]), np.array(losses[1])


def losses_before_the_epoch(loss_and_gradients, parameters, train, validation, learning_rate, batch_size, epochs, rng):
    """Notes the losses before it trains."""
    losses = [], []
    for _ in range(epochs):
        losses[0].append(loss_and_gradients(parameters, *train)[0])
        losses[1].append(loss_and_gradients(parameters, *validation)[0])
        parameters = _epoch(loss_and_gradients, parameters, _batches(train, batch_size, rng), learning_rate)
    return parameters, np.array(losses[0]), np.array(losses[1])


def mean_of_the_batch_losses(loss_and_gradients, parameters, train, validation, learning_rate, batch_size, epochs, rng):
    """Averages the losses met on the way, each with other parameters."""
    losses = [], []
    for _ in range(epochs):
        met = []
        for x, y in _batches(train, batch_size, rng):
            loss, gradients = loss_and_gradients(parameters, x, y)
            met.append(loss)
            parameters = _stepped(parameters, gradients, learning_rate)
        losses[0].append(np.mean(met))
        losses[1].append(loss_and_gradients(parameters, *validation)[0])
    return parameters, np.array(losses[0]), np.array(losses[1])


def trains_on_the_validation_set_too(
    loss_and_gradients, parameters, train, validation, learning_rate, batch_size, epochs, rng
):
    """Takes a step on the validation examples after each epoch."""
    losses = [], []
    for _ in range(epochs):
        batches = [*_batches(train, batch_size, rng), validation]
        parameters = _epoch(loss_and_gradients, parameters, batches, learning_rate)
        losses[0].append(loss_and_gradients(parameters, *train)[0])
        losses[1].append(loss_and_gradients(parameters, *validation)[0])
    return parameters, np.array(losses[0]), np.array(losses[1])


def validates_on_the_training_set(
    loss_and_gradients, parameters, train, validation, learning_rate, batch_size, epochs, rng
):
    """Reports the training loss twice."""
    losses = []
    for _ in range(epochs):
        parameters = _epoch(loss_and_gradients, parameters, _batches(train, batch_size, rng), learning_rate)
        losses.append(loss_and_gradients(parameters, *train)[0])
    return parameters, np.array(losses), np.array(losses)


def starts_anew_every_epoch(loss_and_gradients, parameters, train, validation, learning_rate, batch_size, epochs, rng):
    """Begins each epoch with the parameters that were given."""
    losses, start = ([], []), parameters
    for _ in range(epochs):
        parameters = _epoch(loss_and_gradients, start, _batches(train, batch_size, rng), learning_rate)
        losses[0].append(loss_and_gradients(parameters, *train)[0])
        losses[1].append(loss_and_gradients(parameters, *validation)[0])
    return parameters, np.array(losses[0]), np.array(losses[1])


def changes_the_given_parameters(
    loss_and_gradients, parameters, train, validation, learning_rate, batch_size, epochs, rng
):
    """Steps in place, in the caller's arrays."""
    losses = [], []
    for _ in range(epochs):
        for x, y in _batches(train, batch_size, rng):
            for parameter, grad in zip(parameters, loss_and_gradients(parameters, x, y)[1], strict=True):
                parameter -= learning_rate * grad
        losses[0].append(loss_and_gradients(parameters, *train)[0])
        losses[1].append(loss_and_gradients(parameters, *validation)[0])
    return parameters, np.array(losses[0]), np.array(losses[1])


def last_batch_dropped(loss_and_gradients, parameters, train, validation, learning_rate, batch_size, epochs, rng):
    """Leaves out what does not fill a batch."""
    losses = [], []
    for _ in range(epochs):
        batches = _batches(train, batch_size, rng)
        full = [batch for batch in batches if len(batch[1]) == batch_size]
        parameters = _epoch(loss_and_gradients, parameters, full, learning_rate)
        losses[0].append(loss_and_gradients(parameters, *train)[0])
        losses[1].append(loss_and_gradients(parameters, *validation)[0])
    return parameters, np.array(losses[0]), np.array(losses[1])


def the_same_order_every_time(
    loss_and_gradients, parameters, train, validation, learning_rate, batch_size, epochs, rng
):
    """Does not shuffle at all."""
    losses = [], []
    x, y = train
    for _ in range(epochs):
        batches = [(x[k : k + batch_size], y[k : k + batch_size]) for k in range(0, len(x), batch_size)]
        parameters = _epoch(loss_and_gradients, parameters, batches, learning_rate)
        losses[0].append(loss_and_gradients(parameters, *train)[0])
        losses[1].append(loss_and_gradients(parameters, *validation)[0])
    return parameters, np.array(losses[0]), np.array(losses[1])


EXERCISE = Exercise(
    number=10,
    title="The training loop",
    section="3.6",
    points=5,
    minutes=25,
    difficulty="hard",
    reference=reference,
    cases=cases,
    drive=drive,
    measure=measure,
    misconceptions=(
        Misconception(one_step_an_epoch, hint="Ten examples in batches of four: how many steps should one epoch have?"),
        Misconception(losses_before_the_epoch, hint="Is your first loss that of the parameters that you were given?"),
        Misconception(
            mean_of_the_batch_losses,
            hint="Each batch met other parameters. Whose loss is asked for: that of the parameters after the epoch?",
        ),
        Misconception(
            trains_on_the_validation_set_too,
            hint="What is the validation set for, once you have stepped along its gradient?",
        ),
        Misconception(
            validates_on_the_training_set,
            hint="Are your two lists of losses the same? On which examples is each?",
        ),
        Misconception(starts_anew_every_epoch, hint="Which parameters does the second epoch begin with?"),
        Misconception(
            changes_the_given_parameters,
            hint="What do the given arrays hold after the call? Does your step make new ones?",
        ),
        Misconception(
            last_batch_dropped,
            hint="Ten examples in batches of four: how many of them are used in an epoch?",
        ),
        Misconception(
            the_same_order_every_time,
            hint="Is the order of the examples another one in the next epoch? What is rng for?",
        ),
    ),
    hints=(
        "Two loops, one inside the other: epochs outside, batches inside. The losses belong to the outer one.",
        "In the inner loop, build a list of new parameters with gradient_step, and put it in the place of the old "
        "list.",
        "for each epoch: for each batch: parameters ← parameters − η · gradients(parameters, batch); then both losses.",
        "N = 10, batch_size 4, epochs 3: 3 steps an epoch, 9 steps in all, and 3 losses in each array.",
    ),
    convention="Losses are measured after each epoch, on all examples, with the parameters of that moment.",
    uses=("minibatches", "gradient_step"),
)
