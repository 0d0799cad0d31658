"""Exercise of section 6.1: attention from queries, keys and values.

Source: Vaswani et al. 2017, "Attention is all you need", equation 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch06_attention._attention import best_hidden, draw_mask, draw_qkv, looked_up, softened
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(q, k, v, mask=None):
    """PyTorch's scaled_dot_product_attention."""
    import torch

    v = v.expand(*q.shape[:-2], *v.shape[-2:])
    if mask is None:
        return torch.nn.functional.scaled_dot_product_attention(q, k, v)
    blind = ~torch.any(mask, dim=-1, keepdim=True)  # PyTorch promises nothing there: looks, and is overwritten
    y = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask | blind)
    return torch.where(blind, 0.0, y)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Small; all axes different; all alike, where wrong axes fit; masks of three shapes; a query that sees nothing."""
    yield Case("two queries, three keys", draw_qkv(rng, (), 2, 3, 4, 2))
    yield Case("batch and heads", draw_qkv(rng, (2, 3), 4, 5, 6, 2))
    yield Case("all axes alike", draw_qkv(rng, (4,), 4, 4, 4, 4))
    yield Case("one mask for all examples", draw_qkv(rng, (3,), 4, 5, 2, 6) | {"mask": draw_mask(rng, 4, 5)})
    yield Case("as many queries as keys, a mask", draw_qkv(rng, (), 5, 5, 3, 2) | {"mask": draw_mask(rng, 5, 5)})
    blind = draw_mask(rng, 2, 1, 4, 6)
    blind[1, 0, 2] = False
    yield Case("a query that may look at nothing", draw_qkv(rng, (2, 3), 4, 6, 5, 3) | {"mask": blind})
    yield Case("large scores, the best key hidden", best_hidden(draw_qkv(rng, (2,), 3, 6, 8, 4, scale=60.0)))


def large() -> dict[str, Any]:
    """Eight examples with four heads, as many positions as in the chapter's texts."""
    rng = np.random.default_rng(601)
    return draw_qkv(rng, (8, 4), 48, 48, 16, 16) | {"mask": draw_mask(rng, 48, 48)}


def _scores(q, k):
    return q @ k.swapaxes(-1, -2) / k.shape[-1] ** 0.5


def without_the_root(q, k, v, mask=None):
    """Takes the dot products as they are."""
    return looked_up(q, k, v, mask, 1.0)


def divided_by_d(q, k, v, mask=None):
    """Divides by d_k instead of its root."""
    return looked_up(q, k, v, mask, 1 / q.shape[-1])


def multiplied_by_the_root(q, k, v, mask=None):
    """Multiplies by the root of d_k."""
    return looked_up(q, k, v, mask, q.shape[-1] ** 0.5)


def root_of_the_values_size(q, k, v, mask=None):
    """Divides by the root of d_v."""
    return looked_up(q, k, v, mask, v.shape[-1] ** -0.5)


def root_of_the_number_of_keys(q, k, v, mask=None):
    """Divides by the root of the number of keys."""
    return looked_up(q, k, v, mask, k.shape[-2] ** -0.5)


def divided_after_the_softmax(q, k, v, mask=None):
    """Divides the weights instead of the scores."""
    return looked_up(q, k, v, mask, 1.0) / q.shape[-1] ** 0.5


def keys_ask_queries(q, k, v, mask=None):
    """Swaps the roles: the keys ask, and the queries answer."""
    return looked_up(k, q, v, mask)


def softmax_over_the_queries(q, k, v, mask=None):
    """Lets the weights of each key add up to 1 over the queries."""
    scores = _scores(q, k) if mask is None else np.where(mask, _scores(q, k), -np.inf)
    return softened(scores.swapaxes(-1, -2)).swapaxes(-1, -2) @ v


def softmax_over_everything(q, k, v, mask=None):
    """Lets all weights of an example add up to 1 together."""
    scores = _scores(q, k) if mask is None else np.where(mask, _scores(q, k), -np.inf)
    return softened(scores.reshape(*scores.shape[:-2], -1)).reshape(scores.shape) @ v


def no_softmax(q, k, v, mask=None):
    """Weighs with the scores themselves."""
    return (_scores(q, k) if mask is None else np.where(mask, _scores(q, k), 0.0)) @ v


def softmax_without_its_largest(q, k, v, mask=None):
    """Takes e to the score without subtracting the largest one first."""
    grown = np.exp(_scores(q, k))
    if mask is not None:
        grown = np.where(mask, grown, 0.0)
    total = np.sum(grown, axis=-1, keepdims=True)
    return grown / np.where(total > 0, total, 1.0) @ v


def largest_of_the_whole_table(q, k, v, mask=None):
    """Subtracts one number from all scores, so that rows far below it become 0 divided by 0."""
    scores = _scores(q, k) if mask is None else np.where(mask, _scores(q, k), -np.inf)
    grown = np.exp(scores - np.max(scores))
    total = np.sum(grown, axis=-1, keepdims=True)
    return grown / np.where(total > 0, total, 1.0) @ v


def largest_taken_before_the_mask(q, k, v, mask=None):
    """Subtracts the largest score of a row though the mask hides it, so that nothing may be left of the others."""
    grown = np.exp(_scores(q, k) - np.max(_scores(q, k), axis=-1, keepdims=True))
    if mask is not None:
        grown = np.where(mask, grown, 0.0)
    total = np.sum(grown, axis=-1, keepdims=True)
    return grown / np.where(total > 0, total, 1.0) @ v


def all_axes_transposed(q, k, v, mask=None):
    """Writes k.T, which reverses every axis and fits matrices only."""
    return softened(q @ k.T / q.shape[-1] ** 0.5, mask) @ v


def keys_averaged_instead_of_values(q, k, v, mask=None):
    """Gives the average of the keys."""
    return looked_up(q, k, k, mask)


def only_the_best_value(q, k, v, mask=None):
    """Gives the value of the best key alone."""
    scores = _scores(q, k) if mask is None else np.where(mask, _scores(q, k), -np.inf)
    best = np.arange(k.shape[-2]) == np.argmax(scores, axis=-1)[..., None]
    return np.where(best & np.isfinite(scores), 1.0, 0.0) @ v


def values_as_they_are(q, k, v, mask=None):
    """Returns v."""
    return v.copy()


def average_of_all_values(q, k, v, mask=None):
    """Averages all values, and never looks at queries, keys and mask."""
    return looked_up(q, k, v, None, 0.0)


def average_of_the_values(q, k, v, mask=None):
    """Averages the values that may be seen, and never looks at queries and keys."""
    return softened(np.zeros_like(_scores(q, k)), mask) @ v


def weights_returned(q, k, v, mask=None):
    """Returns the weights instead of the mixed values."""
    return softened(_scores(q, k), mask)


def mask_ignored(q, k, v, mask=None):
    """Lets every query look at every key."""
    return looked_up(q, k, v)


def mask_upside_down(q, k, v, mask=None):
    """Hides where the mask is True."""
    return looked_up(q, k, v, None if mask is None else ~mask)


def mask_transposed(q, k, v, mask=None):
    """Reads the mask as keys by queries."""
    return looked_up(q, k, v, None if mask is None else mask.swapaxes(-1, -2))


def hidden_scores_are_zero(q, k, v, mask=None):
    """Multiplies the scores by the mask, so that a hidden key has the score 0."""
    return softened(_scores(q, k) * (1.0 if mask is None else mask)) @ v


def hidden_scores_lowered_by_ten(q, k, v, mask=None):
    """Subtracts 10 from the scores of hidden keys."""
    return softened(_scores(q, k) - (0.0 if mask is None else 10.0 * ~mask)) @ v


def blind_query_averages_everything(q, k, v, mask=None):
    """Sets the scores of hidden keys to minus a billion, so that a query that sees nothing averages all values."""
    return softened(_scores(q, k) if mask is None else np.where(mask, _scores(q, k), -1e9)) @ v


def blind_query_gives_nan(q, k, v, mask=None):
    """Sets hidden scores to minus infinity and divides 0 by 0 where a query may look at nothing."""
    scores = _scores(q, k) if mask is None else np.where(mask, _scores(q, k), -np.inf)
    grown = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return grown / np.sum(grown, axis=-1, keepdims=True) @ v


def hidden_weights_not_shared_out(q, k, v, mask=None):
    """Sets weights to 0 after the softmax and does not let the others add up to 1 again."""
    weights = softened(_scores(q, k))
    return (weights if mask is None else weights * mask) @ v


def mask_used_as_an_index(q, k, v, mask=None):
    """Writes scores[~mask] = -inf, which wants a mask of the very shape of the scores."""
    scores = _scores(q, k)
    if mask is not None:
        scores[~mask] = -np.inf
    return softened(scores) @ v


def queries_scaled_in_place(q, k, v, mask=None):
    """Divides the caller's queries."""
    q /= q.shape[-1] ** 0.5
    return looked_up(q, k, v, mask, 1.0)


EXERCISE = Exercise(
    number=1,
    title="Scaled dot-product attention",
    section="6.1",
    points=4,
    minutes=15,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            without_the_root, hint="What happens to the dot products when d_k grows? What are they divided by?"
        ),
        Misconception(
            divided_by_d,
            hint="A sum of d_k products of variance 1 has variance d_k. What is its standard deviation?",
        ),
        Misconception(
            multiplied_by_the_root, hint="Should the scores become larger or smaller when d_k is large? Which do yours?"
        ),
        Misconception(
            root_of_the_values_size,
            hint="How many products are added up in one score: as many as a key has numbers, or a value?",
        ),
        Misconception(
            root_of_the_number_of_keys,
            hint="Which axis of k is the last one: the number of keys, or the size of a key? Which do you take?",
        ),
        Misconception(
            divided_after_the_softmax, hint="What do your weights add up to for one query? Where does the root belong?"
        ),
        Misconception(
            keys_ask_queries, hint="Your table of scores has one row for each what? Should a row belong to a query?"
        ),
        Misconception(
            softmax_over_the_queries,
            hint="For one query, what do its weights over the keys add up to? Which axis is that?",
        ),
        Misconception(
            softmax_over_everything, hint="For one query, what do its weights over the keys add up to? Should they?"
        ),
        Misconception(no_softmax, hint="Can your weights be negative? What do they add up to?"),
        Misconception(
            softmax_without_its_largest,
            hint="How large is e to the 1000? Which number can be subtracted from a whole "
            "row without a change of its softmax?",
        ),
        Misconception(
            largest_of_the_whole_table,
            hint="A row whose scores are all smaller by 1000 than those of another row: what is left of it after exp? "
            "Which largest number is the row's own?",
        ),
        Misconception(
            largest_taken_before_the_mask,
            hint="A hidden key has the largest score by far. What is left of the others when that one is subtracted?",
        ),
        Misconception(
            all_axes_transposed,
            hint="What does .T do to an array of shape (2, 3, 5, 6)? Which two axes should change places?",
        ),
        Misconception(
            keys_averaged_instead_of_values, hint="Keys decide how much each one counts. What is it that is averaged?"
        ),
        Misconception(
            only_the_best_value, hint="Two keys that fit almost equally well: how much should each of them count?"
        ),
        Misconception(values_as_they_are, hint="Change q: does your result change? Does it when k changes?"),
        Misconception(
            average_of_all_values, hint="Change q: does your result change? Which keys should count more than others?"
        ),
        Misconception(
            average_of_the_values, hint="Change q: does your result change? Which keys should count more than others?"
        ),
        Misconception(
            weights_returned, hint="Your rows add up to 1. What are these weights for? What should be mixed with them?"
        ),
        Misconception(mask_ignored, hint="Change a value that the mask hides: does your result change? Should it?"),
        Misconception(
            mask_upside_down, hint="What does True mean in the mask: may be seen, or is hidden? Which did you take?"
        ),
        Misconception(
            mask_transposed, hint="mask[i, j]: is i the query and j the key, or the other way round, in your code?"
        ),
        Misconception(
            hidden_scores_are_zero,
            hint="A hidden key has the score 0 in your code. Which weight is that: is e to the 0 nothing?",
        ),
        Misconception(
            hidden_scores_lowered_by_ten,
            hint="A hidden key fits better by 25 than all others. How much does it count in your result? Which score "
            "gives a weight of exactly 0?",
        ),
        Misconception(
            blind_query_averages_everything,
            hint="A query that may look at no key: all its scores are the same in your code. What does the softmax "
            "make of that, and what is asked for?",
        ),
        Misconception(
            blind_query_gives_nan,
            hint="A query that may look at no key: what do you divide by what? What is asked for there?",
        ),
        Misconception(
            hidden_weights_not_shared_out,
            hint="With a mask, what do your weights of one query add up to? When do you "
            "apply the mask: before the softmax or after it?",
        ),
        Misconception(
            mask_used_as_an_index,
            hint="The mask need not have all axes of the scores. Which NumPy function chooses "
            "between two arrays and broadcasts?",
        ),
        Misconception(queries_scaled_in_place, hint="What does q hold after the call? What does /= do to an array?"),
    ),
    hints=(
        "Three steps: a table of scores with a row for each query, weights that add up to 1 in each row, a mix of the "
        "values.",
        "k.swapaxes(-1, -2) turns the last two axes. np.where(mask, scores, -np.inf) hides keys, before the softmax.",
        "softmax(q · kᵀ / √d_k) · v, the softmax along the last axis; a row of weights that sees nothing is all 0.",
        "q = [[2, 0]], k = [[1, 0], [0, 1]], v = [[1], [5]]: scores [1.414, 0], weights [0.804, 0.196], "
        "result 0.804 · 1 + 0.196 · 5 = 1.78.",
    ),
    convention="True in the mask: the query may look at the key. A query that may look at no key gets zeros.",
    pace=Pace(inputs=large, yardstick=looked_up),
)
