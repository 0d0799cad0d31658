"""The activation functions of chapter 1 as the widgets draw them: value, derivative, name, formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FLAT",
    "FUNCTIONS",
    "SHOWN_INSTEAD",
    "Array",
    "Function",
    "derivative_from_the_left",
    "function_named",
    "largest_gap",
    "softmax",
]

Array = NDArray[np.float64]

FLAT = 0.05  # a slope smaller than this passes less than a twentieth of the gradient: we call it saturated
CLOSE = 1e-6  # no picture shows less, and honest float64 code stays far below

SHOWN_INSTEAD = " Until it works you see the reference."


@dataclass(frozen=True)
class Function:
    """An activation function with its derivative; `name` is the word in the pictures, `key` the one in code."""

    key: str
    name: str
    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]


def identity(x: Array) -> Array:
    """x itself: a neuron without an activation."""
    return x


def identity_grad(x: Array) -> Array:
    """1 everywhere."""
    return np.ones_like(x)


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x), from e^-|x|, which cannot overflow."""
    decay = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, decay) / (1.0 + decay)


def sigmoid_grad(x: Array) -> Array:
    """sigmoid(x) * (1 - sigmoid(x))."""
    y = sigmoid(x)
    return y * (1.0 - y)


def tanh_grad(x: Array) -> Array:
    """1 - tanh(x)^2."""
    return 1.0 - np.tanh(x) ** 2


def relu(x: Array) -> Array:
    """max(x, 0)."""
    return np.maximum(x, 0.0)


def relu_grad(x: Array) -> Array:
    """1 where x is positive, 0 elsewhere (also at 0, as PyTorch has it)."""
    return np.where(x > 0, 1.0, 0.0)


def leaky_relu(x: Array) -> Array:
    """x where x is positive, 0.01 x elsewhere."""
    return np.where(x > 0, x, 0.01 * x)


def leaky_relu_grad(x: Array) -> Array:
    """1 where x is positive, 0.01 elsewhere."""
    return np.where(x > 0, 1.0, 0.01)


def tanh(x: Array) -> Array:
    """The hyperbolic tangent."""
    return np.asarray(np.tanh(x))


FUNCTIONS = (
    Function("identity", "none", identity, identity_grad),
    Function("sigmoid", "sigmoid", sigmoid, sigmoid_grad),
    Function("tanh", "tanh", tanh, tanh_grad),
    Function("relu", "ReLU", relu, relu_grad),
    Function("leaky_relu", "leaky ReLU", leaky_relu, leaky_relu_grad),
)


def function_named(name: str) -> Function:
    """The function with this key or this name."""
    for function in FUNCTIONS:
        if name in (function.key, function.name):
            return function
    raise KeyError(f"no activation is called {name!r}; there are {', '.join(f.key for f in FUNCTIONS)}")


def derivative_from_the_left(value: Callable[[Array], Array], x: Array, step: float = 1e-4) -> Array:
    """The slope of value at x from three points at and left of x: at a kink, the slope on its left side.

    So ReLU has slope 0 at 0, as PyTorch has it.  The error is of the order of step squared.
    """
    return (3.0 * value(x) - 4.0 * value(x - step) + value(x - 2.0 * step)) / (2.0 * step)


def softmax(logits: Array) -> Array:
    """e^logits over their sum along the last axis, with the maximum subtracted first."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def largest_gap(yours: Array, right: Array) -> int | None:
    """The flat position where the two differ most, or None where they agree to a millionth everywhere.

    A NaN in `yours` counts as the largest difference there is.
    """
    gap = np.abs(yours - right) / np.maximum(1.0, np.abs(right))
    gap = np.where(np.isnan(gap), np.inf, gap)
    worst = int(np.argmax(gap))
    return worst if gap.flat[worst] > CLOSE else None
