"""Exercise of section 6.8: some tokens are hidden, and a model is to say which they were.

Source: Devlin, Chang, Lee and Toutanova 2019, "BERT", section 3.1 and appendix A.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch06_attention._language import beyond_chance, rng_of
from autograder.spec import Case, Exercise, Misconception, Rng

MANY = 500
"""Fewer tokens are too few to count what became of them."""


def reference(tokens, rng, mask_token, vocabulary_size, special_tokens=(), share=0.15):
    """One draw among four fates for every position by torch.multinomial."""
    import torch

    weights = torch.tensor([1 - share, 0.8 * share, 0.1 * share, 0.1 * share], device=tokens.device)
    fates = torch.multinomial(weights.expand(tokens.numel(), 4), 1, generator=rng).reshape(tokens.shape)
    special = torch.tensor(special_tokens, device=tokens.device, dtype=tokens.dtype)
    fates = torch.where(torch.isin(tokens, special), 0, fates)
    drawn = torch.randint(vocabulary_size, tokens.shape, generator=rng, device=tokens.device)
    inputs = torch.where(fates == 1, mask_token, torch.where(fates == 2, drawn, tokens))
    return inputs, fates > 0


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Nothing to choose, twice; a text, twice with other seeds; another share without special tokens."""
    yield Case("share 0", _inputs(rng, 2, 5, 12, 0.0, 2))
    yield Case("special tokens only", _inputs(rng, 3, 4, 4, 0.9, 4))
    text = _inputs(rng, 200, 30, 25, 0.15, 3)
    yield Case("200 sequences of 30 tokens", text)
    yield Case("the same, another rng", text | {"rng": rng_of(rng)})
    yield Case("share 0.4, no special tokens", _inputs(rng, 180, 30, 40, 0.4, 0))


def _inputs(rng: np.random.Generator, n: int, length: int, size: int, share: float, specials: int) -> dict[str, Any]:
    """Special tokens, where there are any, and the lower half of the others; the mask token does not come."""
    order = rng.permutation(size)
    special, others = order[:specials], np.sort(order[specials:])
    usual = others[: len(others) // 2]
    tokens = rng.choice(usual if len(usual) else special, (n, length))
    if specials:
        tokens[:, 0], tokens[:, -1] = special[0], special[-1]
    inputs = {
        "tokens": tokens,
        "rng": rng_of(rng),
        "mask_token": int(others[len(usual)]) if len(usual) else size,
        "vocabulary_size": size if len(usual) else size + 1,
        "share": share,
    }
    return inputs | ({"special_tokens": tuple(int(one) for one in special)} if specials else {})


def measure(
    answer: Any,
    tokens: np.ndarray,
    rng: Rng,
    mask_token: int,
    vocabulary_size: int,
    special_tokens: tuple[int, ...] = (),
    share: float = 0.15,
) -> dict[str, float]:
    """What inputs and chosen have in common whatever was drawn; all are 0, or ±1 beyond 6 standard errors.

    special_tokens_are_chosen            anywhere; in a text, how many different ones
    what_is_not_chosen_has_changed       anywhere
    something_is_chosen                  in a small case, where nothing may be
    tokens_outside_the_vocabulary        anywhere
    chosen_too_often                     of all that are not special
    mask_token_too_often                 of the chosen
    own_token_too_often                  of the chosen
    one_fate_for_neighbours              two chosen ones that follow one another share what becomes of them too often
    same_places_in_every_sequence        a tenth of the sequences or more
    all_or_nothing_of_a_sequence         the number chosen differs too much from sequence to sequence
    no_random_token                      anywhere
    random_tokens_are_often_the_same     the commonest of them makes up more than half
    random_tokens_come_from_the_text     hardly any that the text does not hold
    """
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise ValueError("expected two arrays, inputs and chosen")
    inputs, chosen = (np.asarray(one) for one in answer)
    for name, one in (("inputs", inputs), ("chosen", chosen)):
        if one.shape != tokens.shape:
            raise ValueError(f"{name} has shape {one.shape}; tokens has {tokens.shape}")
    if inputs.dtype.kind not in "iu":
        raise ValueError(f"inputs holds {inputs.dtype}; expected integers")
    if not np.isin(chosen, [0, 1]).all():
        raise ValueError("chosen holds something else than True and False")
    chosen = chosen.astype(bool)
    usual = ~np.isin(tokens, list(special_tokens))
    found = {
        "special_tokens_are_chosen": (chosen & ~usual).any(),
        "what_is_not_chosen_has_changed": (inputs != tokens)[~chosen].any(),
        "tokens_outside_the_vocabulary": ((inputs < 0) | (inputs >= vocabulary_size)).any(),
    }
    if tokens.size < MANY:
        return {name: float(value) for name, value in found.items()} | {"something_is_chosen": float(chosen.any())}
    hidden, own = inputs == mask_token, inputs == tokens
    p_hidden, p_own = 0.8 + 0.1 / vocabulary_size, 0.1 + 0.1 / vocabulary_size
    fate = np.where(hidden, 0, np.where(own, 1, 2))[chosen]
    rows = np.nonzero(chosen)[0]
    alike = (fate[1:] == fate[:-1])[rows[1:] == rows[:-1]]
    p_alike = p_hidden**2 + p_own**2 + (1 - p_hidden - p_own) ** 2
    per_row, out_of = chosen.sum(axis=1), usual.sum(axis=1)
    spread = (per_row - share * out_of) ** 2 / np.maximum(share * (1 - share) * out_of, 1e-9)
    drawn = inputs[chosen & ~hidden & ~own]
    from_0 = (drawn - min(drawn.min(initial=0), 0)).astype(np.intp)  # bincount takes no 64 bits in a browser
    commonest = np.bincount(from_0, minlength=1).max() if drawn.size else 0
    new = ~np.isin(drawn, tokens)
    found |= {
        "special_tokens_are_chosen": len(np.unique(tokens[chosen & ~usual])),
        "chosen_too_often": _errors(chosen[usual], share),
        "mask_token_too_often": _errors(hidden[chosen], p_hidden),
        "own_token_too_often": _errors(own[chosen], p_own),
        "one_fate_for_neighbours": _errors(alike, p_alike) > 0,
        "same_places_in_every_sequence": np.mean((chosen[1:] == chosen[:-1]).all(axis=1)) > 0.1,
        "all_or_nothing_of_a_sequence": (spread.mean() - 1) * np.sqrt(len(tokens) / 2) > 8,
        "no_random_token": drawn.size == 0,
        "random_tokens_are_often_the_same": 2 * commonest > max(drawn.size, 2),
        "random_tokens_come_from_the_text": drawn.size > 0 and new.mean() < 0.1,
    }
    return {name: float(value) for name, value in found.items()}


def _errors(happened: np.ndarray, p: float) -> float:
    return float(
        beyond_chance((np.sum(happened) - p * happened.size) / np.sqrt(max(p * (1 - p) * happened.size, 1e-9)))
    )


def _chosen_places(tokens, rng, special_tokens, share):
    return (rng.random(tokens.shape) < share) & ~np.isin(tokens, list(special_tokens))


def _hidden_at(tokens, chosen, fate, drawn, mask_token):
    inputs = np.where(chosen & (fate < 0.8), mask_token, tokens)
    return np.where(chosen & (fate >= 0.8) & (fate < 0.9), drawn, inputs)


def all_chosen_become_the_mask(tokens, rng, mask_token, vocabulary_size, special_tokens=(), share=0.15):
    """Puts the mask token at every chosen position."""
    chosen = _chosen_places(tokens, rng, special_tokens, share)
    return np.where(chosen, mask_token, tokens), chosen


def a_tenth_of_the_rest(tokens, rng, mask_token, vocabulary_size, special_tokens=(), share=0.15):
    """Draws the random tokens among the fifth that is left, a tenth of it: 80, 2 and 18 per cent."""
    chosen = _chosen_places(tokens, rng, special_tokens, share)
    hidden = chosen & (rng.random(tokens.shape) < 0.8)
    replaced = chosen & ~hidden & (rng.random(tokens.shape) < 0.1)
    inputs = np.where(hidden, mask_token, tokens)
    return np.where(replaced, rng.integers(vocabulary_size, size=tokens.shape), inputs), chosen


def the_rest_becomes_random(tokens, rng, mask_token, vocabulary_size, special_tokens=(), share=0.15):
    """Leaves no chosen token as it is: 80 per cent mask, 20 per cent random."""
    chosen = _chosen_places(tokens, rng, special_tokens, share)
    hidden = rng.random(tokens.shape) < 0.8
    drawn = rng.integers(vocabulary_size, size=tokens.shape)
    return np.where(chosen, np.where(hidden, mask_token, drawn), tokens), chosen


def only_what_changed_counts(tokens, rng, mask_token, vocabulary_size, special_tokens=(), share=0.15):
    """Calls chosen what looks different afterwards, so that the tenth that stays is never asked for."""
    chosen = _chosen_places(tokens, rng, special_tokens, share)
    drawn = rng.integers(vocabulary_size, size=tokens.shape)
    inputs = _hidden_at(tokens, chosen, rng.random(tokens.shape), drawn, mask_token)
    return inputs, inputs != tokens


def random_tokens_everywhere(tokens, rng, mask_token, vocabulary_size, special_tokens=(), share=0.15):
    """Replaces tokens at random all over the text, and not among the chosen."""
    chosen = _chosen_places(tokens, rng, special_tokens, share)
    inputs = np.where(chosen & (rng.random(tokens.shape) < 0.8), mask_token, tokens)
    replaced = ~chosen & (rng.random(tokens.shape) < 0.1 * share)
    return np.where(replaced, rng.integers(vocabulary_size, size=tokens.shape), inputs), chosen


def special_tokens_chosen_too(tokens, rng, mask_token, vocabulary_size, special_tokens=(), share=0.15):
    """Never looks at special_tokens."""
    chosen = _chosen_places(tokens, rng, (), share)
    drawn = rng.integers(vocabulary_size, size=tokens.shape)
    return _hidden_at(tokens, chosen, rng.random(tokens.shape), drawn, mask_token), chosen


def only_the_first_special_token_spared(tokens, rng, mask_token, vocabulary_size, special_tokens=(), share=0.15):
    """Compares with one special token and forgets the others."""
    chosen = _chosen_places(tokens, rng, special_tokens[:1], share)
    drawn = rng.integers(vocabulary_size, size=tokens.shape)
    return _hidden_at(tokens, chosen, rng.random(tokens.shape), drawn, mask_token), chosen


def share_ignored(tokens, rng, mask_token, vocabulary_size, special_tokens=(), share=0.15):
    """Always chooses 15 per cent."""
    chosen = _chosen_places(tokens, rng, special_tokens, 0.15)
    drawn = rng.integers(vocabulary_size, size=tokens.shape)
    return _hidden_at(tokens, chosen, rng.random(tokens.shape), drawn, mask_token), chosen


def all_but_the_share(tokens, rng, mask_token, vocabulary_size, special_tokens=(), share=0.15):
    """Compares the wrong way round and chooses what should be spared."""
    chosen = _chosen_places(tokens, rng, special_tokens, 1 - share)
    drawn = rng.integers(vocabulary_size, size=tokens.shape)
    return _hidden_at(tokens, chosen, rng.random(tokens.shape), drawn, mask_token), chosen


def one_fate_for_all(tokens, rng, mask_token, vocabulary_size, special_tokens=(), share=0.15):
    """Draws once for each sequence what becomes of its chosen tokens."""
    chosen = _chosen_places(tokens, rng, special_tokens, share)
    drawn = rng.integers(vocabulary_size, size=tokens.shape)
    return _hidden_at(tokens, chosen, rng.random((len(tokens), 1)), drawn, mask_token), chosen


def same_places_everywhere(tokens, rng, mask_token, vocabulary_size, special_tokens=(), share=0.15):
    """Draws the places once and hides them in every sequence."""
    chosen = (rng.random(tokens.shape[1]) < share) & ~np.isin(tokens, list(special_tokens))
    drawn = rng.integers(vocabulary_size, size=tokens.shape)
    return _hidden_at(tokens, chosen, rng.random(tokens.shape), drawn, mask_token), chosen


def whole_sequences_chosen(tokens, rng, mask_token, vocabulary_size, special_tokens=(), share=0.15):
    """Chooses sequences, and hides all of them."""
    chosen = (rng.random((len(tokens), 1)) < share) & ~np.isin(tokens, list(special_tokens))
    drawn = rng.integers(vocabulary_size, size=tokens.shape)
    return _hidden_at(tokens, chosen, rng.random(tokens.shape), drawn, mask_token), chosen


def one_random_token_for_all(tokens, rng, mask_token, vocabulary_size, special_tokens=(), share=0.15):
    """Draws one random token and puts it everywhere."""
    chosen = _chosen_places(tokens, rng, special_tokens, share)
    drawn = rng.integers(vocabulary_size)
    return _hidden_at(tokens, chosen, rng.random(tokens.shape), drawn, mask_token), chosen


def random_tokens_from_the_text(tokens, rng, mask_token, vocabulary_size, special_tokens=(), share=0.15):
    """Takes another place's token for a random one."""
    chosen = _chosen_places(tokens, rng, special_tokens, share)
    drawn = rng.permuted(tokens.ravel()).reshape(tokens.shape)
    return _hidden_at(tokens, chosen, rng.random(tokens.shape), drawn, mask_token), chosen


def written_into_the_text(tokens, rng, mask_token, vocabulary_size, special_tokens=(), share=0.15):
    """Hides the tokens in the text itself, so that nobody knows any more which they were."""
    chosen = _chosen_places(tokens, rng, special_tokens, share)
    drawn = rng.integers(vocabulary_size, size=tokens.shape)
    tokens[:] = _hidden_at(tokens, chosen, rng.random(tokens.shape), drawn, mask_token)
    return tokens, chosen


def a_generator_of_its_own(tokens, rng, mask_token, vocabulary_size, special_tokens=(), share=0.15):
    """Makes a generator with a fixed seed, so that every epoch hides the same tokens."""
    own = np.random.default_rng(0)
    chosen = _chosen_places(tokens, own, special_tokens, share)
    drawn = own.integers(vocabulary_size, size=tokens.shape)
    return _hidden_at(tokens, chosen, own.random(tokens.shape), drawn, mask_token), chosen


EXERCISE = Exercise(
    number=14,
    title="Hide tokens",
    section="6.8",
    points=4,
    minutes=12,
    difficulty="medium",
    reference=reference,
    cases=cases,
    measure=measure,
    misconceptions=(
        Misconception(
            all_chosen_become_the_mask,
            hint="Of a thousand chosen positions, how many show the mask token? What about the other two hundred?",
        ),
        Misconception(
            a_tenth_of_the_rest,
            hint="Of a hundred chosen positions twenty do not get the mask. How many of these get a random token in "
            "your code: ten, or two?",
        ),
        Misconception(
            the_rest_becomes_random,
            hint="Is there any chosen position that still shows its own token? How many should there be?",
        ),
        Misconception(
            only_what_changed_counts,
            hint="Some chosen tokens stay as they are. Are they chosen all the same? What does your second result say?",
        ),
        Misconception(
            random_tokens_everywhere,
            hint="Look at the positions where chosen is False: are their tokens still the ones of the text?",
        ),
        Misconception(
            special_tokens_chosen_too,
            hint="Can a model learn anything from guessing where the padding is? What is special_tokens for?",
        ),
        Misconception(
            only_the_first_special_token_spared,
            hint="How many special tokens can there be? Which NumPy function asks whether a number is one of several?",
        ),
        Misconception(share_ignored, hint="Call your function with share = 0: what is chosen?"),
        Misconception(
            all_but_the_share, hint="How often is rng.random() smaller than 0.15? Which side of the comparison chooses?"
        ),
        Misconception(
            one_fate_for_all,
            hint="In one sequence, can one chosen token become the mask and another one stay? How often do you draw?",
        ),
        Misconception(
            same_places_everywhere,
            hint="Look at one column of chosen: is it the same in every sequence? Which shape has your draw?",
        ),
        Misconception(
            whole_sequences_chosen,
            hint="If every word of a sentence is hidden, what is left to guess from? Which shape has your draw?",
        ),
        Misconception(
            one_random_token_for_all,
            hint="Look at the random tokens that you put in: how many different ones are there?",
        ),
        Misconception(
            random_tokens_from_the_text,
            hint="Can a token of the vocabulary that your text does not hold come up among the random ones?",
        ),
        Misconception(
            written_into_the_text,
            hint="What does tokens hold after the call? From where will the loss take the right answers?",
        ),
        Misconception(
            a_generator_of_its_own,
            hint="Two epochs come one after the other: are other tokens hidden in the second? Which generator draws?",
        ),
    ),
    hints=(
        "Two questions for every position, with a draw for each: is it chosen, and if so, what becomes of it?",
        "rng.random(tokens.shape) draws for all positions at once. np.isin(tokens, special_tokens) marks the special "
        "ones, np.where(condition, a, b) takes from a or from b.",
        "chosen: first draw < share, and not special. Second draw u: the mask token where u < 0.8, a random token "
        "where 0.8 ≤ u < 0.9, the token itself elsewhere; all of it among the chosen only.",
        "tokens 5 8 6, all chosen, u = 0.31 0.95 0.84: the mask token, 8, and a random token; chosen is True three "
        "times.",
    ),
    convention="A random token may be any of the vocabulary, its own and the mask included. To choose exactly this "
    "share of every sequence is accepted, too.",
)
