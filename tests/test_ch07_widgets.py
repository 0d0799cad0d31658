"""The widgets of chapter 7: every claim that they teach, on the functions behind them; no browser."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest

from course import cnn, mlp, weights
from course.data import word_sentiment
from course.widgets import ch07_transfer_learning as widgets
from course.widgets.kit import Explorer
from tests.conftest import model_answers

# by their paths: the package's names are the functions
HOME = "course.widgets.ch07_transfer_learning"
freeze_depth = import_module(f"{HOME}.freeze_depth")
labels_needed = import_module(f"{HOME}.labels_needed")
feature_maps_2d = import_module(f"{HOME}.feature_maps_2d")
forgetting_curve = import_module(f"{HOME}.forgetting_curve")
transfer = import_module(f"{HOME}.transfer")
record_transfer = import_module(f"{HOME}.record_transfer")
record_features = import_module(f"{HOME}.record_features")
record_forgetting = import_module(f"{HOME}.record_forgetting")
record_words = import_module(f"{HOME}.record_words")

Array = np.ndarray


@pytest.fixture(scope="module")
def built() -> dict[str, Explorer]:
    """Each widget once, without a student's function."""
    return {name: getattr(widgets, name)() for name in widgets.__all__}


@pytest.mark.parametrize("name", widgets.__all__)
def test_every_state_of_a_widget_has_a_sentence_that_ends(built: dict[str, Explorer], name: str) -> None:
    explorer = built[name]
    rng = np.random.default_rng(0)
    for _ in range(40):
        explorer.index = [int(rng.integers(len(axis["texts"]))) for axis in explorer.spec["axes"]]
        assert explorer.sentence[0].isupper()
        assert explorer.sentence.endswith(".")
        assert "nan" not in explorer.sentence


@pytest.mark.parametrize("name", widgets.__all__)
def test_a_widget_is_small(built: dict[str, Explorer], name: str) -> None:
    assert built[name].baked.gzipped < 100_000


@pytest.mark.parametrize("module", [record_transfer, record_features, record_forgetting, record_words])
def test_a_recording_is_small(module: Any) -> None:
    assert module.FILE.stat().st_size < 100_000


# the recorded runs behind freeze_depth and labels_needed

TARGETS = transfer.TARGETS


@pytest.mark.parametrize("target", TARGETS)
def test_the_counted_numbers_are_those_of_the_network(target: str) -> None:
    parameters = record_transfer.before(target, "random", 0)
    sizes = dict.fromkeys(cnn.LAYERS, 0)
    for name, array in parameters.items():
        sizes[name.split(".")[0]] += array.size
    assert transfer.counts(target) == tuple(sizes.values())


def test_no_picture_of_the_second_task_was_in_the_first_training() -> None:
    for target in TARGETS:
        known = {picture.tobytes() for picture in record_transfer.first_task(target).x_train}
        second = record_transfer.second_task(target)
        turned = 3 if target == "on their side" else 0  # turned back
        for x in (second.x_train, second.x_test):
            assert not known & {np.rot90(one, turned).tobytes() for one in x}


@pytest.mark.parametrize(
    ("target", "start", "frozen", "labels"),
    [("textures", "random", 0, 5), ("other digits", "pretrained", 1, 2), ("other digits", "pretrained", 3, 10)],
)
def test_a_cell_of_the_recorded_accuracies_comes_out_again(target: str, start: str, frozen: int, labels: int) -> None:
    place = TARGETS.index(target), transfer.STARTS.index(start), frozen, transfer.LABELS.index(labels), 0
    again = record_transfer.adapt(target, start, frozen, labels, 0)
    assert again == pytest.approx(transfer.runs()[place], abs=0.03)


@pytest.mark.parametrize("frozen", [2, 3])
def test_a_run_on_cached_features_is_one_on_the_whole_network(frozen: int) -> None:
    parameters = record_transfer.before("textures", "random", 0)
    trained = [parameters[f"{layer}.{kind}"] for layer in cnn.LAYERS[frozen:] for kind in ("weight", "bias")]
    _, unseen = record_transfer.frozen_features("textures", "random", frozen, 0)
    x = record_transfer.second_task("textures").x_test
    assert mlp.logits(trained, unseen) == pytest.approx(cnn.logits(parameters, x), abs=1e-4)


def test_a_run_leaves_its_starting_point_as_it_is() -> None:
    earlier = {name: array.copy() for name, array in record_transfer.before("textures", "random", 0).items()}
    record_transfer.adapt("textures", "random", 1, 1, 0)
    for name, array in record_transfer.before("textures", "random", 0).items():
        assert (array == earlier[name]).all()


def test_fit_trains_what_it_is_given_and_looks_when_it_is_told() -> None:
    seen: list[float] = []
    weight = np.array([4.0])
    rng = np.random.default_rng(0)
    record_transfer.fit(lambda rows: [weight], [weight], 3, (0, 1, 5), 0.1, rng, lambda: seen.append(float(weight[0])))
    assert seen == pytest.approx([4.0, 3.9, 3.5], abs=0.01)


def mean(target: str, start: str, frozen: int, labels: int) -> float:
    t, s, n = TARGETS.index(target), transfer.STARTS.index(start), transfer.LABELS.index(labels)
    return float(transfer.runs()[t, s, frozen, n].mean())


def test_with_one_label_of_a_known_digit_freezing_is_far_ahead() -> None:
    frozen, full = (mean("the same digits", "pretrained", depth, 1) for depth in (3, 0))
    scratch = mean("the same digits", "random", 0, 1)
    assert frozen > full + 0.15
    assert frozen > scratch + 0.25


def test_the_curves_of_other_hands_cross() -> None:
    found = transfer.runs()[TARGETS.index("other hands"), 0]
    ahead = [found[3, transfer.LABELS.index(labels)] - found[0, transfer.LABELS.index(labels)] for labels in (2, 5, 50)]
    assert ahead[0].mean() > 0.04
    assert transfer.sure(ahead[0])
    assert not transfer.sure(ahead[1])
    assert ahead[2].mean() < -0.02
    assert transfer.sure(ahead[2])


def test_digits_on_their_side_must_not_be_frozen_whole() -> None:
    for labels in (5, 10, 20, 50):
        assert mean("on their side", "pretrained", 3, labels) < mean("on their side", "random", 0, labels) - 0.1


def test_the_first_two_layers_can_be_frozen_without_loss() -> None:
    for target in ("the same digits", "other digits"):
        for labels in transfer.LABELS:
            whole = mean(target, "pretrained", 0, labels)
            assert mean(target, "pretrained", 2, labels) == pytest.approx(whole, abs=0.03)


def test_frozen_random_layers_are_worse_than_frozen_trained_ones_on_known_digits() -> None:
    for labels in transfer.LABELS:
        assert mean("the same digits", "random", 3, labels) < mean("the same digits", "pretrained", 3, labels) - 0.15


def test_a_difference_is_called_so_only_where_the_runs_agree() -> None:
    assert transfer.compared(np.array([0.1, 0.1, 0.1, 0.1, 0.11])) == "this gains 0.102"
    assert transfer.compared(np.array([-0.1, -0.1, -0.1, -0.1, -0.11])) == "this costs 0.102"
    assert transfer.compared(np.array([0.1, -0.1, 0.1, -0.1, 0.1])) == "no sure difference"


def test_other_digits_gain_nothing_sure_from_the_whole_network_and_lose_when_the_body_is_frozen() -> None:
    found = transfer.runs()[TARGETS.index("other digits")]
    for n, labels in enumerate(transfer.LABELS):
        if labels >= 5:
            assert not transfer.sure(found[0, 0, n] - found[1, 0, n])
            assert transfer.compared(found[0, 3, n] - found[1, 0, n]).startswith("this costs")
    assert "no sure difference" in freeze_depth.depth_state("other digits", 10, 0).says


# freeze_depth


@pytest.mark.parametrize("frozen", transfer.DEPTHS)
def test_frozen_layers_are_marked_and_the_rest_is_counted(frozen: int) -> None:
    state = freeze_depth.depth_state("textures", 10, frozen)
    assert state.texts.count("frozen") == frozen
    assert np.sum(state.values == freeze_depth.LEARNS) == 4 - frozen
    wanted = sum(transfer.counts("textures")[frozen:])
    assert f"{wanted:,} of" in state.says
    assert state.words[-2].startswith(f"{wanted:,} of")


def test_the_multiplications_of_a_step_are_those_of_the_matrices() -> None:
    output = 32 * 10  # of the head
    assert transfer.multiplications("other hands", 3) == 2 * output
    hidden = 8 * 7 * 7 * 32
    assert transfer.multiplications("other hands", 2) == 2 * hidden + 3 * output
    first, second = 14 * 14 * 9 * 4, 14 * 14 * 36 * 8
    assert transfer.multiplications("other hands", 0) == 2 * first + 3 * (second + hidden + output)
    assert (
        freeze_depth.depth_state("other hands", 1, 3).words[-1]
        == "a step: 0.29 % of the multiplications, features kept"
    )
    assert (
        freeze_depth.depth_state("other hands", 1, 0).words[-1] == "a step: 100 % of the multiplications, features kept"
    )


def test_the_gain_is_zero_where_nothing_differs_and_is_counted_from_scratch() -> None:
    state = freeze_depth.depth_state("other digits", 10, 2)
    n = transfer.LABELS.index(10)
    assert state.gain[2, n] == pytest.approx(state.here - state.scratch)
    assert state.scratch == pytest.approx(state.random[0])
    assert np.abs(state.gain).max() < 0.45


# labels_needed


def test_the_labels_that_a_curve_needs_lie_between_its_points_on_the_log_axis() -> None:
    curve = np.linspace(0.1, 0.6, 6)
    assert labels_needed.labels_for(0.1, curve) == 1
    assert labels_needed.labels_for(0.3, curve) == pytest.approx(5)
    assert labels_needed.labels_for(0.35, curve) == pytest.approx(np.sqrt(5 * 10))
    assert np.isnan(labels_needed.labels_for(0.7, curve))


def test_one_frozen_label_of_a_known_digit_is_worth_several_from_scratch() -> None:
    state = labels_needed.labels_state("the same digits", "frozen", 1)
    assert 4 < state.reach < 6
    assert f"about {state.reach:.1f} labels a class" in state.says


@pytest.mark.parametrize("way", labels_needed.WAYS[:3])
def test_the_bars_are_the_curves_at_the_chosen_number(way: str) -> None:
    state = labels_needed.labels_state("other hands", way, 20)
    n = transfer.LABELS.index(20)
    assert state.ways == pytest.approx(
        [one[n] for one in (state.frozen, state.last, state.full, state.scratch)], abs=6e-4
    )
    assert state.here == pytest.approx(state.ways[int(state.chosen)], abs=6e-4)
    assert (state.around[0] <= state.around[1]).all()


# feature_maps_2d


def test_the_nearest_by_direction_is_the_one_at_the_smallest_angle() -> None:
    rng = np.random.default_rng(0)
    known, asked, labels = rng.normal(size=(7, 5)), rng.normal(size=(9, 5)), np.arange(7)
    cosines = [[a @ k / np.sqrt((a @ a) * (k @ k)) for k in known] for a in asked]
    told = record_features.nearest(record_features.directions(known), labels, record_features.directions(asked))
    assert (told == np.argmax(cosines, axis=1)).all()


def test_principal_components_hold_what_a_plane_can_hold() -> None:
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(50, 2)) * (3, 1)
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0][:2]
    places, share = record_features.principal(plane @ turn + 5)
    assert share == pytest.approx(1)
    distances = [np.linalg.norm(one[:, None] - one[None], axis=-1) for one in (places, plane)]
    assert distances[0] == pytest.approx(distances[1] * distances[0].max() / distances[1].max(), abs=1e-6)


def test_a_case_of_the_recorded_features_comes_out_again() -> None:
    k, name = record_features.CASES.index("other digits"), "other digits"
    found, stored = record_features.case(name), feature_maps_2d.recorded()
    truth = np.repeat(np.arange(4), record_features.SHOWN)
    for b, body in enumerate(record_features.BODIES):
        known, asked = (record_features.directions(one[body]) for one in (found.pool, found.shown))
        rows = record_features.labelled_rows(4, 0)[:, :20]
        told = record_features.nearest(known[rows.ravel()], np.repeat(np.arange(4), 20), asked)
        assert np.mean(told == truth) == pytest.approx(stored["accuracy"][k, b, -1, 0], abs=0.03)


def test_the_recorded_answers_behind_efficientnet_come_out_again() -> None:
    if weights.efficientnet_lite0() is None:
        pytest.skip(weights.HOW)
    name = "surfaces, large"
    pool, shown = record_features.pictures_of(name)
    rows = record_features.labelled_rows(3, 0)[:, 0]
    some = np.arange(0, len(shown), 6)
    pictures = np.concatenate([pool[rows], shown[some]])
    found = record_features.directions(record_features.through(name, "trained", pictures))
    told = record_features.nearest(found[:3], np.arange(3), found[3:])
    assert (told == feature_maps_2d.recorded()["answers"][0, 0, 0, : len(shown)][some]).mean() > 0.9


def right(case: str) -> Array:
    """(3, LABELS) mean accuracies behind trained weights, random weights, and of the pixels."""
    return feature_maps_2d.recorded()["accuracy"][record_features.CASES.index(case)].mean(axis=-1)


def test_trained_features_of_photographs_tell_surfaces_apart_by_one_label() -> None:
    trained, random, pixels = right("surfaces, large")[:, 0]
    assert trained > 0.9
    assert max(random, pixels) < 0.4


def test_features_of_digits_help_with_surfaces_little_and_pixels_beat_features_of_other_digits() -> None:
    trained, random, _ = right("surfaces, small")[:, -1]
    assert trained == pytest.approx(random, abs=0.06)
    trained, _, pixels = right("other digits")[:, -1]
    assert pixels > trained + 0.05
    trained, random, pixels = right("same digits")[:, 0]
    assert trained > max(random, pixels) + 0.2


def test_rings_stand_where_the_answer_is_wrong() -> None:
    stored = feature_maps_2d.recorded()
    for k, case in enumerate(record_features.CASES):
        state = feature_maps_2d.maps_state(case, 5)
        classes = len(record_features.CLASSES[case])
        drawn = np.repeat(np.arange(4), record_features.SHOWN) < classes
        wrong = stored["answers"][k, 0, 2] != state.classes
        assert (np.isfinite(state.wrong_x) == (wrong & drawn)).all()
        assert np.isfinite(state.known_x).sum() == 5 * classes
        for x in (state.trained_x, state.trained_y, state.random_x, state.random_y, state.known_x):
            assert np.nanmax(np.abs(x)) <= 1 + 1e-9


def test_labelled_points_have_the_class_of_their_place() -> None:
    pool, _ = record_features.pictures_of("surfaces, small")
    order = record_features.labelled_rows(3, 0)
    assert (order // record_features.POOL == np.arange(3)[:, None]).all()
    assert len(pool) == 3 * record_features.POOL
    state = feature_maps_2d.maps_state("surfaces, small", 20)
    assert (state.known_classes[:60] == order[:, :20].T.ravel() // record_features.POOL).all()


# forgetting_curve


def test_the_reference_counts_what_was_right_and_is_wrong_now() -> None:
    before, after = np.eye(4), np.eye(4)[[0, 2, 1, 3]]
    told = forgetting_curve.forgetting(before, after, np.array([0, 1, 2, 0]))
    assert told == {"accuracy_before": 0.75, "accuracy_after": 0.25, "drop": 0.5, "forgotten": pytest.approx(2 / 3)}
    assert forgetting_curve.forgetting(before, after, np.array([3, 3, 3, 0]))["forgotten"] == 0


def at(task: str, rate: float, share: float, step: int) -> Any:
    return forgetting_curve.forgetting_state(task, rate, share, step)


def test_without_old_pictures_five_new_digits_wipe_out_the_old_ones() -> None:
    state = at("five more digits", 3e-3, 0.0, 30)
    assert state.old[0] > 0.97
    assert state.old_here < 0.01
    assert state.shown[3] == 1


def test_a_small_rate_forgets_later_and_learns_later() -> None:
    small, large = (at("five more digits", rate, 0.0, 200) for rate in (3e-4, 3e-3))
    assert small.old_here > 0.25
    assert small.old_here < 0.6
    assert small.new_here < large.new_here - 0.1


@pytest.mark.parametrize("task", record_forgetting.NEW_TASKS)
def test_a_few_old_pictures_keep_most_of_the_old_task(task: str) -> None:
    none, some, half = (at(task, 3e-3, share, 200) for share in (0.0, 0.125, 0.5))
    assert none.old_here + 0.2 < some.old_here < half.old_here
    assert some.new_here > 0.75


def test_a_new_look_of_the_same_classes_is_forgotten_less() -> None:
    look, classes = at("dark on light", 3e-3, 0.0, 200), at("five more digits", 3e-3, 0.0, 200)
    assert look.old_here > 0.4
    assert classes.old_here < 0.01


def test_the_grid_counts_as_the_function_does() -> None:
    for step in record_forgetting.TIMES:
        state = at("dark on light", 3e-3, 0.0, step)
        assert np.sum(state.fate == 1) / np.sum(state.fate != 0) == pytest.approx(state.reference[3])
        assert np.mean(state.fate != 0) == pytest.approx(state.reference[0])
    assert at("dark on light", 3e-3, 0.0, 0).fate.max() == 0


def test_a_run_of_the_recorded_forgetting_comes_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_forgetting, "TIMES", record_forgetting.TIMES[:5])
    found, stored = record_forgetting.run("five more digits", 3e-3, 0.125, 0), forgetting_curve.recorded()
    place = 0, record_forgetting.RATES.index(3e-3), record_forgetting.SHARES.index(0.125)
    assert found.old == pytest.approx(stored.old[place][0, :5], abs=0.04)
    assert found.new == pytest.approx(stored.new[place][0, :5], abs=0.04)
    centred = found.logits[:2] - found.logits[:2].mean(axis=-1, keepdims=True)
    assert centred == pytest.approx(stored.logits[place][:2], abs=record_forgetting.STEP)


def test_the_recorded_labels_are_those_of_the_asked_pictures() -> None:
    for task in record_forgetting.NEW_TASKS:
        old, _ = record_forgetting.new_task(task)
        assert (old.y_test[record_forgetting.asked_old(task)] == forgetting_curve.labels_of(task)).all()


def test_the_students_function_gives_the_shown_numbers() -> None:
    calls: list[tuple[int, ...]] = []

    def mine(before: Array, after: Array, labels: Array) -> dict[str, float]:
        calls.append(before.shape)
        return forgetting_curve.forgetting(before, after, labels)

    explorer = widgets.forgetting_curve(mine)
    assert len(calls) == 2 * 3 * 4 * 10
    assert set(calls) == {(60, 10)}
    assert not explorer.spec["notice"]
    assert explorer.field("shown") == pytest.approx(explorer.field("reference"))


def test_a_wrong_function_changes_the_bars_and_is_told() -> None:
    def all_examples(before: Array, after: Array, labels: Array) -> dict[str, float]:
        told = forgetting_curve.forgetting(before, after, labels)
        return told | {"forgotten": float(np.mean(after.argmax(axis=1) != labels))}

    explorer = widgets.forgetting_curve(all_examples)
    explorer.set(task="dark on light", step=200)
    assert explorer.field("shown")[3] > explorer.field("reference")[3] + 0.02
    assert "gives forgotten" in explorer.spec["notice"]


@pytest.mark.parametrize(("answer", "told"), [([1, 2], "expected a dict"), ({"drop": 1}, "without accuracy_before"),
                                              (None, "returned None")])  # fmt: skip
def test_an_answer_of_the_wrong_kind_is_told(answer: Any, told: str) -> None:
    assert told in widgets.forgetting_curve(lambda *given: answer).spec["notice"]


# the recorded fine-tuning of MiniLM


def tuned_words() -> dict[str, Array]:
    with np.load(record_words.FILE) as stored:
        return dict(stored)


def families_apart(texts: list[str], side: Array) -> bool:
    """Whether words that begin with the same four letters are all on one side."""
    sides: dict[str, set[int]] = {}
    for text, one in zip(texts, side, strict=True):
        sides.setdefault(text[:4], set()).add(int(one))
    return all(len(found) == 1 for found in sides.values())


def test_no_family_of_words_is_learned_from_and_tested() -> None:
    texts = [text for text, _ in word_sentiment()]
    side = tuned_words()["side"]
    assert (record_words.sides(texts) == side).all()
    assert families_apart(texts, side)
    assert not families_apart(texts, np.random.default_rng(0).permutation(side)), "words dealt one by one"


def test_each_way_has_the_best_of_its_four_rates() -> None:
    found = tuned_words()
    for way, tried, rate in zip(record_words.FROZEN, found["tried"].mean(axis=2), found["rate"], strict=True):
        assert record_words.RATES[way][tried.argmax()] == pytest.approx(rate)


@pytest.mark.parametrize("way", ["new head", "last layers"])
def test_a_recorded_run_on_words_comes_out_again(way: str) -> None:
    if weights.minilm() is None:
        pytest.skip(weights.HOW)
    found, k = tuned_words(), list(record_words.FROZEN).index(way)
    again = record_words.adapt(way, float(found["rate"][k]), 4, 1)
    assert again == pytest.approx(found["accuracy"][k, record_words.LABELS.index(4), 1], abs=0.02)


def test_the_recorded_probe_is_that_of_section_7_4() -> None:
    if weights.minilm() is None:
        pytest.skip(weights.HOW)
    answers = model_answers("ch07_transfer_learning")
    given, x, found = record_words.words(), record_words.features(), tuned_words()["probe"]
    pool, asked = np.flatnonzero(given.side == 0), given.side == 2
    assert x[pool].mean() == pytest.approx(0, abs=1e-6)
    assert np.mean(np.linalg.norm(x[pool], axis=1)) == pytest.approx(1)
    for row, count in enumerate(record_words.LABELS):
        for draw in range(record_words.SEEDS):
            chosen, _ = answers["few_shot_split"](given.labels[pool], count, np.random.default_rng(draw))
            places = pool[chosen]
            weight, bias = answers["linear_probe"](x[places], given.labels[places], 2, 3.0, 200)
            right = np.mean((x[asked] @ weight.T + bias).argmax(axis=1) == given.labels[asked])
            assert right == pytest.approx(found[row, draw], abs=0.005)
