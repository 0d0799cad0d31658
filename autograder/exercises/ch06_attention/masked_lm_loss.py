"""Exercise of section 6.8: how surprised a model is by the tokens that were hidden.

Source: Devlin, Chang, Lee and Toutanova 2019, "BERT", section 3.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch06_attention._language import log_shares, picked_loss
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(logits, tokens, chosen):
    """PyTorch's cross_entropy, which leaves out the positions marked -100."""
    import torch

    labels = torch.where(chosen, tokens, -100)
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One position chosen; all axes different, unevenly chosen; as many positions as tokens; sure; a thousand; all."""
    yield Case("one position of three", _inputs(rng, 1, 3, 4, [1], 1.0))
    yield Case("three sequences, one of them without a choice", _inputs(rng, 3, 5, 7, [1, 0, 4], 2.0))
    yield Case("as many positions as tokens", _inputs(rng, 2, 6, 6, [3, 2], 2.0))
    yield Case("logits of a thousand", _inputs(rng, 2, 4, 5, [1, 3], 1000.0))
    yield Case("every position chosen", _inputs(rng, 2, 3, 5, [3, 3], 1.0))


def _inputs(
    rng: np.random.Generator, n: int, length: int, size: int, counts: list[int], scale: float
) -> dict[str, Any]:
    logits = scale * rng.normal(0.3, 1.0, (n, length, size))
    tokens = rng.integers(0, size, (n, length))
    chosen = rng.permuted(np.arange(length) < np.array(counts)[:, None], axis=1)
    row, column = np.argwhere(chosen)[0]
    tokens[row, column] = np.argmin(logits[row, column])  # at least one answer is wrong
    return {"logits": logits, "tokens": tokens, "chosen": chosen}


def _pace() -> dict[str, Any]:
    """A batch of the chapter's size: 32 sequences of 32 symbols, 15 per cent of them chosen."""
    rng = np.random.default_rng(615)
    logits = rng.normal(0.0, 2.0, (32, 32, 103))
    return {"logits": logits, "tokens": rng.integers(0, 103, (32, 32)), "chosen": rng.random((32, 32)) < 0.15}


def _mean_over_chosen(logits, tokens, chosen):
    return np.mean(picked_loss(log_shares(logits[chosen]), tokens[chosen]))


def all_positions_counted(logits, tokens, chosen):
    """Averages over every position, hidden or not."""
    return np.mean(picked_loss(log_shares(logits), tokens))


def the_others_counted(logits, tokens, chosen):
    """Averages over the positions that were not chosen; over none if all were."""
    losses = picked_loss(log_shares(logits), tokens)[~chosen]
    return np.sum(losses) / max(len(losses), 1)


def divided_by_all_positions(logits, tokens, chosen):
    """Adds up over the chosen positions and divides by the number of all."""
    return np.sum(picked_loss(log_shares(logits[chosen]), tokens[chosen])) / tokens.size


def sum_over_the_chosen(logits, tokens, chosen):
    """Adds up and does not divide."""
    return np.sum(picked_loss(log_shares(logits[chosen]), tokens[chosen]))


def divided_by_the_sequences(logits, tokens, chosen):
    """Adds up over the chosen positions and divides by the number of sequences."""
    return np.sum(picked_loss(log_shares(logits[chosen]), tokens[chosen])) / len(tokens)


def mean_of_the_sequences_means(logits, tokens, chosen):
    """Averages within each sequence first, so that a position counts the more, the fewer its sequence has."""
    losses = picked_loss(log_shares(logits), tokens) * chosen
    return np.mean(losses.sum(axis=1) / np.maximum(chosen.sum(axis=1), 1))


def logits_of_the_others_set_to_zero(logits, tokens, chosen):
    """Multiplies the logits by chosen, so that every other position adds the logarithm of V."""
    return np.mean(picked_loss(log_shares(logits * chosen[..., None]), tokens))


def softmax_over_the_positions(logits, tokens, chosen):
    """Normalises over the positions of a sequence instead of the vocabulary."""
    return np.mean(picked_loss(log_shares(logits, axis=1), tokens)[chosen])


def softmax_over_the_chosen_positions(logits, tokens, chosen):
    """Picks the chosen rows, and normalises each column."""
    return np.mean(picked_loss(log_shares(logits[chosen], axis=0), tokens[chosen]))


def largest_logit_not_subtracted(logits, tokens, chosen):
    """Takes e to the power of the logits as they are."""
    with np.errstate(all="ignore"):
        p = np.exp(logits[chosen]) / np.sum(np.exp(logits[chosen]), axis=-1, keepdims=True)
        return np.mean(picked_loss(np.log(p), tokens[chosen]))


def small_number_in_the_logarithm(logits, tokens, chosen):
    """Adds 1e-12 to the probability, so that no loss is larger than 27.6."""
    p = np.exp(log_shares(logits[chosen]))
    return np.mean(picked_loss(np.log(p + 1e-12), tokens[chosen]))


def sign_forgotten(logits, tokens, chosen):
    """Returns the mean logarithm, which is negative."""
    return -_mean_over_chosen(logits, tokens, chosen)


def token_after_asked_for(logits, tokens, chosen):
    """Shifts the tokens by one, as for a model that goes on with a text."""
    return _mean_over_chosen(logits, np.roll(tokens, -1, axis=1), chosen)


EXERCISE = Exercise(
    number=15,
    title="The loss of a masked model",
    section="6.8",
    points=2,
    minutes=6,
    difficulty="easy",
    reference=reference,
    cases=cases,
    pace=Pace(inputs=_pace, yardstick=_mean_over_chosen),
    misconceptions=(
        Misconception(
            all_positions_counted,
            hint="At a position that is not hidden the model can read the answer. Should it be praised for that?",
        ),
        Misconception(the_others_counted, hint="Where is chosen True: where a token was hidden, or where it was not?"),
        Misconception(
            divided_by_all_positions,
            hint="Add a sentence in which nothing is chosen: should the loss fall? By what do you divide?",
        ),
        Misconception(sum_over_the_chosen, hint="Hide twice as many tokens: should the loss double?"),
        Misconception(
            divided_by_the_sequences,
            hint="Which mean is asked for: per sequence, or per chosen position?",
        ),
        Misconception(
            mean_of_the_sequences_means,
            hint="One sequence has one chosen position, another has four. Does each of the five count the same in "
            "your mean?",
        ),
        Misconception(
            logits_of_the_others_set_to_zero,
            hint="All logits 0: how large is the cross-entropy there? Does multiplying leave a position out?",
        ),
        Misconception(
            softmax_over_the_positions,
            hint="Which probabilities add up to one: those of all tokens at one position, or those of one token at "
            "all positions?",
        ),
        Misconception(
            softmax_over_the_chosen_positions,
            hint="logits[chosen] has the shape (M, V). Along which of the two axes do the probabilities add up to one?",
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
        Misconception(sign_forgotten, hint="A loss is small when the answer is good. What sign does ln p have?"),
        Misconception(
            token_after_asked_for,
            hint="Which token was hidden at position t: the one at t, or the one after it?",
        ),
    ),
    hints=(
        "Pick the chosen positions first. What is left is the cross-entropy of chapter 2.",
        "logits[chosen] is (M, V) and tokens[chosen] is (M,): one row for every chosen position of the batch.",
        "loss = −mean over the M chosen positions of ln softmax(logits there)[true token there].",
        "Two chosen positions that give the true token 0.5 and 0.125: (0.693 + 2.079) / 2 = 1.386.",
    ),
    convention="Every chosen position of the batch counts the same; in nats.",
)
