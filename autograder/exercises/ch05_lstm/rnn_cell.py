"""Exercise of section 5.2: one step of a plain recurrent network.

Source: Elman 1990, "Finding structure in time".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch05_lstm._recurrent import layer, parameters, state
from autograder.spec import Case, Exercise, Misconception


def reference(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """torch.nn.RNNCell."""
    return layer("RNNCell", weight_ih, weight_hh, bias_ih, bias_hh)(x, h)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One example, a batch of three sizes, equal sizes (where wrong products fit), a strong input."""
    yield Case("one example", _inputs(rng, 1, 2, 3))
    yield Case("five examples", _inputs(rng, 5, 2, 3))
    yield Case("all sizes equal", _inputs(rng, 3, 3, 3))
    strong = _inputs(rng, 2, 4, 3)
    yield Case("a strong input", strong | {"x": 4 * strong["x"]})


def _inputs(rng: np.random.Generator, n: int, size_in: int, size: int) -> dict[str, Any]:
    return {"x": rng.normal(0.3, 1.0, (n, size_in)), "h": state(rng, n, size)} | parameters(rng, 1, size_in, size)


def one_bias_forgotten(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Adds the bias of the input and not that of the state."""
    return np.tanh(x @ weight_ih.T + bias_ih + h @ weight_hh.T)


def both_biases_forgotten(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Adds no bias at all."""
    return np.tanh(x @ weight_ih.T + h @ weight_hh.T)


def tanh_forgotten(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Returns the weighted sum, so that the state can grow without limit."""
    return x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh


def sigmoid_instead_of_tanh(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Squeezes into 0 to 1 instead of −1 to 1."""
    return 1 / (1 + np.exp(-(x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh)))


def tanh_of_each_part(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Squeezes the two parts one by one and then adds them."""
    return np.tanh(x @ weight_ih.T + bias_ih) + np.tanh(h @ weight_hh.T + bias_hh)


def state_added_as_it_is(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Adds h without its weights."""
    return np.tanh(x @ weight_ih.T + bias_ih + h + bias_hh)


def state_ignored(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Uses the input alone: a layer without memory."""
    return np.tanh(x @ weight_ih.T + bias_ih + bias_hh)


def state_weights_transposed(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Multiplies by weight_hh, which is square, so that the shapes fit all the same."""
    return np.tanh(x @ weight_ih.T + bias_ih + h @ weight_hh + bias_hh)


def biases_after_the_tanh(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Adds the biases to the squeezed sum."""
    return np.tanh(x @ weight_ih.T + h @ weight_hh.T) + bias_ih + bias_hh


EXERCISE = Exercise(
    number=3,
    title="One step of a recurrent network",
    section="5.2",
    points=3,
    minutes=8,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(one_bias_forgotten, hint="How many biases were you given, and how many of them have you used?"),
        Misconception(
            both_biases_forgotten, hint="With x and h all zero, your state is zero. Should it be? What were you given?"
        ),
        Misconception(tanh_forgotten, hint="Can your state be 5? What keeps it between −1 and 1?"),
        Misconception(sigmoid_instead_of_tanh, hint="Can your state be negative? Which function squeezes here?"),
        Misconception(tanh_of_each_part, hint="Can your state be 1.5? What comes first: the sum or the tanh?"),
        Misconception(state_added_as_it_is, hint="Which of the four arrays of weights have you not used yet?"),
        Misconception(state_ignored, hint="Change h: does your result change?"),
        Misconception(
            state_weights_transposed,
            hint="Row 0 of weight_hh belongs to new neuron 0. Does your product use that row, or column 0? How did "
            "you treat weight_ih?",
        ),
        Misconception(biases_after_the_tanh, hint="Can your state be 1.5? What belongs inside the tanh?"),
    ),
    hints=(
        "Two linear layers, one for the input and one for the old state; add them; one tanh.",
        "Each set of weights has one row for each neuron, so each product has the shape (N, H).",
        "h_new = tanh(x W_ihᵀ + b_ih + h W_hhᵀ + b_hh).",
        "x = [[1]], h = [[0.5]], W_ih = [[2]], W_hh = [[−1]], biases 0.1 and 0.4: tanh(2 + 0.1 − 0.5 + 0.4) = tanh(2) "
        "= 0.964.",
    ),
    convention="Two biases, one for the input and one for the state, as in PyTorch; books often write one.",
)
