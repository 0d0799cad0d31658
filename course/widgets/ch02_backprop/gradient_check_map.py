"""A network whose backward pass has one fault: which gradients a check calls wrong, and where the fault must be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import Bars, Choice, Explorer, Graph

__all__ = ["FAULTS", "PRESETS", "Check", "check_state", "gradient_check_map"]

Array = NDArray[np.float64]
SIZES = (3, 4, 3, 2)
N = 6
H = 1e-5
WRONG = 1e-6  # a larger relative error is called wrong

PLACES = ("loss", "linear 3", "ReLU 2", "linear 2", "ReLU 1", "linear 1")
FAULTS: dict[str, str] = {"none": ""} | {place: place for place in PLACES} | {"ReLU 2, and forward too": "both"}
KINDS = ("wrong sign", "twice too large", "passes everything on")
PRESETS: dict[str, dict[str, object]] = {
    "all right": {"fault": "none", "kind": "wrong sign"},
    "a fault in the middle": {"fault": "ReLU 2", "kind": "passes everything on"},
    "a fault at the loss": {"fault": "loss", "kind": "twice too large"},
    "wrong together": {"fault": "ReLU 2, and forward too", "kind": "passes everything on"},
}
NAMES = ("x", "W1", "b1", "z1", "h1", "W2", "b2", "z2", "h2", "W3", "b3", "z3")
ON_THE_WAY = (
    ("z3", "the loss"),
    ("h2", "linear 3"),
    ("z2", "ReLU 2"),
    ("h1", "linear 2"),
    ("z1", "ReLU 1"),
    ("x", "linear 1"),
)  # from the loss to the input: each gradient, and the step that computed it
SPOTS = {
    "x": (0.02, 0.75), "z1": (0.17, 0.75), "h1": (0.33, 0.75), "z2": (0.5, 0.75), "h2": (0.66, 0.75),
    "z3": (0.82, 0.75), "loss": (0.98, 0.75),
    "W1": (0.1, 0.2), "b1": (0.24, 0.2), "W2": (0.43, 0.2), "b2": (0.57, 0.2), "W3": (0.75, 0.2), "b3": (0.89, 0.2),
}  # fmt: skip
LINKS = (
    ("x", "z1"), ("W1", "z1"), ("b1", "z1"), ("z1", "h1"), ("h1", "z2"), ("W2", "z2"), ("b2", "z2"), ("z2", "h2"),
    ("h2", "z3"), ("W3", "z3"), ("b3", "z3"), ("z3", "loss"),
)  # fmt: skip


@dataclass(frozen=True)
class Check:
    """Relative errors of all gradients, and the network coloured by them."""

    nodes: Array
    edges: Array
    verdicts: Array  # -1 right, 1 wrong, NaN for the loss
    names: tuple[str, ...]
    texts: tuple[str, ...]
    errors: Array
    says: str


def _arrays() -> dict[str, Array]:
    rng = np.random.default_rng(2)
    arrays = {"x": rng.normal(size=(N, SIZES[0]))}
    for k in (1, 2, 3):
        arrays[f"W{k}"] = rng.normal(size=(SIZES[k], SIZES[k - 1]))
        arrays[f"b{k}"] = rng.normal(size=SIZES[k])
    return arrays


LABELS = np.array([0, 1, 1, 0, 1, 0])


def _forward(arrays: dict[str, Array], no_relu_2: bool, moved: dict[str, Array] | None = None) -> dict[str, Array]:
    """All values; moved: what is added to a hidden value, so that its slope can be measured too."""
    moved = moved or {}
    values, h = dict(arrays), arrays["x"] + moved.get("x", 0.0)
    for k in (1, 2, 3):
        z = h @ (arrays[f"W{k}"] + moved.get(f"W{k}", 0.0)).T + arrays[f"b{k}"] + moved.get(f"b{k}", 0.0)
        z = z + moved.get(f"z{k}", 0.0)
        values[f"z{k}"] = z
        h = z if k == 3 or (k == 2 and no_relu_2) else np.maximum(z, 0)
        h = h + moved.get(f"h{k}", 0.0)
        values[f"h{k}"] = h
    shifted = values["z3"] - values["z3"].max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    values["loss"] = -np.mean(log_p[np.arange(N), LABELS])
    values["p"] = np.exp(log_p)
    return values


def _broken(grad: Array, kind: str, slope: Array | float) -> Array:
    """What a broken step hands on; slope is what it should have multiplied by, for steps that are elementwise."""
    if kind == "wrong sign":
        return -grad * slope
    return 2 * grad * slope if kind == "twice too large" else grad * np.ones_like(np.asarray(slope))


def _backward(values: dict[str, Array], fault: str, kind: str) -> dict[str, Array]:
    one_hot = np.eye(SIZES[-1])[LABELS]
    right = (values["p"] - one_hot) / N
    wrong = values["p"] if kind == "passes everything on" else _broken(right, kind, 1.0)
    grads = {"z3": wrong if fault == "loss" else right}
    for k in (3, 2, 1):
        grad, given = grads[f"z{k}"], values["x"] if k == 1 else values[f"h{k - 1}"]
        factor = {"wrong sign": -1.0, "twice too large": 2.0, "passes everything on": 1.0}[kind]
        here = fault == f"linear {k}"
        scale = factor if here else 1.0
        grads[f"W{k}"], grads[f"b{k}"] = scale * grad.T @ given, scale * grad.sum(axis=0)
        weight = np.ones_like(values[f"W{k}"]) if here and factor == 1.0 else values[f"W{k}"]
        before = scale * grad @ weight
        if k == 1:
            grads["x"] = before
            continue
        grads[f"h{k - 1}"] = before
        slope = (values[f"z{k - 1}"] > 0).astype(float)
        passing = fault == f"ReLU {k - 1}" or (fault == "both" and k == 3)
        chosen = "passes everything on" if fault == "both" else kind
        grads[f"z{k - 1}"] = _broken(before, chosen, slope) if passing else before * slope
    return grads


def check_state(fault: str, kind: str) -> Check:
    """The gradient check of every array, with central differences of the network's own forward pass."""
    where = FAULTS[fault]
    arrays, together = _arrays(), where == "both"
    values = _forward(arrays, together)
    grads = _backward(values, where, kind)
    errors = np.array([_error(arrays, values, name, grads[name], together) for name in NAMES])
    wrong = [name for name, error in zip(NAMES, errors, strict=True) if error > WRONG]
    loss, right_loss = float(values["loss"]), float(_forward(arrays, False)["loss"])
    spots = [*NAMES, "loss"]
    if together:
        says = (
            f"Every gradient agrees with the differences, and yet the loss is {loss:.3f} where {right_loss:.3f} is "
            f"right: the forward pass is wrong in the same way."
        )
    elif not wrong:
        says = f"Every gradient agrees with the differences, to {errors.max():.0e} at worst."
    else:
        says = f"Wrong: {', '.join(wrong)}. Right: {', '.join(name for name in NAMES if name not in wrong) or 'none'}. "
        says += f"On the way back the first wrong one comes out of {_first_wrong(wrong)}: there is the fault."
    marks = [1.0 if name in wrong else -1.0 for name in NAMES] + [np.nan]
    return Check(
        nodes=np.array([SPOTS[name] for name in spots]),
        edges=np.array([[spots.index(a), spots.index(b)] for a, b in LINKS], dtype=float),
        verdicts=np.array(marks),
        names=tuple(f"loss {loss:.3f}" if name == "loss" else "" for name in spots),
        texts=tuple("" if name == "loss" else f"{'✗' if name in wrong else '✓'}{name}" for name in spots),
        errors=np.maximum(errors, 1e-14),
        says=says,
    )


def _first_wrong(wrong: list[str]) -> str:
    """The step whose result is the first wrong one, seen from the loss."""
    return next(step for name, step in ON_THE_WAY if name in wrong)


def _error(arrays: dict[str, Array], values: dict[str, Array], name: str, grad: Array, together: bool) -> float:
    """How far a gradient is from central differences, relative to the sizes of both."""
    measured = np.zeros(values[name].shape)
    for place in np.ndindex(measured.shape):
        nudge = np.zeros(measured.shape)
        nudge[place] = H
        up = _forward(arrays, together, {name: nudge})["loss"]
        down = _forward(arrays, together, {name: -nudge})["loss"]
        measured[place] = (up - down) / (2 * H)
    return float(np.linalg.norm(measured - grad) / (np.linalg.norm(measured) + np.linalg.norm(grad)))


def gradient_check_map() -> Explorer:
    """Widget of section 2.6: break one step of the backward pass and see what a gradient check says."""
    return Explorer(
        check_state,
        view=[
            Graph(
                "nodes",
                "edges",
                values="verdicts",
                limits=(-1.3, 1.3),
                names="names",
                texts="texts",
                title="A 3-4-3-2 network: ✓ right, ✗ wrong gradient",
                radius=18,
                arrows=True,
                height=240,
                wide=True,
            ),
            Bars(
                "errors",
                limits=(1e-14, 10.0),
                scale="log",
                names=NAMES,
                numbers=".0e",
                title="Relative error of each gradient",
                height=220,
                wide=True,
            ),
        ],
        fault=Choice(*FAULTS, label="fault in the backward pass of"),
        kind=Choice(*KINDS, label="kind of fault"),
        presets=PRESETS,
    )
