"""Exercise of section 3.2: where gradient descent passes through.

Source: derived in section 3.2.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def drive(gradient_descent, bowl, w, learning_rate, steps):
    """Descend in the bowl w @ bowl @ w / 2 + (sum of w)**4 / 40, whose curvature changes from place to place."""

    def gradient(w):
        return bowl @ w + np.sum(w) ** 3 / 10

    return gradient_descent(gradient, w, learning_rate, steps)


def reference(bowl, w, learning_rate, steps):
    """torch.optim.SGD on the loss itself; autograd takes the gradient."""
    import torch

    parameter = torch.nn.Parameter(w.clone())
    optimizer = torch.optim.SGD([parameter], lr=learning_rate)
    path = [w]
    for _ in range(steps):
        optimizer.zero_grad()
        loss = parameter @ bowl @ parameter / 2 + parameter.sum() ** 4 / 40
        loss.backward()
        optimizer.step()
        path.append(parameter.detach().clone())
    return torch.stack(path)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """No step, one step, many, in one to four dimensions."""
    yield Case("no step", _inputs(rng, 2, 0))
    yield Case("one step", _inputs(rng, 3, 1))
    yield Case("one parameter", _inputs(rng, 1, 6))
    yield Case("four parameters, twenty steps", _inputs(rng, 4, 20))


def _inputs(rng: np.random.Generator, size: int, steps: int) -> dict[str, object]:
    # A Householder reflection turns known curvatures, so that the rate is surely small enough.
    axis = rng.normal(size=(size, 1))
    turn = np.eye(size) - 2 * axis @ axis.T / np.sum(axis**2)
    bowl = turn @ np.diag(rng.uniform(0.5, 3.0, size)) @ turn
    return {"bowl": bowl, "w": rng.uniform(0.4, 1.2, size), "learning_rate": 0.1, "steps": steps}


def gradient_taken_at_the_start_only(gradient, w, learning_rate, steps):
    """Computes the gradient once and goes straight on."""
    direction = gradient(w)
    return np.array([w - learning_rate * step * direction for step in range(steps + 1)])


def start_left_out(gradient, w, learning_rate, steps):
    """Begins the path after the first step."""
    path = []
    for _ in range(steps):
        w = w - learning_rate * gradient(w)
        path.append(w)
    return np.array(path).reshape(steps, len(w))


def one_step_too_many(gradient, w, learning_rate, steps):
    """Steps once more than it was asked."""
    path = [w]
    for _ in range(steps + 1):
        w = w - learning_rate * gradient(w)
        path.append(w)
    return np.array(path)


def only_the_end(gradient, w, learning_rate, steps):
    """Returns where the descent ends instead of the whole path."""
    for _ in range(steps):
        w = w - learning_rate * gradient(w)
    return w


def every_row_is_the_end(gradient, w, learning_rate, steps):
    """Changes one array in place and puts it into the list again and again."""
    w = w.copy()
    path = [w]
    for _ in range(steps):
        w -= learning_rate * gradient(w)
        path.append(w)
    return np.array(path)


def climbs(gradient, w, learning_rate, steps):
    """Adds the gradient."""
    path = [w]
    for _ in range(steps):
        w = w + learning_rate * gradient(w)
        path.append(w)
    return np.array(path)


def notes_the_gradients(gradient, w, learning_rate, steps):
    """Returns the steps instead of the places."""
    path = [w]
    for _ in range(steps):
        step = learning_rate * gradient(w)
        w = w - step
        path.append(-step)
    return np.array(path)


EXERCISE = Exercise(
    number=2,
    title="A whole descent",
    section="3.2",
    points=3,
    minutes=10,
    difficulty="medium",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            gradient_taken_at_the_start_only,
            hint="After the first step you stand somewhere else. Is the slope the same there? How often do you ask "
            "for it?",
        ),
        Misconception(start_left_out, hint="Which shape does the docstring promise? Which place is row 0?"),
        Misconception(one_step_too_many, hint="With steps = 1, how many rows should come out? How many do?"),
        Misconception(only_the_end, hint="Is one place asked for, or all of them?"),
        Misconception(
            every_row_is_the_end,
            hint="Are all rows of your result the same? What happens to an array in a list when you change it later?",
        ),
        Misconception(climbs, hint="Compute the loss along your path: does it fall?"),
        Misconception(notes_the_gradients, hint="Is row 1 a place, or the way that led there?"),
    ),
    hints=(
        "A loop that steps and writes down where it is.",
        "Put the start into the list before the loop. In the loop: ask for the gradient where you are now.",
        "w_(t+1) = w_t − η · gradient(w_t); rows w_0, w_1, …, w_steps.",
        "Loss w², gradient 2w, start 1, η = 0.1: rows 1, 0.8, 0.64.",
    ),
    uses=("gradient_step",),
)
