"""Exercise of section 9.6: the rate rises in equal steps at the start.

Source: Goyal et al. 2017, "Accurate, large minibatch SGD", section 2.2; torch.optim.lr_scheduler.LinearLR.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.exercises.ch09_adam._schedules import rates
from autograder.spec import Case, Exercise, Misconception


def drive(linear_warmup, steps, warmup_steps, learning_rate):
    """The rates of the steps 0 to steps - 1."""
    return np.array([linear_warmup(step, warmup_steps, learning_rate) for step in range(steps)])


def reference(steps, warmup_steps, learning_rate):
    """PyTorch's LinearLR, from 1 / warmup_steps to 1."""
    import torch

    return rates(
        lambda own: torch.optim.lr_scheduler.LinearLR(own, 1 / warmup_steps, 1.0, warmup_steps - 1),
        learning_rate,
        steps,
    )


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """The first step, the joint, a long time after it, and a warm-up of one step, which is none."""
    yield Case("the first step", _inputs(rng, 1, 5))
    yield Case("four steps and a little more", _inputs(rng, 7, 4))
    yield Case("long after", _inputs(rng, 20, 3))
    yield Case("a warm-up of one step", _inputs(rng, 3, 1))


def _inputs(rng: np.random.Generator, steps: int, warmup_steps: int) -> dict[str, float]:
    return {"steps": steps, "warmup_steps": warmup_steps, "learning_rate": float(rng.uniform(0.2, 2.0))}


def first_step_has_rate_zero(step, warmup_steps, learning_rate):
    """Divides step by warmup_steps, so that the first step does nothing."""
    return learning_rate * min(step / warmup_steps, 1.0)


def rises_for_ever(step, warmup_steps, learning_rate):
    """Does not stop at learning_rate."""
    return learning_rate * (step + 1) / warmup_steps


def takes_one_step_more(step, warmup_steps, learning_rate):
    """Divides by warmup_steps + 1."""
    return learning_rate * min((step + 1) / (warmup_steps + 1), 1.0)


def no_warmup(step, warmup_steps, learning_rate):
    """Gives the full rate from the start."""
    return learning_rate


def rises_as_a_square(step, warmup_steps, learning_rate):
    """Squares the share."""
    return learning_rate * min((step + 1) / warmup_steps, 1.0) ** 2


def falls_back_after_the_warmup(step, warmup_steps, learning_rate):
    """Gives 0 once the warm-up is over."""
    return learning_rate * (step + 1) / warmup_steps if step < warmup_steps else 0.0


EXERCISE = Exercise(
    number=11,
    title="Linear warm-up",
    section="9.6",
    points=2,
    minutes=6,
    difficulty="easy",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(first_step_has_rate_zero, hint="How far do the parameters move in your first step?"),
        Misconception(rises_for_ever, hint="What is your rate long after the warm-up? What should it be?"),
        Misconception(
            takes_one_step_more,
            hint="With warmup_steps = 4, which step is the first with the full rate: number 3 or 4?",
        ),
        Misconception(no_warmup, hint="What is your rate at step 0? What does the docstring say it is?"),
        Misconception(rises_as_a_square, hint="Subtract each rate from the next: are the differences equal?"),
        Misconception(falls_back_after_the_warmup, hint="Which rate does the training go on with after the warm-up?"),
    ),
    hints=(
        "A share that grows by the same amount each step, and then stays at 1.",
        "Step 0 is the first of warmup_steps steps, and it is not lost.",
        "η_t = η · min((t + 1) / W, 1).",
        "η = 0.4, W = 4: 0.1, 0.2, 0.3, 0.4, 0.4, …",
    ),
    convention="The first step already moves: its rate is learning_rate / warmup_steps.",
)
