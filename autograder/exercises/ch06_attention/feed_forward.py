"""Exercise of section 6.6: the feed-forward part of a Transformer's layer.

Source: Vaswani et al. 2017, "Attention is all you need", section 3.3, with the GELU of Devlin et al. 2018, "BERT".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch06_attention._attention import bent, projected, through
from autograder.spec import Case, Exercise, Misconception


def reference(x, parameters):
    """PyTorch's linear, gelu, linear."""
    import torch

    part = torch.nn.functional
    hidden = part.gelu(part.linear(x, parameters["up_weight"], parameters["up_bias"]))
    return part.linear(hidden, parameters["down_weight"], parameters["down_bias"])


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One position, all axes different, as wide as its input (where turned weights fit), one axis more."""
    yield Case("one position", _inputs(rng, (3,), 5))
    yield Case("all axes different", _inputs(rng, (2, 3, 4), 7))
    yield Case("as wide as its input", _inputs(rng, (2, 4, 4), 4))
    yield Case("narrower than its input", _inputs(rng, (5, 6), 2))


def _inputs(rng: np.random.Generator, shape: tuple[int, ...], hidden: int) -> dict[str, Any]:
    d_model = shape[-1]
    return {
        "x": rng.normal(0.4, 1.2, shape),
        "parameters": {
            "up_weight": rng.normal(0.0, 1.0, (hidden, d_model)),
            "up_bias": rng.normal(0.4, 0.5, hidden),
            "down_weight": rng.normal(0.0, 1.0, (d_model, hidden)),
            "down_bias": rng.normal(-0.4, 0.5, d_model),
        },
    }


def nothing_between(x, parameters):
    """Leaves the bend out: two linear layers are one."""
    return projected(projected(x, parameters, "up"), parameters, "down")


def relu_between(x, parameters):
    """Takes ReLU, as the first Transformer did."""
    return projected(np.maximum(projected(x, parameters, "up"), 0.0), parameters, "down")


def tanh_between(x, parameters):
    """Takes tanh between the layers."""
    return projected(np.tanh(projected(x, parameters, "up")), parameters, "down")


def gelu_at_the_end(x, parameters):
    """Bends the result instead of what is between."""
    return bent(nothing_between(x, parameters))


def gelu_at_the_end_too(x, parameters):
    """Bends between the layers and once more at the end."""
    return bent(through(x, parameters))


def gelu_at_the_beginning(x, parameters):
    """Bends x before the first layer."""
    return nothing_between(bent(x), parameters)


def biases_left_out(x, parameters):
    """Uses no biases."""
    return bent(x @ parameters["up_weight"].T) @ parameters["down_weight"].T


def first_bias_left_out(x, parameters):
    """Leaves up_bias out."""
    return projected(bent(x @ parameters["up_weight"].T), parameters, "down")


def second_bias_left_out(x, parameters):
    """Leaves down_bias out."""
    return bent(projected(x, parameters, "up")) @ parameters["down_weight"].T


def weights_not_transposed(x, parameters):
    """Writes x @ weight, which fits where both layers are as wide as x."""
    hidden = bent(x @ parameters["up_weight"] + parameters["up_bias"])
    return hidden @ parameters["down_weight"] + parameters["down_bias"]


def layers_swapped(x, parameters):
    """Goes down first and then up; with weights (in, out) this fits for every width."""
    hidden = bent(x @ parameters["down_weight"])
    return hidden @ parameters["up_weight"] + parameters["down_bias"]


def input_added(x, parameters):
    """Adds x to the result, which is the layer's task and not this part's."""
    return x + through(x, parameters)


def stops_between(x, parameters):
    """Returns what is between the layers."""
    return bent(projected(x, parameters, "up"))


EXERCISE = Exercise(
    number=10,
    title="The feed-forward part",
    section="6.6",
    points=1,
    minutes=3,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(nothing_between, hint="What are two linear layers in a row without a bend between them?"),
        Misconception(relu_between, hint="Which bend stands between the layers here: that of chapter 1, or gelu?"),
        Misconception(tanh_between, hint="Which bend stands between the layers here?"),
        Misconception(gelu_at_the_end, hint="Can your result be below −0.2? Where does the bend belong?"),
        Misconception(gelu_at_the_end_too, hint="Can your result be below −0.2? How many bends are there?"),
        Misconception(gelu_at_the_beginning, hint="Between which two steps does the bend belong?"),
        Misconception(biases_left_out, hint="Which of the four parameters do you never use?"),
        Misconception(first_bias_left_out, hint="Which of the four parameters do you never use?"),
        Misconception(second_bias_left_out, hint="Which of the four parameters do you never use?"),
        Misconception(
            weights_not_transposed, hint="The weights are (out, in). How does a linear layer of chapter 1 use them?"
        ),
        Misconception(
            layers_swapped, hint="Which weight meets x first? How many numbers should stand between the layers?"
        ),
        Misconception(input_added, hint="With all parameters 0, what should come out? What comes out of yours?"),
        Misconception(stops_between, hint="How many features should come out? Which layer is missing?"),
    ),
    hints=(
        "The network of chapter 1 with one hidden layer and another bend.",
        "Weights are (out, in), so a linear layer is x @ weight.T + bias.",
        "y = gelu(x · W_upᵀ + b_up) · W_downᵀ + b_down.",
        "x = [1], W_up = [[1], [−1]], b_up = 0, W_down = [[1, 1]], b_down = 0: gelu of [1, −1] is [0.841, −0.159], "
        "y = [0.683].",
    ),
    convention="GELU in its exact form, as in BERT; the first Transformer used ReLU.",
    uses=("gelu",),
)
