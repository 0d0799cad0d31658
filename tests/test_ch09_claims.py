"""Every number that chapter 9 says in its prose, computed."""

import numpy as np
import pytest

from course.widgets.ch09_adam.bias_correction import steps_state
from course.widgets.ch09_adam.optimiser_race import PRESETS, race_state
from course.widgets.ch09_adam.schedules import training_state
from tests.chapter_runs import prose, run

CHAPTER = "ch09_adam"


@pytest.fixture(scope="module")
def cells():
    return run(CHAPTER)[0]


def said(text):
    """Whether the prose holds these words."""
    return " ".join(text.split()) in prose(CHAPTER)


def test_adagrad_by_hand(cells):
    for scale in (1, 100):
        w, s = cells["adagrad_step"](np.ones(1), np.zeros(1), scale * np.array([3.0]), 0.1)
        assert w[0] == pytest.approx(0.9)
        w, _ = cells["adagrad_step"](w, s, scale * np.array([4.0]), 0.1)
        assert w[0] == pytest.approx(0.82)


def test_adagrad_does_not_see_the_scale_of_the_valley(cells):
    w, s, plain = np.ones(2), np.zeros(2), np.ones(2)
    for _ in range(50):
        w, s = cells["adagrad_step"](w, s, cells["valley"](w), 0.1)
        plain = plain - 0.019 * cells["valley"](plain)
    assert said("equal to eight digits, 0.1370831 both")
    assert w[0] == pytest.approx(w[1], rel=1e-7)
    assert f"{w[0]:.7f}" == "0.1370831"
    assert said(f"left {plain[0]:.0%} of the flat one".replace("%", " %"))


def test_the_average_by_hand(cells):
    average = cells["exponential_moving_average"]
    assert average(np.full(3, 2.0), 0.9) == pytest.approx([0.2, 0.38, 0.542])
    assert average(np.full(3, 2.0), 0.9, True) == pytest.approx([2, 2, 2])


def test_rmsprop_recovers_and_adagrad_does_not(cells):
    adagrad, rmsprop = np.array(cells["steps"]["AdaGrad"]), np.array(cells["steps"]["RMSProp"])
    for steps in (adagrad, rmsprop):
        assert steps[199] / steps[200] == pytest.approx(100, rel=0.06)
    assert rmsprop[200 + 90] > 0.005 > rmsprop[200 + 60], "within about ninety steps"
    assert rmsprop[-1] == pytest.approx(0.01, rel=1e-3)
    assert f"{adagrad[-1]:.0e}" == "7e-06"
    assert f"{rmsprop[0]:.3f}" == "0.032"


def test_the_first_step_of_adam():
    for size in (1e-2, 1.0, 1e4):
        steps = steps_state("always the same", size, 0.9, 0.999)
        assert steps.both[0] == pytest.approx(0.1, rel=1e-3)
        assert f"{steps.neither[0]:.3f}" == "0.316"
        assert f"{steps.only_m[0]:.2f}" == "3.16"
        assert f"{steps.only_v[0]:.2f}" == "0.01"
    assert f"{steps.m[9]:.0%} {steps.v[9]:.1%}" == "65% 1.0%"
    noisy = steps_state("noisy", 1.0, 0.9, 0.999)
    assert noisy.both[20:].mean() < 0.09 < noisy.both[0]


def test_eps_is_felt_by_tiny_gradients_only(cells):
    def first(grad):
        return -cells["adam_step"](np.zeros(1), np.zeros(1), np.zeros(1), np.array([grad]), 1, 0.1)[0][0]

    assert first(1e-4) == pytest.approx(0.1, rel=1e-3)
    assert first(1e-8) == pytest.approx(0.05)
    assert first(1e-10) < 0.0011


def test_adam_leaves_the_valley_at_45_degrees():
    race = race_state(**PRESETS["the first step"])
    assert (race.quotient_x[1], race.quotient_y[1]) == pytest.approx((1, -1))
    assert said("although one slope is 56 times the other")
    assert pytest.approx(56, abs=0.5) == 100 * 1.0 / 1.8


def test_the_races_end_as_the_text_says():
    plateau, bent = (race_state(**PRESETS[name]) for name in ("a plateau", "a bent valley"))
    assert plateau.sgd_loss[80] > 0.9 > 0.1 > max(plateau.adam_loss[80], plateau.rmsprop_loss[80])
    assert bent.momentum_loss[80] < min(bent.sgd_loss[80], bent.rmsprop_loss[80], bent.adam_loss[80])


def test_decay_inside_and_beside_the_gradient(cells):
    assert f"{cells['inside'][0]:.2f}" == "1.90"
    assert f"{cells['beside'][0]:.2f}" == "1.80"


def test_the_cosine_by_hand(cells):
    assert [round(cells["cosine_decay"](t, 4, 1.0), 3) for t in range(5)] == [1, 0.854, 0.5, 0.146, 0]


def test_the_plateau_by_hand(cells):
    assert cells["reduce_on_plateau"](np.array([2, 1, 1.5, 1.2]), 1.0, 0.5, 1).tolist() == [1, 1, 1, 0.5]


def test_the_schedules_of_the_widget():
    ends = {
        name: training_state(*controls).loss[-10:].mean()
        for name, controls in {
            "high": ("constant", 0.8, 0, 0.0),
            "low": ("constant", 0.1, 0, 0.0),
            "down": ("cosine", 0.8, 0, 0.0),
            "warm": ("warm-up, then cosine", 0.8, 20, 0.0),
        }.items()
    }
    assert {name: f"{value:.2f}" for name, value in ends.items()} == {
        "high": "1.25",
        "low": "0.37",
        "down": "0.25",
        "warm": "0.26",
    }
    assert all(
        said(text)
        for text in ("stays at 1.25", "is at 0.37 after 200 steps", "0.25 in the end", "changes nothing (0.26)")
    )


def test_the_optimisers_on_digits(cells):
    best = {name: max(values) for name, values in cells["accuracies"].items()}
    low, high = min(best, key=best.get), max(best, key=best.get)
    assert said(f"between {100 * best[low]:.1f} % ({low}) and {100 * best[high]:.1f} % ({high})")
    for name, values in cells["accuracies"].items():
        assert min(values) < best[name] - 0.2, "a wrong rate costs far more"


def test_the_size_of_the_updates(cells):
    typical = {name: np.median(run, axis=1) for name, run in cells["runs"].items()}
    assert ((typical["SGD"] > 0.009) & (typical["SGD"] < 0.03)).all()
    assert np.median(typical["Adam"]) == pytest.approx(0.0024, abs=0.0003)
    first = cells["runs"]["Adam, rate 0.1"][:, 0]
    assert ((first > 0.45) & (first < 0.56)).all()


def test_a_schedule_beats_its_own_peak(cells):
    train = cells["train"]
    constant = np.mean([train("Adam", 0.05, seed) for seed in range(5)])
    scheduled = np.mean([train("Adam", 0.05, seed, schedule=cells["warm_cosine"]) for seed in range(5)])
    assert said(f"the constant rate reaches {100 * constant:.1f} % on average")
    assert said(f"the schedule reaches {100 * scheduled:.1f} %")
