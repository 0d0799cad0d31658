"""Exercise of section 8.3: what a price on squared weights adds to the gradients.

Source: Krogh and Hertz 1991, "A simple weight decay can improve generalization".
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(parameters, weight_decay):
    """PyTorch's autograd through the penalty itself."""
    import torch

    parameters = [parameter.clone().requires_grad_() for parameter in parameters]
    penalty = torch.zeros((), device=parameters[0].device)
    for parameter in parameters:
        priced = 1.0 if parameter.ndim > 1 else 0.0
        penalty = penalty + weight_decay / 2 * priced * parameter.square().sum()
    penalty.backward()
    return [parameter.grad for parameter in parameters]


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One matrix, a layer with its bias, kernels with four axes beside a scale and a shift, no price."""

    def draw(*shapes: tuple[int, ...]) -> list[np.ndarray]:
        return [rng.normal(0.3, 1.0, shape) for shape in shapes]

    yield Case("one matrix", {"parameters": draw((2, 3)), "weight_decay": 0.1})
    yield Case("two layers", {"parameters": draw((4, 3), (4,), (2, 4), (2,)), "weight_decay": 0.3})
    yield Case("kernels, gamma and beta", {"parameters": draw((2, 3, 2, 4), (2,), (2,)), "weight_decay": 0.02})
    yield Case("no price", {"parameters": draw((3, 2), (3,)), "weight_decay": 0.0})


def half_forgotten(parameters, weight_decay):
    """Takes the gradient of weight_decay times the squares, without the half."""
    return [2 * weight_decay * p if p.ndim > 1 else np.zeros_like(p) for p in parameters]


def half_left_in(parameters, weight_decay):
    """Keeps the half, though the square's slope brings a 2."""
    return [weight_decay / 2 * p if p.ndim > 1 else np.zeros_like(p) for p in parameters]


def biases_priced_too(parameters, weight_decay):
    """Lets biases, scales and shifts pay as well."""
    return [weight_decay * p for p in parameters]


def sign_instead_of_the_weight(parameters, weight_decay):
    """Gives the gradient of the absolute values, L1."""
    return [weight_decay * np.sign(p) if p.ndim > 1 else np.zeros_like(p) for p in parameters]


def kernels_go_free(parameters, weight_decay):
    """Lets only matrices pay, so that the kernels of a convolution go free."""
    return [weight_decay * p if p.ndim == 2 else np.zeros_like(p) for p in parameters]


def averaged_over_the_weights(parameters, weight_decay):
    """Divides by the number of weights."""
    return [weight_decay * p / p.size if p.ndim > 1 else np.zeros_like(p) for p in parameters]


def towards_larger_weights(parameters, weight_decay):
    """Turns the sign round: a step against this gradient makes the weights grow."""
    return [-weight_decay * p if p.ndim > 1 else np.zeros_like(p) for p in parameters]


def free_arrays_left_out(parameters, weight_decay):
    """Returns gradients for the arrays that pay, and none for the others."""
    return [weight_decay * p for p in parameters if p.ndim > 1]


def parameters_shrunk_at_once(parameters, weight_decay):
    """Returns the smaller weights instead of the gradient."""
    return [(1 - weight_decay) * p if p.ndim > 1 else p for p in parameters]


EXERCISE = Exercise(
    number=4,
    title="The gradient of the penalty",
    section="8.3",
    points=2,
    minutes=6,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(half_forgotten, hint="What is the derivative of w² / 2? Where has the half gone?"),
        Misconception(half_left_in, hint="What is the derivative of w²? What becomes of the half in front of it?"),
        Misconception(
            biases_priced_too,
            hint="How many axes has a bias, and how many has a weight? Which of them pays?",
        ),
        Misconception(
            sign_instead_of_the_weight,
            hint="Does a weight of 4 pull twice as hard as a weight of 2 in your gradient? Whose slope is constant?",
        ),
        Misconception(
            kernels_go_free,
            hint="How many axes have the kernels of a convolution? Is two the only number that is more than one?",
        ),
        Misconception(
            averaged_over_the_weights,
            hint="Is the penalty a sum or a mean of the squares? What does the docstring say?",
        ),
        Misconception(
            towards_larger_weights,
            hint="A step goes against the gradient. Does a positive weight become smaller by your gradient?",
        ),
        Misconception(
            free_arrays_left_out,
            hint="An optimiser takes one gradient for each parameter: how many have you returned?",
        ),
        Misconception(
            parameters_shrunk_at_once,
            hint="Is what you return a gradient, or the parameters after a step? Try weight_decay = 0: what is left?",
        ),
    ),
    hints=(
        "The slope of a square is short. Do it for one array, then for the list.",
        "parameter.ndim tells the number of axes. np.zeros_like, or a price of 0, serves the others.",
        "∂/∂w (λ/2 · Σ w²) = λ w for arrays with two or more axes, 0 for those with one.",
        "λ = 0.1 and w = 2: the penalty is 0.05 · 4 = 0.2, its gradient 0.1 · 2 = 0.2. With a bias of 5: 0.",
    ),
    convention="The penalty is λ/2 times the sum of squares, so its gradient is λw, as PyTorch's weight_decay. Books "
    "that leave the half out get 2λw.",
)
