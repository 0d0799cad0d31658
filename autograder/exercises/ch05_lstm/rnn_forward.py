"""Exercise of section 5.2: a recurrent network along a whole sequence.

Source: Elman 1990, "Finding structure in time".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch05_lstm._recurrent import layer, parameters, state
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    """torch.nn.RNN."""
    return layer("RNN", weight_ih, weight_hh, bias_ih, bias_hh)(x, h0[None])[0]


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One step, one example, all axes different, as many examples as steps, a long sequence."""
    yield Case("one step", _inputs(rng, 2, 1, 3, 4))
    yield Case("one example, four steps", _inputs(rng, 1, 4, 2, 3))
    yield Case("three examples, five steps", _inputs(rng, 3, 5, 2, 4))
    yield Case("as many examples as steps", _inputs(rng, 4, 4, 3, 3))
    yield Case("twelve steps", _inputs(rng, 2, 12, 3, 5))


def _inputs(rng: np.random.Generator, n: int, steps: int, size_in: int, size: int) -> dict[str, Any]:
    x = rng.normal(0.2, 1.0, (n, steps, size_in))
    return {"x": x, "h0": state(rng, n, size)} | parameters(rng, 1, size_in, size)


def large() -> dict[str, Any]:
    """A batch of the chapter's size."""
    return _inputs(np.random.default_rng(50), 32, 25, 27, 32)


def _stepped(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    return np.tanh(x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh)


def _forward(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    from_x = x @ weight_ih.T + (bias_ih + bias_hh)
    hs, h = np.empty_like(from_x), h0
    for t in range(x.shape[1]):
        h = np.tanh(from_x[:, t] + h @ weight_hh.T)
        hs[:, t] = h
    return hs


def every_step_from_h0(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Starts every step from h0 again, so that nothing is carried along."""
    return np.tanh(x @ weight_ih.T + (bias_ih + bias_hh) + (h0 @ weight_hh.T)[:, None])


def every_step_from_zero(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Carries no state at all: only the first step sees h0."""
    hs = np.tanh(x @ weight_ih.T + (bias_ih + bias_hh))
    hs[:, 0] = _stepped(x[:, 0], h0, weight_ih, weight_hh, bias_ih, bias_hh)
    return hs


def start_state_ignored(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Starts from zeros instead of h0."""
    return _forward(x, np.zeros_like(h0), weight_ih, weight_hh, bias_ih, bias_hh)


def last_state_only(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Returns the state after the last step instead of all of them."""
    return _forward(x, h0, weight_ih, weight_hh, bias_ih, bias_hh)[:, -1]


def start_state_among_the_results(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Returns T + 1 states, the given one first."""
    hs = _forward(x, h0, weight_ih, weight_hh, bias_ih, bias_hh)
    return np.concatenate([h0[:, None], hs], axis=1)


def states_before_each_step(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Writes the state down before the step instead of after it."""
    hs = _forward(x, h0, weight_ih, weight_hh, bias_ih, bias_hh)
    return np.concatenate([h0[:, None], hs[:, :-1]], axis=1)


def batch_taken_for_time(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Runs along the first axis of x, from example to example."""
    h, found = h0, []
    for t in range(len(x)):
        h = _stepped(x[t], h, weight_ih, weight_hh, bias_ih, bias_hh)
        found.append(h)
    return np.stack(found, axis=1)


def time_first_in_the_result(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Returns (T, N, H): the states as they were collected."""
    return np.moveaxis(_forward(x, h0, weight_ih, weight_hh, bias_ih, bias_hh), 1, 0)


def state_leaks_into_the_next_example(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Takes the examples one after the other and goes on with the state of the one before."""
    h, rows = h0[:1], []
    for one in x:
        rows.append([])
        for step in one:
            h = _stepped(step[None], h, weight_ih, weight_hh, bias_ih, bias_hh)
            rows[-1].append(h[0])
    return np.array(rows)


def from_the_end_to_the_start(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Reads the sequence backwards."""
    return _forward(x[:, ::-1], h0, weight_ih, weight_hh, bias_ih, bias_hh)[:, ::-1]


def start_state_overwritten(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Keeps the running state in the caller's h0."""
    hs = _forward(x, h0, weight_ih, weight_hh, bias_ih, bias_hh)
    h0[:] = hs[:, -1]
    return hs


def one_array_for_all_steps(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Collects the same array T times and changes it in place, so that all entries show the last state."""
    hs = _forward(x, h0, weight_ih, weight_hh, bias_ih, bias_hh)
    return np.repeat(hs[:, -1:], x.shape[1], axis=1)


EXERCISE = Exercise(
    number=4,
    title="A whole sequence",
    section="5.2",
    points=3,
    minutes=10,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            every_step_from_h0, hint="Change x at the first step: does your last state change? Which state goes in?"
        ),
        Misconception(
            every_step_from_zero, hint="Change x at the first step: does your last state change? What is carried on?"
        ),
        Misconception(start_state_ignored, hint="Change h0: does anything in your result change?"),
        Misconception(last_state_only, hint="How many steps are there, and how many states do you return?"),
        Misconception(
            start_state_among_the_results, hint="T steps give how many new states? Is h0 the result of a step?"
        ),
        Misconception(
            states_before_each_step,
            hint="Does hs[:, 0] know x[:, 0] already? When do you write the state down: before the step or after it?",
        ),
        Misconception(
            batch_taken_for_time,
            hint="x is (N, T, D). Along which axis does time run, and along which one does your loop?",
        ),
        Misconception(
            time_first_in_the_result,
            hint="Your list holds T arrays of (N, H). Along which axis do you stack them?",
        ),
        Misconception(
            state_leaks_into_the_next_example,
            hint="With which state does the second example start: its own row of h0, or where the first one ended?",
        ),
        Misconception(from_the_end_to_the_start, hint="Which step comes first in time? Where does your loop begin?"),
        Misconception(
            start_state_overwritten, hint="What does h0 hold after the call? Does your loop need a name of its own?"
        ),
        Misconception(
            one_array_for_all_steps,
            hint="Are all your states the same? Does your list hold T arrays, or one array T times?",
        ),
    ),
    hints=(
        "One loop over the steps, one state that is carried from step to step, and a place for each result.",
        "x[:, t] is step t of all examples, shape (N, D). That is what rnn_cell wants.",
        "h_0 is given;  for t = 1 ... T: h_t = rnn_cell(x_t, h_(t−1));  result[:, t − 1] = h_t.",
        "T = 2: first = rnn_cell(x[:, 0], h0); second = rnn_cell(x[:, 1], first); the result is both, stacked along "
        "axis 1.",
    ),
    convention="Batch first: x is (N, T, D). PyTorch's own default is time first; its batch_first=True is ours.",
    uses=("rnn_cell",),
    pace=Pace(inputs=large, yardstick=_forward),
)
