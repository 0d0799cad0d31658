"""Exercise of section 5.10: one step of a GRU.

Source: Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder for statistical machine
translation", equations (5) to (8), with the reset gate where PyTorch has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch05_lstm._recurrent import layer, parameters, state
from autograder.spec import Case, Exercise, Misconception


def reference(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """torch.nn.GRUCell."""
    return layer("GRUCell", weight_ih, weight_hh, bias_ih, bias_hh)(x, h)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One example, a batch, equal sizes, all kept, the old state shut out of the candidate."""
    yield Case("one example", _inputs(rng, 1, 2, 3))
    yield Case("five examples", _inputs(rng, 5, 2, 3))
    yield Case("all sizes equal", _inputs(rng, 3, 3, 3))
    kept = _inputs(rng, 4, 3, 2)
    kept["bias_ih"][2:4] += 10
    yield Case("update gate near 1", kept)
    reset = _inputs(rng, 3, 4, 2)
    reset["bias_hh"][:2] -= 10
    yield Case("reset gate near 0", reset)


def _inputs(rng: np.random.Generator, n: int, size_in: int, size: int) -> dict[str, Any]:
    return {"x": rng.normal(0.3, 1.0, (n, size_in)), "h": state(rng, n, size)} | parameters(rng, 3, size_in, size)


def _sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Three blocks from the input and three from the state."""
    return (
        *np.split(x @ weight_ih.T + bias_ih, 3, axis=1),
        *np.split(h @ weight_hh.T + bias_hh, 3, axis=1),
    )


def _mixed(z, n, h):
    return (1 - z) * n + z * h


def _new(r_x, z_x, n_x, r_h, z_h, n_h, h):
    return _mixed(_sigmoid(z_x + z_h), np.tanh(n_x + _sigmoid(r_x + r_h) * n_h), h)


def reset_before_the_product(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Multiplies h by the reset gate and then by the weights, as in the paper of 2014."""
    r_x, z_x, n_x, r_h, z_h, _ = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    size = h.shape[1]
    kept = _sigmoid(r_x + r_h) * h
    n = np.tanh(n_x + kept @ weight_hh[2 * size :].T + bias_hh[2 * size :])
    return _mixed(_sigmoid(z_x + z_h), n, h)


def bias_outside_the_reset_gate(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Lets the reset gate act on the product and not on the bias that belongs to it."""
    r_x, z_x, n_x, r_h, z_h, n_h = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    own = bias_hh[2 * h.shape[1] :]
    return _mixed(_sigmoid(z_x + z_h), np.tanh(n_x + own + _sigmoid(r_x + r_h) * (n_h - own)), h)


def reset_of_the_whole_candidate(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Lets the reset gate act on the input's part, too."""
    r_x, z_x, n_x, r_h, z_h, n_h = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return _mixed(_sigmoid(z_x + z_h), np.tanh(_sigmoid(r_x + r_h) * (n_x + n_h)), h)


def reset_gate_unused(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Computes the candidate as a plain recurrent cell does."""
    _, z_x, n_x, _, z_h, n_h = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return _mixed(_sigmoid(z_x + z_h), np.tanh(n_x + n_h), h)


def update_gate_the_other_way_round(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Keeps 1 − z of the old state and takes z of the candidate."""
    r_x, z_x, n_x, r_h, z_h, n_h = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return _new(r_x, -z_x, n_x, r_h, -z_h, n_h, h)


def reset_and_update_gate_swapped(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Reads the blocks in the order z, r, n."""
    z_x, r_x, n_x, z_h, r_h, n_h = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return _new(r_x, z_x, n_x, r_h, z_h, n_h, h)


def candidate_block_first(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Reads the blocks in the order n, r, z."""
    n_x, r_x, z_x, n_h, r_h, z_h = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return _new(r_x, z_x, n_x, r_h, z_h, n_h, h)


def gates_side_by_side(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Takes every third row for a gate instead of a block of H rows."""
    from_x, from_h = x @ weight_ih.T + bias_ih, h @ weight_hh.T + bias_hh
    return _new(*(one[:, k::3] for one in (from_x, from_h) for k in range(3)), h)


def one_bias_forgotten(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Adds the bias of the input and not that of the state."""
    return _new(*_parts(x, h, weight_ih, weight_hh, bias_ih, np.zeros_like(bias_hh)), h)


def sigmoid_for_the_candidate(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Squeezes all three blocks with the sigmoid."""
    r_x, z_x, n_x, r_h, z_h, n_h = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return _mixed(_sigmoid(z_x + z_h), _sigmoid(n_x + _sigmoid(r_x + r_h) * n_h), h)


def candidate_alone(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Mixes nothing of the old state in."""
    r_x, z_x, n_x, r_h, z_h, n_h = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return (1 - _sigmoid(z_x + z_h)) * np.tanh(n_x + _sigmoid(r_x + r_h) * n_h)


def shares_that_do_not_add_up_to_one(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Adds the whole candidate to what is kept."""
    r_x, z_x, n_x, r_h, z_h, n_h = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return np.tanh(n_x + _sigmoid(r_x + r_h) * n_h) + _sigmoid(z_x + z_h) * h


EXERCISE = Exercise(
    number=14,
    title="A step of a GRU",
    section="5.10",
    points=3,
    minutes=12,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            reset_before_the_product,
            hint="The paper multiplies h by the reset gate before the weights. Where does this chapter's equation have "
            "it?",
        ),
        Misconception(
            bias_outside_the_reset_gate,
            hint="With a reset gate of 0, does the candidate still see bias_hh? What does the gate multiply?",
        ),
        Misconception(
            reset_of_the_whole_candidate,
            hint="With a reset gate of 0, does your candidate still see x? Which of the two parts should be reset?",
        ),
        Misconception(
            reset_gate_unused, hint="Change the first H rows of weight_ih: does your result change? What uses them?"
        ),
        Misconception(
            update_gate_the_other_way_round,
            hint="With an update gate of 1, is your new state the old one or the candidate? Which one is asked for?",
        ),
        Misconception(
            reset_and_update_gate_swapped,
            hint="Print your three slices: which block of rows comes first, that of r or that of z?",
        ),
        Misconception(candidate_block_first, hint="Which block of rows comes last? Print your three slices."),
        Misconception(
            gates_side_by_side,
            hint="With H = 3, which rows of the weights belong to the reset gate: 0, 1, 2 or 0, 3, 6?",
        ),
        Misconception(one_bias_forgotten, hint="How many biases were you given, and how many of them have you used?"),
        Misconception(
            sigmoid_for_the_candidate, hint="Can your candidate be negative? Which function squeezes a new state?"
        ),
        Misconception(
            candidate_alone, hint="With an update gate of 1, is your new state 0? What should be left of the old one?"
        ),
        Misconception(
            shares_that_do_not_add_up_to_one,
            hint="The new state is a mixture: which share has the old state, which one the candidate, and what is "
            "their sum?",
        ),
    ),
    hints=(
        "Keep what comes from the input and what comes from the state apart: the candidate needs them apart.",
        "np.split both products into three. Two blocks become gates; the third is the candidate, whose state part is "
        "multiplied by the reset gate.",
        "r = σ(r_x + r_h);  z = σ(z_x + z_h);  n = tanh(n_x + r · n_h);  h_new = (1 − z) · n + z · h, where each part "
        "has its own bias.",
        "r = 0.5, z = 0.8, n_x = 1, n_h = −2, h = 0.5: n = tanh(1 − 1) = 0; h_new = 0.2 · 0 + 0.8 · 0.5 = 0.4.",
    ),
    convention="PyTorch's form: blocks r, z, n; the reset gate after the product, bias included; z = 1 keeps the old "
    "state (some books write the two shares the other way round).",
)
