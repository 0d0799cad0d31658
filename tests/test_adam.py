"""The optimiser that chapters share takes the same steps as PyTorch's."""

import numpy as np
import torch

from course.adam import Adam


def test_ten_steps_are_those_of_pytorch():
    rng = np.random.default_rng(0)
    ours = [rng.normal(size=(3, 4)), rng.normal(size=2)]
    theirs = [torch.nn.Parameter(torch.tensor(one)) for one in ours]
    adam, reference = Adam(ours, 0.03), torch.optim.Adam(theirs, lr=0.03)
    for step in range(10):
        gradients = [rng.normal(size=one.shape) for one in ours]
        if step == 5:
            adam.learning_rate = reference.param_groups[0]["lr"] = 0.01
        adam.step(gradients)
        for parameter, grad in zip(theirs, gradients, strict=True):
            parameter.grad = torch.tensor(grad)
        reference.step()
    for own, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(own, other.detach().numpy(), rtol=1e-10)


def test_a_step_changes_the_arrays_themselves():
    weight = np.ones(3)
    Adam([weight], 0.1).step([np.array([5.0, -1e-3, 2.0])])
    assert np.allclose(weight, [0.9, 1.1, 0.9], atol=1e-4), "the first step is as long as the rate"
