"""Exercise of section 2.5: the three gradients of a linear layer.

Source: derived in section 2.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(grad_y, x, weight):
    """PyTorch's autograd through torch.nn.functional.linear."""
    import torch

    x, weight = x.clone().requires_grad_(), weight.clone().requires_grad_()
    bias = torch.zeros(len(weight), device=x.device, requires_grad=True)
    torch.nn.functional.linear(x, weight, bias).backward(grad_y)
    return x.grad, weight.grad, bias.grad


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One example, three different sizes, all sizes equal (where wrong transposes fit), one output."""
    yield Case("one example", _inputs(rng, 1, 3, 2))
    yield Case("five examples", _inputs(rng, 5, 3, 2))
    yield Case("all sizes equal", _inputs(rng, 3, 3, 3))
    yield Case("one output", _inputs(rng, 4, 2, 1))


def _inputs(rng: np.random.Generator, n: int, size_in: int, size_out: int) -> dict[str, Any]:
    return {
        "grad_y": rng.normal(0.3, 1.0, (n, size_out)),
        "x": rng.normal(0.5, 1.0, (n, size_in)),
        "weight": rng.normal(size=(size_out, size_in)),
    }


def weight_gradient_transposed(grad_y, x, weight):
    """Gives the gradient of the weights the shape (D_in, D_out)."""
    return grad_y @ weight, x.T @ grad_y, np.sum(grad_y, axis=0)


def weight_transposed_on_the_way_back(grad_y, x, weight):
    """Multiplies by the transposed weights, as in the forward pass."""
    return grad_y @ weight.T, grad_y.T @ x, np.sum(grad_y, axis=0)


def bias_gradient_averaged(grad_y, x, weight):
    """Takes the mean over the batch, though the loss has divided by N already."""
    return grad_y @ weight, grad_y.T @ x, np.mean(grad_y, axis=0)


def weight_gradient_averaged(grad_y, x, weight):
    """Divides by N once more."""
    return grad_y @ weight, grad_y.T @ x / len(x), np.sum(grad_y, axis=0)


def bias_gradient_per_example(grad_y, x, weight):
    """Returns one bias gradient for each example, not added up."""
    return grad_y @ weight, grad_y.T @ x, grad_y.copy()


def bias_gradient_added_along_the_outputs(grad_y, x, weight):
    """Adds along the wrong axis."""
    return grad_y @ weight, grad_y.T @ x, np.sum(grad_y, axis=1)


def incoming_gradient_left_out(grad_y, x, weight):
    """Gives the local slopes only, as if every incoming gradient were 1."""
    ones = np.ones_like(grad_y)
    return ones @ weight, ones.T @ x, np.sum(ones, axis=0)


EXERCISE = Exercise(
    number=5,
    title="Backward through a linear layer",
    section="2.5",
    points=3,
    minutes=15,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            weight_gradient_transposed,
            hint="Which shape has the weight, and which one has its gradient? What fits into what?",
        ),
        Misconception(
            weight_transposed_on_the_way_back,
            hint="grad_y has D_out columns and grad_x needs D_in. Which of weight and weight.T takes you there?",
        ),
        Misconception(
            bias_gradient_averaged,
            hint="The bias is used once for every example. What do paths that meet do: add up, or average?",
        ),
        Misconception(
            weight_gradient_averaged,
            hint="Where does the 1/N of the mean loss live: in grad_y already, or in every layer again?",
        ),
        Misconception(
            bias_gradient_per_example,
            hint="How many numbers does the bias have? How many has your gradient?",
        ),
        Misconception(bias_gradient_added_along_the_outputs, hint="Which axis of grad_y holds the examples?"),
        Misconception(incoming_gradient_left_out, hint="Double grad_y: do your gradients double, too?"),
    ),
    hints=(
        "Let the shapes lead: for each gradient there is one product of what you have that fits.",
        "Each weight meets every example, so its gradient adds up over the examples. So does the bias's.",
        "grad_x = grad_y · W;  grad_W = grad_yᵀ · x;  grad_b = sum over the examples of grad_y.",
        "x = [[2, 3]], W = [[4, 5]], grad_y = [[10]]: grad_x = [[40, 50]], grad_W = [[20, 30]], grad_b = [10].",
    ),
    convention="weight is (D_out, D_in), as in PyTorch.",
)
