"""Exercise of section 9.4: momentum and RMSProp together, both corrected for their start at 0.

Source: Kingma and Ba 2015, "Adam: a method for stochastic optimization", algorithm 1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.exercises.ch09_adam._optimisers import inputs, run
from autograder.spec import Case, Exercise, Misconception


def drive(adam_step, w, grads, learning_rates, beta1=0.9, beta2=0.999, eps=1e-8):
    """Several steps, one after the other; the path and both averages after each."""
    m, v = np.zeros_like(w), np.zeros_like(w)
    path, first, second = [], [], []
    for step, (grad, rate) in enumerate(zip(grads, learning_rates, strict=True), start=1):
        w, m, v = adam_step(w, m, v, grad, step, rate, beta1, beta2, eps)
        path.append(w)
        first.append(m)
        second.append(v)
    return {"w": np.array(path), "m": np.array(first), "v": np.array(second)}


def reference(w, grads, learning_rates, beta1=0.9, beta2=0.999, eps=1e-8):
    """torch.optim.Adam."""
    import torch

    return run(
        lambda own: torch.optim.Adam(own, betas=(beta1, beta2), eps=eps),
        w,
        grads,
        learning_rates,
        {"m": "exp_avg", "v": "exp_avg_sq"},
    )


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One step, many, tiny gradients, other betas with a changing rate, and a large eps."""
    yield Case("one step from rest", inputs(rng, 1))
    yield Case("six steps", inputs(rng, 6))
    yield Case("tiny gradients", inputs(rng, 5, scale=1e-8))
    changing = inputs(rng, 6) | {"learning_rates": np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.02])}
    yield Case("other betas, a changing rate", changing | {"beta1": 0.8, "beta2": 0.95})
    yield Case("eps = 0.3", inputs(rng, 5) | {"eps": 0.3})


def _averages(m, v, grad, beta1, beta2):
    return beta1 * m + (1 - beta1) * grad, beta2 * v + (1 - beta2) * grad**2


def no_bias_correction(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8):
    """Steps with m and v as they are."""
    m, v = _averages(m, v, grad, beta1, beta2)
    return w - learning_rate * m / (np.sqrt(v) + eps), m, v


def only_m_corrected(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8):
    """Corrects m and forgets v."""
    m, v = _averages(m, v, grad, beta1, beta2)
    return w - learning_rate * m / (1 - beta1**step) / (np.sqrt(v) + eps), m, v


def only_v_corrected(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8):
    """Corrects v and forgets m."""
    m, v = _averages(m, v, grad, beta1, beta2)
    return w - learning_rate * m / (np.sqrt(v / (1 - beta2**step)) + eps), m, v


def eps_inside_the_root(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adds eps before taking the root, where it weighs much more."""
    m, v = _averages(m, v, grad, beta1, beta2)
    m_hat, v_hat = m / (1 - beta1**step), v / (1 - beta2**step)
    return w - learning_rate * m_hat / np.sqrt(v_hat + eps), m, v


def eps_added_before_the_correction(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adds eps to the root of the uncorrected v, and corrects both together afterwards."""
    m, v = _averages(m, v, grad, beta1, beta2)
    rate = learning_rate * np.sqrt(1 - beta2**step) / (1 - beta1**step)
    return w - rate * m / (np.sqrt(v) + eps), m, v


def corrected_averages_carried_on(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8):
    """Returns the corrected m and v, so that the next step corrects them again."""
    m, v = _averages(m, v, grad, beta1, beta2)
    m, v = m / (1 - beta1**step), v / (1 - beta2**step)
    return w - learning_rate * m / (np.sqrt(v) + eps), m, v


def steps_counted_one_ahead(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8):
    """Corrects with beta to the power of step + 1."""
    m, v = _averages(m, v, grad, beta1, beta2)
    m_hat, v_hat = m / (1 - beta1 ** (step + 1)), v / (1 - beta2 ** (step + 1))
    return w - learning_rate * m_hat / (np.sqrt(v_hat) + eps), m, v


def correction_ignores_the_step(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8):
    """Divides by 1 - beta at every step."""
    m, v = _averages(m, v, grad, beta1, beta2)
    return w - learning_rate * m / (1 - beta1) / (np.sqrt(v / (1 - beta2)) + eps), m, v


def betas_swapped(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8):
    """Averages the gradient with beta2 and its square with beta1."""
    m, v = _averages(m, v, grad, beta2, beta1)
    m_hat, v_hat = m / (1 - beta2**step), v / (1 - beta1**step)
    return w - learning_rate * m_hat / (np.sqrt(v_hat) + eps), m, v


def square_of_m_instead_of_the_gradient(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8):
    """Averages the square of the averaged gradient."""
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * m**2
    m_hat, v_hat = m / (1 - beta1**step), v / (1 - beta2**step)
    return w - learning_rate * m_hat / (np.sqrt(v_hat) + eps), m, v


def sign_of_the_gradient(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8):
    """Divides each gradient by its own size, as if there were no history."""
    m, v = _averages(m, v, grad, beta1, beta2)
    return w - learning_rate * grad / (np.abs(grad) + eps), m, v


def root_forgotten(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8):
    """Divides by v instead of its root."""
    m, v = _averages(m, v, grad, beta1, beta2)
    m_hat, v_hat = m / (1 - beta1**step), v / (1 - beta2**step)
    return w - learning_rate * m_hat / (v_hat + eps), m, v


EXERCISE = Exercise(
    number=5,
    title="One step of Adam",
    section="9.4",
    points=4,
    minutes=15,
    difficulty="medium",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            no_bias_correction,
            hint="How long is your very first step, as a multiple of the learning rate? How long should it be?",
        ),
        Misconception(
            only_m_corrected,
            hint="Your first step is 31.6 times the learning rate. Which of the two averages still starts too small?",
        ),
        Misconception(
            only_v_corrected,
            hint="Your first step is a tenth of the learning rate. Which of the two averages still starts too small?",
        ),
        Misconception(
            eps_inside_the_root,
            hint="What is the root of eps = 1e-8? Is that still small beside a gradient of 1e-8? Where does eps stand?",
        ),
        Misconception(
            eps_added_before_the_correction,
            hint="With a gradient of 1e-8 the first step is half the learning rate. To which root is eps added: "
            "that of v or that of the corrected v?",
        ),
        Misconception(
            corrected_averages_carried_on,
            hint="Which m and v does the docstring ask you to return? What happens to a corrected m in the next step?",
        ),
        Misconception(
            steps_counted_one_ahead,
            hint="What is step in the first call? Which power of beta corrects the first average?",
        ),
        Misconception(
            correction_ignores_the_step,
            hint="After 1000 steps the averages have forgotten their start. Does your correction know that?",
        ),
        Misconception(
            betas_swapped, hint="Which average has the longer memory: that of the gradient or that of its square?"
        ),
        Misconception(
            square_of_m_instead_of_the_gradient,
            hint="What if the gradient is 1, −1, 1, −1? How large is it typically, and what does your v say?",
        ),
        Misconception(
            sign_of_the_gradient,
            hint="Your first step is right. What do m and v remember in the second one, and where do you use it?",
        ),
        Misconception(
            root_forgotten,
            hint="If all gradients were ten times as large, should the step change? What does yours do?",
        ),
    ),
    hints=(
        "Five lines, in this order: m, v, the corrected m, the corrected v, the step.",
        "The corrected averages are used in the step and then thrown away. Keep m and v themselves.",
        "m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  m̂ = m/(1 − β₁^t);  v̂ = v/(1 − β₂^t);  w ← w − η m̂/(√v̂ + eps).",
        "g = 4, step 1, η = 0.1: m = 0.4, v = 0.016; m̂ = 0.4/0.1 = 4, v̂ = 0.016/0.001 = 16; w − 0.1 · 4/4 = w − 0.1.",
    ),
    convention="step counts from 1; eps is added to the root of the corrected v, as in PyTorch.",
)
