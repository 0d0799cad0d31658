"""The widgets of chapter 2: every claim that they teach, on the functions behind them; no browser."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from course import mlp
from course.widgets import ch02_backprop as widgets
from course.widgets.ch02_backprop.finite_difference import FUNCTIONS, WIDTHS, nudge_state
from course.widgets.ch02_backprop.gradient_check_map import FAULTS, KINDS, NAMES, ON_THE_WAY, WRONG, check_state
from course.widgets.ch02_backprop.graph_stepper import GRAPHS, MOVES, STEPS, judge, snapshot, trace
from course.widgets.kit import Explorer

# The package exports functions of the same names as its modules.
playground = sys.modules["course.widgets.ch02_backprop.playground"]

Array = np.ndarray


def preset(explorer: Explorer, name: str) -> Explorer:
    """The explorer moved as the button with this name moves it."""
    (found,) = [one for one in explorer.spec["presets"] if one["name"] == name]
    explorer.index = found["index"]
    return explorer


def ended(explorer: Explorer, name: str) -> Explorer:
    """A preset of the graph stepper, moved on to its last step."""
    return preset(explorer, name).set(step=STEPS - 1)


@pytest.mark.parametrize("name", widgets.__all__)
def test_every_state_of_a_widget_has_a_sentence_that_ends(name: str) -> None:
    explorer = getattr(widgets, name)()
    rng = np.random.default_rng(0)
    for _ in range(5 if name == "playground" else 200):
        explorer.index = [int(rng.integers(len(axis["texts"]))) for axis in explorer.spec["axes"]]
        assert explorer.sentence.endswith(".")


# graph_stepper: a computation forward and backward


class Value:
    """A right engine, as a student may write it; `assign` and `careless` break it in two well-known ways."""

    assign = False
    careless = False

    def __init__(self, data: float, inputs: tuple[Any, ...] = (), slopes: tuple[float, ...] = ()) -> None:
        self.data, self.inputs, self.slopes, self.grad = data, inputs, slopes, 0.0

    def make(self, data: float, inputs: tuple[Any, ...], slopes: tuple[float, ...]) -> Any:
        return type(self)(data, inputs, slopes)

    def __add__(self, other: Any) -> Any:
        return self.make(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> Any:
        return self.make(self.data * other.data, (self, other), (other.data, self.data))

    def __sub__(self, other: Any) -> Any:
        return self.make(self.data - other.data, (self, other), (1.0, -1.0))

    def __pow__(self, power: int) -> Any:
        return self.make(self.data**power, (self,), (power * self.data ** (power - 1),))

    def tanh(self) -> Any:
        return self.make(float(np.tanh(self.data)), (self,), (1 - float(np.tanh(self.data)) ** 2,))

    def backward(self) -> None:
        order: list[Any] = []

        def visit(value: Any) -> None:
            if value not in order:
                for one in value.inputs:
                    visit(one)
                order.append(value)

        visit(self)
        self.grad = 1.0
        for value in order if self.careless else reversed(order):
            for one, slope in zip(value.inputs, value.slopes, strict=True):
                one.grad = slope * value.grad + (0.0 if self.assign else one.grad)


class Assigning(Value):
    """Each gradient replaces what has arrived before."""

    assign = True


class Unordered(Value):
    """The numbers pass their gradients on in the order in which they were computed, before anything has arrived."""

    careless = True


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("first", MOVES)
def test_the_last_step_holds_the_gradients_that_central_differences_give(graph: str, first: float) -> None:
    def result(value: float) -> float:
        return trace(graph, value)[-1][1][-1]

    measured = (result(first + 1e-5) - result(first - 1e-5)) / 2e-5
    assert trace(graph, first)[-1][2][0] == pytest.approx(measured, abs=1e-7)


def test_two_paths_of_one_number_add_up_to_seven() -> None:
    assert "Step 0 of 7" in preset(widgets.graph_stepper(), "two paths").sentence
    shown = ended(widgets.graph_stepper(), "two paths")
    assert trace("a · a + a", 3.0)[-1][2] == [7.0, 1.0, 1.0]
    assert "together 7" in shown.sentence
    assert "Step 7 of 7" in shown.sentence
    assert shown.state.note_texts[0] == "← 7"


def test_where_order_matters_each_number_has_the_gradient_of_the_text() -> None:
    a, b, s, p, c = trace("(a + b)(a b)", -2.0)[-1][2]
    assert (a, b, s, p, c) == (-3.0, -8.0, -6.0, 1.0, 1.0)
    assert "together −8" in ended(widgets.graph_stepper(), "order matters").sentence


def test_a_step_backward_names_the_slope_what_arrives_and_their_sum() -> None:
    sixth = snapshot("a · a + a", 3.0, 6)
    assert sixth.says == "Step 6 of 7. Backward: a receives 3 times 1 from b, together 4."
    assert sixth.note_texts == ("← 4", "← 1", "← 1", "× 3")
    assert np.isfinite(sixth.active).sum() == 1


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_number_passes_its_gradient_on_only_when_all_of_it_has_arrived(graph: str) -> None:
    done: set[int] = set()
    for _, _, grads, edge in trace(graph, -2.0):
        if edge is not None:
            receiver, giver, _ = edge
            assert receiver not in done
            done.add(giver)
            assert grads[giver] == trace(graph, -2.0)[-1][2][giver]


def test_values_come_first_and_gradients_after_them() -> None:
    start, end = snapshot("a neuron", 2.0, 0), snapshot("a neuron", 2.0, STEPS - 1)
    assert np.isnan(start.reached).sum() == 5
    assert not np.any(start.reached == 1)
    assert np.all(end.reached == 1)
    assert max(len(trace(graph, 1.0)) for graph in GRAPHS) == STEPS


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("first", MOVES)
def test_a_right_value_class_gives_the_same_gradients(graph: str, first: float) -> None:
    verdict = judge(Value, graph, first)
    assert verdict.says == "Your Value gives the same gradients."
    assert verdict.wrong == ()


def test_a_gradient_that_is_assigned_is_marked_at_its_node() -> None:
    shown = ended(widgets.graph_stepper(Assigning), "two paths")
    assert shown.sentence.endswith("Your Value gives the gradient 3 for a where 7 is right.")
    assert shown.state.note_texts[0] == "← 7 ✗ yours 3"
    assert not shown.spec["notice"]


def test_a_value_class_without_order_is_found_where_order_matters() -> None:
    assert judge(Unordered, "(a + b)(a b)", -2.0).wrong


def test_a_value_class_that_computes_something_else_is_told_which_number() -> None:
    class Adds(Value):
        def __mul__(self, other: Any) -> Any:
            return self + other

    assert "computes 6 for b where 9 is right" in judge(Adds, "a · a + a", 3.0).says


def test_the_students_verdict_waits_for_the_last_step() -> None:
    shown = widgets.graph_stepper(Assigning).set(graph="a · a + a", first=3.0, step=6)
    assert "Your Value" not in shown.sentence


def test_a_value_class_that_breaks_is_one_line_and_the_reference_stays() -> None:
    class Breaks(Value):
        def backward(self) -> None:
            raise RuntimeError("first line\nsecond line")

    shown = widgets.graph_stepper(Breaks)
    assert shown.spec["notice"] == ("Your Value raised RuntimeError: first line. Until it works you see the reference.")
    assert ended(shown, "two paths").state.note_texts[0] == "← 7"


# finite_difference: the V


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_slope_that_errors_are_measured_against_is_right(function: str) -> None:
    f, slope = FUNCTIONS[function]
    assert (f(2 + 1e-5) - f(2 - 1e-5)) / 2e-5 == pytest.approx(slope, rel=1e-9)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_best_width_for_central_differences_is_near_1e_5_in_float64_and_wider_in_float32(function: str) -> None:
    double, single = nudge_state(function, "float64", 1e-5), nudge_state(function, "float32", 1e-5)
    assert 1e-6 <= WIDTHS[np.argmin(double.central)] <= 1.1e-5
    assert 1e-3 <= WIDTHS[np.argmin(single.central)] <= 1.1e-2
    assert double.central.min() < 1e-11
    assert 1e-6 < single.central.min() < 1e-4


@pytest.mark.parametrize("function", FUNCTIONS)
def test_wide_nudges_err_with_the_first_and_the_second_power_of_the_width(function: str) -> None:
    state = nudge_state(function, "float64", 1e-5)
    wide = (WIDTHS > 5e-4) & (WIDTHS < 5e-2)
    powers = [np.polyfit(np.log(WIDTHS[wide]), np.log(error[wide]), 1)[0] for error in (state.one_sided, state.central)]
    assert powers == pytest.approx([1.0, 2.0], abs=0.05)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_narrow_nudges_err_more_the_narrower_they_are(function: str) -> None:
    central = nudge_state(function, "float64", 1e-5).central
    assert central[WIDTHS < 1e-11].max() > 1e3 * central[(WIDTHS > 1e-7) & (WIDTHS < 1e-4)].max()


@pytest.mark.parametrize(
    ("name", "one_sided", "central"),
    [("too wide", "6e−1", "8e−2"), ("good", "5e−6", "2e−11"), ("too narrow", "9e−5", "9e−5"),
     ("in float32", "1e−3", "1e−3")],
)  # fmt: skip
def test_each_place_to_visit_shows_its_errors(name: str, one_sided: str, central: str) -> None:
    sentence = preset(widgets.finite_difference(), name).sentence.replace("-", "−")
    assert f"one−sided differences miss the slope by {one_sided} of it, central ones by {central}." in sentence


def test_the_lines_go_through_the_nudged_places() -> None:
    state = nudge_state("x³", "float64", 1.0)
    assert state.places.tolist() == [1.0, 2.0, 3.0]
    assert state.heights.tolist() == [1.0, 8.0, 27.0]
    assert state.chord_one[[40, 60]].tolist() == [8.0, 27.0]
    assert state.chord_central[[20, 60]].tolist() == [1.0, 27.0]


def central_gradient(f: Callable[..., float], x: Array, h: float = 1e-5) -> Array:
    return np.array([(f(x + h) - f(x - h)) / (2 * h)])


def one_sided_gradient(f: Callable[..., float], x: Array, h: float = 1e-5) -> Array:
    return np.array([(f(x + h) - f(x)) / h])


@pytest.mark.parametrize(("own", "line"), [(central_gradient, "central"), (one_sided_gradient, "one_sided")])
def test_the_students_errors_lie_on_the_line_of_what_was_written(own: Callable[..., Any], line: str) -> None:
    explorer = preset(widgets.finite_difference(own), "good")
    assert explorer.field("own") == pytest.approx(explorer.field(line), rel=1e-5, abs=1e-9)
    assert "Yours misses it by" in explorer.sentence
    assert np.isnan(explorer.set(precision="float32").field("own")).all()


def test_a_gradient_that_raises_draws_no_line_and_says_why() -> None:
    def broken(f: Callable[..., float], x: Array, h: float) -> Array:
        raise ValueError("no")

    explorer = widgets.finite_difference(broken)
    assert explorer.spec["notice"] == "Your numerical_gradient raised ValueError: no."
    assert "Yours" not in explorer.sentence


# gradient_check_map: one fault, and what turns wrong


def wrong_names(fault: str, kind: str) -> set[str]:
    errors = check_state(fault, kind).errors
    return {name for name, error in zip(NAMES, errors, strict=True) if error > WRONG}


BEFORE = {
    "loss": set(NAMES),
    "linear 3": {"x", "W1", "b1", "z1", "h1", "W2", "b2", "z2", "h2"},
    "ReLU 2": {"x", "W1", "b1", "z1", "h1", "W2", "b2", "z2"},
    "linear 2": {"x", "W1", "b1", "z1", "h1"},
    "ReLU 1": {"x", "W1", "b1", "z1"},
    "linear 1": {"x"},
}
"""What lies upstream of each step, towards the input."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", BEFORE)
def test_only_what_lies_upstream_of_the_fault_is_wrong(fault: str, kind: str) -> None:
    own = {f"W{fault[-1]}", f"b{fault[-1]}"} if fault.startswith("linear") else set()
    assert BEFORE[fault] <= wrong_names(fault, kind) <= BEFORE[fault] | own


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", BEFORE)
def test_the_first_wrong_gradient_on_the_way_back_names_the_fault(fault: str, kind: str) -> None:
    said = check_state(fault, kind).says
    step = "the loss" if fault == "loss" else fault
    assert said.endswith(f"On the way back the first wrong one comes out of {step}: there is the fault.")
    assert step in [name for _, name in ON_THE_WAY]


def test_right_and_wrong_are_many_powers_of_ten_apart() -> None:
    for fault in BEFORE:
        for kind in KINDS:
            errors = check_state(fault, kind).errors
            assert not np.any((errors > 1e-9) & (errors < 1e-2))


def test_without_a_fault_every_gradient_agrees_to_nine_digits() -> None:
    assert wrong_names("none", KINDS[0]) == set()
    assert check_state("none", KINDS[0]).errors.max() < 1e-9


def test_wrong_together_is_right_for_the_check_and_only_the_loss_tells() -> None:
    shown = preset(widgets.gradient_check_map(), "wrong together")
    assert check_state(shown.values["fault"], KINDS[0]).errors.max() < 1e-9
    assert "the loss is 2.567 where 0.898 is right" in shown.sentence
    assert "loss 2.567" in shown.state.names
    assert "loss 0.898" in preset(widgets.gradient_check_map(), "all right").state.names


def test_a_fault_in_the_middle_leaves_the_four_gradients_behind_it_right() -> None:
    shown = preset(widgets.gradient_check_map(), "a fault in the middle")
    assert "Right: h2, W3, b3, z3." in shown.sentence
    assert [text for text in shown.state.texts if text.startswith("✓")] == ["✓h2", "✓W3", "✓b3", "✓z3"]
    assert set(FAULTS) > set(BEFORE)


# playground: a network that learns


def trained(name: str, steps: int) -> dict[str, Any]:
    """The state of a preset's network after some steps."""
    values = playground.PRESETS[name]
    state = playground.start(values["depth"], values["width"])
    for _ in range(steps):
        state = playground.step(state, values["data"], values["activation"], values["rate"], values["decay"])
    return state


def right_share(name: str, steps: int = 400) -> float:
    """The share of unseen points on the right side."""
    values = playground.PRESETS[name]
    state = trained(name, steps)
    x, labels = playground.draw_data(values["data"])
    _, _, logits = playground._forward(state["layers"], x[playground.TRAIN :], values["activation"])
    return float(np.mean(logits.argmax(axis=1) == labels[playground.TRAIN :]))


@pytest.mark.parametrize("data", playground.DATA)
def test_both_classes_have_their_share_of_points_inside_the_window(data: str) -> None:
    x, labels = playground.draw_data(data)
    assert x.shape == (200, 2)
    assert 0.4 < labels.mean() < 0.6
    assert np.mean(np.abs(x) <= 2) > 0.98


@pytest.mark.parametrize(("depth", "width"), [(1, 1), (1, 4), (3, 8)])
def test_one_step_is_the_step_that_the_courses_network_makes(depth: int, width: int) -> None:
    state = playground.start(depth, width)
    x, labels = playground.draw_data("ring")
    flat = [np.array(layer[part]) for layer in state["layers"] for part in ("weight", "bias")]
    loss, gradients = mlp.loss_and_gradients(flat, x[: playground.TRAIN], labels[: playground.TRAIN])
    after = playground.step(state, "ring", "ReLU", 0.3, 0.0)
    moved = [np.array(layer[part]) for layer in after["layers"] for part in ("weight", "bias")]
    assert after["train"] == [pytest.approx(loss)]
    for before, gradient, now in zip(flat, gradients, moved, strict=True):
        assert now == pytest.approx(before - 0.3 * gradient, abs=1e-12)


@pytest.mark.parametrize("activation", playground.ACTIVATIONS)
def test_a_step_is_downhill_along_differences_of_the_loss(activation: str) -> None:
    state = playground.start(2, 3)
    after = playground.step(state, "moons", activation, 1.0, 0.0)
    weight = state["layers"][0]["weight"]
    step_taken = weight[1][0] - after["layers"][0]["weight"][1][0]

    def loss_at(nudge: float) -> float:
        moved = playground.start(2, 3)
        moved["layers"][0]["weight"][1][0] += nudge
        return float(playground.step(moved, "moons", activation, 0.0, 0.0)["train"][0])

    assert step_taken == pytest.approx((loss_at(1e-5) - loss_at(-1e-5)) / 2e-5, abs=1e-8)


def test_weight_decay_shrinks_weights_and_leaves_biases() -> None:
    state = playground.start(1, 4)
    plain, decayed = (playground.step(state, "ring", "ReLU", 0.3, decay)["layers"][0] for decay in (0.0, 0.1))
    shrunk = np.array(plain["weight"]) - 0.3 * 0.1 * np.array(state["layers"][0]["weight"])
    assert np.array(decayed["weight"]) == pytest.approx(shrunk)
    assert decayed["bias"] == plain["bias"]


def test_two_units_cannot_close_a_ring_and_three_or_four_can() -> None:
    assert right_share("a ring, two units", 1000) < 0.85
    assert right_share("a ring, three units") == 1.0
    assert right_share("a ring, four units") == 1.0


def test_xor_needs_an_activation() -> None:
    assert right_share("XOR without activation", 1000) < 0.7
    assert right_share("XOR") > 0.97


def test_without_an_activation_the_border_is_straight() -> None:
    values = playground.PRESETS["XOR without activation"]
    state = trained("XOR without activation", 100)
    logits = playground._forward(state["layers"], playground._plane(11), values["activation"])[2]
    difference = (logits[:, 1] - logits[:, 0]).reshape(11, 11)
    assert np.abs(np.diff(difference, n=2, axis=0)).max() < 1e-12
    assert np.abs(np.diff(difference, n=2, axis=1)).max() < 1e-12


def test_a_rate_that_is_too_large_jumps_up_before_it_settles_too_high() -> None:
    losses = trained("too fast", 300)["train"]
    assert max(losses[:20]) > 2 * losses[0]
    assert losses[-1] > 0.3


def test_every_hidden_unit_of_every_layer_has_its_map() -> None:
    shown = playground.fields(playground.start(3, 5), "ring", "ReLU")
    assert shown.units.shape == (15, playground.SMALL, playground.SMALL)
    assert np.abs(shown.units).max() <= 1
    assert shown.field.shape == (playground.GRID, playground.GRID)
    assert np.isnan(shown.train).all()


def as_students_write(parameters: list[tuple[Array, Array]], x: Array, labels: Array) -> tuple[float, list[Any]]:
    """A right mlp_loss_and_gradients."""
    loss, flat = mlp.loss_and_gradients([array for layer in parameters for array in layer], x, labels)
    return loss, list(zip(flat[::2], flat[1::2], strict=True))


def test_a_right_function_of_the_student_may_train_the_network() -> None:
    explorer = widgets.playground(as_students_write)
    assert not explorer.spec["notice"]
    assert explorer.values["trained_by"] == playground.YOURS


@pytest.mark.parametrize(
    ("own", "notice"),
    [
        (lambda parameters, x, labels: (0.5, parameters[:1]), "gave shapes"),
        (lambda parameters, x, labels: None, "raised TypeError"),
    ],
)
def test_a_function_that_cannot_train_leaves_the_training_to_the_page(own: Callable[..., Any], notice: str) -> None:
    explorer = widgets.playground(own)
    assert notice in explorer.spec["notice"]
    assert "\n" not in explorer.spec["notice"]
    assert explorer.values["trained_by"] == playground.PAGE
