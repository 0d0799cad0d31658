"""Every number that chapter 3 says in its prose, computed."""

import re

import numpy as np
import pytest

from course.widgets.ch03_gradient_descent.batch_noise import PRESETS as NOISE_PRESETS
from course.widgets.ch03_gradient_descent.batch_noise import WEIGHT, logistic_gradient, noise_state
from course.widgets.ch03_gradient_descent.bowl import PRESETS as BOWL_PRESETS
from course.widgets.ch03_gradient_descent.bowl import bowl_state
from course.widgets.ch03_gradient_descent.landscapes import PRESETS, walk_state
from course.widgets.ch03_gradient_descent.random_directions import PRESETS as DIRECTION_PRESETS
from course.widgets.ch03_gradient_descent.random_directions import directions_state
from tests.chapter_runs import prose, run

CHAPTER = "ch03_gradient_descent"


@pytest.fixture(scope="module")
def cells():
    return run(CHAPTER)[0]


def said(text):
    """Whether the prose holds these words."""
    return " ".join(text.split()) in prose(CHAPTER)


def test_the_prose_is_searched_and_not_merely_trusted():
    assert said("Which way?")
    assert not said("the condition number is 99,999")


def test_the_table_of_minutes_adds_up():
    rows = re.findall(r"\| 3\.\d [^|]+\|[^|]+\| (\d+) min \| (?:(\d+) min)? ?\|", prose(CHAPTER))
    reading, exercises = (sum(int(minutes or 0) for minutes in column) for column in zip(*rows, strict=True))
    assert len(rows) == 8
    assert said(f"That is {reading} minutes of reading and {exercises} of exercises")


@pytest.mark.parametrize("presets", [PRESETS, NOISE_PRESETS, BOWL_PRESETS, DIRECTION_PRESETS])
def test_the_places_of_each_widget_are_named(presets):
    for name in presets:
        assert said(f"**{name}**"), name


def test_the_places_of_the_bowl_are_the_rows_of_the_table():
    assert said("**away**: the rows of the table")
    assert [place["rate"] for place in BOWL_PRESETS.values()] == [0.1, 0.5, 0.9, 1.0, 1.1]
    assert {place["curvature"] for place in BOWL_PRESETS.values()} == {2.0}, "our bowl w² has a = 2"


def test_the_direction_example_by_hand():
    gradient = np.array([3.0, 4.0])
    assert gradient @ [-0.6, -0.8] == pytest.approx(-5)
    assert np.linalg.norm(gradient) == 5
    assert gradient @ [-1.0, 0.0] == -3
    assert gradient @ [0.8, -0.6] == pytest.approx(0)


@pytest.mark.parametrize(("rate", "after_ten"), [(0.1, "0.107"), (0.5, "0"), (0.9, "0.107"), (1.0, "1"), (1.1, "6.19")])
def test_the_table_of_rates(rate, after_ten):
    w = (1 - 2 * rate) ** 10
    assert f"{w:.3g}" == after_ten
    assert bowl_state(rate, 2.0).w[10] == pytest.approx(w)


def test_a_rate_of_a_twentieth_takes_about_twenty_steps():
    assert f"{0.9**22:.3f}" == "0.098"
    assert said("$0.9^{22} = 0.098$")


def test_random_steps_beat_the_gradient_step_only_when_they_are_long():
    small, longer, much = (directions_state(length, 60.0) for length in (0.1, 1.5, 3.0))
    assert "none of the random steps falls more" in small.says
    assert longer.best < longer.down_change < 0
    assert much.down_change > 0


def test_the_turned_bowl_has_the_curvatures_three_and_one(cells):
    assert np.linalg.eigvalsh(cells["turned"]) == pytest.approx([1, 3])
    assert cells["edge"] == pytest.approx(2 / 3)
    for share, converges in ((0.99, True), (1.01, False)):
        path = cells["gradient_descent"](cells["turned_gradient"], np.array([1.0, 0.2]), share * cells["edge"], 200)
        assert bool(np.linalg.norm(path[-1]) < np.linalg.norm(path[0])) is converges


def test_the_valley_keeps_fifteen_percent_along_its_flat_axis(cells):
    path = cells["gradient_descent"](cells["valley"], np.array([-1.8, 1.0]), 0.019, 100)
    assert f"{path[-1, 0] / path[0, 0]:.0%}" == "15%"
    assert abs(path[-1, 1]) < 1e-4
    assert abs(path[50, 1]) < 0.01, "gone after some fifty steps"
    assert said("after 100 steps, 15 % are still there")


def test_momentum_finishes_the_valley(cells):
    w, speed = np.array([-1.8, 1.0]), np.zeros(2)
    for _ in range(100):
        w, speed = cells["momentum_step"](w, speed, cells["valley"](w), 0.019, 0.8)
    assert np.abs(w).max() < 1e-3
    velocity = [1.0]
    for _ in range(200):
        velocity.append(0.9 * velocity[-1] + 1)
    assert velocity[:3] == pytest.approx([1, 1.9, 2.71])
    assert velocity[-1] == pytest.approx(10)
    assert said("a hundred steps with momentum leave next to nothing")
    assert PRESETS["with momentum"]["step"] == 100
    walk = walk_state(**PRESETS["with momentum"])
    assert abs(walk.x[100]) < 1e-3 * abs(walk.x[0])


def test_nesterov_steps_along_the_velocity_after_one_more_such_push(cells):
    w, v, g = np.zeros(1), np.array([2.0]), np.array([1.0])
    ahead, new = cells["momentum_step"](w, v, g, 0.1, 0.9, nesterov=True)
    once_more = cells["momentum_step"](w, new, g, 0.1, 0.9)[1]
    assert ahead == pytest.approx(w - 0.1 * once_more)
    assert said("makes steps a tenth as long")
    assert pytest.approx(1 / 10) == 1 - 0.9


def test_the_answer_to_the_question_of_the_valley():
    assert pytest.approx(-2) == 1 - 0.03 * 100
    assert f"{0.99**100:.0%}" == "37%"
    assert pytest.approx(0.1, abs=0.001) == 0.99**229
    assert pytest.approx(0.98) == 1 - 0.02 * 1


def test_the_presets_of_the_landscapes_do_what_the_text_says():
    steep, stuck, saved, plateau = (
        walk_state(**PRESETS[name])
        for name in ("one step too long", "stuck on a saddle", "saved by noise", "a plateau")
    )
    assert abs(steep.y[60]) > 100 > abs(steep.x[60])
    assert stuck.loss[100] == pytest.approx(0.5, abs=1e-6), "the pass lies 0.5 above the minima"
    assert saved.loss[100] < 0.01
    assert np.hypot(plateau.x[100] - plateau.x[0], plateau.y[100] - plateau.y[0]) < 0.5


def test_logistic_regression_by_hand(cells):
    loss, grad_weight, grad_bias = cells["logistic_regression_gradient"](
        np.array([[2.0]]), np.array([1.0]), np.zeros(1), 0.0
    )
    assert f"{loss:.3f}" == "0.693"
    assert grad_weight[0] == -1
    assert grad_bias == -0.5


def test_the_stable_formula_of_the_binary_cross_entropy():
    z = np.linspace(-6, 6, 25)
    assert np.log(1 + np.exp(z)) == pytest.approx(z + np.log(1 + np.exp(-z)))
    assert np.log(1 + np.exp(z)) == pytest.approx(np.maximum(z, 0) + np.log(1 + np.exp(-np.abs(z))))
    p = 1 / (1 + np.exp(-z))
    assert np.log(1 + np.exp(-z)) == pytest.approx(-np.log(p))
    assert np.log(1 + np.exp(z)) == pytest.approx(-np.log(1 - p))


def test_the_hessian_at_zero_is_the_mean_of_products_of_features(cells):
    x, y, h = cells["x"][:, 1:], cells["y"], 1e-5
    up, down = (cells["logistic_regression_gradient"](x, y, np.array([w]), 0.0)[1][0] for w in (h, -h))
    assert (up - down) / (2 * h) == pytest.approx(cells["hessian"][1, 1], rel=1e-6)
    assert said("has squares that are ten thousand times as large")
    assert 5_000 < cells["hessian"][0, 0] / cells["hessian"][1, 1] < 20_000


def test_standardising_repairs_the_condition_number(cells):
    raw = np.linalg.eigvalsh(cells["hessian"])
    assert said(f"The raw condition number is {raw[-1] / raw[0]:,.0f}")
    losses = cells["train_neuron"](cells["x"], cells["raw_rate"], 1000)
    assert said(f"after 1000 steps the loss is still {losses[-1]:.3f}")
    scaled = cells["curvatures"]
    assert said(f"Standardised, the condition number is {scaled[-1] / scaled[0]:.2f}")
    assert said(f"the loss after 20 steps is {cells['scaled_losses'][20]:.3f}")
    assert said(f"cannot improve by much ({cells['scaled_losses'][-1]:.3f})")


def test_small_batches_point_uphill_sometimes():
    one, sixteen = (noise_state(size, lambda x, y: logistic_gradient(x, y, WEIGHT, 0.0)) for size in (1, 16))
    assert said(f"{one.uphill:.0f} of 30 point uphill. Of batches of 16, none")
    assert sixteen.uphill == 0
    assert one.spread / sixteen.spread == pytest.approx(4, rel=0.2), "the spread falls with the square root"


def test_pieces_and_clipping_by_hand(cells):
    assert cells["accumulate_gradients"](np.array([[1.0], [4.0]]), np.array([2, 1])) == pytest.approx([2])
    assert cells["clip_gradient_norm"]([np.array([3.0, 4.0])], 1.0)[0] == pytest.approx([0.6, 0.8])


def test_the_sweep_over_rates(cells):
    accuracy = {
        rate: cells["mlp"].accuracy(cells["runs"][rate][0], *cells["validation"]) for rate in (0.001, 0.3, 1.0, 3.0)
    }
    assert said(
        f"Rate 0.001 reaches {100 * accuracy[0.001]:.1f} % after ten epochs "
        f"and 0.3, the best of the eight, reaches {100 * accuracy[0.3]:.1f} %; "
        f"with 1.0 it is {100 * accuracy[1.0]:.1f} %, and 3.0 stays at guessing ({100 * accuracy[3.0]:.1f} %)."
    )
    every = {rate: cells["mlp"].accuracy(run_[0], *cells["validation"]) for rate, run_ in cells["runs"].items()}
    assert len(every) == 8
    assert max(every, key=every.get) == 0.3
    assert said("Eight rates from 0.001 to 3, ten epochs each")
    assert (min(every), max(every)) == (0.001, 3.0)
    assert len(cells["validation"][0]) == 287


def test_thirty_epochs_overfit_and_still_read_well(cells):
    assert cells["mlp"].accuracy(cells["parameters"], cells["x_test"], cells["y_test"]) >= 0.96
    assert said("The two accuracies are close to each other")
    on_validation = cells["mlp"].accuracy(cells["parameters"], *cells["validation"])
    on_test = cells["mlp"].accuracy(cells["parameters"], cells["x_test"], cells["y_test"])
    assert abs(on_validation - on_test) < 0.02
    train, validation = cells["train_losses"], cells["validation_losses"]
    assert train[-1] < train[9] / 2
    assert validation[-1] > 0.9 * validation.min() > 2 * train[-1]
