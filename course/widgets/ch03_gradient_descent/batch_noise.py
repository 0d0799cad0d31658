"""Gradients of thirty random mini-batches at one point of a real loss: their spread against the batch size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import Arrow, Curve, Dot, Explorer, Line, Paths, Slider, StudentFunction

__all__ = ["PRESETS", "SIZES", "Noise", "batch_noise", "example", "expected_spread", "logistic_gradient", "noise_state"]

Array = NDArray[np.float64]
N, DRAWS = 512, 30
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
WEIGHT: Array = np.array([0.4, -0.2])

PRESETS: dict[str, dict[str, object]] = {
    "one example": {"batch_size": 1},
    "sixteen": {"batch_size": 16},
    "a quarter of all": {"batch_size": 128},
}


@dataclass(frozen=True)
class Noise:
    """DRAWS mini-batch gradients of one size, the full gradient, and the spread at every size."""

    grad_x: Array
    grad_y: Array
    full_x: float
    full_y: float
    spread: float
    size: float
    uphill: int
    says: str


def example() -> tuple[Array, Array]:
    """512 examples of two features and two overlapping classes, drawn once and for all."""
    rng = np.random.default_rng(0)
    y = np.tile([0.0, 1.0], N // 2)
    x = rng.normal(size=(N, 2)) + np.where(y[:, None] == 1, [0.8, 0.5], [-0.8, -0.5])
    return x, y


def logistic_gradient(x: Array, y: Array, weight: Array, bias: float) -> Array:
    """The gradient for the two weights of a sigmoid neuron, mean over the batch."""
    p = 1 / (1 + np.exp(-(x @ weight + bias)))
    return np.asarray((p - y) @ x / len(y))


def noise_state(batch_size: int, gradient: Callable[[Array, Array], Array]) -> Noise:
    """The gradients of DRAWS random batches; gradient(x, y) is that of one batch."""
    x, y = example()
    rng = np.random.default_rng(1)
    batches = [rng.choice(N, batch_size, replace=False) for _ in range(DRAWS)]
    grads = np.array([gradient(x[rows], y[rows]) for rows in batches])
    full = gradient(x, y)
    spread = float(np.sqrt(np.mean(np.sum((grads - full) ** 2, axis=1))))
    uphill = int(np.sum(grads @ full < 0))
    right = logistic_gradient(x, y, WEIGHT, 0.0)
    verdict = ""
    if not np.allclose(full, right, rtol=1e-6, atol=1e-9):
        yours, wanted = (f"({one[0]:.3f}, {one[1]:.3f})" for one in (full, right))
        verdict = f" Your gradient of all examples is {yours} where {wanted} is right."
    return Noise(
        grad_x=-grads[:, 0],
        grad_y=-grads[:, 1],
        full_x=-float(full[0]),
        full_y=-float(full[1]),
        spread=spread,
        size=float(batch_size),
        uphill=uphill,
        says=f"Batches of {batch_size}: the steps miss the full gradient by {spread:.3f} (root mean square); "
        f"{uphill} of {DRAWS} {'points' if uphill == 1 else 'point'} uphill.{verdict}",
    )


def expected_spread(sizes: Array) -> Array:
    """The spread of the mean of B independent draws: that of single examples over the root of B."""
    x, y = example()
    single = np.array([logistic_gradient(x[k : k + 1], y[k : k + 1], WEIGHT, 0.0) for k in range(N)])
    return np.asarray(np.sqrt(np.sum(np.var(single, axis=0))) / np.sqrt(sizes))


def batch_noise(gradient: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 3.5: steps of thirty mini-batches around the step of all examples.

    gradient  the student's own logistic_regression_gradient(x, y, weight, bias) -> loss, grad_weight, grad_bias
    """

    def weight_gradient(*inputs: Any) -> Any:
        assert gradient is not None
        _loss, grad_weight, _grad_bias = gradient(*inputs)
        return grad_weight

    own = StudentFunction(None if gradient is None else weight_gradient, "logistic_regression_gradient")

    def of_batch(x: Array, y: Array) -> Array:
        found = own(x, y, WEIGHT, 0.0, shape=(2,))
        return found if np.isfinite(found).all() else logistic_gradient(x, y, WEIGHT, 0.0)

    spreads = np.array([noise_state(size, of_batch).spread for size in SIZES])
    sizes = np.array(SIZES, dtype=float)
    return Explorer(
        lambda batch_size: noise_state(batch_size, of_batch),
        view=[
            Paths(
                Arrow("grad_x", "grad_y", colour="blue", width=1.0),
                Arrow("full_x", "full_y", colour="vermilion", width=3.5, label="all examples"),
                x=(-0.9, 1.3),
                y=(-0.7, 1.5),
                title="Steps of thirty batches, and of all examples",
                x_name="change of the first weight",
                y_name="change of the second weight",
            ),
            Curve(
                Line(sizes, expected_spread(sizes), style="ghost", colour="ghost", label="1/√B"),
                Line(sizes, spreads, colour="blue"),
                Dot("size", "spread", colour="vermilion", size=7),
                x=(1, 256),
                y=(0.01, 2),
                x_scale="log",
                y_scale="log",
                title="Spread around the full gradient",
                x_name="batch size B",
            ),
        ],
        batch_size=Slider(values=SIZES, start=4, label="batch size", format="d"),
        notice=own,
        presets=PRESETS,
    )
