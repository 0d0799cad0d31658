"""The widgets of chapter 1: every claim that they teach, on the functions behind them; no browser."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from course.widgets import ch01_activations as widgets
from course.widgets.ch01_activations import bend, depth, functions, half_plane, network, shares, slope
from course.widgets.kit import Explorer, StudentFunction

Array = np.ndarray
NONE = StudentFunction(None, "none")


def unwritten(*_: Any) -> Array:
    raise NotImplementedError


@pytest.fixture(scope="module")
def built() -> dict[str, Explorer]:
    """Each widget once, without a student's function."""
    return {name: getattr(widgets, name)() for name in widgets.__all__}


def preset(explorer: Explorer, name: str) -> Explorer:
    """The explorer moved as the button with this name moves it."""
    (found,) = [one for one in explorer.spec["presets"] if one["name"] == name]
    explorer.index = found["index"]
    return explorer


# All six


@pytest.mark.parametrize("name", widgets.__all__)
def test_every_state_of_a_widget_has_a_sentence_that_ends(built: dict[str, Explorer], name: str) -> None:
    explorer = built[name]
    rng = np.random.default_rng(0)
    for _ in range(200):
        explorer.index = [int(rng.integers(len(axis["texts"]))) for axis in explorer.spec["axes"]]
        assert explorer.sentence[0].isupper() or explorer.sentence[0] in "ez0123456789"
        assert explorer.sentence.endswith(".")


@pytest.mark.parametrize("name", widgets.__all__)
def test_the_block_gives_back_what_the_model_says(built: dict[str, Explorer], name: str) -> None:
    explorer = built[name]
    rng = np.random.default_rng(1)
    for _ in range(20):
        explorer.index = [int(rng.integers(len(axis["texts"]))) for axis in explorer.spec["axes"]]
        for field in dataclasses.fields(explorer.state):
            wanted, stored = getattr(explorer.state, field.name), explorer.field(field.name)
            if isinstance(wanted, str):
                assert stored == wanted
            elif isinstance(wanted, tuple):
                assert tuple(stored)[: len(wanted)] == wanted
            else:
                wanted = np.asarray(wanted, dtype=float)
                stored = np.asarray(stored)[tuple(slice(length) for length in wanted.shape)]
                close = explorer.baked.quantum[field.name] + 1e-6 * np.abs(wanted)
                with np.errstate(invalid="ignore"):
                    assert np.all((np.abs(stored - wanted) <= close) | ~np.isfinite(stored) | (wanted > 3.4e38))
                    assert np.array_equal(np.isnan(stored), np.isnan(wanted))


@pytest.mark.parametrize("name", widgets.__all__)
def test_each_widget_has_three_places_to_visit(built: dict[str, Explorer], name: str) -> None:
    explorer = built[name]
    sentences = {preset(explorer, one["name"]).sentence for one in explorer.spec["presets"]}
    assert len(explorer.spec["presets"]) == len(sentences) == 3


@pytest.mark.parametrize("name", widgets.__all__)
def test_a_function_that_is_not_written_yet_is_named_and_the_widget_still_works(
    built: dict[str, Explorer], name: str
) -> None:
    explorer = getattr(widgets, name)(unwritten)
    assert explorer.spec["notice"].startswith("Your unwritten is not written yet.")
    assert [axis["texts"] for axis in explorer.spec["axes"]] == [axis["texts"] for axis in built[name].spec["axes"]]
    assert not built[name].spec["notice"]


# neuron


def neuron_at(
    w1: float, w2: float, b: float, point: tuple[float, float] = (0, 0), kind: str = "sigmoid"
) -> half_plane.HalfPlane:
    values = functions.function_named(kind).value(half_plane.Z)
    profile = half_plane.Profile(kind, values, half_plane.as_colour(values))
    return half_plane.neuron_state(w1, w2, b, point, profile)


def test_the_bars_of_the_neuron_are_the_products_the_bias_and_their_sum() -> None:
    state = neuron_at(1.5, -0.5, 0.5, point=(2, 1))
    assert state.terms.tolist() == [3.0, -0.5, 0.5, 3.0]
    assert "z = 3" in state.says


@pytest.mark.parametrize(("w1", "w2", "b"), [(1, -0.5, 0.5), (-2, 0.5, 2), (0, 1.5, -1), (0.5, 0, 0)])
def test_the_sum_is_0_all_along_the_line_and_the_arrow_stands_at_a_right_angle_to_it(
    w1: float, w2: float, b: float
) -> None:
    state = neuron_at(w1, w2, b)
    assert w1 * state.line_x + w2 * state.line_y + b == pytest.approx(np.zeros(2), abs=1e-9)
    assert w1 * np.ptp(state.line_x) * np.sign(np.diff(state.line_x))[0] + w2 * np.diff(state.line_y)[0] == (
        pytest.approx(0, abs=1e-9)
    )


def test_the_bias_shifts_the_line_without_turning_it_and_the_weights_turn_it() -> None:
    def direction(state: half_plane.HalfPlane) -> float:
        return float(np.arctan2(np.diff(state.line_y)[0], np.diff(state.line_x)[0]) % np.pi)

    start, shifted, turned = neuron_at(1, -0.5, 0.5), neuron_at(1, -0.5, 2), neuron_at(0.5, 1, 0.5)
    assert direction(shifted) == pytest.approx(direction(start))
    assert not np.allclose(start.line_x, shifted.line_x)
    assert abs(direction(turned) - direction(start)) == pytest.approx(np.pi / 2)


def test_the_ramp_shows_the_neurons_own_answer_at_random_places() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        w1, w2, b = rng.choice(np.arange(-2, 2.5, 0.5), 3)
        state = neuron_at(w1, w2, b)
        x = rng.uniform(-half_plane.REACH, half_plane.REACH, 2)
        along = state.ramp_end - state.ramp_start
        part = (x - state.ramp_start) @ along / (along @ along)
        shown = np.interp(part, np.linspace(0, 1, len(state.colours)), state.colours)
        assert shown == pytest.approx(1 / (1 + np.exp(-(w1 * x[0] + w2 * x[1] + b))), abs=0.005)


def test_larger_weights_make_the_change_beside_the_line_steeper() -> None:
    once, twice = neuron_at(1, -0.5, 0.5), neuron_at(2, -1, 1)
    width = [np.linalg.norm(state.ramp_end - state.ramp_start) for state in (once, twice)]
    assert width[1] == pytest.approx(width[0] / 2)


def test_some_weights_part_the_two_classes_and_the_first_ones_do_not() -> None:
    steps = np.arange(-2, 2.5, 0.5)
    right = [half_plane.right_sides(w1, w2, b) for w1 in steps for w2 in steps for b in steps]
    assert max(right) == len(half_plane.POINTS) == 20
    assert half_plane.right_sides(**half_plane.START) == 13
    assert all(half_plane.right_sides(**place) < 20 for place in half_plane.PRESETS.values())


def test_a_neuron_without_weights_says_that_it_does_not_look() -> None:
    state = neuron_at(0, 0, 1)
    assert np.isnan(state.line_x).all()
    assert "does not look at its input" in state.says


def test_the_neuron_runs_on_the_students_function() -> None:
    def relu(x: Array) -> Array:
        return np.maximum(x, 0)

    explorer = widgets.neuron(relu).set(w1=2, w2=0, b=1, point=(2, 0))
    assert explorer.values["activation"] == "your relu"
    assert explorer.field("answer") == "5.00"
    assert explorer.set(point=(-2, 0)).field("answer") == "0.00"


# layer_bends_space


@pytest.mark.parametrize("layer", bend.LAYERS)
def test_without_an_activation_every_grid_line_stays_straight(layer: str) -> None:
    lines = bend.layer_output(bend.GRID, layer, 0.0, np.tanh)
    assert np.diff(lines, n=2, axis=1) == pytest.approx(np.zeros((16, 27, 2)), abs=1e-12)


@pytest.mark.parametrize("kind", ["relu", "tanh", "sigmoid"])
def test_with_an_activation_some_grid_lines_bend(kind: str) -> None:
    lines = bend.layer_output(bend.GRID, "fold", 1.0, functions.function_named(kind).value)
    assert np.abs(np.diff(lines, n=2, axis=1)).max() > 1e-3


@pytest.mark.parametrize("layer", bend.LAYERS)
def test_without_an_activation_no_line_parts_the_classes_whatever_the_layer(layer: str) -> None:
    state = bend.bent_state(layer, 0.0, "ReLU", functions.relu)
    assert "no straight line parts the two classes" in state.says
    assert "leaves 8 of 32" in state.says


def test_folding_with_relu_makes_the_classes_separable_by_the_drawn_line() -> None:
    state = bend.bent_state("fold", 1.0, "ReLU", functions.relu)
    assert "a straight line parts the two classes" in state.says
    direction = np.array([np.diff(state.line_x)[0], np.diff(state.line_y)[0]])
    offsets = np.stack([state.points_x - state.line_x[0], state.points_y - state.line_y[0]], axis=1)
    side = direction[0] * offsets[:, 1] - direction[1] * offsets[:, 0] > 0
    assert np.array_equal(side, bend.CLASS == 0) or np.array_equal(side, bend.CLASS == 1)


def test_the_line_seen_from_before_the_layer_lands_on_the_straight_line() -> None:
    line = bend.best_line(bend.layer_output(bend.POINTS, "fold", 1.0, functions.relu))
    before = bend.line_before(line, "fold", 1.0, functions.relu)
    before = before[~np.isnan(before[:, 0])]
    landed = bend.layer_output(before, "fold", 1.0, functions.relu) @ line.normal
    assert len(before) > 20
    assert landed == pytest.approx(np.full(len(before), line.offset), abs=0.01)


def test_the_best_line_finds_a_line_where_there_is_one_and_counts_errors_where_there_is_none() -> None:
    apart = np.stack([np.where(bend.CLASS == 0, 5.0, -5.0), np.arange(32.0)], axis=1)
    assert bend.best_line(apart).errors == 0
    swapped = apart.copy()
    swapped[:3] *= (-1, 1)
    assert bend.best_line(swapped).errors <= 3
    one_place = np.zeros((32, 2))
    assert bend.best_line(one_place + np.eye(32)[:, :2]).errors > 0


def test_the_same_places_use_the_students_relu_when_it_is_given() -> None:
    def relu(x: Array) -> Array:
        return np.maximum(x, 0)

    explorer = preset(widgets.layer_bends_space(relu), "folded")
    assert explorer.values["activation"] == "your relu"
    assert "a straight line parts the two classes" in explorer.sentence


def test_a_student_relu_that_does_not_bend_separates_nothing() -> None:
    def relu(x: Array) -> Array:
        return x

    assert "no straight line" in preset(widgets.layer_bends_space(relu), "folded").sentence


# activation_explorer


@pytest.mark.parametrize("function", functions.FUNCTIONS, ids=lambda function: str(function.key))
def test_each_derivative_is_the_slope_of_its_function(function: functions.Function) -> None:
    by_differences = functions.derivative_from_the_left(function.value, slope.X)
    assert function.slope(slope.X) == pytest.approx(by_differences, abs=1e-6)


def test_the_derivative_from_the_left_would_see_a_wrong_slope() -> None:
    by_differences = functions.derivative_from_the_left(functions.sigmoid, slope.X)
    assert np.abs(functions.tanh_grad(slope.X) - by_differences).max() > 0.1


def test_at_3_the_sigmoid_passes_a_twentieth_and_ten_of_them_nothing(built: dict[str, Explorer]) -> None:
    explorer = preset(built["activation_explorer"], "the sigmoid at 3")
    assert explorer.state.slope == pytest.approx(0.0452, abs=5e-5)
    assert explorer.state.chain[-1] == pytest.approx(3.5e-14, rel=0.02)
    assert "slope 0.0452" in explorer.sentence
    assert "3.5e−14" in explorer.sentence


def test_at_its_steepest_the_sigmoid_passes_a_quarter_and_tanh_everything() -> None:
    assert slope.slope_state(functions.function_named("sigmoid"), 0.0).slope == 0.25
    assert slope.slope_state(functions.function_named("tanh"), 0.0).slope == 1


@pytest.mark.parametrize(("x0", "left"), [(-1.0, 0.0), (0.0, 0.0), (0.125, 1.0), (6.0, 1.0)])
def test_relu_passes_all_or_nothing(x0: float, left: float) -> None:
    state = slope.slope_state(functions.function_named("relu"), x0)
    assert state.chain.tolist() == [left] * 10


@pytest.mark.parametrize(
    ("kind", "begins", "ends"),
    [("sigmoid", [-6, 2.9375], [-2.9375, 6]), ("tanh", [-6, 2.1875], [-2.1875, 6]), ("relu", [-6, None], [0, None])],
)
def test_the_saturated_zone_is_where_the_slope_is_below_a_twentieth(
    kind: str, begins: list[float | None], ends: list[float | None]
) -> None:
    state = slope.slope_state(functions.function_named(kind), 0.0)
    expected = np.array([begins, ends], dtype=float)
    assert np.array_equal(np.stack([state.flat_from, state.flat_to]), expected, equal_nan=True)


def test_a_right_function_with_a_right_slope_agrees_everywhere() -> None:
    explorer = widgets.activation_explorer(renamed(functions.sigmoid, "sigmoid"), functions.sigmoid_grad)
    assert "agrees with the reference" in explorer.sentence
    assert explorer.values["kind"] == "your sigmoid"


def test_a_wrong_function_is_told_where_and_by_how_much() -> None:
    explorer = widgets.activation_explorer(renamed(lambda x: 1 / (1 + np.exp(x)), "sigmoid"))
    assert "leaves the dashed line most at −6: 0.998 where 0.00247 is right" in explorer.sentence


def test_a_wrong_slope_under_right_values_is_told_too() -> None:
    explorer = widgets.activation_explorer(
        renamed(functions.sigmoid, "sigmoid"), renamed(lambda x: x * (1 - x), "sigmoid_grad")
    )
    assert "Its values are right, its slope is not: at −6 it gives −42" in explorer.sentence


def test_without_a_derivative_the_slope_comes_from_the_function_itself() -> None:
    explorer = widgets.activation_explorer(renamed(functions.relu, "relu"))
    assert "agrees with the reference" in explorer.sentence
    assert explorer.set(x0=0).state.slope == 0


def test_a_function_of_a_new_name_is_drawn_without_a_ghost() -> None:
    explorer = widgets.activation_explorer(renamed(lambda x: x**2 / 10, "parabola"))
    assert np.isnan(explorer.field("ghost_y")).all()
    assert explorer.set(x0=2).state.slope == pytest.approx(0.4)


def test_a_derivative_of_an_unknown_function_asks_for_the_function() -> None:
    with pytest.raises(ValueError, match="got the derivative swish_grad alone; give its function too"):
        widgets.activation_explorer(derivative=renamed(lambda x: x, "swish_grad"))


def renamed(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The function under the name that a student would give it."""

    def inner(*args: Any) -> Any:
        return function(*args)

    inner.__name__ = name
    return inner


# softmax_steps


def test_the_shares_are_the_exponentials_over_their_sum_and_add_up_to_one() -> None:
    state = shares.softmax_state(1.75, 1.0, 0.0, True)
    powers = np.exp([2.0, 1.75, 0.0, -1.0])
    assert state.shares == pytest.approx(powers / powers.sum())
    assert state.shares.sum() == pytest.approx(1)
    assert state.total == pytest.approx(state.powers.sum())
    assert state.entropy == pytest.approx(-(state.shares * np.log(state.shares)).sum())


def test_a_constant_added_to_all_logits_changes_no_share() -> None:
    plain = shares.softmax_state(1.75, 1.0, 0.0, True)
    for constant in (10.0, 100.0, 1000.0):
        assert shares.softmax_state(1.75, 1.0, constant, True).shares == pytest.approx(plain.shares)
    assert shares.softmax_state(1.75, 1.0, 100.0, False).shares == pytest.approx(plain.shares)


def test_without_the_maximum_subtracted_large_logits_give_nan_and_a_sentence_says_so() -> None:
    state = shares.softmax_state(1.0, 1.0, 1000.0, False)
    assert np.isnan(state.shares).all()
    assert "inf / inf is nan" in state.says


def test_cold_is_argmax_and_hot_is_uniform() -> None:
    cold, hot = shares.softmax_state(1.0, 0.05, 0.0, True), shares.softmax_state(1.0, 50.0, 0.0, True)
    assert cold.shares.round(6).tolist() == [1, 0, 0, 0]
    assert "all but an argmax" in cold.says
    assert hot.shares == pytest.approx(np.full(4, 0.25), abs=0.011)
    assert hot.entropy == pytest.approx(np.log(4), abs=1e-3)
    assert "all but uniform" in hot.says


def test_entropy_rises_with_temperature() -> None:
    entropies = [shares.softmax_state(1.75, t, 0.0, True).entropy for t in shares.TEMPERATURES]
    assert np.all(np.diff(entropies) > 0)


def test_the_table_holds_the_arithmetic_row_by_row() -> None:
    state = shares.softmax_state(1.0, 2.0, 0.0, True)
    assert state.cells[:5] == ("2", "1", "0", "1", "0.455")
    assert state.cells[5:8] == ("1", "0.5", "−0.5")
    assert state.cells[-5:] == ("", "", "", "2.198", "1")


def test_the_students_softmax_is_compared_and_a_wrong_one_is_told() -> None:
    right = StudentFunction(functions.softmax, "softmax")
    wrong = StudentFunction(lambda x: x / np.sum(x), "softmax")
    assert "Your softmax gives the same" in shares.softmax_state(1.0, 1.0, 0.0, True, right).says
    assert "Your softmax gives" in shares.softmax_state(1.0, 1.0, 0.0, True, wrong).says
    assert "is right" in shares.softmax_state(1.0, 1.0, 0.0, True, wrong).says


def test_a_softmax_that_overflows_is_noticed() -> None:
    explorer = widgets.softmax_steps(renamed(lambda x: np.exp(x) / np.exp(x).sum(), "softmax"))
    assert "Your softmax returned NaN or infinity" in explorer.spec["notice"]


# network_builder


@pytest.mark.parametrize(("name", "total"), [("logistic regression", 3), ("solves XOR", 9), ("reads digits", 118_282)])
def test_the_parameters_add_up(built: dict[str, Explorer], name: str, total: int) -> None:
    explorer = preset(built["network_builder"], name)
    assert f"{total:,} parameters" in explorer.sentence
    assert np.nansum(explorer.state.share) == pytest.approx(1)


def test_weights_are_fan_in_times_fan_out_and_every_unit_has_one_bias() -> None:
    assert network.count_parameters((4, 8, 3)).tolist() == [[32, 8], [24, 3]]
    state = network.network_state(4, 8, 1, 3, "ReLU", network.Forward(NONE))
    assert state.arithmetic[:3] == ("4 × 8 + 8 = 40", "8 × 3 + 3 = 27", "")


def test_the_output_is_a_sigmoid_for_one_unit_and_a_softmax_for_several() -> None:
    forward = network.Forward(NONE)
    assert 0 < forward.activations((3, 4, 1), "tanh")[-1][0] < 1
    assert forward.activations((3, 4, 3), "tanh")[-1].sum() == pytest.approx(1)


def test_the_drawn_activations_are_those_of_the_layers_in_turn() -> None:
    forward = network.Forward(NONE)
    x, hidden, output = forward.activations((4, 8, 3), "ReLU")
    (w1, b1), (w2, b2) = forward.layer(1, 4, 8), forward.layer(2, 8, 3)
    assert hidden == pytest.approx(np.maximum(w1 @ x + b1, 0))
    assert output == pytest.approx(functions.softmax(w2 @ hidden + b2))


@pytest.mark.parametrize(("size", "drawn"), [(1, 1), (8, 8), (10, 10), (64, 8), (784, 8)])
def test_a_large_layer_is_abbreviated_to_its_ends(size: int, drawn: int) -> None:
    units, heights = network.drawn_units(size)
    assert len(units) == len(heights) == drawn
    assert units[0] == 0
    assert units[-1] == size - 1
    state = network.network_state(2, 4, 1, size, "tanh", network.Forward(NONE))
    assert ("⋮" in state.word_texts) == (size > drawn)


def my_forward(x: Array, layers: list[tuple[Array, Array]], hidden: str, output: str) -> Array:
    """A right forward pass, as a student may write it."""
    *first, (weight, bias) = layers
    for w, b in first:
        x = functions.function_named(hidden).value(x @ w.T + b)
    z = x @ weight.T + bias
    return {"identity": lambda: z, "sigmoid": lambda: functions.sigmoid(z), "softmax": lambda: functions.softmax(z)}[
        output
    ]()


def test_a_right_forward_shows_the_same_colours_as_the_reference(built: dict[str, Explorer]) -> None:
    explorer = widgets.network_builder(my_forward)
    for index in ([0, 1, 1, 0, 0], [5, 4, 5, 3, 1], [2, 3, 3, 2, 2]):
        explorer.index = built["network_builder"].index = index
        assert explorer.field("values") == pytest.approx(built["network_builder"].field("values"), nan_ok=True)
        assert explorer.sentence == built["network_builder"].sentence


def test_a_forward_that_bends_its_output_too_is_told() -> None:
    def forward(x: Array, layers: list[tuple[Array, Array]], hidden: str, output: str) -> Array:
        return np.maximum(my_forward(x, layers, hidden, "identity"), 0)

    assert "Your forward gives" in widgets.network_builder(forward).sentence


# signal_through_depth


@cache
def weights() -> Array:
    return depth.draw_weights()


@cache
def run(start: str, activation: str = "ReLU") -> depth.Signal:
    return depth.run_signal(weights(), depth.SCALES[start], activation)


def test_after_20_relu_layers_four_scales_are_forty_powers_of_ten_apart() -> None:
    found = {start: run(start).spread[20] for start in depth.SCALES}
    assert found["0.01"] == pytest.approx(1e-16, rel=0.5)
    assert found["1/√n"] == pytest.approx(7e-4, rel=0.5)
    assert found["He: √(2/n)"] == pytest.approx(0.71, rel=0.5)
    assert found["1"] == pytest.approx(8e23, rel=0.5)


def test_every_relu_layer_multiplies_by_the_same_factor() -> None:
    for start, scale in depth.SCALES.items():
        factor = (run(start).spread[40] / run(start).spread[10]) ** (1 / 30)
        assert factor == pytest.approx(scale * np.sqrt(depth.WIDTH / 2), rel=0.05)


def test_the_sigmoid_keeps_its_spread_and_loses_the_input() -> None:
    signal = run("1/√n", "sigmoid")
    assert signal.spread[20] == pytest.approx(0.12, abs=0.01)
    assert signal.between[20] < 1e-12
    assert np.isnan(signal.between[-1])


def test_tanh_with_scale_one_is_saturated_and_says_so() -> None:
    signal = run("1", "tanh")
    assert signal.flat[20] > 0.9
    others = np.stack([run(start, "tanh").spread for start in depth.SCALES])
    assert "are saturated" in depth.signal_state(signal, 20, "1", "tanh", others).says


def test_half_of_the_relu_units_are_zero_and_the_histogram_adds_up() -> None:
    signal = run("He: √(2/n)")
    assert signal.zeros[1:] == pytest.approx(np.full(depth.DEPTH, 0.5), abs=0.06)
    assert signal.counts.sum(axis=1) == pytest.approx(np.ones(depth.DEPTH + 1))


def test_only_the_layers_up_to_the_depth_are_drawn(built: dict[str, Explorer]) -> None:
    explorer = built["signal_through_depth"].set(depth=7, activation="ReLU", start="1")
    assert np.isfinite(explorer.field("spread")).tolist() == [True] * 8 + [False] * 43


def test_overflow_of_float32_is_named_where_it_happens(built: dict[str, Explorer]) -> None:
    explorer = built["signal_through_depth"].set(start="1", activation="ReLU")
    assert "No float32 number" not in explorer.set(depth=30).sentence
    assert "No float32 number" in explorer.set(depth=33).sentence


def test_the_students_initialisation_is_one_more_choice_and_shown_first() -> None:
    def kaiming_init(fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        return rng.normal(0, np.sqrt(2 / fan_in), (fan_out, fan_in))

    explorer = widgets.signal_through_depth(kaiming_init).set(depth=20)
    assert explorer.values["start"] == "your kaiming_init"
    assert 0.3 < explorer.state.last_spread < 1.5


def test_an_initialisation_without_the_root_dies() -> None:
    def init(fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        return rng.normal(0, 2 / fan_in, (fan_out, fan_in))

    assert "The signal dies" in widgets.signal_through_depth(init).set(depth=20).sentence


def test_weights_so_large_that_squares_overflow_are_told_and_do_not_warn() -> None:
    def init(fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        return 1e6 * rng.normal(0, fan_in, (fan_out, fan_in))

    assert "No float32 number" in widgets.signal_through_depth(init).set(depth=50, activation="ReLU").sentence
