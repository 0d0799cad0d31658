"""Exercise of section 5.4: how long the gradient is at every step on its way back.

Source: Bengio, Simard and Frasconi 1994, "Learning long-term dependencies with gradient descent is difficult".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(grad_last, hs, weight_hh):
    """PyTorch's autograd along a chain of tanh, with the inputs that give these states."""
    import torch

    chain = [hs[0].clone().requires_grad_()]
    for h in hs[1:]:
        from_state = weight_hh @ chain[-1]
        chain.append(torch.tanh(from_state + (torch.atanh(h) - from_state).detach()))
    grads = torch.autograd.grad(chain[-1], chain, grad_last)
    return torch.stack([torch.linalg.vector_norm(one) for one in grads])


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One step, a few, as many as there are neurons, a gradient that grows, and one that fades."""
    yield Case("one step", _inputs(rng, 1, 3, 0.7, 0.9))
    yield Case("four steps", _inputs(rng, 4, 3, 0.7, 0.9))
    yield Case("as many steps as neurons", _inputs(rng, 4, 4, 0.7, 0.9))
    yield Case("twenty steps, states near 0", _inputs(rng, 20, 5, 0.6, 0.1))
    yield Case("twenty steps, states near 1", _inputs(rng, 20, 5, 0.8, 0.95))


def _inputs(rng: np.random.Generator, steps: int, size: int, spread: float, largest: float) -> dict[str, Any]:
    return {
        "grad_last": rng.normal(0.5, 1.0, size),
        "hs": rng.uniform(0.3 * largest, largest, (steps, size)) * rng.choice([-1.0, 1.0], (steps, size)),
        "weight_hh": rng.normal(0.0, spread, (size, size)),
    }


def _gradients(grad_last, slopes, back):
    """The gradient at each state; slopes[t] is that of the tanh of step t, back takes a gradient one step back."""
    grads = [grad_last]
    for t in range(len(slopes) - 1, 0, -1):
        grads.append((grads[-1] * slopes[t]) @ back)
    return np.array(grads[::-1])


def weights_transposed(grad_last, hs, weight_hh):
    """Multiplies as on the way forward; weight_hh is square, so the shapes fit."""
    return np.linalg.norm(_gradients(grad_last, 1 - hs**2, weight_hh.T), axis=1)


def tanh_left_out(grad_last, hs, weight_hh):
    """Goes back through the weights and not through the tanh."""
    return np.linalg.norm(_gradients(grad_last, np.ones_like(hs), weight_hh), axis=1)


def weights_left_out(grad_last, hs, weight_hh):
    """Goes back through the tanh and not through the weights."""
    return np.linalg.norm(_gradients(grad_last, 1 - hs**2, np.eye(len(weight_hh))), axis=1)


def tanh_applied_again(grad_last, hs, weight_hh):
    """Takes the slope 1 − tanh(h)², as if hs held what goes into the tanh."""
    return np.linalg.norm(_gradients(grad_last, 1 - np.tanh(hs) ** 2, weight_hh), axis=1)


def slope_of_the_state_before(grad_last, hs, weight_hh):
    """Takes the slope at the state that went into the step."""
    slopes = 1 - np.concatenate([hs[:1], hs[:-1]]) ** 2
    return np.linalg.norm(_gradients(grad_last, slopes, weight_hh), axis=1)


def slope_after_the_weights(grad_last, hs, weight_hh):
    """Crosses the weights first and then the tanh, in the order of the way forward."""
    grads = [grad_last]
    for t in range(len(hs) - 1, 0, -1):
        grads.append((grads[-1] @ weight_hh) * (1 - hs[t] ** 2))
    return np.linalg.norm(np.array(grads[::-1]), axis=1)


def last_step_first(grad_last, hs, weight_hh):
    """Returns the norms in the order in which they were computed."""
    return np.linalg.norm(_gradients(grad_last, 1 - hs**2, weight_hh), axis=1)[::-1]


def one_step_too_far(grad_last, hs, weight_hh):
    """Has the last entry lie a step before the last state, and the first one before the first."""
    grads = _gradients(grad_last, 1 - hs**2, weight_hh)
    return np.linalg.norm((grads * (1 - hs**2)) @ weight_hh, axis=1)


def root_forgotten(grad_last, hs, weight_hh):
    """Returns sums of squares."""
    return np.sum(_gradients(grad_last, 1 - hs**2, weight_hh) ** 2, axis=1)


def sizes_added_up(grad_last, hs, weight_hh):
    """Adds absolute values up instead of taking the root of the sum of squares."""
    return np.sum(np.abs(_gradients(grad_last, 1 - hs**2, weight_hh)), axis=1)


def norms_along_time(grad_last, hs, weight_hh):
    """Takes the norm over the steps, one number for each neuron."""
    return np.linalg.norm(_gradients(grad_last, 1 - hs**2, weight_hh), axis=0)


EXERCISE = Exercise(
    number=6,
    title="How much of the gradient arrives",
    section="5.4",
    points=3,
    minutes=12,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            weights_transposed,
            hint="Forward, the state is multiplied by weight_hh.T. What is it on the way back? Square shapes do not "
            "warn you.",
        ),
        Misconception(tanh_left_out, hint="Change hs: do your norms change? Which function has to be crossed, too?"),
        Misconception(weights_left_out, hint="Double weight_hh: do your norms change?"),
        Misconception(
            tanh_applied_again, hint="hs holds what came out of the tanh. How does its slope follow from that alone?"
        ),
        Misconception(
            slope_of_the_state_before, hint="On the way from h_t to h_(t−1): which of the two came out of that tanh?"
        ),
        Misconception(
            slope_after_the_weights,
            hint="Forward: weights, then tanh. Which of the two does the gradient meet first on the way back?",
        ),
        Misconception(last_step_first, hint="Which entry of yours is the norm of grad_last? Which one should it be?"),
        Misconception(
            one_step_too_far, hint="How many steps lie between the last state and itself? What is your last entry?"
        ),
        Misconception(root_forgotten, hint="What is the norm of [3, 4]: 5 or 25?"),
        Misconception(sizes_added_up, hint="What is the norm of [3, 4]: 5 or 7?"),
        Misconception(
            norms_along_time, hint="How many steps are there, and how many norms do you return? Which axis is time?"
        ),
    ),
    hints=(
        "Start with grad_last, note its norm, and take it back one step at a time.",
        "One step back crosses the tanh of the step and then weight_hh, the same as in rnn_backward, without new "
        "gradients on the way.",
        "g_T = grad_last;  g_(t−1) = (g_t · (1 − h_t²)) W_hh;  the result holds the norms of g_1 to g_T.",
        "One neuron, W_hh = 0.5, h = 0.6, 0.8, grad_last 1: the last entry is 1, the one before is "
        "1 · (1 − 0.64) · 0.5 = 0.18.",
    ),
    convention="The norm is the root of the sum of squares; the first entry belongs to the first step.",
)
