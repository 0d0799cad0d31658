"""An LSTM cell of one unit whose three gates are moved by hand: input, gates, memory and output over twenty steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.ch05_lstm.cells import lstm_cell as reference
from course.widgets.kit import Band, Choice, Curve, Explorer, Line, Slider, StudentFunction, Time

__all__ = ["FORGET", "INPUT", "OUTPUT", "PRESETS", "SIGNALS", "Gates", "gate_player", "gates_state", "played"]

Array = NDArray[np.float64]
STEPS = 20
STEP: Array = np.arange(1.0, STEPS + 1)
WRITTEN = 3  # the step of the first pulse
WEIGHTS = (-2.0, 0.5, 2.0)
BIAS: Array = np.array([0.5, 1.0, 0.0, -1.5])  # of the gates i, f, g, o; the wished gates make up for it


def _pulses(**sizes: float) -> Array:
    x = np.zeros(STEPS)
    for step, size in sizes.items():
        x[int(step[1:]) - 1] = size
    return x


def _noise() -> Array:
    x = np.random.default_rng(2).uniform(-0.6, 0.6, STEPS)
    x[: WRITTEN + 1] = _pulses(s3=1.0)[: WRITTEN + 1]
    return x


def _held(value: float, **other: float) -> Array:
    gate = np.full(STEPS, value)
    for step, one in other.items():
        gate[int(step[1:]) - 1] = one
    return gate


SIGNALS: dict[str, Array] = {
    "one pulse": _pulses(s3=1.0),
    "three pulses": _pulses(s3=1.0, s8=1.0, s13=1.0),
    "up, then down": _pulses(s3=1.0, s11=-1.0),
    "a pulse, then noise": _noise(),
}
INPUT: dict[str, Array] = {
    "open": _held(1.0),
    "half open": _held(0.5),
    "open at step 3 only": _held(0.0, s3=1.0),
    "shut": _held(0.0),
}
FORGET: dict[str, Array] = {
    "1: keeps everything": _held(1.0),
    "0.95": _held(0.95),
    "0.9": _held(0.9),
    "0.5": _held(0.5),
    "0: keeps nothing": _held(0.0),
    "1, but 0 at step 10": _held(1.0, s10=0.0),
}
OUTPUT: dict[str, Array] = {
    "open": _held(1.0),
    "shut until step 15": np.where(STEP <= 15, 0.0, 1.0),
    "shut": _held(0.0),
}

_KEEP: dict[str, object] = {
    "signal": "one pulse", "input_gate": "open", "forget_gate": "1: keeps everything", "output_gate": "open",
    "weight": 2.0, "step": 20,
}  # fmt: skip
_NOISE = _KEEP | {"signal": "a pulse, then noise"}
PRESETS: dict[str, dict[str, object]] = {
    "forget 1 remembers": _KEEP,
    "forget 0.9 fades": _KEEP | {"forget_gate": "0.9"},
    "forget 0 is no memory": _KEEP | {"forget_gate": "0: keeps nothing", "step": 4},
    "it adds up": _KEEP | {"signal": "three pulses"},
    "wiped at step 10": _KEEP | {"signal": "three pulses", "forget_gate": "1, but 0 at step 10", "step": 10},
    "input shut ignores": _KEEP | {"input_gate": "shut"},
    "noise gets in": _NOISE,
    "open for the pulse alone": _NOISE | {"input_gate": "open at step 3 only"},
    "output shut hides": _KEEP | {"output_gate": "shut until step 15", "step": 15},
}


@dataclass(frozen=True)
class Gates:
    """Twenty steps of one cell, each value twice: at the left and the right edge of its step."""

    x: Array  # (2 * STEPS,)
    g: Array
    i: Array
    f: Array
    o: Array
    c: Array
    h: Array
    right_c: Array  # of the course's own cell; NaN where there is no student's
    right_h: Array
    left: Array  # (STEPS,) the edges of each step
    right: Array
    says: tuple[str, ...]


def played(signals: Array, gates: Array, weights: Array, cell: Callable[..., Any] | None = None) -> Array:
    """The memory and the output of N cells: (2, N, STEPS), h first, c second.

    signals  (N, STEPS); gates (3, N, STEPS): i, f, o as they shall be; weights (N,) of the candidate, tanh(weight * x)
    cell     lstm_cell of the chapter.  The gates' logits reach it as inputs, half of a bias in each of the two
    """
    count = len(signals)
    logits = np.log(np.clip(gates, 1e-17, 1)) - np.log(np.clip(1 - gates, 1e-17, 1))
    h = c = np.zeros((count, 1))
    steps = []
    for t in range(STEPS):
        x = np.column_stack([logits[0, :, t], logits[1, :, t], weights * signals[:, t], logits[2, :, t]]) - BIAS
        h, c = (cell or reference)(x, h, c, np.eye(4), np.zeros((4, 1)), BIAS / 2, BIAS / 2)
        steps.append(np.stack([h[:, 0], c[:, 0]]))
    return np.stack(steps, axis=2)


def gates_state(
    signal: str, input_gate: str, forget_gate: str, output_gate: str, weight: float, found: Array | None = None
) -> Gates:
    """One cell under these gates; found (2, STEPS): h and c as the student's cell has them."""
    x, i, f, o = SIGNALS[signal], INPUT[input_gate], FORGET[forget_gate], OUTPUT[output_gate]
    right = played(x[None], np.stack([i, f, o])[:, None], np.array([weight]))[:, 0]
    return _shown(x, np.stack([i, f, o]), weight, right, found)


def _shown(x: Array, gates: Array, weight: float, right: Array, found: Array | None) -> Gates:
    i, f, o = gates
    h, c = right if found is None else found
    nothing = np.full(2 * STEPS, np.nan)
    return Gates(
        x=_stairs(x),
        g=_stairs(np.tanh(weight * x)),
        i=_stairs(i),
        f=_stairs(f),
        o=_stairs(o),
        c=_stairs(c),
        h=_stairs(h),
        right_c=nothing if found is None else _stairs(right[1]),
        right_h=nothing if found is None else _stairs(right[0]),
        left=STEP - 0.5,
        right=STEP + 0.5,
        says=_sentences(x, gates, weight, right, h, c),
    )


def _stairs(values: Array) -> Array:
    return np.repeat(values, 2)


def _sentences(x: Array, gates: Array, weight: float, right: Array, h: Array, c: Array) -> tuple[str, ...]:
    i, f, o = gates
    g = np.tanh(weight * x)
    kept = np.asarray(np.cumprod(np.where(STEP > WRITTEN, f, 1.0)), dtype=np.float64)
    wrong = np.abs(np.stack([h, c]) - right).max(axis=0) > 1e-6
    texts = []
    for t in range(STEPS):
        if wrong[t]:
            h_right, c_right = right[:, t]
            texts.append(
                f"Step {t + 1}: your cell has c = {c[t]:.2f} and h = {h[t]:.2f} where c = {_short(c_right)} and "
                f"h = {_short(h_right)} are right."
            )
            continue
        before = c[t - 1] if t else 0.0
        texts.append(
            f"Step {t + 1}: c = {f[t]:g} × {_short(before)} + {i[t]:g} × {_short(g[t])} = {_short(c[t])}, "
            f"h = {o[t]:g} × tanh(c) = {_short(h[t])}. {_lesson(t + 1, i, o, kept, c, g)}"
        )
    return tuple(texts)


def _lesson(step: int, i: Array, o: Array, kept: Array, c: Array, g: Array) -> str:
    t = step - 1
    if step < WRITTEN:
        return "Nothing has come in yet."
    if not i[WRITTEN - 1]:
        return "The input gate is shut: the memory never hears of a pulse."
    if step == WRITTEN:
        return "The pulse is written into the memory."
    share = kept[t]
    words = "All" if share == 1 else f"{share:.0%}" if share >= 0.005 else "Less than 1%" if share else "Nothing"
    text = f"{words} of what step {WRITTEN} wrote is left"
    other = c[t] - share * i[WRITTEN - 1] * g[WRITTEN - 1]
    if abs(other) > 0.005:
        text += f"; {_short(other)} of the memory came in later"
    return f"{text}{', and outside nobody sees it' if not o[t] and abs(c[t]) > 0.005 else ''}."


def _short(value: float) -> str:
    return f"{value:z.2f}"


def gate_player(lstm_cell: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 5.5: what the gates of an LSTM cell do to its memory.

    lstm_cell  the student's own makes the steps; the right memory and output stay as dashed lines
    """
    own = StudentFunction(lstm_cell, "lstm_cell")
    settings = [(s, i, f, o, w) for s in SIGNALS for i in INPUT for f in FORGET for o in OUTPUT for w in WEIGHTS]
    signals = np.stack([SIGNALS[s] for s, *_ in settings])
    gates = np.stack([[INPUT[i], FORGET[f], OUTPUT[o]] for _s, i, f, o, _w in settings], axis=1)
    weights = np.array([w for *_, w in settings])
    count = len(settings)
    right = played(signals, gates, weights)
    found = played(signals, gates, weights, lambda *inputs: own(*inputs, shape=(2, count, 1))) if own else right
    usable = bool(own) and bool(np.isfinite(found).all())
    rows = {setting: row for row, setting in enumerate(settings)}

    def model(signal: str, input_gate: str, forget_gate: str, output_gate: str, weight: float) -> Gates:
        row = rows[signal, input_gate, forget_gate, output_gate, weight]
        yours = found[:, row] if usable else None
        return _shown(signals[row], gates[:, row], weight, right[:, row], yours)

    return Explorer(
        model,
        view=[
            _strip(("x", "ink", "input x"), ("g", "green", "candidate g"), y=(-1.15, 1.15), at=(-1, 0, 1), height=76),
            _strip(("i", "green", "input gate"), y=(0, 1.1), at=(0, 1), height=54),
            _strip(("f", "blue", "forget gate"), y=(0, 1.1), at=(0, 1), height=54),
            _strip(("c", "vermilion", "memory c"), y=(-3, 3), at=(-2, 0, 2), height=116, ghost="right_c"),
            _strip(("o", "purple", "output gate"), y=(0, 1.1), at=(0, 1), height=54),
            _strip(("h", "purple", "output h"), y=(-1.1, 1.1), at=(-1, 0, 1), height=120, ghost="right_h", last=True),
        ],
        signal=Choice(*SIGNALS, label="input"),
        input_gate=Choice(*INPUT, label="input gate"),
        forget_gate=Choice(*FORGET, start="0.9", label="forget gate"),
        output_gate=Choice(*OUTPUT, label="output gate"),
        weight=Slider(values=WEIGHTS, start=2.0, label="weight of the candidate", format="g"),
        step=Time(STEPS, over=("left", "right", "says"), first=1, start=STEPS - 1, seconds=6),
        notice=own,
        presets=PRESETS,
    )


def _strip(
    *lines: tuple[str, str, str], y: tuple[float, float], at: tuple[float, ...], height: int, ghost: str = "",
    last: bool = False,
) -> Curve:  # fmt: skip
    """One quantity over the steps, named at its right end; strips stand one below the other on one axis."""
    edges = np.repeat(STEP, 2) + np.tile([-0.5, 0.5], STEPS)
    marks: list[Any] = [Band("left", "right", colour="ink")]
    if ghost:
        marks.append(Line(edges, ghost, style="ghost", colour="ghost", until="step"))
    heights = np.linspace(*y, len(lines) + 2)[-2:0:-1]
    for place, (field, colour, words) in enumerate(lines):
        style: Any = "dashed" if place else "solid"
        marks.append(Line(edges, field, colour=colour, style=style, until="step", fill=not place, width=2.0))  # type: ignore[arg-type]
        # a line of a single point draws nothing but its name, always at the same place
        marks.append(Line(np.array([STEPS + 0.5]), np.array([heights[place]]), label=words, colour=colour))  # type: ignore[arg-type]
    return Curve(
        *marks, x=(0.5, STEPS + 0.5), y=y, y_at=at, x_at=(1, 5, 10, 15, 20) if last else (),
        x_name="step" if last else "", height=height, wide=True,
    )  # fmt: skip
