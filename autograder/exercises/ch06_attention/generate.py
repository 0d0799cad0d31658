"""Exercise of section 6.9: a model goes on with a text.

Source: Radford et al. 2019, "Language models are unsupervised multitask learners", section 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch06_attention._language import small_writer, written_by_torch
from autograder.spec import Case, Exercise, Misconception


def drive(generate, table, place, keep, tokens, count, ranks):
    """Let a small model write that remembers everything it reads.

    table  (V, V)  what each token calls for
    place  (L, V)  what each position calls for
    keep           the share of what a token calls for that is left one position later
    ranks          the n-th choice takes the best token, the second best, ...: entry n modulo their number
    """
    size = table.shape[1]
    choices = []

    def model(sequence):
        if np.ndim(sequence) != 1 or len(sequence) == 0:
            raise ValueError(f"model takes a list of tokens; it got {sequence!r}")
        t = np.arange(len(sequence))
        weights = np.where(t[:, None] >= t, keep ** np.abs(t[:, None] - t), 0.0)  # (T, T)
        return weights @ table[np.asarray(sequence)] + place[: len(sequence)]

    def choose(logits):
        if np.shape(logits) != (size,):
            raise ValueError(f"choose takes the logits of one position, ({size},); it got shape {np.shape(logits)}")
        choices.append(int(np.argsort(-np.asarray(logits))[ranks[len(choices) % len(ranks)]]))
        return choices[-1]

    return np.array(generate(model, tokens, count, choose))


def reference(table, place, keep, tokens, count, ranks):
    """The same model in PyTorch, with a state that is carried from token to token."""
    return written_by_torch(table, place, keep, tokens, count, ranks)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One token to one, none at all, best tokens only, other choices, a long text."""
    yield Case("one token more", _inputs(rng, 4, 3, 1, [0]))
    yield Case("nothing to append", _inputs(rng, 4, 3, 0, [0]))
    yield Case("six more, always the best", _inputs(rng, 7, 4, 6, [0]))
    yield Case("five more, the best and the second in turns", _inputs(rng, 6, 3, 5, [0, 1]))
    yield Case("twelve after a single token", _inputs(rng, 9, 1, 12, [1, 0, 2]))


def _inputs(rng: np.random.Generator, size: int, length: int, count: int, ranks: list[int]) -> dict[str, Any]:
    return small_writer(rng, size, length + count + 4) | {
        "tokens": [int(one) for one in rng.integers(0, size, length)],
        "count": count,
        "ranks": ranks,
    }


def only_the_new_tokens_returned(model, tokens, count, choose):
    """Returns what was written, without the beginning."""
    text = list(tokens)
    for _ in range(count):
        text.append(choose(model(text)[-1]))
    return text[len(tokens) :]


def beginning_fed_every_time(model, tokens, count, choose):
    """Never shows the model what it has written."""
    return [*tokens, *[choose(model(tokens)[-1]) for _ in range(count)]]


def last_token_fed_alone(model, tokens, count, choose):
    """Shows the model one token, without what came before."""
    text = list(tokens)
    for _ in range(count):
        text.append(choose(model(text[-1:])[-1]))
    return text


def new_tokens_fed_without_the_beginning(model, tokens, count, choose):
    """Shows the model the beginning once, and then only what it has written."""
    text, read = list(tokens), list(tokens)
    for k in range(count):
        text.append(choose(model(read)[-1]))
        read = [text[-1]] if k == 0 else [*read, text[-1]]
    return text


def first_position_read(model, tokens, count, choose):
    """Takes the logits at the first position."""
    text = list(tokens)
    for _ in range(count):
        text.append(choose(model(text)[0]))
    return text


def best_token_taken(model, tokens, count, choose):
    """Takes the largest logit itself and never asks choose."""
    text = list(tokens)
    for _ in range(count):
        text.append(int(np.argmax(model(text)[-1])))
    return text


def choose_asked_at_every_position(model, tokens, count, choose):
    """Chooses a token at every position and keeps the last."""
    text = list(tokens)
    for _ in range(count):
        text.append([choose(row) for row in model(text)][-1])
    return text


def all_logits_handed_to_choose(model, tokens, count, choose):
    """Hands the logits of all positions to choose."""
    text = list(tokens)
    for _ in range(count):
        text.append(choose(model(text)))
    return text


def one_token_too_many(model, tokens, count, choose):
    """Goes round once more than asked."""
    text = list(tokens)
    for _ in range(count + 1):
        text.append(choose(model(text)[-1]))
    return text


def count_taken_for_the_whole_length(model, tokens, count, choose):
    """Stops when the text has count tokens, the beginning included."""
    text = list(tokens)
    while len(text) < count:
        text.append(choose(model(text)[-1]))
    return text


def new_token_put_in_front(model, tokens, count, choose):
    """Puts each new token before the text."""
    text = list(tokens)
    for _ in range(count):
        text = [choose(model(text)[-1]), *text]
    return text


def beginning_itself_appended_to(model, tokens, count, choose):
    """Appends to the list that it was given."""
    for _ in range(count):
        tokens.append(choose(model(tokens)[-1]))
    return tokens


EXERCISE = Exercise(
    number=18,
    title="Generate",
    section="6.9",
    points=2,
    minutes=5,
    difficulty="easy",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            only_the_new_tokens_returned,
            hint="How many tokens should come back: count, or those of the beginning, too?",
        ),
        Misconception(
            beginning_fed_every_time,
            hint="What does the model read in the second round? Is the token that was chosen in the first one there?",
        ),
        Misconception(
            last_token_fed_alone,
            hint="How long is the list that your model reads? Can it know what came before?",
        ),
        Misconception(
            new_tokens_fed_without_the_beginning,
            hint="What does the model read in the third round? Where is the beginning?",
        ),
        Misconception(
            first_position_read,
            hint="model gives logits for every position. At which one does the next token of the text come?",
        ),
        Misconception(best_token_taken, hint="Who decides which token comes: you, or the function that was handed in?"),
        Misconception(
            choose_asked_at_every_position,
            hint="How many tokens are drawn for one new token? What becomes of the others?",
        ),
        Misconception(
            all_logits_handed_to_choose,
            hint="Which shape does choose take, and which shape does the model return?",
        ),
        Misconception(one_token_too_many, hint="With count = 0, does anything come after the beginning?"),
        Misconception(
            count_taken_for_the_whole_length,
            hint="A beginning of four tokens and count = 2: how long is the result to be?",
        ),
        Misconception(new_token_put_in_front, hint="At which end does a text go on?"),
        Misconception(
            beginning_itself_appended_to, hint="What does tokens hold after the call? Can two texts begin with it?"
        ),
    ),
    hints=(
        "A loop of count rounds: ask the model, choose, append.",
        "The model reads the whole text in every round. Only the logits at its last position are about something new.",
        "text = a copy of tokens; count times: text.append(choose(model(text)[−1])).",
        "tokens [3, 1], count 2: the model reads [3, 1], choose says 4; the model reads [3, 1, 4], choose says 0; the "
        "result is [3, 1, 4, 0].",
    ),
    convention="The result holds the beginning and count new tokens; choose is asked once for each of them.",
)
