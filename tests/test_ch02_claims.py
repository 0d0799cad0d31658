"""Every number that chapter 2 says in its prose, computed."""

import numpy as np
import pytest

from course.widgets.ch02_backprop.finite_difference import nudge_state
from course.widgets.ch02_backprop.gradient_check_map import check_state
from course.widgets.ch02_backprop.graph_stepper import trace
from tests.chapter_runs import prose, run

CHAPTER = "ch02_backprop"


@pytest.fixture(scope="module")
def cells():
    return run(CHAPTER)[0]


def said(text):
    """Whether the prose holds these words."""
    return " ".join(text.split()) in prose(CHAPTER)


def test_the_mean_squared_error_by_hand(cells):
    assert cells["mse_loss"](np.array([1.0, 5.0]), np.array([2.0, 2.0])) == 5


def test_the_table_of_probabilities_and_losses():
    for p, loss in ((1, "0.00"), (0.5, "0.69"), (0.1, "2.30"), (0.001, "6.91")):
        assert f"{abs(np.log(p)):.2f}" == loss
    assert said("near $\\ln 10 = 2.30$")


def test_log_softmax_gives_the_loss_of_a_thousand(cells):
    assert cells["cross_entropy"](np.array([[0.0, 1000.0]]), np.array([0])) == 1000


def test_the_slope_of_a_cube_by_hand():
    assert pytest.approx(12.61) == (2.1**3 - 2**3) / 0.1
    assert pytest.approx(12.01) == (2.1**3 - 1.9**3) / 0.2


def test_central_differences_are_best_near_a_hundred_thousandth():
    good = nudge_state("x³", "float64", 1e-5)
    assert f"{good.at_central:.0e}" == "2e-11"
    assert f"{good.at_one:.0e}" == "5e-06"
    assert nudge_state("x³", "float64", 1e-12).at_central > 1e-6 < nudge_state("x³", "float64", 1.0).at_central
    assert nudge_state("x³", "float32", 1e-5).at_central > 1e-3


def test_nudging_costs_nearly_ten_thousand_forward_passes(cells):
    assert said(f"has {cells['parameters']:,} parameters")
    assert said(f"{2 * cells['parameters']:,} forward passes for *one* gradient")
    assert sum(weight.size + bias.size for weight, bias in cells["network"]) == cells["parameters"]


def test_the_graphs_by_hand():
    grads = trace("a · a + a", 3.0)[-1][2]
    assert grads[0] == 7
    names = ("a", "b", "s", "p", "c")
    found = dict(zip(names, trace("(a + b)(a b)", -2.0)[-1][2], strict=True))
    assert found == {"a": -3, "b": -8, "s": -6, "p": 1, "c": 1}
    assert trace("(a + b)(a b)", -2.0)[-1][1][2:] == [1, -6, -6]


def test_the_engine_agrees_with_nudging(cells):
    nudged = (
        cells["formula"](cells["Value"](0.7 + 1e-5)).data - cells["formula"](cells["Value"](0.7 - 1e-5)).data
    ) / 2e-5
    assert cells["a"].grad == pytest.approx(nudged, rel=1e-8)


def test_the_layers_by_hand(cells):
    grad_x, grad_weight, grad_bias = cells["linear_backward"](
        np.array([[10.0]]), np.array([[2.0, 3.0]]), np.array([[4.0, 5.0]])
    )
    assert grad_x.tolist() == [[40, 50]]
    assert grad_weight.tolist() == [[20, 30]]
    assert grad_bias.tolist() == [10]
    assert cells["softmax_backward"](np.array([2.0, 0.0]), np.array([0.5, 0.5])).tolist() == [0.5, -0.5]


def test_the_gradient_check_passes_at_about_1e_11(cells):
    small, x, labels = cells["small"], cells["x"], cells["labels"]
    errors = cells["gradient_check"](cells["mlp_loss_and_gradients"], small, x, labels)
    assert 1e-12 < max(errors) < 1e-10
    assert min(errors) > 1e-12
    wrong = cells["gradient_check"](
        lambda *inputs: (cells["mlp_loss_and_gradients"](*inputs)[0], cells["forgetful"](*inputs)[1]), small, x, labels
    )
    assert max(wrong) > 1e-3, "the twin: wrong gradients do not pass"


def test_a_network_that_is_wrong_both_ways_passes_its_own_check(cells):
    small, x, labels = cells["small"], cells["x"], cells["labels"]
    assert max(cells["gradient_check"](cells["forgetful"], small, x, labels)) < 1e-10
    assert cells["forgetful"](small, x, labels)[0] != pytest.approx(
        cells["mlp_loss_and_gradients"](small, x, labels)[0], rel=0.1
    )


def test_the_map_turns_red_upstream_of_the_fault_alone():
    says = check_state("ReLU 2", "passes everything on").says
    assert says.startswith("Wrong: x, W1, b1, z1, h1, W2, b2, z2. Right: h2, W3, b3, z3.")
    assert "Right: none" in check_state("loss", "twice too large").says
    assert "and yet the loss is" in check_state("ReLU 2, and forward too", "wrong sign").says


def test_the_curve_is_learned_down_to_the_noise(cells):
    assert said(f"The loss falls from {cells['losses'][0]:.2f} to {cells['losses'][-1]:.3f}")
    creases = -cells["bias_1"] / cells["weight_1"][:, 0]
    inside = (cells["curve_x"].min() < creases) & (creases < cells["curve_x"].max())
    assert said(f"{inside.sum()} of the {len(creases)} creases lie where the points are")
    noise = cells["mse_loss"](np.sin(cells["curve_x"]), cells["curve_y"])
    assert said(f"The sine itself would have a loss of {noise:.3f} on these points")
    assert noise > cells["losses"][-1] / 2, "most of what is left is noise"


def test_the_digits(cells):
    untrained = cells["draw_layers"]([64, 64, 10], np.random.default_rng(0))
    loss = cells["mlp_loss_and_gradients"](untrained, cells["x_train"], cells["y_train"])[0]
    first, last = cells["accuracies"][0], cells["accuracies"][-1]
    assert said(f"The loss begins at {loss:.2f}, a little above $\\ln 10$")
    assert said(f"After one epoch {100 * first:.1f} % of the test digits are right")
    assert said(f"20 epochs {100 * last:.1f} %")
    assert last >= 0.96, "what the chapter promises"
    assert len(cells["mistakes"]) == round(360 * (1 - last)) == 9, "the pictures that are shown"
    assert cells["epoch_losses"][-1] < cells["epoch_losses"][9] / 2, "it falls on when the accuracy does not rise"
    late = 100 * np.array(cells["accuracies"][4:])
    assert said(f"between {late.min():.1f} % and {late.max():.1f} %")
    confusions = {(cells["y_test"][k], cells["found"][k]) for k in cells["mistakes"]}
    assert len(confusions) == len(cells["mistakes"]), "no confusion happens twice"
