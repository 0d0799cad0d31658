"""Exercise of section 6.9: one token from the logits, with a temperature, the k best and the share p.

Source: Fan, Lewis and Dauphin 2018, "Hierarchical neural story generation", section 5.4 (top-k); Holtzman, Buys, Du,
Forbes and Choi 2020, "The curious case of neural text degeneration", section 3.1 (top-p).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch06_attention._language import beyond_chance, rng_of
from autograder.spec import Case, Exercise, Misconception, Rng


def drive(sample_next_token, logits, rng, draws, temperature=1.0, top_k=None, top_p=None):
    """Many draws from one generator."""
    return np.array([sample_next_token(logits, rng, temperature, top_k, top_p) for _ in range(draws)])


def reference(logits, rng, draws, temperature=1.0, top_k=None, top_p=None):
    """torch.topk, softmax and cumsum, then all draws at once by torch.multinomial."""
    import torch

    if temperature == 0:
        return torch.argmax(logits).expand(draws)
    best, order = torch.topk(logits, len(logits) if top_k is None else top_k)
    p = torch.softmax(best / temperature, dim=0)
    if top_p is not None:
        reached = torch.searchsorted(torch.cumsum(p, dim=0), torch.tensor(top_p, device=p.device))
        p = p[: reached + 1]
    return order[torch.multinomial(p, draws, replacement=True, generator=rng)]


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """First what leaves one token only; then 250 draws each: plain, twice with other seeds, warm, cold, filtered.

    Where one token is the answer, its place is drawn: with a fixed one, a table of the recorded answers would be right
    on fresh logits, too.
    """
    few, many = {"draws": 20}, {"draws": 250}
    spread = [0.4, 0.25, 0.15, 0.12, 0.08]
    halves = [0.5, 0.3, 0.15, 0.05]
    yield Case("temperature 0", _one_token(rng, spread) | few | {"temperature": 0})
    filters = {"temperature": 0, "top_k": 3, "top_p": 0.9}
    yield Case("temperature 0, top_k 3, top_p 0.9", _one_token(rng, spread) | few | filters)
    yield Case("top_k 1", _one_token(rng, spread) | few | {"top_k": 1})
    # After few draws the second best is sometimes the commonest by chance, and two mistakes look the same.
    yield Case("the best token has more than top_p", _one_token(rng, halves) | many | {"top_p": 0.4})
    yield Case("the best of two has more than top_p", _one_token(rng, spread) | few | {"top_k": 2, "top_p": 0.55})
    tokens = int(rng.integers(9, 20))
    large = {"logits": 2000 * rng.permutation(tokens) + rng.normal(size=tokens), "rng": rng_of(rng)}
    yield Case("logits of thousands, temperature 0.5", large | few | {"temperature": 0.5})
    plain = _inputs(rng, spread) | many
    yield Case("plain", plain)
    yield Case("the same, another rng", plain | {"rng": rng_of(rng)})
    steps = np.exp(-np.arange(5.0))
    yield Case("temperature 2.5", _inputs(rng, steps) | many | {"temperature": 2.5})
    yield Case("temperature 0.4", _inputs(rng, np.exp(-0.4 * np.arange(5.0))) | many | {"temperature": 0.4})
    yield Case("top_k 3 of 6", _inputs(rng, [0.25, 0.2, 0.17, 0.15, 0.13, 0.1]) | many | {"top_k": 3})
    crossed = _inputs(rng, [0.35, 0.3, 0.2, 0.1, 0.05])
    yield Case("top_p 0.75, the third token crosses it", crossed | many | {"top_p": 0.75})
    steeper = np.exp(-1.2 * np.arange(6.0))
    yield Case("all three", _inputs(rng, steeper) | many | {"temperature": 2.0, "top_k": 4, "top_p": 0.65})


def _inputs(rng: np.random.Generator, shares: Any) -> dict[str, Any]:
    """Logits whose softmax at temperature 1 is these shares, which fall: in a random order, but the best one last."""
    logits = np.log([*rng.permutation(shares[1:]), shares[0]]) + rng.normal()
    return {"logits": logits, "rng": rng_of(rng)}


def _one_token(rng: np.random.Generator, shares: list[float]) -> dict[str, Any]:
    """Logits of these shares and of 5 to 14 small ones, an eighth at most together.

    The best one has all others but some small ones before it: sums in the order of the vocabulary reach it late.
    """
    small = rng.uniform(0.002, 0.01, rng.integers(5, 15))
    behind = rng.integers(0, len(small) + 1)
    before = rng.permutation([*shares[1:], *small[behind:]])
    return {"logits": np.log([*before, shares[0], *small[:behind]]) + rng.normal(), "rng": rng_of(rng)}


def measure(
    answer: Any,
    logits: np.ndarray,
    rng: Rng,
    draws: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> dict[str, Any]:
    """The token itself where only one may come; elsewhere whether they come as often as they should.

    token                  the one that came most often
    others_came_too        1 if it was not the only one, otherwise 0
    tokens_that_were_cut   how many of them came
    too_often_by_rank      for each token that may come, the best one first: ±1 beyond 6 standard errors, otherwise 0
    """
    tokens = np.asarray(answer)
    if tokens.dtype.kind not in "iu" or tokens.shape != (draws,):
        raise ValueError(f"each draw should be one integer; together they are {tokens.dtype} of shape {tokens.shape}")
    if not np.isin(tokens, np.arange(len(logits))).all():
        raise ValueError(f"it drew something that is no token; expected integers from 0 to {len(logits) - 1}")
    count = np.bincount(tokens.astype(int), minlength=len(logits))
    order, p = _kept(logits, temperature, top_k, top_p) if temperature else (np.array([0]), np.array([1.0]))
    if p[0] > 1 - 1e-9:
        return {"token": float(np.argmax(count)), "others_came_too": float(np.max(count) < draws)}
    missed = (count[order] - draws * p) / np.sqrt(draws * p * (1 - p))
    return {
        "tokens_that_were_cut": float(np.count_nonzero(np.delete(count, order))),
        "too_often_by_rank": beyond_chance(missed),
    }


def _shares(scores):
    p = np.exp(scores - np.max(scores))
    return p / np.sum(p)


def _kept(logits, temperature, top_k, top_p, crossing=True):
    """The tokens that may come, best first, and their probabilities."""
    order = np.argsort(-logits, kind="stable")[:top_k]
    p = _shares(logits[order] / temperature)
    if top_p is not None:
        kept = np.cumsum(p) - p < top_p if crossing else np.cumsum(p) <= top_p
        order, p = order[kept], p[kept] / np.sum(p[kept])
    return order, p


def _draw(logits, rng, temperature, top_k, top_p):
    if temperature == 0:
        return int(np.argmax(logits))
    order, p = _kept(logits, temperature, top_k, top_p)
    return int(rng.choice(order, p=p))


def likeliest_token_taken(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Takes the token with the largest logit and draws nothing."""
    return int(np.argmax(logits))


def temperature_ignored(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Draws at temperature 1, unless it is 0."""
    return _draw(logits, rng, 1.0 if temperature else 0, top_k, top_p)


def multiplied_by_the_temperature(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Multiplies the logits by the temperature, so that warm is cold."""
    return _draw(logits, rng, 1 / temperature if temperature else 0, top_k, top_p)


def temperature_zero_divides(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Divides by the temperature even where it is 0."""
    with np.errstate(all="ignore"):
        order, p = _kept(logits, np.float64(temperature), top_k, top_p)
    return int(rng.choice(order, p=p))


def temperature_after_the_cut(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Finds the tokens of top_p at temperature 1, and applies the temperature to what is left."""
    if temperature == 0:
        return int(np.argmax(logits))
    order, _ = _kept(logits, 1.0, top_k, top_p)
    return int(rng.choice(order, p=_shares(logits[order] / temperature)))


def exponentials_too_large(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Takes exponentials of the logits as they are."""
    if temperature == 0:
        return int(np.argmax(logits))
    order, _ = _kept(logits, temperature, top_k, top_p)
    with np.errstate(all="ignore"):
        p = np.exp(logits[order] / temperature) / np.sum(np.exp(logits[order] / temperature))
    return int(rng.choice(order, p=p))


def place_among_the_best_returned(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Draws a place in the sorted list and returns it as if it were the token."""
    if temperature == 0:
        return int(np.argmax(logits))
    _, p = _kept(logits, temperature, top_k, top_p)
    return int(rng.choice(len(p), p=p))


def worst_tokens_kept(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Sorts upwards and keeps the first k: the least likely."""
    if temperature == 0:
        return int(np.argmax(logits))
    left = np.sort(np.argsort(logits)[:top_k])
    order, p = _kept(logits[left], temperature, None, top_p)
    return int(left[rng.choice(order, p=p)])


def top_k_ignored(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Never looks at top_k."""
    return _draw(logits, rng, temperature, None, top_p)


def top_p_ignored(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Never looks at top_p."""
    return _draw(logits, rng, temperature, top_k, None)


def one_filter_at_a_time(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Looks at top_p only where there is no top_k."""
    return _draw(logits, rng, temperature, top_k, top_p if top_k is None else None)


def crossing_token_dropped(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Keeps tokens while their sum is at most top_p, though the best one always."""
    if temperature == 0:
        return int(np.argmax(logits))
    order, p = _kept(logits, temperature, top_k, top_p, crossing=False)
    return int(rng.choice(order, p=p)) if len(p) else int(np.argmax(logits))


def nothing_left_below_top_p(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Keeps tokens while their sum is at most top_p, and none where the best one has more."""
    if temperature == 0:
        return int(np.argmax(logits))
    order, p = _kept(logits, temperature, top_k, top_p, crossing=False)
    return int(rng.choice(order, p=p))


def one_token_more_than_crosses(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Keeps one token after the one that crosses top_p."""
    if temperature == 0:
        return int(np.argmax(logits))
    order, p = _kept(logits, temperature, top_k, None)
    if top_p is not None:
        reached = int(np.sum(np.cumsum(p) < top_p)) + 2
        order, p = order[:reached], p[:reached] / np.sum(p[:reached])
    return int(rng.choice(order, p=p))


def top_p_of_all_tokens(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Adds up shares of all tokens, as if top_k had left out none."""
    if temperature == 0:
        return int(np.argmax(logits))
    order, _ = _kept(logits, temperature, None, top_p)
    order = order[:top_k]
    return int(rng.choice(order, p=_shares(logits[order] / temperature)))


def added_up_unsorted(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Adds up the shares in the order of the vocabulary, not from the best one on."""
    if temperature == 0:
        return int(np.argmax(logits))
    order = np.sort(np.argsort(-logits, kind="stable")[:top_k])
    p = _shares(logits[order] / temperature)
    if top_p is not None:
        kept = np.cumsum(p) - p < top_p
        order, p = order[kept], p[kept] / np.sum(p[kept])
    return int(rng.choice(order, p=p))


def shares_above_top_p_kept(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Takes top_p for a floor: keeps each token that has at least this share, and the best one."""
    if temperature == 0:
        return int(np.argmax(logits))
    order, p = _kept(logits, temperature, top_k, None)
    if top_p is not None:
        kept = (p >= top_p) | (p == np.max(p))
        order, p = order[kept], p[kept] / np.sum(p[kept])
    return int(rng.choice(order, p=p))


def shares_not_scaled_again(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Draws with shares that no longer add up to one."""
    if temperature == 0:
        return int(np.argmax(logits))
    order, _ = _kept(logits, temperature, top_k, top_p)
    return int(rng.choice(order, p=_shares(logits / temperature)[order]))


def last_kept_token_gets_the_rest(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Runs along sums that end below one, and gives what is missing to the last token."""
    if temperature == 0:
        return int(np.argmax(logits))
    order, _ = _kept(logits, temperature, top_k, top_p)
    reached = np.cumsum(_shares(logits / temperature)[order])
    return int(order[min(np.searchsorted(reached, rng.random()), len(order) - 1)])


def logit_zero_for_what_is_cut(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Sets the logits of the other tokens to 0, which is no small logit."""
    if temperature == 0:
        return int(np.argmax(logits))
    order, _ = _kept(logits, temperature, top_k, top_p)
    left = np.zeros_like(logits)
    left[order] = logits[order]
    return int(rng.choice(len(left), p=_shares(left / temperature)))


def kept_tokens_equally_likely(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Draws among what is kept without looking at the shares."""
    if temperature == 0:
        return int(np.argmax(logits))
    order, _ = _kept(logits, temperature, top_k, top_p)
    return int(rng.choice(order))


def a_generator_of_its_own(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Makes a generator with a fixed seed, so that the same token comes every time."""
    return _draw(logits, np.random.default_rng(0), temperature, top_k, top_p)


def cut_in_the_logits_themselves(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """Writes minus infinity into the logits that it was given."""
    if temperature == 0:
        return int(np.argmax(logits))
    order, p = _kept(logits, temperature, top_k, None if np.isinf(logits).any() else top_p)
    finite = np.isfinite(logits[order])
    token = int(rng.choice(order[finite], p=p[finite]))
    logits[np.setdiff1d(np.arange(len(logits)), order)] = -np.inf
    return token


EXERCISE = Exercise(
    number=17,
    title="Draw the next token",
    section="6.9",
    points=4,
    minutes=15,
    difficulty="medium",
    reference=reference,
    cases=cases,
    drive=drive,
    measure=measure,
    misconceptions=(
        Misconception(
            likeliest_token_taken,
            hint="Call your function a hundred times: does another token ever come? What is rng for?",
        ),
        Misconception(
            temperature_ignored,
            hint="Is your choice wilder at temperature 3 than at 1? Where does the temperature go in?",
        ),
        Misconception(
            multiplied_by_the_temperature,
            hint="Should a high temperature make the likeliest token more certain or less? What does yours do?",
        ),
        Misconception(
            temperature_zero_divides,
            hint="What is a logit divided by 0? What does temperature 0 stand for, and is there anything to draw?",
        ),
        Misconception(
            temperature_after_the_cut,
            hint="A high temperature makes the shares more equal. Do more tokens then fit under top_p in your code?",
        ),
        Misconception(
            exponentials_too_large,
            hint="What is e to the power of 2,000? Which number can be taken from all logits without changing the "
            "softmax?",
        ),
        Misconception(
            place_among_the_best_returned,
            hint="With top_k = 1, which token must come: token 0, or the one with the largest logit? What do you draw "
            "from your sorted list?",
        ),
        Misconception(
            worst_tokens_kept, hint="In which direction does np.argsort sort? Which tokens stand in front after it?"
        ),
        Misconception(top_k_ignored, hint="With top_k = 1, can more than one token come in your function?"),
        Misconception(top_p_ignored, hint="With top_p = 0.01, can more than one token come in your function?"),
        Misconception(
            one_filter_at_a_time,
            hint="With top_k = 3 and top_p = 0.01 together, can more than one token come in your function?",
        ),
        Misconception(
            crossing_token_dropped,
            hint="Shares 0.5, 0.3, 0.2 and top_p = 0.6: do the tokens that you keep add up to at least 0.6?",
        ),
        Misconception(
            nothing_left_below_top_p,
            hint="The best token has a share of 0.5 and top_p is 0.4: how many tokens do you keep? How many are needed "
            "for 0.4?",
        ),
        Misconception(
            one_token_more_than_crosses,
            hint="Shares 0.5, 0.3, 0.2 and top_p = 0.4: how many tokens are needed for 0.4, and how many do you keep?",
        ),
        Misconception(
            top_p_of_all_tokens,
            hint="After top_k, do the shares that you add up still sum to one? Which filter comes first?",
        ),
        Misconception(
            added_up_unsorted,
            hint="Which token do you count first towards top_p: token 0, or the most probable one?",
        ),
        Misconception(
            shares_above_top_p_kept,
            hint="Shares 0.5, 0.3, 0.2 and top_p = 0.6: does any token alone have 0.6? What has to reach top_p: one "
            "share, or a sum?",
        ),
        Misconception(
            shares_not_scaled_again,
            hint="What do the shares of the tokens that are left add up to? What does rng.choice ask for?",
        ),
        Misconception(
            last_kept_token_gets_the_rest,
            hint="Two tokens are kept, of shares 0.5 and 0.3. How often should the second come: in 3 of 8 draws, or in "
            "5 of 10?",
        ),
        Misconception(
            logit_zero_for_what_is_cut,
            hint="What is e to the power of 0? Which logit gives the probability 0?",
        ),
        Misconception(
            kept_tokens_equally_likely,
            hint="Among the tokens that are kept, does the best one come more often? Does your draw know the shares?",
        ),
        Misconception(
            a_generator_of_its_own,
            hint="Two calls with one rng: can they give two different tokens? Which generator did you use?",
        ),
        Misconception(
            cut_in_the_logits_themselves,
            hint="What do the logits hold after the call? Can a caller use them for a second draw?",
        ),
    ),
    hints=(
        "Sort once, best token first. Then each of the three settings is a line, and the draw comes last.",
        "order = np.argsort(−logits) gives tokens, best first; order[:k] are the k best. Keep tokens and shares side "
        "by side, cut both alike, and draw from the tokens.",
        "p = softmax(logits[order] / temperature). With top_p keep the places where the sum of the better shares, "
        "np.cumsum(p) − p, is below top_p; divide p by its sum; rng.choice(order, p=p).",
        "Shares 0.5, 0.3, 0.15, 0.05 and top_p = 0.6: the better ones have 0, 0.5, 0.8, 0.95, so two are kept, with "
        "0.5 / 0.8 = 0.625 and 0.3 / 0.8 = 0.375.",
    ),
    convention="Temperature first, then top-k, then top-p of what is left; the token that crosses top_p is kept. Where "
    "two logits are equal, either may come first: no case has such a pair.",
)
