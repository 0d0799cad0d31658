"""Exercise of section 9.5: weight decay beside Adam's step instead of inside its gradient.

Source: Loshchilov and Hutter 2019, "Decoupled weight decay regularization", algorithm 2.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.exercises.ch09_adam._optimisers import inputs, run
from autograder.spec import Case, Exercise, Misconception


def drive(adamw_step, w, grads, learning_rates, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    """Several steps, one after the other; the path and both averages after each."""
    m, v = np.zeros_like(w), np.zeros_like(w)
    path, first, second = [], [], []
    for step, (grad, rate) in enumerate(zip(grads, learning_rates, strict=True), start=1):
        w, m, v = adamw_step(w, m, v, grad, step, rate, beta1, beta2, eps, weight_decay)
        path.append(w)
        first.append(m)
        second.append(v)
    return {"w": np.array(path), "m": np.array(first), "v": np.array(second)}


def reference(w, grads, learning_rates, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    """torch.optim.AdamW."""
    import torch

    return run(
        lambda own: torch.optim.AdamW(own, betas=(beta1, beta2), eps=eps, weight_decay=weight_decay),
        w,
        grads,
        learning_rates,
        {"m": "exp_avg", "v": "exp_avg_sq"},
    )


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """No decay, much decay, a changing rate, other settings, and gradients of 0, where decay acts alone."""
    yield Case("no decay", inputs(rng, 5) | {"weight_decay": 0.0})
    yield Case("much decay", inputs(rng, 6) | {"weight_decay": 0.5})
    changing = inputs(rng, 6) | {"learning_rates": np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.02])}
    yield Case("a changing learning rate", changing | {"weight_decay": 0.3})
    yield Case("other settings", inputs(rng, 5) | {"beta1": 0.8, "beta2": 0.95, "eps": 0.2, "weight_decay": 0.4})
    still = inputs(rng, 5, rate=0.2)
    yield Case("gradients of 0", still | {"grads": np.zeros_like(still["grads"]), "weight_decay": 0.5})


def _adam(w, m, v, grad, step, learning_rate, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1**step), v / (1 - beta2**step)
    return w - learning_rate * m_hat / (np.sqrt(v_hat) + eps), m, v


def decay_inside_the_gradient(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    """Adds weight_decay * w to the gradient, which Adam then scales away: L2, not AdamW."""
    return _adam(w, m, v, grad + weight_decay * w, step, learning_rate, beta1, beta2, eps)


def decay_without_the_rate(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    """Takes the share weight_decay away, not weight_decay times the learning rate."""
    return _adam(w - weight_decay * w, m, v, grad, step, learning_rate, beta1, beta2, eps)


def decay_after_the_step(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    """Shrinks the new parameters, the step included."""
    w, m, v = _adam(w, m, v, grad, step, learning_rate, beta1, beta2, eps)
    return w - learning_rate * weight_decay * w, m, v


def decay_forgotten(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    """Ignores weight_decay: plain Adam."""
    return _adam(w, m, v, grad, step, learning_rate, beta1, beta2, eps)


def decay_pushes_away_from_zero(
    w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01
):
    """Adds the decay instead of subtracting it."""
    return _adam(w + learning_rate * weight_decay * w, m, v, grad, step, learning_rate, beta1, beta2, eps)


def decay_by_a_constant(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    """Takes the same amount off every parameter, as an L1 penalty does."""
    decayed = w - learning_rate * weight_decay * np.sign(w)
    return _adam(decayed, m, v, grad, step, learning_rate, beta1, beta2, eps)


def decay_left_at_its_default(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    """Writes 0.01 into the formula and ignores the argument."""
    return _adam(w - learning_rate * 0.01 * w, m, v, grad, step, learning_rate, beta1, beta2, eps)


EXERCISE = Exercise(
    number=7,
    title="One step of AdamW",
    section="9.5",
    points=3,
    minutes=10,
    difficulty="medium",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            decay_inside_the_gradient,
            hint="What does Adam do to the length of whatever is in its gradient? Does your decay pass through m and "
            "v?",
        ),
        Misconception(
            decay_without_the_rate,
            hint="With a rate of 0.001 and a decay of 0.01: which share of w should one step take away? Which does "
            "yours?",
        ),
        Misconception(
            decay_after_the_step, hint="Which w is shrunk: the one that you were given, or the one after Adam's step?"
        ),
        Misconception(decay_forgotten, hint="All gradients are 0 and weight_decay is 0.5: should w move?"),
        Misconception(decay_pushes_away_from_zero, hint="All gradients are 0: does w move towards 0 or away from it?"),
        Misconception(
            decay_by_a_constant, hint="How much should a w of 10 lose, and how much a w of 0.1? How much do yours lose?"
        ),
        Misconception(
            decay_left_at_its_default, hint="Call your function with two values of weight_decay: do the results differ?"
        ),
    ),
    hints=(
        "Adam's step, and one small thing beside it.",
        "Shrink the given w first. Then let adam_step do the rest, with the gradient as it is.",
        "w ← w − η λ w;  then Adam's step with g alone.",
        "w = 2, g = 1, first step, η = 0.1, λ = 0.5: 2 − 0.1 · 0.5 · 2 = 1.9, and Adam takes another 0.1: 1.8.",
    ),
    convention="The decay is multiplied by the learning rate and is no part of the gradient, as in PyTorch's AdamW.",
    uses=("adam_step",),
)
