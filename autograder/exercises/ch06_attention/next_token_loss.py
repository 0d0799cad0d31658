"""Exercise of section 6.9: how surprised a model is by each next token.

Source: Radford, Narasimhan, Salimans and Sutskever 2018, "Improving language understanding by generative
pre-training", section 3.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch06_attention._language import log_shares, picked_loss
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(logits, tokens):
    """PyTorch's cross_entropy with the vocabulary on the second axis."""
    import torch

    return torch.nn.functional.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:])


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Two positions; all axes different; all axes equal, where wrong ones fit; a token that repeats; a thousand."""
    yield Case("two positions", _inputs(rng, 1, 2, 3, 1.0))
    yield Case("three texts of five tokens", _inputs(rng, 3, 5, 7, 2.0))
    yield Case("as many texts as positions and tokens", _inputs(rng, 4, 4, 4, 2.0))
    repeats = _inputs(rng, 2, 6, 5, 2.0)
    repeats["tokens"][:, 2:4] = repeats["tokens"][:, 1:2]
    yield Case("a token that comes three times", repeats)
    yield Case("logits of a thousand", _inputs(rng, 2, 4, 5, 1000.0))


def _inputs(rng: np.random.Generator, n: int, length: int, size: int, scale: float) -> dict[str, Any]:
    logits = scale * rng.normal(0.3, 1.0, (n, length, size))
    tokens = rng.permuted(np.broadcast_to(np.arange(length) % size, (n, length)), axis=1)
    tokens[:, 1] = np.argmin(logits[:, 0], axis=-1)  # at least one answer is wrong
    tokens[:, 0] = (tokens[:, 1] + 1) % size
    return {"logits": logits, "tokens": tokens}


def _pace() -> dict[str, Any]:
    """A batch of the chapter's size: 16 texts of 32 symbols."""
    rng = np.random.default_rng(616)
    return {"logits": rng.normal(0.0, 2.0, (16, 32, 103)), "tokens": rng.integers(0, 103, (16, 32))}


def _losses(logits, tokens):
    return picked_loss(log_shares(logits), tokens)


def _mean_of_the_next(logits, tokens):
    return np.mean(_losses(logits[:, :-1], tokens[:, 1:]))


def tokens_not_shifted(logits, tokens):
    """Asks at each position for the token that the model has just read."""
    return np.mean(_losses(logits, tokens))


def last_cut_but_not_shifted(logits, tokens):
    """Cuts both at the same end, so that each position is still asked for its own token."""
    return np.mean(_losses(logits[:, :-1], tokens[:, :-1]))


def shifted_to_the_token_before(logits, tokens):
    """Asks at each position for the token before."""
    return np.mean(_losses(logits[:, 1:], tokens[:, :-1]))


def first_token_after_the_last(logits, tokens):
    """Moves the tokens around in a circle, so that the last position is asked for the first token."""
    return np.mean(_losses(logits, np.roll(tokens, -1, axis=1)))


def divided_by_all_positions(logits, tokens):
    """Adds up over N * (T - 1) tokens and divides by N * T."""
    return np.sum(_losses(logits[:, :-1], tokens[:, 1:])) / tokens.size


def sum_over_the_tokens(logits, tokens):
    """Adds up and does not divide."""
    return np.sum(_losses(logits[:, :-1], tokens[:, 1:]))


def sum_over_each_text(logits, tokens):
    """Adds up along each text and averages over the texts."""
    return np.mean(np.sum(_losses(logits[:, :-1], tokens[:, 1:]), axis=1))


def last_token_only(logits, tokens):
    """Asks for the last token of each text, as if the others taught nothing."""
    return np.mean(_losses(logits[:, -2], tokens[:, -1]))


def shifted_from_text_to_text(logits, tokens):
    """Moves along the batch, so that a text is asked for the tokens of the next one."""
    return np.mean(_losses(logits, np.roll(tokens, -1, axis=0)))


def softmax_over_the_positions(logits, tokens):
    """Normalises over the positions of a text instead of the vocabulary."""
    return np.mean(picked_loss(log_shares(logits[:, :-1], axis=1), tokens[:, 1:]))


def softmax_over_the_texts(logits, tokens):
    """Normalises over the batch instead of the vocabulary."""
    return np.mean(picked_loss(log_shares(logits[:, :-1], axis=0), tokens[:, 1:]))


def largest_logit_not_subtracted(logits, tokens):
    """Takes e to the power of the logits as they are."""
    with np.errstate(all="ignore"):
        p = np.exp(logits[:, :-1]) / np.sum(np.exp(logits[:, :-1]), axis=-1, keepdims=True)
        return np.mean(picked_loss(np.log(p), tokens[:, 1:]))


def small_number_in_the_logarithm(logits, tokens):
    """Adds 1e-12 to the probability, so that no loss is larger than 27.6."""
    return np.mean(picked_loss(np.log(np.exp(log_shares(logits[:, :-1])) + 1e-12), tokens[:, 1:]))


def perplexity_returned(logits, tokens):
    """Returns e to the power of the loss."""
    with np.errstate(over="ignore"):
        return np.exp(_mean_of_the_next(logits, tokens))


def sign_forgotten(logits, tokens):
    """Returns the mean logarithm, which is negative."""
    return -_mean_of_the_next(logits, tokens)


EXERCISE = Exercise(
    number=16,
    title="The loss of a language model",
    section="6.9",
    points=2,
    minutes=5,
    difficulty="easy",
    reference=reference,
    cases=cases,
    pace=Pace(inputs=_pace, yardstick=_mean_of_the_next),
    uses=("masked_lm_loss",),
    misconceptions=(
        Misconception(
            tokens_not_shifted,
            hint="Could a model that only repeats what it reads have a loss of 0 in your function? What should it "
            "have to say?",
        ),
        Misconception(
            last_cut_but_not_shifted,
            hint="In a text a, b, c: which token do you ask for at the first position? Which end of each array goes?",
        ),
        Misconception(
            shifted_to_the_token_before,
            hint="In a text a, b, c: what is read first, and what is asked for then?",
        ),
        Misconception(
            first_token_after_the_last,
            hint="Which token do you ask for after the last one? Is there one? How many pairs do T tokens make?",
        ),
        Misconception(
            divided_by_all_positions,
            hint="A text of two tokens: how many of them can be foretold? By what do you divide?",
        ),
        Misconception(sum_over_the_tokens, hint="Put every text in twice: should the loss double?"),
        Misconception(
            sum_over_each_text, hint="Should a longer text have a larger loss? Over how many tokens is the mean?"
        ),
        Misconception(
            last_token_only, hint="How many next tokens does a text of T tokens hold? How many of them do you use?"
        ),
        Misconception(shifted_from_text_to_text, hint="tokens is (N, T). Along which axis does the text go on?"),
        Misconception(
            softmax_over_the_positions,
            hint="Which probabilities add up to one: those of all tokens at one position, or those of one token at "
            "all positions?",
        ),
        Misconception(
            softmax_over_the_texts,
            hint="Should a text's loss depend on which other texts are in the batch? Along which axis is your softmax?",
        ),
        Misconception(
            largest_logit_not_subtracted,
            hint="What is e to the power of 1,000? Which shift leaves a softmax as it is?",
        ),
        Misconception(
            small_number_in_the_logarithm,
            hint="The right token has a logit 900 below the best one: how large is the loss? Can yours be larger than "
            "27.6?",
        ),
        Misconception(
            perplexity_returned,
            hint="A model that is always sure and right: is your result 0 or 1? What unit has a loss?",
        ),
        Misconception(sign_forgotten, hint="A loss is small when the answer is good. What sign does ln p have?"),
    ),
    hints=(
        "Two windows on the same text, one step apart: what is said, and what comes.",
        "The logits at the last position have no answer, and the first token is asked of nobody. With both cut off, "
        "masked_lm_loss can do the rest.",
        "loss = −mean over n and t < T − 1 of ln softmax(logits_(n, t))[token_(n, t + 1)].",
        "tokens 4 0 2: the logits at position 0 are asked for token 0, those at position 1 for token 2, those at "
        "position 2 for nothing.",
    ),
    convention="The logits at position t are about the token at t + 1; the mean is over N · (T − 1) tokens, in nats.",
)
