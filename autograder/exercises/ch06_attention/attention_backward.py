"""Exercise of section 6.7: backward through scaled dot-product attention.

Source: derived in section 6.7.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch06_attention._attention import best_hidden, draw_mask, draw_qkv, softened
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(grad_y, q, k, v, mask=None):
    """PyTorch's autograd through scaled_dot_product_attention."""
    import torch

    if mask is not None:  # a query that sees nothing gives constants: looks here, and no gradient reaches it
        blind = ~torch.any(mask, dim=-1, keepdim=True)
        mask, grad_y = mask | blind, torch.where(blind, 0.0, grad_y)
    q, k, v = (one.clone().requires_grad_() for one in (q, k, v))
    torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask).backward(grad_y)
    return q.grad, k.grad, v.grad


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Small; all axes different; all alike, where wrong axes fit; masks; a query that sees nothing; large scores."""
    yield Case("two queries, three keys", _inputs(rng, (), 2, 3, 4, 2))
    yield Case("batch and heads", _inputs(rng, (2, 3), 4, 5, 6, 2))
    yield Case("all axes alike", _inputs(rng, (4,), 4, 4, 4, 4))
    yield Case("one mask for all examples", _inputs(rng, (3,), 4, 5, 2, 6) | {"mask": draw_mask(rng, 4, 5)})
    blind = draw_mask(rng, 2, 1, 4, 6)
    blind[1, 0, 2] = False
    yield Case("a query that may look at nothing", _inputs(rng, (2, 3), 4, 6, 5, 3) | {"mask": blind})
    yield Case("large scores, the best key hidden", best_hidden(_inputs(rng, (2,), 3, 6, 8, 4, scale=60.0)))


def _inputs(
    rng: np.random.Generator, leading: tuple[int, ...], queries: int, keys: int, d_k: int, d_v: int, scale: float = 1.0
) -> dict[str, Any]:
    grad_y = rng.normal(0.4, 1.0, (*leading, queries, d_v))
    return {"grad_y": grad_y} | draw_qkv(rng, leading, queries, keys, d_k, d_v, scale)


def large() -> dict[str, Any]:
    """Eight examples with four heads, as many positions as in the chapter's texts."""
    rng = np.random.default_rng(613)
    return _inputs(rng, (8, 4), 48, 48, 16, 16) | {"mask": draw_mask(rng, 48, 48)}


def _turned(x):
    return x.swapaxes(-1, -2)


def _weights(q, k, mask=None, scale=None):
    return softened((q.shape[-1] ** -0.5 if scale is None else scale) * (q @ _turned(k)), mask)


def _through_softmax(weights, grad_weights):
    return weights * (grad_weights - np.sum(weights * grad_weights, axis=-1, keepdims=True))


def _to_inputs(grad_scores, weights, grad_y, q, k):
    """From the gradient at the scores, the scale still to come, to the three gradients."""
    grad_scores = grad_scores * q.shape[-1] ** -0.5
    return grad_scores @ k, _turned(grad_scores) @ q, _turned(weights) @ grad_y


def _right(grad_y, q, k, v, mask=None):
    weights = _weights(q, k, mask)
    return _to_inputs(_through_softmax(weights, grad_y @ _turned(v)), weights, grad_y, q, k)


def softmax_taken_for_constant(grad_y, q, k, v, mask=None):
    """Sends the gradient of the weights to the scores as it is."""
    weights = _weights(q, k, mask)
    return _to_inputs(grad_y @ _turned(v), weights, grad_y, q, k)


def weights_times_their_gradient(grad_y, q, k, v, mask=None):
    """Multiplies by the weights and does not subtract the average."""
    weights = _weights(q, k, mask)
    return _to_inputs(weights * (grad_y @ _turned(v)), weights, grad_y, q, k)


def slope_of_a_sigmoid(grad_y, q, k, v, mask=None):
    """Takes weights * (1 - weights) as the slope, so that a score changes its own weight alone."""
    weights = _weights(q, k, mask)
    return _to_inputs(weights * (1 - weights) * (grad_y @ _turned(v)), weights, grad_y, q, k)


def average_without_weights(grad_y, q, k, v, mask=None):
    """Subtracts the plain mean of the gradients of a row."""
    weights, grad_weights = _weights(q, k, mask), grad_y @ _turned(v)
    away = grad_weights - np.mean(grad_weights, axis=-1, keepdims=True)
    return _to_inputs(weights * away, weights, grad_y, q, k)


def sum_without_weights(grad_y, q, k, v, mask=None):
    """Subtracts the plain sum of the gradients of a row."""
    weights, grad_weights = _weights(q, k, mask), grad_y @ _turned(v)
    away = grad_weights - np.sum(grad_weights, axis=-1, keepdims=True)
    return _to_inputs(weights * away, weights, grad_y, q, k)


def average_over_the_queries(grad_y, q, k, v, mask=None):
    """Sums along the queries where the softmax ran along the keys."""
    weights, grad_weights = _weights(q, k, mask), grad_y @ _turned(v)
    away = grad_weights - np.sum(weights * grad_weights, axis=-2, keepdims=True)
    return _to_inputs(weights * away, weights, grad_y, q, k)


def scale_forgotten_on_the_way_back(grad_y, q, k, v, mask=None):
    """Does not divide the gradients of queries and keys by the root of d_k."""
    grad_q, grad_k, grad_v = _right(grad_y, q, k, v, mask)
    return grad_q * q.shape[-1] ** 0.5, grad_k * q.shape[-1] ** 0.5, grad_v


def scale_forgotten_for_the_keys(grad_y, q, k, v, mask=None):
    """Divides the gradient of the queries by the root of d_k and not that of the keys."""
    grad_q, grad_k, grad_v = _right(grad_y, q, k, v, mask)
    return grad_q, grad_k * q.shape[-1] ** 0.5, grad_v


def scale_used_twice(grad_y, q, k, v, mask=None):
    """Divides by the root of d_k once at the scores and once more at queries and keys."""
    grad_q, grad_k, grad_v = _right(grad_y, q, k, v, mask)
    return grad_q * q.shape[-1] ** -0.5, grad_k * q.shape[-1] ** -0.5, grad_v


def scale_forgotten_everywhere(grad_y, q, k, v, mask=None):
    """Leaves the root of d_k out, in the weights and on the way back."""
    weights = _weights(q, k, mask, 1.0)
    grad_scores = _through_softmax(weights, grad_y @ _turned(v))
    return grad_scores @ k, _turned(grad_scores) @ q, _turned(weights) @ grad_y


def mask_ignored(grad_y, q, k, v, mask=None):
    """Computes the weights without the mask."""
    return _right(grad_y, q, k, v)


def mask_upside_down(grad_y, q, k, v, mask=None):
    """Hides where the mask is True."""
    return _right(grad_y, q, k, v, None if mask is None else ~mask)


def mask_on_the_way_back_only(grad_y, q, k, v, mask=None):
    """Computes the weights without the mask and sets the scores' gradients to 0 where it hides."""
    weights = _weights(q, k)
    grad_scores = _through_softmax(weights, grad_y @ _turned(v))
    return _to_inputs(grad_scores if mask is None else grad_scores * mask, weights, grad_y, q, k)


def blind_query_averages_everything(grad_y, q, k, v, mask=None):
    """Sets the scores of hidden keys to minus a billion, so that a query that sees nothing has equal weights."""
    scores = q @ _turned(k) * q.shape[-1] ** -0.5
    weights = softened(scores if mask is None else np.where(mask, scores, -1e9))
    return _to_inputs(_through_softmax(weights, grad_y @ _turned(v)), weights, grad_y, q, k)


def blind_query_gives_nan(grad_y, q, k, v, mask=None):
    """Divides 0 by 0 where a query may look at nothing."""
    scores = q @ _turned(k) * q.shape[-1] ** -0.5
    scores = scores if mask is None else np.where(mask, scores, -np.inf)
    grown = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    weights = grown / np.sum(grown, axis=-1, keepdims=True)
    return _to_inputs(_through_softmax(weights, grad_y @ _turned(v)), weights, grad_y, q, k)


def softmax_without_its_largest(grad_y, q, k, v, mask=None):
    """Takes e to the score without subtracting the largest one first."""
    grown = np.exp(q @ _turned(k) * q.shape[-1] ** -0.5)
    grown = grown if mask is None else np.where(mask, grown, 0.0)
    total = np.sum(grown, axis=-1, keepdims=True)
    weights = grown / np.where(total > 0, total, 1.0)
    return _to_inputs(_through_softmax(weights, grad_y @ _turned(v)), weights, grad_y, q, k)


def scores_instead_of_weights_at_the_values(grad_y, q, k, v, mask=None):
    """Mixes the values' gradient with the scores before the softmax."""
    grad_q, grad_k, _ = _right(grad_y, q, k, v, mask)
    scores = q @ _turned(k) * q.shape[-1] ** -0.5
    return grad_q, grad_k, _turned(scores if mask is None else np.where(mask, scores, 0.0)) @ grad_y


def weights_not_turned_at_the_values(grad_y, q, k, v, mask=None):
    """Multiplies by the weights instead of their transpose, which fits where there are as many queries as keys."""
    grad_q, grad_k, _ = _right(grad_y, q, k, v, mask)
    return grad_q, grad_k, _weights(q, k, mask) @ grad_y


def scores_not_turned_at_the_keys(grad_y, q, k, v, mask=None):
    """Does not transpose the scores' gradient for the keys, which fits where there are as many queries as keys."""
    weights = _weights(q, k, mask)
    grad_scores = _through_softmax(weights, grad_y @ _turned(v)) * q.shape[-1] ** -0.5
    return grad_scores @ k, grad_scores @ q, _turned(weights) @ grad_y


def equal_weights_at_the_values(grad_y, q, k, v, mask=None):
    """Gives every key the mean of grad_y, as if all weights were equal."""
    grad_q, grad_k, grad_v = _right(grad_y, q, k, v, mask)
    return grad_q, grad_k, np.broadcast_to(np.mean(grad_y, axis=-2, keepdims=True), grad_v.shape).copy()


def queries_and_keys_swapped(grad_y, q, k, v, mask=None):
    """Returns the gradient of the keys in the place of that of the queries."""
    grad_q, grad_k, grad_v = _right(grad_y, q, k, v, mask)
    return grad_k, grad_q, grad_v


def values_first(grad_y, q, k, v, mask=None):
    """Returns the gradients in the order in which they are found: values, queries, keys."""
    grad_q, grad_k, grad_v = _right(grad_y, q, k, v, mask)
    return grad_v, grad_q, grad_k


def weights_do_not_depend_on_queries_and_keys(grad_y, q, k, v, mask=None):
    """Gives queries and keys a gradient of 0."""
    return np.zeros_like(q), np.zeros_like(k), _turned(_weights(q, k, mask)) @ grad_y


def gradients_averaged_over_the_queries(grad_y, q, k, v, mask=None):
    """Divides the gradients of keys and values by the number of queries."""
    grad_q, grad_k, grad_v = _right(grad_y, q, k, v, mask)
    return grad_q, grad_k / q.shape[-2], grad_v / q.shape[-2]


EXERCISE = Exercise(
    number=13,
    title="Backward through attention",
    section="6.7",
    points=6,
    minutes=25,
    difficulty="hard",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            softmax_taken_for_constant,
            hint="Between scores and weights stands a softmax. What does your gradient do there?",
        ),
        Misconception(
            weights_times_their_gradient,
            hint="Add 1 to all scores of a row: no weight changes. Do your gradients of a row of scores add up to 0?",
        ),
        Misconception(
            slope_of_a_sigmoid,
            hint="When one score grows, what do the other weights of its row do? Where is that in your gradient?",
        ),
        Misconception(
            average_without_weights,
            hint="Add 1 to all scores of a row: no weight changes. Do your gradients of a row of scores add up to 0? "
            "Which kind of average makes them?",
        ),
        Misconception(
            sum_without_weights,
            hint="Add 1 to all scores of a row: no weight changes. Do your gradients of a row of scores add up to 0?",
        ),
        Misconception(
            average_over_the_queries,
            hint="Along which axis do the weights add up to 1? Along which one is your sum?",
        ),
        Misconception(
            scale_forgotten_on_the_way_back,
            hint="The scores were divided by √d_k on the way there. What happens to a gradient that passes a division?",
        ),
        Misconception(
            scale_forgotten_for_the_keys,
            hint="Queries and keys enter the scores in the same way. Do their gradients leave them in the same way?",
        ),
        Misconception(
            scale_used_twice,
            hint="How many times were the scores divided by √d_k on the way there, and on the way back?",
        ),
        Misconception(scale_forgotten_everywhere, hint="By what does scaled_dot_product_attention divide its scores?"),
        Misconception(
            mask_ignored, hint="A key that is hidden from every query: what is the gradient of its value, and in yours?"
        ),
        Misconception(mask_upside_down, hint="What does True mean in the mask: may be seen, or is hidden?"),
        Misconception(
            mask_on_the_way_back_only,
            hint="Are your weights those of the way there? What do they add up to where the mask is True?",
        ),
        Misconception(
            blind_query_averages_everything,
            hint="A query that may look at no key gave zeros, whatever v is. What does its grad_y reach in your code?",
        ),
        Misconception(
            blind_query_gives_nan,
            hint="A query that may look at no key gave zeros, whatever v is. What do you divide by what there?",
        ),
        Misconception(
            softmax_without_its_largest,
            hint="How large is e to the 1000? Which number can be subtracted from a whole "
            "row without a change of its softmax?",
        ),
        Misconception(
            scores_instead_of_weights_at_the_values,
            hint="The values were mixed with the weights. With what do you mix grad_y for them?",
        ),
        Misconception(
            weights_not_turned_at_the_values,
            hint="A value collects gradient from all queries. Along which axis of the weights do you add?",
        ),
        Misconception(
            scores_not_turned_at_the_keys,
            hint="A key collects gradient from all queries. Over which axis of the scores' gradient is that?",
        ),
        Misconception(
            equal_weights_at_the_values,
            hint="Does every key get the same gradient of its value? Which of them was looked at more?",
        ),
        Misconception(
            queries_and_keys_swapped,
            hint="In which order are the gradients asked for, and in which do you return them?",
        ),
        Misconception(
            values_first, hint="In which order are the gradients asked for, and in which do you return them?"
        ),
        Misconception(
            weights_do_not_depend_on_queries_and_keys,
            hint="Nudge q: does the output of attention change? What is your grad_q?",
        ),
        Misconception(
            gradients_averaged_over_the_queries,
            hint="Many queries look at one key. What do paths that meet do: add up, or average?",
        ),
    ),
    hints=(
        "Four steps there, four steps back: scores, mask, softmax, mix. Begin at the mix, with the rule for a matrix "
        "product from chapter 2.",
        "You need the weights again: scaled_dot_product_attention gives them when its values are the rows of np.eye. "
        "The softmax's rule is that of softmax_backward in chapter 2. Where a weight is 0, its score's gradient is 0.",
        "A = softmax(scores);  grad_v = Aᵀ·G;  grad_A = G·vᵀ;  grad_S = A ⊙ (grad_A − Σ_keys A ⊙ grad_A);  "
        "grad_q = grad_S·k / √d_k;  grad_k = grad_Sᵀ·q / √d_k.",
        "One query with weights [0.8, 0.2], grad_A = [1, 5]: the weighted average is 1.8, grad_S = "
        "[0.8 · (1 − 1.8), 0.2 · (5 − 1.8)] = [−0.64, 0.64].",
    ),
    convention="True in the mask: the query may look at the key. A query that sees nothing passes no gradient on.",
    uses=("scaled_dot_product_attention",),
    pace=Pace(inputs=large, yardstick=_right),
)
