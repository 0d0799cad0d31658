"""Exercise of section 7.2: which arrays go on learning when the first layers are frozen.

Source: Yosinski, Clune, Bengio and Lipson 2014, "How transferable are features in deep neural networks?", section 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch07_transfer_learning._network import random_network
from autograder.spec import Case, Exercise, Misconception


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
    """The first of three layers, none, some, all of the body; layers with one array or two; conv10 behind conv1."""
    weights = {"weight": (2, 2), "bias": (2,)}
    small = random_network(rng, conv1=weights, conv2=weights, head=weights)
    yield Case("the first of three layers", {"parameters": small, "freeze_until": "conv1"})
    yield Case("nothing is frozen", {"parameters": small, "freeze_until": None})
    depth, frozen = int(rng.integers(4, 8)), int(rng.integers(2, 4))
    word = str(rng.choice(["block", "layer", "stage", "unit"]))
    blocks = {f"{word}{k}": weights for k in range(1, depth + 1)}
    deep = random_network(rng, **blocks, head=weights)
    yield Case("some of several layers", {"parameters": deep, "freeze_until": f"{word}{frozen}"})
    norm = {"gamma": (2,), "beta": (2,)}
    mixed = random_network(rng, stem={"weight": (2, 3)}, norm1=norm, block=weights, norm2=norm, head=weights)
    yield Case("a norm in the middle", {"parameters": mixed, "freeze_until": "norm1"})
    yield Case("the whole body", {"parameters": mixed, "freeze_until": "norm2"})
    yield Case("the head named as the last one", {"parameters": small, "freeze_until": "head"})
    many = random_network(
        rng, conv1=weights, conv2=weights, conv9=weights, conv10=weights, conv11=weights, head=weights
    )
    yield Case("conv10 begins like conv1", {"parameters": many, "freeze_until": "conv1"})
    yield Case("up to conv9", {"parameters": many, "freeze_until": "conv9"})


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
