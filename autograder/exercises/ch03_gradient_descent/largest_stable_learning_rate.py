"""Exercise of section 3.2: the rate beyond which gradient descent on a bowl runs away.

Source: derived in section 3.2; LeCun, Bottou, Orr and Müller 1998, "Efficient BackProp", section 5.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(hessian):
    """Two over the spectral norm, which PyTorch takes from singular values."""
    import torch

    return 2 / torch.linalg.matrix_norm(hessian, ord=2)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One curvature, two along the axes, bowls that are turned."""
    yield Case("one parameter", {"hessian": rng.uniform(0.5, 9.0, (1, 1))})
    yield Case("along the axes", {"hessian": np.diag(rng.uniform(0.5, 1.0, 3) * np.array([1.0, 30.0, 4.0]))})
    yield Case("a turned bowl", {"hessian": _bowl(rng, [9.0, 1.0])})
    yield Case("four parameters", {"hessian": _bowl(rng, [20.0, 7.0, 2.0, 0.3])})


def _bowl(rng: np.random.Generator, curvatures: list[float]) -> np.ndarray:
    """A symmetric matrix with these curvatures (times a random factor) along axes at least 20 degrees off."""
    size = len(curvatures)
    axis = rng.uniform(0.6, 1.4, (size, 1)) * rng.choice([-1.0, 1.0], (size, 1))
    turn = np.eye(size) - 2 * axis @ axis.T / np.sum(axis**2)
    # Half the reflection angle keeps the axes apart from the coordinates' in two dimensions, too.
    angle = rng.uniform(0.4, 1.1)
    plane = np.eye(size)
    plane[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    turn = plane if size == 2 else turn @ plane
    return turn @ np.diag(np.array(curvatures) * rng.uniform(0.8, 1.2)) @ turn.T


def one_over_the_curvature(hessian):
    """The rate that lands in the minimum at once, half of the limit."""
    return 1 / np.max(np.linalg.eigvalsh(hessian))


def smallest_curvature(hessian):
    """Takes the flattest direction instead of the steepest."""
    return 2 / np.min(np.linalg.eigvalsh(hessian))


def largest_entry_of_the_diagonal(hessian):
    """Looks along the coordinates only."""
    return 2 / np.max(np.diag(hessian))


def sum_of_the_curvatures(hessian):
    """Divides by the trace."""
    return 2 / np.trace(hessian)


def curvature_itself(hessian):
    """Returns the largest curvature."""
    return np.max(np.linalg.eigvalsh(hessian))


def one_rate_for_each_direction(hessian):
    """Returns as many limits as there are curvatures."""
    return 2 / np.linalg.eigvalsh(hessian)


EXERCISE = Exercise(
    number=3,
    title="The largest stable learning rate",
    section="3.2",
    points=2,
    minutes=8,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            one_over_the_curvature,
            hint="On w² the curvature is 2. Does a rate of 0.6 already run away? Where is the edge?",
        ),
        Misconception(
            smallest_curvature, hint="Which direction runs away first when the rate grows: the steep or the flat one?"
        ),
        Misconception(
            largest_entry_of_the_diagonal,
            hint="The bowl [[2, 1], [1, 2]] is steepest along the diagonal of the plane. What is its curvature there?",
        ),
        Misconception(
            sum_of_the_curvatures,
            hint="Along two axes with curvatures 9 and 1: which of them sets the limit, or do both?",
        ),
        Misconception(
            curvature_itself,
            hint="The steeper the bowl, the smaller the rate must be: does yours get smaller?",
        ),
        Misconception(one_rate_for_each_direction, hint="All directions share one rate. Which of your numbers is it?"),
    ),
    hints=(
        "Section 3.2 found the limit for one parameter. With several, the worst direction decides.",
        "np.linalg.eigvalsh gives the curvatures of a symmetric matrix along its own axes.",
        "η_max = 2 / λ_max.",
        "[[2, 1], [1, 2]] has the curvatures 1 and 3, so the limit is 2 / 3 = 0.667.",
    ),
)
