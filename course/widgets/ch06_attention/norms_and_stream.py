"""Which numbers share a mean: layer norm and batch norm on one batch; and what the norm does to the residual stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import (
    Choice,
    Curve,
    Dot,
    Explorer,
    Guide,
    Heat,
    Histogram,
    Line,
    Mechanism,
    Slider,
    StudentFunction,
    written,
)

__all__ = [
    "BATCHES", "FEATURE", "GAINS", "KINDS", "LAYERS", "LOUD", "POSITION", "PRESETS", "SCHEMES", "SHIFTED", "SHIFTS",
    "Norms", "batch", "layer_norm", "normalised", "norms_and_stream", "norms_state", "stream",
]  # fmt: skip

Array = NDArray[np.float64]
EPS = 1e-5
MOST, POSITIONS, FEATURES = 32, 3, 20
SHOWN = 8  # examples in the picture
POSITION, FEATURE, SHIFTED = 1, 18, 4  # of example 0: the number that is followed; the feature that is shifted
KINDS = ("layer norm", "batch norm", "batch norm, positions too")
BATCHES = (1, 2, 4, 8, 16, 32)
LOUD = (0.2, 0.5, 1.0, 2.0, 5.0)
SHIFTS = (0, 2, 4, 8, 16)
EDGES: Array = np.linspace(-4.0, 4.0, 33)
LAYERS, WIDTH, TOKENS = 24, 64, 16
GAINS = (0.25, 0.5, 1.0, 2.0)
SCHEMES = ("pre-norm", "post-norm", "no norm", "no residual")
OWN = ("after", "shares", "layer_line", "value", "says")

_CALM: dict[str, object] = {"kind": "layer norm", "size": 8, "loud": 1.0, "shift": 0, "gain": 1.0}
PRESETS: dict[str, dict[str, object]] = {
    "each row by itself": _CALM,
    "a batch of 1 erases": _CALM | {"kind": "batch norm", "size": 1},
    "a batch of 2 knows signs alone": _CALM | {"kind": "batch norm", "size": 2},
    "positions leak": _CALM | {"kind": "batch norm, positions too", "size": 1},
    "a loud example": _CALM | {"kind": "batch norm", "loud": 5.0},
    "a feature far off": _CALM | {"shift": 16},
    "strong branches explode": _CALM | {"gain": 2.0},
    "weak branches die out": _CALM | {"gain": 0.25},
}


@dataclass(frozen=True)
class Norms:
    """One batch before and after, one number of it at every batch size, and a stream through 24 layers."""

    before: Array  # (SHOWN * POSITIONS, FEATURES)
    after: Array
    boxes: Array  # (boxes, 4) around the numbers that share a mean with the followed one, and around that one
    shares: Array  # (2, bins) per cent of all numbers, before and after
    layer_line: Array  # (BATCHES,) the followed number after each kind of norm
    batch_line: Array
    both_line: Array
    size: float
    value: float
    pre: Array  # (LAYERS + 1,) size of the stream
    post: Array
    none: Array
    bare: Array
    grad_pre: Array  # size of the gradient at each layer
    grad_post: Array
    grad_none: Array
    grad_bare: Array
    right_pre: Array  # the course's own layer norm; NaN where the shown one is that
    right_post: Array
    says: str


@cache
def batch() -> Array:
    """(MOST, POSITIONS, FEATURES) a batch in hundredths: some rows are louder than others, some features lie higher."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(MOST, POSITIONS, FEATURES))
    loudness = np.exp(rng.normal(0, 0.5, (MOST, POSITIONS, 1)))
    return np.asarray((x * loudness + rng.normal(0, 0.7, FEATURES)).round(2))


def layer_norm(x: Array, gamma: Array, beta: Array, eps: float = EPS) -> Array:
    """The course's own: over the last axis, biased variance."""
    centred = x - x.mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps) * gamma + beta)


def normalised(x: Array, axes: tuple[int, ...]) -> Array:
    """x less its mean, over its standard deviation, both taken over these axes."""
    centred = x - x.mean(axis=axes, keepdims=True)
    return np.asarray(centred / np.sqrt((centred**2).mean(axis=axes, keepdims=True) + EPS))


AXES = {"layer norm": (2,), "batch norm": (0,), "batch norm, positions too": (0, 1)}
LayerNorm = Callable[[Array], Array]


def _reference(x: Array) -> Array:
    return layer_norm(x, np.ones(x.shape[-1]), np.zeros(x.shape[-1]))


@cache
def _weights() -> list[tuple[Array, Array]]:
    """Of each layer's branch: He's variance, so that a branch of gain 1 keeps the size of its input."""
    rng = np.random.default_rng(1)
    wide = 2 * WIDTH
    return [
        (rng.normal(0, np.sqrt(2 / WIDTH), (wide, WIDTH)), rng.normal(0, np.sqrt(1 / wide), (WIDTH, wide)))
        for _ in range(LAYERS)
    ]


def _size(x: Array) -> float:
    return float(np.sqrt(np.mean(x**2)))


def stream(scheme: str, gain: float, norm: LayerNorm = _reference) -> tuple[Array, Array]:
    """Root mean square of the stream after each of 24 layers, and of the gradient of a random loss there: (25,) each.

    A layer adds gain * branch: two matrices with a ReLU between them.  The gradient is that of the course's own norm.
    """
    rng = np.random.default_rng(2)
    x, grad = rng.normal(size=(2, TOKENS, WIDTH))
    sizes, kept = [_size(x)], []
    for up, down in _weights():
        inner = norm(x) if scheme == "pre-norm" else x
        z = inner @ up.T
        summed = gain * np.maximum(z, 0) @ down.T
        if scheme != "no residual":
            summed = x + summed
        kept.append((x, z, summed))
        x = norm(summed) if scheme == "post-norm" else summed
        sizes.append(_size(x))
    gradients = [_size(grad)]
    for (up, down), (x, z, summed) in zip(reversed(_weights()), reversed(kept), strict=True):
        if scheme == "post-norm":
            grad = _norm_backward(grad, summed)
        through = gain * ((grad @ down) * (z > 0)) @ up
        if scheme == "pre-norm":
            through = _norm_backward(through, x)
        grad = through if scheme == "no residual" else grad + through
        gradients.append(_size(grad))
    return np.array(sizes), np.array(gradients[::-1])


def _norm_backward(grad: Array, x: Array) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPS)
    standard = centred / scale
    along = (grad * standard).mean(axis=-1, keepdims=True)
    return np.asarray((grad - grad.mean(axis=-1, keepdims=True) - standard * along) / scale)


@cache
def _streams() -> dict[str, tuple[Array, Array]]:
    """(gains, LAYERS + 1) sizes and gradients of each scheme, with the course's own norm."""
    return {name: _all_gains(name, _reference) for name in SCHEMES}


def _all_gains(scheme: str, norm: LayerNorm) -> tuple[Array, Array]:
    sizes, gradients = zip(*(stream(scheme, gain, norm) for gain in GAINS), strict=True)
    return np.clip(sizes, 1e-30, 1e30), np.clip(gradients, 1e-30, 1e30)


def changed(loud: float, shift: float) -> Array:
    """The whole batch with example 1 multiplied, and then one feature of every example shifted."""
    x = batch().copy()
    x[0] *= loud
    x[:, :, SHIFTED] += shift
    return x


def _boxes(kind: str, size: int) -> Array:
    """Row, column, height and width; the same number of boxes in every state."""
    boxes = np.full((SHOWN + 1, 4), np.nan)
    boxes[-1] = POSITION, FEATURE, 1, 1  # the followed number itself
    if kind == "layer norm":
        boxes[0] = POSITION, 0, 1, FEATURES
    elif kind == "batch norm":
        for example in range(min(size, SHOWN)):
            boxes[example] = example * POSITIONS + POSITION, FEATURE, 1, 1
    else:
        boxes[0] = 0, FEATURE, min(size, SHOWN) * POSITIONS, 1
    return boxes


def _shares(x: Array) -> Array:
    """Per cent of the numbers in each bin; what lies outside counts in the last bin of its side."""
    bins = len(EDGES) - 1
    places = np.clip(np.floor((x.ravel() - EDGES[0]) / (EDGES[1] - EDGES[0])), 0, bins - 1).astype(int)
    return np.asarray(100 * np.bincount(places, minlength=bins) / x.size)


def _table(x: Array) -> Array:
    """The first examples, position by position; NaN for seats that are empty."""
    table = np.full((SHOWN * POSITIONS, FEATURES), np.nan)
    rows = x[:SHOWN].reshape(-1, FEATURES)
    table[: len(rows)] = rows
    return table


def norms_state(kind: str, size: int, loud: float, shift: float, gain: float,
                norm: LayerNorm = _reference, streams: dict[str, tuple[Array, Array]] | None = None,
                differs: bool = False) -> Norms:  # fmt: skip
    """A batch of `size` examples under one kind of norm, and the stream at one gain of the branches.

    norm     the layer norm that is shown; streams: sizes with it
    differs  it is not the course's own
    """
    whole = changed(loud, shift)
    x = whole[:size]
    after = norm(x) if kind == "layer norm" else normalised(x, AXES[kind])
    here = (0, POSITION, FEATURE)
    lines = {name: np.array([normalised(whole[:n], axes)[here] for n in BATCHES]) for name, axes in AXES.items()}
    right = lines["layer norm"][0]
    if norm is not _reference:
        lines["layer norm"] = np.array([norm(whole[:n])[here] for n in BATCHES])
    at = GAINS.index(gain)
    ours = _streams()
    shown = ours if streams is None else streams
    unseen = np.full(LAYERS + 1, np.nan)
    says = _says(kind, size, loud, shift, gain, x, float(after[here]), float(lines["batch norm"][-1]), shown)
    if differs:
        says += f" By your layer_norm the followed number is {written(lines['layer norm'][BATCHES.index(size)], '.2f')}"
        says += f"; {written(right, '.2f')} is right."
    return Norms(
        before=_table(x),
        after=_table(after),
        boxes=_boxes(kind, size),
        shares=np.array([_shares(x), _shares(after)]),
        layer_line=lines["layer norm"],
        batch_line=lines["batch norm"],
        both_line=lines["batch norm, positions too"],
        size=float(size),
        value=float(after[here]),
        pre=shown["pre-norm"][0][at],
        post=shown["post-norm"][0][at],
        none=shown["no norm"][0][at],
        bare=shown["no residual"][0][at],
        grad_pre=ours["pre-norm"][1][at],
        grad_post=ours["post-norm"][1][at],
        grad_none=ours["no norm"][1][at],
        grad_bare=ours["no residual"][1][at],
        right_pre=ours["pre-norm"][0][at] if differs else unseen,
        right_post=ours["post-norm"][0][at] if differs else unseen,
        says=says,
    )


def _says(kind: str, size: int, loud: float, shift: float, gain: float, x: Array, value: float, full: float,
          streams: dict[str, tuple[Array, Array]]) -> str:  # fmt: skip
    now, before = written(value, ".2f"), written(x[0, POSITION, FEATURE], ".2f")
    examples = "1 example" if size == 1 else f"{size} examples"
    if gain != 1:
        at = GAINS.index(gain)
        pre, post, none, bare = (written(streams[name][0][at, -1], ".2g") for name in SCHEMES)
        return (
            f"Branches of gain {written(gain, '.2g')}: after 24 layers the stream has size {none} without norm, {bare} "
            f"without residual, {pre} with pre-norm and {post} with post-norm. Above, {before} becomes {now}."
        )
    if kind == "layer norm":
        says = f"Layer norm makes {before} into {now} with {examples} and with any number of them: "
        if shift:
            others = np.delete(x[0, POSITION], SHIFTED)
            spread = float(others.std() / np.sqrt(np.mean((x[0, POSITION] - x[0, POSITION].mean()) ** 2) + EPS))
            says += "but the far-off feature sits in its row's mean, and the other 19 are left a spread of "
            return says + f"{written(spread, '.2f')}."
        if loud != 1:
            return says + f"example 1 times {written(loud, '.2g')} is undone, as only its own 20 numbers count."
        return says + "its mean and its variance come from its own row of 20 numbers."
    if kind == "batch norm":
        if size == 1:
            return f"Batch norm of 1 example makes {before} into {now}: each number is its own mean, all is erased."
        if size == 2:
            return f"Batch norm of 2 examples makes {before} into {now}: of two numbers one is +1 and the other −1."
        says = f"Batch norm makes {before} into {now} with {examples}, and into {written(full, '.2f')} with 32: "
        if loud > 1:
            rest = np.delete(normalised(x, (0,)), 0, axis=0)
            return says + f"the loud example 1 leaves the others a spread of {written(float(rest.std()), '.2f')}."
        if shift:
            return says + "the far-off feature is brought back, as its mean is taken over the examples."
        return says + "the answer for example 1 depends on who else is in the batch."
    count = POSITIONS * size
    return (
        f"With positions too, the mean is taken over {count} numbers, and {before} becomes {now}: even alone, "
        "position 2 now depends on position 3. In a model that may not look ahead this is a leak."
    )


def norms_and_stream(layer_norm: Callable[..., Any] | None = None) -> Explorer:
    """Widget of chapter 6: a batch before and after layer norm or batch norm, and a stream through 24 layers.

    layer_norm  the student's own; where its stream differs, ours stays as a dashed line
    """
    own = StudentFunction(layer_norm, "layer_norm")

    def theirs(x: Array) -> Array:
        return own(x, np.ones(x.shape[-1]), np.zeros(x.shape[-1]), shape=x.shape)

    tried = theirs(batch()) if own else batch()
    works = bool(own) and np.isfinite(tried).all()
    if own and not works:
        own.trouble += " Until it works you see the reference."
    streams = dict(_streams())
    if works:
        for scheme in ("pre-norm", "post-norm"):
            sizes = _all_gains(scheme, theirs)[0]
            streams[scheme] = (np.where(np.isfinite(sizes), sizes, 1e30), streams[scheme][1])
    differs = bool(works and not np.allclose(tried, _reference(batch()), atol=1e-4))

    def model(kind: str, size: int, loud: float, shift: float, gain: float) -> Norms:
        return norms_state(kind, size, loud, shift, gain, theirs if works else _reference, streams, differs)

    rows = [f"example {row // POSITIONS + 1}" if row % POSITIONS == 0 else "" for row in range(SHOWN * POSITIONS)]
    places, layers = np.array(BATCHES, dtype=float), np.arange(LAYERS + 1.0)
    look: dict[str, Any] = {"x": (0, LAYERS), "x_name": "layer", "y_scale": "log", "height": 250}
    ghosts = [Line(layers, "right_pre", style="ghost"), Line(layers, "right_post", style="ghost")] if differs else []
    return Explorer(
        model,
        view=[
            Heat("before", limits=(-3, 3), rows=rows, boxes="boxes", column_name="20 features",
                 title="Before; what the box holds shares a mean"),
            Heat("after", limits=(-3, 3), rows=rows, boxes="boxes", column_name="20 features", title="After"),
            Histogram("shares", EDGES, limits=(0, 25), names=("before", "after"), x_name="value",
                      title="All numbers of the batch", height=230),
            Curve(
                Guide(x="size"),
                Line(places, "batch_line", colour="vermilion", label="batch norm"),
                Line(places, "both_line", colour="purple", style="dashed", label="positions too"),
                Line(places, "layer_line", colour="blue", label="layer norm"),
                Dot("size", "value", colour="ink", size=6, hollow=True),
                x=(1, 32), y=(-3, 3), x_scale="log", x_at=BATCHES, x_name="examples in the batch", height=230,
                title="One number of example 1, after the norm",
            ),
            Curve(
                Line(layers, "none", colour="vermilion", label="no norm"),
                Line(layers, "bare", colour="purple", style="dashed", label="no residual"),
                Line(layers, "pre", colour="blue", label="pre-norm"),
                Line(layers, "post", colour="green", label="post-norm"),
                *ghosts,
                y=(1e-6, 1e9), title="Size of the residual stream, 24 layers", **look,
            ),
            Curve(
                Line(layers, "grad_none", colour="vermilion", label="no norm"),
                Line(layers, "grad_bare", colour="purple", style="dashed", label="no residual"),
                Line(layers, "grad_pre", colour="blue", label="pre-norm"),
                Line(layers, "grad_post", colour="green", label="post-norm"),
                y=(1e-6, 1e9), title="Size of the gradient that comes back", **look,
            ),
        ],
        kind=Choice(*KINDS, label="norm"),
        size=Slider(values=BATCHES, start=8, label="examples in the batch", format="d"),
        loud=Slider(values=LOUD, start=1.0, label="example 1 times", format="g"),
        shift=Slider(values=SHIFTS, start=0, label=f"feature {SHIFTED + 1} plus", format="d"),
        gain=Slider(values=GAINS, start=1.0, label="gain of the branches", format="g"),
        mechanism=Mechanism(
            [Path(__file__).with_suffix(".js")],
            data={
                "batch": batch(),
                "batches": list(BATCHES),
                "gains": list(GAINS),
                "shown": SHOWN, "position": POSITION, "feature": FEATURE, "shifted": SHIFTED, "eps": EPS,
                "layers": LAYERS + 1,
                "edges": EDGES,
                "streams": {name: {"sizes": sizes, "gradients": grads} for name, (sizes, grads) in streams.items()},
                "right": {name: _streams()[name][0] for name in ("pre-norm", "post-norm")},
                "differs": differs,
            },
            own=OWN if works else (),
        ),
        notice=own,
        presets=PRESETS,
    )  # fmt: skip
