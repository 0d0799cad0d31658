"""Every number that chapter 8 says in its prose, computed."""

import numpy as np
import pytest

from autograder.engine import catalogue
from autograder.spec import FreeAnswer
from course.widgets.ch08_regularization.augmentation_gallery import ANGLES, gallery_state, reader
from course.widgets.ch08_regularization.augmentation_gallery import PRESETS as GALLERY
from course.widgets.ch08_regularization.batch_norm_layers import PRESETS as LAYERS
from course.widgets.ch08_regularization.batch_norm_layers import (
    batch_norm,
    draw,
    followed,
    layers_state,
    normalised,
    plain,
    right_running,
)
from course.widgets.ch08_regularization.dropout_masks import LAYERS as BEHIND
from course.widgets.ch08_regularization.dropout_masks import PRESETS as MASKS
from course.widgets.ch08_regularization.dropout_masks import expected_output, masks_state, network, reference_masks
from course.widgets.ch08_regularization.overfitting_bench import PRESETS as BENCH
from course.widgets.ch08_regularization.overfitting_bench import REMEDIES, bench_state, runs
from tests.chapter_runs import prose, run

CHAPTER = "ch08_regularization"


@pytest.fixture(scope="module")
def cells():
    return run(CHAPTER)[0]


def said(text):
    """Whether the prose holds these words."""
    return " ".join(text.split()) in prose(CHAPTER)


def test_the_prose_is_searched_and_not_merely_trusted():
    assert said("How much has it learned?")
    assert not said("dropout reaches 99.9 %")


def test_minutes_and_points_in_the_table_are_those_of_the_exercises():
    entries = list(catalogue.entries(CHAPTER))
    for entry in entries:
        minutes = f"({entry.minutes} minutes, "
        points = "1 point" if entry.points == 1 else f"{entry.points} points"
        if isinstance(entry, FreeAnswer):
            assert said(f"**Question: {entry.title}** {minutes}{points}, graded by a person)"), entry.name
        else:
            heading = f"**Exercise 8.{entry.number}: {entry.title}** {minutes}{entry.difficulty}, {points})"
            assert said(heading), entry.name
    rows = {1: (20, 12), 2: (20, 16), 3: (15, 6), 4: (30, 55), 5: (25, 56), 6: (10, 10), 7: (25, 12), 8: (10, 0)}
    for section, (reading, exercises) in rows.items():
        assert sum(entry.minutes for entry in entries if entry.section == f"8.{section}") == exercises
        assert said(f"| {reading} min | {exercises} min |" if exercises else f"| {reading} min | |")
    assert said(f"That is {sum(row[0] for row in rows.values())} minutes of reading and")
    assert said(f"and {sum(row[1] for row in rows.values())} of exercises")


# 8.1: learned by heart


def test_random_labels_are_learned_by_heart(cells):
    assert sum(one.size for one in cells["mlp"].draw_parameters([64, 128, 128, 10], np.random.default_rng(0))) == 26122
    assert said("26,122 parameters")
    assert len(cells["x_train"]) == len(cells["random_labels"]) == 700
    accuracy = cells["mlp"].accuracy
    assert accuracy(cells["by_heart"], cells["x_train"], cells["random_labels"]) > 0.98
    assert accuracy(cells["by_heart"], cells["x_test"], cells["y_test"]) < 0.2


def test_wrong_labels_part_the_two_losses(cells):
    share = np.mean(cells["noisy"] != cells["data"].y_train)
    assert share == pytest.approx(0.3, abs=0.04)
    train, validation = cells["train_losses"], cells["val_losses"]
    assert train[-1] < train[0] / 5
    assert validation[-1] > 1.5 * validation.min()
    assert cells["given_accuracies"][-10:].mean() > 0.95
    best = cells["best"]
    assert best <= 8, "one of the first epochs"
    assert cells["test_accuracies"][best] > 0.9
    assert cells["test_accuracies"][-10:].mean() == pytest.approx(0.8, abs=0.05)
    assert said("read more than 90 % of the test pictures. In the last ten epochs the test accuracy is about 80 %")
    assert 40 - best > 30
    assert said("More than thirty epochs of work")


def test_early_stopping_by_hand(cells):
    stop = cells["early_stopping"]
    assert stop(np.array([3.0, 2, 1, 2, 2]), 2) == (2, 4)
    assert stop(np.array([5, 4, 4.5, 3.9, 4, 4.2, 3.8]), 2) == (3, 5)
    assert said("the best epoch is 3, and training stops at 5. The 3.8 of epoch 6")


def test_the_bench_learns_by_heart_and_patience_decides():
    found = runs()
    heart, early = (BENCH[name] for name in ("learnt by heart", "stopped too early"))
    assert found.test[0, 1, 0].shape[0] == 5
    ends = found.test[0, 1, 0, :, -1]
    assert said(f"the five runs end at {ends.mean():.3f} of the test digits, give or take {ends.std(ddof=1):.3f}")
    assert said(f"stopped with patience {heart['patience']} they reach {bench_state(**heart).stopped[0]:.3f}")
    state, chosen = bench_state(**early), REMEDIES.index(early["remedy"])
    assert said(f"their mean is {state.stopped[chosen]:.3f}, and it would have been {state.ends[chosen]:.3f}")
    assert early["data"] == "MNIST"
    assert said(f"keeps the network of its first epoch, which reads {state.best_test:.3f} of the test pictures")
    assert state.best == 1
    assert "The worst of them keeps 0.145." in state.says
    assert (5 * state.stopped[chosen] - state.best_test) / 4 > 0.6, "the others are no worse than usual"
    assert (early["noise"], early["patience"]) == (0.3, 1)
    assert found.test[..., 0].size == 100
    assert said("a hundred recorded runs")


# 8.2: dropout


def test_dropout_by_hand(cells):
    assert pytest.approx(10) == 10 * 0.8 / (1 - 0.2)
    assert pytest.approx(1.25) == 1 / 0.8
    assert f"{2.0**256:.0e}" == "1e+77"
    for p in (0.2, 0.5, 0.8):
        y, _ = cells["dropout"](np.ones(100_000), p, np.random.default_rng(0))
        assert y.mean() == pytest.approx(1, abs=0.03), "the mean stays 1"


def test_the_mean_over_all_masks_is_the_output_only_behind_the_last_layer():
    exact, halved, both = (
        expected_output(0.5, BEHIND[1], True),
        expected_output(0.5, BEHIND[1], False),
        expected_output(0.5, BEHIND[0], True),
    )
    whole = masks_state(**MASKS["evaluation mode"], drawn=reference_masks()).evaluation[0]
    assert exact == pytest.approx(whole)
    assert said(f"*is* the output in use, {whole:.2f}. Without the division it is {halved:.2f}")
    assert said(f"With dropout in both layers it is {both:.2f}")
    assert said(f"with $p = 0.9$ the mean over all masks is {expected_output(0.9, BEHIND[0], True):.2f}")
    assert MASKS["hardly anything left"]["rate"] == 0.9
    assert MASKS["hardly anything left"]["where"] == BEHIND[0]
    bias = network().biases[2][0]
    assert said(f"the bias of {bias:g} is not dropped")
    assert halved - bias == pytest.approx((exact - bias) / 2)


def test_neurons_trained_with_dropout_miss_their_company_less(cells):
    alone, company = cells["company"][0.5], cells["company"][0.0]
    eighty = cells["shares"].index(0.8)
    assert alone[0] == pytest.approx(0.98, abs=0.02)
    assert company[0] == pytest.approx(0.98, abs=0.02)
    assert company[eighty] == pytest.approx(0.75, abs=0.06)
    assert alone[eighty] == pytest.approx(0.9, abs=0.04)
    assert said("reads about three quarters of the test pictures, the other one about nine tenths")


# 8.3: L2


def test_who_keeps_exceptions_has_the_larger_weights(cells):
    lengths = cells["lengths"]
    assert list(lengths) == ["the start", "true labels", "30 % wrong", "random labels"]
    assert lengths["the start"] == pytest.approx(23, abs=0.1)
    assert said("The weights start with length 23.")
    assert said("bring them to 28, the wrong ones among them to 41, the random ones to 46")
    assert list(lengths.values())[1:] == pytest.approx([28, 41.4, 45.8], abs=1)


def test_the_penalty_by_hand(cells):
    gradient = cells["l2_penalty_gradient"]([np.array([[2.0]]), np.array([5.0])], 0.1)
    assert gradient[0] == pytest.approx(0.2)
    assert gradient[1] == 0
    assert pytest.approx(0.2) == 0.1 / 2 * 2**2
    assert f"{0.99**100:.3f}" == "0.366"
    assert said("down to 37 % after a hundred steps ($0.99^{100} = 0.366$)")
    assert cells["shrinking"] == pytest.approx(0.99**100 * np.array([[2.0, -1.0]]))
    first, second = cells["shrinking"][0]
    assert said(f"After a hundred steps {first:.3f} and ${second:.3f}$ are left: 37 % of 2 and of $-1$")


# 8.4: batch normalisation


def test_batch_norm_by_hand(cells):
    inputs = np.array([3.0]), np.array([0.5]), np.zeros(1), np.ones(1)
    for scale, mean, variance in ((1, 0.2, 1.1), (10, 2.0, 20.9)):
        y, *running = cells["batch_norm_forward"](scale * np.array([[1.0], [3.0]]), *inputs)
        assert y.ravel() == pytest.approx([-2.5, 3.5], abs=1e-4)
        assert np.ravel(running) == pytest.approx([mean, variance])
    assert said("Only the running statistics know it: 2 and 20.9")


def layers(name):
    values = LAYERS[name]
    without = plain(draw(), values["scale"], values["size"])
    normal = normalised(draw(), values["scale"], values["size"], values["mode"], batch_norm, right_running())
    return layers_state(**values, without=without, values=normal, units=followed())


def test_batch_norm_keeps_the_spread_and_ties_a_picture_to_its_batch():
    small, large, four = (layers(name) for name in ("weights too small", "weights too large", "a batch of four"))
    assert said(f"the spread in layer 8 is {small.spread_without[-1]:.2g}, with 1.4 times it is")
    assert said(f"with 1.4 times it is {large.spread_without[-1]:.2g}; with batch norm it is 1 both times")
    assert small.spread_with[-1] == pytest.approx(1, abs=0.01)
    assert large.spread_with[-1] == pytest.approx(1, abs=0.01)
    assert LAYERS["weights too small"]["scale"] == 0.7
    assert said(f"vary by {four.noise[-1]:.2f} in layer 8, nearly as much as different pictures do")
    assert said(f"in batches of 64 still by {small.noise[-1]:.2f}")
    assert np.isnan(layers("a batch of one").spread_with).all(), "everything is 0"
    assert layers("one, in evaluation mode").noise == pytest.approx(0, abs=1e-12)


def test_the_way_back_adds_up_to_nothing(cells):
    assert np.abs(cells["grad_x"].sum(axis=0)).max() < 1e-12
    x = np.array([[1.0, -3.0], [2.0, 5.0]])
    grad_x = cells["batch_norm_backward"](np.array([[1.0, 2.0], [-4.0, 3.0]]), x, np.ones(2), 0.0)[0]
    assert np.abs(grad_x).max() < 1e-12


def test_the_network_of_the_chapter_has_the_right_gradients(cells):
    """Backward against differences of the loss, with batch norm and with dropout under one and the same mask."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 5)), rng.integers(0, 3, 6)
    parameters, running = cells["draw_network"]([5, 4, 4, 3], rng)
    for one in parameters:
        one += 0.1 * rng.normal(size=one.shape)

    def loss_and_gradients(norm):
        logits, kept = cells["forward"](parameters, list(running), x, norm, 0.3, np.random.default_rng(1), True)
        grad = cells["smoothed_gradient"](logits, y, 0.2)
        return cells["label_smoothing"](logits, y, 0.2), cells["backward"](parameters, kept, grad, norm)

    for norm in (False, True):
        _, gradients = loss_and_gradients(norm)
        for one, gradient in zip(parameters, gradients, strict=True):
            place = tuple(rng.integers(0, length) for length in one.shape)
            before = one[place]
            losses = []
            for step in (1e-6, -1e-6):
                one[place] = before + step
                losses.append(loss_and_gradients(norm)[0])
            one[place] = before
            assert gradient[place] == pytest.approx((losses[0] - losses[1]) / 2e-6, abs=1e-7)


def test_batch_norm_moves_the_cliff(cells):
    plain_runs, norm_runs = (np.array(cells["converged"][norm]) for norm in (False, True))
    rates = list(cells["rates"])
    assert plain_runs[0, -1] == pytest.approx(norm_runs[0, -1], abs=0.1), "both begin at the same height"
    assert rates[int(plain_runs[:, -1].argmax())] == 0.1
    assert plain_runs[rates.index(0.5), -1] < 0.6, "has fallen off the cliff"
    assert plain_runs[rates.index(1.0), -1] < 0.15, "guesses"
    assert norm_runs[[rates.index(0.5), rates.index(1.0)], -1].min() > 0.9
    best_plain, best_norm = (found[found[:, -1].argmax()] for found in (plain_runs, norm_runs))
    assert best_norm[0] > best_plain[1]


# 8.5: augmentation


def test_three_of_four_pixels_get_nothing(cells):
    assert np.mean(cells["sent"] == 0) == pytest.approx(0.75, abs=0.01)


def test_reading_between_pixels_by_hand(cells):
    places = np.array([0.0, 0.5, -0.5]), np.array([0.25, 0.25, 0.0])
    assert cells["bilinear"](cells["small"], *places) == pytest.approx([12.5, 22.5, 5.0])
    assert 0.75 * 30 + 0.25 * 40 == 32.5
    assert said("12.5 as by hand; half a row further down 22.5, the mean of 12.5 and 32.5; half a pixel above")


def test_a_quarter_turn_by_hand(cells):
    turned = cells["rotate"](np.arange(9.0).reshape(3, 3), 90)
    assert turned == pytest.approx(np.array([[2, 5, 8], [1, 4, 7], [0, 3, 6]]), abs=1e-12)
    assert said(r"\begin{pmatrix} 2 & 5 & 8 \\ 1 & 4 & 7 \\ 0 & 3 & 6 \end{pmatrix}")


def test_no_two_of_the_twelve_sixes_are_alike(cells):
    versions = cells["versions"]
    assert len(versions) == 12
    assert all(not np.allclose(versions[a], versions[b]) for a in range(12) for b in range(a))


def test_the_label_dies_upside_down():
    turned, half = reader().turned, ANGLES.index(180)
    assert said(f"{100 * turned[6, half, 9]:.0f} % of all test sixes are read as 9")
    assert said(f"and {100 * turned[9, half, 6]:.0f} % of the nines as 6")
    assert gallery_state(**GALLERY["a little"]).chances.argmax() == 6
    assert gallery_state(**GALLERY["a 6 becomes a 9"]).chances.argmax() == 9


# 8.6: label smoothing


def test_the_smallest_smoothed_loss(cells):
    floor = -0.91 * np.log(0.91) - 9 * 0.01 * np.log(0.01)
    assert said(f"= {floor:.3f}$")
    assert cells["label_smoothing"](np.log(cells["target"]), np.array([0]), 0.1) == pytest.approx(floor)
    assert said(rf"\ln(0.91/0.01) = {np.log(0.91 / 0.01):.2f}$")
    losses = [
        cells["label_smoothing"](np.array([[height] + [0.0] * 9]), np.array([0]), 0.1) for height in (2, 4.51, 10, 100)
    ]
    assert f"{losses[1]:.3f}" == "0.500"
    assert losses[0] > losses[1] < losses[2] < losses[3]


# 8.7: a trade


def test_with_wrong_labels_three_remedies_help_and_two_do_not(cells):
    mean = {name: found.mean() for name, found in cells["wrong_labels"].items()}
    nothing = cells["wrong_labels"]["nothing"]
    assert mean["nothing"] == pytest.approx(82, abs=4)
    for name in ("dropout", "L2", "early stopping"):
        assert mean[name] == pytest.approx(93, abs=3)
        assert cells["wrong_labels"][name].min() > nothing.max(), name
    assert mean["label smoothing"] == pytest.approx(mean["nothing"], abs=4)
    assert mean["batch norm"] == pytest.approx(78, abs=4)
    assert mean["batch norm"] < mean["nothing"]


def test_with_right_labels_the_remedies_hardly_show_and_shifting_hurts(cells):
    found = cells["right_labels"]
    for name in ("nothing", "dropout", "batch norm"):
        assert found[name].mean() == pytest.approx(98, abs=1.5)
    assert 1 < found["nothing"].mean() - found["shifted"].mean() < 5


def test_few_pictures_want_true_augmentation(cells):
    mean = {name: found.mean() for name, found in cells["few_pictures"].items()}
    assert 2 < mean["turned and scaled"] - mean["nothing"] < 6
    assert 2 < mean["nothing"] - mean["mirrored"] < 9
    for name in ("dropout", "L2"):  # said as it came out; that they help is not demanded
        assert -5 < mean[name] - mean["nothing"] < 2
    assert len(cells["x_few"]) == 200


def test_what_the_bench_says_of_the_remedies():
    held, norm, right, few = (
        bench_state(**BENCH[name])
        for name in ("dropout holds it back", "batch norm does not", "all labels right", "few pictures, turned")
    )
    dropout, batch, turned = (REMEDIES.index(name) for name in ("dropout", "batch norm", "augmentation"))
    assert said(f"dropout ends at {held.ends[dropout]:.3f} where no remedy ends at {held.ends[0]:.3f}")
    assert said(f"batch norm ends at {norm.ends[batch]:.3f}, *and five runs cannot tell that from none*")
    assert said(f"stopping lifts it from {norm.ends[batch]:.3f} to {norm.stopped[batch]:.3f}")
    ends = runs().test[0, 1, :, :, -1]
    difference = ends[batch] - ends[0]
    assert abs(difference.mean()) < 2.776 * difference.std(ddof=1) / np.sqrt(5), "Student's t at 95 %"
    assert said(f"dropout gains {right.ends[dropout] - right.ends[0]:.3f}")
    assert few.ends[turned] - few.ends[0] == pytest.approx(0.0375, abs=0.0025)
    assert said("turning and scaling gain nearly 0.04")
