"""Exercise of section 5.5: an LSTM along a whole sequence.

Source: Hochreiter and Schmidhuber 1997, "Long short-term memory".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch05_lstm._recurrent import layer, parameters, state
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """torch.nn.LSTM, step by step, because it shows its memory only after the last step of a call."""
    import torch

    made = layer("LSTM", weight_ih, weight_hh, bias_ih, bias_hh)
    states, hs, cs = (h0[None], c0[None]), [], []
    for step in torch.split(x, 1, dim=1):
        _, states = made(step, states)
        hs.append(states[0][0])
        cs.append(states[1][0])
    return torch.stack(hs, dim=1), torch.stack(cs, dim=1)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One step, one example, all axes different, as many examples as steps, a long sequence that remembers."""
    yield Case("one step", _inputs(rng, 2, 1, 3, 4))
    yield Case("one example, four steps", _inputs(rng, 1, 4, 2, 3))
    yield Case("three examples, five steps", _inputs(rng, 3, 5, 2, 4))
    yield Case("as many examples as steps", _inputs(rng, 4, 4, 3, 3))
    keeps = _inputs(rng, 2, 12, 3, 5)
    keeps["bias_ih"][5:10] += 3
    yield Case("twelve steps, forget bias 3", keeps)


def _inputs(rng: np.random.Generator, n: int, steps: int, size_in: int, size: int) -> dict[str, Any]:
    x, h0, c0 = rng.normal(0.2, 1.0, (n, steps, size_in)), state(rng, n, size), rng.normal(0.0, 1.5, (n, size))
    return {"x": x, "h0": h0, "c0": c0} | parameters(rng, 4, size_in, size)


def large() -> dict[str, Any]:
    """A batch of the chapter's size."""
    return _inputs(np.random.default_rng(52), 32, 25, 27, 32)


def _sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def _stepped(from_x, h, c, weight_hh):
    i, f, g, o = np.split(from_x + h @ weight_hh.T, 4, axis=-1)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


def _forward(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    from_x = x @ weight_ih.T + (bias_ih + bias_hh)
    h, c, hs, cs = h0, c0, [], []
    for t in range(x.shape[1]):
        h, c = _stepped(from_x[:, t], h, c, weight_hh)
        hs.append(h)
        cs.append(c)
    return np.stack(hs, axis=1), np.stack(cs, axis=1)


def every_step_from_the_start(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Starts every step from h0 and c0 again, so that nothing is carried along."""
    from_x = x @ weight_ih.T + (bias_ih + bias_hh)
    states = [_stepped(from_x[:, t], h0, c0, weight_hh) for t in range(x.shape[1])]
    return np.stack([h for h, _ in states], axis=1), np.stack([c for _, c in states], axis=1)


def memory_not_carried(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Carries h and takes c0 at every step."""
    from_x = x @ weight_ih.T + (bias_ih + bias_hh)
    h, hs, cs = h0, [], []
    for t in range(x.shape[1]):
        h, c = _stepped(from_x[:, t], h, c0, weight_hh)
        hs.append(h)
        cs.append(c)
    return np.stack(hs, axis=1), np.stack(cs, axis=1)


def hidden_state_not_carried(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Carries c and takes h0 at every step."""
    from_x = x @ weight_ih.T + (bias_ih + bias_hh)
    c, hs, cs = c0, [], []
    for t in range(x.shape[1]):
        h, c = _stepped(from_x[:, t], h0, c, weight_hh)
        hs.append(h)
        cs.append(c)
    return np.stack(hs, axis=1), np.stack(cs, axis=1)


def states_swapped_between_steps(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Hands h and c to the next step in the wrong order."""
    from_x = x @ weight_ih.T + (bias_ih + bias_hh)
    h, c, hs, cs = h0, c0, [], []
    for t in range(x.shape[1]):
        h, c = _stepped(from_x[:, t], h, c, weight_hh)
        hs.append(h)
        cs.append(c)
        h, c = c, h
    return np.stack(hs, axis=1), np.stack(cs, axis=1)


def start_states_swapped(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Starts with c0 as hidden state and h0 as memory."""
    return _forward(x, c0, h0, weight_ih, weight_hh, bias_ih, bias_hh)


def start_states_ignored(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Starts from zeros."""
    return _forward(x, np.zeros_like(h0), np.zeros_like(c0), weight_ih, weight_hh, bias_ih, bias_hh)


def start_memory_ignored(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Starts from h0 and an empty memory."""
    return _forward(x, h0, np.zeros_like(c0), weight_ih, weight_hh, bias_ih, bias_hh)


def memory_starts_as_h0(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Takes h0 for both states."""
    return _forward(x, h0, h0, weight_ih, weight_hh, bias_ih, bias_hh)


def last_states_only(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Returns the states after the last step instead of all of them."""
    hs, cs = _forward(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)
    return hs[:, -1], cs[:, -1]


def last_memory_only(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Returns all hidden states and, as PyTorch's layer does, only the last memory."""
    hs, cs = _forward(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)
    return hs, cs[:, -1]


def states_before_each_step(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Writes the states down before the step instead of after it."""
    hs, cs = _forward(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)
    return (
        np.concatenate([h0[:, None], hs[:, :-1]], axis=1),
        np.concatenate([c0[:, None], cs[:, :-1]], axis=1),
    )


def memory_returned_first(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Returns cs and then hs."""
    hs, cs = _forward(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)
    return cs, hs


def time_first_in_the_result(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Returns (T, N, H): the states as they were collected."""
    hs, cs = _forward(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)
    return np.moveaxis(hs, 1, 0), np.moveaxis(cs, 1, 0)


def batch_taken_for_time(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Runs along the first axis of x, from example to example."""
    from_x = x @ weight_ih.T + (bias_ih + bias_hh)
    h, c, hs, cs = h0, c0, [], []
    for t in range(len(x)):
        h, c = _stepped(from_x[t], h, c, weight_hh)
        hs.append(h)
        cs.append(c)
    return np.stack(hs, axis=1), np.stack(cs, axis=1)


def state_leaks_into_the_next_example(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Takes the examples one after the other and goes on with the states of the one before."""
    h, c, hs, cs = h0[0], c0[0], [], []
    for one in x @ weight_ih.T + (bias_ih + bias_hh):
        hs.append([])
        cs.append([])
        for step in one:
            h, c = _stepped(step, h, c, weight_hh)
            hs[-1].append(h)
            cs[-1].append(c)
    return np.array(hs), np.array(cs)


def one_array_for_all_steps(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Collects the same arrays T times and changes them in place, so that all entries show the last states."""
    hs, cs = _forward(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)
    return np.repeat(hs[:, -1:], x.shape[1], axis=1), np.repeat(cs[:, -1:], x.shape[1], axis=1)


EXERCISE = Exercise(
    number=8,
    title="An LSTM along a sequence",
    section="5.5",
    points=2,
    minutes=6,
    difficulty="easy",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            every_step_from_the_start,
            hint="Change x at the first step: do your last states change? Which states go into a step?",
        ),
        Misconception(
            memory_not_carried, hint="Your first step is right and the second is not. Which memory goes into it?"
        ),
        Misconception(
            hidden_state_not_carried,
            hint="Your first step is right and the second is not. Which hidden state goes into it?",
        ),
        Misconception(
            states_swapped_between_steps,
            hint="Your first step is right and the second is not. In which order does lstm_cell give its two states, "
            "and in which order does it want them?",
        ),
        Misconception(start_states_swapped, hint="Change h0 alone, then c0 alone: which one acts as the memory?"),
        Misconception(start_states_ignored, hint="Change h0 or c0: does anything in your result change?"),
        Misconception(start_memory_ignored, hint="Change c0: does anything in your result change?"),
        Misconception(memory_starts_as_h0, hint="Change c0: does your result change? What does c start as?"),
        Misconception(last_states_only, hint="How many steps are there, and how many states do you return?"),
        Misconception(
            last_memory_only,
            hint="How many hidden states do you return, and how many memories?",
        ),
        Misconception(
            states_before_each_step,
            hint="Does hs[:, 0] know x[:, 0] already? When do you write the states down: before the step or after it?",
        ),
        Misconception(
            memory_returned_first, hint="Hidden states lie between −1 and 1. Which of your two results does so?"
        ),
        Misconception(
            time_first_in_the_result,
            hint="Your lists hold T arrays of (N, H). Along which axis do you stack them?",
        ),
        Misconception(
            batch_taken_for_time,
            hint="x is (N, T, D). Along which axis does time run, and along which one does your loop?",
        ),
        Misconception(
            state_leaks_into_the_next_example,
            hint="With which states does the second example start: its own rows of h0 and c0, or where the first one "
            "ended?",
        ),
        Misconception(
            one_array_for_all_steps,
            hint="Are all your states the same? Do your lists hold T arrays, or one array T times?",
        ),
    ),
    hints=(
        "The loop of rnn_forward, with two states that are carried and two lists that are filled.",
        "lstm_cell takes x[:, t], h and c, and gives the new h and c for the next round.",
        "h, c = h_0, c_0;  for t = 1 ... T: h, c = lstm_cell(x_t, h, c);  keep both;  stack them along axis 1.",
        "T = 2: h1, c1 = lstm_cell(x[:, 0], h0, c0, ...); h2, c2 = lstm_cell(x[:, 1], h1, c1, ...); hs is h1 and h2, "
        "cs is c1 and c2.",
    ),
    convention="Batch first; all memories are returned, where PyTorch's layer returns only the last one.",
    uses=("lstm_cell",),
    pace=Pace(inputs=large, yardstick=_forward),
)
