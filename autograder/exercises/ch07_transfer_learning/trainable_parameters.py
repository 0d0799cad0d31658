"""Exercise of section 7.2: which arrays go on learning when the first layers are frozen.

Source: Yosinski, Clune, Bengio and Lipson 2014, "How transferable are features in deep neural networks?", section 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch07_transfer_learning._network import random_network
from autograder.spec import Case, Exercise, Misconception

WORDS = ("stem", "conv", "block", "layer", "stage", "unit", "dense", "hidden", "embed", "patch", "encoder", "mixer")
WEIGHTS = {"weight": (2, 2), "bias": (2,)}
NORM = {"gamma": (2,), "beta": (2,)}
PARTS = ({"weight": (2, 3)}, WEIGHTS, WEIGHTS | {"scale": (2,)}, {"kernel": (2, 2), "bias": (2,)}, WEIGHTS | NORM)


def reference(parameters, freeze_until):
    """requires_grad of every parameter, layer by layer."""
    import torch

    own = {name: torch.nn.Parameter(array.clone()) for name, array in parameters.items()}
    layers = list(dict.fromkeys(name.partition(".")[0] for name in own))
    frozen = layers[: layers.index(freeze_until) + 1] if freeze_until else []
    for name, parameter in own.items():
        layer = name.partition(".")[0]
        parameter.requires_grad_(layer == "head" or layer not in frozen)
    return [name for name, parameter in own.items() if parameter.requires_grad]


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """The first of three layers, none, some, all of the body; layers with one array or two; conv10 behind conv1.

    Names, depths, places and the arrays of a layer are drawn, because the answer is a list of names: with fixed
    networks, a table of the recorded answers would be right on fresh ones, too.
    """
    first, second = rng.choice(WORDS, 2, replace=False)
    small = _network(rng, [str(first), str(second)])
    yield Case("the first of three layers", {"parameters": small, "freeze_until": str(first)})
    yield Case("nothing is frozen", {"parameters": _numbered(rng)[0], "freeze_until": None})
    deep, layers = _numbered(rng)
    yield Case("some of several layers", {"parameters": deep, "freeze_until": layers[rng.integers(1, len(layers) - 1)]})
    mixed, norms = _with_norms(rng)
    yield Case("a norm in the middle", {"parameters": mixed, "freeze_until": norms[rng.integers(0, len(norms) - 1)]})
    mixed, norms = _with_norms(rng)
    yield Case("the whole body", {"parameters": mixed, "freeze_until": norms[-1]})
    yield Case("the head named as the last one", {"parameters": _numbered(rng)[0], "freeze_until": "head"})
    yield Case("conv10 begins like conv1", {"parameters": _beyond_ten(rng), "freeze_until": "conv1"})
    yield Case("up to conv9", {"parameters": _beyond_ten(rng), "freeze_until": "conv9"})


def _network(rng: np.random.Generator, layers: list[str], **given: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """These layers and the head: the first layer with a bias, the others with one array to four."""
    parts = {layer: PARTS[rng.integers(len(PARTS))] for layer in [*layers, "head"]}
    return random_network(rng, **parts | {layers[0]: WEIGHTS} | given)


def _numbered(rng: np.random.Generator) -> tuple[dict[str, np.ndarray], list[str]]:
    word = rng.choice(WORDS)
    layers = [f"{word}{number}" for number in range(1, rng.integers(5, 9))]
    return _network(rng, layers), layers


def _with_norms(rng: np.random.Generator) -> tuple[dict[str, np.ndarray], list[str]]:
    """A stem and a norm, then blocks with one norm each."""
    stem, block = rng.choice(WORDS, 2, replace=False)
    depth = int(rng.integers(2, 5))
    norms = [f"norm{number}" for number in range(1, depth + 1)]
    bodies = [str(stem), *(f"{block}{number}" for number in range(1, depth))]
    layers = [layer for pair in zip(bodies, norms, strict=True) for layer in pair]
    return _network(rng, layers, **dict.fromkeys(norms, NORM)), norms


def _beyond_ten(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """conv1, some of conv2 to conv8, conv9, conv10 and some that follow."""
    between = np.sort(rng.choice(np.arange(2, 9), rng.integers(1, 6), replace=False))
    numbers = [1, *between, *range(9, rng.integers(12, 17))]
    return _network(rng, [f"conv{number}" for number in numbers])


def measure(answer: Any, parameters: dict[str, np.ndarray], freeze_until: str | None) -> dict[str, Any]:
    """The list as numbers: how often each name comes, and whether they come in the order of the dict.

    in_the_order_of_the_dict    1
    names_that_are_not_there    0
    trainable                   for each name, how often it is in the list: 1 or 0
    """
    if not isinstance(answer, list | tuple) or not all(isinstance(name, str) for name in answer):
        raise ValueError("it is no list of names")
    known = [name for name in answer if name in parameters]
    return {
        "names_that_are_not_there": float(len(answer) - len(known)),
        "trainable": {name: float(answer.count(name)) for name in parameters},
        "in_the_order_of_the_dict": float(known == sorted(known, key=list(parameters).index)),
    }


def _layers(parameters):
    return list(dict.fromkeys(name.split(".")[0] for name in parameters))


def _behind(parameters, place):
    layers = _layers(parameters)
    trained = [*layers[place + 1 :], "head"]
    return [name for name in parameters if name.split(".")[0] in trained]


def frozen_ones_listed(parameters, freeze_until):
    """Lists what is frozen."""
    if freeze_until is None:
        return []
    layers = _layers(parameters)
    frozen = layers[: layers.index(freeze_until) + 1]
    return [name for name in parameters if name.split(".")[0] in frozen and not name.startswith("head.")]


def the_named_layer_still_trains(parameters, freeze_until):
    """Freezes the layers before freeze_until only."""
    return _behind(parameters, -1 if freeze_until is None else _layers(parameters).index(freeze_until) - 1)


def only_the_named_layer_frozen(parameters, freeze_until):
    """Freezes freeze_until, and lets the layers before it train."""
    return [name for name in parameters if name.split(".")[0] in ("head",) or name.split(".")[0] != freeze_until]


def head_frozen_too(parameters, freeze_until):
    """Lets even the head be frozen."""
    place = -1 if freeze_until is None else _layers(parameters).index(freeze_until)
    return [name for name in parameters if name.split(".")[0] in _layers(parameters)[place + 1 :]]


def only_the_head_trains(parameters, freeze_until):
    """Freezes the whole body, whatever freeze_until says."""
    return [name for name in parameters if name.startswith("head.")]


def none_means_all_frozen(parameters, freeze_until):
    """Takes None for the whole body."""
    place = len(parameters) if freeze_until is None else _layers(parameters).index(freeze_until)
    return _behind(parameters, place)


def frozen_by_how_the_name_begins(parameters, freeze_until):
    """Looks for the last name that begins with freeze_until, so that conv10 counts as conv1."""
    if freeze_until is None:
        return list(parameters)
    last = max(place for place, name in enumerate(parameters) if name.startswith(freeze_until))
    return [name for place, name in enumerate(parameters) if place > last or name.startswith("head.")]


def the_bias_of_the_last_frozen_layer_trains(parameters, freeze_until):
    """Cuts behind the first array of freeze_until, so that its bias goes on learning."""
    if freeze_until is None:
        return list(parameters)
    first = [name.split(".")[0] for name in parameters].index(freeze_until)
    return [name for place, name in enumerate(parameters) if place > first or name.startswith("head.")]


def layers_compared_as_text(parameters, freeze_until):
    """Compares names of layers by the alphabet, in which conv10 comes before conv2."""
    if freeze_until is None:
        return list(parameters)
    return [name for name in parameters if name.split(".")[0] > freeze_until or name.startswith("head.")]


def weights_only(parameters, freeze_until):
    """Lists weights, and forgets biases, scales and shifts."""
    place = -1 if freeze_until is None else _layers(parameters).index(freeze_until)
    return [name for name in _behind(parameters, place) if name.endswith(".weight")]


def layers_instead_of_arrays(parameters, freeze_until):
    """Lists the names of layers, without their weights and biases."""
    place = -1 if freeze_until is None else _layers(parameters).index(freeze_until)
    return _layers(dict.fromkeys(_behind(parameters, place)))


def arrays_instead_of_names(parameters, freeze_until):
    """Returns a dict of the arrays."""
    place = -1 if freeze_until is None else _layers(parameters).index(freeze_until)
    return {name: parameters[name] for name in _behind(parameters, place)}


def from_output_to_input(parameters, freeze_until):
    """Lists the right names, the head first."""
    place = -1 if freeze_until is None else _layers(parameters).index(freeze_until)
    return _behind(parameters, place)[::-1]


EXERCISE = Exercise(
    number=3,
    title="What stays trainable",
    section="7.2",
    points=2,
    minutes=10,
    difficulty="easy",
    reference=reference,
    cases=cases,
    measure=measure,
    misconceptions=(
        Misconception(frozen_ones_listed, hint="Is the head in your list? Do you list what rests, or what learns?"),
        Misconception(
            the_named_layer_still_trains,
            hint="Is freeze_until the last layer that rests, or the first that trains? What does the docstring say?",
        ),
        Misconception(
            only_the_named_layer_frozen,
            hint="Which layers come before freeze_until? Do they train in your list?",
        ),
        Misconception(
            head_frozen_too,
            hint="The new head knows nothing yet. What happens if it is frozen, too?",
        ),
        Misconception(
            only_the_head_trains,
            hint="Call your function with another freeze_until: does the list change?",
        ),
        Misconception(none_means_all_frozen, hint="What does the docstring say that None freezes?"),
        Misconception(
            frozen_by_how_the_name_begins,
            hint="“conv10.weight” begins with “conv1”: is it of the layer conv1? Where does a layer's name end?",
        ),
        Misconception(
            the_bias_of_the_last_frozen_layer_trains,
            hint="How many arrays has the layer freeze_until? Which of them are in your list?",
        ),
        Misconception(
            layers_compared_as_text,
            hint="Which comes first in the alphabet, conv2 or conv10? And which comes first in the network?",
        ),
        Misconception(
            weights_only,
            hint="Which arrays has a layer beside its weight? Are they in your list when the layer trains?",
        ),
        Misconception(
            layers_instead_of_arrays,
            hint="Is every name in your list a name of the dict? What comes behind the dot?",
        ),
        Misconception(
            arrays_instead_of_names,
            hint="What does the docstring ask for: arrays, or a list of their names?",
        ),
        Misconception(
            from_output_to_input,
            hint="Which name comes first in the dict, and which in your list?",
        ),
    ),
    hints=(
        "Go through the names in their order. Once the last frozen layer is behind you, everything trains.",
        'name.split(".")[0] is the layer. Compare whole layers with freeze_until, not beginnings of names.',
        "An array trains if its layer comes after freeze_until, or is the head. None: all of them train.",
        "a.weight, a.bias, b.weight, head.weight and freeze_until = “a”: b.weight and head.weight.",
    ),
    convention="A layer is what stands before the dot; the head always trains.",
)
