"""The widget kit without a browser: what is baked is what the model says, and what does not fit is told in one line."""

from __future__ import annotations

import gzip
import json
import logging
import warnings
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pytest
import traitlets

from course.widgets.kit import (
    BakeError,
    Bars,
    Choice,
    Curve,
    Explorer,
    Grid,
    Guide,
    Heat,
    Histogram,
    Images,
    Line,
    Paths,
    Point,
    Slider,
    StudentFunction,
    Time,
    Toggle,
)
from course.widgets.kit import bake as baking
from course.widgets.kit.bake import bake, read
from course.widgets.kit.ticks import colour_tables, ticks
from course.widgets.kit.tour import X, all_panels

Array = np.ndarray


@dataclass(frozen=True)
class Wave:
    """A field of each sort: array, number, whole numbers, one that no control moves, one of changing size, texts."""

    y: Array
    peak: float
    counts: Array
    fixed: Array
    some: Array
    names: tuple[str, ...]
    says: str


def wave(kind: str, height: float, place: tuple[float, float], on: bool) -> Wave:
    switch = "on" if on else "off"
    y = height * (np.sin if kind == "sine" else np.cos)(X + place[0] + place[1]) * on
    return Wave(
        y=y,
        peak=float(np.max(y)),
        counts=np.arange(5) * (1 + on),
        fixed=X / 7,
        some=np.arange(2 + 2 * on) / 3,
        names=("left", f"right {height:.1f}"),
        says=f"A {kind} of height {height:.2f}, moved by {place[0]:.1f} and {place[1]:.1f}, is {switch}.",
    )


CONTROLS = {
    "kind": Choice("sine", "cosine"),
    "height": Slider(-2, 2, 9),
    "place": Point(x=Slider(-1, 1, 5), y=Slider(0, 1, 3)),
    "on": Toggle(True),
}


def explorer(**changes: Any) -> Explorer:
    view = changes.pop("view", [Curve(Line(X, "y"), x=(-6, 6), y=(-2, 2))])
    return Explorer(wave, view, **{**CONTROLS, **changes})


def random_states(one: Explorer, count: int = 20) -> list[list[int]]:
    rng = np.random.default_rng(7)
    limits = [len(axis["texts"]) for axis in one.spec["axes"]]
    return [[int(rng.integers(limit)) for limit in limits] for _ in range(count)]


# ---- model to block and back -----------------------------------------------------------------------------------------


def test_every_field_comes_back_within_its_quantum_at_random_states():
    one = explorer()
    for index in random_states(one):
        one.index = index
        for field in fields(Wave):
            wanted, found = getattr(one.state, field.name), one.field(field.name)
            if isinstance(wanted, (str, tuple)):
                assert found == (list(wanted) if isinstance(wanted, tuple) else wanted)
                continue
            wanted = np.asarray(wanted)
            found = found[: len(wanted)] if wanted.ndim else found
            assert np.max(np.abs(wanted - found)) <= one.baked.quantum[field.name]


def test_the_quantum_is_that_of_float32_and_whole_numbers_are_exact():
    quantum = explorer().baked.quantum
    assert 0 < quantum["y"] < 2e-7
    assert quantum["counts"] == 0


def test_coarse_fields_take_half_the_room_and_stay_within_a_65534th_of_their_range():
    fine, coarse = explorer().baked, explorer(coarse=["y"]).baked
    assert coarse.fields["y"]["type"] == "u2"
    assert fine.quantum["y"] < coarse.quantum["y"] <= 0.51 * 4 / 65_534
    assert len(coarse.block) < 0.6 * len(fine.block)


def test_coarse_fields_keep_their_gaps():
    @dataclass(frozen=True)
    class Gap:
        y: Array
        says: str

    packed = bake(lambda at: Gap(np.array([np.nan, at, 0.25]), "A gap."), {"at": Slider(0, 1, 5)}, coarse=["y"])
    assert np.isnan(read(packed, "y", [2])[0])
    assert read(packed, "y", [2])[1] == pytest.approx(0.5, abs=1e-4)


def test_a_field_is_stored_once_for_controls_that_do_not_move_it():
    table = explorer().baked.fields
    assert table["fixed"]["strides"] == [0, 0, 0, 0, 0]
    assert table["counts"]["strides"] == [0, 0, 0, 0, 5]
    assert all(table["y"]["strides"])


def test_fields_that_grow_are_filled_up_with_nothing():
    one = explorer().set(on=False)
    assert np.isnan(one.field("some")[2:]).all()
    assert np.isfinite(one.set(on=True).field("some")).all()


def test_the_block_is_the_same_on_every_run():
    assert explorer().baked.block == explorer().baked.block
    assert explorer()._fragment() == explorer()._fragment()


@dataclass(frozen=True)
class Run:
    """A stored trajectory."""

    loss: Array
    now: Array
    says: tuple[str, ...]


def run(rate: float) -> Run:
    loss = (1 - rate) ** np.arange(6)
    return Run(loss, loss, tuple(f"Step {k}: loss {value:.3f}." for k, value in enumerate(loss)))


def trajectory(steps: int = 6) -> Explorer:
    view = [Curve(Line(np.arange(6.0), "loss", until="step"), Guide(y="now"), x=(0, 5), y=(0, 1))]
    return Explorer(run, view, rate=Slider(0.1, 0.5, 3), step=Time(steps, over=("now", "says")))


def test_time_stores_a_run_once_and_picks_its_step():
    one = trajectory().set(rate=0.3, step=4)
    assert one.field("now") == pytest.approx(0.7**4)
    assert one.field("loss") == pytest.approx(0.7 ** np.arange(6))
    assert one.sentence == "Step 4: loss 0.240."
    assert one.baked.fields["loss"]["strides"][1] == 0
    assert one.state.loss[4] == pytest.approx(0.7**4)


def test_time_of_another_length_than_the_run_is_told():
    with pytest.raises(BakeError, match=r"field now has shape \(6,\); a Time with 9 steps"):
        trajectory(steps=9)


# ---- sentences -------------------------------------------------------------------------------------------------------


def test_every_state_has_the_model_s_own_sentence():
    one = explorer()
    for index in random_states(one):
        one.index = index
        assert one.sentence == one.state.says


def test_many_sentences_share_a_few_patterns():
    words = explorer().baked.fields["says"]["words"]
    assert len(words) < 40
    assert sum("height" in word for word in words) == 4


def test_a_sentence_with_the_slot_s_own_digits_and_signs_survives():
    @dataclass(frozen=True)
    class Odd:
        says: str

    texts = ["1e-07, -3.5 and 1,000", "no number", "x2 is −4", "12"]
    packed = bake(lambda k: Odd(texts[k]), {"k": Slider(0, 3, 4)})
    assert [read(packed, "says", [k]) for k in range(4)] == texts


def test_a_model_without_a_sentence_is_told():
    @dataclass(frozen=True)
    class Mute:
        y: Array

    with pytest.raises(BakeError, match="no field `says`"):
        Explorer(lambda a: Mute(X), [Curve(Line(X, "y"), x=(0, 1), y=(0, 1))], a=Slider(0, 1, 3))


# ---- budget ----------------------------------------------------------------------------------------------------------


def noise(steps: int) -> baking.Baked:
    @dataclass(frozen=True)
    class Noise:
        picture: Array
        says: str

    return bake(
        lambda seed: Noise(np.random.default_rng(seed).normal(size=(40, 40)), f"Draw {seed}."),
        {"seed": Slider(0, steps - 1, steps)},
    )


def test_states_above_the_budget_are_refused_with_the_largest_field_and_a_way_out():
    with pytest.raises(BakeError, match=r"need \d+ kB after gzip and at most 300 kB .* picture \d+ kB.*fewer steps"):
        noise(60)


def test_states_just_below_the_budget_are_accepted():
    packed = noise(48)
    assert 0.9 * baking.BUDGET < packed.gzipped <= baking.BUDGET
    assert len(gzip.compress(packed.block, 6)) <= packed.gzipped


# ---- controls and state ----------------------------------------------------------------------------------------------


def test_controls_start_where_they_are_told_and_in_the_middle_otherwise():
    assert explorer().values == {"kind": "sine", "height": 0.0, "place": (0.0, 0.5), "on": True}
    assert explorer(height=Slider(-2, 2, 9, start=1.4)).values["height"] == 1.5


def test_set_moves_controls_by_name_and_sliders_to_their_nearest_value():
    one = explorer().set(kind="cosine", height=1.1, place=(0.4, 0.9), on=False)
    assert one.values == {"kind": "cosine", "height": 1.0, "place": (0.5, 1.0), "on": False}
    assert one.index == [1, 6, 3, 2, 0]
    assert one.state.says == one.sentence


def test_the_index_is_heard_when_it_moves():
    one, heard = explorer(), []
    one.observe(lambda change: heard.append(change["new"]), names="index")
    one.set(kind="cosine")
    assert heard == [[1, 4, 2, 1, 1]]


@pytest.mark.parametrize("index", [[0, 0, 0, 0], [0, 9, 0, 0, 0], [-1, 0, 0, 0, 0]])
def test_an_index_outside_the_grid_is_refused(index):
    with pytest.raises(traitlets.TraitError, match="expected one index each below"):
        explorer().index = index


def test_unknown_controls_and_values_are_told_with_the_known_ones():
    with pytest.raises(ValueError, match="no control 'hight'; the controls are kind, height, place, on"):
        explorer().set(hight=1)
    with pytest.raises(ValueError, match="kind came as 'tan'; expected one of 'sine', 'cosine'"):
        explorer().set(kind="tan")
    with pytest.raises(ValueError, match="height came as 'high'; expected a number"):
        explorer().set(height="high")


def test_presets_are_states():
    one = explorer(presets={"flat": {"height": 0, "on": False}})
    assert one.spec["presets"] == [{"name": "flat", "index": [0, 4, 2, 1, 0]}]


def test_whole_numbers_stay_whole_and_zero_has_no_sign():
    (axis,) = Slider(1, 5, 5).axes("width")
    assert axis.values == (1, 2, 3, 4, 5)
    assert all(isinstance(value, int) for value in axis.values)
    (axis,) = Slider(-0.3, 0.3, 7).axes("x")
    assert axis.values[3] == 0
    assert axis.texts == ("−0.3", "−0.2", "−0.1", "0.0", "0.1", "0.2", "0.3")


def test_units_are_written_and_spoken():
    (axis,) = Slider(-1, 1, 3, unit="volt").axes("x")
    assert axis.texts[0] == "−1 volt"
    assert axis.spoken[0] == "minus 1 volt"


def test_a_choice_hands_over_its_value_and_shows_its_name():
    (axis,) = Choice(options={"narrow": 2, "wide": 8}, start=8).axes("size")
    assert (axis.texts, axis.values, axis.start) == (("narrow", "wide"), (2, 8), 1)


def test_a_log_slider_has_equal_ratios():
    (axis,) = Slider(0.01, 100, 5, log=True).axes("rate")
    assert axis.values == pytest.approx((0.01, 0.1, 1, 10, 100))


@dataclass(frozen=True)
class Found:
    """A picture with three boxes."""

    picture: Array
    boxes: Array
    kinds: Array
    texts: tuple[str, ...]
    says: str


BOXES = np.array([[1.0, 1, 5, 5], [2, 2, 6, 6], [np.nan, np.nan, np.nan, np.nan]])


def found(weights: tuple[float, ...], spot: int) -> Found:
    return Found(
        picture=np.arange(48.0).reshape(6, 8),
        boxes=BOXES,
        kinds=np.array([0.0, 1.0, 0.0]),
        texts=("best", "other", "none"),
        says=f"The weights add up to {sum(weights):.1f} at {spot}.",
    )


def with_boxes(**changes: Any) -> Explorer:
    view = [Images("picture", limits=(0, 47), **{"boxes": "boxes", "kinds": "kinds", "texts": "texts"} | changes)]
    weights = Grid(2, (1.0, -1.0, 0.5, 0.0), Slider(-1, 1, 5), label="kernel")
    return Explorer(found, view, weights=weights, spot=Slider(0, 1, 2, start=0))


def test_a_grid_is_one_slider_a_cell_and_the_model_receives_all_values_row_by_row():
    one = with_boxes()
    cells = [axis for axis in one.spec["axes"] if axis["name"].startswith("weights.")]
    assert [axis["name"] for axis in cells] == ["weights.0", "weights.1", "weights.2", "weights.3"]
    assert [axis["label"] for axis in cells][1:3] == ["kernel: row 1, column 2", "kernel: row 2, column 1"]
    assert {(axis["columns"], axis["group"]) for axis in cells} == {(2, "kernel")}
    assert "columns" not in one.spec["axes"][-1]
    assert one.values == {"weights": (1.0, -1.0, 0.5, 0.0), "spot": 0}
    assert one.set(weights=(0, 0.5, 1, -0.6)).values["weights"] == (0.0, 0.5, 1.0, -0.5)
    assert one.sentence == "The weights add up to 1.0 at 0."


def test_boxes_over_a_picture_are_told_by_field_and_lie_in_the_still_picture_too():
    (panel,) = with_boxes().spec["panels"]
    assert (panel["boxes"], panel["kinds"], panel["texts"]) == ("boxes", "kinds", "texts")
    with pytest.raises(ValueError, match="Images draws the field 'frames' as its boxes"):
        with_boxes(boxes="frames")
    with pytest.raises(ValueError, match="Images uses the field 'kinds' as its texts, which needs texts"):
        with_boxes(texts="kinds")
    shown = with_boxes(), with_boxes(kinds=""), with_boxes(boxes="", kinds="", texts="")
    assert len({one._fragment().split('src="')[1].split('"')[0] for one in shown}) == 3


def test_a_click_on_a_picture_or_a_cell_names_its_control():
    controls = {"weights": Grid(2, (0.0, 1.0), Slider(-1, 1, 3)), "spot": Slider(0, 47, 48)}
    view = [Heat("picture", limits=(0, 47), pick="spot"), Images("picture", limits=(0, 47), pick="spot", pick_from=3)]
    one = Explorer(found, view, **controls)
    assert [(panel["pick"], panel.get("pick_from")) for panel in one.spec["panels"]] == [([2], None), ([2], 3)]
    with pytest.raises(ValueError, match=r"names no control; the controls are weights\.0, weights\.1, spot"):
        Explorer(found, [Heat("picture", limits=(0, 47), pick="cell")], **controls)


# ---- names and limits ------------------------------------------------------------------------------------------------


def test_a_field_that_does_not_exist_is_told_with_those_that_do():
    with pytest.raises(ValueError, match="Line draws the field 'z' as its y, but the model's fields are y, peak, "):
        explorer(view=[Curve(Line(X, "z"), x=(0, 1), y=(0, 1))])


def test_numbers_in_place_of_words_and_words_in_place_of_numbers_are_told():
    with pytest.raises(ValueError, match="Bars uses the field 'some' as its names, which needs texts"):
        explorer(view=[Bars("counts", limits=(0, 8), names="some")])
    with pytest.raises(ValueError, match="Bars uses the field 'names' as its values, which needs numbers"):
        explorer(view=[Bars("names", limits=(0, 8))])


def test_a_dragged_control_that_does_not_exist_is_told():
    with pytest.raises(ValueError, match="names no control; the controls are kind, height"):
        explorer(view=[Curve(x=(0, 1), y=(0, 1), drag="x0")])


def test_a_point_is_dragged_along_two_axes():
    one = explorer(view=[Paths(x=(-1, 1), y=(0, 1), drag="place")])
    assert one.spec["panels"][0]["drag"] == [2, 3]


def test_controls_that_the_model_does_not_take_are_told():
    with pytest.raises(ValueError, match=r"wave takes \['height', 'kind', .*\], but the controls are .*'depth'"):
        explorer(depth=Slider(0, 1, 2))


def test_limits_are_required_and_the_same_in_all_states():
    with pytest.raises(TypeError):
        Curve(Line(X, "y"))
    one = explorer()
    spec = json.dumps(one.spec)
    one.set(height=2, kind="cosine")
    assert json.dumps(one.spec) == spec
    assert one.spec["panels"][0]["y"] == [-2, 2]


@pytest.mark.parametrize("limits", [(1, 1), (2, -2)])
def test_limits_in_the_wrong_order_are_told(limits):
    with pytest.raises(ValueError, match="expected the low limit first"):
        Bars("y", limits=limits)


def test_a_log_scale_refuses_zero():
    with pytest.raises(ValueError, match="log scale"):
        Curve(x=(1, 2), y=(0, 1), y_scale="log")


def test_signed_colours_need_symmetric_limits_and_others_do_not():
    with pytest.raises(ValueError, match=r"signed colours need symmetric limits, for example \(-2, 2\)"):
        Heat("y", limits=(-1, 2))
    assert Heat("y", limits=(0, 2)).limits == (0, 2)
    assert Heat("y", limits=(-2, 2)).limits == (-2, 2)


def test_zero_has_the_neutral_colour_of_its_ground():
    tables = colour_tables()
    middle = {name: tables[name][len(tables[name]) // 2] for name in ("signed", "signed dark")}
    assert middle == {"signed": "#f5f4f1", "signed dark": "#23262b"}


def test_ticks_are_round_and_inside_the_limits():
    assert ticks(-6, 6)["text"] == ["−6", "−4", "−2", "0", "2", "4", "6"]
    assert ticks(0, 1)["text"] == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert ticks(1e-4, 100, "log")["text"] == ["10⁻⁴", "10⁻³", "0.01", "0.1", "1", "10", "100"]


def test_a_strip_has_the_ticks_that_are_wished_for_and_none_where_there_shall_be_none():
    line = Line(np.arange(6.0), "loss")
    asked = Curve(line, x=(0, 5), y=(-1, 1), x_at=(), y_at=(-1, 0.5))
    plain = Curve(line, x=(0, 5), y=(-1, 1))
    strip, curve = Explorer(run, [asked, plain], rate=Slider(0.1, 0.5, 3)).spec["panels"]
    assert strip["x_ticks"] == {"at": [], "text": []}
    assert strip["y_ticks"] == {"at": [-1.0, 0.5], "text": ["−1", "0.5"]}
    assert curve["y_ticks"] == ticks(-1, 1)


# ---- the student's own function --------------------------------------------------------------------------------------


def stub(x):
    raise NotImplementedError


def breaks(x):
    return x @ np.ones(3)


def forgets(x):
    np.tanh(x)


def halves(x):
    return np.tanh(x)[::2]


def divides(x):
    return np.tanh(x) / x


def leaves_a_word(x):
    return ["one"] * len(x)


@pytest.mark.parametrize(
    ("function", "trouble"),
    [
        (stub, "Your tanh is not written yet."),
        (breaks, "Your tanh raised ValueError: matmul"),
        (forgets, "Your tanh returned None; it needs a return line."),
        (halves, "Your tanh returned shape (61,); expected (121,)."),
        (divides, "Your tanh returned NaN or infinity at 1 of 121 values; they are left out."),
        (leaves_a_word, "Your tanh raised ValueError: could not convert string"),
    ],
)
def test_a_student_s_function_that_fails_is_one_line(function, trouble):
    own = StudentFunction(function, "tanh")
    values = own(X, shape=X.shape)
    assert own.trouble.startswith(trouble)
    assert "\n" not in own.trouble
    assert np.isnan(values).sum() == (1 if function is divides else X.size)
    assert explorer(notice=own).spec["notice"] == own.trouble


def test_a_right_function_brings_no_notice():
    own = StudentFunction(np.tanh, "tanh")
    assert np.array_equal(own(X, shape=X.shape), np.tanh(X))
    assert explorer(notice=own).spec["notice"] == ""


def test_no_function_brings_no_notice():
    own = StudentFunction(None, "tanh")
    assert not own
    assert np.isnan(own(X, shape=X.shape)).all()
    assert own.trouble == ""


def test_a_student_s_function_may_print_warn_and_overwrite_without_a_trace(capsys):
    def careless(x):
        print("here", x)
        warnings.warn("careless", stacklevel=1)
        x *= 0
        return np.log(x)

    before = X.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        StudentFunction(careless, "log")(X, shape=X.shape)
    assert capsys.readouterr() == ("", "")
    assert np.array_equal(X, before)


# ---- what a notebook keeps -------------------------------------------------------------------------------------------


def test_the_output_holds_the_widget_a_still_picture_and_a_sentence():
    one = explorer()
    data, _ = one._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == one.sentence
    assert f'alt="{one.sentence}"' in data["text/html"]
    assert 'src="data:image/png;base64,' in data["text/html"]


def test_the_static_part_carries_the_traits_and_asks_no_host():
    one = explorer(presets={"</script>": {"height": 1}})
    html = one._repr_mimebundle_()[0]["text/html"]
    assert html.count("</script>") == 1
    traits = json.loads(html.split('<script type="application/json">')[1].split("</script>")[0])
    assert traits["index"] == one.index
    assert traits["spec"]["presets"][0]["name"] == "</script>"
    assert "http:" not in one.to_html()
    assert "https:" not in one.to_html()


def test_a_page_can_be_written_to_a_file(tmp_path):
    text = explorer(title="Waves").to_html(tmp_path / "waves.html")
    assert (tmp_path / "waves.html").read_text("utf-8") == text
    assert "<title>Waves</title>" in text


def test_an_explorer_without_a_front_end_is_silent(capfd, caplog):
    with caplog.at_level(logging.DEBUG, logger="root"):
        all_panels()._repr_mimebundle_()
    assert capfd.readouterr() == ("", "")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_histogram_s_edges_may_be_the_same_in_all_states():
    one = explorer(view=[Histogram("counts", np.linspace(-1, 1, 6), limits=(0, 8), x_name="x")])
    assert one.spec["panels"][0]["x"] == [-1, 1]
    assert one.field("#0") == pytest.approx(np.linspace(-1, 1, 6))
