"""The widgets of chapter 9: every claim that they teach, on the functions behind them; no browser."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest

from course.widgets import ch09_adam as widgets
from course.widgets.kit import Explorer

# by their paths: the package's names are the functions
bias_correction = import_module("course.widgets.ch09_adam.bias_correction")
schedules = import_module("course.widgets.ch09_adam.schedules")
update_ratios = import_module("course.widgets.ch09_adam.update_ratios")

Array = np.ndarray
BAKED = ("bias_correction", "schedules", "update_ratios")
WITH_FUNCTION = {"bias_correction": "adam_step", "schedules": "warmup_then_cosine"}


@pytest.fixture(scope="module")
def built() -> dict[str, Explorer]:
    """Each baked widget once, without anything of a student's."""
    return {name: getattr(widgets, name)() for name in BAKED}


def preset(explorer: Explorer, name: str) -> Explorer:
    """The explorer moved as the button with this name moves it."""
    (found,) = [one for one in explorer.spec["presets"] if one["name"] == name]
    explorer.index = found["index"]
    return explorer


def unwritten(*_: Any) -> Array:
    raise NotImplementedError


def adam_step(w: Array, m: Array, v: Array, grad: Array, step: int, *named: float) -> tuple[Array, Array, Array]:
    learning_rate, beta1, beta2, eps = named
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    return w - learning_rate * (m / (1 - beta1**step)) / (np.sqrt(v / (1 - beta2**step)) + eps), m, v


def adam_without_correction(
    w: Array, m: Array, v: Array, grad: Array, _step: int, *named: float
) -> tuple[Array, Array, Array]:
    learning_rate, beta1, beta2, eps = named
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    return w - learning_rate * m / (np.sqrt(v) + eps), m, v


# All three


@pytest.mark.parametrize("name", BAKED)
def test_every_state_of_a_widget_has_a_sentence_that_ends(built: dict[str, Explorer], name: str) -> None:
    explorer = built[name]
    rng = np.random.default_rng(0)
    for _ in range(100):
        explorer.index = [int(rng.integers(len(axis["texts"]))) for axis in explorer.spec["axes"]]
        assert explorer.sentence[0].isupper()
        assert explorer.sentence.endswith(".")
        assert "nan" not in explorer.sentence


@pytest.mark.parametrize("name", BAKED)
def test_every_preset_is_a_place_of_its_own(built: dict[str, Explorer], name: str) -> None:
    explorer = built[name]
    places = {tuple(one["index"]) for one in explorer.spec["presets"]}
    assert len(explorer.spec["presets"]) == len(places) >= 2


@pytest.mark.parametrize("name", WITH_FUNCTION)
def test_a_function_that_is_not_written_yet_is_named_and_the_reference_is_shown(
    built: dict[str, Explorer], name: str
) -> None:
    explorer = getattr(widgets, name)(unwritten)
    assert explorer.spec["notice"].startswith(f"Your {WITH_FUNCTION[name]} is not written yet.")
    assert not built[name].spec["notice"]
    for one in explorer.spec["presets"]:
        assert preset(explorer, one["name"]).sentence == preset(built[name], one["name"]).sentence


# bias_correction


@pytest.mark.parametrize("size", [1e-4, 1e-2, 1.0, 1e2, 1e4])
def test_the_first_step_is_the_learning_rate_whatever_the_size_of_the_gradient(size: float) -> None:
    state = bias_correction.steps_state("always the same", size, 0.9, 0.999)
    assert state.both[0] == pytest.approx(0.1, rel=2e-4)  # eps is felt a little at 1e-4
    assert state.neither[0] == pytest.approx(0.316, rel=5e-3)
    assert state.only_m[0] == pytest.approx(3.16, rel=5e-3)
    assert state.only_v[0] == pytest.approx(0.01, rel=5e-3)


def test_the_sentence_of_the_first_step_names_its_three_lengths(built: dict[str, Explorer]) -> None:
    for name in ("the first step", "ten thousand times larger"):
        sentence = preset(built["bias_correction"], name).sentence
        assert "with both corrected the step is 0.1, with neither 0.316, with m alone 3.16" in sentence


def test_after_ten_steps_m_has_reached_65_percent_of_its_mean_and_v_1_percent() -> None:
    state = bias_correction.steps_state("always the same", 1.0, 0.9, 0.999)
    assert state.m[9] == pytest.approx(0.651, abs=5e-4)
    assert state.v[9] == pytest.approx(0.010, abs=5e-4)


def test_the_averages_are_those_of_the_updates_one_after_another() -> None:
    state = bias_correction.steps_state("noisy", 3.0, 0.9, 0.99)
    m = v = 0.0
    for t, grad in enumerate(3.0 * (1 + bias_correction.NOISE), start=1):
        m, v = 0.9 * m + 0.1 * grad, 0.99 * v + 0.01 * grad**2
        both = 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-8)
        assert state.both[t - 1] == pytest.approx(abs(both))
        assert state.neither[t - 1] == pytest.approx(abs(0.1 * m / (np.sqrt(v) + 1e-8)))


def test_with_both_corrected_equal_gradients_give_equal_steps() -> None:
    state = bias_correction.steps_state("always the same", 1.0, 0.99, 0.9)
    assert state.both == pytest.approx(np.full(bias_correction.STEPS, 0.1), rel=1e-6)
    assert np.ptp(state.neither) > 0.01


def test_noisy_gradients_give_shorter_steps() -> None:
    state = bias_correction.steps_state("noisy", 1.0, 0.9, 0.999)
    assert state.both[0] == pytest.approx(0.1)
    assert state.both[20:].mean() < 0.09
    assert state.both[-1] == pytest.approx(0.0792, abs=5e-5)


def test_with_a_shorter_memory_ten_steps_need_less_correction() -> None:
    state = bias_correction.steps_state("always the same", 1.0, 0.9, 0.9)
    assert state.v[9] == pytest.approx(0.651, abs=5e-4)
    assert state.neither[9] == pytest.approx(0.0807, abs=5e-5)


def test_the_students_steps_lie_on_the_line_of_what_they_correct() -> None:
    right, without = widgets.bias_correction(adam_step), widgets.bias_correction(adam_without_correction)
    for explorer, line in ((right, "both"), (without, "neither")):
        for name in bias_correction.PRESETS:
            state = preset(explorer, name).state
            assert state.own == pytest.approx(getattr(state, line), rel=1e-6)
        assert not explorer.spec["notice"]


def test_a_step_that_forgets_the_averages_is_one_line_of_notice() -> None:
    def only_w(w: Array, *_: Any) -> Array:
        return w

    explorer = widgets.bias_correction(only_w)
    assert "returned shape (1,); expected (3, 1)" in explorer.spec["notice"]
    assert np.isnan(explorer.state.own).all()


# schedules


def test_a_high_constant_rate_has_a_noise_floor_that_decay_removes() -> None:
    def last(kind: str, peak: float, warmup: int = 0) -> float:
        return float(schedules.training_state(kind, peak, warmup, 0.0).loss[-10:].mean())

    assert last("constant", 0.8) == pytest.approx(1.25, abs=0.005)
    assert last("constant", 0.1) == pytest.approx(0.37, abs=0.005)
    assert last("cosine", 0.8) == pytest.approx(0.25, abs=0.005)
    assert last("warm-up, then cosine", 0.8, 20) == pytest.approx(0.26, abs=0.005)


def test_the_floor_of_the_high_rate_is_where_theory_puts_it() -> None:
    rate, curvatures = 0.8, schedules.CURVATURES
    floor = np.sum(rate * 0.5**2 / (2 * (2 - rate * curvatures)))
    assert schedules.training_state("constant", rate, 0, 0.0).loss[50:].mean() == pytest.approx(floor, rel=0.05)


def test_after_twenty_steps_the_high_rates_are_ahead_and_the_low_one_is_still_falling_at_the_end() -> None:
    low = schedules.training_state("constant", 0.1, 0, 0.0).loss
    high = schedules.training_state("constant", 0.8, 0, 0.0).loss
    down = schedules.training_state("cosine", 0.8, 0, 0.0).loss
    assert high[20] < low[20] / 3
    assert down[20] < low[20] / 3
    assert low[-10:].mean() < 0.8 * low[-60:-50].mean()


@pytest.mark.parametrize("peak", [0.1, 0.8])
@pytest.mark.parametrize("kind", schedules.KINDS)
def test_every_schedule_stays_at_or_below_its_peak(kind: str, peak: float) -> None:
    rate = schedules.training_state(kind, peak, 20, 0.1).rate
    assert rate.shape == (schedules.STEPS,)
    assert rate.min() > 0
    assert rate.max() <= peak * (1 + 1e-12)


def test_warm_up_reaches_the_peak_on_its_last_step_and_the_cosine_begins_there() -> None:
    rate = schedules.schedule("warm-up, then cosine", 0.8, 20, 0.1)
    assert rate[:20] == pytest.approx(0.8 * np.arange(1, 21) / 20)
    assert rate[20] == pytest.approx(0.8)
    assert rate[110] == pytest.approx((0.8 + 0.08) / 2)  # half way down after half of the remaining steps
    assert rate[-1] == pytest.approx(0.08, abs=1e-3)


def test_without_a_warm_up_it_is_the_cosine() -> None:
    both = [schedules.schedule(kind, 0.8, 0, 0.1) for kind in ("cosine", "warm-up, then cosine")]
    assert both[0] == pytest.approx(both[1])


def test_step_and_exponential_decay_multiply() -> None:
    step, exponential = schedules.schedule("step", 0.8, 0, 0.0), schedules.schedule("exponential", 0.8, 0, 0.0)
    assert step[[0, 49, 50, 149, 150]] == pytest.approx(0.8 * 0.3 ** np.array([0, 0, 1, 2, 3]))
    assert exponential[1:] / exponential[:-1] == pytest.approx(np.full(schedules.STEPS - 1, 0.98))


def test_on_a_plateau_the_rate_only_ever_falls_by_its_factor_and_ends_below_the_peak() -> None:
    rate = schedules.training_state("plateau", 0.8, 0, 0.0).rate
    ratios = rate[1:] / rate[:-1]
    assert all(np.isclose(ratio, (0.3, 1.0)).any() for ratio in ratios)
    assert rate[-1] < 0.8


def test_the_sentence_of_a_schedule_compares_with_the_constant_rate(built: dict[str, Explorer]) -> None:
    explorer = built["schedules"]
    assert "the loss ends at 1.25" in preset(explorer, "high and constant").sentence
    assert "the loss ends at 0.37" in preset(explorer, "low and constant").sentence
    assert "the loss at 0.25; at a constant rate it ends at 1.25" in preset(explorer, "high, then down").sentence
    assert "the loss at 0.26; at a constant rate it ends at 1.25" in preset(explorer, "with a warm-up").sentence


def test_a_schedule_says_which_controls_are_not_its_own(built: dict[str, Explorer]) -> None:
    explorer = built["schedules"]
    assert explorer.set(kind="step").sentence.endswith("It has neither warm-up nor final rate.")
    assert explorer.set(kind="cosine").sentence.endswith("It has no warm-up.")


def test_the_students_schedule_makes_the_rates() -> None:
    def always_a_tenth(step: int, warmup_steps: int, total_steps: int, learning_rate: float, final: float) -> float:
        return 0.1

    explorer = preset(widgets.schedules(always_a_tenth), "with a warm-up")
    assert explorer.state.rate.tolist() == [0.1] * schedules.STEPS
    assert "the loss at 0.37" in explorer.sentence


def test_a_right_schedule_of_the_student_shows_what_the_reference_shows(built: dict[str, Explorer]) -> None:
    def warmup_then_cosine(step: int, warmup: int, total: int, learning_rate: float, final_rate: float = 0.0) -> float:
        if step < warmup:
            return learning_rate * (step + 1) / warmup
        share = (step - warmup) / (total - warmup)
        return final_rate + (learning_rate - final_rate) * (1 + np.cos(np.pi * share)) / 2

    explorer = widgets.schedules(warmup_then_cosine)
    for name in schedules.PRESETS:
        assert preset(explorer, name).sentence == preset(built["schedules"], name).sentence
    assert not explorer.spec["notice"]


# update_ratios


def test_the_small_runs_are_ratios_of_their_own_updates_and_weights() -> None:
    runs = update_ratios.small_runs()
    assert list(runs) == ["SGD", "Adam"]
    for run in runs.values():
        assert run.shape == (3, update_ratios.STEPS)
        assert (run > 0).all()


def test_the_gradients_of_the_small_network_are_those_of_its_loss() -> None:
    rng = np.random.default_rng(3)
    x, labels = rng.normal(size=(9, 2)), rng.integers(0, 2, 9)
    weights = [rng.normal(size=shape) for shape in ((4, 2), (4, 4), (2, 4))]

    def loss() -> float:
        h = x
        for weight in weights:
            z = h @ weight.T
            h = np.maximum(z, 0)
        return float(np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(9), labels]))

    for weight, grad in zip(weights, update_ratios._gradients(weights, x, labels), strict=True):
        for place in np.ndindex(weight.shape):
            before = weight[place]
            weight[place] = before + 1e-6
            above = loss()
            weight[place] = before - 1e-6
            below = loss()
            weight[place] = before
            assert grad[place] == pytest.approx((above - below) / 2e-6, abs=1e-7)


def test_adams_first_update_moves_nearly_every_weight_by_the_rate() -> None:
    first = update_ratios.small_runs()["Adam"][:, 0]
    draw = np.random.default_rng(1)
    weights = [draw.normal(0, np.sqrt(2 / a), (b, a)) for a, b in ((2, 16), (16, 16), (16, 2))]
    most = [0.01 * np.sqrt(weight.size) / np.linalg.norm(weight) for weight in weights]
    assert (first <= np.array(most) * (1 + 1e-9)).all()
    assert (first > 0.8 * np.array(most)).all()  # a weight of a silent unit has no gradient and stays


def test_the_runs_of_the_notebook_are_shown_step_by_step() -> None:
    rng = np.random.default_rng(0)
    runs = {"SGD": rng.uniform(1e-3, 1e-2, (4, 72)), "Adam, rate 0.1": rng.uniform(0.1, 0.5, (4, 72))}
    explorer = widgets.update_ratios(runs)
    state = preset(explorer, "Adam, rate 0.1: first step").state
    first = runs["Adam, rate 0.1"][:, 0]
    assert state.now[0] == pytest.approx(first)
    assert state.fourth == pytest.approx(runs["Adam, rate 0.1"][3])
    assert f"{first.max():.2g} (layer {first.argmax() + 1})" in explorer.sentence
    assert explorer.sentence.endswith("the rule of thumb says 0.001.")


def test_a_long_run_is_thinned_and_keeps_its_ends() -> None:
    run = np.geomspace(1e-1, 1e-4, 1000)[None, :]
    explorer = widgets.update_ratios({"SGD": run})
    assert explorer.state.first[[0, -1]] == pytest.approx(run[0, [0, -1]])
    assert "step 1000" in explorer.set(step=update_ratios.SHOWN).sentence


def test_a_run_that_broke_is_shown_as_far_as_it_went() -> None:
    run = np.full((2, 20), 1e-3)
    run[:, 10:] = np.nan
    explorer = widgets.update_ratios({"SGD": run})
    assert "has broken" in explorer.set(step=20).sentence
    assert "between 0.001" in explorer.set(step=5).sentence


@pytest.mark.parametrize(
    "runs",
    [{}, {"SGD": np.ones(5)}, {"SGD": np.ones((5, 9))}, {"SGD": np.ones((2, 9)), "Adam": np.ones((3, 9))}],
    ids=["none", "no layers", "five layers", "different layers"],
)
def test_runs_of_other_shapes_are_refused_with_what_is_expected(runs: dict[str, Array]) -> None:
    with pytest.raises(ValueError, match=r"expected one shape \(layers, steps\), at most 4 layers"):
        widgets.update_ratios(runs)
