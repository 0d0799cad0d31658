"""Exercise of section 8.4: three ways back through batch normalisation.

Source: Ioffe and Szegedy 2015, "Batch normalization", section 3; derived in section 8.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(grad_y, x, gamma, eps=1e-5):
    """PyTorch's autograd through its own batch_norm."""
    import torch

    x, gamma = x.clone().requires_grad_(), gamma.clone().requires_grad_()
    beta = torch.zeros_like(gamma).requires_grad_()
    torch.nn.functional.batch_norm(x, None, None, gamma, beta, training=True, eps=eps).backward(grad_y)
    return x.grad, gamma.grad, beta.grad


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Three examples, six, one feature, two examples and small numbers with a large eps."""
    yield Case("three examples", _inputs(rng, 3, 2))
    yield Case("six examples", _inputs(rng, 6, 4))
    yield Case("one feature", _inputs(rng, 5, 1))
    yield Case("two examples, eps 0.1", _inputs(rng, 2, 3) | {"eps": 0.1})
    small = _inputs(rng, 4, 3)
    yield Case("small numbers, eps 0.1", small | {"x": 0.1 * small["x"], "eps": 0.1})


def _inputs(rng: np.random.Generator, n: int, size: int) -> dict[str, Any]:
    return {
        "grad_y": rng.normal(0.5, 1.0, (n, size)),
        "x": rng.normal(1.0, 1.5, (n, size)),
        "gamma": rng.normal(1.5, 0.4, size),
    }


def _parts(grad_y, x, gamma, eps):
    std = np.sqrt(np.var(x, axis=0) + eps)
    x_hat = (x - np.mean(x, axis=0)) / std
    return grad_y * gamma, x_hat, std, np.sum(grad_y * x_hat, axis=0), np.sum(grad_y, axis=0)


def mean_and_variance_taken_for_constants(grad_y, x, gamma, eps=1e-5):
    """Lets the gradient through x alone."""
    grad, _, std, grad_gamma, grad_beta = _parts(grad_y, x, gamma, eps)
    return grad / std, grad_gamma, grad_beta


def variance_taken_for_a_constant(grad_y, x, gamma, eps=1e-5):
    """Leaves out the way through the variance."""
    grad, _, std, grad_gamma, grad_beta = _parts(grad_y, x, gamma, eps)
    return (grad - np.mean(grad, axis=0)) / std, grad_gamma, grad_beta


def mean_taken_for_a_constant(grad_y, x, gamma, eps=1e-5):
    """Leaves out the way through the mean."""
    grad, x_hat, std, grad_gamma, grad_beta = _parts(grad_y, x, gamma, eps)
    return (grad - x_hat * np.mean(grad * x_hat, axis=0)) / std, grad_gamma, grad_beta


def gamma_left_out(grad_y, x, gamma, eps=1e-5):
    """Forgets that y is gamma times what was normalised."""
    _, x_hat, std, grad_gamma, grad_beta = _parts(grad_y, x, gamma, eps)
    grad_x = (grad_y - np.mean(grad_y, axis=0) - x_hat * np.mean(grad_y * x_hat, axis=0)) / std
    return grad_x, grad_gamma, grad_beta


def sums_instead_of_means(grad_y, x, gamma, eps=1e-5):
    """Subtracts the sums over the batch."""
    grad, x_hat, std, grad_gamma, grad_beta = _parts(grad_y, x, gamma, eps)
    grad_x = (grad - np.sum(grad, axis=0) - x_hat * np.sum(grad * x_hat, axis=0)) / std
    return grad_x, grad_gamma, grad_beta


def divided_by_the_variance(grad_y, x, gamma, eps=1e-5):
    """Divides by the variance at the end, not by its root."""
    grad, x_hat, std, grad_gamma, grad_beta = _parts(grad_y, x, gamma, eps)
    grad_x = (grad - np.mean(grad, axis=0) - x_hat * np.mean(grad * x_hat, axis=0)) / std**2
    return grad_x, grad_gamma, grad_beta


def gamma_gradient_from_raw_inputs(grad_y, x, gamma, eps=1e-5):
    """Multiplies by x where gamma met the normalised x."""
    grad, x_hat, std, _, grad_beta = _parts(grad_y, x, gamma, eps)
    grad_x = (grad - np.mean(grad, axis=0) - x_hat * np.mean(grad * x_hat, axis=0)) / std
    return grad_x, np.sum(grad_y * x, axis=0), grad_beta


def gamma_and_beta_gradients_averaged(grad_y, x, gamma, eps=1e-5):
    """Takes means over the batch for gamma and beta."""
    grad, x_hat, std, grad_gamma, grad_beta = _parts(grad_y, x, gamma, eps)
    grad_x = (grad - np.mean(grad, axis=0) - x_hat * np.mean(grad * x_hat, axis=0)) / std
    return grad_x, grad_gamma / len(x), grad_beta / len(x)


def eps_left_out(grad_y, x, gamma, eps=1e-5):
    """Normalises without eps on the way back."""
    grad, x_hat, std, grad_gamma, grad_beta = _parts(grad_y, x, gamma, 0.0)
    grad_x = (grad - np.mean(grad, axis=0) - x_hat * np.mean(grad * x_hat, axis=0)) / std
    return grad_x, grad_gamma, grad_beta


def variance_of_n_minus_one(grad_y, x, gamma, eps=1e-5):
    """Uses the unbiased variance on the way back."""
    std = np.sqrt(np.var(x, axis=0, ddof=1) + eps)
    x_hat = (x - np.mean(x, axis=0)) / std
    grad = grad_y * gamma
    grad_x = (grad - np.mean(grad, axis=0) - x_hat * np.sum(grad * x_hat, axis=0) / (len(x) - 1)) / std
    return grad_x, np.sum(grad_y * x_hat, axis=0), np.sum(grad_y, axis=0)


EXERCISE = Exercise(
    number=7,
    title="Backward through batch normalisation",
    section="8.4",
    points=6,
    minutes=25,
    difficulty="hard",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            mean_and_variance_taken_for_constants,
            hint="Add 1 to a whole column of x: y stays. So what must each column of grad_x add up to?",
        ),
        Misconception(
            variance_taken_for_a_constant,
            hint="Double a column's distance from its mean: y stays (but for eps). Which way back have you left out?",
        ),
        Misconception(
            mean_taken_for_a_constant,
            hint="Add 1 to a whole column of x: y stays. Do the columns of your grad_x add up to 0?",
        ),
        Misconception(gamma_left_out, hint="If gamma is 0, can x still move the loss? What does your grad_x say then?"),
        Misconception(
            sums_instead_of_means,
            hint="One x moves the mean by 1/N of its own step. Where is that 1/N in your formula?",
        ),
        Misconception(
            divided_by_the_variance,
            hint="x_hat is (x − mean) / std: what is its slope in x, with mean and std held still?",
        ),
        Misconception(gamma_gradient_from_raw_inputs, hint="y = gamma · something + beta: what is that something?"),
        Misconception(
            gamma_and_beta_gradients_averaged,
            hint="gamma is used once for every example. Do paths that meet add up, or are they averaged?",
        ),
        Misconception(
            eps_left_out, hint="Which numbers stand under the root on the way forward? And on your way back?"
        ),
        Misconception(
            variance_of_n_minus_one,
            hint="Which variance made y: the one that divides by N, or by N − 1? Is it the same on your way back?",
        ),
    ),
    hints=(
        "x moves y in three ways: by itself, by moving the batch's mean, and by moving its variance.",
        "Write it for x_hat first: g = grad_y · γ. Two means over the batch have to be subtracted from g.",
        "grad_x = (g − mean(g) − x̂ · mean(g · x̂)) / std, with std = √(variance + eps), means along axis 0; "
        "grad_γ = Σ grad_y · x̂, grad_β = Σ grad_y.",
        "x = 0, 1, 5 has mean 2, variance 14/3. For g = 1, 1, 1: mean(g) = 1, mean(g · x̂) = 0, so grad_x = 0, 0, 0.",
    ),
    convention="eps under the root, variance with N, as in the forward pass.",
)
