"""Exercise of section 5.8: a model writes, token by token.

Source: Graves 2013, "Generating sequences with recurrent neural networks", section 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception, Rng

MANY = 300
"""Shorter sequences are written by a model that is sure of every token, so that the tokens themselves are compared."""


def drive(sample_sequence, table, phase, start, length, temperature, rng):
    """Let a small model write: it has phases that follow one another, and logits for each phase and token.

    table  (P, V, V)  logits of the next token (last axis) in each phase, after each token
    phase             the phase before the first step; the state is an array that holds it
    """

    def step(token, state):
        following = (state + 1) % len(table)
        return table[int(following[0]), int(token)].copy(), following

    return sample_sequence(step, np.array([phase]), start, length, temperature, rng)


def reference(table, phase, start, length, temperature, rng):
    """torch.multinomial, one draw after the other."""
    import torch

    tokens, token = [], torch.tensor([start], device=table.device)
    for _ in range(length):
        phase = (phase + 1) % len(table)
        p = torch.softmax(table[phase, token.item()] / temperature, dim=0)
        token = torch.multinomial(p, 1, generator=rng)
        tokens.append(token)
    return torch.cat(tokens)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """A model that is sure, twice; logits beyond any exponential; cold twice with other seeds; plain; warm."""
    yield Case("a model that is sure", _sure(rng, 3, 5, 6, 50.0) | {"temperature": 1.0})
    yield Case("a sure one, 9 tokens, 2 phases", _sure(rng, 2, 4, 9, 100.0) | {"temperature": 1.5})
    yield Case("logits of 2,000", _sure(rng, 3, 4, 5, 2000.0) | {"temperature": 0.5})
    cold = _unsure(rng, 1.0)
    yield Case("temperature 0.5", cold | {"temperature": 0.5})
    yield Case("the same, another rng", cold | {"temperature": 0.5, "rng": _rng(rng)})
    yield Case("temperature 1", _unsure(rng, 1.0) | {"temperature": 1.0})
    yield Case("temperature 3", _unsure(rng, 2.0) | {"temperature": 3.0})


def _rng(rng: np.random.Generator) -> Rng:
    return Rng(int(rng.integers(2**32)))


def _sure(rng: np.random.Generator, phases: int, size: int, length: int, lead: float) -> dict[str, Any]:
    """Each phase and token has one successor: no token after itself, and another one in every phase."""
    table = rng.normal(size=(phases, size, size))
    for token in range(size):
        others = rng.permutation([one for one in range(size) if one != token])
        table[np.arange(phases), token, others[:phases]] += lead
    return {
        "table": table,
        "phase": int(rng.integers(phases)),
        "start": int(rng.integers(1, size)),
        "length": length,
        "rng": _rng(rng),
    }


def _unsure(rng: np.random.Generator, gap: float) -> dict[str, Any]:
    """Three phases and four tokens; in every row the same four logits, a gap apart, in an order of its own."""
    table = rng.permuted(np.broadcast_to(gap * np.arange(4.0), (3, 4, 4)), axis=2)
    return {
        "table": table,
        "phase": int(rng.integers(3)),
        "start": int(rng.integers(4)),
        "length": 500,
        "rng": _rng(rng),
    }


def measure(
    answer: Any, table: np.ndarray, phase: int, start: int, length: int, temperature: float, rng: Rng
) -> dict[str, Any]:
    """The tokens themselves where the model is sure; elsewhere whether they are such that the model would draw.

    The probabilities of each place follow from the token before it, the phase and the temperature.

    too_surprising      how surprising the tokens are, less what is expected: 0, or ±1 beyond 6 standard errors
    too_often_by_token  the same for how often each token came
    too_often_by_rank   the same for how often the least likely token of the place came, the next, ..., the likeliest
    """
    tokens = np.asarray(answer)
    if tokens.dtype.kind not in "iuf" or tokens.ndim != 1:
        raise ValueError(f"an array of {tokens.dtype} of shape {tokens.shape}; expected {length} tokens in a row")
    if not (np.isin(tokens, np.arange(table.shape[2]))).all():
        raise ValueError(f"it holds something that is no token; expected integers from 0 to {table.shape[2] - 1}")
    count = {"how_many": float(len(tokens))}
    if len(tokens) != length:
        return count
    tokens = tokens.astype(int)
    if length < MANY:
        return count | {"tokens": tokens.astype(np.float64)}
    before = np.concatenate([[start], tokens[:-1]])
    scaled = table[(phase + 1 + np.arange(length)) % len(table), before] / temperature  # (length, V)
    log_p = scaled - np.log(np.sum(np.exp(scaled), axis=1, keepdims=True))
    p = np.exp(log_p)
    expected = np.sum(p * log_p, axis=1)
    spread = np.sqrt(np.sum(p * log_p**2, axis=1) - expected**2)
    surprise = (expected - log_p[np.arange(length), tokens]) / spread
    missed = np.eye(table.shape[2])[tokens] - p
    ranks = np.argsort(scaled, axis=1)
    ranked, p_ranked = np.take_along_axis(missed, ranks, axis=1), np.take_along_axis(p, ranks, axis=1)
    return count | {
        "too_surprising": _coarse(np.sum(surprise) / np.sqrt(length)),
        "too_often_by_token": _coarse(np.sum(missed, axis=0) / np.sqrt(np.sum(p * (1 - p), axis=0))),
        "too_often_by_rank": _coarse(np.sum(ranked, axis=0) / np.sqrt(np.sum(p_ranked * (1 - p_ranked), axis=0))),
    }


def _coarse(errors: Any) -> Any:
    """1 above 6, -1 below -6, otherwise 0: the errors of an honest draw are near 1, in 18,000 of them 4.0 at most."""
    return np.sign(np.rint(np.asarray(errors) / 12)) + 0.0  # never -0


def _p(logits, temperature):
    scaled = (logits - np.max(logits)) / temperature
    p = np.exp(scaled)
    return p / np.sum(p)


def _drawn(step, state, start, length, p_of, rng):
    tokens, token = [], start
    for _ in range(length):
        logits, state = step(token, state)
        token = rng.choice(len(logits), p=p_of(logits))
        tokens.append(token)
    return np.array(tokens)


def likeliest_token_taken(step, state, start, length, temperature, rng):
    """Takes the token with the largest logit and draws nothing."""
    tokens, token = [], start
    for _ in range(length):
        logits, state = step(token, state)
        token = int(np.argmax(logits))
        tokens.append(token)
    return np.array(tokens)


def temperature_ignored(step, state, start, length, temperature, rng):
    """Draws at temperature 1; dividing the probabilities by the temperature comes to the same."""
    return _drawn(step, state, start, length, lambda logits: _p(logits, 1.0), rng)


def multiplied_by_the_temperature(step, state, start, length, temperature, rng):
    """Multiplies the logits by the temperature, so that warm is cold."""
    return _drawn(step, state, start, length, lambda logits: _p(logits, 1 / temperature), rng)


def exponentials_too_large(step, state, start, length, temperature, rng):
    """Takes exponentials of the logits as they are."""

    def p_of(logits):
        p = np.exp(logits / temperature)
        return p / np.sum(p)

    return _drawn(step, state, start, length, p_of, rng)


def every_token_equally_likely(step, state, start, length, temperature, rng):
    """Draws without looking at the logits."""
    return _drawn(step, state, start, length, lambda logits: np.full(len(logits), 1 / len(logits)), rng)


def logits_taken_for_shares(step, state, start, length, temperature, rng):
    """Divides the logits by their sum, without the softmax."""

    def p_of(logits):
        p = np.abs(logits) / temperature
        return p / np.sum(p)

    return _drawn(step, state, start, length, p_of, rng)


def start_fed_every_time(step, state, start, length, temperature, rng):
    """Never feeds back what was drawn."""
    tokens = []
    for _ in range(length):
        logits, state = step(start, state)
        tokens.append(rng.choice(len(logits), p=_p(logits, temperature)))
    return np.array(tokens)


def state_not_carried(step, state, start, length, temperature, rng):
    """Takes every step with the state from the beginning."""
    tokens, token = [], start
    for _ in range(length):
        logits, _ = step(token, state)
        token = rng.choice(len(logits), p=_p(logits, temperature))
        tokens.append(token)
    return np.array(tokens)


def all_drawn_from_the_first_logits(step, state, start, length, temperature, rng):
    """Takes one step and draws all tokens from it."""
    logits, _ = step(start, state)
    return rng.choice(len(logits), size=length, p=_p(logits, temperature))


def start_counted_as_drawn(step, state, start, length, temperature, rng):
    """Returns the start as the first of the tokens."""
    drawn = _drawn(step, state, start, length - 1, lambda logits: _p(logits, temperature), rng)
    return np.concatenate([[start], drawn])


def start_returned_too(step, state, start, length, temperature, rng):
    """Returns one token more than asked for, the start in front."""
    drawn = _drawn(step, state, start, length, lambda logits: _p(logits, temperature), rng)
    return np.concatenate([[start], drawn])


def two_steps_for_every_token(step, state, start, length, temperature, rng):
    """Takes one step for the state and another one, from there, for the logits."""
    tokens, token = [], start
    for _ in range(length):
        _, state = step(token, state)
        logits, state = step(token, state)
        token = rng.choice(len(logits), p=_p(logits, temperature))
        tokens.append(token)
    return np.array(tokens)


def a_generator_of_its_own(step, state, start, length, temperature, rng):
    """Makes a generator with a fixed seed, so that the same tokens come every time."""
    return _drawn(step, state, start, length, lambda logits: _p(logits, temperature), np.random.default_rng(0))


EXERCISE = Exercise(
    number=13,
    title="Write a sequence",
    section="5.8",
    points=3,
    minutes=12,
    difficulty="medium",
    reference=reference,
    cases=cases,
    drive=drive,
    measure=measure,
    misconceptions=(
        Misconception(
            likeliest_token_taken, hint="Call your function twice with one rng: is the text the same? What is rng for?"
        ),
        Misconception(
            temperature_ignored,
            hint="Is your text wilder at temperature 3 than at 1? Where does the temperature come in: before the "
            "softmax or after it?",
        ),
        Misconception(
            multiplied_by_the_temperature,
            hint="Should a high temperature make the likeliest token more certain or less? What does yours do?",
        ),
        Misconception(
            exponentials_too_large,
            hint="What is e to the power of 2,000? Which number can be taken from all logits without changing the "
            "softmax?",
        ),
        Misconception(
            every_token_equally_likely,
            hint="A model is sure of the next token. Does your draw know it?",
        ),
        Misconception(
            logits_taken_for_shares,
            hint="Can logits be negative? Which function of chapter 1 makes probabilities of them?",
        ),
        Misconception(
            start_fed_every_time, hint="Which token goes into the second step: the start, or the one just drawn?"
        ),
        Misconception(
            state_not_carried, hint="step gives two things. What becomes of the second one before the next step?"
        ),
        Misconception(
            all_drawn_from_the_first_logits,
            hint="After each token the model may want something else. How often do you ask it?",
        ),
        Misconception(start_counted_as_drawn, hint="Was the start drawn? What should the first entry be?"),
        Misconception(start_returned_too, hint="How many tokens are asked for, and how many do you return?"),
        Misconception(
            two_steps_for_every_token, hint="How many times do you call step for one token? What does the state count?"
        ),
        Misconception(
            a_generator_of_its_own,
            hint="Does another rng give another text? Which generator did you use?",
        ),
    ),
    hints=(
        "A loop: ask the model, draw a token, note it, and hand it back.",
        "step gives logits and a new state. Both of your variables, token and state, must be new in the next round.",
        "logits, state = step(token, state);  p = softmax(logits / temperature);  token drawn with the "
        "probabilities p, for example by rng.choice(len(p), p=p).",
        "logits [2, 0], temperature 2: softmax of [1, 0] is [0.731, 0.269]; at temperature 0.5, softmax of [4, 0] is "
        "[0.982, 0.018].",
    ),
    convention="The start is fed in first and is not part of the result; the logits are divided by the temperature.",
)
