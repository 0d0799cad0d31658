"""A gradient on its way back through fifty steps: shrinking or growing in an RNN, carried by the memory of an LSTM."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.ch05_lstm.cells import lstm_backward, lstm_forward
from course.widgets.kit import Curve, Explorer, Guide, Line, Slider, StudentFunction, Time

__all__ = ["PRESETS", "Travel", "gradient_through_time", "lstm_norms", "rnn_norms", "rnn_states", "travel_state"]

Array = NDArray[np.float64]
BACK, UNITS = 50, 16
K: Array = np.arange(BACK + 1.0)
RADII = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.3)
SIZES = (0.0, 0.1, 0.3, 1.0)
BIASES = (-1, 0, 1, 2, 3, 4, 5)

_START: dict[str, object] = {"radius": 0.9, "size": 0.0, "bias": 3, "back": BACK}
PRESETS: dict[str, dict[str, object]] = {
    "0.9 fifty times": _START,
    "1.1 fifty times": _START | {"radius": 1.1},
    "exactly 1": _START | {"radius": 1.0},
    "1, and something to read": _START | {"radius": 1.0, "size": 0.3},
    "1.3, tamed by tanh": _START | {"radius": 1.3, "size": 1.0},
    "a half-shut forget gate": _START | {"bias": 0},
    "forget bias 5": _START | {"bias": 5, "size": 0.3},
}


@dataclass(frozen=True)
class Travel:
    """The norm of one gradient over the steps back, in parts of what it was at the end, and its factor a step."""

    rnn: Array  # (BACK + 1,) the student's where there is one
    right: Array
    lstm: Array
    rnn_factor: Array  # NaN at 0
    lstm_factor: Array
    at: Array
    says: tuple[str, ...]


def _drawn(size: float) -> tuple[Array, Array, Array]:
    """An orthogonal matrix, the inputs (BACK + 1, UNITS) and the gradient of length 1 at the end."""
    rng = np.random.default_rng(0)
    matrix = np.linalg.qr(rng.normal(size=(UNITS, UNITS)))[0]
    inputs = size * rng.normal(size=(BACK + 1, UNITS))
    grad = rng.normal(size=UNITS)
    return matrix, inputs, grad / np.linalg.norm(grad)


def rnn_states(radius: float, size: float) -> tuple[Array, Array, Array]:
    """The gradient at the last step (H,), the states hs (T, H) of one sequence, and weight_hh (H, H).

    All singular values of weight_hh are `radius`, and so is the size of every eigenvalue.
    """
    matrix, inputs, grad = _drawn(size)
    weight_hh = radius * matrix
    h, hs = np.zeros(UNITS), []
    for x in inputs:
        h = np.tanh(x + weight_hh @ h)
        hs.append(h)
    return grad, np.array(hs), weight_hh


def rnn_norms(grad_last: Array, hs: Array, weight_hh: Array) -> Array:
    """Norms of the gradient at each step (T,)."""
    norms = [np.linalg.norm(grad := grad_last)]
    for h in hs[:0:-1]:
        grad = (grad * (1 - h**2)) @ weight_hh
        norms.append(np.linalg.norm(grad))
    return np.array(norms[::-1])


def lstm_norms(bias: float, size: float) -> Array:
    """The same for the memory of an LSTM with small recurrent weights and this bias of its forget gate."""
    matrix, inputs, grad = _drawn(size)
    rng = np.random.default_rng(1)
    weight_ih = rng.normal(size=(4 * UNITS, UNITS)) / UNITS
    weight_hh = np.tile(0.02 * matrix, (4, 1))
    bias_ih = np.repeat([0.0, bias, 0.0, 0.0], UNITS)
    parameters = weight_ih, weight_hh, bias_ih, np.zeros(4 * UNITS)
    zero = np.zeros((1, UNITS))
    hs, cs = lstm_forward(inputs[None], zero, zero, *parameters)
    grad_hs = np.zeros_like(hs)
    grad_hs[0, -1] = grad
    grad_c = lstm_backward(grad_hs, inputs[None], hs, cs, *parameters)[2]
    norms = np.linalg.norm(grad_c[0], axis=1)
    return np.asarray(norms / norms[-1])


def travel_state(radius: float, size: float, bias: float, own: StudentFunction | None = None) -> Travel:
    """One gradient sent back through BACK steps of both networks, which read the same inputs."""
    states = rnn_states(radius, size)
    found = own(*states, shape=(BACK + 1,)) if own else np.full(BACK + 1, np.nan)
    return _travel(rnn_norms(*states), lstm_norms(bias, size), found)


def _travel(right: Array, lstm: Array, found: Array) -> Travel:
    right, lstm, found = right[::-1], lstm[::-1], found[::-1]
    rnn = found if np.isfinite(found).all() else right
    wrong = not np.allclose(rnn, right, rtol=1e-6, atol=1e-300)

    def factor(norms: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.concatenate([[np.nan], norms[1:] / norms[:-1]])

    return Travel(
        rnn=np.maximum(rnn, 1e-30),
        right=right,
        lstm=lstm,
        rnn_factor=factor(rnn),
        lstm_factor=factor(lstm),
        at=K,
        says=tuple(_says(k, rnn[k], lstm[k], right[k] if wrong else np.nan) for k in range(BACK + 1)),
    )


def _says(k: int, rnn: float, lstm: float, right: float) -> str:
    if k == 0:
        return "At the last step both gradients have length 1. Let the steps run and see what arrives fifty steps back."
    begin = f"{k} step{'s' if k > 1 else ''} back: the RNN's gradient {_change(rnn, k)}"
    if np.isfinite(right):
        return f"{begin} by your function, where {_number(right)} is right."
    return f"{begin}, the LSTM's {_change(lstm, k)}. {_lesson(rnn, lstm)}"


def _change(share: float, k: int) -> str:
    each = f"{share ** (1 / k) if share > 0 else 0.0:.2f} a step"
    if abs(share - 1) < 0.005:
        return f"is what it was ({each})"
    return f"has {'grown' if share > 1 else 'shrunk'} to {_number(share)} ({each})"


def _number(share: float) -> str:
    return f"{share:.0f}" if 99.5 <= share < 1e5 else f"{share:.2g}".replace("e-0", "e-").replace("e+0", "e")


def _lesson(rnn: float, lstm: float) -> str:
    heard = ["nothing", "a whisper", "a good part"][int(lstm > 1e-3) + int(lstm > 0.05)]
    if rnn > 10:
        return "One explodes: a step of that size ruins the weights."
    if rnn > 0.05:
        return f"The RNN still learns from that step; the LSTM hears {heard} of it."
    if rnn > 1e-3:
        return f"Of that step the RNN hears a whisper, the LSTM {heard}."
    return f"From that step the RNN learns nothing; the LSTM hears {heard} of it."


def gradient_through_time(gradient_norms_through_time: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 5.4: what is left of a gradient, step by step back, in an RNN and in an LSTM.

    gradient_norms_through_time  the student's own gives the RNN's line; the right one stays as a dashed line
    """
    own = StudentFunction(gradient_norms_through_time, "gradient_norms_through_time")
    nothing = np.full(BACK + 1, np.nan)
    states = {(radius, size): rnn_states(radius, size) for radius in RADII for size in SIZES}
    right = {key: rnn_norms(*one) for key, one in states.items()}
    found = {key: own(*one, shape=(BACK + 1,)) if own else nothing for key, one in states.items()}
    lstm = {(bias, size): lstm_norms(bias, size) for bias in BIASES for size in SIZES}
    ghost = [Line(K, "right", style="ghost", colour="ghost", until="back")] if own else []

    def model(radius: float, size: float, bias: int) -> Travel:
        return _travel(right[radius, size], lstm[bias, size], found[radius, size])

    return Explorer(
        model,
        view=[
            Curve(
                Guide(y=1.0),
                *ghost,
                Line(K, "lstm", colour="vermilion", until="back", label="LSTM"),
                Line(K, "rnn", colour="blue", until="back", label="RNN"),
                x=(0, BACK),
                y=(1e-8, 1e4),
                y_scale="log",
                title="Length of the gradient",
                x_name="steps back",
                height=320,
            ),
            Curve(
                Guide(y=1.0),
                Line(K, "lstm_factor", colour="vermilion", until="back", label="LSTM"),
                Line(K, "rnn_factor", colour="blue", until="back", label="RNN"),
                x=(0, BACK),
                y=(0, 1.4),
                title="Its factor at each step (1: unchanged)",
                x_name="steps back",
            ),
        ],
        radius=Slider(values=RADII, start=0.9, label="spectral radius", format=".2f"),
        size=Slider(values=SIZES, start=0.0, label="size of the inputs", format="g"),
        bias=Slider(values=BIASES, start=3, label="forget bias", format="d"),
        back=Time(BACK + 1, over=("at", "says"), start=BACK, label="steps back", seconds=6),
        notice=own,
        presets=PRESETS,
    )
