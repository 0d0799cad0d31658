"""Exercise of section 9.6: the rate follows half a cosine wave.

Source: Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", equation (5), without
restarts.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.exercises.ch09_adam._schedules import rates
from autograder.spec import Case, Exercise, Misconception


def drive(cosine_decay, steps, total_steps, learning_rate, final_rate=0.0):
    """The rates of the steps 0 to steps - 1."""
    return np.array([cosine_decay(step, total_steps, learning_rate, final_rate) for step in range(steps)])


def reference(steps, total_steps, learning_rate, final_rate=0.0):
    """PyTorch's CosineAnnealingLR up to total_steps, and its last rate from there on."""
    import torch

    found = rates(
        lambda own: torch.optim.lr_scheduler.CosineAnnealingLR(own, total_steps, eta_min=final_rate),
        learning_rate,
        total_steps + 1,
    )
    return found[torch.arange(steps).clamp(max=total_steps)]


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """The start, four steps, a final rate, and steps after the end."""
    yield Case("the first step", _inputs(rng, 1, 4))
    yield Case("four steps, both ends", _inputs(rng, 5, 4))
    yield Case("a final rate", _inputs(rng, 12, 11) | {"final_rate": 0.05})
    yield Case("after the end", _inputs(rng, 11, 7) | {"final_rate": 0.02})


def _inputs(rng: np.random.Generator, steps: int, total_steps: int) -> dict[str, float]:
    return {"steps": steps, "total_steps": total_steps, "learning_rate": float(rng.uniform(0.2, 2.0))}


def ends_one_step_early(step, total_steps, learning_rate, final_rate=0.0):
    """Divides by total_steps - 1."""
    done = min(step / (total_steps - 1), 1.0)
    return final_rate + (learning_rate - final_rate) * (1 + np.cos(np.pi * done)) / 2


def rises_again_after_the_end(step, total_steps, learning_rate, final_rate=0.0):
    """Follows the wave beyond its lowest point."""
    return final_rate + (learning_rate - final_rate) * (1 + np.cos(np.pi * step / total_steps)) / 2


def degrees_for_radians(step, total_steps, learning_rate, final_rate=0.0):
    """Gives the cosine an angle of up to 180."""
    done = min(step / total_steps, 1.0)
    return final_rate + (learning_rate - final_rate) * (1 + np.cos(180 * done)) / 2


def a_quarter_of_a_wave(step, total_steps, learning_rate, final_rate=0.0):
    """Uses cos(x) from 0 to π/2, which begins flat and ends steep."""
    done = min(step / total_steps, 1.0)
    return final_rate + (learning_rate - final_rate) * np.cos(np.pi / 2 * done)


def a_whole_wave(step, total_steps, learning_rate, final_rate=0.0):
    """Goes down and up again within total_steps."""
    done = min(step / total_steps, 1.0)
    return final_rate + (learning_rate - final_rate) * (1 + np.cos(2 * np.pi * done)) / 2


def final_rate_added_on_top(step, total_steps, learning_rate, final_rate=0.0):
    """Adds final_rate to a decay from the full rate to 0, so that the start is too high."""
    done = min(step / total_steps, 1.0)
    return final_rate + learning_rate * (1 + np.cos(np.pi * done)) / 2


def final_rate_ignored(step, total_steps, learning_rate, final_rate=0.0):
    """Always ends at 0."""
    done = min(step / total_steps, 1.0)
    return learning_rate * (1 + np.cos(np.pi * done)) / 2


EXERCISE = Exercise(
    number=10,
    title="Cosine decay",
    section="9.6",
    points=2,
    minutes=8,
    difficulty="medium",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            ends_one_step_early, hint="With total_steps = 4, what is the rate at step 3? Which step has the final rate?"
        ),
        Misconception(
            rises_again_after_the_end,
            hint="What happens at step total_steps + 1? What does the docstring say about it?",
        ),
        Misconception(degrees_for_radians, hint="What does np.cos(180) give? In which unit does it want its angle?"),
        Misconception(a_quarter_of_a_wave, hint="Where is the rate half of the first one: in the middle, or later?"),
        Misconception(a_whole_wave, hint="What is your rate in the middle, and what at the end?"),
        Misconception(
            final_rate_added_on_top,
            hint="What is your rate at step 0 when final_rate is 0.05? Which range is left to fall?",
        ),
        Misconception(final_rate_ignored, hint="What is your rate at the end when final_rate is 0.05?"),
    ),
    hints=(
        "A cosine goes from 1 to −1 in half a wave. Squeeze that into 1 to 0 first.",
        "(1 + cos) / 2 goes from 1 to 0. It scales the distance between the two rates.",
        "η_t = η_end + (η₀ − η_end) · (1 + cos(π t / T)) / 2;  η_end for t ≥ T.",
        "η₀ = 1, η_end = 0, T = 4: 1, 0.854, 0.5, 0.146, 0.",
    ),
    convention="The end is held after total_steps; PyTorch's CosineAnnealingLR would rise again.",
)
