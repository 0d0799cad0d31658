"""A mechanism that runs in the page: for state spaces too large to compute beforehand.

A dragged start point, a network that trains while you look: there the page computes each state itself, in a short
script with a twin in NumPy.  Panels, controls, presets and the rest of an Explorer stay as they are.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from course.widgets.kit.controls import minus

__all__ = ["Mechanism", "Run", "plain", "stored", "taken", "written"]


@dataclass(frozen=True)
class Run:
    """The page keeps a state and steps it: Run, Step and Reset stand below the controls, and Space runs and pauses.

        Run(start, step, restart=("data", "width"), per_frame=2)

    start      the twin of the script's start: start(**controls) -> state, a dict of numbers, texts, lists and dicts
    step       the twin of the script's step: step(state, **controls) -> state
    restart    names of controls that begin anew when they are moved; the others act on the running state
    per_frame  steps between two pictures
    label      what is counted
    own        a step with the student's function, which only the kernel can run: own(state, **controls) -> state;
               the state comes as plain lists.  What it raises is shown as one line, and the run pauses
    own_when   (control, value): the kernel steps only then, the page otherwise

    Each function takes those controls that it names.
    """

    start: Callable[..., Any]
    step: Callable[..., Any]
    restart: Sequence[str] = ()
    per_frame: int = 1
    label: str = "steps"
    own: Callable[..., Any] | None = None
    own_when: tuple[str, Any] | None = None


@dataclass(frozen=True)
class Mechanism:
    """Lets the page compute the fields of an Explorer's model.

        Explorer(model, view=[...], mechanism=Mechanism([HERE / "bowl.js"], data={"noise": noise}), rate=Slider(...))

    scripts  JavaScript files, read one after the other.  Without a run they define

                 function fields(controls, data) { return { x: [...], loss: 0.5, says: `At ${written(0.5, ".2f")}.` }; }

             which is called at every move of a control and gives what the model gives: numbers, texts, lists, lists of
             equally long lists, or { data, shape }.  With a run they define

                 function start(controls, data) { return state; }
                 function step(state, controls, data) { return new state; }
                 function fields(state, controls, data) { ... }

             controls are as the model takes them, a Point as [x, y].  written(value, format) is there as in Python
    data     what comes from Python, such as all random numbers, by name: arrays become { data: Float64Array, shape };
             numbers, texts, lists and dicts of all these stay what they are
    run      see Run; the model is then model(state, **controls)
    own      names of the fields that need the student's function.  While there is a kernel, the page asks it for these
             fields of the model; a page without one says that it shows the course's own function

    The model is the NumPy twin of the script: the poster, `state` and `sentence` come from it, and a test holds the two
    together (tests/browser/test_mechanism_twins.py finds every mechanism by itself).
    """

    scripts: Sequence[Path]
    data: Mapping[str, Any] = field(default_factory=dict)
    run: Run | None = None
    own: Sequence[str] = ()

    def check_names(self, controls: Iterable[str], fields: Iterable[str]) -> None:
        """Raise ValueError where a control or a field is named that does not exist."""
        run = self.run
        named = [*run.restart, *(run.own_when or ())[:1]] if run else []
        for what, names, known in (("controls", named, list(controls)), ("fields", self.own, list(fields))):
            unknown = [name for name in names if name not in known]
            if unknown:
                raise ValueError(f"the mechanism names {unknown}, but the {what} are {', '.join(known)}")

    def state(self, model: Callable[..., Any], controls: Mapping[str, Any], steps: int = 0) -> Any:
        """The model's dataclass at these controls, of the state after that many steps where there is a run."""
        if self.run is None:
            return model(**controls)
        state = taken(self.run.start, controls)
        for _ in range(steps):
            state = taken(self.run.step, controls, state)
        return taken(model, controls, state)

    def answer(self, model: Callable[..., Any], controls: Mapping[str, Any], message: Mapping[str, Any]) -> Any:
        """What the page asks the kernel for: fields that need the student's function, or the state after some steps."""
        if self.run is None:
            shown = model(**controls)
            return plain({name: getattr(shown, name) for name in self.own})
        if self.run.own is None:
            raise ValueError("the page asked for steps, but the run has no own=")
        state = message["state"]
        for _ in range(message["steps"]):
            state = taken(self.run.own, controls, state)
        return plain(state)

    def spec(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """What the page is told; data: see `stored`."""
        spec: dict[str, Any] = {
            "script": "\n".join(Path(script).read_text("utf-8") for script in self.scripts),
            "data": data,
            "own": bool(self.own),
            "run": None,
        }
        if self.run is not None:
            spec["own"] = self.run.own is not None
            names = ("per_frame", "label", "own_when")
            spec["run"] = {name: getattr(self.run, name) for name in names} | {"restart": list(self.run.restart)}
        return spec


def written(value: float, style: str) -> str:
    """A number in a Python format as the page writes it: true minus signs, no minus zero, "–" for none, 1.0e−7."""
    if np.isnan(value):
        return "–"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = re.sub(r"e([-+])0", r"e\1", format(value, style))
    if not re.search("[1-9]", text):
        text = text.removeprefix("-")
    return minus(text)


def taken(function: Callable[..., Any], controls: Mapping[str, Any], *state: Any) -> Any:
    """function(*state, ...) with those of the controls that it names, or with all where it takes **any."""
    parameters = list(inspect.signature(function).parameters.values())[len(state) :]
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return function(*state, **controls)
    names = [parameter.name for parameter in parameters]
    return function(*state, **{name: controls[name] for name in names if name in controls})


def stored(data: Any, block: bytearray) -> Any:
    """The data with its arrays appended to the block in float64, and told by their place in it."""
    if isinstance(data, Mapping):
        return {name: stored(value, block) for name, value in data.items()}
    if not isinstance(data, np.ndarray):
        return plain(data)
    block += bytes(-len(block) % 8)
    place = {"float64": len(block), "shape": list(data.shape)}
    block += np.ascontiguousarray(data, dtype="<f8").tobytes()
    return place


def plain(value: Any) -> Any:
    """Dataclasses, mappings and arrays as what JSON can carry; numbers that are not finite become None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        # number by number, a photograph would take longer than a frame of the screen
        if value.dtype.kind in "biu" or (value.dtype.kind == "f" and np.isfinite(value).all()):
            return value.tolist()
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
