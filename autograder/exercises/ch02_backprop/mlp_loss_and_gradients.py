"""Exercise of section 2.6: forward and backward through a whole network.

Source: Rumelhart, Hinton and Williams 1986, "Learning representations by back-propagating errors".
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(parameters, x, labels):
    """PyTorch's autograd through linear layers, ReLU and cross_entropy."""
    import torch

    own = [(weight.clone().requires_grad_(), bias.clone().requires_grad_()) for weight, bias in parameters]
    h = x
    for layer, (weight, bias) in enumerate(own):
        h = torch.nn.functional.linear(torch.relu(h) if layer else h, weight, bias)
    loss = torch.nn.functional.cross_entropy(h, labels)
    loss.backward()
    return loss, [(weight.grad, bias.grad) for weight, bias in own]


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One to four layers of unequal sizes, and one whose sizes are all equal."""
    yield Case("one layer", _inputs(rng, 5, [4, 3]))
    yield Case("two layers", _inputs(rng, 6, [3, 5, 2]))
    yield Case("three layers", _inputs(rng, 7, [4, 6, 5, 3]))
    yield Case("all sizes equal", _inputs(rng, 3, [3, 3, 3, 3]))
    yield Case("four layers", _inputs(rng, 8, [2, 6, 4, 5, 3]))


def _inputs(rng: np.random.Generator, n: int, sizes: list[int]) -> dict[str, Any]:
    parameters = []
    for fan_in, fan_out in pairwise(sizes):
        weight = rng.normal(0.0, np.sqrt(2 / fan_in), (fan_out, fan_in))
        parameters.append((weight, rng.normal(0.3, 0.3, fan_out)))
    return {"parameters": parameters, "x": rng.normal(size=(n, sizes[0])), "labels": rng.integers(0, sizes[-1], n)}


def _forward(parameters, x):
    """What goes into each layer, and each pre-activation."""
    inputs, pre_activations, h = [], [], x
    for weight, bias in parameters:
        inputs.append(h)
        pre_activations.append(h @ weight.T + bias)
        h = np.maximum(pre_activations[-1], 0)
    return inputs, pre_activations


def _loss(logits, labels):
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    rows = np.arange(len(labels))
    grad = np.exp(log_p)
    grad[rows, labels] -= 1
    return -np.mean(log_p[rows, labels]), grad / len(labels)


def _backward(grad_z, parameters, inputs, slopes):
    """The gradients of all layers; slopes[k] stands between layer k and layer k + 1."""
    gradients = []
    for layer in reversed(range(len(parameters))):
        gradients.append((grad_z.T @ inputs[layer], np.sum(grad_z, axis=0)))
        if layer > 0:
            grad_z = (grad_z @ parameters[layer][0]) * slopes[layer - 1]
    return gradients[::-1]


def relu_after_the_last_layer_too(parameters, x, labels):
    """Cuts negative logits off."""
    inputs, z = _forward(parameters, x)
    loss, grad = _loss(np.maximum(z[-1], 0), labels)
    return loss, _backward(grad * (z[-1] > 0), parameters, inputs, [one > 0 for one in z])


def relu_forgotten_on_the_way_back(parameters, x, labels):
    """Lets the gradient pass every hidden layer as if it had no ReLU."""
    inputs, z = _forward(parameters, x)
    loss, grad = _loss(z[-1], labels)
    return loss, _backward(grad, parameters, inputs, [1.0] * len(z))


def relu_forgotten_both_ways(parameters, x, labels):
    """Has no ReLU at all: forward and backward agree, and both are wrong."""
    inputs, z, h = [], [], x
    for weight, bias in parameters:
        inputs.append(h)
        h = h @ weight.T + bias
        z.append(h)
    loss, grad = _loss(z[-1], labels)
    return loss, _backward(grad, parameters, inputs, [1.0] * len(z))


def gradients_in_backward_order(parameters, x, labels):
    """Returns the last layer first."""
    inputs, z = _forward(parameters, x)
    loss, grad = _loss(z[-1], labels)
    return loss, _backward(grad, parameters, inputs, [one > 0 for one in z])[::-1]


def pre_activations_taken_for_inputs(parameters, x, labels):
    """Multiplies by what went into the ReLU instead of what came out of it."""
    inputs, z = _forward(parameters, x)
    loss, grad = _loss(z[-1], labels)
    return loss, _backward(grad, parameters, [inputs[0], *z[:-1]], [one > 0 for one in z])


def sum_over_the_batch(parameters, x, labels):
    """Adds the examples' losses up instead of averaging them."""
    inputs, z = _forward(parameters, x)
    loss, grad = _loss(z[-1], labels)
    return loss * len(x), _backward(grad * len(x), parameters, inputs, [one > 0 for one in z])


def divided_by_the_batch_in_every_layer(parameters, x, labels):
    """Averages each layer's gradients once more."""
    inputs, z = _forward(parameters, x)
    loss, grad = _loss(z[-1], labels)
    gradients = _backward(grad, parameters, inputs, [one > 0 for one in z])
    return loss, [(grad_weight / len(x), grad_bias / len(x)) for grad_weight, grad_bias in gradients]


def bias_left_out_of_the_forward_pass(parameters, x, labels):
    """Adds no bias, but returns gradients for it."""
    without = [(weight, np.zeros_like(bias)) for weight, bias in parameters]
    inputs, z = _forward(without, x)
    loss, grad = _loss(z[-1], labels)
    return loss, _backward(grad, parameters, inputs, [one > 0 for one in z])


EXERCISE = Exercise(
    number=11,
    title="The loss and all gradients",
    section="2.6",
    points=5,
    minutes=30,
    difficulty="hard",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            relu_after_the_last_layer_too,
            hint="Can your logits be negative? After which layers does a ReLU follow?",
        ),
        Misconception(
            relu_forgotten_on_the_way_back,
            hint="Your last layer's gradients are right. What stands between the last layer and the one before?",
        ),
        Misconception(
            relu_forgotten_both_ways,
            hint="A gradient check of your function passes, and yet the loss is not the right one. What is missing "
            "in both passes?",
        ),
        Misconception(
            gradients_in_backward_order,
            hint="The first pair that you return: to which layer does it belong?",
        ),
        Misconception(
            pre_activations_taken_for_inputs,
            hint="What went into the second layer: what the first one gave before its ReLU, or after it?",
        ),
        Misconception(sum_over_the_batch, hint="Put every example in twice: should the loss change?"),
        Misconception(
            divided_by_the_batch_in_every_layer,
            hint="Where does the 1/N of the mean live? How often do your gradients meet it?",
        ),
        Misconception(bias_left_out_of_the_forward_pass, hint="Change a bias: does your loss change?"),
    ),
    hints=(
        "Forward, and remember; backward, and use what you remembered. Every piece of it is a function that you have "
        "written.",
        "Keep two lists on the way forward: what goes into each layer, and each pre-activation. On the way back, "
        "a layer's own backward comes first, then the ReLU before it.",
        "forward: z_l = h_(l−1) W_lᵀ + b_l, h_l = relu(z_l);  grad_z_L = cross_entropy_backward;  "
        "linear_backward(grad_z_l, h_(l−1), W_l);  grad_z_(l−1) = relu_backward(grad_h, z_(l−1)).",
        "Two layers: grad_h1, gW2, gb2 = linear_backward(grad_z2, h1, W2); grad_z1 = relu_backward(grad_h1, z1); "
        "_, gW1, gb1 = linear_backward(grad_z1, x, W1).",
    ),
    convention="Mean cross-entropy from logits; ReLU after every layer but the last.",
    uses=("cross_entropy", "cross_entropy_backward", "linear_backward", "relu_backward"),
)
