"""A model, its controls and its panels as one widget whose states are all computed when the cell runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from course.widgets.kit.bake import Baked, BakeError, arguments, bake, read
from course.widgets.kit.controls import Axis, Control, Grid, Point, Time
from course.widgets.kit.mechanism import Mechanism, stored
from course.widgets.kit.page import fragment, page
from course.widgets.kit.panels import Panel
from course.widgets.kit.poster import poster
from course.widgets.kit.spec import constants_of, panel_spec
from course.widgets.kit.student import StudentFunction, complaint
from course.widgets.kit.ticks import colour_tables

__all__ = ["Explorer"]

HERE = Path(__file__).parent


class Explorer(anywidget.AnyWidget):
    """Controls above, panels below, one sentence; the page plays states that the model computed beforehand.

        Explorer(model, view=[Curve(...), Bars(...)], kind=Choice("tanh", "ReLU"), x0=Slider(-6, 6, 97))

    model      a pure function of its controls: returns a frozen dataclass of arrays, numbers and texts with a
               field `says`, the picture in one sentence; a field `notice`, if there is one, is a line of trouble
               that changes with the state ("" for none)
    view       panels, side by side from 760 px and stacked below
    title      a short heading; left out when empty
    presets    words on a button -> values of controls: {"deep in the tail": {"x0": -5}}
    notice     one line of trouble to show, or the StudentFunction objects that the model calls
    coarse     names of fields that may be stored in 65 535 equal steps, to halve their size
    mechanism  computes the fields in the page instead of storing every state; see Mechanism
    controls   by name, in the order shown

    Raises ValueError for names that do not fit together, BakeError for states that cannot be stored.
    """

    _esm = HERE / "explorer.js"
    _css = HERE / "explorer.css"

    spec = traitlets.Dict().tag(sync=True)
    block = traitlets.Bytes().tag(sync=True)
    index = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(
        self,
        model: Callable[..., Any],
        view: Sequence[Panel],
        *,
        title: str = "",
        presets: Mapping[str, Mapping[str, Any]] | None = None,
        notice: str | StudentFunction | Sequence[StudentFunction] = "",
        coarse: Sequence[str] = (),
        mechanism: Mechanism | None = None,
        **controls: Control,
    ) -> None:
        self._model = model
        self._controls = controls
        self._view = tuple(view)
        self._title = title
        self._notice = notice
        self._mechanism = mechanism
        self._axes: list[Axis] = [axis for name, control in controls.items() for axis in control.axes(name)]
        start = [axis.start for axis in self._axes]
        constants = constants_of(view)
        if mechanism is None or mechanism.run is None:
            _check_names(model, controls)
        if mechanism is None:
            self.baked: Baked = bake(model, controls, constants=constants, coarse=coarse)
        else:
            # one state is enough to learn which fields there are
            first = mechanism.state(model, arguments(controls, start))
            self.baked = bake(lambda: first, {}, constants=constants)
            mechanism.check_names(controls, self.baked.fields)
        if "words" not in self.baked.fields.get("says", {}):
            raise BakeError("the model has no field `says`; expected the picture in one sentence, as a str")
        block = bytearray(self.baked.block)
        script = mechanism and mechanism.spec(stored(mechanism.data, block))
        super().__init__(index=start, block=bytes(block))
        self.on_msg(self._answer)
        self.spec = {
            "title": title,
            "notice": _told(notice),
            "axes": [_axis_spec(axis) for axis in self._axes],
            "panels": [panel_spec(panel, self.baked.fields, self._axes, constants) for panel in view],
            "fields": self.baked.fields,
            "presets": [
                {"name": name, "index": self._index(values, start)} for name, values in (presets or {}).items()
            ],
            "colours": colour_tables(),
            "mechanism": script,
        }

    @property
    def values(self) -> dict[str, Any]:
        """The controls' values now, as the model receives them: {"kind": "tanh", "x0": 1.5}."""
        return arguments(self._controls, self.index)

    @property
    def state(self) -> Any:
        """The model's dataclass at the current values (of the whole run when a Time stores a trajectory)."""
        if self._mechanism is not None:
            return self.after(0)
        skip = [name for name, control in self._controls.items() if isinstance(control, Time) and control.over]
        return self._model(**arguments(self._controls, self.index, skip=skip))

    def after(self, steps: int) -> Any:
        """The model's dataclass after that many steps of a Run, computed here and not in the page."""
        if self._mechanism is None:
            raise ValueError("this explorer has no mechanism; its states are read with `state`")
        return self._mechanism.state(self._model, self.values, steps)

    @property
    def sentence(self) -> str:
        """The sentence that the page shows now."""
        return str(self.field("says"))

    def field(self, name: str) -> Any:
        """One field at the current values: as the page reads it from the block, or as the mechanism's twin gives it."""
        return self._reader()(name)

    def set(self, **values: Any) -> Explorer:
        """Move controls: set(kind="tanh", x0=1.5).  A slider goes to its nearest value; a Point takes (x, y)."""
        self.index = self._index(values, self.index)
        return self

    def to_html(self, path: str | Path | None = None) -> str:
        """A page with this widget that moves without Jupyter and makes no request; written to path when given."""
        text = page(self._title or self.sentence, self._fragment())
        if path is not None:
            Path(path).write_text(text, "utf-8")
        return text

    def _fragment(self) -> str:
        get = self._reader()
        picture = poster(self._view, lambda source: get(source) if isinstance(source, str) else source)
        return fragment(self.spec, self.block, self.index, str(get("says")), picture)

    def _reader(self) -> Callable[[str], Any]:
        """A function from a field's name to its value at the current values."""
        if self._mechanism is None:
            return lambda name: read(self.baked, name, self.index)
        state = self.state
        return lambda name: read(self.baked, name, ()) if name.startswith("#") else getattr(state, name)

    def _answer(self, _: Any, question: Any, buffers: Any) -> None:
        """The page asks for what only the kernel can run: the student's part of a mechanism."""
        if self._mechanism is None or not isinstance(question, dict) or "id" not in question:
            return
        answer: dict[str, Any] = {"id": question["id"]}
        try:
            controls = arguments(self._controls, question["index"])
            answer["found"] = self._mechanism.answer(self._model, controls, question)
            answer["trouble"] = _told(self._notice)
        except Exception as error:
            # it stands in the picture, and not in a log that nobody reads
            answer["trouble"] = f"Your function {complaint(error)}."
        self.send(answer)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The live widget for a front end that has one; the static part for books; the sentence for a terminal."""
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        return {**data, "text/plain": self.sentence, "text/html": self._fragment()}, metadata

    def _index(self, values: Mapping[str, Any], base: Sequence[int]) -> list[int]:
        index = list(base)
        places = {axis.name: place for place, axis in enumerate(self._axes)}
        for name, value in values.items():
            if name not in self._controls:
                raise ValueError(f"there is no control {name!r}; the controls are {', '.join(self._controls)}")
            if isinstance(self._controls[name], Point):
                parts = {f"{name}.x": value[0], f"{name}.y": value[1]}
            elif isinstance(self._controls[name], Grid):
                parts = {f"{name}.{place}": one for place, one in enumerate(value)}
            else:
                parts = {name: value}
            for part, wanted in parts.items():
                index[places[part]] = self._axes[places[part]].nearest(wanted)
        return index

    @traitlets.validate("index")
    def _inside(self, proposal: Any) -> list[int]:
        index: list[int] = list(proposal["value"])
        counts = [len(axis.values) for axis in self._axes]
        if len(index) != len(counts) or not all(0 <= i < n for i, n in zip(index, counts, strict=True)):
            raise traitlets.TraitError(f"index came as {index}; expected one index each below {counts}")
        return index


def _axis_spec(axis: Axis) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "name": axis.name,
        "kind": axis.kind,
        "label": axis.label,
        "texts": axis.texts,
        "spoken": axis.spoken,
        "seconds": axis.seconds,
    }
    if axis.columns:
        spec |= {"columns": axis.columns, "group": axis.group}
    if axis.kind in ("slider", "time"):
        spec["values"] = [float(value) for value in axis.values]
    elif all(isinstance(value, str | int | float) for value in axis.values):
        spec["values"] = list(axis.values)
    return spec


def _told(notice: str | StudentFunction | Sequence[StudentFunction]) -> str:
    if isinstance(notice, str):
        return notice
    own = [notice] if isinstance(notice, StudentFunction) else list(notice)
    return " ".join(function.trouble for function in own if function.trouble)


def _check_names(model: Callable[..., Any], controls: Mapping[str, Control]) -> None:
    """Raise ValueError when the model's parameters and the controls are not the same names."""
    stored = {name for name, control in controls.items() if isinstance(control, Time) and control.over}
    parameters = inspect.signature(model).parameters.values()
    required = {p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD}
    accepted = {p.name for p in parameters}
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters)
    given = set(controls) - stored
    if not required <= given or not (open_ended or given <= accepted):
        name = getattr(model, "__name__", "model")
        raise ValueError(
            f"{name} takes {sorted(accepted)}, but the controls are {sorted(given)}; expected the same names"
        )
