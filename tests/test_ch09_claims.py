"""Every number that chapter 9 says in its prose, computed."""

import numpy as np
import pytest

from autograder.engine import catalogue
from autograder.spec import FreeAnswer
from course.widgets.ch09_adam.bias_correction import PRESETS as FIRST_STEPS
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


def test_the_prose_is_searched_and_not_merely_trusted():
    assert said("Could each parameter have a rate of its own?")
    assert not said("Adam is the best everywhere")


def test_minutes_and_points_in_the_table_are_those_of_the_exercises():
    entries = list(catalogue.entries(CHAPTER))
    for entry in entries:
        minutes = f"({entry.minutes} minutes, "
        points = "1 point" if entry.points == 1 else f"{entry.points} points"
        if isinstance(entry, FreeAnswer):
            assert said(f"**Question: {entry.title}** {minutes}{points}, graded by a person)"), entry.name
        else:
            heading = f"**Exercise 9.{entry.number}: {entry.title}** {minutes}{entry.difficulty}, {points})"
            assert said(heading), entry.name
    rows = {1: (15, 8), 2: (15, 16), 3: (5, 8), 4: (20, 45), 5: (10, 10), 6: (15, 46), 7: (15, 0), 8: (5, 0)}
    for section, (reading, exercises) in rows.items():
        assert sum(entry.minutes for entry in entries if entry.section == f"9.{section}") == exercises
        assert said(f"| {reading} min | {exercises} min |" if exercises else f"| {reading} min | |")
    assert said(f"That is {sum(row[0] for row in rows.values())} minutes of reading and")
    assert said(f"and {sum(row[1] for row in rows.values())} of exercises")


def test_adagrad_by_hand(cells):
    for scale in (1, 100):
        w, s = cells["adagrad_step"](np.ones(1), np.zeros(1), scale * np.array([3.0]), 0.1)
        assert w[0] == pytest.approx(0.9)
        w, _ = cells["adagrad_step"](w, s, scale * np.array([4.0]), 0.1)
        assert w[0] == pytest.approx(0.82)
    assert said("your results by hand are 0.9 and 0.82 again")


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
    share = average(cells["noisy"], 0.99)[-1] / average(cells["noisy"], 0.99, True)[-1]
    assert said(f"after all {len(cells['noisy'])} values it is still {100 * (1 - share):.0f} % below the corrected one")


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
    assert FIRST_STEPS["a shorter memory"]["beta2"] == 0.9
    shorter = steps_state("always the same", 1.0, 0.9, 0.9)
    assert shorter.m == pytest.approx(shorter.v), "v rises as fast as m"
    for kind in (shorter.both, shorter.neither, shorter.only_m, shorter.only_v):
        assert kind[24:] == pytest.approx(0.1, rel=0.1), "the four lines have met"


def test_eps_is_felt_by_tiny_gradients_only(cells):
    def first(grad):
        return -cells["adam_step"](np.zeros(1), np.zeros(1), np.zeros(1), np.array([grad]), 1, 0.1)[0][0]

    assert first(1e-4) == pytest.approx(0.1, rel=1e-3)
    assert first(1e-8) == pytest.approx(0.05)
    assert first(1e-10) == pytest.approx(0.001, rel=0.02)
    assert said("makes half a step, one a hundred times smaller a hundredth")


def test_adam_leaves_the_valley_at_45_degrees():
    race = race_state(**PRESETS["the first step"])
    assert (race.quotient_x[1], race.quotient_y[1]) == pytest.approx((1, -1))
    assert said("although one slope is 56 times the other")
    assert pytest.approx(56, abs=0.5) == 100 * 1.0 / 1.8
    bare = race_state(**PRESETS["without correction"])
    assert said(f"that first step is {bare.quotient_x[1]:.2f} times as long")
    assert bare.quotient_y[1] == pytest.approx(-bare.quotient_x[1])


def test_the_adaptive_paths_are_the_straightest_in_the_narrow_valley():
    race = race_state(**PRESETS["a narrow valley"])
    long = {}
    for name in ("sgd", "momentum", "rmsprop", "adam"):
        x, y = getattr(race, f"{name}_x"), getattr(race, f"{name}_y")
        long[name] = np.hypot(np.diff(x), np.diff(y)).sum()
    assert said(f"after 80 steps RMSProp's is {long['rmsprop']:.1f} long and Adam's {long['adam']:.1f}")
    assert said(f"that of SGD {long['sgd']:.1f} and that of momentum {long['momentum']:.1f}")


def test_the_races_end_as_the_text_says():
    plateau, bent = (race_state(**PRESETS[name]) for name in ("a plateau", "a bent valley"))
    assert plateau.sgd_loss[80] > 0.9 > 0.1 > max(plateau.adam_loss[80], plateau.rmsprop_loss[80])
    assert plateau.momentum_loss[20] > 0.99, "a long run-up"
    assert plateau.momentum_loss[60] < 0.01
    assert bent.momentum_loss[80] < min(bent.sgd_loss[80], bent.rmsprop_loss[80], bent.adam_loss[80])
    saddle, tilted = (race_state(**PRESETS[name]) for name in ("a saddle", "a tilted valley"))
    for name in ("sgd", "momentum", "rmsprop", "adam"):
        losses = getattr(saddle, f"{name}_loss")
        assert losses[80] < 0.01 < losses[0], "all four get away"
    assert said(f"ends lower than Adam: {tilted.sgd_loss[80]:.3f} against {tilted.adam_loss[80]:.2f}")
    assert tilted.momentum_loss[80] < tilted.sgd_loss[80] < tilted.adam_loss[80] < tilted.rmsprop_loss[80]


def test_decay_inside_and_beside_the_gradient(cells):
    assert f"{cells['inside'][0]:.2f}" == "1.90"
    assert f"{cells['beside'][0]:.2f}" == "1.80"
    inside, beside = cells["left_over"]["inside"], cells["left_over"]["beside"]
    assert said(f"with the large gradients, {inside[0]:.2f}, and takes the other one whole, {inside[1]:.2f}")
    assert said(f"{beside[0]:.2f} is left of both, {100 * beside[0] / 2:.0f} %")
    assert beside[0] == pytest.approx(beside[1], abs=1e-4)
    assert said(f"$0.999^{{1000}} = {0.999**1000:.3f}$")


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
    high, low, down = (
        training_state(*controls, 0, 0.0).loss[20]
        for controls in (("constant", 0.8), ("constant", 0.1), ("cosine", 0.8))
    )
    assert said(
        f"level with the high constant rate ({down:.2f} and {high:.2f}) and far ahead of the low one ({low:.2f})"
    )


def test_the_optimisers_on_digits(cells):
    best = {name: max(values) for name, values in cells["accuracies"].items()}
    low, high = min(best, key=best.get), max(best, key=best.get)
    assert said(f"between {100 * best[low]:.1f} % ({low}) and {100 * best[high]:.1f} % ({high})")
    for name, values in cells["accuracies"].items():
        assert min(values) < best[name] - 0.2, "a wrong rate costs far more"
    rate = {name: cells["tried"][name][int(np.argmax(values))] for name, values in cells["accuracies"].items()}
    assert rate == {"SGD": 0.1, "momentum": 0.01, "AdaGrad": 0.01, "RMSProp": 0.001, "Adam": 0.001}
    assert said("SGD is best at 0.1, momentum and AdaGrad at 0.01, RMSProp and Adam at 0.001")


def test_the_size_of_the_updates(cells):
    typical = {name: np.median(run, axis=1) for name, run in cells["runs"].items()}
    assert ((typical["SGD"] > 0.009) & (typical["SGD"] < 0.03)).all()
    assert said("SGD is ten times above the rule and more")
    assert np.median(typical["Adam"]) == pytest.approx(0.0024, abs=0.0003)
    first = cells["runs"]["Adam, rate 0.1"][:, 0]
    assert ((first > 0.45) & (first < 0.56)).all()


def test_a_schedule_forgives_a_peak_that_is_too_high(cells):
    five = {name: 100 * np.array(found) for name, found in cells["five"].items()}
    mean = {name: found.mean() for name, found in five.items()}
    assert {name: len(found) for name, found in five.items()} == dict.fromkeys(five, 5)
    assert said(f"the constant rate 0.05 reaches {mean['constant 0.05']:.1f} % on average")
    assert mean["constant 0.05"] < 100 * cells["accuracies"]["Adam"][cells["tried"]["Adam"].index(0.01)]
    assert said(f"the schedule reaches {mean['schedule, peak 0.05']:.1f} %")
    assert said(f"the constant 0.001 reaches {mean['constant 0.001']:.1f} %")
    assert said(f"the schedule with the lower peak {mean['schedule, peak 0.02']:.1f} %")
    for peak in (0.05, 0.02):
        found = five[f"schedule, peak {peak}"]
        assert np.ptp(found) < 1, "within one point"
        difference = found - five["constant 0.001"]
        assert abs(difference.mean()) < 2.776 * difference.std(ddof=1) / np.sqrt(5), "Student's t at 95 %"
        assert found.min() > five["constant 0.05"].max()
    assert 2.5 < np.ptp(five["constant 0.001"]) < 3
    assert np.ptp(five["constant 0.05"]) > 5, "swings between seeds"
