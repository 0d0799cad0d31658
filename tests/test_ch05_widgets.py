"""The widgets of chapter 5: every claim that they teach, on the functions behind them; no browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from course.data import first_names, sunspots
from course.widgets import ch05_lstm as widgets
from course.widgets.ch05_lstm import cells, train_letters, train_sunspots
from course.widgets.kit import Explorer

# by their paths: the package's names are the functions
gates = import_module("course.widgets.ch05_lstm.gate_player")
travel = import_module("course.widgets.ch05_lstm.gradient_through_time")
memory = import_module("course.widgets.ch05_lstm.cell_memory")
forecast = import_module("course.widgets.ch05_lstm.forecaster")

Array = np.ndarray
ALL = ("gate_player", "gradient_through_time", "cell_memory", "forecaster")
PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_out", "bias_out")
FUNCTION = {
    "gate_player": "lstm_cell",
    "gradient_through_time": "gradient_norms_through_time",
    "forecaster": "lstm_forward",
}
RIGHT: dict[str, Callable[..., Any]] = {
    "gate_player": cells.lstm_cell,
    "gradient_through_time": travel.rnn_norms,
    "forecaster": cells.lstm_forward,
}


@pytest.fixture(scope="module")
def built() -> dict[str, Explorer]:
    """Each widget once, without a student's function."""
    return {name: getattr(widgets, name)() for name in ALL}


def preset(explorer: Explorer, name: str) -> Explorer:
    """The explorer moved as the button with this name moves it."""
    (found,) = [one for one in explorer.spec["presets"] if one["name"] == name]
    explorer.index = found["index"]
    return explorer


def unwritten(*_: Any) -> Array:
    raise NotImplementedError


# All four


@pytest.mark.parametrize("name", ALL)
def test_every_state_of_a_widget_has_a_sentence_that_ends(built: dict[str, Explorer], name: str) -> None:
    explorer = built[name]
    rng = np.random.default_rng(0)
    for _ in range(100):
        explorer.index = [int(rng.integers(len(axis["texts"]))) for axis in explorer.spec["axes"]]
        assert explorer.sentence[0].isupper() or explorer.sentence[0].isdigit()
        assert explorer.sentence.endswith(".")
        assert not re.search(r"\bnan\b", explorer.sentence)
        assert "-0.00" not in explorer.sentence


@pytest.mark.parametrize("name", ALL)
def test_every_preset_is_a_place_of_its_own(built: dict[str, Explorer], name: str) -> None:
    explorer = built[name]
    sentences = {preset(explorer, one["name"]).sentence for one in explorer.spec["presets"]}
    assert len(explorer.spec["presets"]) == len(sentences) >= 3


@pytest.mark.parametrize("name", ALL)
def test_a_block_stays_below_a_hundred_kilobytes(built: dict[str, Explorer], name: str) -> None:
    assert built[name].baked.gzipped < 100_000


@pytest.mark.parametrize("name", FUNCTION)
def test_a_function_that_is_not_written_yet_is_named_and_the_reference_is_shown(
    built: dict[str, Explorer], name: str
) -> None:
    explorer = getattr(widgets, name)(unwritten)
    assert explorer.spec["notice"] == f"Your {FUNCTION[name]} is not written yet."
    assert not built[name].spec["notice"]
    for one in explorer.spec["presets"]:
        assert preset(explorer, one["name"]).sentence == preset(built[name], one["name"]).sentence


@pytest.mark.parametrize("name", FUNCTION)
def test_a_right_function_shows_what_the_reference_shows(built: dict[str, Explorer], name: str) -> None:
    explorer = getattr(widgets, name)(RIGHT[name])
    assert not explorer.spec["notice"]
    for one in explorer.spec["presets"]:
        assert preset(explorer, one["name"]).sentence == preset(built[name], one["name"]).sentence


@pytest.mark.parametrize("name", FUNCTION)
def test_values_that_are_not_finite_are_named_and_the_reference_is_shown(built: dict[str, Explorer], name: str) -> None:
    explorer = getattr(widgets, name)(lambda *inputs: np.asarray(RIGHT[name](*inputs)) * np.nan)
    assert "NaN" in explorer.spec["notice"]
    assert explorer.sentence == getattr(widgets, name)().sentence


# cells


def test_the_backward_pass_of_the_lstm_is_that_of_differences() -> None:
    rng = np.random.default_rng(0)
    x, parameters = rng.normal(size=(2, 5, 3)), cells.draw_lstm(3, 4, 1.0, rng)
    up, zero = rng.normal(size=(2, 5, 4)), np.zeros((2, 4))

    def total(moved: list[Array]) -> float:
        return float(np.sum(up * cells.lstm_forward(x, zero, zero, *moved)[0]))

    hs, cs = cells.lstm_forward(x, zero, zero, *parameters)
    grads, _grad_h, _grad_c = cells.lstm_backward(up, x, hs, cs, *parameters)
    for place, one in enumerate(parameters):
        for index in list(np.ndindex(one.shape))[:: max(1, one.size // 7)]:
            ends = []
            for step in (1e-6, -1e-6):
                moved = [np.array(each) for each in parameters]
                moved[place][index] += step
                ends.append(total(moved))
            assert grads[place][index] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-7)


def test_the_gradient_at_an_old_memory_is_that_of_differences() -> None:
    rng = np.random.default_rng(1)
    x, parameters = rng.normal(size=(1, 6, 3)), cells.draw_lstm(3, 4, 1.0, rng)
    up, zero = np.zeros((1, 6, 4)), np.zeros((1, 4))
    up[0, -1] = rng.normal(size=4)
    hs, cs = cells.lstm_forward(x, zero, zero, *parameters)
    _grads, _grad_h, grad_c = cells.lstm_backward(up, x, hs, cs, *parameters)
    for unit in range(4):
        ends = []
        for step in (1e-6, -1e-6):
            c = cs[:, 1] + step * np.eye(4)[unit]
            # h after step 2 depends on c too: h = o * tanh(c)
            h = hs[:, 1] / np.tanh(cs[:, 1]) * np.tanh(c)
            ends.append(float(up[0, -1] @ cells.lstm_forward(x[:, 2:], h, c, *parameters)[0][0, -1]))
        assert grad_c[0, 1, unit] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-8)


# gate_player


def test_a_forget_gate_at_1_keeps_the_pulse_to_the_last_digit(built: dict[str, Explorer]) -> None:
    explorer = preset(built["gate_player"], "forget 1 remembers")
    c = explorer.state.c[::2]
    assert (c[:2] == 0).all()
    assert c[2:] == pytest.approx(np.full(18, np.tanh(2.0)), abs=1e-12)
    assert "All of what step 3 wrote is left." in explorer.sentence


def test_a_forget_gate_at_09_leaves_a_sixth_after_seventeen_steps(built: dict[str, Explorer]) -> None:
    explorer = preset(built["gate_player"], "forget 0.9 fades")
    assert explorer.state.c[-1] == pytest.approx(np.tanh(2.0) * 0.9**17, abs=1e-9)
    assert "17% of what step 3 wrote is left" in explorer.sentence


def test_a_forget_gate_at_0_is_no_memory(built: dict[str, Explorer]) -> None:
    explorer = preset(built["gate_player"], "forget 0 is no memory")
    assert explorer.state.c[::2] == pytest.approx(np.where(gates.STEP == 3, np.tanh(2.0), 0.0), abs=1e-9)
    assert "Nothing of what step 3 wrote is left" in explorer.sentence


def test_three_pulses_add_up_and_are_wiped_by_one_shut_step(built: dict[str, Explorer]) -> None:
    explorer = preset(built["gate_player"], "it adds up")
    assert explorer.state.c[-1] == pytest.approx(3 * np.tanh(2.0))
    wiped = preset(built["gate_player"], "wiped at step 10").state.c[::2]
    assert wiped[8] == pytest.approx(2 * np.tanh(2.0))
    assert wiped[9] == 0
    assert wiped[-1] == pytest.approx(np.tanh(2.0))


def test_a_shut_input_gate_ignores_everything(built: dict[str, Explorer]) -> None:
    explorer = preset(built["gate_player"], "input shut ignores")
    assert np.abs(explorer.state.c).max() < 1e-12
    assert "never hears of a pulse" in explorer.sentence


def test_noise_gets_in_unless_the_gate_is_open_for_the_pulse_alone(built: dict[str, Explorer]) -> None:
    noisy = preset(built["gate_player"], "noise gets in")
    assert noisy.state.c[-1] == pytest.approx(0.29, abs=0.005)
    assert "-0.68 of the memory came in later" in noisy.sentence
    kept = preset(built["gate_player"], "open for the pulse alone")
    assert kept.state.c[-1] == pytest.approx(np.tanh(2.0), abs=1e-12)
    assert np.array_equal(noisy.state.x, kept.state.x)


def test_a_shut_output_gate_hides_a_memory_that_is_there(built: dict[str, Explorer]) -> None:
    explorer = preset(built["gate_player"], "output shut hides")
    assert explorer.values["step"] == 15
    c, h = explorer.state.c[::2], explorer.state.h[::2]
    assert c[14] == pytest.approx(np.tanh(2.0))
    assert abs(h[14]) < 1e-12
    assert h[15] == pytest.approx(np.tanh(np.tanh(2.0)))
    assert "outside nobody sees it" in explorer.sentence


@pytest.mark.parametrize("forget_gate", gates.FORGET)
@pytest.mark.parametrize("input_gate", gates.INPUT)
def test_the_memory_is_the_sum_of_what_came_in_times_what_was_kept(input_gate: str, forget_gate: str) -> None:
    state = gates.gates_state("a pulse, then noise", input_gate, forget_gate, "open", 2.0)
    i, f, g = gates.INPUT[input_gate], gates.FORGET[forget_gate], state.g[::2]
    wanted = [sum(i[s] * g[s] * np.prod(f[s + 1 : t + 1]) for s in range(t + 1)) for t in range(gates.STEPS)]
    assert state.c[::2] == pytest.approx(wanted, abs=1e-9)
    assert state.h == pytest.approx(np.tanh(state.c))


def test_memory_and_output_stay_inside_the_strips() -> None:
    for signal in gates.SIGNALS:
        for weight in gates.WEIGHTS:
            state = gates.gates_state(signal, "open", "1: keeps everything", "open", weight)
            assert np.abs(state.c).max() < 3


def with_gates(order: str, biases: int = 2) -> Callable[..., Any]:
    """An lstm_cell that takes the blocks in this order, with one or both of the biases."""

    def cell(x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array) -> Any:
        z = x @ w_ih.T + h @ w_hh.T + b_ih + (biases - 1) * b_hh
        block = dict(zip(order, np.split(z, 4, axis=1), strict=True))
        c_new = cells.sigmoid(block["f"]) * c + cells.sigmoid(block["i"]) * np.tanh(block["g"])
        return cells.sigmoid(block["o"]) * np.tanh(c_new), c_new

    return cell


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        (with_gates("figo"), "forget 0.9 fades"),
        (with_gates("ifog"), "forget 1 remembers"),
        (with_gates("ifgo", biases=1), "forget 0.9 fades"),
        (lambda *inputs: cells.lstm_cell(*inputs)[::-1], "forget 1 remembers"),
    ],
)
def test_a_wrong_cell_leaves_the_dashed_line_and_the_sentence_says_so(cell: Callable[..., Any], name: str) -> None:
    explorer = preset(widgets.gate_player(cell), name)
    assert explorer.state.right_c[-1] == pytest.approx(gates.gates_state(*list(explorer.values.values())[:5]).c[-1])
    missed = explorer.state.c - explorer.state.right_c, explorer.state.h - explorer.state.right_h
    assert np.abs(missed).max() > 0.01
    assert "your cell has c =" in explorer.sentence
    assert explorer.sentence.endswith("are right.")


def test_the_order_of_the_right_cell_is_the_order_of_the_widget() -> None:
    assert "your cell" not in preset(widgets.gate_player(with_gates("ifgo")), "forget 0.9 fades").sentence


# gradient_through_time


def test_without_inputs_the_gradient_is_a_power_of_the_radius() -> None:
    for radius in travel.RADII:
        state = travel.travel_state(radius, 0.0, 3)
        assert state.rnn == pytest.approx(np.maximum(radius**travel.K, 1e-30), rel=1e-9)
        assert state.rnn_factor[1:] == pytest.approx(np.full(travel.BACK, radius))


def test_the_presets_say_what_is_left_after_fifty_steps(built: dict[str, Explorer]) -> None:
    says = {one: preset(built["gradient_through_time"], one).sentence for one in travel.PRESETS}
    assert "RNN's gradient has shrunk to 0.0052 (0.90 a step)" in says["0.9 fifty times"]
    assert "LSTM's has shrunk to 0.092 (0.95 a step)" in says["0.9 fifty times"]
    assert "RNN's gradient has grown to 117 (1.10 a step)" in says["1.1 fifty times"]
    assert "RNN's gradient is what it was" in says["exactly 1"]
    assert "RNN's gradient has shrunk to 0.00055" in says["1, and something to read"]
    assert "RNN's gradient has shrunk to 1.3e-5" in says["1.3, tamed by tanh"]
    assert "LSTM's has shrunk to 9.9e-16 (0.50 a step)" in says["a half-shut forget gate"]
    assert "LSTM's has shrunk to 0.74 (0.99 a step)" in says["forget bias 5"]


@pytest.mark.parametrize("bias", travel.BIASES)
@pytest.mark.parametrize("size", travel.SIZES)
def test_a_step_through_the_memory_multiplies_by_nearly_the_forget_gate(bias: int, size: float) -> None:
    norms = travel.lstm_norms(bias, size)
    each = norms[0] ** (1 / travel.BACK)
    assert each == pytest.approx(1 / (1 + np.exp(-bias)), abs=0.02)


def test_inputs_saturate_the_rnn_and_no_step_passes_more_than_the_radius() -> None:
    for radius in travel.RADII:
        left = []
        for size in travel.SIZES:
            state = travel.travel_state(radius, size, 3)
            assert (state.rnn_factor[1:] <= radius + 1e-9).all()
            left.append(state.rnn[-1])
        assert (np.diff(left) < 0).all()


def test_every_eigenvalue_of_the_recurrent_matrix_has_the_size_of_the_radius() -> None:
    _grad, _hs, weight_hh = travel.rnn_states(0.9, 0.3)
    assert np.abs(np.linalg.eigvals(weight_hh)) == pytest.approx(np.full(travel.UNITS, 0.9))


def test_the_norms_of_the_rnn_are_those_of_differences() -> None:
    grad, hs, weight_hh = travel.rnn_states(1.1, 0.3)
    inputs = np.arctanh(hs[1:]) - hs[:-1] @ weight_hh.T
    slopes = []
    for nudge in 1e-6 * np.eye(travel.UNITS):
        ends = []
        for sign in (1, -1):
            h = hs[40] + sign * nudge
            for x in inputs[40:]:
                h = np.tanh(x + weight_hh @ h)
            ends.append(grad @ h)
        slopes.append((ends[0] - ends[1]) / 2e-6)
    assert travel.rnn_norms(grad, hs, weight_hh)[40] == pytest.approx(np.linalg.norm(slopes), rel=1e-6)


def test_a_gradient_without_the_slope_of_tanh_is_told_where_there_are_inputs() -> None:
    def without_slope(grad_last: Array, hs: Array, weight_hh: Array) -> Array:
        return travel.rnn_norms(grad_last, 0 * hs, weight_hh)

    explorer = widgets.gradient_through_time(without_slope)
    assert "is right" not in preset(explorer, "0.9 fifty times").sentence  # without inputs there is no slope to forget
    preset(explorer, "1, and something to read")
    assert "is what it was (1.00 a step) by your function, where 0.00055 is right" in explorer.sentence
    assert explorer.state.rnn[-1] == pytest.approx(1.0)
    assert explorer.state.right[-1] == pytest.approx(0.00055, rel=0.01)


# cell_memory


def test_the_recorded_network_guesses_letters_better_than_counts_of_pairs() -> None:
    network = memory.recorded()
    parameters = [network[name] for name in PARAMETERS]
    names = first_names()
    order = np.random.default_rng(0).permutation(len(names))
    unseen, seen = [[names[k] for k in part] for part in (order[: train_letters.TEST], order[train_letters.TEST :])]
    loss, _grads = train_letters.loss_and_gradients(parameters, *train_letters.encoded(unseen))
    counts = np.ones((27, 27))
    tokens, mask = train_letters.encoded(seen)
    np.add.at(counts, (tokens[:, :-1][mask], tokens[:, 1:][mask]), 1)
    log_p = np.log(counts / counts.sum(axis=1, keepdims=True))
    tokens, mask = train_letters.encoded(unseen)
    pairs = -np.mean(log_p[tokens[:, :-1][mask], tokens[:, 1:][mask]])
    assert loss == pytest.approx(float(network["test_loss"]), abs=2e-3)  # stored in 16 bits
    assert loss < pairs - 0.3


def test_every_name_that_is_shown_is_a_real_one_and_fits() -> None:
    known = set(first_names())
    for names in memory.NAMES.values():
        assert len(names) == 8
        assert set(names) <= known
        assert max(len(name) for name in names) <= memory.LONGEST


def test_letters_are_what_they_are_said_to_be() -> None:
    place, vowel, after, double, passed, last = memory._meanings("sally").T
    assert place.tolist() == [1, 2, 3, 4, 5]
    assert vowel.tolist() == [0, 1, 0, 0, 1]
    assert after.tolist() == [0, 0, 1, 0, 0]
    assert double.tolist() == [0, 0, 0, 1, 0]
    assert passed.tolist() == [0, 0, 1, 1, 1]
    assert last.tolist() == [0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("name", "unit", "r"),
    [
        ("it counts", 42, -0.95),
        ("vowels", 0, -0.75),
        ("after a vowel", 51, -0.54),
        ("two consonants", 59, 0.55),
        ("an l came by", 18, -0.46),
        ("the end, in vain", 12, -0.18),
    ],
)
def test_a_preset_shows_the_unit_that_follows_its_meaning(
    built: dict[str, Explorer], name: str, unit: int, r: float
) -> None:
    explorer = preset(built["cell_memory"], name)
    assert explorer.values["unit"] == unit
    assert explorer.state.here == pytest.approx(r, abs=0.005)
    assert np.abs(explorer.state.found).max() == pytest.approx(abs(r), abs=0.005)
    assert f"Cell {unit} and “{explorer.values['meaning']}”: correlation {r:.2f}" in explorer.sentence


def test_what_was_learned_is_told_from_what_every_network_has(built: dict[str, Explorer]) -> None:
    search, before = memory.searched(memory.recorded()), memory.untrained(64)
    best = dict(zip(memory.MEANINGS, np.abs(search.r).max(axis=0), strict=True))
    for k, (meaning, name) in enumerate(memory.MEANINGS.items()):
        explorer = preset(built["cell_memory"], name)
        assert explorer.state.before == pytest.approx([before[k], -before[k]])
        if meaning not in ("an l came by", "the last letter"):
            assert best[meaning] > before[k] + 0.15
            assert explorer.sentence.endswith(f"before training the closest has {before[k]:.2f}: this was learned.")
    sentence = preset(built["cell_memory"], "an l came by").sentence
    assert sentence.endswith(f"but before training one has {before[4]:.2f} already: no sign of learning.")
    assert before[4] > best["an l came by"]


def test_the_unit_that_counts_falls_from_letter_to_letter_in_every_name() -> None:
    (unit,) = {memory.best_units(memory.searched(memory.recorded()))["the place in the name"]}
    for names in memory.NAMES.values():
        for c in memory.memories(memory.recorded(), names):
            place = np.arange(len(c))
            assert np.polyfit(place, c[:, unit], 1)[0] < -0.3


def test_the_correlation_with_the_place_is_that_of_numpy() -> None:
    search = memory.searched(memory.recorded())
    c = np.concatenate(memory.memories(memory.recorded(), memory._sample()))
    place = np.concatenate([np.arange(len(name)) for name in memory._sample()])
    for unit in (0, 42):
        assert search.r[unit, 0] == pytest.approx(np.corrcoef(c[:, unit], place)[0, 1])
        assert search.slopes[unit, 0] == pytest.approx(np.polyfit(place, c[:, unit], 1)[0])


def test_a_correlation_at_the_same_place_does_not_take_a_count_for_a_last_letter() -> None:
    network = counting_network(4)
    search = memory.searched(network)
    assert search.r[1, 0] == pytest.approx(1.0, abs=1e-3)
    assert np.abs(search.r[1, 1:]).max() < 1e-6


def counting_network(units: int) -> dict[str, Array]:
    """A network made by hand: unit 0 is 1 at a vowel, unit 1 counts, the others keep still."""
    weight_ih, bias = np.zeros((4 * units, 27)), np.zeros(4 * units)
    i, f, g = 0, units, 2 * units
    bias[i : i + units] = bias[f : f + units] = 40.0
    bias[f] = -40.0
    weight_ih[g, [memory.SYMBOLS.index(letter) for letter in "aeiouy"]] = 40.0
    weight_ih[g + 1, 1:] = np.arctanh(0.1)
    return {
        "weight_ih": weight_ih, "weight_hh": np.zeros((4 * units, units)), "bias_ih": bias,
        "bias_hh": np.zeros(4 * units), "weight_out": np.zeros((27, units)), "bias_out": np.zeros(27),
    }  # fmt: skip


def test_in_a_network_of_the_student_the_presets_find_their_units() -> None:
    explorer = widgets.cell_memory(counting_network(5))
    assert not explorer.spec["notice"]
    assert len(explorer.spec["axes"][1]["texts"]) == 5
    assert preset(explorer, "vowels").values["unit"] == 0
    assert "correlation 1.00; there its memory is about 1.00 higher" in explorer.sentence
    assert preset(explorer, "it counts").values["unit"] == 1
    assert "rises by about 0.10" in explorer.sentence


def test_outlines_are_around_the_letters_that_are_looked_for(built: dict[str, Explorer]) -> None:
    explorer = preset(built["cell_memory"], "vowels")
    letters = np.array(explorer.state.letters).reshape(8, memory.LONGEST)
    boxes = {(int(row), int(column)) for row, column, _height, _width in explorer.state.boxes}
    assert boxes == {place for place in np.ndindex(letters.shape) if letters[place] and letters[place] in "aeiouy"}
    assert np.isnan(preset(explorer, "it counts").state.boxes).all()


def test_letters_are_blue_where_the_memory_is_below_zero_and_blank_behind_a_name(built: dict[str, Explorer]) -> None:
    state = preset(built["cell_memory"], "vowels").state
    blank = np.array([not letter for letter in state.letters]).reshape(8, memory.LONGEST)
    assert np.array_equal(np.isnan(state.values), blank)
    cs = memory.memories(memory.recorded(), memory.NAMES["of all lengths"])
    assert np.array_equal(np.sign(state.values[7]), np.sign(cs[7][:, 0]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weight_hh": None}, "needs the arrays"),
        ({"weight_ih": np.zeros((20, 26))}, "weight_ih has shape (20, 26); expected (20, 27)"),
        ({"bias_ih": np.zeros(5)}, "bias_ih has shape (5,); expected (20,)"),
        ({"bias_hh": np.full(20, np.nan)}, "holds NaN"),
    ],
)
def test_a_network_that_cannot_be_read_is_named_and_the_recorded_one_is_shown(
    built: dict[str, Explorer], change: dict[str, Any], words: str
) -> None:
    network = {name: one for name, one in (counting_network(5) | change).items() if one is not None}
    explorer = widgets.cell_memory(network)
    assert words in explorer.spec["notice"]
    assert preset(explorer, "vowels").sentence == preset(built["cell_memory"], "vowels").sentence


# forecaster


def test_the_errors_of_the_three_methods_are_those_that_the_text_names(built: dict[str, Explorer]) -> None:
    one = preset(built["forecaster"], "one year ahead")
    assert one.state.error == pytest.approx([32.8, 19.9, 18.9], abs=0.05)
    assert "level with a weighted sum of twenty numbers" in one.sentence
    assert preset(one, "a whole cycle ahead").state.error == pytest.approx([36.7, 39.7, 32.8], abs=0.05)
    assert preset(one, "free for twenty years").state.error == pytest.approx([48.2, 51.2, 36.5], abs=0.05)
    assert "it keeps the beat of the cycle for longer" in one.sentence


def test_persistence_misses_by_the_difference_of_two_years() -> None:
    number = sunspots().number
    wanted = np.sqrt(np.mean((number[-69:] - number[-70:-1]) ** 2))
    assert forecast.errors(forecast.forecasts()["persistence"])[0] == pytest.approx(wanted)


def test_the_autoregression_is_the_least_squares_line_of_the_years_before_1940() -> None:
    data = sunspots()
    known = data.number[data.year < 1940]
    rows = np.array([np.append(known[k : k + 20], 1.0) for k in range(len(known) - 20)])
    weights = np.linalg.lstsq(rows, known[20:], rcond=None)[0]
    origin = int(np.flatnonzero(data.year == 1974)[0])
    wanted = np.append(data.number[origin - 19 : origin + 1], 1.0) @ weights
    state = forecast.forecast_state(1, 1975)
    assert state.autoregression[1] == pytest.approx(wanted)
    assert state.autoregression[0] == state.lstm[0] == data.number[origin]


def test_no_year_that_is_forecast_was_learned_from() -> None:
    x, target = train_sunspots.windows()
    data = sunspots()
    assert len(x) == len(target) == 220
    assert target[-1] * train_sunspots.SCALE == data.number[data.year == 1939]
    assert forecast.YEARS[0] == 1940
    assert len(forecast.YEARS) == 69


def test_a_free_forecast_reads_its_own_forecasts_and_nothing_later() -> None:
    made = forecast.forecasts()
    state = forecast.forecast_state(3, 1957, made)
    data = sunspots()
    origin = int(np.flatnonzero(data.year == 1954)[0])
    window = data.number[origin - 19 : origin + 1] / train_sunspots.SCALE
    path = []
    for _ in range(3):
        path.append(float(forecast._network(window[None, -20:], cells.lstm_forward)[0]))
        window = np.append(window, path[-1])
    assert state.lstm[1:4] == pytest.approx(train_sunspots.SCALE * np.array(path))
    assert np.isnan(state.lstm[4:]).all()
    assert state.x[:4].tolist() == [1954, 1955, 1956, 1957]
    assert (state.window_from, state.window_to) == (1935, 1954)


def test_the_thin_line_ends_where_the_thick_one_ends() -> None:
    made = forecast.forecasts()
    for ahead in forecast.AHEAD:
        state = forecast.forecast_state(ahead, 1957, made)
        assert state.history[1957 - 1940] == state.lstm[ahead]
        assert state.error[2] == pytest.approx(np.sqrt(np.mean((state.history - sunspots().number[-69:]) ** 2)))


def test_the_highest_peak_was_not_seen_coming(built: dict[str, Explorer]) -> None:
    explorer = preset(built["forecaster"], "the highest peak")
    assert explorer.state.truth == sunspots().number.max()
    assert "the LSTM says 84, it was 190" in explorer.sentence


@pytest.mark.parametrize(
    "wrong",
    [
        lambda *inputs: tuple(one[:, ::-1] for one in cells.lstm_forward(*inputs)),
        lambda *inputs: cells.lstm_forward(*inputs)[::-1],
        lambda x, *rest: cells.lstm_forward(x[:, ::-1], *rest),
    ],
)
def test_a_wrong_forward_pass_moves_the_line_and_is_told(wrong: Callable[..., Any]) -> None:
    explorer = preset(widgets.forecaster(wrong), "one year ahead")
    state = explorer.state
    assert abs(state.lstm[1] - state.right[1]) > 1
    assert state.right_error[2] == pytest.approx(18.9, abs=0.05)
    assert state.error[2] > 25
    assert "Your lstm_forward gives" in explorer.sentence
    assert explorer.sentence.endswith("is right.")


# the recordings


def test_training_the_forecaster_again_gives_the_recorded_weights() -> None:
    again = train_sunspots.train()
    for one, stored in zip(again, forecast._recorded(), strict=True):
        assert stored == pytest.approx(one, abs=0.02)


def test_one_step_of_the_letters_goes_down() -> None:
    network = memory.recorded()
    parameters = [network[name] for name in PARAMETERS]
    batch = train_letters.encoded(first_names()[:50])
    before, gradients = train_letters.loss_and_gradients(parameters, *batch)
    after, _grads = train_letters.loss_and_gradients(
        [one - 0.1 * grad for one, grad in zip(parameters, gradients, strict=True)], *batch
    )
    assert after < before
