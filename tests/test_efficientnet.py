"""EfficientNet-lite0 in NumPy: equal to the same network in PyTorch's own functions."""

import numpy as np
import pytest
import torch

from course import efficientnet
from course.data import photograph
from course.weights import efficientnet_lite0

KINDS = ((1, 3, 1), (2, 3, 2), (2, 5, 2), (3, 3, 2), (3, 5, 1), (4, 5, 2), (1, 3, 1))
"""The paper's table: how many blocks, their kernel, the stride of the first of them."""


@pytest.fixture(scope="module")
def weights():
    found = efficientnet_lite0()
    if found is None:
        pytest.skip("the optional weights are not installed")
    return found


def torch_logits(weights, pictures):
    """The network from the paper's table, with separate batch norms."""
    functional = torch.nn.functional
    w = {name: torch.tensor(array) for name, array in weights.items()}

    def layer(x, conv, norm, stride=1, groups=1):
        weight = w[f"{conv}.weight"]
        around = []
        for length in (x.shape[3], x.shape[2]):
            total = max((-(-length // stride) - 1) * stride + weight.shape[-1] - length, 0)
            around += [total // 2, total - total // 2]
        x = functional.conv2d(functional.pad(x, around), weight, stride=stride, groups=groups)
        statistics = w[f"{norm}.running_mean"], w[f"{norm}.running_var"]
        return functional.batch_norm(x, *statistics, w[f"{norm}.weight"], w[f"{norm}.bias"], eps=1e-3)

    x = functional.relu6(
        layer((torch.tensor(pictures, dtype=torch.float32) * 255 - 127) / 128, "_conv_stem", "_bn0", 2)
    )
    k = 0
    for repeats, kernel, first_stride in KINDS:
        for repeat in range(repeats):
            prefix, before = f"_blocks.{k}.", x
            if k > 0:
                x = functional.relu6(layer(x, f"{prefix}_expand_conv", f"{prefix}_bn0"))
            assert w[f"{prefix}_depthwise_conv.weight"].shape[-1] == kernel
            stride = 1 if repeat else first_stride
            x = functional.relu6(layer(x, f"{prefix}_depthwise_conv", f"{prefix}_bn1", stride, x.shape[1]))
            x = layer(x, f"{prefix}_project_conv", f"{prefix}_bn2")
            x = x + before if repeat else x
            k += 1
    x = functional.relu6(layer(x, "_conv_head", "_bn1")).mean(dim=(2, 3))
    return functional.linear(x, w["_fc.weight"], w["_fc.bias"]).numpy()


@pytest.mark.parametrize(("height", "width"), [(64, 64), (50, 71)])
def test_scores_are_those_of_pytorch(weights, height, width):
    pictures = np.random.default_rng(0).random((2, 3, height, width))
    np.testing.assert_allclose(efficientnet.logits(weights, pictures), torch_logits(weights, pictures), atol=1e-4)


def test_it_sees_a_uniform(weights):
    square = photograph("portrait", 224)[19:243].transpose(2, 0, 1)
    assert efficientnet.logits(weights, square[None]).argmax() == 652, "military uniform"


def test_features_are_float32_and_do_not_depend_on_the_batch(weights):
    pictures = np.random.default_rng(1).random((3, 3, 32, 32))
    together = efficientnet.features(weights, pictures)
    assert together.shape == (3, 1280)
    assert together.dtype == np.float32
    np.testing.assert_allclose(efficientnet.features(weights, pictures[1:2]), together[1:2], atol=1e-5)


def test_drawn_weights_have_the_same_shapes_and_live(weights):
    drawn = efficientnet.draw_weights(weights, np.random.default_rng(0))
    assert {name: array.shape for name, array in drawn.items()} == {name: a.shape for name, a in weights.items()}
    assert all(array.dtype == np.float32 for array in drawn.values())
    found = efficientnet.features(drawn, np.random.default_rng(1).random((2, 3, 64, 64)))
    assert found.std() > 0.01
