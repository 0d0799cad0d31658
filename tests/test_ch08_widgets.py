"""The widgets of chapter 8: every claim that they teach, on the functions behind them; no browser."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from course.data import mnist
from course.mlp import accuracy
from course.widgets import ch08_regularization as widgets
from course.widgets.kit import Explorer

# by their paths: the package's names are the functions
HOME = "course.widgets.ch08_regularization"
dropout_masks = import_module(f"{HOME}.dropout_masks")
batch_norm_layers = import_module(f"{HOME}.batch_norm_layers")
augmentation_gallery = import_module(f"{HOME}.augmentation_gallery")
pictures = import_module(f"{HOME}.pictures")
overfitting_bench = import_module(f"{HOME}.overfitting_bench")
record_bench = import_module(f"{HOME}.record_bench")
record_reader = import_module(f"{HOME}.record_reader")

Array = np.ndarray


@pytest.fixture(scope="module")
def built() -> dict[str, Explorer]:
    """Each widget once, without a student's function."""
    return {name: getattr(widgets, name)() for name in widgets.__all__}


def preset(explorer: Explorer, name: str) -> Explorer:
    """The explorer moved as the button with this name moves it."""
    (found,) = [one for one in explorer.spec["presets"] if one["name"] == name]
    explorer.index = found["index"]
    return explorer


def unwritten(*_: Any, **__: Any) -> Array:
    raise NotImplementedError


@pytest.mark.parametrize("name", widgets.__all__)
def test_every_state_of_a_widget_has_a_sentence_that_ends(built: dict[str, Explorer], name: str) -> None:
    explorer = built[name]
    rng = np.random.default_rng(0)
    for _ in range(40):
        explorer.index = [int(rng.integers(len(axis["texts"]))) for axis in explorer.spec["axes"]]
        assert explorer.sentence[0].isupper()
        assert explorer.sentence.endswith(".")
        assert "nan" not in explorer.sentence


# dropout_masks

BOTH, SECOND = dropout_masks.LAYERS
RATES = dropout_masks.RATES


def masks(rate: float, where: str = BOTH, divide: bool = True, training: bool = True, draw: int = 200) -> Any:
    return dropout_masks.masks_state(rate, where, divide, training, draw, dropout_masks.reference_masks())


def test_every_hidden_unit_of_the_drawn_network_is_active_without_dropout() -> None:
    state = masks(0.0)
    assert state.values[4:20].min() > 0.3
    assert state.evaluation == pytest.approx([2.38, 2.38], abs=0.005)


@pytest.mark.parametrize("rate", RATES)
def test_a_mask_holds_zeros_and_the_reciprocal_of_the_kept_share(rate: float) -> None:
    drawn = dropout_masks.reference_masks()[RATES.index(rate)]
    assert set(np.unique(drawn)) <= {0.0, 1 / (1 - rate)}
    assert np.mean(drawn == 0) == pytest.approx(rate, abs=4 * np.sqrt(rate * (1 - rate) / drawn.size) + 1e-12)


def test_the_reference_gives_zeros_and_no_nan_where_everything_is_left_out() -> None:
    y, mask = dropout_masks.dropout(np.ones(5), 1.0, np.random.default_rng(0))
    assert not y.any()
    assert not mask.any()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.7])
@pytest.mark.parametrize("divide", [True, False])
def test_the_expected_output_is_that_of_all_65536_masks(rate: float, divide: bool) -> None:
    bits = np.array(list(itertools.product((0.0, 1.0), repeat=16)))
    chance = np.prod(np.where(bits == 1, 1 - rate, rate), axis=1)
    factors = bits / (1 - rate) if divide else bits
    net = dropout_masks.network()
    first = np.maximum(net.weights[0] @ net.x + net.biases[0], 0) * factors[:, :8]
    second = np.maximum(first @ net.weights[1].T + net.biases[1], 0) * factors[:, 8:]
    wanted = chance @ (second @ net.weights[2][0] + net.biases[2][0])
    assert dropout_masks.expected_output(rate, BOTH, divide) == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("rate", RATES)
def test_with_the_division_the_mean_behind_the_last_layer_is_the_output_of_evaluation_mode(rate: float) -> None:
    whole = masks(rate).evaluation[0]
    bias = dropout_masks.network().biases[2][0]
    assert dropout_masks.expected_output(rate, SECOND, True) == pytest.approx(whole, rel=1e-12)
    # without it, what comes from the hidden units shrinks to the share that is kept
    without = bias + (1 - rate) * (whole - bias)
    assert dropout_masks.expected_output(rate, SECOND, False) == pytest.approx(without, rel=1e-12)


def test_a_relu_between_two_dropped_layers_keeps_the_mean_from_being_exact() -> None:
    assert dropout_masks.expected_output(0.5, BOTH, True) == pytest.approx(2.421, abs=0.001)
    assert dropout_masks.expected_output(0.9, BOTH, True) == pytest.approx(2.674, abs=0.001)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("where", [BOTH, SECOND])
def test_the_mean_of_two_hundred_masks_is_near_that_of_all(rate: float, where: str) -> None:
    state = masks(rate, where)
    error = state.outputs.std() / np.sqrt(200)
    assert state.mean[-1] == pytest.approx(dropout_masks.expected_output(rate, where, True), abs=3 * error)


def test_edges_end_where_a_unit_is_left_out() -> None:
    state = masks(0.5, draw=1)
    lost = np.isnan(state.values)
    assert lost.sum() == 8
    ends = dropout_masks.EDGES.astype(int)
    touched = lost[ends[:, 0]] | lost[ends[:, 1]]
    assert (np.isnan(state.edges).all(axis=1) == touched).all()
    assert all((text == "0") == gone for text, gone in zip(state.texts, lost, strict=True))


def test_a_kept_unit_hands_on_twice_its_value_at_one_half() -> None:
    kept, whole = masks(0.5, SECOND, draw=1).values[12:20], masks(0.0).values[12:20]
    shown = ~np.isnan(kept)
    assert kept[shown] == pytest.approx(2 * whole[shown])


def test_evaluation_mode_gives_one_output_whatever_the_rate() -> None:
    for rate in RATES:
        state = masks(rate, training=False)
        assert state.outputs == pytest.approx(np.full(200, state.evaluation[0]))
        assert "always" in state.says


def test_the_presets_of_the_masks_say_what_their_names_promise(built: dict[str, Explorer]) -> None:
    explorer = built["dropout_masks"]
    assert "8 of 16 units are left out" in preset(explorer, "one thinned network").sentence
    assert "Over all masks the mean is 2.38" in preset(explorer, "the mean of two hundred").sentence
    assert "the mean over all masks is 1.24: too small" in preset(explorer, "without the division").sentence
    assert "14 of 16 units are left out" in preset(explorer, "hardly anything left").sentence
    assert preset(explorer, "evaluation mode").sentence.startswith("Evaluation mode: no unit is left out")


def right_dropout(x: Array, p: float, rng: np.random.Generator, training: bool = True) -> tuple[Array, Array]:
    if not training:
        return x, np.ones_like(x)
    mask = (rng.random(x.shape) < 1 - p) / (1 - p)
    return x * mask, mask


def not_scaled(x: Array, p: float, rng: np.random.Generator, training: bool = True) -> tuple[Array, Array]:
    mask = (rng.random(x.shape) >= p).astype(float) if training else np.ones_like(x)
    return x * mask, mask


def keep_rate(x: Array, p: float, rng: np.random.Generator, training: bool = True) -> tuple[Array, Array]:
    mask = (rng.random(x.shape) < p) / max(p, 1e-9) if training else np.ones_like(x)
    return x * mask, mask


def one_mask(x: Array, p: float, rng: np.random.Generator, training: bool = True) -> tuple[Array, Array]:
    mask = np.broadcast_to((rng.random(x.shape[1]) >= p) / (1 - p) if training else np.ones(x.shape[1]), x.shape)
    return x * mask, mask


def always_on(x: Array, p: float, rng: np.random.Generator, training: bool = True) -> tuple[Array, Array]:
    mask = (rng.random(x.shape) >= p) / (1 - p)
    return x * mask, mask


def test_another_right_dropout_has_other_masks_and_is_called_right() -> None:
    explorer = widgets.dropout_masks(right_dropout)
    assert not explorer.spec["notice"]
    assert "Your dropout is right" in explorer.sentence
    state = preset(explorer, "the mean of two hundred").state
    assert not np.array_equal(state.outputs, masks(0.5, SECOND).outputs)
    assert state.reference == pytest.approx(masks(0.5, SECOND).mean)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (not_scaled, "your dropout multiplies by 1; 1.11 is right"),
        (keep_rate, "your dropout leaves out 100% of the units; 0% is right"),
        (one_mask, "gives every row the same mask"),
        (always_on, "in evaluation mode too"),
    ],
)
def test_a_wrong_dropout_is_told_what_is_wrong(wrong: Callable[..., Any], told: str) -> None:
    assert told in widgets.dropout_masks(wrong).sentence


def test_a_dropout_that_does_not_divide_loses_half_of_the_output_in_the_picture() -> None:
    state = preset(widgets.dropout_masks(not_scaled), "the mean of two hundred").state
    assert state.mean[-1] == pytest.approx(1.24, abs=0.15)
    assert state.reference[-1] == pytest.approx(2.38, abs=0.15)


def test_a_dropout_without_its_mask_is_one_line_of_notice_and_the_reference_is_shown() -> None:
    explorer = widgets.dropout_masks(lambda x, p, rng, training=True: x)
    assert explorer.spec["notice"].endswith("Until it works you see the reference.")
    assert explorer.sentence == widgets.dropout_masks().sentence


# batch_norm_layers

TRAINING, EVALUATION = batch_norm_layers.MODES


def values(scale: float, size: int, mode: str = TRAINING) -> Array:
    running = batch_norm_layers.right_running()
    stacks, own = batch_norm_layers.draw(), batch_norm_layers.batch_norm
    return np.asarray(batch_norm_layers.normalised(stacks, scale, size, mode, own, running))


def right_batch_norm(
    x: Array, gamma: Array, beta: Array, mean: Array, var: Array, momentum: float = 0.1, eps: float = 1e-5
) -> tuple[Array, Array, Array]:
    n = len(x)
    y = gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta
    new_var = x.var(axis=0) * (n / (n - 1))  # ZeroDivisionError for a batch of one
    return y, (1 - momentum) * mean + momentum * x.mean(axis=0), (1 - momentum) * var + momentum * new_var


def test_the_reference_is_batch_norm_with_the_unbiased_running_variance() -> None:
    x = np.array([[1.0, 10.0], [3.0, 30.0]])
    y, mean, variance = batch_norm_layers.batch_norm(x, np.zeros(2), np.ones(2))
    assert y == pytest.approx(np.array([[-1.0, -1.0], [1.0, 1.0]]), abs=1e-4)
    assert mean == pytest.approx([0.2, 2.0])
    assert variance == pytest.approx([1.1, 20.9])


@pytest.mark.parametrize("size", [4, 16, 64])
@pytest.mark.parametrize("scale", batch_norm_layers.SCALES)
def test_with_batch_norm_every_layer_has_mean_0_and_spread_1(scale: float, size: int) -> None:
    found = values(scale, size)
    assert found.mean(axis=1) == pytest.approx(np.zeros(found[:, 0].shape), abs=1e-9)
    assert found.std(axis=(1, 2, 3)) == pytest.approx(np.ones(batch_norm_layers.DEPTH), abs=0.01)


@pytest.mark.parametrize("scale", batch_norm_layers.SCALES)
def test_without_it_each_layer_multiplies_the_spread_by_the_scale_again(scale: float) -> None:
    stacks = batch_norm_layers.draw()
    ratio = batch_norm_layers.plain(stacks, scale, 16).std(axis=(1, 2, 3)) / batch_norm_layers.plain(
        stacks, 1.0, 16
    ).std(axis=(1, 2, 3))
    assert ratio == pytest.approx(scale ** np.arange(1.0, batch_norm_layers.DEPTH + 1), rel=1e-9)


def test_in_training_mode_the_size_of_the_weights_does_not_matter() -> None:
    # nothing but eps tells the scales apart; weights twice as small still show it in the third digit
    assert values(2.0, 16)[0] == pytest.approx(values(1.0, 16)[0], abs=2e-3)
    assert values(2.0, 16)[-1].std() == pytest.approx(values(0.5, 16)[-1].std(), abs=1e-3)


def test_a_batch_of_one_is_erased_and_a_batch_of_two_becomes_signs() -> None:
    assert not values(1.0, 1).any()
    two = np.abs(values(1.0, 2))
    assert np.mean((two > 0.97) | (two < 1e-9)) > 0.98  # 0 where a unit has the same value for both
    # evaluation mode does not erase it
    assert np.abs(values(1.0, 1, EVALUATION)[-1]).mean() > 0.5


def test_pytorch_refuses_a_batch_of_one() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        torch.nn.functional.batch_norm(torch.zeros(1, 3), None, None, training=True)
    assert "PyTorch refuses such a batch" in preset(widgets.batch_norm_layers(), "a batch of one").sentence


def test_small_batches_make_noisy_statistics() -> None:
    noise = np.array([values(1.0, size)[0, 0].std(axis=0).mean() for size in (4, 16, 64)])
    assert noise == pytest.approx([0.57, 0.29, 0.14], abs=0.03)
    deep = values(1.0, 64)[:, 0].std(axis=1).mean(axis=1)
    assert deep[-1] > 4 * deep[0]


def test_in_evaluation_mode_the_neighbours_in_the_batch_do_not_matter() -> None:
    alone, together = values(1.0, 1, EVALUATION), values(1.0, 64, EVALUATION)
    assert together[:, 0] == pytest.approx(alone[:, 0], abs=1e-12)
    assert together.std(axis=(1, 2, 3)) == pytest.approx(np.ones(batch_norm_layers.DEPTH), abs=0.2)


def test_histograms_hold_all_values() -> None:
    explorer = widgets.batch_norm_layers()
    for name in batch_norm_layers.PRESETS:
        state = preset(explorer, name).state
        for counts in (state.without, state.with_norm, state.same):
            assert counts.sum(axis=1) == pytest.approx(np.ones(batch_norm_layers.DEPTH))


def test_the_presets_of_the_layers_say_what_their_names_promise(built: dict[str, Explorer]) -> None:
    explorer = built["batch_norm_layers"]
    small = preset(explorer, "weights too small")
    assert "the spread is 0.041 without batch norm and 1 with it" in small.sentence
    assert preset(explorer, "weights too large").state.spread_without[-1] > 10
    assert "From one batch of 4 to the next" in preset(explorer, "a batch of four").sentence
    assert "every value becomes 0" in preset(explorer, "a batch of one").sentence
    assert "also all alone" in preset(explorer, "one, in evaluation mode").sentence


def test_a_right_batch_norm_shows_what_the_reference_shows_also_where_a_batch_of_one_breaks_it() -> None:
    explorer = widgets.batch_norm_layers(right_batch_norm)
    assert not explorer.spec["notice"]
    assert explorer.sentence.endswith("Your batch norm gives what ours gives.")
    for name in batch_norm_layers.PRESETS:
        yours, ours = preset(explorer, name).state, preset(widgets.batch_norm_layers(), name).state
        assert yours.with_norm == pytest.approx(ours.with_norm, abs=1e-3)


def changed(**parts: Callable[..., Array]) -> Callable[..., tuple[Array, Array, Array]]:
    """right_batch_norm with some of its three outputs replaced by functions of (x, mean, var)."""

    def function(x: Array, gamma: Array, beta: Array, mean: Array, var: Array) -> tuple[Array, Array, Array]:
        right = right_batch_norm(x, gamma, beta, mean, var)
        names = ("y", "mean", "var")
        y, new_mean, new_var = (
            parts[k](x, mean, var) if k in parts else one for k, one in zip(names, right, strict=True)
        )
        return y, new_mean, new_var

    return function


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (changed(var=lambda x, mean, var: 0.9 * var + 0.1 * x.var(axis=0)), "Your new running variance begins with"),
        (changed(mean=lambda x, mean, var: 0.1 * mean + 0.9 * x.mean(axis=0)), "Your new running mean begins with"),
        (changed(y=lambda x, mean, var: x - x.mean(axis=0)), "Your y begins with"),
    ],
)
def test_a_wrong_batch_norm_is_told_what_is_wrong(wrong: Callable[..., Any], told: str) -> None:
    assert told in widgets.batch_norm_layers(wrong).sentence


def test_a_batch_norm_that_does_not_divide_loses_the_signal_again() -> None:
    state = widgets.batch_norm_layers(changed(y=lambda x, mean, var: x - x.mean(axis=0))).state
    assert state.spread_with[-1] < 0.3
    assert state.reference == pytest.approx(np.ones(batch_norm_layers.DEPTH), abs=0.01)


def test_a_batch_norm_that_gives_y_alone_is_one_line_of_notice_and_the_reference_is_shown() -> None:
    explorer = widgets.batch_norm_layers(lambda x, *_: x)
    assert explorer.spec["notice"].endswith("Until it works you see the reference.")
    assert explorer.sentence == widgets.batch_norm_layers().sentence


# augmentation_gallery


@pytest.fixture(scope="module")
def square() -> Array:
    return np.random.default_rng(1).random((7, 7))


def test_a_quarter_turn_is_counter_clockwise(square: Array) -> None:
    for quarters in (-1, 1, 2, 3):
        assert pictures.rotate(square, 90 * quarters) == pytest.approx(np.rot90(square, quarters), abs=1e-9)


def test_inside_a_ramp_turning_and_scaling_are_exact() -> None:
    row, column = np.mgrid[:9, :13]
    inner = (slice(3, 6), slice(5, 8))
    ramp = 0.1 * row + 0.02 * column
    y, x = row - 4.0, column - 6.0
    angle = np.radians(30)
    source_row, source_column = np.sin(angle) * x + np.cos(angle) * y, np.cos(angle) * x - np.sin(angle) * y
    turned = 0.1 * (source_row + 4) + 0.02 * (source_column + 6)
    assert pictures.rotate(ramp, 30)[inner] == pytest.approx(turned[inner])
    assert pictures.scale(ramp, 2.0)[inner] == pytest.approx((0.1 * (y / 2 + 4) + 0.02 * (x / 2 + 6))[inner])


def test_nothing_comes_in_from_outside_and_the_centre_stays(square: Array) -> None:
    assert pictures.scale(square, 0.5)[3, 3] == square[3, 3]
    assert not pictures.scale(square, 0.5)[0].any()
    assert pictures.rotate(square, 45)[0, 0] == 0
    assert pictures.scale(square, 1.0) == pytest.approx(square)


def test_mirroring_twice_changes_nothing(square: Array) -> None:
    assert np.array_equal(pictures.horizontal_flip(pictures.horizontal_flip(square)), square)
    assert np.array_equal(pictures.horizontal_flip(square)[:, 0], square[:, -1])


def test_the_draws_stay_within_the_strength_and_mirror_only_when_they_may() -> None:
    for strength in augmentation_gallery.STRENGTHS:
        drawn = augmentation_gallery.drawn_settings(strength, True)
        most = 1 + strength / 180
        assert all(abs(degrees) <= strength and 1 / most <= factor <= most for degrees, factor, _ in drawn)
        assert 2 <= sum(flip for *_, flip in drawn) <= 6
        assert not any(flip for *_, flip in augmentation_gallery.drawn_settings(strength, False))


def test_the_digits_of_the_gallery_are_test_digits_with_these_labels() -> None:
    labels = mnist().y_test
    assert [labels[row] for row in augmentation_gallery.TEST_ROWS.values()] == [6, 9, 3]


def reader_parameters() -> list[Array]:
    known = augmentation_gallery.reader()
    return [known.w1, known.b1, known.w2, known.b2]


def test_the_reader_reads_nine_of_ten_test_digits() -> None:
    given = mnist()
    assert accuracy(reader_parameters(), given.x_test, given.y_test) == pytest.approx(0.91, abs=0.005)


def test_the_recorded_reader_is_what_its_script_trains() -> None:
    again = record_reader.record()
    for stored, trained in zip(reader_parameters(), again, strict=True):
        apart = np.abs(np.round(stored / augmentation_gallery.STEP) - trained)
        # rounding may differ between machines, and a training run makes something of it
        assert np.mean(apart <= 1) > 0.95


def test_the_recorded_answers_to_turned_digits_are_those_of_the_reader() -> None:
    turned = augmentation_gallery.reader().turned
    assert record_reader.turned_answers(reader_parameters()) == pytest.approx(turned, abs=0.011)
    assert turned.sum(axis=2) == pytest.approx(np.ones((10, 25)), abs=1e-3)


def test_upside_down_most_sixes_are_read_as_nines_and_most_nines_as_sixes() -> None:
    turned = augmentation_gallery.reader().turned
    assert turned[6, -1, 9] == pytest.approx(0.54, abs=0.01)
    assert turned[9, -1, 6] == pytest.approx(0.72, abs=0.01)
    upright = augmentation_gallery.ANGLES.index(0)
    assert turned[6, upright, 6] == pytest.approx(0.97, abs=0.01)
    assert turned[8, -1, 8] < 0.3  # a reader that never saw a turned digit fails on an 8 too, though it stays an 8


def test_the_presets_of_the_gallery_say_what_their_names_promise(built: dict[str, Explorer]) -> None:
    explorer = built["augmentation_gallery"]
    little = preset(explorer, "a little").sentence
    assert "reads a 6 (0.99), the label lives" in little
    assert little.endswith("8 are read as 6.")
    six = preset(explorer, "a 6 becomes a 9").sentence
    assert "The network reads a 9 (0.98), the 6 has 0.00." in six
    assert "it reads 54% as 9, and of the 9s, turned back, 72% as 6: the label has died." in six
    nine = preset(explorer, "a 9 becomes a 6").sentence
    assert "it reads 72% as 6, and of the 6s, turned back, 54% as 9: the label has died." in nine
    assert "reads a 5 (0.93)" in preset(explorer, "a mirrored 3").sentence
    assert "reads a 2 (1.00), the 9 has 0.00" in preset(explorer, "too large").sentence
    assert preset(explorer, "a mirrored temple").sentence.startswith("A mirrored temple is a temple.")


def test_only_6_and_9_turn_into_each_other_and_only_near_half_a_turn() -> None:
    dead = {
        (label, answer, degrees)
        for label, answer in itertools.permutations(range(10), 2)
        for degrees in augmentation_gallery.ANGLES
        if min(augmentation_gallery.exchanged(label, answer, degrees)) > 0.5
    }
    assert {(label, answer) for label, answer, _ in dead} == {(6, 9), (9, 6)}
    assert {abs(degrees) for *_, degrees in dead} == {165, 180}


def test_a_6_that_a_reader_of_upright_digits_takes_for_a_4_is_no_dead_label() -> None:
    there, back = augmentation_gallery.exchanged(6, 4, 60)
    assert there == pytest.approx(0.68, abs=0.01)
    assert back == pytest.approx(0.23, abs=0.01)


def test_a_photograph_has_no_answer_and_keeps_its_shape(built: dict[str, Explorer]) -> None:
    state = preset(built["augmentation_gallery"], "a mirrored temple").state
    assert state.shown.shape == (2, 32, 48)
    assert state.draws.shape == (8, 32, 48)
    assert np.isnan(state.chances).all()
    assert np.isnan(state.still).all()


def test_right_functions_of_the_student_show_what_the_reference_shows() -> None:
    explorer = widgets.augmentation_gallery(pictures.rotate, pictures.scale, pictures.horizontal_flip)
    assert not explorer.spec["notice"]
    assert explorer.sentence == widgets.augmentation_gallery().sentence
    assert explorer.state.shown.shape == (2, 28, 28)


@pytest.mark.parametrize(
    ("functions", "told"),
    [
        ({"rotate": lambda image, degrees: pictures.rotate(image, -degrees)}, "Your rotate turns clockwise"),
        ({"scale": lambda image, factor: pictures.scale(image, 1 / factor)}, "Your scale shrinks"),
        ({"horizontal_flip": lambda images: images[..., ::-1, :]}, "exchanges top and bottom"),
        ({"rotate": lambda image, degrees: image}, "Your rotate gives another picture than ours"),
    ],
)
def test_a_wrong_picture_is_told_and_stands_beside_ours(functions: dict[str, Any], told: str) -> None:
    explorer = widgets.augmentation_gallery(**functions).set(degrees=45, factor=1.4, flip=True)
    state = explorer.state
    assert told in explorer.sentence
    assert state.shown_names == ("as it is", "yours", "ours")
    assert not np.allclose(state.shown[1], state.shown[2], atol=0.1)
    assert state.shown[2] == pytest.approx(pictures.augmented(state.shown[0], 45, 1.4, True))


def test_one_unwritten_function_leaves_the_other_two_at_work() -> None:
    explorer = widgets.augmentation_gallery(unwritten, lambda image, factor: 0 * image, pictures.horizontal_flip)
    assert explorer.spec["notice"] == "Your rotate is not written yet. Until it works you see the reference."
    assert not explorer.state.shown[1].any()
    assert "Your scale gives another picture than ours." in explorer.sentence


# overfitting_bench


def ends(data: str, noise: float, remedy: str) -> Array:
    """Test accuracy of the five runs after the last epoch."""
    place = (overfitting_bench.DATA.index(data), overfitting_bench.NOISES.index(noise))
    return np.asarray(overfitting_bench.runs().test[(*place, overfitting_bench.REMEDIES.index(remedy))][:, -1])


def test_a_patience_counts_epochs_without_a_new_lowest_loss() -> None:
    stop = overfitting_bench.early_stopping
    assert stop(np.array([3.0, 2, 1, 2, 2, 0]), 2) == (2, 4)
    assert stop(np.array([3.0, 2, 1, 2, 2, 0]), 3) == (5, 5)
    assert stop(np.array([1.0, 1, 1]), 1) == (0, 1)  # the same loss again is no lower one
    assert stop(np.array([3.0, 2, 1]), 1) == (2, 2)


@pytest.mark.parametrize(
    ("data", "noise", "remedy", "seed"),
    [("digits", 0.3, "none", 0), ("digits", 0.3, "batch norm", 3), ("MNIST", 0.0, "augmentation", 1)],
)
def test_the_recorded_runs_are_what_the_script_trains(data: str, noise: float, remedy: str, seed: int) -> None:
    epochs = 10
    again = record_bench.train(data, noise, remedy, seed, epochs)
    place = (
        overfitting_bench.DATA.index(data),
        overfitting_bench.NOISES.index(noise),
        overfitting_bench.REMEDIES.index(remedy),
        seed,
    )
    for name, stored in overfitting_bench.runs()._asdict().items():
        # another order of additions grows over the epochs; a wrong picture more or less is no other run
        assert getattr(again, name) == pytest.approx(stored[place][:epochs], abs=0.02), name


def test_the_labels_are_wrong_as_often_as_told_and_the_test_labels_never() -> None:
    clean, noisy = record_bench.task("digits", 0.0, 0), record_bench.task("digits", 0.3, 0)
    assert np.array_equal(clean.x_train, noisy.x_train)
    assert np.sum(clean.y_train != noisy.y_train) == round(0.3 * 1077)
    assert np.sum(clean.y_valid != noisy.y_valid) == round(0.3 * 360)
    assert np.array_equal(clean.y_test, noisy.y_test)
    assert len(np.unique(np.concatenate([clean.x_train, clean.x_valid]), axis=0)) == 1437


@pytest.mark.parametrize("remedy", ["none", "batch norm", "weight decay"])
def test_the_bench_steps_along_the_gradient_of_torch(remedy: str) -> None:
    torch = pytest.importorskip("torch")
    network = record_bench.Network(64, remedy, np.random.default_rng(0))
    given = record_bench.task("digits", 0.0, 0)
    x, labels = given.x_train[:32], given.y_train[:32]
    parameters = [torch.tensor(one.copy(), requires_grad=True) for one in network.parameters]
    h = torch.tensor(x)
    for layer in range(2):
        h = h @ parameters[2 * layer].T + parameters[2 * layer + 1]
        if remedy == "batch norm":
            h = torch.nn.functional.batch_norm(
                h, None, None, parameters[6 + 2 * layer], parameters[7 + 2 * layer], training=True
            )
        h = torch.relu(h)
    loss = torch.nn.functional.cross_entropy(h @ parameters[4].T + parameters[5], torch.tensor(labels))
    if remedy == "weight decay":
        loss = loss + record_bench.DECAY / 2 * sum((one**2).sum() for one in parameters if one.ndim > 1)
    loss.backward()
    network.step(x, labels)
    for velocity, parameter in zip(network.velocity, parameters, strict=True):
        np.testing.assert_allclose(velocity, parameter.grad.numpy(), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("side", [8, 28])
def test_the_bench_turns_and_scales_as_the_pictures_do(monkeypatch: pytest.MonkeyPatch, side: int) -> None:
    x = np.random.default_rng(1).random((3, side * side))
    for degrees, factor in ((15.0, 1.0), (0.0, 1.15)):
        monkeypatch.setattr(record_bench, "DEGREES", degrees)
        monkeypatch.setattr(record_bench, "FACTOR", factor)
        got = record_bench.turned_and_scaled(x, np.random.default_rng(2))
        rng = np.random.default_rng(2)
        angles, factors = rng.uniform(-degrees, degrees, 3), rng.uniform(1 / factor, factor, 3)
        for one, image, angle, size in zip(got, x, angles, factors, strict=True):
            wanted = pictures.scale(pictures.rotate(image.reshape(side, side), angle), size)
            assert one.reshape(side, side) == pytest.approx(wanted, abs=1e-9)


def test_wrong_labels_are_learnt_by_heart_and_cost_a_fifth_of_the_test(built: dict[str, Explorer]) -> None:
    assert ends("digits", 0.3, "none").mean() == pytest.approx(0.769, abs=5e-4)
    assert ends("digits", 0.3, "none").std(ddof=1) == pytest.approx(0.024, abs=5e-4)
    assert ends("digits", 0.0, "none").mean() == pytest.approx(0.974, abs=5e-4)
    says = preset(built["overfitting_bench"], "learnt by heart").sentence
    assert "answers 0.995 of the given training labels and 0.769 ± 0.024 of the test" in says
    assert "the five runs give 0.948 ± 0.005, 0.178 better than at the end" in says


def test_dropout_and_weight_decay_help_and_batch_norm_does_not(built: dict[str, Explorer]) -> None:
    assert ends("digits", 0.3, "dropout").mean() == pytest.approx(0.944, abs=5e-4)
    assert ends("digits", 0.3, "weight decay").mean() == pytest.approx(0.945, abs=5e-4)
    assert ends("digits", 0.3, "batch norm").mean() == pytest.approx(0.794, abs=5e-4)
    explorer = built["overfitting_bench"]
    held = preset(explorer, "dropout holds it back").sentence
    assert "0.944 ± 0.006 of the test, 0.174 better than no remedy" in held
    assert "no sure difference from the end" in held
    assert "no sure difference from none" in preset(explorer, "batch norm does not").sentence


def test_with_right_labels_no_remedy_moves_the_test_by_more_than_a_hundredth() -> None:
    none = ends("digits", 0.0, "none").mean()
    for remedy in overfitting_bench.REMEDIES:
        assert abs(ends("digits", 0.0, remedy).mean() - none) <= 0.0105


def test_with_few_pictures_augmentation_alone_gains(built: dict[str, Explorer]) -> None:
    assert ends("MNIST", 0.0, "augmentation").mean() == pytest.approx(0.840, abs=5e-4)
    says = preset(built["overfitting_bench"], "few pictures, turned").sentence
    assert "0.037 better than no remedy" in says
    for remedy in ("dropout", "batch norm", "weight decay"):
        explorer = built["overfitting_bench"].set(remedy=remedy)
        assert "no sure difference from none" in explorer.sentence


def test_too_little_patience_stops_a_noisy_loss_too_early(built: dict[str, Explorer]) -> None:
    explorer = preset(built["overfitting_bench"], "stopped too early")
    assert "stops the thick run after epoch 2 and keeps epoch 1" in explorer.sentence
    assert explorer.sentence.endswith("The worst of them keeps 0.145.")
    early = explorer.field("stopped")[1]
    assert early == pytest.approx(0.516, abs=5e-4)
    assert explorer.set(patience=5).field("stopped")[1] == pytest.approx(0.652, abs=5e-4)


def test_the_marks_of_the_stop_lie_on_the_drawn_run(built: dict[str, Explorer]) -> None:
    for name in overfitting_bench.PRESETS:
        state = preset(built["overfitting_bench"], name).state
        best = int(state.best) - 1
        assert state.best_loss == state.valid_loss[: int(state.stop)].min() == state.valid_loss[best]
        assert state.best_test == state.test[best]


def test_a_difference_within_its_error_is_called_none() -> None:
    told = overfitting_bench._compared
    assert told(np.array([0.1, -0.1, 0.05, -0.02, 0.03]), "no remedy") == "no sure difference from none"
    assert told(np.array([0.1, 0.11, 0.12, 0.1, 0.09]), "no remedy") == "0.104 better than no remedy"
    assert told(-np.array([0.1, 0.11, 0.12, 0.1, 0.09]), "at the end") == "0.104 worse than at the end"
