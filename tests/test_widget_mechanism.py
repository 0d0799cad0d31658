"""Mechanisms without a browser: what the page is told, what the kernel answers, and what is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from course.widgets.kit import Choice, Curve, Dot, Explorer, Line, Mechanism, Point, Run, Slider, StudentFunction
from course.widgets.kit.mechanism import plain, stored, taken, written


@dataclass(frozen=True)
class Ray:
    """A line from the origin, and the student's beside it."""

    x: np.ndarray
    y: np.ndarray
    own: np.ndarray
    says: str


T = np.arange(5.0)


def ray(slope: float, end: tuple[float, float]) -> Ray:
    return Ray(T, slope * T, np.full(5, np.nan), f"The slope is {slope:.1f}, the end {end[0]:.0f}.")


@pytest.fixture
def script(tmp_path):
    """A file that a mechanism can name."""
    place = tmp_path / "ray.js"
    place.write_text("function fields(controls, data) { return {}; }")
    return place


CONTROLS = {"slope": Slider(0, 2, 3), "end": Point(Slider(0, 4, 5), Slider(0, 4, 5))}


def explorer(script, model=ray, **mechanism: Any) -> Explorer:
    return Explorer(
        model,
        [Curve(Line("x", "y"), Line("x", "own"), Dot(T, np.zeros(5)), x=(0, 4), y=(0, 8))],
        mechanism=Mechanism([script], **mechanism),
        notice=mechanism.pop("notice", ""),
        **CONTROLS,
    )


def asked(one: Explorer, question: dict[str, Any]) -> dict[str, Any]:
    """What the kernel sends back, as JSON carries it."""
    sent = []
    one.send = sent.append
    one._handle_custom_msg(json.loads(json.dumps(question)), [])
    (answer,) = sent
    return json.loads(json.dumps(answer, allow_nan=False))


# ---- what the page is told -------------------------------------------------------------------------------------------


def test_only_one_state_is_computed_when_the_cell_runs(script):
    calls = []

    def counted(slope: float, end: tuple[float, float]) -> Ray:
        calls.append(slope)
        return ray(slope, end)

    explorer(script, counted)
    assert len(calls) == 1


def test_a_state_is_what_the_twin_says_where_the_controls_are(script):
    one = explorer(script).set(slope=2, end=(3, 0))
    assert one.state.y.tolist() == [0, 2, 4, 6, 8]
    assert one.sentence == "The slope is 2.0, the end 3."
    assert one.field("y").tolist() == [0, 2, 4, 6, 8]
    assert one.field("#0").tolist() == T.tolist()


def test_the_script_and_its_data_travel_with_the_widget(script):
    noise = np.linspace(0, 1 / 3, 6).reshape(2, 3)
    one = explorer(script, data={"noise": noise, "places": {"far": {"edge": 0.5, "at": np.ones(1)}}, "names": ["a"]})
    told = one.spec["mechanism"]
    assert told["script"] == script.read_text()
    place = told["data"]["noise"]
    assert place["shape"] == [2, 3]
    found = np.frombuffer(one.block, "<f8", 6, place["float64"])
    assert np.array_equal(found.reshape(2, 3), noise)
    assert told["data"]["places"]["far"]["edge"] == 0.5
    assert told["data"]["names"] == ["a"]
    assert json.loads(json.dumps(told)) == told


def test_arrays_begin_where_float64_can_be_read():
    block = bytearray(b"123")
    places = stored({"one": np.ones(3), "two": np.ones((2, 2))}, block)
    assert [place["float64"] % 8 for place in places.values()] == [0, 0]
    assert len(block) == 8 + 3 * 8 + 4 * 8


def test_a_static_part_carries_the_script_and_the_data(script):
    one = explorer(script, data={"noise": np.ones(3)})
    fragment = one._fragment()
    assert "function fields" in fragment
    assert fragment.count("<script") == 1
    assert 'alt="The slope is 1.0, the end 2."' in fragment


def test_a_widget_without_a_mechanism_tells_of_none():
    one = Explorer(ray, [Curve(Line("x", "y"), x=(0, 4), y=(0, 8))], **CONTROLS)
    assert one.spec["mechanism"] is None
    with pytest.raises(ValueError, match="no mechanism"):
        one.after(1)


# ---- the kernel's answers --------------------------------------------------------------------------------------------


def test_the_kernel_answers_with_the_named_fields_of_the_model(script):
    def own(slope: float, end: tuple[float, float]) -> Ray:
        return Ray(T, slope * T, np.array([0, 1, np.nan, np.inf, slope]), "Yours.")

    one = explorer(script, own, own=("own", "says"))
    answer = asked(one, {"id": "a 1", "index": [2, 0, 0]})
    assert answer == {"id": "a 1", "found": {"own": [0, 1, None, None, 2], "says": "Yours."}, "trouble": ""}


def test_the_kernel_tells_of_trouble_that_came_up_on_the_way(script):
    def climb(slope: float) -> float:
        if slope == 2:
            raise ValueError("too steep")
        return slope

    own = StudentFunction(climb, "climb")

    def model(slope: float, end: tuple[float, float]) -> Ray:
        return Ray(T, T, np.full(5, own(slope, shape=())), "A ray.")

    one = Explorer(
        model,
        [Curve(Line("x", "own"), x=(0, 4), y=(0, 8))],
        mechanism=Mechanism([script], own=("own",)),
        notice=own,
        **CONTROLS,
    )
    assert asked(one, {"id": "a 1", "index": [1, 0, 0]})["trouble"] == ""
    answer = asked(one, {"id": "a 2", "index": [2, 0, 0]})
    assert answer["trouble"] == "Your climb raised ValueError: too steep."
    assert answer["found"] == {"own": [None] * 5}


def test_a_message_that_asks_nothing_is_not_answered(script):
    one = explorer(script)
    sent = []
    one.send = sent.append
    one._handle_custom_msg({"kind": "something else"}, [])
    one._handle_custom_msg("text", [])
    assert sent == []


# ---- a run -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Count:
    """How far a count has come."""

    height: np.ndarray
    says: str


def start(first: int) -> dict[str, Any]:
    return {"value": float(first), "history": []}


def step(state: dict[str, Any], by: float) -> dict[str, Any]:
    return {"value": state["value"] + by, "history": [*state["history"], state["value"]]}


def counted(state: dict[str, Any], by: float) -> Count:
    return Count(np.array([state["value"]]), f"At {state['value']:.1f}, by {by:.1f}.")


def counter(script, **run: Any) -> Explorer:
    return Explorer(
        counted,
        [Curve(Line(np.zeros(1), "height"), x=(0, 4), y=(0, 8))],
        mechanism=Mechanism([script], run=Run(start, step, restart=("first",), **run)),
        first=Slider(0, 4, 5, start=1),
        by=Slider(0, 2, 3, start=1),
        way=Choice("page", "yours"),
    )


def test_a_run_begins_at_its_start_and_python_can_step_it_too(script):
    one = counter(script)
    assert one.sentence == "At 1.0, by 1.0."
    assert one.after(3).says == "At 4.0, by 1.0."
    assert one.set(first=2, by=2).after(3).height.tolist() == [8]


def test_the_page_is_told_how_to_run(script):
    run = counter(script, own=step, own_when=("way", "yours"), per_frame=4).spec["mechanism"]["run"]
    assert run == {"per_frame": 4, "label": "steps", "own_when": ("way", "yours"), "restart": ["first"]}


def test_the_kernel_steps_with_the_student_s_function(script):
    def doubled(state: dict[str, Any]) -> dict[str, Any]:
        return {"value": 2 * state["value"], "history": np.array(state["history"])}

    one = counter(script, own=doubled)
    question = {"id": "a 1", "index": [0, 0, 1], "state": {"value": 3, "history": [1.5]}, "steps": 3}
    assert asked(one, question)["found"] == {"value": 24, "history": [1.5]}


def test_a_step_that_raises_is_one_line(script):
    def broken(state: dict[str, Any]) -> dict[str, Any]:
        raise ValueError("shapes (3,) and (4,)\nmore lines")

    def unwritten(state: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    question = {"id": "a 1", "index": [0, 0, 1], "state": {}, "steps": 1}
    answer = asked(counter(script, own=broken), question)
    assert answer == {"id": "a 1", "trouble": "Your function raised ValueError: shapes (3,) and (4,)."}
    answer = asked(counter(script, own=unwritten), question)
    assert answer == {"id": "a 1", "trouble": "Your function is not written yet."}


# ---- what is refused, and the small parts ----------------------------------------------------------------------------


def test_names_that_do_not_exist_are_told_with_those_that_do(script):
    with pytest.raises(ValueError, match=r"names \['mine'\], but the fields are x, y, own, says"):
        explorer(script, own=("mine",))
    with pytest.raises(ValueError, match=r"names \['speed'\], but the controls are first, by, way"):
        counter(script, own=step, own_when=("speed", 1))
    with pytest.raises(ValueError, match="expected the same names"):
        explorer(script, lambda slope: ray(slope, (0, 0)))


def test_a_function_takes_the_controls_that_it_names():
    controls = {"first": 1, "by": 2}
    assert taken(lambda by: by, controls) == 2
    assert taken(lambda state, first: (state, first), controls, "s") == ("s", 1)
    assert taken(lambda state, **rest: rest, controls, "s") == controls


def test_what_is_sent_is_what_json_can_carry():
    found = plain({"a": np.array([[1, np.nan]]), "b": (np.float64(2), np.True_, -np.inf), "c": ray(1, (0, 0)).says})
    assert json.loads(json.dumps(found, allow_nan=False)) == {
        "a": [[1, None]],
        "b": [2, True, None],
        "c": "The slope is 1.0, the end 0.",
    }


@pytest.mark.parametrize(
    ("value", "style", "text"),
    [
        (-0.001, ".2f", "0.00"),
        (-1.5, "+.1f", "−1.5"),
        (1.234e-7, ".1e", "1.2e−7"),
        (12345.6, ".1e", "1.2e+4"),
        (0.1234, ".1%", "12.3%"),
        (float("nan"), ".2f", "–"),
        (float("-inf"), ".2f", "−∞"),
    ],
)
def test_numbers_in_a_sentence_are_written_as_the_page_writes_them(value, style, text):
    assert written(value, style) == text
