"""A mechanism that runs in the page: for state spaces too large to compute beforehand.

A dragged start point, a network that trains while you look: there the page computes each state itself, from a short
script with a twin in NumPy.  Panels, controls and everything else of an Explorer stay as they are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Mechanism", "Run", "plain", "stored"]


@dataclass(frozen=True)
class Run:
    """The page keeps a state and steps it: Run, Pause, Step and Reset appear beside the controls.

    restart     names of controls that begin anew when they are moved; the others act on the running state
    per_frame   steps between two pictures
    label       what is counted
    """

    restart: Sequence[str] = ()
    per_frame: int = 1
    label: str = "steps"


@dataclass(frozen=True)
class Mechanism:
    """What the page needs to compute the fields of a model itself.

        Explorer(model, view=[...], mechanism=Mechanism("bowl", [HERE / "bowl.js"], data={"noise": noise}), ...)

    name      the script registers itself: MECHANISMS["bowl"] = {...}
    scripts   JavaScript files, in this order; plain statements without import and export
    data      arrays from Python, such as all random numbers: the script gets {name: {data, shape}}, in float64
    run       None: the script has fields(controls, data), called at every move of a control.
              A Run: it has start(controls, data), step(state, controls, data) and fields(state, controls, data),
              where a state is made of numbers, texts, lists and objects of them
    own       the student's part, which only the kernel can run.  Without a run: own(**controls) -> mapping of fields
              that replace the script's.  With a run: own(state, steps, **controls) -> state.  The page asks for it
              while a kernel is there; where none is, it shows the script's own fields and says so
    own_when  with a run: (control, value) with which the kernel steps; otherwise the page does

    The model of the Explorer is the NumPy twin: it takes the controls and gives the same fields (of the first state,
    where there is a run).  A test holds script and twin together.
    """

    name: str
    scripts: Sequence[Path]
    data: Mapping[str, Any] = field(default_factory=dict)
    run: Run | None = None
    own: Callable[..., Any] | None = None
    own_when: tuple[str, str] | None = None

    @property
    def text(self) -> str:
        """The scripts, one after the other."""
        return "\n".join(Path(script).read_text("utf-8") for script in self.scripts)

    def spec(self) -> dict[str, Any]:
        """What the page is told."""
        run = self.run and {"restart": list(self.run.restart), "per_frame": self.run.per_frame, "label": self.run.label}
        return {"name": self.name, "run": run, "own": self.own is not None, "own_when": self.own_when}


def stored(arrays: Mapping[str, Any], block: bytes) -> tuple[bytes, dict[str, dict[str, Any]]]:
    """The block with these arrays appended in float64, and where each of them lies."""
    out = bytearray(block)
    places = {}
    for name, values in arrays.items():
        out += bytes(-len(out) % 8)
        array = np.ascontiguousarray(values, dtype="<f8")
        places[name] = {"at": len(out), "shape": list(array.shape)}
        out += array.tobytes()
    return bytes(out), places


def plain(value: Any) -> Any:
    """Dataclasses, mappings and arrays as what JSON can carry; numbers that are not finite become None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    if isinstance(value, np.integer | np.bool_):
        return value.item()
    return value
