"""Exercise of section 1.7: a whole network, from the input to the output layer.

Source: derived in section 1.7.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(x, layers, hidden, output):
    """The same network as a chain of PyTorch's modules, with the given weights put in."""
    import torch
    from torch import nn

    hidden_modules = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}
    chain = []
    for index, (weight, bias) in enumerate(layers):
        module = nn.Linear(weight.shape[1], weight.shape[0])
        module.weight = nn.Parameter(weight.detach().clone())
        module.bias = nn.Parameter(bias.detach().clone())
        chain.append(module)
        if index < len(layers) - 1:
            chain.append(hidden_modules[hidden]())
    if output == "sigmoid":
        chain.append(nn.Sigmoid())
    elif output == "softmax":
        chain.append(nn.Softmax(dim=-1))
    with torch.no_grad():
        return nn.Sequential(*chain)(x)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """From a single layer up; every hidden and every output activation; all sizes equal once."""
    yield Case("a single layer, two classes", _network(rng, 4, [2, 1], "relu", "sigmoid"))
    yield Case("one hidden layer, ReLU", _network(rng, 5, [3, 6, 4], "relu", "identity"))
    yield Case("two classes, hidden tanh", _network(rng, 6, [2, 5, 1], "tanh", "sigmoid"))
    yield Case("four classes, hidden sigmoid", _network(rng, 5, [3, 7, 4], "sigmoid", "softmax"))
    yield Case("three hidden layers", _network(rng, 6, [4, 7, 5, 3, 2], "relu", "softmax"))
    yield Case("all sizes equal", _network(rng, 4, [4, 4, 4, 4], "tanh", "softmax"))
    yield Case("large logits", _network(rng, 3, [2, 6, 4], "relu", "softmax", scale=1024.0))


def _network(
    rng: np.random.Generator, n: int, sizes: list[int], hidden: str, output: str, scale: float = 1.0
) -> dict[str, Any]:
    """Inputs of one call: n examples, layers of these sizes; scale multiplies the last layer's weights."""
    layers = []
    for fan_in, fan_out in pairwise(sizes):
        weight = _eighths(rng.standard_normal((fan_out, fan_in)) * np.sqrt(2 / fan_in))
        bias = _eighths(rng.uniform(0.25, 1.0, fan_out) * rng.choice([-1, 1], fan_out))
        layers.append((weight, bias))
    weight, bias = layers[-1]
    layers[-1] = (weight * scale, bias)
    x = _eighths(rng.standard_normal((n, sizes[0])))
    return {"x": x, "layers": layers, "hidden": hidden, "output": output}


def _eighths(values: np.ndarray) -> np.ndarray:
    """Multiples of 1/8, so that a ReLU network is exact in float32 as well, however large its logits."""
    return np.round(8 * values) / 8


def _sigmoid(x):
    decay = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, decay) / (1 + decay)


def _softmax(x, axis=-1):
    exponentials = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return exponentials / np.sum(exponentials, axis=axis, keepdims=True)


def _relu(x):
    return np.maximum(x, 0)


def _identity(x):
    return x


ACTIVATIONS = {
    "identity": _identity,
    "relu": _relu,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
    "tanh": np.tanh,
}


def _logits(x, layers, hidden):
    """The right network up to the output activation."""
    for weight, bias in layers[:-1]:
        x = ACTIVATIONS[hidden](x @ weight.T + bias)
    weight, bias = layers[-1]
    return x @ weight.T + bias


def activation_after_the_last_layer_too(x, layers, hidden, output):
    """Applies the hidden activation to the logits before the output activation."""
    return ACTIVATIONS[output](ACTIVATIONS[hidden](_logits(x, layers, hidden)))


def no_activation_between_the_layers(x, layers, hidden, output):
    """Chains linear layers, which are one linear layer."""
    return ACTIVATIONS[output](_logits(x, layers, "identity"))


def hidden_activation_always_relu(x, layers, hidden, output):
    """Ignores the argument hidden."""
    return ACTIVATIONS[output](_logits(x, layers, "relu"))


def output_activation_left_out(x, layers, hidden, output):
    """Returns the logits whatever output says."""
    return _logits(x, layers, hidden)


def softmax_over_the_examples(x, layers, hidden, output):
    """Normalises each class over the batch instead of each example over the classes."""
    logits = _logits(x, layers, hidden)
    return _softmax(logits, axis=0) if output == "softmax" else ACTIVATIONS[output](logits)


def softmax_for_two_classes_as_well(x, layers, hidden, output):
    """Applies softmax to the single output of a binary classifier, which is 1 for every example."""
    return ACTIVATIONS["identity" if output == "identity" else "softmax"](_logits(x, layers, hidden))


def every_layer_reads_the_input(x, layers, hidden, output):
    """Feeds x, not the previous layer's result, into every layer."""
    for weight, bias in layers[:-1]:
        ACTIVATIONS[hidden](x @ weight.T + bias)
    weight, bias = layers[-1]
    return ACTIVATIONS[output](x @ weight.T + bias)


EXERCISE = Exercise(
    number=11,
    title="A whole network, forwards",
    section="1.7",
    points=5,
    minutes=25,
    difficulty="hard",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            activation_after_the_last_layer_too,
            hint="With hidden ReLU, can a logit of yours be negative? After which layers does the hidden "
            "activation stand?",
        ),
        Misconception(
            no_activation_between_the_layers,
            hint="Section 1.3 asked what a chain of linear layers is worth. What stands between two layers of yours?",
        ),
        Misconception(
            hidden_activation_always_relu,
            hint="Call your function with hidden='tanh' and with hidden='relu'. Should the two results be the same?",
        ),
        Misconception(
            output_activation_left_out,
            hint="Do the rows of your result add up to one when output is 'softmax'? Which step is "
            "missing after the last layer?",
        ),
        Misconception(
            softmax_over_the_examples,
            hint="Which sums of your result are one: those of the rows or of the columns? Which of them "
            "belong to one example?",
        ),
        Misconception(
            softmax_for_two_classes_as_well,
            hint="How many numbers does the last layer give for two classes? What is the softmax of a single number?",
        ),
        Misconception(
            every_layer_reads_the_input,
            hint="What does the second layer receive: x, or what the first layer gave? Follow the name in your loop.",
        ),
    ),
    hints=(
        "You have written all the parts. What remains is a loop over the layers, and the question of what "
        "follows the last one.",
        "All layers but the last: linear, then the hidden activation. The last layer: linear, then the "
        "output activation.",
        "h_0 = x;  h_l = hidden(h_(l-1) W_lᵀ + b_l) for l < L;  y = output(h_(L-1) W_Lᵀ + b_L).",
        "x = [[1, -1]], W_1 = [[2, 1], [1, 3]], b_1 = [0, 0]: h = relu([1, -2]) = [1, 0]; "
        "W_2 = [[4, 5]], b_2 = [-3]: logit 4·1 + 5·0 - 3 = 1, and sigmoid(1) = 0.7311.",
    ),
    convention="Each layer is (weight, bias) with weight (D_out, D_in), as in PyTorch. Two classes: one "
    "output and a sigmoid; more: one output per class and a softmax over the last axis.",
    uses=("linear", "relu", "sigmoid", "tanh", "softmax"),
)
