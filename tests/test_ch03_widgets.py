"""The widgets of chapter 3: every claim that they teach, on the functions behind them; no browser."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from course.widgets import ch03_gradient_descent as widgets
from course.widgets.kit import Explorer

# by their paths: the package's names are the functions
bowl = import_module("course.widgets.ch03_gradient_descent.bowl")
random_directions = import_module("course.widgets.ch03_gradient_descent.random_directions")
batch_noise = import_module("course.widgets.ch03_gradient_descent.batch_noise")

Array = np.ndarray
BAKED = ("bowl", "random_directions", "batch_noise")
FUNCTION = {
    "bowl": "gradient_step",
    "random_directions": "gradient_step",
    "batch_noise": "logistic_regression_gradient",
}


@pytest.fixture(scope="module")
def built() -> dict[str, Explorer]:
    """Each baked widget once, without a student's function."""
    return {name: getattr(widgets, name)() for name in BAKED}


def preset(explorer: Explorer, name: str) -> Explorer:
    """The explorer moved as the button with this name moves it."""
    (found,) = [one for one in explorer.spec["presets"] if one["name"] == name]
    explorer.index = found["index"]
    return explorer


def unwritten(*_: Any) -> Array:
    raise NotImplementedError


def gives_nan(w: Array, *_: Any) -> Array:
    return np.full_like(w, np.nan)


def uphill_step(w: Array, grad: Array, learning_rate: float) -> Array:
    return w + learning_rate * grad


def right_step(w: Array, grad: Array, learning_rate: float) -> Array:
    return w - learning_rate * grad


def step_in_place(w: Array, grad: Array, learning_rate: float) -> Array:
    w -= learning_rate * grad
    return w


def logistic(x: Array, y: Array, weight: Array, bias: float) -> tuple[float, Array, float]:
    """As the chapter's exercise: loss, gradient of the weights, gradient of the bias."""
    p = 1 / (1 + np.exp(-(x @ weight + bias)))
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    return float(loss), x.T @ (p - y) / len(y), float(np.mean(p - y))


# All three


@pytest.mark.parametrize("name", BAKED)
def test_every_state_of_a_widget_has_a_sentence_that_ends(built: dict[str, Explorer], name: str) -> None:
    explorer = built[name]
    rng = np.random.default_rng(0)
    for _ in range(100):
        explorer.index = [int(rng.integers(len(axis["texts"]))) for axis in explorer.spec["axes"]]
        assert explorer.sentence[0].isupper()
        assert explorer.sentence.endswith(".")


@pytest.mark.parametrize("name", BAKED)
def test_every_preset_is_a_place_of_its_own(built: dict[str, Explorer], name: str) -> None:
    explorer = built[name]
    sentences = {preset(explorer, one["name"]).sentence for one in explorer.spec["presets"]}
    assert len(explorer.spec["presets"]) == len(sentences) >= 3


@pytest.mark.parametrize("name", BAKED)
def test_a_function_that_is_not_written_yet_is_named_and_the_reference_is_shown(
    built: dict[str, Explorer], name: str
) -> None:
    explorer = getattr(widgets, name)(unwritten)
    assert explorer.spec["notice"].startswith(f"Your {FUNCTION[name]} is not written yet.")
    assert not built[name].spec["notice"]
    for one in explorer.spec["presets"]:
        assert preset(explorer, one["name"]).sentence == preset(built[name], one["name"]).sentence


@pytest.mark.parametrize("name", ["bowl", "random_directions"])
def test_a_step_of_nan_is_named_and_the_reference_is_shown(built: dict[str, Explorer], name: str) -> None:
    explorer = getattr(widgets, name)(gives_nan)
    assert "NaN" in explorer.spec["notice"]
    assert explorer.sentence == getattr(widgets, name)().sentence


@pytest.mark.parametrize("name", ["bowl", "random_directions"])
@pytest.mark.parametrize("step", [right_step, step_in_place])
def test_a_step_that_moves_right_shows_what_the_reference_shows(
    built: dict[str, Explorer], name: str, step: Callable[..., Any]
) -> None:
    explorer = getattr(widgets, name)(step)
    assert not explorer.spec["notice"]
    for one in explorer.spec["presets"]:
        assert preset(explorer, one["name"]).sentence == preset(built[name], one["name"]).sentence


# bowl


@pytest.mark.parametrize(
    ("name", "after_ten"), [("slow", 0.107), ("at once", 0.0), ("zigzag", 0.107), ("for ever", 1.0), ("away", 6.19)]
)
def test_after_ten_steps_the_places_of_the_bowl_are_as_far_as_the_text_says(
    built: dict[str, Explorer], name: str, after_ten: float
) -> None:
    explorer = preset(built["bowl"], name)
    assert explorer.values["step"] == 10
    assert explorer.state.w[10] == pytest.approx(after_ten, abs=0.005 if after_ten > 1 else 0.0005)
    assert f"w = {after_ten:g}" in explorer.sentence


def test_half_a_curvature_reaches_the_minimum_in_one_step() -> None:
    assert bowl.bowl_state(0.5, 2.0).w[1] == 0


@pytest.mark.parametrize("rate", bowl.RATES)
@pytest.mark.parametrize("curvature", bowl.CURVATURES)
def test_a_bowl_has_three_zones_whose_borders_move_with_its_curvature(rate: float, curvature: float) -> None:
    state = bowl.bowl_state(rate, curvature)
    share = rate * curvature
    if np.isclose(share, 2):
        assert np.abs(state.w) == pytest.approx(np.ones(bowl.STEPS + 1))
        assert "to and fro for ever" in state.says[1]
    elif share > 2:
        assert (np.diff(np.abs(state.w)) > 0).all()
        assert "further away" in state.says[1]
    else:
        assert (np.diff(np.abs(state.w[:2])) < 0).all()
        assert np.abs(state.w[-1]) < 1
    if share < 1 and not np.isclose(share, 1):
        assert (state.w > 0).all()
        assert "from one side" in state.says[1]
    elif 1 < share < 2 and not np.isclose(share, (1, 2)).any():
        assert state.w[0] > 0 > state.w[1]
        assert "from side to side" in state.says[1]
    assert f"the edge is at {2 / curvature:.2f}" in state.says[0]


def test_at_a_rate_of_a_twentieth_a_tenth_is_reached_after_22_steps() -> None:
    state = bowl.bowl_state(0.05, 2.0)
    assert np.flatnonzero(state.w < 0.1)[0] == 22
    assert state.w[22] == pytest.approx(0.098, abs=5e-4)
    assert "w = 0.0985" in state.says[22]


def test_on_the_logarithmic_axis_every_run_of_the_bowl_is_a_straight_line() -> None:
    for rate in (0.1, 0.9, 1.0, 1.1):
        bends = np.diff(np.log(bowl.bowl_state(rate, 2.0).error), n=2)
        assert bends == pytest.approx(np.zeros(bowl.STEPS - 1), abs=1e-9)


def test_the_places_already_visited_are_shown_and_no_later_one() -> None:
    state = bowl.bowl_state(0.9, 2.0)
    assert np.isfinite(state.seen_w).sum(axis=1).tolist() == list(range(1, bowl.STEPS + 2))
    assert state.seen_w[3, :4] == pytest.approx([1, -0.8, 0.64, -0.512])


def test_a_step_that_climbs_leaves_the_dashed_line_and_the_sentence_says_so() -> None:
    explorer = preset(widgets.bowl(uphill_step), "slow")
    assert explorer.state.w[10] == pytest.approx(1.2**10)
    assert explorer.state.reference[10] == pytest.approx(0.8**10)
    assert "your w is 6.19 where 0.107 is right" in explorer.sentence


# random_directions


def test_the_gradient_of_the_tilted_bowl_is_that_of_its_loss() -> None:
    w, eps = np.array([0.7, -1.2]), 1e-6
    nudges = eps * np.eye(2)
    slopes = (random_directions.loss(w + nudges) - random_directions.loss(w - nudges)) / (2 * eps)
    assert slopes == pytest.approx(random_directions.HESSIAN @ w, abs=1e-8)


@pytest.mark.parametrize("length", [0.01, 0.1])
@pytest.mark.parametrize("place", random_directions.PLACES)
def test_no_small_random_step_falls_more_than_the_gradient_step(length: float, place: float) -> None:
    state = random_directions.directions_state(length, place)
    assert state.change.min() >= state.down_change
    assert "none of the random steps falls more (of 100)" in state.says


def test_a_small_step_falls_by_nearly_the_length_of_the_gradient() -> None:
    state = random_directions.directions_state(0.01, 60.0)
    steepest = np.linalg.norm(random_directions.HESSIAN @ [state.x, state.y])
    assert state.down_change == pytest.approx(-steepest, rel=0.01)


def test_for_small_steps_the_change_over_the_direction_is_a_cosine() -> None:
    state = random_directions.directions_state(0.01, 60.0)
    grad = random_directions.HESSIAN @ [state.x, state.y]
    wave = -np.linalg.norm(grad) * np.cos(np.radians(random_directions.ANGLES - state.angle))
    assert state.change == pytest.approx(wave, abs=0.02)


@pytest.mark.parametrize("place", random_directions.PLACES)
def test_some_long_random_steps_fall_more_than_the_gradient_step(place: float) -> None:
    state = random_directions.directions_state(1.5, place)
    assert state.change.min() < state.down_change < 0


def test_the_sentence_counts_the_random_steps_that_fall_more(built: dict[str, Explorer]) -> None:
    explorer = built["random_directions"]
    assert "by -3.19 per unit of length; none of the random" in preset(explorer, "a small step").sentence
    assert "by -1.44 per unit of length; 9 of the random" in preset(explorer, "a longer step").sentence
    assert "by 0.44 per unit of length; 42 of the random" in preset(explorer, "much too long").sentence


@pytest.mark.parametrize("place", random_directions.PLACES)
def test_the_longest_gradient_step_goes_up(place: float) -> None:
    assert random_directions.directions_state(3.0, place).down_change > 0


def test_the_marked_step_has_the_length_of_the_others() -> None:
    for length in random_directions.LENGTHS:
        state = random_directions.directions_state(length, 120.0)
        assert np.hypot(state.down_x - state.x, state.down_y - state.y) == pytest.approx(length)
        assert np.hypot(state.tips_x - state.x, state.tips_y - state.y) == pytest.approx(np.full(100, length))


def test_a_step_that_climbs_is_beaten_by_nearly_all_random_steps() -> None:
    explorer = preset(widgets.random_directions(uphill_step), "a small step")
    assert explorer.state.down_change > 3
    assert " of the random steps fall more (of 100)" in explorer.sentence
    assert int(np.sum(explorer.state.change < explorer.state.down_change)) > 95


# batch_noise


def test_the_gradient_of_the_neuron_is_that_of_its_loss() -> None:
    x, y = batch_noise.example()
    weight, eps = batch_noise.WEIGHT, 1e-6
    slopes = [
        (logistic(x, y, weight + nudge, 0.0)[0] - logistic(x, y, weight - nudge, 0.0)[0]) / (2 * eps)
        for nudge in eps * np.eye(2)
    ]
    assert batch_noise.logistic_gradient(x, y, weight, 0.0) == pytest.approx(slopes, abs=1e-8)


def noise(batch_size: int) -> Any:
    def gradient(x: Array, y: Array) -> Array:
        return np.asarray(batch_noise.logistic_gradient(x, y, batch_noise.WEIGHT, 0.0))

    return batch_noise.noise_state(batch_size, gradient)


def test_the_spread_falls_with_the_root_of_the_batch_size() -> None:
    sizes = np.array(batch_noise.SIZES, dtype=float)
    spreads = np.array([noise(size).spread for size in batch_noise.SIZES])
    slope = np.polyfit(np.log(sizes), np.log(spreads), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.05)
    assert spreads / batch_noise.expected_spread(sizes) == pytest.approx(np.ones(len(sizes)), abs=0.2)
    assert (np.diff(spreads) < 0).all()


def test_the_dashed_line_is_the_spread_of_single_examples_over_the_root() -> None:
    assert batch_noise.expected_spread(np.array([1.0, 4.0, 256.0])) == pytest.approx(
        [0.6268, 0.6268 / 2, 0.6268 / 16], rel=1e-4
    )


def test_near_the_whole_set_the_spread_is_below_the_dashed_line() -> None:
    sizes = np.array([64.0, 128.0, 256.0])
    assert all(
        noise(int(size)).spread < line for size, line in zip(sizes, batch_noise.expected_spread(sizes), strict=True)
    )


def test_three_of_thirty_single_examples_point_uphill_and_no_batch_of_sixteen(built: dict[str, Explorer]) -> None:
    assert "3 of 30 point uphill" in preset(built["batch_noise"], "one example").sentence
    assert "0 of 30 point uphill" in preset(built["batch_noise"], "sixteen").sentence
    assert noise(1).spread == pytest.approx(0.512, abs=5e-4)
    assert noise(16).spread == pytest.approx(0.150, abs=5e-4)
    assert noise(128).spread == pytest.approx(0.046, abs=5e-4)


def test_the_arrows_are_steps_downhill() -> None:
    state = noise(16)
    x, y = batch_noise.example()
    full = batch_noise.logistic_gradient(x, y, batch_noise.WEIGHT, 0.0)
    assert [state.full_x, state.full_y] == pytest.approx((-full).tolist())


def test_a_right_gradient_of_the_student_shows_what_the_reference_shows(built: dict[str, Explorer]) -> None:
    explorer = widgets.batch_noise(logistic)
    assert not explorer.spec["notice"]
    assert explorer.sentence == widgets.batch_noise().sentence


def test_a_gradient_that_is_a_sum_is_told_that_it_is_not_the_right_one() -> None:
    def summed(x: Array, y: Array, weight: Array, bias: float) -> tuple[float, Array, float]:
        loss, grad_weight, grad_bias = logistic(x, y, weight, bias)
        return loss, len(y) * grad_weight, grad_bias

    sentence = preset(widgets.batch_noise(summed), "sixteen").sentence
    assert "Your gradient of all examples is" in sentence
    assert sentence.endswith("is right.")


def test_a_gradient_without_its_loss_is_one_line_of_notice_and_the_reference_is_shown() -> None:
    def bare(x: Array, y: Array, weight: Array, bias: float) -> Array:
        return logistic(x, y, weight, bias)[1]

    explorer = widgets.batch_noise(bare)
    assert "raised ValueError" in explorer.spec["notice"]
    assert explorer.sentence == widgets.batch_noise().sentence
