"""Exercise of section 1.2: a layer of neurons, before its activation.

Source: derived in section 1.2; the layout of the weights is that of torch.nn.Linear.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(x, weight, bias):
    """PyTorch's own affine map."""
    from torch.nn import functional

    return functional.linear(x, weight, bias)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Layers from one neuron up; square ones and equal N and D_out come after the shapes that raise."""
    yield Case("one neuron, one example", _layer(rng, n=1, d_in=2, d_out=1))
    yield Case("four examples, three inputs, five outputs", _layer(rng, n=4, d_in=3, d_out=5))
    yield Case("more inputs than outputs", _layer(rng, n=3, d_in=6, d_out=2))
    yield Case("as many inputs as outputs", _layer(rng, n=5, d_in=3, d_out=3))
    yield Case("as many examples as outputs", _layer(rng, n=4, d_in=2, d_out=4))
    yield Case("all sizes equal", _layer(rng, n=3, d_in=3, d_out=3))


def _layer(rng: np.random.Generator, n: int, d_in: int, d_out: int) -> dict[str, np.ndarray]:
    """Inputs of one call: eighths, so that a person can follow them; biases are distinct and not zero."""
    steps = rng.permutation(np.arange(1, d_out + 1)) * 3 * rng.choice([-1, 1])
    return {
        "x": _eighths(rng, (n, d_in)),
        "weight": _eighths(rng, (d_out, d_in)),
        "bias": steps / 8,
    }


def _eighths(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Numbers between 1/8 and 3, of either sign."""
    return rng.integers(1, 25, shape) * rng.choice([-1, 1], shape) / 8


def weight_not_transposed(x, weight, bias):
    """Multiplies by W instead of by its transpose."""
    return x @ weight + bias


def weight_reshaped_instead_of_transposed(x, weight, bias):
    """Mends the shape error with reshape, which keeps the reading order and mixes the neurons."""
    return x @ weight.reshape(weight.shape[::-1]) + bias


def bias_forgotten(x, weight, bias):
    """Leaves the bias out."""
    return x @ weight.T


def bias_subtracted_like_a_threshold(x, weight, bias):
    """Subtracts the bias, as older texts do with a threshold."""
    return x @ weight.T - bias


def bias_along_the_batch(x, weight, bias):
    """Gives every example a bias of its own instead of every neuron."""
    return x @ weight.T + bias[:, None]


def one_row_per_neuron_in_the_output(x, weight, bias):
    """Returns the transposed result: neurons in rows, examples in columns."""
    return weight @ x.T + bias[:, None]


def activation_already_applied(x, weight, bias):
    """Applies ReLU inside the linear layer."""
    return np.maximum(x @ weight.T + bias, 0)


EXERCISE = Exercise(
    number=1,
    title="A layer of neurons",
    section="1.2",
    points=3,
    minutes=10,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            weight_not_transposed,
            hint="Row 0 of weight belongs to neuron 0. Which numbers does `x @ weight` multiply row 0 of x "
            "with: a row of weight, or a column?",
        ),
        Misconception(
            weight_reshaped_instead_of_transposed,
            hint="Write a 2 by 3 matrix with the numbers 1 to 6. What do its transpose and its reshape to 3 "
            "by 2 look like? In which of the two is a neuron still in one piece?",
        ),
        Misconception(
            bias_forgotten,
            hint="What should a neuron give when all its inputs are zero? What does yours give?",
        ),
        Misconception(
            bias_subtracted_like_a_threshold,
            hint="Make the bias of one neuron larger. Should its output rise or fall?",
        ),
        Misconception(
            bias_along_the_batch,
            hint="There is one bias for each output. Along which axis of the (N, D_out) result do the outputs lie?",
        ),
        Misconception(
            one_row_per_neuron_in_the_output,
            hint="The next layer reads one example per row. What lies in a row of your result?",
        ),
        Misconception(
            activation_already_applied,
            hint="Can your layer give a negative number? Which of its steps would prevent that, and does it "
            "belong here?",
        ),
    ),
    hints=(
        "Every output is one weighted sum of the inputs. One matrix product makes all of them for all examples.",
        "Write the shapes under one another: (N, D_in), (D_out, D_in), wanted (N, D_out). Which matrix must be turned?",
        "y = x Wᵀ + b; entry [n, j] is the sum over i of x[n, i] · weight[j, i], plus bias[j].",
        "x = [[1, 2]], weight = [[3, 4], [5, 6]], bias = [10, 20]: [1·3 + 2·4 + 10, 1·5 + 2·6 + 20] = [[21, 37]].",
    ),
    convention="weight is stored as (D_out, D_in), as in PyTorch, so the layer is x Wᵀ + b; many books "
    "write W x + b for one column, or store (D_in, D_out).",
)
