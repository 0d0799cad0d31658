"""Every number that chapter 4 says in its prose, computed."""

import importlib
import json
import re

import numpy as np
import pytest

from autograder.engine import catalogue
from course.weights import pnet
from course.widgets.ch04_cnn import record_candidates
from tests.chapter_runs import prose, run
from tests.conftest import ROOT

CHAPTER = "ch04_cnn"


def widget(name):
    """The module of a widget; the package has the function of the same name."""
    return importlib.import_module(f"course.widgets.{CHAPTER}.{name}")


@pytest.fixture(scope="module")
def cells():
    return run(CHAPTER)[0]


def said(text):
    """Whether the prose holds these words."""
    return " ".join(text.split()) in prose(CHAPTER)


def test_the_prose_is_searched_and_not_merely_trusted():
    assert said("dilation set the size")
    assert not said("the kernel of 7 × 9")


def test_the_table_of_sections_adds_up():
    rows = re.findall(r"\| (4\.\d+) [^|]+\| [^|]+\| (\d+) min \|(?: (\d+) min)? \|", prose(CHAPTER))
    assert [section for section, _, _ in rows] == [f"4.{k}" for k in range(1, 11)]
    exercises = {section: int(minutes or 0) for section, _, minutes in rows}
    wanted = dict.fromkeys(exercises, 0)
    for entry in catalogue.entries(CHAPTER):
        wanted[entry.section] += entry.minutes
    assert exercises == wanted
    reading = sum(int(minutes) for _, minutes, _ in rows)
    assert said(f"That is {reading} minutes of reading and {sum(exercises.values())} of exercises")


# 4.1 and 4.2


def test_the_colours_of_the_portrait(cells):
    picture = cells["picture"]
    assert picture.shape == (3, 234, 200)
    assert [f"{picture[channel, 90, 100]:.2f}" for channel in (0, 2)] == ["0.96", "0.58"], "the cheek"
    assert [f"{picture[channel, 50, 180]:.2f}" for channel in (0, 2)] == ["0.33", "0.75"], "the background"
    assert picture[:, 15, 100].min() > 0.93, "the cap"
    assert said("The cheek is bright in the red channel, 0.96, and less so in the blue one, 0.58.")
    assert said("The background is the other way round, 0.33 and 0.75.")


def test_bytes_wrap_around(cells):
    assert (cells["light"] + cells["lamp"]).tolist() == [300 - 256] == [44]


def test_the_weights_of_a_fully_connected_layer_and_of_a_convolution(cells):
    assert 1000 * cells["pixels"] == 150_528_000
    assert said("150,528,000 weights")
    assert 64 * (3 * 3 * 3 + 1) == 1792
    assert said("1,792, and the size of the picture does not come into it.")


def test_one_pixel_halves_what_the_mlp_reads(cells):
    assert cells["mlp_right"] == pytest.approx(0.98, abs=0.012)
    assert cells["mlp_moved"] == pytest.approx(0.5, abs=0.08)
    assert said("About 98 % of the test pictures are right, and about half of them when they are moved")
    assert said("It reads about 98 % of the test pictures right. How many of the moved ones")
    assert np.bincount(cells["y_test"]).max() < 0.12 * len(cells["y_test"]), "one in ten is guessing"


def test_the_edge_by_hand(cells):
    assert cells["slide"](cells["edge"], cells["upright"]).tolist() == [[0, 2, 0], [0, 2, 0]]
    assert not cells["slide"](cells["edge"], cells["upright"].T).any()


def test_a_turned_kernel_sees_another_corner(cells):
    slide, counted, corner = cells["slide"], cells["counted"], cells["corner"]
    assert slide(counted, corner).tolist() == [[0, 1], [3, 4]]
    assert slide(counted, corner[::-1, ::-1]).tolist() == [[4, 5], [7, 8]]
    assert said("the one at the top left as PyTorch does it, the one at the bottom right when the kernel is turned")


def test_the_kernels_of_the_widget_do_what_the_text_says():
    kernels = widget("sliding_kernel").KERNELS
    for name in ("one pixel to the left", "blur", "upright edges", "level edges"):
        assert said(f"**{name}**"), name
        total = 0 if name.endswith("edges") else 1
        assert sum(kernels[name]) == pytest.approx(total), name
    assert kernels["one pixel to the left"] == (0, 0, 0, 0, 0, 1, 0, 0, 0), "a 1 to the right of the centre"
    assert widget("sliding_kernel").slide_state("a seven", kernels["blur"], 1).output.shape == (6, 6)
    assert said("the output has 6 × 6 cells, although the picture has 8 × 8")


def test_edges_of_the_temple_and_none_in_its_sky(cells):
    sky = (slice(5, 30), slice(110, 190))
    for kernel in (cells["upright_edges"], cells["upright_edges"].T):
        answer = np.abs(cells["slide"](cells["grey"], kernel))
        assert answer[sky].max() < 0.3
        assert answer.max() > 2
    assert cells["same"] == 0, "a moved picture gives a moved output"


# 4.3 and 4.4


def test_the_sizes_by_hand(cells):
    size = cells["conv_output_size"]
    assert (size(7, 3, stride=2), size(6, 3, stride=2)) == (3, 2)
    assert size(7, 3, dilation=2) == 3
    assert size(224, 7, stride=2, padding=3) == 112
    assert said("a kernel of 3 has 3 places on 7 pixels, and the first layer of ResNet turns 224 pixels into 112")
    for kernel in (1, 3, 5, 7):
        assert size(20, kernel, padding=(kernel - 1) // 2) == 20


def test_the_presets_of_the_output_widget():
    arithmetic = widget("output_arithmetic")
    counts = {name: arithmetic.places_state(**preset) for name, preset in arithmetic.PRESETS.items()}
    for name in ("no padding", "as long as before", "halved", "a cell left over", "gaps in the kernel", "does not fit"):
        assert said(f"**{name}**"), name
    wanted = {"no padding": 6, "as long as before": 8, "halved": 4, "a cell left over": 3, "does not fit": 0}
    assert {name: counts[name].counts[0] for name in wanted} == wanted
    assert counts["a cell left over"].used.tolist()[7] == 0, "cell 8 is never used"
    plain = counts["no padding"].used
    assert plain[0] < plain[3]


def test_a_bias_comes_once(cells):
    y = cells["conv2d"](np.ones((1, 3, 4, 4)), np.zeros((1, 3, 3, 3)), np.ones(1))
    assert (y == 1).all()


def test_the_loops_and_the_fast_layer_agree(cells):
    assert cells["conv2d"](cells["x"][:0], cells["weight"], cells["bias"]).shape[0] == 0
    rng = np.random.default_rng(1)
    x, weight, bias = rng.normal(size=(2, 3, 6, 7)), rng.normal(size=(4, 3, 3, 2)), rng.normal(size=4)
    assert cells["conv2d"](x, weight, bias) == pytest.approx(cells["conv2d_by_loops"](x, weight, bias), abs=1e-12)


def test_the_columns_by_hand(cells):
    columns = cells["im2col"](cells["counted"][None, None], (2, 2))[0]
    assert columns.tolist() == [[0, 1, 3, 4], [1, 2, 4, 5], [3, 4, 6, 7], [4, 5, 7, 8]]
    assert cells["columns"].size / cells["y_by_loops"][:, 0].size == 3 * 9


def test_the_convolution_as_a_layer_has_nine_different_weights(cells):
    layer = cells["as_a_layer"]
    assert (layer.size, np.count_nonzero(layer), len(np.unique(layer[layer != 0]))) == (225, 81, 9)
    assert said("225 weights, 81 that are not 0, and nine different numbers.")


# 4.5 and 4.6


def test_one_row_backward_by_hand(cells):
    found = cells["conv2d_backward"](np.array([[[[10.0, 1.0]]]]), cells["row"], cells["row_kernel"])
    assert [grad.ravel().tolist() for grad in found] == [[40, 54, 5], [12, 23], [11]]


def test_overlaps_are_counted(cells):
    assert cells["col2im"](np.ones((1, 4, 4)), (3, 3), (2, 2))[0, 0].tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]


def test_the_gradient_agrees_with_nudging(cells):
    assert set(cells["gradient_errors"]) == {"x", "weight", "bias"}
    assert max(cells["gradient_errors"].values()) < 1e-8


def test_the_pooling_by_hand(cells):
    assert cells["max_pool2d"](cells["trial"], 2, 2)[0, 0].tolist() == [[4, 2], [2, 7]]
    assert cells["avg_pool2d"](cells["trial"], 2, 2)[0, 0].tolist() == [[2.5, 1], [1.25, 5.5]]
    assert cells["avg_pool2d"](np.ones((1, 1, 2, 2)), 3, 1, padding=1)[0, 0].round(3).tolist() == [[0.444] * 2] * 2


def test_the_way_back_through_the_winner(cells):
    backward = cells["max_pool2d_backward"]
    middle = backward(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), cells["peak"], 2, 1)[0, 0]
    assert middle.tolist() == [[0, 0, 0], [0, 10, 0], [0, 0, 0]]
    ties = backward(np.full((1, 1, 1, 1), 3.0), np.ones((1, 1, 2, 2)), 2, 2)[0, 0]
    assert ties.tolist() == [[3, 0], [0, 0]]


def test_the_presets_of_the_pooling_widget():
    pooling = widget("pooling_shift")
    found = {name: pooling.pooled_state(**preset).differences for name, preset in pooling.PRESETS.items()}
    for name in found:
        assert said(f"**{name}**"), name
    assert found["inside its window"][1] == 0
    assert found["over the border"][1] == pytest.approx(found["over the border"][0])
    pixels, of_two, of_four = found["a seven"][0], found["a seven"][1], found["wider windows"][1]
    assert said(f"the pixels change by {100 * pixels:.0f} %, the maxima of 2 × 2 by {100 * of_two:.0f} %")
    assert said(f"those of 4 × 4 by {100 * of_four:.0f} %")
    before, after = (pooling.moved("a seven", right, 0) for right in (0, 1))
    assert pixels == pytest.approx(np.linalg.norm(after - before) / np.linalg.norm(before))
    assert said("the length of the difference, as a share of the length before the move")
    assert (pooling.pooled_state(**pooling.PRESETS["a dark point"]).maxima[:6, :6] == 1).all()


# 4.7


def test_the_receptive_fields_by_hand_and_by_gradient(cells):
    field = cells["receptive_field"]
    assert [field([(3, 1, 1)] * k) for k in (1, 2, 3)] == [3, 5, 7]
    assert [field([(3, 2, 1)] + [(3, 1, 1)] * k) for k in (0, 1, 2)] == [3, 7, 11]
    assert field([(3, 2, 1)]) == 1 + (3 - 1) * 1, "the jump from before this layer is 1, not its stride"
    assert said("The jump in the first formula is the one from *before* this layer.")
    assert field([(5, 1, 1)]) == 5
    for layers in ([(3, 1, 1)] * 3, [(3, 2, 1), (3, 1, 1), (3, 1, 1)]):
        grad = cells["pixels_that_matter"](layers, np.random.default_rng(3))
        assert np.count_nonzero(grad.any(axis=0)) == np.count_nonzero(grad.any(axis=1)) == field(layers)


def test_the_presets_of_the_receptive_field_painter():
    painter = widget("receptive_field_painter")
    for name in painter.PRESETS:
        assert said(f"**{name}**"), name
    bell = painter.gradient_along([(5, 1, 1)] * 6)
    assert (len(bell), painter.effective(bell)) == (25, 9)
    gaps = painter.gradient_along([(3, 1, 2)] * 3)
    assert (len(gaps), np.count_nonzero(gaps) ** 2, len(gaps) ** 2) == (13, 49, 169)
    doubling = painter.gradient_along([(3, 1, 2**k) for k in range(4)])
    assert len(doubling) == np.count_nonzero(doubling) == 31


# 4.8


def test_the_parameters_of_the_digits_network(cells):
    sizes = [array.size for array in cells["parameters_of"](cells["digits_cnn"])]
    assert [sum(sizes[k : k + 2]) for k in (0, 2, 4)] == [80, 1168, 2570]
    assert sum(sizes) == 3818
    assert 512 * 1024 + 1024 == 525_312
    assert said("512 · 1,024 + 1,024 = 525,312")


def test_the_network_reads_digits_and_suffers_less_from_a_move(cells):
    assert cells["cnn_right"] > 0.975
    assert abs(cells["cnn_right"] - cells["mlp_right"]) < 0.015
    assert cells["cnn_moved"] == pytest.approx(0.75, abs=0.1)
    assert cells["cnn_moved"] > cells["mlp_moved"] + 0.1


def test_the_gradients_of_a_whole_network_are_those_of_its_loss(cells):
    rng = np.random.default_rng(2)
    layers = cells["draw_digits_cnn"](rng)
    x, labels = rng.normal(size=(3, 1, 8, 8)), np.array([3, 0, 7])
    _, gradients = cells["cnn_gradients"](layers, x, labels)
    for parameter, grad in zip(cells["parameters_of"](layers), gradients, strict=True):
        direction = rng.normal(size=parameter.shape)
        losses = []
        for sign in (1, -1):
            parameter += sign * 1e-6 * direction
            losses.append(cells["cnn_gradients"](layers, x, labels)[0])
            parameter -= sign * 1e-6 * direction
        assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(np.sum(grad * direction), rel=1e-4, abs=1e-7)


def test_deeper_maps_answer_at_fewer_places(cells):
    outputs = cells["cnn_forward"](cells["pictures_test"], cells["digits_cnn"])
    assert np.mean(outputs[1] == 0) == pytest.approx(0.25, abs=0.06)
    assert np.mean(outputs[3] == 0) == pytest.approx(0.5, abs=0.08)


def test_some_filters_are_missed_and_others_not(cells):
    maps = widget("feature_maps")
    network = maps.opened(cells["digits_cnn"])
    assert network.without.max() > 2 * network.wrong
    assert network.without.min() <= network.wrong
    assert np.median(network.without) <= network.wrong + 3
    assert np.sum(network.without <= network.wrong) >= 2, "some are not missed at all"
    logits = cells["cnn_forward"](cells["pictures_test"], cells["digits_cnn"])[-1]
    right = logits[np.arange(len(logits)), cells["y_test"]]
    others = np.where(np.eye(10, dtype=bool)[cells["y_test"]], -np.inf, logits).max(axis=1)
    hardest = network.pictures[maps._presets(network)["the hardest picture"]["picture"] - 1]
    assert np.array_equal(hardest, cells["pictures_test"][np.argmin(right - others), 0])
    assert said("In the hardest picture the right digit does worst against the others")
    for name in maps._presets(network):
        assert said(f"**{name}**"), name


def test_shuffled_pixels_hurt_the_cnn_alone(cells):
    mlp, cnn = cells["mlp_accuracies"], cells["cnn_accuracies"]
    assert mlp.shape == cnn.shape == (6, 2)
    assert said("The cell does all of this six times over; it is the slowest of this chapter.")
    assert np.abs(mlp[:, 0] - mlp[:, 1]).max() <= 0.02
    assert (cnn[:, 0] - cnn[:, 1]).min() >= 0.05
    assert cnn[:, 0].min() > mlp.max(), "each begins above"
    assert cnn[:, 1].max() < mlp.min(), "and ends below"
    assert mlp.mean(axis=0) == pytest.approx([0.85, 0.85], abs=0.015)
    assert cnn.mean(axis=0) == pytest.approx([0.88, 0.78], abs=0.015)
    assert said("The MLP reads about 85 % either way, and no trial differs by more than two points")
    assert said("The CNN reads about 88 % as written and 78 % shuffled, and loses at least five points in every trial.")


# 4.9


def test_overlaps_by_hand(cells):
    found = cells["intersection_over_union"](cells["one_box"], cells["others"])
    assert found.tolist() == [[pytest.approx(1 / 7), 0.5, 0]]
    assert f"{1 / 7:.3f}" == "0.143"
    between = cells["intersection_over_union"](cells["three"], cells["three"]).round(3)
    assert (between[0, 1], between[0, 2], between[1, 2]) == (0.667, 0.333, 0.538)
    assert cells["non_maximum_suppression"](cells["three"], np.array([0.9, 0.8, 0.7]), 0.5).tolist() == [0, 2]


def test_the_table_of_the_face_detector(cells):
    layers = [(3, 1, 1), (2, 2, 1), (3, 1, 1), (3, 1, 1), (1, 1, 1)]
    assert [cells["receptive_field"](layers[:k]) for k in range(6)] == [1, 3, 4, 8, 12, 12]
    assert said("A window of 12 pixels on a copy with 25 columns is a window of 96 pixels on the photograph with 200.")
    assert 12 * 200 / 25 == 96


def recorded():
    found = json.loads((ROOT / "course/widgets/ch04_cnn/candidates.json").read_text(encoding="utf-8"))
    assert (found["photograph"], found["width"]) == ("portrait", 200)
    return np.array(found["boxes"]), np.array(found["scores"])


def found_live(cells):
    weights = pnet()
    if weights is None:
        pytest.skip("the optional weights of P-Net are not installed")
    return cells["find_candidates"]("portrait", 200, (80, 60, 45, 34, 25, 19), weights)


@pytest.mark.parametrize("source", ["recorded", "live"])
def test_one_face_is_left_of_145_candidates(cells, source):
    boxes, scores = recorded() if source == "recorded" else found_live(cells)
    suppress, overlap = cells["non_maximum_suppression"], cells["intersection_over_union"]
    assert len(scores) == 145
    assert scores.min() > 0.5
    kept = suppress(boxes, scores, 0.3)
    assert (len(kept), int(np.sum(scores[kept] > 0.9))) == (14, 7)
    only = suppress(boxes, scores, 0.2)
    (face,) = only[scores[only] > 0.99]
    assert said("In the last picture the face alone is left.")
    x0, y0, x1, y1 = boxes[face]
    assert 50 < x0 < 80, "the face as one sees it in the figure"
    assert 120 < x1 < 150
    assert 30 < y0 < 60
    assert 115 < y1 < 140
    sure = kept[scores[kept] > 0.9]
    left_eye, right_eye = (np.array([x, 75.0]) for x in (80, 118))
    found = []
    for eye in (left_eye, right_eye):
        around = [k for k in sure[1:] if (boxes[k, :2] < eye).all() and (boxes[k, 2:] > eye).all()]
        found.append([f"{overlap(boxes[[face]], boxes[[k]])[0, 0]:.2f}" for k in around])
    assert found == [["0.25"], ["0.25"]]


def test_the_recording_is_what_the_weights_give(cells):
    boxes, scores = found_live(cells)
    assert recorded()[0] == pytest.approx(boxes, abs=1e-4)
    assert recorded()[1] == pytest.approx(scores, abs=1e-6)
    weights = pnet()
    assert weights is not None
    again, _ = record_candidates.candidates(weights)
    assert again == pytest.approx(boxes, abs=1e-9)
    assert sum(array.size for array in weights.values()) == 6632
    assert said("with 6,632 weights")


def test_the_face_detector_equals_pytorch(cells):
    torch = pytest.importorskip("torch")
    weights = pnet()
    if weights is None:
        pytest.skip("the optional weights of P-Net are not installed")
    tensors = {name: torch.tensor(array, dtype=torch.float64) for name, array in weights.items()}
    functional = torch.nn.functional
    for rows in (30, 31):  # the pooling rounds up
        picture = np.random.default_rng(rows).uniform(size=(rows, 27, 3))
        x = torch.tensor((255 * picture.transpose(2, 0, 1)[None] - 127.5) / 128)
        for k in (1, 2, 3):
            x = functional.conv2d(x, tensors[f"conv{k}.weight"], tensors[f"conv{k}.bias"])
            x = functional.prelu(x, tensors[f"prelu{k}.weight"])
            if k == 1:
                x = functional.max_pool2d(x, 2, 2, ceil_mode=True)
        face = torch.softmax(functional.conv2d(x, tensors["conv4_1.weight"], tensors["conv4_1.bias"]), dim=1)[0, 1]
        moves = functional.conv2d(x, tensors["conv4_2.weight"], tensors["conv4_2.bias"])[0]
        found = cells["pnet_forward"](picture, weights)
        assert found[0] == pytest.approx(face.numpy(), abs=1e-12)
        assert found[1] == pytest.approx(moves.numpy(), abs=1e-12)


def test_the_presets_of_the_detection_widget():
    detection = widget("detection")
    boxes, scores = detection.candidates()
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    on_the_face = ((middle > boxes[0, :2]) & (middle < boxes[0, 2:])).all(axis=1)
    assert on_the_face[scores >= 0.99].all()
    assert np.sum(on_the_face & detection.kept(0.5, 0.3)) < 14 / 2, "most of them beside the face"
    for name in detection.PRESETS:
        assert said(f"**{name}**"), name
    assert np.sum(scores >= 0.99) == 28
    counts = {name: int(detection.kept(**preset).sum()) for name, preset in detection.PRESETS.items()}
    assert counts["nothing suppressed"] == 28
    assert counts["the same face again"] == 8
    assert counts["one face, one box"] == 1
    assert counts["a low score"] == 14
    assert counts["no overlap at all"] == 6
    assert said("If an IoU of 0.7 is allowed, 8 stay; with 0.2, one.")
    assert said("With a least score of 0.5 there are 14")
    assert said("6 of 145 stay")


def test_the_presets_of_the_size_arithmetic_are_answered_in_the_text(cells):
    size = cells["conv_output_size"]
    assert size(8, 3, dilation=3) == 2
    assert size(4, 3, dilation=2) == 0
    assert said("With dilation 3 the kernel reaches over 7 cells and has 2 places; a reach of 5 on 4 cells has none")
