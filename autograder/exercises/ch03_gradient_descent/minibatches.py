"""Exercise of section 3.5: one epoch in batches, every example once, in a new random order.

Source: Bottou 2012, "Stochastic gradient descent tricks", section 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception, Rng


def drive(minibatches, x, y, batch_size, rng):
    """Two epochs from one generator."""
    return [[list(batch) for batch in minibatches(x, y, batch_size, rng)] for _ in range(2)]


def reference(x, y, batch_size, rng):
    """PyTorch's random permutation, split."""
    import torch

    epochs = []
    for _ in range(2):
        order = torch.randperm(len(x), generator=rng, device=x.device)
        epochs.append([[x[chosen], y[chosen]] for chosen in torch.split(order, batch_size)])
    return epochs


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """A short last batch, twice with other seeds; no rest; one batch for all; examples with more axes."""
    first = _inputs(rng, 10, (2,), 4)
    yield Case("10 examples in batches of 4", first)
    yield Case("the same, another rng", first | {"rng": Rng(int(rng.integers(2**32)))})
    yield Case("12 examples in batches of 3", _inputs(rng, 12, (1,), 3))
    yield Case("a batch larger than the set", _inputs(rng, 9, (2,), 20))
    yield Case("pictures", _inputs(rng, 11, (2, 3), 5))


def _inputs(rng: np.random.Generator, n: int, shape: tuple[int, ...], batch_size: int) -> dict[str, Any]:
    return {
        "x": rng.normal(size=(n, *shape)),
        "y": rng.permutation(100)[:n],
        "batch_size": batch_size,
        "rng": Rng(int(rng.integers(2**32))),
    }


def measure(answer: Any, x: np.ndarray, y: np.ndarray, batch_size: int, rng: Rng) -> dict[str, Any]:
    """What two epochs have in common whatever the random order is.

    batch_sizes                  of both epochs, one after the other
    times_each_example_came      (N,) over both epochs: 2
    pairs_that_belong_together   share of the rows whose y is that of their x: 1
    epochs_in_the_given_order    how many of the two: 0
    epochs_of_unbroken_rows      in how many all batches are made of neighbouring rows: 0
    second_epoch_repeats_first   1 if the order is the same, otherwise 0
    """
    sizes, orders, together, unbroken = [], [], [], 0
    for epoch in answer:
        order, neighbours = [], True
        for x_batch, y_batch in epoch:
            rows = [_row(x, one) for one in np.asarray(x_batch)]
            together += [float(len(y_batch) > k and y_batch[k] == y[row]) for k, row in enumerate(rows)]
            neighbours = neighbours and bool((np.diff(rows) == 1).all())
            sizes.append(float(len(rows)))
            order += rows
        orders.append(order)
        unbroken += neighbours
    came = np.bincount(np.array(orders[0] + orders[1], dtype=int), minlength=len(x))
    return {
        "batch_sizes": np.array(sizes),
        "times_each_example_came": came.astype(np.float64),
        "pairs_that_belong_together": float(np.mean(together)),
        "epochs_in_the_given_order": float(sum(order == sorted(order) for order in orders)),
        "epochs_of_unbroken_rows": float(unbroken),
        "second_epoch_repeats_first": float(orders[0] == orders[1]),
    }


def _row(x: np.ndarray, one: np.ndarray) -> int:
    """The number of the row of x that equals this one."""
    if np.shape(one) != x.shape[1:]:
        raise ValueError(f"a row of a batch has shape {np.shape(one)}; the rows of x have {x.shape[1:]}")
    same = np.isclose(x, one, rtol=1e-5, atol=1e-6).reshape(len(x), -1).all(axis=1)  # float32 is fine, too
    if not same.any():
        raise ValueError("a batch holds a row that is not in x")
    return int(np.argmax(same))


def _cut(x, y, order, batch_size):
    batches = []
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        batches.append((x[chosen], y[chosen]))
    return batches


def last_batch_dropped(x, y, batch_size, rng):
    """Leaves out what does not fill a batch."""
    order = rng.permutation(len(x))
    return _cut(x, y, order[: max(len(x) // batch_size, 1) * batch_size], batch_size)


def not_shuffled(x, y, batch_size, rng):
    """Cuts the examples in the order in which they came."""
    return _cut(x, y, np.arange(len(x)), batch_size)


def x_and_y_shuffled_apart(x, y, batch_size, rng):
    """Draws one order for x and another one for y."""
    return _cut(x[rng.permutation(len(x))], y[rng.permutation(len(x))], np.arange(len(x)), batch_size)


def drawn_with_replacement(x, y, batch_size, rng):
    """Draws every place anew, so that some examples come twice and others never."""
    return _cut(x, y, rng.integers(0, len(x), len(x)), batch_size)


def a_generator_of_its_own(x, y, batch_size, rng):
    """Makes a generator with a fixed seed, so that every epoch has the same order."""
    return _cut(x, y, np.random.default_rng(0).permutation(len(x)), batch_size)


def only_the_batches_are_shuffled(x, y, batch_size, rng):
    """Cuts first and then shuffles the batches, so that the same examples always come together."""
    batches = _cut(x, y, np.arange(len(x)), batch_size)
    return [batches[k] for k in rng.permutation(len(batches))]


def shuffles_what_it_was_given(x, y, batch_size, rng):
    """Puts x and y themselves into the new order."""
    order = rng.permutation(len(x))
    x[:], y[:] = x[order], y[order]
    return _cut(x, y, np.arange(len(x)), batch_size)


EXERCISE = Exercise(
    number=7,
    title="Mini-batches",
    section="3.5",
    points=3,
    minutes=12,
    difficulty="medium",
    reference=reference,
    cases=cases,
    drive=drive,
    measure=measure,
    misconceptions=(
        Misconception(
            last_batch_dropped,
            hint="Ten examples in batches of four: how many examples do your batches hold?",
        ),
        Misconception(not_shuffled, hint="Are your batches the same in every epoch? What is rng for?"),
        Misconception(
            x_and_y_shuffled_apart,
            hint="Take the first example of a batch: is its answer still its own? How many orders are there?",
        ),
        Misconception(
            drawn_with_replacement,
            hint="Does every example come exactly once? What does a permutation do that integers does not?",
        ),
        Misconception(
            a_generator_of_its_own,
            hint="Call your function twice with one rng: is the order another one? Which generator did you use?",
        ),
        Misconception(
            only_the_batches_are_shuffled,
            hint="Which examples share a batch with the first one, in this epoch and in the next?",
        ),
        Misconception(
            shuffles_what_it_was_given,
            hint="What do x and y hold after the call? Can an order be drawn without moving them?",
        ),
    ),
    hints=(
        "Draw one order for the whole epoch, then cut it into pieces.",
        "rng.permutation(N) gives the numbers 0 to N − 1 in a random order. Use the same piece of it for x and for y.",
        "order = a permutation of N; batch k holds the rows order[k·B : (k+1)·B]; the last slice may be shorter.",
        "N = 5, B = 2, order 3 0 4 1 2: batches of the rows 3 0, then 4 1, then 2.",
    ),
    convention="The last, shorter batch is kept, as in PyTorch's DataLoader.",
)
