"""Exercise of section 6.9: the same text, with a model that remembers what it has read.

Source: derived in section 6.9.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch06_attention._language import small_writer, written_by_torch
from autograder.spec import Case, Exercise, Misconception


def drive(generate_with_cache, table, place, keep, tokens, count, ranks):
    """Let a small model write, and note what it is fed.

    table  (V, V)  what each token calls for
    place  (L, V)  what each position calls for
    keep           the share of what a token calls for that is left one position later
    ranks          the n-th choice takes the best token, the second best, ...: entry n modulo their number
    The cache holds a state and the number of tokens read so far.
    """
    size = table.shape[1]
    choices, fed, lengths = [], [], []

    def step(new_tokens, cache):
        if np.ndim(new_tokens) != 1 or len(new_tokens) == 0:
            raise ValueError(f"step takes a list of new tokens; it got {new_tokens!r}")
        state, read = (np.zeros(size), 0) if cache is None else cache
        logits = []
        for token in new_tokens:
            state = keep * state + table[token]
            logits.append(state + place[read % len(place)])
            read += 1
        fed.extend(int(token) for token in new_tokens)
        lengths.append(len(new_tokens))
        return np.array(logits), (state, read)

    def choose(logits):
        if np.shape(logits) != (size,):
            raise ValueError(f"choose takes the logits of one position, ({size},); it got shape {np.shape(logits)}")
        choices.append(int(np.argsort(-np.asarray(logits))[ranks[len(choices) % len(ranks)]]))
        return choices[-1]

    written = np.array(generate_with_cache(step, tokens, count, choose))
    return {"tokens": written, "lengths_of_the_steps": np.array(lengths), "tokens_fed": np.array(fed)}


def reference(table, place, keep, tokens, count, ranks):
    """The text that PyTorch writes without any cache; every token of it but the last is fed once."""
    import torch

    written = written_by_torch(table, place, keep, tokens, count, ranks)
    lengths = torch.tensor([len(tokens)] + [1] * (count - 1))
    return {"tokens": written, "lengths_of_the_steps": lengths, "tokens_fed": written[:-1]}


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One token to one, best tokens only, other choices, a single token to begin with."""
    yield Case("one token more", _inputs(rng, 4, 3, 1, [0]))
    yield Case("six more, always the best", _inputs(rng, 7, 4, 6, [0]))
    yield Case("five more, the best and the second in turns", _inputs(rng, 6, 3, 5, [0, 1]))
    yield Case("twelve after a single token", _inputs(rng, 9, 1, 12, [1, 0, 2]))


def _inputs(rng: np.random.Generator, size: int, length: int, count: int, ranks: list[int]) -> dict[str, Any]:
    return small_writer(rng, size, length + count + 4) | {
        "tokens": [int(one) for one in rng.integers(0, size, length)],
        "count": count,
        "ranks": ranks,
    }


def cache_not_used(step, tokens, count, choose):
    """Feeds the whole text in every round, as without a cache."""
    text = list(tokens)
    for _ in range(count):
        logits, _ = step(text, None)
        text = [*text, choose(logits[-1])]
    return text


def cache_thrown_away(step, tokens, count, choose):
    """Feeds one token a round, and forgets what the model remembers."""
    text, new = list(tokens), list(tokens)
    for _ in range(count):
        logits, _ = step(new, None)
        new = [choose(logits[-1])]
        text = text + new
    return text


def first_cache_kept(step, tokens, count, choose):
    """Goes on from what the model remembered after the beginning, in every round."""
    text = list(tokens)
    logits, cache = step(text, None)
    for k in range(count):
        text = [*text, choose(logits[-1])]
        if k < count - 1:
            logits, _ = step(text[-1:], cache)
    return text


def whole_text_fed_again(step, tokens, count, choose):
    """Feeds the whole text on top of a cache that holds it already."""
    text, cache = list(tokens), None
    for _ in range(count):
        logits, cache = step(text, cache)
        text = [*text, choose(logits[-1])]
    return text


def end_of_the_beginning_fed_twice(step, tokens, count, choose):
    """Reads the beginning into the cache, and then begins to write with its last token."""
    text = list(tokens)
    _, cache = step(text, None)
    for _ in range(count):
        logits, cache = step(text[-1:], cache)
        text = [*text, choose(logits[-1])]
    return text


def only_the_end_of_the_beginning_fed(step, tokens, count, choose):
    """Begins to write with the last token, with an empty cache."""
    text, cache = list(tokens), None
    for _ in range(count):
        logits, cache = step(text[-1:], cache)
        text = [*text, choose(logits[-1])]
    return text


def beginning_fed_token_by_token(step, tokens, count, choose):
    """Takes one step for each token of the beginning."""
    cache = None
    for token in tokens:
        logits, cache = step([token], cache)
    text = list(tokens)
    for k in range(count):
        text = [*text, choose(logits[-1])]
        if k < count - 1:
            logits, cache = step(text[-1:], cache)
    return text


def last_token_fed_too(step, tokens, count, choose):
    """Takes a last step that nobody needs."""
    text = list(tokens)
    logits, cache = step(text, None)
    for _ in range(count):
        text = [*text, choose(logits[-1])]
        logits, cache = step(text[-1:], cache)
    return text


def first_position_read(step, tokens, count, choose):
    """Takes the logits at the first of the new positions."""
    text, new, cache = list(tokens), list(tokens), None
    for _ in range(count):
        logits, cache = step(new, cache)
        new = [choose(logits[0])]
        text = text + new
    return text


def best_token_taken(step, tokens, count, choose):
    """Takes the largest logit itself and never asks choose."""
    text, new, cache = list(tokens), list(tokens), None
    for _ in range(count):
        logits, cache = step(new, cache)
        new = [int(np.argmax(logits[-1]))]
        text = text + new
    return text


def only_the_new_tokens_returned(step, tokens, count, choose):
    """Returns what was written, without the beginning."""
    text, new, cache = [], list(tokens), None
    for _ in range(count):
        logits, cache = step(new, cache)
        new = [choose(logits[-1])]
        text = text + new
    return text


def one_token_too_few(step, tokens, count, choose):
    """Counts the reading of the beginning as a round, and chooses nothing after it."""
    text = list(tokens)
    logits, cache = step(text, None)
    for _ in range(count - 1):
        text = [*text, choose(logits[-1])]
        logits, cache = step(text[-1:], cache)
    return text


def beginning_itself_appended_to(step, tokens, count, choose):
    """Appends to the list that it was given."""
    new, cache = list(tokens), None
    for _ in range(count):
        logits, cache = step(new, cache)
        new = [choose(logits[-1])]
        tokens += new
    return tokens


EXERCISE = Exercise(
    number=19,
    title="Generate with a cache",
    section="6.9",
    points=3,
    minutes=8,
    difficulty="medium",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            cache_not_used,
            hint="Your text is right. How many tokens does the model read for it, and how many of them had it read "
            "before?",
        ),
        Misconception(
            cache_thrown_away,
            hint="step gives two things. What becomes of the second one before the next step?",
        ),
        Misconception(
            first_cache_kept,
            hint="After three new tokens, how many tokens does the cache hold that you hand in?",
        ),
        Misconception(
            whole_text_fed_again,
            hint="The cache holds the beginning already. What happens when the model reads it once more?",
        ),
        Misconception(
            end_of_the_beginning_fed_twice,
            hint="How many times does the model read the last token of the beginning? What do you do with the logits "
            "of your first step?",
        ),
        Misconception(
            only_the_end_of_the_beginning_fed,
            hint="The first cache is None: has the model read the beginning when you ask it for a token?",
        ),
        Misconception(
            beginning_fed_token_by_token,
            hint="Your text is right. All of the beginning is known at once: how many steps do you take for it, and "
            "how many does it need?",
        ),
        Misconception(
            last_token_fed_too,
            hint="Your text is right. Who looks at the logits of your last step?",
        ),
        Misconception(
            first_position_read,
            hint="The first step gives logits for the whole beginning. At which position does the next token come?",
        ),
        Misconception(best_token_taken, hint="Who decides which token comes: you, or the function that was handed in?"),
        Misconception(
            only_the_new_tokens_returned,
            hint="How many tokens should come back: count, or those of the beginning, too?",
        ),
        Misconception(
            one_token_too_few, hint="How many new tokens does your result hold? When is the first one chosen?"
        ),
        Misconception(
            beginning_itself_appended_to, hint="What does tokens hold after the call? Can two texts begin with it?"
        ),
    ),
    hints=(
        "What is fed differs from round to round: first the beginning, then the one token that was just chosen.",
        "Three things go from round to round: the text, what is to be fed next, and the cache, which is None at first.",
        "new = tokens, cache = None; count times: logits, cache = step(new, cache); new = [choose(logits[−1])]; the "
        "text grows by new.",
        "tokens [3, 1, 4], count 3: steps of 3, 1 and 1 tokens. The third new token is chosen and never fed.",
    ),
    convention="The beginning is fed in one step, each new token in one of its own, and the last one not at all.",
)
