"""Every number that chapter 7 says in its prose, computed."""

import numpy as np
import pytest

from autograder.engine import catalogue
from autograder.spec import FreeAnswer
from course.widgets.ch07_transfer_learning import record_words
from course.widgets.ch07_transfer_learning.feature_maps_2d import PRESETS as MAPS
from course.widgets.ch07_transfer_learning.feature_maps_2d import maps_state
from course.widgets.ch07_transfer_learning.forgetting_curve import PRESETS as CURVES
from course.widgets.ch07_transfer_learning.forgetting_curve import forgetting_state
from course.widgets.ch07_transfer_learning.freeze_depth import PRESETS as DEPTHS
from course.widgets.ch07_transfer_learning.freeze_depth import depth_state
from course.widgets.ch07_transfer_learning.labels_needed import PRESETS as NEEDED
from course.widgets.ch07_transfer_learning.labels_needed import WAYS, labels_for, labels_state, ways_of
from course.widgets.ch07_transfer_learning.record_features import LABELS as MAP_LABELS
from course.widgets.ch07_transfer_learning.transfer import sure
from tests.chapter_runs import prose, run

CHAPTER = "ch07_transfer_learning"


@pytest.fixture(scope="module")
def cells():
    return run(CHAPTER)[0]


@pytest.fixture(scope="module")
def seen(cells):
    """The cells, where the optional weights are installed."""
    if cells["eye"] is None or cells["reader"] is None:
        pytest.skip("the optional weights are not installed")
    return cells


def said(text):
    """Whether the prose holds these words."""
    return " ".join(text.split()) in prose(CHAPTER)


def test_the_prose_is_searched_and_not_merely_trusted():
    assert said("What can a network learn from ten pictures?")
    assert not said("transfer always helps")


def test_minutes_and_points_in_the_table_are_those_of_the_exercises():
    entries = list(catalogue.entries(CHAPTER))
    assert len(entries) == 11
    for entry in entries:
        minutes = f"({entry.minutes} minutes, "
        points = "1 point" if entry.points == 1 else f"{entry.points} points"
        if isinstance(entry, FreeAnswer):
            assert said(f"**Question: {entry.title}** {minutes}{points}, graded by a person)"), entry.name
        else:
            heading = f"**Exercise 7.{entry.number}: {entry.title}** {minutes}{entry.difficulty}, {points})"
            assert said(heading), entry.name
    rows = {1: (20, 18), 2: (20, 34), 3: (15, 15), 4: (20, 35), 5: (25, 0), 6: (15, 0), 7: (25, 0), 8: (15, 10)}
    rows[9] = (10, 12)
    for section, (reading, exercises) in rows.items():
        assert sum(entry.minutes for entry in entries if entry.section == f"7.{section}") == exercises
        assert said(f"| {reading} min | {exercises} min |" if exercises else f"| {reading} min | |")
    assert said(f"That is {sum(row[0] for row in rows.values())} minutes of reading and")
    assert said(f"and {sum(row[1] for row in rows.values())} of exercises")


# 7.1: a network that somebody else has trained


def test_the_network_and_its_labels(cells):
    assert len(cells["x_mnist"]) == 4000
    assert cells["their_names"][0] == "eight"
    right = cells["answers"] == cells["y_mnist_test"]
    assert np.mean(right) == pytest.approx(0.1, abs=0.02)
    assert np.mean(cells["y_mnist_test"][right] == 6) > 0.9, "nearly all of the right answers are sixes"
    assert cells["their_names"].index("six") == cells["DIGITS"].index("six") == 6
    renumbered = cells["remap_labels"](cells["answers"], cells["their_names"], cells["DIGITS"])
    assert np.mean(renumbered == cells["y_mnist_test"]) == pytest.approx(0.95, abs=0.02)
    table = cells["confusion"](cells["y_mnist_test"], cells["answers"])
    assert sorted(table.argmax(axis=1)) == list(range(10)), "a permutation"
    assert (table.max(axis=1) > 0.8 * table.sum(axis=1)).all(), "one dark cell in each row"


def test_remapping_by_hand(cells):
    for labels, answer in (([0, 1, 2, 0], [1, 0, -1, 1]), ([2, 1, 1], [-1, 0, 0])):
        assert cells["remap_labels"](np.array(labels), ["cat", "dog", "fox"], ["dog", "cat"]).tolist() == answer
        assert said(f"${answer}$")


def test_the_domain_shift(cells):
    answers = cells["read_digits"](cells["pretrained"], cells["x_own_test"])
    assert np.mean(answers == cells["y_own_test"]) == pytest.approx(0.6, abs=0.05)
    assert cells["x_own"].mean() > 1.3 * cells["x_mnist"].mean(), "your own digits are darker"


# 7.2: freezing


def test_how_many_numbers_learn(cells):
    sizes = {name: array.size for name, array in cells["pretrained"].items()}
    for freeze_until, count in (("hidden", 650), ("conv2", 17098), (None, 18346)):
        names = cells["trainable_parameters"](cells["pretrained"], freeze_until)
        assert sum(sizes[name] for name in names) == count
        assert said(f", {count:,} |") or said(f"| the head, {count:,} numbers |")
    assert said("Which of the 18,346 numbers")


def test_a_zero_gradient_does_not_freeze():
    assert 1 - 0.1 * 0.1 == 0.99
    assert f"{0.99**100:.3f}" == "0.366"
    assert said("0.99, and 0.366 after a hundred steps")


def test_a_step_by_hand(cells):
    new = cells["fine_tune_step"](cells["tiny"], cells["slopes"], {"head.weight": 0.1, "head.bias": 0.1}, 0.1)
    assert new["head.weight"].ravel() == pytest.approx([1.93, -1.03])
    assert new["head.bias"] == pytest.approx([1.95])
    assert np.array_equal(new["conv1.weight"], cells["tiny"]["conv1.weight"])
    assert said("(0.5 + 0.1 \\cdot 2) = 1.93$$")
    assert said("$-1 - 0.1\\,(0.4 - 0.1) = -1.03$")


def test_frozen_is_equal_in_every_bit_and_a_hundred_labels_help(cells):
    for freeze_until, count in (("hidden", 6), ("conv2", 4), (None, 0)):
        names = cells["trainable_parameters"](cells["begun"], freeze_until)
        rates = dict.fromkeys(names, 0.1)
        x, y = cells["x_own"][:100], cells["y_own"][:100]
        tuned = cells["fine_tune"](cells["begun"], x, y, rates, 150, np.random.default_rng(0), weight_decay=0.001)
        same = [name for name in tuned if np.array_equal(tuned[name], cells["begun"][name])]
        assert len(same) == count
        assert cells["cnn"].accuracy(tuned, cells["x_own_test"], cells["y_own_test"]) == pytest.approx(0.9, abs=0.04)
    assert said("bring the accuracy from 60 % to about 90 %")


def test_layerwise_rates_by_hand(cells):
    rates = cells["layerwise_learning_rates"](list(cells["pretrained"]), 0.1, 0.5)
    assert [rates[f"{one}.weight"] for one in ("head", "hidden", "conv2", "conv1")] == [0.1, 0.05, 0.025, 0.0125]
    slower = cells["layerwise_learning_rates"](list(cells["pretrained"]), 0.2, 0.1)
    assert slower["conv1.bias"] == pytest.approx(0.0002)
    one, slow = cells["far"].values()
    assert min(one["head"], slow["head"]) > 0.5
    assert max(one[layer] for layer in ("conv1", "conv2", "hidden")) < 0.25
    assert all(slow[layer] < one[layer] / 2 for layer in ("conv1", "conv2"))


# 7.3: what moves although it is frozen


def test_running_statistics_by_hand(cells):
    one, zero = np.ones(1), np.zeros(1)
    move = cells["frozen_batch_norm"]
    _, mean, variance = move(cells["batch"], one, zero, zero, one, True, False)
    assert cells["batch"].mean() == pytest.approx(4.8)
    assert mean == pytest.approx([0.48])
    assert move(cells["batch"], one, zero, mean, variance, True, False)[1] == pytest.approx([0.912])
    assert said("$0.9 \\cdot 0 + 0.1 \\cdot 4.8 = 0.48$")
    assert said("$0.9 \\cdot 0.48 + 0.48 = 0.912$")


def test_a_body_in_training_mode_drifts(cells):
    frozen, moving = (100 * np.array(cells["drift"][key]) for key in (True, False))
    assert (frozen == frozen[0]).all()
    assert frozen[0] == pytest.approx(95, abs=2)
    assert moving[0] == frozen[0], "with these two the layer gives back what comes in"
    assert frozen[0] - moving[-1] == pytest.approx(10, abs=3.5)
    assert said("MNIST loses about ten points")
    assert cells["cnn"].features(cells["pretrained"], cells["x_own"]).mean() > cells["mnist_features"].mean()


# 7.4: features and a probe


def test_only_evaluation_mode_says_the_same_twice(cells):
    body, pictures = cells["body"], cells["x_own"][:50]
    assert np.array_equal(body(pictures, False), body(pictures, False))
    assert not np.array_equal(body(pictures, True), body(pictures, True))


def test_a_digit_is_missing_among_ten():
    assert f"{0.9**10:.2f}" == "0.35"
    assert 3 <= 10 * 0.9**10 <= 4, "three or four of ten digits"


def test_one_step_of_the_probe_by_hand(cells):
    assert cells["linear_probe"](np.array([[1.0], [-1.0]]), np.array([0, 1]), 2, 1.0, 1)[0].ravel() == pytest.approx(
        [0.5, -0.5]
    )
    assert -0.25 * 1 + 0.25 * -1 == -0.5


def test_features_beat_pixels_where_labels_are_few(cells):
    features, pixels = (cells["probes"][way].mean(axis=1) for way in ("features", "pixels"))
    assert cells["counts"] == (1, 2, 5, 10, 20)
    assert features[[0, -1]] == pytest.approx([75, 95], abs=2)
    assert pixels[[0, -1]] == pytest.approx([63, 94], abs=2)
    assert features[0] - pixels[0] == pytest.approx(12, abs=2)
    assert said("With one label the features are worth a good ten points, with twenty about one.")
    assert 0 < features[-1] - pixels[-1] < 3
    assert (features > pixels).all()


# 7.5: how much to train


def test_where_transfer_helps(cells):
    mean = {way: found.mean(axis=1) for way, found in cells["helped"].items()}
    assert cells["helped_counts"] == (1, 5, 20, 100)
    assert mean["from scratch"][0] < 63
    for way in ("new head", "whole"):
        assert mean[way][0] > mean["from scratch"][0] + 7
    for way in ("last layers", "whole"):
        assert mean[way][-1] == pytest.approx(98, abs=1)
        assert mean[way][-1] > mean["new head"][-1]
    assert mean["new head"][-1] == pytest.approx(96.5, abs=1)
    assert mean["from scratch"][-1] == pytest.approx(94, abs=2)
    patient = 100 * cells["cnn"].accuracy(cells["patient"], cells["x_own_test"], cells["y_own_test"])
    assert patient > mean["new head"][-1] - 1, "has caught up with the frozen body"


def test_slower_towards_the_input_makes_no_difference_here(cells):
    whole = cells["helped"]["whole"][1]
    assert np.mean(cells["layerwise"]) == pytest.approx(whole.mean(), abs=2.5)


def test_where_transfer_hurts(cells):
    mean = {way: found.mean(axis=1) for way, found in cells["useless"].items()}
    assert cells["useless_counts"] == (1, 5, 10)
    assert mean["from scratch"][:2] == pytest.approx([77, 92], abs=3)
    assert mean["new head"][:2] == pytest.approx([70, 85], abs=3.5)
    assert (mean["new head"] < mean["from scratch"]).all()
    assert mean["last layers"][0] < 65
    assert mean["whole"] == pytest.approx(mean["from scratch"], abs=4)


def test_the_recorded_depths():
    one, thawed_one, fifty, deep, other = (depth_state(**values) for values in DEPTHS.values())
    assert said(f"with all but the head frozen {one.here:.3f} of the unseen pictures are right")
    assert said(f"and {thawed_one.here:.3f} when everything learns from these ten pictures")
    assert said(f"From scratch it is {one.scratch:.3f}.")
    assert said(f"the whole network reaches {fifty.here:.3f}, and from scratch it is {fifty.scratch:.3f}: five runs")
    assert "no sure difference" in fifty.says
    assert said(f"the frozen body has {deep.here:.3f}, from scratch has {deep.scratch:.3f}")
    assert said(f"from scratch are level, {other.here:.3f} and {other.scratch:.3f}")
    for name in DEPTHS:
        assert said(f"**{name}**"), name


def test_the_recorded_labels():
    one, cross, _, side, _, far = (labels_state(**values) for values in NEEDED.values())
    assert said(f"the frozen body had {one.here:.3f}. How many labels")
    assert said(f"About {one.reach:.1f} labels of each digit instead of one")
    five = NEEDED["where the curves cross"]["labels"]
    assert five == 5
    assert said(f"at about five labels: {cross.here:.3f} and {cross.ways[WAYS.index('scratch')]:.3f}")
    assert said(f"loses at ten labels by {side.ways[WAYS.index('scratch')] - side.here:.3f}")
    assert said(f"gains {far.here - far.ways[WAYS.index('scratch')]:.3f} on scratch at five labels")
    ahead = {}
    for target in ("the same digits", "other hands", "on their side"):
        mean = ways_of(target).mean(axis=-1)
        ahead[target] = mean[WAYS.index("frozen")] > mean[WAYS.index("scratch")]
    assert ahead["the same digits"].all()
    assert not ahead["on their side"].any(), "it is off the left edge"
    assert labels_for(one.here, one.scratch) == pytest.approx(one.reach)
    for name in NEEDED:
        assert said(f"**{name}**"), name


# 7.6: a network that has seen


def test_the_uniform(seen):
    assert seen["probabilities"].argmax() == 652
    assert f"{seen['probabilities'][652]:.2f}" == "0.40"
    assert said('"Military uniform", with a probability of 0.40')


def test_a_frozen_network_knows_surfaces(seen):
    mean = {way: found.mean(axis=1) for way, found in seen["on_surfaces"].items()}
    assert seen["surface_counts"] == (1, 2, 5, 10)
    frozen, scratch = mean["EfficientNet, frozen"], mean["own network from scratch"]
    assert frozen[0] == pytest.approx(96, abs=2)
    assert frozen[-1] > 98.5
    assert scratch[0] == pytest.approx(39, abs=5)
    assert mean["pixels"][0] == pytest.approx(39, abs=3)
    assert scratch[-1] == pytest.approx(60, abs=5)
    assert frozen[0] > max(found[-1] for way, found in mean.items() if way != "EfficientNet, frozen") + 20
    assert mean["random body"] == pytest.approx(mean["pixels"], abs=5), "no more than plain pixels"
    assert seen["known"].shape == (120, 1280)
    assert said("1,280 features each")


def test_weights_and_blocks_of_the_network(seen):
    learned = [array for name, array in seen["eye"].items() if "running" not in name]
    assert f"{sum(array.size for array in learned) / 1e6:.1f}" == "4.7"
    assert len(seen["efficientnet"].STRIDES) == 16


def test_planes_of_features():
    def right(name, field="trained"):
        return getattr(maps_state(**MAPS[name]), field)[MAP_LABELS.index(MAPS[name]["labels"])]

    one, surfaces, other = "one label a class", "features of digits are no help", "digits it has not"
    assert said(f"one label of each is right for {right(one):.2f} of the unseen patches")
    assert said(f"random weights for {right(one, 'random'):.2f}. Behind")
    assert said(f"give {right(surfaces):.2f}, hardly more than random weights, {right(surfaces, 'random'):.2f}.")
    assert said(f"bare pixels, {right(other, 'pixels'):.2f}, beat the features, {right(other):.2f}.")
    assert MAPS[one]["labels"] == 1
    assert MAPS[surfaces]["labels"] == MAPS[other]["labels"] == 20
    for name in MAPS:
        assert said(f"**{name}**"), name


# 7.7: a network that has read


def test_there_are_so_many_words(cells):
    assert len(cells["rated"]) == pytest.approx(5500, abs=150)
    assert len(cells["words"]) == 600


def test_letters_say_little_and_meaning_much(seen):
    letters, meaning = (seen["on_words"][way].mean(axis=1) for way in ("letters", "MiniLM, frozen"))
    assert seen["word_counts"] == (1, 4, 16, 64)
    assert letters[2:] == pytest.approx([55, 60], abs=1.5)
    assert meaning[2:] == pytest.approx([80, 87], abs=1.5)
    negative = 100 * np.mean(seen["y_words"][300:] == 0)
    assert said(f"calling every word negative {negative:.0f} %")
    assert letters[2] < negative + 2, "no more than calling every word negative"
    assert sum(array.size for array in seen["reader"].weights.values()) == pytest.approx(22.7e6, abs=5e4)


def test_so_many_numbers_of_the_reader_learn(seen):
    sizes = {name: array.size for name, array in seen["with_head"].items()}
    learning = {}
    for way, freeze_until in seen["FROZEN_UP_TO"].items():
        learning[way] = sum(sizes[name] for name in seen["trainable_parameters"](seen["with_head"], freeze_until))
    assert learning["new head"] == 770
    assert learning["whole"] == learning["from scratch"] == pytest.approx(22.6e6, abs=5e4)
    assert said("22.6 million numbers win one and a half points over 770")


def test_words_of_a_family_are_on_one_side(cells):
    assert said(f"split all {len(cells['rated']):,} words by their first four letters")
    known, choose, asked = np.bincount(cells["side"])
    assert said(f"{known:,} may be learned from, {asked} are for the test, and {choose} are for choosing")
    family = [word for word, _ in cells["rated"] if word[:4] == "inte"]
    assert {"intellect", "intellectual", "intellectualize"} <= set(family)
    assert len({cells["side"][k] for k, (word, _) in enumerate(cells["rated"]) if word[:4] == "inte"}) == 1
    negative = np.mean([mark == 0 for (_, mark), side in zip(cells["rated"], cells["side"], strict=True) if side == 2])
    assert said(f"Calling every word negative gives {100 * negative:.0f} %")


def test_one_draw_of_the_four_ways(seen):
    ways = ("new head", "last layers", "whole")
    assert list(seen["one_draw"]) == list(ways)
    own, new = zip(*(seen["one_draw"][way] for way in ways), strict=True)
    assert len(seen["places"]) == 8
    assert own == (100,) * 3, "all three know the 8 words"
    recorded = [seen["tuned_words"][way][seen["tuned_counts"].index(4), 0] for way in ways]
    assert new == pytest.approx(recorded, abs=1.5), "the recorded draw comes out again"
    head, last, whole = (f"{one:.0f}" for one in recorded)
    assert said(f"with the new head gets {head} % right, the last layers {last} %, and the whole network {whole} %")
    assert [seen["equal_arrays"][way] for way in ways] == [101, 69, 0]
    assert len(seen["with_head"]) == 103


def test_what_fine_tuning_the_reader_brings(cells):
    found = cells["tuned_words"]
    mean = {way: accuracies.mean(axis=1) for way, accuracies in found.items()}
    ahead = found["whole"] - found["new head"]  # (counts, draws)
    assert cells["tuned_counts"] == (4, 16, 64, 256)
    assert ahead.shape == (4, 5)
    head, whole = mean["new head"], mean["whole"]
    assert said(f"the highest mean, {head[0]:.0f} %, and the whole network has {whole[0]:.0f} %: three points")
    assert (f"{-ahead[0].mean():.0f}", f"{-ahead[0, 0]:.0f}") == ("3", "8"), "three points, and eight in the draw above"
    assert head[0] == max(one[0] for one in mean.values())
    assert [sure(one) for one in ahead] == [False, False, False, True]
    assert [head[1], whole[1], mean["last layers"][1]] == pytest.approx([79] * 3, abs=1)
    assert said(f"With 64 the whole network has {whole[2]:.0f} % and the new head {head[2]:.0f} %")
    assert said(f"With 256 it is {whole[3]:.1f} % and {head[3]:.1f} %")
    assert (ahead[3] > 0).all(), "ahead in each of the five draws"
    assert ahead[3].mean() == pytest.approx(1.5, abs=0.1)
    assert (mean["last layers"] - head < 1).all(), "nowhere more than a point ahead"
    on_the_left = max(one[0] for way, one in mean.items() if way != "from scratch") - whole[0]
    assert on_the_left < 2 * min(found[way][0].std() for way in ("new head", "last layers", "whole"))
    assert said("all of MiniLM was surely better than its new head only with 512 words")


def test_a_linear_probe_is_ahead_with_few_words_and_not_told_from_fine_tuning_with_more(cells):
    probe = cells["probe_words"]  # (counts, draws), the words of the four ways
    assert said(
        f"has {', '.join(f'{one:.0f} %' for one in probe.mean(axis=1)[:-1])} and {probe[-1].mean():.0f} %. With 4 words"
    )
    ahead = probe - cells["tuned_words"]["whole"]
    assert [sure(one) for one in ahead] == [True, False, False, False]
    assert ahead[0].mean() > 0
    assert said(f"{record_words.PROBE_STEPS} steps of its own")


def test_from_scratch_words_are_a_coin(cells):
    scratch = cells["tuned_words"]["from scratch"]
    assert f"{scratch[0].mean():.0f}" == f"{scratch[-1].mean():.0f}" == "51"
    assert np.abs(scratch.mean(axis=1) - 50).max() < 2.5
    assert cells["recorded"]["tried"].shape == (4, 4, 4), "four rates for each way, at four numbers of labels"
    assert cells["recorded"]["tried"][0].max() < 0.54
    assert cells["patient_words"].mean() == pytest.approx(50, abs=3)
    assert cells["recorded"]["by_heart"].tolist() == [1.0] * 5
    assert said(f"Its {2 * record_words.BY_HEART} words, {record_words.BY_HEART} of each kind, it knew by heart")


# 7.8: what is forgotten


def test_forgetting_by_hand(cells):
    scores, zero = cells["as_logits"], np.zeros(4, dtype=int)
    lost = cells["forgetting"](scores([1, 1, 1, 0]), scores([1, 0, 0, 1]), zero)
    assert [lost[key] for key in ("accuracy_before", "accuracy_after", "drop", "forgotten")] == pytest.approx(
        [0.75, 0.5, 0.25, 2 / 3]
    )
    lost = cells["forgetting"](scores([1, 0, 1, 0]), scores([0, 1, 1, 0]), zero)
    assert [lost[key] for key in ("accuracy_before", "accuracy_after", "drop", "forgotten")] == [0.5, 0.5, 0, 0.5]


def test_new_digits_over_old_ones(cells):
    at = cells["WATCHED"].index
    fast, slow, mixed = cells["going_on"].values()
    assert fast[0, 0] == pytest.approx(99, abs=1.5)
    assert fast[at(2), 0] < 40, "most of it is gone after two steps"
    assert fast[at(10), 0] < 1, "not one of the old digits"
    assert slow[at(10), 0] > 80
    assert slow[-1, 0] == pytest.approx(8, abs=6)
    assert mixed[-1, 0] == pytest.approx(95, abs=3)
    assert mixed[-1, 1] == pytest.approx(fast[-1, 1], abs=4), "the new ones are learned as well"
    assert len(cells["kept"]) == 50


def test_a_mild_case(cells):
    fast, slow, mixed = cells["mild"].values()
    for found in (fast, slow, mixed):
        assert 100 * found["new"] == pytest.approx(94, abs=2)
        assert 100 * found["accuracy_before"] == pytest.approx(96, abs=1.5)
    assert 100 * fast["accuracy_after"] == pytest.approx(77, abs=3)
    assert fast["forgotten"] == pytest.approx(0.2, abs=0.04)
    assert 0 < slow["accuracy_after"] - fast["accuracy_after"] < 0.07
    assert 100 * mixed["accuracy_after"] == pytest.approx(92, abs=2)
    assert len(cells["old_kept"]) == 50
    assert np.bincount(cells["y_own"][cells["few"]]).tolist() == [10] * 10
    assert said("fine-tuned on a hundred of your digits, ten of each.")
    assert said("MNIST falls from 96 % to about 77 %: a fifth of what was known is forgotten.")


def test_what_the_recorded_runs_forget():
    gone, slow, four, half, look = (forgetting_state(**values) for values in CURVES.values())
    assert said(f"fall from {gone.old[0]:.2f} to {gone.old_here:.2f} in 30 steps")
    assert said(f"half learned ({gone.new_here:.2f})")
    assert said(f"still leaves {slow.old_here:.2f} after 200 steps")
    assert said(f"hold {four.old_here:.2f}, sixteen hold {half.old_here:.2f}")
    assert said(f"{four.new_here:.2f} and {half.new_here:.2f}. The same ten digits")
    assert said(f"falls from {look.old[0]:.2f} to {look.old_here:.2f}")
    for name in CURVES:
        assert said(f"**{name}**"), name


def test_the_widgets_runs_are_told_with_their_steps_and_rates():
    from course.widgets.ch07_transfer_learning import record_transfer

    assert said(f"{record_transfer.STEPS} steps of Adam at the rate {record_transfer.RATE:g}")
    assert said(f"but at {record_transfer.HEAD_RATE:g} where only the head learns")


def test_a_rate_divided_by_two_point_six_is_a_decay_of_0_385():
    assert f"{1 / 2.6:.3f}" == "0.385"
    assert said("our $d$ is then 0.385")
