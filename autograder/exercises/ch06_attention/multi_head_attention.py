"""Exercise of section 6.4: several attentions side by side.

Source: Vaswani et al. 2017, "Attention is all you need", section 3.2.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch06_attention._attention import (
    attended,
    draw_mask,
    into_heads,
    joined,
    looked_up,
    projected,
    random_layer,
    torch_attention,
)
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(x, context, parameters, num_heads, mask=None):
    """torch.nn.MultiheadAttention, whose mask is True where nobody may look."""
    import torch

    made = torch.nn.MultiheadAttention(x.shape[2], num_heads, batch_first=True, device=x.device)
    hidden = None
    if mask is not None:
        seen = mask.expand(x.shape[0], x.shape[1], context.shape[1])
        blind = ~torch.any(seen, dim=-1, keepdim=True)  # PyTorch promises nothing there: looks, and is overwritten
        hidden = ~(seen | blind).repeat_interleave(num_heads, dim=0)
    y, _ = torch_attention(made, parameters)(x, context, context, attn_mask=hidden, need_weights=False)
    return y if mask is None else torch.where(blind, parameters["o_bias"], y)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One head, two, three; another context; masks of three shapes, one where their axes fit heads and examples."""
    yield Case("one head", _inputs(rng, 1, 2, 3, 4, 1))
    yield Case("two heads, all axes different", _inputs(rng, 2, 3, 5, 8, 2))
    yield Case("self-attention, three heads", _inputs(rng, 2, 4, 0, 6, 3))
    yield Case("one mask for all examples", _inputs(rng, 3, 4, 5, 6, 2) | {"mask": draw_mask(rng, 4, 5)})
    yield Case(
        "as many examples as heads, a mask for each", _inputs(rng, 2, 3, 4, 4, 2) | {"mask": draw_mask(rng, 2, 3, 4)}
    )
    padded = draw_mask(rng, 3, 1, 5)
    padded[1] = False
    yield Case("hidden keys, one example sees none", _inputs(rng, 3, 4, 5, 6, 2) | {"mask": padded})


def _inputs(rng: np.random.Generator, n: int, queries: int, keys: int, d_model: int, num_heads: int) -> dict[str, Any]:
    """keys: 0 for self-attention."""
    x = rng.normal(0.3, 1.2, (n, queries, d_model))
    context = rng.normal(-0.3, 1.2, (n, keys, d_model)) if keys else x.copy()
    return {"x": x, "context": context, "parameters": random_layer(rng, d_model), "num_heads": num_heads}


def large() -> dict[str, Any]:
    """A batch of the chapter's size."""
    rng = np.random.default_rng(606)
    return _inputs(rng, 16, 32, 0, 64, 4) | {"mask": draw_mask(rng, 32, 32)}


def _heads(x, context, parameters, num_heads):
    """Queries, keys and values, cut into heads."""
    given = {"q": x, "k": context, "v": context}
    return tuple(into_heads(projected(one, parameters, name), num_heads) for name, one in given.items())


def _for_heads(mask):
    return None if mask is None else mask[..., None, :, :]


def no_output_projection(x, context, parameters, num_heads, mask=None):
    """Returns the merged heads."""
    return joined(looked_up(*_heads(x, context, parameters, num_heads), _for_heads(mask)))


def biases_left_out(x, context, parameters, num_heads, mask=None):
    """Uses the four weights and no bias."""
    without = {name: one if name.endswith("weight") else np.zeros_like(one) for name, one in parameters.items()}
    return attended(x, context, without, num_heads, mask)


def inner_biases_left_out(x, context, parameters, num_heads, mask=None):
    """Adds the bias of the output and not those of queries, keys and values."""
    without = {name: np.zeros_like(one) for name, one in parameters.items() if name in ("q_bias", "k_bias", "v_bias")}
    return attended(x, context, parameters | without, num_heads, mask)


def output_bias_left_out(x, context, parameters, num_heads, mask=None):
    """Adds the biases of queries, keys and values and not that of the output."""
    return attended(x, context, parameters, num_heads, mask) - parameters["o_bias"]


def weights_not_transposed(x, context, parameters, num_heads, mask=None):
    """Writes x @ weight, as if the weights were (in, out)."""
    turned = {name: one.T if name.endswith("weight") else one for name, one in parameters.items()}
    return attended(x, context, turned, num_heads, mask)


def output_weight_not_transposed(x, context, parameters, num_heads, mask=None):
    """Turns three weights and not that of the output."""
    return attended(x, context, parameters | {"o_weight": parameters["o_weight"].T}, num_heads, mask)


def one_large_head(x, context, parameters, num_heads, mask=None):
    """Does not split into heads."""
    return attended(x, context, parameters, 1, mask)


def inputs_cut_before_the_linear_layers(x, context, parameters, num_heads, mask=None):
    """Cuts x and context into heads first, so that a head sees its own part of the features alone."""
    size = x.shape[-1] // num_heads
    head = np.arange(x.shape[-1]) // size
    same = head[:, None] == head
    own = {f"{name}_weight": np.where(same, parameters[f"{name}_weight"], 0.0) for name in "qkv"}
    return attended(x, context, parameters | own, num_heads, mask)


def root_of_the_model_size(x, context, parameters, num_heads, mask=None):
    """Divides by the root of D instead of the root of one head's size."""
    y = looked_up(*_heads(x, context, parameters, num_heads), _for_heads(mask), x.shape[-1] ** -0.5)
    return projected(joined(y), parameters, "o")


def heads_split_without_moving_axes(x, context, parameters, num_heads, mask=None):
    """Reshapes to (N, H, T, d) at once, before and after attention."""
    n, length, d_model = x.shape
    q, k, v = (
        one.reshape(n, num_heads, -1, d_model // num_heads)
        for one in (
            projected(x, parameters, "q"),
            projected(context, parameters, "k"),
            projected(context, parameters, "v"),
        )
    )
    return projected(looked_up(q, k, v, _for_heads(mask)).reshape(n, length, d_model), parameters, "o")


def heads_merged_without_moving_axes(x, context, parameters, num_heads, mask=None):
    """Reshapes (N, H, T, d) to (N, T, D) at once."""
    y = looked_up(*_heads(x, context, parameters, num_heads), _for_heads(mask))
    return projected(y.reshape(x.shape), parameters, "o")


def heads_attend_to_heads(x, context, parameters, num_heads, mask=None):
    """Leaves the heads behind the positions, (N, T, H, d), so that at each position the heads look at one another."""
    q, k, v = (one.swapaxes(1, 2) for one in _heads(x, context, parameters, num_heads))
    return projected(looked_up(q, k, v).reshape(x.shape), parameters, "o")


def context_ignored(x, context, parameters, num_heads, mask=None):
    """Takes keys and values from x."""
    return attended(x, x, parameters, num_heads, mask)


def only_keys_from_the_context(x, context, parameters, num_heads, mask=None):
    """Takes the values from x."""
    q, k, _ = _heads(x, context, parameters, num_heads)
    y = looked_up(q, k, into_heads(projected(x, parameters, "v"), num_heads), _for_heads(mask))
    return projected(joined(y), parameters, "o")


def context_asks(x, context, parameters, num_heads, mask=None):
    """Takes the queries from the context, and keys and values from x."""
    return attended(context, x, parameters, num_heads, mask)


def queries_and_keys_swapped(x, context, parameters, num_heads, mask=None):
    """Makes queries with the keys' weights and keys with the queries'."""
    swapped = {"q_weight": "k_weight", "k_weight": "q_weight", "q_bias": "k_bias", "k_bias": "q_bias"}
    crossed = {name: parameters[swapped.get(name, name)] for name in parameters}
    return attended(x, context, crossed, num_heads, mask)


def keys_and_values_swapped(x, context, parameters, num_heads, mask=None):
    """Hands the values to attention as keys and the keys as values."""
    q, k, v = _heads(x, context, parameters, num_heads)
    return projected(joined(looked_up(q, v, k, _for_heads(mask))), parameters, "o")


def keys_for_values(x, context, parameters, num_heads, mask=None):
    """Mixes the keys and never makes values."""
    q, k, _ = _heads(x, context, parameters, num_heads)
    return projected(joined(looked_up(q, k, k, _for_heads(mask))), parameters, "o")


def values_not_projected(x, context, parameters, num_heads, mask=None):
    """Mixes the context itself."""
    q, k, _ = _heads(x, context, parameters, num_heads)
    return projected(joined(looked_up(q, k, into_heads(context, num_heads), _for_heads(mask))), parameters, "o")


def average_of_the_values(x, context, parameters, num_heads, mask=None):
    """Averages the values that may be seen, with equal weights."""
    q, k, v = _heads(x, context, parameters, num_heads)
    return projected(joined(looked_up(q, k, v, _for_heads(mask), 0.0)), parameters, "o")


def mask_ignored(x, context, parameters, num_heads, mask=None):
    """Does not hand the mask on."""
    return attended(x, context, parameters, num_heads)


def mask_upside_down(x, context, parameters, num_heads, mask=None):
    """Turns the mask over, as PyTorch's own layer wants it."""
    return attended(x, context, parameters, num_heads, None if mask is None else ~mask)


def mask_without_an_axis_for_the_heads(x, context, parameters, num_heads, mask=None):
    """Hands the mask on as it is, so that its examples meet the heads."""
    return projected(joined(looked_up(*_heads(x, context, parameters, num_heads), mask)), parameters, "o")


def mask_taken_for_three_axes(x, context, parameters, num_heads, mask=None):
    """Writes mask[:, None], which puts the new axis between queries and keys of a mask (Q, K)."""
    y = looked_up(*_heads(x, context, parameters, num_heads), None if mask is None else mask[:, None])
    return projected(joined(y), parameters, "o")


def input_added(x, context, parameters, num_heads, mask=None):
    """Adds x to the result."""
    return x + attended(x, context, parameters, num_heads, mask)


EXERCISE = Exercise(
    number=6,
    title="Multi-head attention",
    section="6.4",
    points=4,
    minutes=10,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            no_output_projection, hint="Which of the eight parameters do you never use? Where do the heads meet?"
        ),
        Misconception(biases_left_out, hint="Which of the eight parameters do you never use?"),
        Misconception(inner_biases_left_out, hint="Which of the eight parameters do you never use?"),
        Misconception(output_bias_left_out, hint="Which of the eight parameters do you never use?"),
        Misconception(
            weights_not_transposed,
            hint="The weights are (out, in), as in chapter 1. With square ones x @ weight fits, too: is it the same?",
        ),
        Misconception(
            output_weight_not_transposed,
            hint="Are all four weights used in the same way in your code? What about the last one?",
        ),
        Misconception(
            one_large_head, hint="Does num_heads change your result? How many tables of weights should there be?"
        ),
        Misconception(
            inputs_cut_before_the_linear_layers,
            hint="Does head 0 of yours see all features of x, or only its part of them? What do you cut into heads?",
        ),
        Misconception(
            root_of_the_model_size, hint="How many products are added up in one score of one head: D, or D / H?"
        ),
        Misconception(
            heads_split_without_moving_axes,
            hint="Is each head's row t made of features of position t? What does split_heads do besides a reshape?",
        ),
        Misconception(
            heads_merged_without_moving_axes,
            hint="In which order are the axes before you join two of them? Which two should be neighbours?",
        ),
        Misconception(
            heads_attend_to_heads,
            hint="What is the shape of your scores: (N, H, Q, K), or (N, T, H, H)? Who should look at whom?",
        ),
        Misconception(context_ignored, hint="Change context alone: does your result change?"),
        Misconception(
            only_keys_from_the_context, hint="A key and its value belong together. Do yours come from the same place?"
        ),
        Misconception(context_asks, hint="Who asks: x or context? How many rows should the result have?"),
        Misconception(
            queries_and_keys_swapped, hint="Which weights make the queries in your code, and from which input?"
        ),
        Misconception(
            keys_and_values_swapped, hint="In which order does scaled_dot_product_attention take its three arrays?"
        ),
        Misconception(keys_for_values, hint="Which of the eight parameters do you never use?"),
        Misconception(values_not_projected, hint="Which of the eight parameters do you never use?"),
        Misconception(
            average_of_the_values, hint="Change x alone: does your result change? Which keys should count more?"
        ),
        Misconception(mask_ignored, hint="Change the context where the mask hides it: does your result change?"),
        Misconception(
            mask_upside_down, hint="What does True mean in this course's masks, and what in PyTorch's layer?"
        ),
        Misconception(
            mask_without_an_axis_for_the_heads,
            hint="Your scores are (N, H, Q, K), the mask is (N, Q, K). Which axis of the scores does its N meet?",
        ),
        Misconception(
            mask_taken_for_three_axes,
            hint="A mask (Q, K) is allowed as well. Where does your new axis stand then? Can you count from the end?",
        ),
        Misconception(input_added, hint="With all parameters 0, what should come out? What comes out of yours?"),
    ),
    hints=(
        "You have all the parts: three linear layers, split_heads, scaled_dot_product_attention, merge_heads, a fourth "
        "linear layer.",
        "Queries come from x, keys and values from context. The heads are an axis before the last two, and the mask "
        "needs one there, too.",
        "y = merge(attention(split(x·W_qᵀ + b_q), split(c·W_kᵀ + b_k), split(c·W_vᵀ + b_v), mask))·W_oᵀ + b_o.",
        "N = 2, Q = 3, K = 5, D = 8, H = 2: q is (2, 2, 3, 4), k and v are (2, 2, 5, 4), the scores (2, 2, 3, 5); "
        "mask[..., None, :, :] makes (2, 3, 5) into (2, 1, 3, 5).",
    ),
    convention="Weights are (out, in). True in the mask: may look; torch.nn.MultiheadAttention means the opposite.",
    uses=("scaled_dot_product_attention", "split_heads", "merge_heads"),
    pace=Pace(inputs=large, yardstick=attended),
)
