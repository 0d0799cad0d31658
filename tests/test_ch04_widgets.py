"""The widgets of chapter 4: every claim that they teach, on the functions behind them; no browser."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from course.data import digits
from course.widgets import ch04_cnn as widgets
from course.widgets.ch04_cnn import layers
from course.widgets.kit import Explorer, StudentFunction

# by their paths: the package's names are the functions
sliding, arithmetic, pooling, maps, painter, detect = (
    import_module(f"course.widgets.ch04_cnn.{name}")
    for name in (
        "sliding_kernel",
        "output_arithmetic",
        "pooling_shift",
        "feature_maps",
        "receptive_field_painter",
        "detection",
    )
)
record = import_module("course.widgets.ch04_cnn.record_digits_cnn")

Array = np.ndarray
FUNCTION = {
    "sliding_kernel": "conv2d",
    "output_arithmetic": "conv_output_size",
    "pooling_shift": "max_pool2d",
    "receptive_field_painter": "receptive_field",
    "detection": "non_maximum_suppression",
}


@pytest.fixture(scope="module")
def built() -> dict[str, Explorer]:
    """Each widget once, without anything of the student's."""
    return {name: getattr(widgets, name)() for name in widgets.__all__}


def preset(explorer: Explorer, name: str) -> Explorer:
    """The explorer moved as the button with this name moves it."""
    (found,) = [one for one in explorer.spec["presets"] if one["name"] == name]
    explorer.index = found["index"]
    return explorer


def loops_conv2d(x: Array, weight: Array, bias: Array, stride: int = 1, padding: int = 0, dilation: int = 1) -> Array:
    """A convolutional layer as its definition reads, loop by loop."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    (n, c_in, h, w), (c_out, _, k_h, k_w) = x.shape, weight.shape
    rows, columns = ((size - dilation * (k - 1) - 1) // stride + 1 for size, k in ((h, k_h), (w, k_w)))
    y = np.zeros((n, c_out, rows, columns))
    for b, o, r, c in np.ndindex(y.shape):
        y[b, o, r, c] = bias[o] + sum(
            weight[o, i, a, d] * x[b, i, r * stride + a * dilation, c * stride + d * dilation]
            for i, a, d in np.ndindex(c_in, k_h, k_w)
        )
    return y


@pytest.mark.parametrize("name", widgets.__all__)
def test_every_state_of_a_widget_has_a_sentence_that_ends(built: dict[str, Explorer], name: str) -> None:
    rng = np.random.default_rng(0)
    explorer = built[name]
    for _ in range(100):
        explorer.index = [int(rng.integers(len(axis["texts"]))) for axis in explorer.spec["axes"]]
        assert explorer.sentence.endswith((".", "."))
        assert "nan" not in explorer.sentence


@pytest.mark.parametrize("name", widgets.__all__)
def test_a_widget_stays_small(built: dict[str, Explorer], name: str) -> None:
    assert len(built[name]._fragment()) < 250_000


@pytest.mark.parametrize(("name", "function"), FUNCTION.items())
def test_the_course_s_own_function_as_the_student_s_shows_the_same(
    built: dict[str, Explorer], name: str, function: str
) -> None:
    own = getattr(widgets, name)(getattr(layers, function))
    assert own.spec["notice"] == ""
    for one in own.spec["presets"]:
        own.index = built[name].index = one["index"]
        assert own.sentence.replace("your formula", "the formula") == built[name].sentence


# layers: what stands behind all of them


@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (1, 2, 2), (3, 0, 2)])
def test_the_reference_convolution_is_that_of_the_definition(stride: int, padding: int, dilation: int) -> None:
    rng = np.random.default_rng(1)
    x, weight, bias = rng.normal(size=(2, 3, 7, 9)), rng.normal(size=(4, 3, 3, 2)), rng.normal(size=4)
    wanted = loops_conv2d(x, weight, bias, stride, padding, dilation)
    assert layers.conv2d(x, weight, bias, stride, padding, dilation) == pytest.approx(wanted, abs=1e-12)
    sizes = [layers.conv_output_size(size, k, stride, padding, dilation) for size, k in ((7, 3), (9, 2))]
    assert list(wanted.shape[2:]) == sizes


def test_the_reference_pools_take_the_largest_and_the_mean_of_each_window() -> None:
    x = np.random.default_rng(2).normal(size=(2, 3, 7, 8))
    for size, stride in ((2, 2), (3, 2), (3, 1)):
        largest, mean = layers.max_pool2d(x, size, stride), layers.avg_pool2d(x, size, stride)
        for r, c in np.ndindex(largest.shape[2:]):
            window = x[:, :, r * stride : r * stride + size, c * stride : c * stride + size]
            assert largest[:, :, r, c] == pytest.approx(window.max(axis=(2, 3)))
            assert mean[:, :, r, c] == pytest.approx(window.mean(axis=(2, 3)))


def test_the_overlap_of_boxes_is_their_shared_part_of_both() -> None:
    a = np.array([[0.0, 0, 2, 2], [1, 1, 1, 1]])
    b = np.array([[0.0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6], [1, 1, 1, 1]])
    assert layers.intersection_over_union(a, b) == pytest.approx(np.array([[1, 1 / 3, 0, 0], [0, 0, 0, 0]]))


# sliding_kernel: nine products and their sum


@pytest.mark.parametrize("picture", sliding.pictures())
@pytest.mark.parametrize("kernel", sliding.KERNELS)
def test_the_sum_of_the_products_is_the_output_at_every_place(picture: str, kernel: str) -> None:
    weights = sliding.KERNELS[kernel]
    right = loops_conv2d(sliding.pictures()[picture][None, None], np.reshape(weights, (1, 1, 3, 3)), np.zeros(1))[0, 0]
    for place in range(1, 37):
        shown = sliding.slide_state(picture, weights, place)
        assert shown.equation[:, 8:11].sum() == pytest.approx(right.flat[place - 1], abs=1e-12)
        assert shown.equation[1, 12] == pytest.approx(right.flat[place - 1], abs=1e-12)
        assert np.count_nonzero(np.isfinite(shown.output)) == place
    assert shown.output == pytest.approx(right, abs=1e-12)
    row, column, *_ = shown.window[0]
    assert shown.equation[:, :3] == pytest.approx(shown.picture[row : row + 3, column : column + 3])


def test_the_pictures_are_real_digits_in_tenths() -> None:
    data = digits()
    for name, digit in (("a seven", 7), ("a two", 2)):
        apart = np.abs(data.x_test - sliding.pictures()[name].ravel()).max(axis=1)
        assert data.y_test[apart.argmin()] == digit
        assert apart.min() <= 0.05 + 1e-9


def output(kernel: str, picture: str) -> Array:
    return np.asarray(sliding.slide_state(picture, sliding.KERNELS[kernel], 36).output)


def test_each_kernel_does_what_its_name_says() -> None:
    seven, edge = sliding.pictures()["a seven"], sliding.pictures()["an edge"]
    assert output("identity", "a seven") == pytest.approx(seven[1:-1, 1:-1])
    assert output("one pixel to the left", "a seven") == pytest.approx(seven[1:-1, 2:])
    assert output("blur", "a seven")[2, 3] == pytest.approx(seven[2:5, 3:6].mean())
    assert output("upright edges", "an edge") == pytest.approx(np.repeat([[0.0, 0, 4, 4, 0, 0]], 6, axis=0))
    assert not output("level edges", "an edge").any()
    assert output("level edges", "a seven").any()
    assert np.ptp(output("sharpen", "an edge")) > np.ptp(edge) > np.ptp(output("blur", "an edge")[:, 2:4])


def test_kernels_whose_weights_add_up_to_0_see_only_change() -> None:
    for name, weights in sliding.KERNELS.items():
        even = 0.7 * np.ones((1, 1, 5, 5))
        answer = layers.conv2d(even, np.reshape(weights, (1, 1, 3, 3)).astype(float), np.zeros(1))
        shown = sliding.slide_state("a seven", weights, 36)
        total = 0.0 if "edges" in name or name == "outline" else 1.0
        assert answer == pytest.approx(0.7 * total, abs=1e-12)
        assert f"The weights add up to {total:.0f}" in shown.says


def test_every_preset_s_weights_stand_on_the_sliders(built: dict[str, Explorer]) -> None:
    for name, weights in sliding.KERNELS.items():
        assert preset(built["sliding_kernel"], name).values["kernel"] == weights


def test_the_photograph_is_filtered_by_the_same_kernel() -> None:
    photo, weights = sliding.grey_photo(), sliding.KERNELS["upright edges"]
    wanted = layers.conv2d(photo[None, None], np.reshape(weights, (1, 1, 3, 3)).astype(float), np.zeros(1))[0, 0]
    assert sliding.slide_state("a seven", weights, 1).filtered == pytest.approx(np.abs(wanted), abs=1e-12)
    assert photo.shape[1] == sliding.WIDTH
    assert np.std(photo) > 0.1


def flipped(x: Array, weight: Array, bias: Array, *settings: int) -> Array:
    return layers.conv2d(x, weight[:, :, ::-1, ::-1], bias, *settings)


def test_a_flipped_kernel_is_seen_in_the_output_and_told() -> None:
    own = widgets.sliding_kernel(flipped)
    assert own.spec["mechanism"]["own"]
    assert own.spec["notice"] == ""
    preset(own, "one pixel to the left")
    assert own.state.output == pytest.approx(sliding.pictures()["a two"][1:-1, :-2])
    assert "Your conv2d differs from the course's at" in own.sentence
    preset(own, "identity")
    assert "differs" not in own.sentence


def test_the_kernel_answers_with_what_the_student_s_function_gives() -> None:
    own = widgets.sliding_kernel(flipped).set(place=36)
    answer = own._mechanism.answer(own._model, own.values, {})
    assert sorted(answer) == sorted(sliding.OWN)
    assert np.array(answer["output"]) == pytest.approx(-sliding.slide_state("a two", own.values["kernel"], 36).output)


# output_arithmetic: places


GRID = list(itertools.product(range(3, 10), range(1, 6), range(1, 4), range(3), range(1, 4)))


def test_the_places_counted_are_those_of_the_formula_wherever_the_kernel_fits() -> None:
    short = 0
    for size, kernel, stride, padding, dilation in GRID:
        found = arithmetic.starts(size, kernel, stride, padding, dilation)
        formula = layers.conv_output_size(size, kernel, stride, padding, dilation)
        short += formula < 1
        assert len(found) == max(formula, 0)
    assert 0 < short < len(GRID) / 4


@pytest.mark.parametrize("numbers", GRID[::37])
def test_each_place_has_all_taps_and_each_cell_counts_its_places(numbers: tuple[int, ...]) -> None:
    size, kernel, _, padding, _ = numbers
    shown = arithmetic.places_state(*numbers)
    count = int(shown.counts[0])
    tapped = (shown.taps == arithmetic.TAP) | (shown.taps == arithmetic.TAP_ON_PADDING)
    assert tapped.sum(axis=1).tolist() == [kernel] * count + [0] * (arithmetic.COLUMNS - count)
    on_picture = (shown.taps == arithmetic.TAP).sum(axis=0)
    assert shown.used[:size].tolist() == on_picture[padding : padding + size].tolist()
    assert np.isnan(shown.used[size:]).all()
    texts = np.reshape(shown.tap_texts, shown.taps.shape)[:count]
    assert [set("".join(row)) - set("w0") for row in texts] == [set(arithmetic.SUBSCRIPTS[:kernel])] * count


@pytest.mark.parametrize(
    ("name", "count", "words"),
    [
        ("no padding", 6, "The 8 cells become 6"),
        ("as long as before", 8, "The output is as long as the input, 8"),
        ("halved", 4, "= 3.5, rounded down 3, and 1 for the place where it starts: 4"),
        ("a cell left over", 3, "Input cell 8 is never used"),
        ("gaps in the kernel", 2, "The kernel reaches over 7 of 8 cells"),
        ("gaps between the places", 3, "Input cells 3, 6 are never used"),
        ("does not fit", 0, "There is no place"),
    ],
)
def test_a_preset_of_the_places_shows_what_it_is_called(
    built: dict[str, Explorer], name: str, count: int, words: str
) -> None:
    shown = preset(built["output_arithmetic"], name)
    assert shown.state.counts.tolist() == [count, count]
    assert words in shown.sentence


def test_padding_makes_the_border_count_more_and_never_as_much_as_the_middle() -> None:
    bare, padded = (arithmetic.places_state(8, 3, 1, padding, 1).used for padding in (0, 1))
    assert bare[:8].tolist() == [1, 2, 3, 3, 3, 3, 2, 1]
    assert padded[:8].tolist() == [2, 3, 3, 3, 3, 3, 3, 2]


def test_a_wrong_size_is_the_second_bar_and_is_told() -> None:
    def forgets_the_first(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
        return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride

    shown = preset(widgets.output_arithmetic(forgets_the_first), "halved")
    assert shown.state.counts.tolist() == [4, 3]
    assert shown.state.wrong == 1
    assert shown.sentence.endswith("Your conv_output_size gives 3; 4 places are counted.")
    assert np.isnan(preset(widgets.output_arithmetic(), "halved").state.wrong)


# pooling_shift: what stays


def test_a_move_inside_the_window_changes_nothing_and_one_over_its_border_all(built: dict[str, Explorer]) -> None:
    shown = preset(built["pooling_shift"], "inside its window")
    assert shown.state.differences == pytest.approx([np.sqrt(2), 0, 0])
    assert "nothing differs" in shown.sentence
    shown = preset(built["pooling_shift"], "over the border")
    assert shown.state.differences == pytest.approx([np.sqrt(2)] * 3)
    assert "pooling hides nothing" in shown.sentence


def test_pooling_makes_a_move_of_a_digit_smaller_and_wider_windows_more_so(built: dict[str, Explorer]) -> None:
    narrow = preset(built["pooling_shift"], "a seven").state.differences
    wide = preset(built["pooling_shift"], "wider windows").state.differences
    assert narrow[0] > max(narrow[1:])
    assert min(narrow[1:]) > 0.4
    assert (wide[1:] < narrow[1:]).all()


def test_so_it_is_for_digits_on_average_and_neither_maxima_nor_means_are_always_the_steadier() -> None:
    found = {size: [] for size in (2, 4)}
    for x in digits().x_test[:100]:
        plane = np.zeros((1, 1, 12, 12))
        plane[0, 0, 2:10, 2:10] = x.reshape(8, 8)
        after = np.roll(plane, 1, axis=3)
        for size, rows in found.items():
            pooled = [
                (pool(plane, size, size), pool(after, size, size)) for pool in (layers.max_pool2d, layers.avg_pool2d)
            ]
            rows.append([np.linalg.norm(b - a) / np.linalg.norm(a) for a, b in [(plane, after), *pooled]])
    (pixels, maxima, means), (_, wide_maxima, wide_means) = (np.mean(rows, axis=0) for rows in found.values())
    assert pixels > 1.2 * max(maxima, means)
    assert maxima > wide_maxima
    assert means > 1.2 * wide_means
    assert maxima < means
    assert wide_maxima > wide_means


def test_no_maximum_sees_a_dark_point_and_one_mean_does(built: dict[str, Explorer]) -> None:
    shown = preset(built["pooling_shift"], "a dark point").state
    assert (shown.maxima == 1).all()
    assert sorted(shown.means.ravel())[:2] == [0.75, 1.0]


@pytest.mark.parametrize("picture", pooling.PICTURES)
@pytest.mark.parametrize("window", pooling.WINDOWS)
def test_the_outlined_windows_are_those_that_changed(picture: str, window: int) -> None:
    before, after = (pooling.pooled_state(picture, right, 0, window) for right in (0, 2))
    for values, boxes in (("maxima", "maxima_changed"), ("means", "means_changed")):
        changed = np.argwhere(np.abs(getattr(after, values) - getattr(before, values)) > 1e-9)
        outlined = getattr(after, boxes)
        assert outlined[np.isfinite(outlined[:, 0]), :2].tolist() == changed.tolist()
    assert np.isnan(before.maxima_changed).all()


def test_the_mean_in_place_of_the_maximum_is_seen_and_told() -> None:
    shown = preset(widgets.pooling_shift(layers.avg_pool2d), "a seven")
    assert shown.state.maxima == pytest.approx(shown.state.means)
    assert shown.sentence.startswith("Your max_pool2d differs from the course's at 11 of 36 windows.")


# feature_maps: a trained network


@pytest.fixture(scope="module")
def network() -> Any:
    return maps.opened(maps.recorded_network())


def test_the_recorded_network_reads_the_test_pictures(network: Any) -> None:
    assert sum(part.size for layer in network.layers for part in layer if isinstance(part, np.ndarray)) == 3818
    assert network.wrong <= 7
    x = digits().x_test.reshape(-1, 1, 8, 8)
    logits = layers.forward(x, network.layers)[-1]
    assert np.sum(logits.argmax(axis=1) != digits().y_test) == network.wrong


def test_the_forward_pass_is_that_of_the_definition(network: Any) -> None:
    x = network.pictures[:2, None]
    (_, w1, b1, *_), _, (_, w2, b2, *_), *_, (_, w3, b3) = network.layers
    h = np.maximum(loops_conv2d(x, w1, b1, padding=1), 0)
    h = np.maximum(loops_conv2d(h, w2, b2, padding=1), 0)
    h = h.reshape(2, 16, 4, 2, 4, 2).max(axis=(3, 5)).reshape(2, -1)
    assert layers.forward(x, network.layers)[-1] == pytest.approx(h @ w3.T + b3, abs=1e-9)


@pytest.mark.parametrize("off", [1, 6, 8, 9, 24])
def test_a_filter_that_is_off_answers_nothing_and_only_what_comes_after_it_changes(network: Any, off: int) -> None:
    whole, without = maps.inside_state(network, 10, 0), maps.inside_state(network, 10, off)
    which, channel = network.place(off)
    now = (without.first, without.second)[which]
    before = (whole.first, whole.second)[which]
    others = np.delete(np.arange(len(now)), channel)
    assert not now[channel].any()
    assert now[others] == pytest.approx(before[others])
    assert (without.first_names, without.second_names)[which][channel] == "off"
    if which == 1:
        assert without.first == pytest.approx(whole.first)
    assert without.whole == pytest.approx(whole.logits)
    assert without.off == off - 1


def test_what_a_filter_costs_is_counted_over_the_test_pictures(network: Any) -> None:
    x, labels = digits().x_test.reshape(-1, 1, 8, 8), digits().y_test
    for off in (6, 20):
        logits = maps.outputs_without(x, network.layers, network.shown, network.place(off))[-1]
        assert np.sum(logits.argmax(axis=1) != labels) == network.without[off - 1]


def test_filters_cost_very_different_amounts(network: Any) -> None:
    assert network.without.max() >= 3 * network.wrong
    assert network.without.min() <= network.wrong + 1


def test_without_its_costliest_filter_the_network_misreads_a_digit(built: dict[str, Explorer], network: Any) -> None:
    shown = preset(built["feature_maps"], "the costliest filter off")
    assert shown.values["off"] == network.without.argmax() + 1
    assert shown.state.whole.argmax() != shown.state.answer
    label = network.labels[shown.values["picture"] - 1]
    assert shown.state.whole.argmax() == label
    assert "where it said" in shown.sentence
    shown = preset(built["feature_maps"], "a filter to spare off")
    assert shown.state.whole.argmax() == shown.state.answer
    assert "as with all filters" in shown.sentence
    assert "it is wrong here" in preset(built["feature_maps"], "the hardest picture").sentence


def random_layers(seed: int, c1: int = 4, c2: int = 6) -> list[tuple[Any, ...]]:
    """An untrained network of another size, with a first stride and no padding."""
    rng = np.random.default_rng(seed)
    return [
        ("conv", rng.normal(size=(c1, 1, 3, 3)), rng.normal(size=c1), 1, 1),
        ("relu",),
        ("max_pool", 2, 2),
        ("conv", rng.normal(size=(c2, c1, 3, 3)), np.zeros(c2), 1, 0),
        ("relu",),
        ("flatten",),
        ("linear", rng.normal(size=(10, c2 * 4)), np.zeros(10)),
    ]


def test_the_student_s_network_is_the_one_that_is_shown() -> None:
    own = random_layers(0)
    shown = widgets.feature_maps(own)
    assert shown.spec["notice"] == ""
    assert shown.state.first.shape == (4, 8, 8)
    assert shown.state.second.shape == (6, 2, 2)
    logits = layers.forward(digits().x_test.reshape(-1, 1, 8, 8), own)[-1]
    assert f"it gets {np.sum(logits.argmax(axis=1) != digits().y_test)} wrong" in shown.sentence
    before = shown.state.logits.copy()
    own[-1][1][:] = 0
    assert shown.state.logits == pytest.approx(before)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (random_layers(0)[3:], "two convolutions"),
        (random_layers(0)[:-1], "expected (360, 10) finite numbers"),
        ([("conv",)], "two convolutions"),
        ([*random_layers(0)[:-1], ("softmax",)], "there is no layer 'softmax'"),
        (7, "cannot be shown"),
    ],
)
def test_a_network_that_cannot_be_shown_is_one_line_and_the_recorded_one_stays(broken: Any, words: str) -> None:
    shown = widgets.feature_maps(broken)
    assert words in shown.spec["notice"]
    assert shown.spec["notice"].endswith("You see a recorded one.")
    assert "\n" not in shown.spec["notice"]
    assert "A 3: the network says 3" in shown.sentence


@pytest.mark.slow
def test_the_script_beside_the_recorded_network_trains_it() -> None:
    with np.load(record.FILE) as stored:
        for name, array in record.train().items():
            assert stored[name] == pytest.approx(array, abs=1e-3), name


# receptive_field_painter: formula and gradient


def test_the_gradient_is_that_of_a_chain_of_convolutions_by_differences() -> None:
    listed = [(3, 2, 1), (2, 1, 3), (5, 2, 2)]

    def output(x: Array) -> float:
        y = x[None, None, None, :]
        for kernel, stride, dilation in listed:
            weight = np.full((1, 1, 1, kernel), 1 / kernel)
            row = loops_conv2d(np.concatenate([y, y], axis=2)[:, :, :1], weight, np.zeros(1), 1, 0, dilation)
            y = row[..., ::stride]
        assert y.size == 1
        return float(y[0, 0, 0, 0])

    grad = painter.gradient_along(listed)
    x = np.zeros(len(grad))
    measured = [output(x + np.eye(len(grad))[k]) - output(x) for k in range(len(grad))]
    assert grad == pytest.approx(np.array(measured), abs=1e-12)


@pytest.mark.parametrize("stride", painter.STRIDES)
@pytest.mark.parametrize("dilation", painter.DILATIONS)
@pytest.mark.parametrize("kernel", painter.KERNELS)
def test_the_gradient_reaches_as_far_as_the_formula_and_adds_up_to_1(kernel: int, stride: str, dilation: str) -> None:
    for depth in range(1, painter.MOST_LAYERS + 1):
        listed = painter.layers_of(depth, kernel, stride, dilation)
        grad = painter.gradient_along(listed)
        assert len(grad) == layers.receptive_field(listed)
        assert grad[0] > 0
        assert grad[-1] > 0
        assert grad.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "field", "seen", "core"),
    [
        ("three layers of 3 × 3", 7, 7, 5),
        ("a first stride of 2", 11, 11, 7),
        ("a bell", 25, 25, 9),
        ("gaps", 13, 7, 9),
        ("doubling, no gaps", 31, 31, 19),
    ],
)
def test_a_preset_of_the_receptive_field_has_the_numbers_of_the_text(
    built: dict[str, Explorer], name: str, field: int, seen: int, core: int
) -> None:
    shown = preset(built["receptive_field_painter"], name)
    lit = shown.state.picture > 0
    assert lit.sum() == seen**2
    assert np.ptp(np.argwhere(lit), axis=0).tolist() == [field - 1] * 2
    side = shown.state.boxes[:, 2] - shown.state.boxes[:, 0]
    assert side.tolist() == [field, core]
    inside = shown.state.boxes[0]
    rows, columns = np.nonzero(lit)
    assert (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1) == (*inside[[1, 3]], *inside[[0, 2]])
    assert f"Half of it lies in the middle {core} × {core}" in shown.sentence
    assert ("there are gaps" in shown.sentence) == (seen < field)


def test_half_of_the_gradient_lies_in_a_smaller_and_smaller_part_of_the_field() -> None:
    parts = []
    for depth in (1, 3, 6):
        grad = painter.gradient_along(
            painter.layers_of(depth, 5, *(choice[0] for choice in (painter.STRIDES, painter.DILATIONS)))
        )
        parts.append((painter.effective(grad) / len(grad)) ** 2)
        cut = (len(grad) - painter.effective(grad)) // 2
        assert grad[cut : len(grad) - cut].sum() ** 2 >= 0.5
        assert grad[cut + 1 : len(grad) - cut - 1].sum() ** 2 < 0.5
    assert parts[0] > parts[1] > parts[2]
    assert parts[2] < 0.15


def test_a_field_larger_than_the_picture_is_cut_and_told(built: dict[str, Explorer]) -> None:
    shown = built["receptive_field_painter"].set(
        layers=6, kernel=5, stride=painter.STRIDES[2], dilation=painter.DILATIONS[0]
    )
    assert "the formula gives 253" in shown.sentence
    assert "more than the 41 × 41 of this picture" in shown.sentence
    assert shown.state.picture.shape == (41, 41)


def test_a_formula_that_forgets_the_stride_draws_another_square_and_is_told() -> None:
    def no_jump(listed: list[tuple[int, int, int]]) -> int:
        return 1 + sum((kernel - 1) * dilation for kernel, _, dilation in listed)

    own = widgets.receptive_field_painter(no_jump)
    shown = preset(own, "a first stride of 2")
    assert shown.sentence.endswith("your receptive_field gives 7, but the pixels with a gradient reach over 11.")
    assert shown.state.boxes[0, 2] - shown.state.boxes[0, 0] == 7
    assert shown.state.growth[:3].tolist() == [3, 5, 7]
    assert shown.state.counted[:3].tolist() == [3, 7, 11]
    assert "your formula gives 7" in preset(own, "three layers of 3 × 3").sentence


# detection: two thresholds


PAIRS = list(itertools.product(detect.SCORES, detect.OVERLAPS))


@pytest.mark.parametrize(("score", "overlap"), PAIRS)
def test_kept_boxes_overlap_little_and_each_suppressed_one_has_a_better_one_over_it(
    score: float, overlap: float
) -> None:
    boxes, scores = detect.candidates()
    stay = detect.kept(score, overlap)
    together = layers.intersection_over_union(boxes, boxes)
    both = together[np.ix_(stay, stay)] - np.eye(stay.sum())
    assert (both <= overlap + 1e-12).all()
    for place in np.flatnonzero((scores >= score) & ~stay):
        assert (together[place, :place][stay[:place]] > overlap).any()
    assert not stay[scores < score].any()


def test_the_candidates_are_those_of_the_detector_on_the_photograph() -> None:
    boxes, scores = detect.candidates()
    assert (np.diff(scores) <= 0).all()
    assert 0.5 <= scores.min() <= scores.max() <= 1
    assert len(scores) > 100
    rows, columns = detect.portrait().shape[1:3]
    assert columns == detect.COLUMNS
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    assert (middle > 0).all()
    assert (middle < [columns, rows]).all()


@pytest.mark.parametrize(
    ("name", "above", "stay", "words"),
    [
        ("one face, one box", 28, 1, "one box for one face"),
        ("nothing suppressed", 28, 28, "all on the face"),
        ("the same face again", 28, 8, "all on the face. The face is found more than once"),
        ("a low score", 145, 14, "4 on the face and 10 elsewhere"),
        ("no overlap at all", 145, 6, "1 on the face and 5 elsewhere"),
    ],
)
def test_a_preset_of_the_detection_has_the_numbers_of_the_text(
    built: dict[str, Explorer], name: str, above: int, stay: int, words: str
) -> None:
    shown = preset(built["detection"], name)
    assert np.isfinite(shown.state.kinds).sum() == above
    assert (shown.state.kinds == 0).sum() == stay == shown.state.count
    assert words in shown.sentence
    assert shown.sentence.startswith(f"{above} of 145 boxes score at least")


def test_the_photograph_is_stored_once(built: dict[str, Explorer]) -> None:
    fields = built["detection"].baked.fields
    assert fields["picture"]["strides"] == fields["boxes"]["strides"] == [0, 0]
    assert fields["picture"]["type"] == "u1"
    assert built["detection"].baked.gzipped < 60_000


def test_a_student_s_suppression_chooses_the_boxes_and_is_told_when_it_differs() -> None:
    def keeps_all(boxes: Array, scores: Array, threshold: float) -> Array:
        return np.argsort(-scores)

    shown = preset(widgets.detection(keeps_all), "one face, one box")
    assert shown.spec["notice"] == ""
    assert (shown.state.kinds == 0).sum() == 28
    assert "28 stay by your function, where 1 should: 27 boxes differ." in shown.sentence
    assert shown.state.reference[2] == 1


def test_the_worst_first_is_not_the_best_first() -> None:
    def worst_first(boxes: Array, scores: Array, threshold: float) -> Array:
        return layers.non_maximum_suppression(boxes, -scores, threshold)

    assert "should" in preset(widgets.detection(worst_first), "one face, one box").sentence


def gives(answer: Callable[[int], Any]) -> Callable[..., Any]:
    def non_maximum_suppression(boxes: Array, scores: Array, threshold: float) -> Any:
        return answer(len(scores))

    return non_maximum_suppression


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (lambda n: None, "returned None; it needs a return line"),
        (lambda n: np.ones(n), "expected the indices of the kept boxes"),
        (lambda n: [[0, 1]], "expected the indices of the kept boxes"),
        (lambda n: [0, n], "returned the index 145; there are 145 boxes"),
        (lambda n: [0, -1], "returned the index -1"),
        (lambda n: [3, 3], "returned the same box twice"),
        (lambda n: 1 / 0, "raised ZeroDivisionError"),
    ],
)
def test_an_answer_that_names_no_boxes_is_one_line_and_the_reference_stays(
    answer: Callable[[int], Any], trouble: str
) -> None:
    shown = preset(widgets.detection(gives(answer)), "one face, one box")
    assert trouble in shown.spec["notice"]
    assert shown.spec["notice"].endswith("Until it works you see the reference.")
    assert "one box for one face" in shown.sentence


def test_an_empty_answer_is_an_answer() -> None:
    shown = preset(widgets.detection(gives(lambda n: [])), "one face, one box")
    assert shown.spec["notice"] == ""
    assert "0 stay by your function" in shown.sentence


def test_a_student_function_is_not_called_where_there_is_none() -> None:
    assert not StudentFunction(None, "conv2d")
    assert not detect.KeptBy(None).own
