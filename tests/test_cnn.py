"""The ready-made convolutional network: its scores and gradients are PyTorch's, and it learns."""

import numpy as np
import pytest
import torch

from course import cnn
from course.data import digits


@pytest.fixture
def small():
    rng = np.random.default_rng(0)
    parameters = cnn.draw_parameters(6, 5, rng, channels=(3, 4), hidden=7)
    return {name: array + rng.normal(0, 0.1, array.shape) for name, array in parameters.items()}  # in float64


def torch_logits(p, x):
    functional = torch.nn.functional
    a = functional.relu(functional.conv2d(x[:, None], p["conv1.weight"], p["conv1.bias"], padding=1))
    a = functional.relu(functional.conv2d(a, p["conv2.weight"], p["conv2.bias"], padding=1))
    a = functional.max_pool2d(a, 2).permute(0, 2, 3, 1).flatten(1)  # this network flattens with the channels last
    a = functional.relu(functional.linear(a, p["hidden.weight"], p["hidden.bias"]))
    return functional.linear(a, p["head.weight"], p["head.bias"])


def test_scores_loss_and_every_gradient_are_those_of_pytorch(small):
    rng = np.random.default_rng(1)
    x, labels = rng.normal(size=(4, 6, 6)), rng.integers(0, 5, 4)
    loss, gradients = cnn.loss_and_gradients(small, x, labels)
    theirs = {name: torch.tensor(array, requires_grad=True) for name, array in small.items()}
    scores = torch_logits(theirs, torch.tensor(x))
    right = torch.nn.functional.cross_entropy(scores, torch.tensor(labels))
    right.backward()
    np.testing.assert_allclose(cnn.logits(small, x), scores.detach().numpy(), atol=1e-12)
    assert loss == pytest.approx(right.item())
    assert list(gradients) == list(small)
    for name, tensor in theirs.items():
        np.testing.assert_allclose(gradients[name], tensor.grad.numpy(), atol=1e-12, err_msg=name)


@pytest.mark.parametrize("layer", cnn.LAYERS)
def test_the_way_back_may_end_early_and_the_rest_is_the_same(small, layer):
    rng = np.random.default_rng(1)
    x, labels = rng.normal(size=(4, 6, 6)), rng.integers(0, 5, 4)
    loss, every = cnn.loss_and_gradients(small, x, labels)
    names = [f"{one}.weight" for one in cnn.LAYERS[cnn.LAYERS.index(layer) :]]
    same_loss, some = cnn.loss_and_gradients(small, x, labels, names)
    assert same_loss == loss
    assert list(some) == names
    assert all(np.array_equal(some[name], every[name]) for name in names)


def test_nothing_that_is_handed_in_is_changed(small):
    x, labels = np.random.default_rng(1).normal(size=(4, 6, 6)), np.arange(4)
    before = {name: array.copy() for name, array in small.items()}, x.copy()
    cnn.loss_and_gradients(small, x, labels)
    assert np.array_equal(x, before[1])
    assert all(np.array_equal(small[name], before[0][name]) for name in small)


def test_it_learns_digits():
    data = digits()
    parameters = cnn.draw_parameters(8, 10, np.random.default_rng(0))
    x, labels = data.x_train[:500].reshape(-1, 8, 8), data.y_train[:500]
    rng = np.random.default_rng(0)
    for _ in range(300):
        chosen = rng.integers(0, 500, 32)
        _, gradients = cnn.loss_and_gradients(parameters, x[chosen], labels[chosen])
        parameters = {name: array - 0.1 * gradients[name] for name, array in parameters.items()}
    assert cnn.features(parameters, x[:3]).shape == (3, 64)
    assert cnn.accuracy(parameters, data.x_test.reshape(-1, 8, 8), data.y_test) > 0.88
