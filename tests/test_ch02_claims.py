"""Every number that chapter 2 says in its prose, computed."""

import re
import sys

import numpy as np
import pytest

from course.widgets.ch02_backprop.finite_difference import PRESETS as NUDGE_PRESETS
from course.widgets.ch02_backprop.finite_difference import nudge_state
from course.widgets.ch02_backprop.gradient_check_map import PRESETS as CHECK_PRESETS
from course.widgets.ch02_backprop.gradient_check_map import check_state
from course.widgets.ch02_backprop.graph_stepper import PRESETS as GRAPH_PRESETS
from course.widgets.ch02_backprop.graph_stepper import trace
from tests.chapter_runs import prose, run

CHAPTER = "ch02_backprop"

# The package exports functions of the same names as its modules.
playground = sys.modules["course.widgets.ch02_backprop.playground"]


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


def test_the_table_of_minutes_adds_up():
    rows = re.findall(r"\| 2\.\d [^|]+\|[^|]+\| (\d+) min \| (?:(\d+) min)? ?\|", prose(CHAPTER))
    reading, exercises = (sum(int(minutes or 0) for minutes in column) for column in zip(*rows, strict=True))
    assert len(rows) == 9
    assert said(f"That is {reading} minutes of reading and {exercises} of exercises")


def test_the_places_of_each_widget_are_named():
    for presets in (playground.PRESETS, GRAPH_PRESETS, CHECK_PRESETS, NUDGE_PRESETS):
        for name in presets:
            assert said(f"**{name}**"), name


def test_a_rounded_probability_has_an_infinite_loss():
    assert said("In float64 $p$ is 0, and $-\\ln p$ is `inf`. (The `nan` beside it is `inf / inf`")
    assert "probabilities: [ 0. nan]   loss of class 0: inf" in run(CHAPTER)[1]
    assert np.exp(0.0 - 1000.0) == 0, "subtracting the maximum does not mend it"


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
    assert said("The largest language models have more than a hundred million times as many parameters")
    assert cells["parameters"] * 100_000_000 < 671_000_000_000, "DeepSeek-V3, whose weights are public, has 671 billion"


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


def test_nudging_agrees_with_the_layer(cells):
    shown = re.findall(r"gradient of \w+ *: largest difference from nudging (\S+)", run(CHAPTER)[1])
    assert len(shown) == 3
    assert max(float(one) for one in shown) < 1e-9


def test_the_slopes_of_the_softmax_and_of_its_logarithm(cells):
    z = np.array([0.2, -1.0, 0.7])
    p = np.exp(z) / np.exp(z).sum()
    for j in range(3):
        slopes = cells["numerical_gradient"](lambda z, j=j: np.exp(z[j]) / np.exp(z).sum(), z)
        of_log = cells["numerical_gradient"](lambda z, j=j: z[j] - np.log(np.exp(z).sum()), z)
        assert of_log == pytest.approx((np.arange(3) == j) - p, abs=1e-8)
        assert slopes == pytest.approx(p[j] * of_log, abs=1e-8)


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
    wrong, right = (cells[name](small, x, labels)[0] for name in ("forgetful", "mlp_loss_and_gradients"))
    assert said(f"{wrong:.3f} is even smaller than the right one, {right:.3f}")
    assert wrong < right


def test_the_map_turns_red_upstream_of_the_fault_alone():
    says = check_state("ReLU 2", "passes everything on").says
    assert says.startswith("Wrong: x, W1, b1, z1, h1, W2, b2, z2. Right: h2, W3, b3, z3.")
    assert "Right: none" in check_state("loss", "twice too large").says
    assert "and yet the loss is" in check_state("ReLU 2, and forward too", "wrong sign").says


def ring_after(width, steps):
    """The playground's network on the ring, and the share of the test points that it gets right."""
    values = playground.PRESETS["a ring, four units"]
    state = playground.start(1, width)
    for _ in range(steps):
        state = playground.step(state, values["data"], values["activation"], values["rate"], values["decay"])
    return state, playground.fields(state, values["data"], values["activation"]).says


def test_three_units_close_the_ring_and_the_fourth_is_silent():
    assert playground.PRESETS["a ring, three units"] == playground.PRESETS["a ring, four units"] | {"width": 3}
    assert playground.PRESETS["a ring, three units"]["rate"] == 0.3
    assert "100% of the test points" in ring_after(3, 2000)[1]
    assert said("With four units, in this run, the fourth falls silent")
    state, told = ring_after(4, 2000)
    assert "100% of the test points" in told
    layer = state["layers"][0]
    z = playground.draw_data("ring")[0] @ np.array(layer["weight"]).T + np.array(layer["bias"])
    assert (z > 0).any(axis=0).tolist() == [True, True, True, False]


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
    assert first > 0.9, "nine in ten"
    assert last >= 0.96, "what the chapter promises"
    assert len(cells["mistakes"]) == round(360 * (1 - last)) == 9, "the pictures that are shown"
    assert cells["epoch_losses"][-1] < cells["epoch_losses"][9] / 2, "it falls on when the accuracy does not rise"
    late = 100 * np.array(cells["accuracies"][4:])
    assert said(f"between {late.min():.1f} % and {late.max():.1f} %")
    confusions = {(cells["y_test"][k], cells["found"][k]) for k in cells["mistakes"]}
    assert len(confusions) == len(cells["mistakes"]), "no confusion happens twice"


def test_what_raises_the_loss_at_the_start_and_what_keeps_it_there(cells):
    x, labels = cells["x_train"], cells["y_train"]
    untrained = cells["draw_layers"]([64, 64, 10], np.random.default_rng(0))
    assert cells["mlp_loss_and_gradients"](untrained, 10 * x, labels)[0] > 3 * np.log(10), "inputs that are too large"
    rng = np.random.default_rng(0)
    mixed = rng.permutation(labels)
    assert cells["mlp_loss_and_gradients"](untrained, x, mixed)[0] == pytest.approx(np.log(10), rel=0.1)
    for _ in range(5):
        order = rng.permutation(len(x))
        for start in range(0, len(order), 32):
            chosen = order[start : start + 32]
            cells["train_step"](untrained, x[chosen], mixed[chosen], 0.5)
    assert cells["mlp_loss_and_gradients"](untrained, x, mixed)[0] == pytest.approx(np.log(10), rel=0.1)
