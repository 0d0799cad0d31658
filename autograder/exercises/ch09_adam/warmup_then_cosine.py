"""Exercise of section 9.6: the schedule of most language models: up in a line, down along a cosine.

Source: Goyal et al. 2017 (warm-up); Loshchilov and Hutter 2017 (cosine); joined as in
torch.optim.lr_scheduler.SequentialLR.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.exercises.ch09_adam._schedules import rates
from autograder.spec import Case, Exercise, Misconception


def drive(warmup_then_cosine, warmup_steps, total_steps, learning_rate, final_rate=0.0):
    """The rates of the steps 0 to total_steps."""
    steps = range(total_steps + 1)
    return np.array([warmup_then_cosine(step, warmup_steps, total_steps, learning_rate, final_rate) for step in steps])


def reference(warmup_steps, total_steps, learning_rate, final_rate=0.0):
    """PyTorch's LinearLR and CosineAnnealingLR, one after the other."""
    import torch

    schedulers = torch.optim.lr_scheduler

    def rise(own):
        return schedulers.LinearLR(own, 1 / warmup_steps, 1.0, warmup_steps - 1)

    def fall(own):
        return schedulers.CosineAnnealingLR(own, total_steps - warmup_steps, eta_min=final_rate)

    up = rates(rise, learning_rate, warmup_steps) if warmup_steps else torch.empty(0)
    return torch.cat([up, rates(fall, learning_rate, total_steps - warmup_steps + 1)])


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """The joint in several places, a final rate, and no warm-up at all."""
    yield Case("three up, eight down", _inputs(rng, 3, 11))
    yield Case("a final rate", _inputs(rng, 4, 10) | {"final_rate": 0.03})
    yield Case("a warm-up of one step", _inputs(rng, 1, 6))
    yield Case("no warm-up", _inputs(rng, 0, 5))
    yield Case("a long one", _inputs(rng, 10, 40) | {"final_rate": 0.01})


def _inputs(rng: np.random.Generator, warmup_steps: int, total_steps: int) -> dict[str, float]:
    return {
        "warmup_steps": warmup_steps,
        "total_steps": total_steps,
        "learning_rate": float(rng.uniform(0.2, 2.0)),
    }


def _cosine(done, learning_rate, final_rate):
    return final_rate + (learning_rate - final_rate) * (1 + np.cos(np.pi * min(done, 1.0))) / 2


def cosine_does_not_start_at_the_joint(step, warmup_steps, total_steps, learning_rate, final_rate=0.0):
    """Counts the cosine's steps from the very beginning, so that the rate jumps down after the warm-up."""
    if step < warmup_steps:
        return learning_rate * (step + 1) / warmup_steps
    return _cosine(step / total_steps, learning_rate, final_rate)


def cosine_has_all_steps_left(step, warmup_steps, total_steps, learning_rate, final_rate=0.0):
    """Stretches the cosine over total_steps, so that it does not reach its end."""
    if step < warmup_steps:
        return learning_rate * (step + 1) / warmup_steps
    return _cosine((step - warmup_steps) / total_steps, learning_rate, final_rate)


def decay_begins_one_step_early(step, warmup_steps, total_steps, learning_rate, final_rate=0.0):
    """Lets the cosine begin at the last step of the warm-up."""
    if step < warmup_steps - 1:
        return learning_rate * (step + 1) / warmup_steps
    start = max(warmup_steps - 1, 0)
    return _cosine((step - start) / (total_steps - start), learning_rate, final_rate)


def no_warmup(step, warmup_steps, total_steps, learning_rate, final_rate=0.0):
    """Leaves the warm-up out."""
    return _cosine(step / total_steps, learning_rate, final_rate)


def warmup_starts_from_zero(step, warmup_steps, total_steps, learning_rate, final_rate=0.0):
    """Gives the first step a rate of 0."""
    if step < warmup_steps:
        return learning_rate * step / warmup_steps
    return _cosine((step - warmup_steps) / (total_steps - warmup_steps), learning_rate, final_rate)


def both_at_once(step, warmup_steps, total_steps, learning_rate, final_rate=0.0):
    """Multiplies the warm-up's share with the cosine of all steps."""
    share = min((step + 1) / warmup_steps, 1.0) if warmup_steps else 1.0
    return share * _cosine(step / total_steps, learning_rate, final_rate)


def falls_along_a_straight_line(step, warmup_steps, total_steps, learning_rate, final_rate=0.0):
    """Uses a straight line after the warm-up."""
    if step < warmup_steps:
        return learning_rate * (step + 1) / warmup_steps
    done = (step - warmup_steps) / (total_steps - warmup_steps)
    return learning_rate + (final_rate - learning_rate) * done


EXERCISE = Exercise(
    number=12,
    title="Warm-up, then cosine",
    section="9.6",
    points=3,
    minutes=10,
    difficulty="medium",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            cosine_does_not_start_at_the_joint,
            hint="What is the rate at the first step after the warm-up? How many steps of the cosine have passed "
            "there?",
        ),
        Misconception(
            cosine_has_all_steps_left,
            hint="What is your rate at step total_steps? How many steps are left for the cosine after the warm-up?",
        ),
        Misconception(
            decay_begins_one_step_early,
            hint="Two steps have the full rate: the last of the warm-up and the first of the cosine. Do yours?",
        ),
        Misconception(no_warmup, hint="What is the rate at step 0, and what should it be?"),
        Misconception(warmup_starts_from_zero, hint="How far do the parameters move in your first step?"),
        Misconception(
            both_at_once, hint="Does the rate reach learning_rate at any step? Which of the two parts acts at a time?"
        ),
        Misconception(
            falls_along_a_straight_line,
            hint="Half way down, are your differences from step to step all equal? Which shape is asked for?",
        ),
    ),
    hints=(
        "One question decides which of your two functions answers: is the warm-up over?",
        "The cosine has its own clock. It starts at 0 when the warm-up is over, and has the remaining steps.",
        "t < W: linear_warmup(t, W, η);  otherwise cosine_decay(t − W, T − W, η, η_end).",
        "W = 2, T = 6, η = 1: 0.5, 1, 1, 0.854, 0.5, 0.146, 0.",
    ),
    convention="total_steps includes the warm-up. Without warm-up (0 steps) the cosine starts at once.",
    uses=("linear_warmup", "cosine_decay"),
)
