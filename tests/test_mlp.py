"""The ready network of chapter 2: its gradients are PyTorch's."""

import numpy as np
import pytest

from course import mlp


@pytest.mark.parametrize("sizes", [[5, 3], [5, 4, 3], [5, 7, 6, 3]])
def test_loss_and_gradients_are_those_of_pytorch(sizes):
    import torch

    rng = np.random.default_rng(0)
    parameters = mlp.draw_parameters(sizes, rng)
    parameters = [one + 0.1 * rng.normal(size=one.shape) for one in parameters]
    x, labels = rng.normal(size=(8, 5)), rng.integers(0, 3, 8)
    loss, gradients = mlp.loss_and_gradients(parameters, x, labels)

    tensors = [torch.tensor(one, requires_grad=True) for one in parameters]
    h = torch.from_numpy(x)
    for layer in range(0, len(tensors), 2):
        h = torch.nn.functional.linear(torch.relu(h) if layer else h, tensors[layer], tensors[layer + 1])
    wanted = torch.nn.functional.cross_entropy(h, torch.from_numpy(labels))
    wanted.backward()
    assert loss == pytest.approx(wanted.item(), rel=1e-12)
    for ours, tensor in zip(gradients, tensors, strict=True):
        assert np.allclose(ours, tensor.grad.numpy(), rtol=1e-10, atol=1e-12)
    assert np.allclose(mlp.logits(parameters, x), h.detach().numpy())


def test_accuracy_counts_right_answers():
    parameters = [np.eye(3), np.zeros(3)]
    assert mlp.accuracy(parameters, np.eye(3), np.array([0, 1, 0])) == pytest.approx(2 / 3)
