"""A deep network on real digits, with and without batch norm: what enters each ReLU, and who shares the batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.data import digits
from course.widgets.kit import Choice, Curve, Explorer, Histogram, Line, Slider, StudentFunction

__all__ = [
    "BATCHES",
    "DEPTH",
    "PRESETS",
    "SCALES",
    "SIZES",
    "Layers",
    "Stacks",
    "batch_norm",
    "batch_norm_layers",
    "draw",
    "followed",
    "judge",
    "layers_state",
    "normalised",
    "plain",
    "right_running",
    "running_statistics",
]

Array = NDArray[np.float64]
Function = Callable[[Array, Array, Array], tuple[Array, Array, Array]]
"""x (N, D), running mean (D,), running variance (D,) -> y, the new running mean, the new running variance."""

DEPTH = 8
WIDTH = 64
BATCHES = 24  # in which the same picture stands
SIZES = (1, 2, 4, 8, 16, 64)
SCALES = (0.5, 0.7, 1.0, 1.4, 2.0)
RUNNING = 40  # training batches before evaluation mode
RUNNING_SIZE = 64
SEED = 1
EPS = 1e-5
EDGES: Array = np.linspace(-4.0, 4.0, 41)
NUMBERS: Array = np.arange(1.0, DEPTH + 1)
MODES = ("training mode", "evaluation mode")

_USUAL: dict[str, object] = {"scale": 0.7, "size": 64, "mode": MODES[0]}
PRESETS: dict[str, dict[str, object]] = {
    "weights too small": _USUAL,
    "weights too large": _USUAL | {"scale": 1.4},
    "a batch of four": _USUAL | {"scale": 1.0, "size": 4},
    "a batch of one": _USUAL | {"scale": 1.0, "size": 1},
    "one, in evaluation mode": _USUAL | {"scale": 1.0, "size": 1, "mode": MODES[1]},
}


@dataclass(frozen=True)
class Stacks:
    """What is drawn once: pictures, weights, and which pictures share a batch with the first one."""

    x: Array  # (pictures, 64) digits, standardised pixel by pixel
    weights: Array  # (DEPTH, WIDTH, WIDTH) of variance 2 / WIDTH
    others: NDArray[np.int64]  # (BATCHES, largest size - 1) rows of x


@dataclass(frozen=True)
class Layers:
    """BATCHES batches of one size on their way through the network."""

    without: Array  # (DEPTH, bins) share of the values that enter each ReLU; what lies outside is in the last bins
    with_norm: Array
    spread_without: Array  # (DEPTH,) standard deviation of these values
    spread_with: Array
    reference: Array  # (DEPTH,) the same by the course's own function; NaN where there is no student's
    same: Array  # (DEPTH, bins) one unit of each layer, for the one picture that all batches share
    noise: Array  # (DEPTH,) standard deviation over the batches, mean over the units, of this picture's values
    says: str


@cache
def draw() -> Stacks:
    """Real digits, and He's weights."""
    given = digits().x_train
    x = (given - given.mean(axis=0)) / np.maximum(given.std(axis=0), 0.1)
    rng = np.random.default_rng(SEED)
    weights = rng.normal(0, np.sqrt(2 / WIDTH), (DEPTH, WIDTH, WIDTH))
    others = np.array([rng.choice(len(x) - 1, max(SIZES) - 1, replace=False) + 1 for _ in range(BATCHES)])
    return Stacks(x, weights, others)


def batch_norm(x: Array, running_mean: Array, running_var: Array) -> tuple[Array, Array, Array]:
    """The course's own, with gamma 1 and beta 0; a batch of 1 has no unbiased variance, and leaves NaN."""
    mean, variance = x.mean(axis=0), x.var(axis=0)
    unbiased = variance * len(x) / (len(x) - 1) if len(x) > 1 else np.full_like(variance, np.nan)
    y = (x - mean) / np.sqrt(variance + EPS)
    return y, 0.9 * running_mean + 0.1 * mean, 0.9 * running_var + 0.1 * unbiased


def _batches(stacks: Stacks, size: int) -> Array:
    """(size, BATCHES, 64) pictures: each batch holds picture 0 first, then others."""
    rows = np.concatenate([np.zeros((BATCHES, 1), int), stacks.others[:, : size - 1]], axis=1)
    return np.asarray(stacks.x[rows.T])


def plain(stacks: Stacks, scale: float, size: int) -> Array:
    """(DEPTH, size, BATCHES, WIDTH) what enters each ReLU of the network without batch norm."""
    h, found = _batches(stacks, size), []
    for weight in stacks.weights:
        found.append(h @ (scale * weight).T)
        h = np.maximum(found[-1], 0)
    return np.array(found)


def running_statistics(stacks: Stacks, function: Function) -> tuple[Array, Array]:
    """(DEPTH, SCALES, WIDTH) running mean and variance of each layer after RUNNING training batches.

    Batch norm works feature by feature, so that the networks of all scales stand side by side as features.
    """
    rng = np.random.default_rng(SEED + 1)
    shape = (DEPTH, len(SCALES), WIDTH)
    mean, variance = np.zeros(shape), np.ones(shape)
    scales = np.array(SCALES)[:, None]
    for _ in range(RUNNING):
        rows = rng.choice(len(stacks.x), RUNNING_SIZE, replace=False)
        h = np.repeat(stacks.x[rows][:, None], len(SCALES), axis=1)
        for k, weight in enumerate(stacks.weights):
            z = ((h @ weight.T) * scales).reshape(RUNNING_SIZE, -1)
            y, new_mean, new_variance = function(z, mean[k].ravel(), variance[k].ravel())
            mean[k], variance[k] = new_mean.reshape(shape[1:]), new_variance.reshape(shape[1:])
            h = np.maximum(y, 0).reshape(h.shape)
    return mean, variance


def normalised(
    stacks: Stacks, scale: float, size: int, mode: str, function: Function, running: tuple[Array, Array]
) -> Array:
    """(DEPTH, size, BATCHES, WIDTH) what enters each ReLU behind batch norm; batches stand side by side as features."""
    h, found = _batches(stacks, size), []
    place = SCALES.index(scale)
    for k, weight in enumerate(stacks.weights):
        z = h @ (scale * weight).T
        if mode == MODES[1]:
            y = (z - running[0][k, place]) / np.sqrt(running[1][k, place] + EPS)
        else:
            features = z.reshape(size, -1)
            nothing = np.zeros(features.shape[1])
            y = function(features, nothing, nothing + 1)[0].reshape(z.shape)
        found.append(y)
        h = np.maximum(y, 0)
    return np.array(found)


@cache
def right_running() -> tuple[Array, Array]:
    """The running statistics by the course's own batch norm."""
    return running_statistics(draw(), batch_norm)


@cache
def followed() -> NDArray[np.int64]:
    """In each layer the unit whose value for the shared picture is nearest to 1 in evaluation mode."""
    values = normalised(draw(), 1.0, 1, MODES[1], batch_norm, right_running())[:, 0, 0]
    return np.asarray(np.abs(values - 1).argmin(axis=1))


def layers_state(
    scale: float, size: int, mode: str, without: Array, values: Array, units: NDArray[np.int64],
    reference: Array | None = None, verdict: str = "",
) -> Layers:  # fmt: skip
    """The picture of these values (DEPTH, size, BATCHES, WIDTH), and of those without batch norm."""
    shared = values[:, 0]
    noise = shared.std(axis=1).mean(axis=1)
    spread_without, spread_with = _spread(without), _spread(values)
    says = _says(scale, size, mode, float(spread_without[-1]), float(spread_with[-1]), noise)
    return Layers(
        without=_histograms(without),
        with_norm=_histograms(values),
        spread_without=spread_without,
        spread_with=np.where(spread_with > 0, spread_with, np.nan),
        reference=np.full(DEPTH, np.nan) if reference is None else _spread(reference),
        same=_histograms(shared[np.arange(DEPTH), :, units]),
        noise=noise,
        says=says + (f" {verdict}" if verdict else ""),
    )


def _spread(values: Array) -> Array:
    return np.asarray(values.std(axis=tuple(range(1, values.ndim))))


def _histograms(values: Array) -> Array:
    bins = len(EDGES) - 1
    places = ((values - EDGES[0]) / (EDGES[1] - EDGES[0])).clip(0, bins - 1).astype(int)
    return np.array([np.bincount(layer.ravel(), minlength=bins) / layer.size for layer in places])


def _says(scale: float, size: int, mode: str, without: float, with_norm: float, noise: Array) -> str:
    says = f"Weights of {scale:g} times He's size: in layer {DEPTH} the spread is {without:.2g} without batch norm and "
    says += f"{with_norm:.2g} with it. "
    if mode == MODES[1]:
        return says + "In evaluation mode a picture's values are the same whoever shares its batch, also all alone."
    if size == 1:
        says += "A batch of one is its own mean: every value becomes 0, and all pictures look alike."
        return says + " PyTorch refuses such a batch."
    return says + (
        f"From one batch of {size} to the next, the same picture's values vary by {noise[0]:.2f} in layer 1 "
        f"and by {noise[-1]:.2f} in layer {DEPTH}."
    )


def judge(own: StudentFunction) -> str:
    """Whether the student's function is right on one batch, and if not, what is wrong."""
    rng = np.random.default_rng(0)
    x, mean, variance = rng.normal(2, 3, (5, 3)), rng.normal(size=3), rng.uniform(1, 2, 3)
    found = own(x, np.ones(3), np.zeros(3), mean, variance, shape=(7, 3))
    right = np.vstack(batch_norm(x, mean, variance))
    for name, rows in (("y", slice(0, 5)), ("new running mean", 5), ("new running variance", 6)):
        if not np.allclose(found[rows], right[rows], rtol=1e-6, atol=1e-8):
            yours, wanted = np.ravel(found[rows])[0], np.ravel(right[rows])[0]
            return f"Your {name} begins with {yours:.3f} where {wanted:.3f} is right."
    return "Your batch norm gives what ours gives."


def batch_norm_layers(batch_norm_forward: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 8.4: eight layers on real digits at the start of training, with and without batch norm.

    batch_norm_forward  the student's own: it normalises; the spread that the course's gives stays as a dashed line
    """

    def stacked(*inputs: Any) -> Array:
        assert batch_norm_forward is not None
        y, mean, variance = batch_norm_forward(*inputs)
        return np.vstack([np.asarray(part, dtype=float) for part in (y, mean, variance)])

    def only_y(*inputs: Any) -> Any:
        assert batch_norm_forward is not None
        return batch_norm_forward(*inputs)[0]

    stacks = draw()
    own = StudentFunction(None if batch_norm_forward is None else stacked, "batch_norm_forward")
    alone = StudentFunction(None if batch_norm_forward is None else only_y, "batch_norm_forward")
    verdict = judge(own) if own else ""

    def student(x: Array, mean: Array, variance: Array) -> tuple[Array, Array, Array]:
        gamma, beta = np.ones(x.shape[1]), np.zeros(x.shape[1])
        if len(x) > 1:
            found = own(x, gamma, beta, mean, variance, shape=(len(x) + 2, x.shape[1]))
            return found[:-2], found[-2], found[-1]
        # a batch of one has no unbiased variance: whatever happens there is no fault of the student's
        y = alone(x, gamma, beta, mean, variance, shape=x.shape)
        right = batch_norm(x, mean, variance)
        return (y if np.isfinite(y).all() else right[0]), right[1], right[2]

    running = running_statistics(stacks, student) if own and not own.trouble else right_running()
    usable = bool(own) and not own.trouble
    if own and not usable:
        own.trouble += " Until it works you see the reference."

    @cache
    def bare(scale: float, size: int) -> Array:
        return plain(stacks, scale, size)

    def model(scale: float, size: int, mode: str) -> Layers:
        without = bare(scale, size)
        values = reference = normalised(stacks, scale, size, mode, batch_norm, right_running())
        if usable:
            values = normalised(stacks, scale, size, mode, student, running)
        return layers_state(
            scale, size, mode, without, values, followed(), reference if usable else None, verdict if usable else ""
        )

    ghost = [Line(NUMBERS, "reference", style="ghost", label="ours")] if usable else []
    layers = tuple(f"layer {k}" for k in range(1, DEPTH + 1))
    return Explorer(
        model,
        view=[
            Histogram(
                "without", EDGES, limits=(0, 0.2), names=layers, colour="vermilion", x_name="value", height=330,
                title="Without batch norm: what enters each ReLU",
            ),
            Histogram(
                "with_norm", EDGES, limits=(0, 0.2), names=layers, x_name="value", height=330, title="With batch norm",
            ),
            Curve(
                Line(NUMBERS, "spread_without", colour="vermilion", label="without"),
                *ghost,
                Line(NUMBERS, "spread_with", colour="blue", label="with"),
                x=(1, DEPTH), y=(1e-3, 1e3), y_scale="log", title="Spread of these values", x_name="layer",
            ),
            Histogram(
                "same", EDGES, limits=(0, 0.5), names=layers, x_name="value of one unit", colour="green",
                title=f"One and the same digit in {BATCHES} batches",
            ),
        ],
        scale=Slider(values=SCALES, start=0.7, label="weights / He's size", format="g"),
        size=Slider(values=SIZES, start=64, label="batch size", format="d"),
        mode=Choice(*MODES),
        notice=own,
        presets=PRESETS,
        coarse=["without", "with_norm", "same"],
    )  # fmt: skip
