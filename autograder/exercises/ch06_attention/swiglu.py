"""Exercise of section 6.11: a feed-forward part with a gate.

Source: Shazeer 2020, "GLU variants improve Transformer", equation 6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(x, gate_weight, up_weight, down_weight):
    """PyTorch's silu between three linear maps."""
    import torch

    linear = torch.nn.functional.linear
    return linear(torch.nn.functional.silu(linear(x, gate_weight)) * linear(x, up_weight), down_weight)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One position, a batch with all axes different, square weights where untransposed ones fit, gates of thousands."""
    yield Case("one position", _inputs(rng, (3,), 5))
    yield Case("two sequences of four", _inputs(rng, (2, 4, 3), 6))
    yield Case("as many hidden as features", _inputs(rng, (5, 4), 4))
    large = _inputs(rng, (3, 2), 7)
    large["gate_weight"] *= 2000
    yield Case("gates of thousands", large)


def _inputs(rng: np.random.Generator, shape: tuple[int, ...], wide: int) -> dict[str, Any]:
    d = shape[-1]
    return {
        "x": rng.normal(0.3, 1.0, shape),
        "gate_weight": rng.normal(0.2, 1.0, (wide, d)),
        "up_weight": rng.normal(-0.2, 1.0, (wide, d)),
        "down_weight": rng.normal(0.1, 0.7, (d, wide)),
    }


def _share(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def _silu(z):
    return z * _share(z)


def gate_and_up_swapped(x, gate_weight, up_weight, down_weight):
    """Bends what should be gated, and leaves the gate straight."""
    return (x @ gate_weight.T * _silu(x @ up_weight.T)) @ down_weight.T


def sigmoid_alone(x, gate_weight, up_weight, down_weight):
    """Gates with sigmoid(z) instead of z * sigmoid(z)."""
    return (_share(x @ gate_weight.T) * (x @ up_weight.T)) @ down_weight.T


def relu_in_the_gate(x, gate_weight, up_weight, down_weight):
    """Bends the gate with a ReLU."""
    return (np.maximum(x @ gate_weight.T, 0) * (x @ up_weight.T)) @ down_weight.T


def gelu_in_the_gate(x, gate_weight, up_weight, down_weight):
    """Bends the gate with a GELU, here in its tanh form."""
    z = x @ gate_weight.T
    with np.errstate(over="ignore"):
        bent = 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)))
    return (bent * (x @ up_weight.T)) @ down_weight.T


def no_bend_at_all(x, gate_weight, up_weight, down_weight):
    """Multiplies two straight lines."""
    return (x @ gate_weight.T * (x @ up_weight.T)) @ down_weight.T


def both_bent(x, gate_weight, up_weight, down_weight):
    """Bends gate and up alike."""
    return (_silu(x @ gate_weight.T) * _silu(x @ up_weight.T)) @ down_weight.T


def bent_after_the_product(x, gate_weight, up_weight, down_weight):
    """Multiplies first and bends the product."""
    return _silu(x @ gate_weight.T * (x @ up_weight.T)) @ down_weight.T


def added_instead_of_multiplied(x, gate_weight, up_weight, down_weight):
    """Adds the two."""
    return (_silu(x @ gate_weight.T) + x @ up_weight.T) @ down_weight.T


def up_left_out(x, gate_weight, up_weight, down_weight):
    """Bends the gate and multiplies it by nothing."""
    return _silu(x @ gate_weight.T) @ down_weight.T


def down_left_out(x, gate_weight, up_weight, down_weight):
    """Returns the hidden features."""
    return _silu(x @ gate_weight.T) * (x @ up_weight.T)


def weights_not_transposed(x, gate_weight, up_weight, down_weight):
    """Multiplies by the weights as they lie; only square ones fit."""
    return (_silu(x @ gate_weight) * (x @ up_weight)) @ down_weight


def sigmoid_that_overflows(x, gate_weight, up_weight, down_weight):
    """Writes the sigmoid as e^z / (1 + e^z)."""
    z = x @ gate_weight.T
    with np.errstate(all="ignore"):
        bent = z * (np.exp(z) / (1 + np.exp(z)))
        return (bent * (x @ up_weight.T)) @ down_weight.T


EXERCISE = Exercise(
    number=22,
    title="SwiGLU",
    section="6.11",
    points=2,
    minutes=4,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            gate_and_up_swapped, hint="Which of the two goes through silu: the gate, or what it lets through?"
        ),
        Misconception(sigmoid_alone, hint="For a large z, is your gate near 1 or near z? What is silu(z) made of?"),
        Misconception(relu_in_the_gate, hint="What does your gate give at z = −1: 0, or about −0.27?"),
        Misconception(
            gelu_in_the_gate, hint="What does your gate give at z = 1: 0.841, or 0.731? Whose curve is in the formula?"
        ),
        Misconception(no_bend_at_all, hint="At z = −10 a gate should be almost shut. What does yours let through?"),
        Misconception(both_bent, hint="How many of the two go through silu in the formula?"),
        Misconception(
            bent_after_the_product, hint="In which order: first silu and then the product, or first the product?"
        ),
        Misconception(
            added_instead_of_multiplied,
            hint="If the gate is shut, what comes through in your code? How does a gate act?",
        ),
        Misconception(up_left_out, hint="There are three weights. Where does up_weight come in?"),
        Misconception(down_left_out, hint="How many features come out, and how many went in? There are three weights."),
        Misconception(
            weights_not_transposed, hint="gate_weight is (F, D): out, in. Which of its axes meets the D features of x?"
        ),
        Misconception(
            sigmoid_that_overflows, hint="What is e to the power of 2,000? For which sign of z is your form safe?"
        ),
    ),
    hints=(
        "Two ways up, one of them bent; their product goes down again.",
        "Every weight is (out, in), so x meets its transpose. The sigmoid of chapter 1 is safe for large numbers.",
        "g = x · gate_weightᵀ; u = x · up_weightᵀ; y = (g · sigmoid(g) · u) · down_weightᵀ, with element-wise products "
        "in the bracket.",
        "One hidden feature with g = 2 and u = 3: silu(2) = 2 · 0.881 = 1.762, times 3 is 5.285, and down_weight takes "
        "it back.",
    ),
    convention="silu goes over the gate, not over the up part; no biases; weights are (out, in).",
)
