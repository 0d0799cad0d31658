"""Fine-tuning MiniLM in plain NumPy: the loss of a head on its mean, and gradients as far down as something learns.

A network is a dict from names to arrays, from input to output, as in chapter 7: embeddings, layer0 to layer5, and the
head, a linear layer on the mean over a text's tokens.  A layer is the part of a name before the first dot.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.adam import Adam
from course.minilm import EMBEDDINGS, Kept, Normed, embed, embed_backward, layer_backward, layer_forward, mean_states
from course.weights import MiniLM

__all__ = [
    "accuracy", "begin", "draw_parameters", "fine_tune", "frozen_states", "logits", "loss_and_gradients",
]  # fmt: skip

Array = NDArray[Any]  # float32, and float64 where gradients are tested
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]
Parameters = dict[str, Array]

NUM_HEADS, EPS = 12, 1e-12  # those of MiniLM
WORDS = f"embeddings.{EMBEDDINGS[0]}.weight"
LAYER = (
    "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
    "attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm",
)  # fmt: skip


def begin(model: MiniLM, num_classes: int, rng: np.random.Generator) -> Parameters:
    """The encoder's arrays, copied, from input to output, and a fresh head on the mean: weights with variance 1 / D.

    Returns "embeddings.word_embeddings.weight" (V, D), ..., "layer0.attention.self.query.weight" (D, D), ...,
    "head.weight" (num_classes, D), "head.bias" (num_classes,), all in the precision of the model.
    """
    names = [f"embeddings.{one}.weight" for one in EMBEDDINGS]
    names += [f"embeddings.LayerNorm.{kind}" for kind in ("weight", "bias")]
    parameters = {name: model.weights[name].copy() for name in names}
    for k in range(model.num_layers):
        for name in (f"{part}.{kind}" for part in LAYER for kind in ("weight", "bias")):
            parameters[f"layer{k}.{name}"] = model.weights[f"encoder.layer.{k}.{name}"].copy()
    features, dtype = parameters[WORDS].shape[1], parameters[WORDS].dtype  # D
    parameters["head.weight"] = rng.normal(0, features**-0.5, (num_classes, features)).astype(dtype)
    parameters["head.bias"] = np.zeros(num_classes, dtype)
    return parameters


def draw_parameters(parameters: Parameters, rng: np.random.Generator) -> Parameters:
    """The same network from random numbers, as BERT begins: weights with deviation 0.02, biases 0, norms 1 and 0.

    The head is drawn with variance 1 / D, as in begin.
    Source: J. Devlin et al. 2019, the published program (initializer_range).
    """
    drawn = {}
    for name, array in parameters.items():
        if array.ndim > 1:
            deviation = array.shape[1] ** -0.5 if name == "head.weight" else 0.02
            drawn[name] = rng.normal(0, deviation, array.shape).astype(array.dtype)
        else:
            drawn[name] = np.full_like(array, float(name.endswith("LayerNorm.weight")))
    return drawn


def frozen_states(parameters: Parameters, tokens: Integers, mask: Mask, first: int) -> Array:
    """What the layers in front of layer `first` say: (N, T) -> (N, T, D).  Where they are frozen, once is enough."""
    x, _ = embed(parameters, tokens, EPS)
    for k in range(first):
        x, _ = layer_forward(_layer(parameters, k), x, mask, NUM_HEADS, EPS)
    return x


def logits(parameters: Parameters, x: Array, mask: Mask, first: int = 0) -> Array:
    """The scores (N, C); x and first as in loss_and_gradients."""
    return _forward(parameters, x, mask, first)[0]


def accuracy(parameters: Parameters, tokens: Integers, mask: Mask, labels: Integers, batch_size: int = 100) -> float:
    """The share of texts whose largest score is that of the right class."""
    right = 0
    by_length = mask.sum(axis=1).argsort()  # batches of texts of one length have no filling up to pay for
    for start in range(0, len(tokens), batch_size):
        rows = by_length[start : start + batch_size]
        length = int(mask[rows].sum(axis=1).max())
        scores = logits(parameters, tokens[rows, :length], mask[rows, :length])
        right += int(np.sum(scores.argmax(axis=1) == labels[rows]))
    return right / len(tokens)


def loss_and_gradients(
    parameters: Parameters,
    x: Array,
    mask: Mask,
    labels: Integers,
    names: Collection[str] | None = None,
    first: int = 0,
) -> tuple[float, Parameters]:
    """The mean cross-entropy in nats, and its gradient for each parameter, under the same names.

    x       (N, T) tokens; or (N, T, D) what goes into layer `first`, as frozen_states gives it
    mask    (N, T) True at the real tokens
    labels  (N,) integers from 0 to C - 1
    names   those whose gradients are wanted; None: all. The way back ends at the first layer that one of them is in
    first   which layer x goes into, where x holds states; it must be at or before the first layer that learns
    """
    wanted = set(parameters if names is None else names)
    learning = {_place(name, parameters) for name in wanted}
    lowest = min(learning, default=_num_layers(parameters))
    given = first if x.ndim == 3 else -1  # -1 are the embeddings
    if lowest < given:
        raise ValueError(f"x goes into layer {first}, but something in front of it is to learn: give tokens instead")
    scores, means, kept, normed = _forward(parameters, x, mask, first)
    rows = np.arange(len(labels))
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    grad_scores = np.exp(log_p)
    grad_scores[rows, labels] -= 1
    grad_scores /= np.asarray(len(labels), scores.dtype)
    found = {"head.weight": grad_scores.T @ means, "head.bias": grad_scores.sum(axis=0)}
    per_token = mask[..., None] / mask.sum(axis=1)[:, None, None].astype(means.dtype)  # the mean, taken backwards
    grad = (grad_scores @ parameters["head.weight"])[:, None] * per_token  # (N, T, D)
    for k in reversed(range(max(lowest, 0), _num_layers(parameters))):
        grad, gradients = layer_backward(_layer(parameters, k), grad, kept[k], NUM_HEADS)
        found |= {f"layer{k}.{name}": array for name, array in gradients.items()}
    if lowest < 0 and normed is not None:
        found |= embed_backward(parameters, grad, x, normed)
    return -float(np.mean(log_p[rows, labels])), {name: found[name] for name in parameters if name in wanted}


def fine_tune(
    start: Parameters,
    tokens: Integers,
    mask: Mask,
    labels: Integers,
    rates: Mapping[str, float],
    steps: int,
    rng: np.random.Generator,
    batch_size: int = 32,
) -> Parameters:
    """The network after some steps of Adam; arrays without a rate are frozen, and the layers in front run only once.

    rates       a learning rate for each array that learns, by its name; they shrink to 0 along a straight line
    batch_size  texts of a step, at most: all in turn, in a new order each time
    The input is left unchanged.
    """
    if not rates or not rates.keys() <= start.keys():
        unknown = sorted(rates.keys() - start.keys())
        raise ValueError(
            f"rates has no array of the network for {unknown}" if unknown else "rates is empty: nothing learns"
        )
    parameters = {name: array.copy() for name, array in start.items()}
    table = parameters[WORDS]
    used, places = np.unique(tokens, return_inverse=True)
    parameters[WORDS] = table[used]  # no other row ever has a gradient, and such a row Adam leaves as it is
    first = min(_place(name, parameters) for name in rates)
    x = places.reshape(tokens.shape)
    if first >= 0:
        x = frozen_states(parameters, x, mask, first)
    optimisers = {name: Adam([parameters[name]], rate) for name, rate in rates.items()}
    order = np.empty(0, np.int64)
    for step in range(steps):
        if len(order) < min(batch_size, len(labels)):
            order = rng.permutation(len(labels))
        rows, order = order[:batch_size], order[batch_size:]
        length = int(mask[rows].sum(axis=1).max())  # no filling up beyond the longest text of the batch
        batch, real = x[rows, :length], mask[rows, :length]
        _, gradients = loss_and_gradients(parameters, batch, real, labels[rows], rates, max(first, 0))
        for name, adam in optimisers.items():
            adam.learning_rate = rates[name] * (1 - step / steps)
            adam.step([gradients[name]])
    table[used] = parameters[WORDS]
    return parameters | {WORDS: table}


def _place(name: str, parameters: Parameters) -> int:
    """Which layer a name is in: -1 for the embeddings, and for the head as many as there are layers."""
    layer = name.partition(".")[0]
    if layer in ("embeddings", "head"):
        return -1 if layer == "embeddings" else _num_layers(parameters)
    return int(layer.removeprefix("layer"))


def _num_layers(parameters: Parameters) -> int:
    return sum(name.endswith("attention.self.query.weight") for name in parameters)


def _layer(parameters: Parameters, k: int) -> Parameters:
    """One layer's arrays, by what follows the layer in their names."""
    prefix = f"layer{k}."
    return {name: parameters[prefix + name] for part in LAYER for name in (f"{part}.weight", f"{part}.bias")}


def _forward(
    parameters: Parameters, x: Array, mask: Mask, first: int
) -> tuple[Array, Array, dict[int, Kept], Normed | None]:
    """Scores and the means they are made of; what the way back needs of each layer, and of the embeddings."""
    normed = None
    if x.ndim == 2:
        x, normed = embed(parameters, x, EPS)
        first = 0
    kept = {}
    for k in range(first, _num_layers(parameters)):
        x, kept[k] = layer_forward(_layer(parameters, k), x, mask, NUM_HEADS, EPS)
    means = mean_states(x, mask)
    return means @ parameters["head.weight"].T + parameters["head.bias"], means, kept, normed
