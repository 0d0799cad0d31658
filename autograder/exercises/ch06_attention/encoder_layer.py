"""Exercise of section 6.6: a layer of an encoder, with the norms after the sums.

Source: Devlin, Chang, Lee and Toutanova 2018, "BERT", with the layer of Vaswani et al. 2017, section 3.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch06_attention._attention import (
    attended,
    draw_mask,
    random_layer,
    standardised,
    through,
    torch_layer,
)
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(x, parameters, num_heads, mask=None, eps=1e-12):
    """torch.nn.TransformerEncoderLayer, whose mask is True where nobody may look."""
    made = torch_layer(parameters, num_heads, eps, norm_first=False)
    if mask is None:
        return made(x)
    n, length, _ = x.shape
    return made(x, src_mask=~mask.expand(n, length, length).repeat_interleave(num_heads, dim=0))


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One head, two, three; hidden keys; a mask for every query; all axes alike; a large eps."""
    yield Case("one head", _inputs(rng, 1, 2, 4, 1, 3))
    yield Case("two heads, all axes different", _inputs(rng, 2, 3, 8, 2, 5))
    yield Case("three heads, hidden keys", _inputs(rng, 2, 4, 6, 3, 7) | {"mask": draw_mask(rng, 2, 1, 4)})
    yield Case("a mask for each query", _inputs(rng, 2, 5, 4, 2, 6) | {"mask": draw_mask(rng, 2, 5, 5)})
    yield Case("all axes alike, eps 0.1", _inputs(rng, 4, 4, 4, 2, 4) | {"eps": 0.1})


def _inputs(rng: np.random.Generator, n: int, length: int, d_model: int, num_heads: int, hidden: int) -> dict[str, Any]:
    x = rng.normal(0.7, 1.0, (n, length, d_model))
    return {"x": x, "parameters": random_layer(rng, d_model, hidden), "num_heads": num_heads}


def _pace() -> dict[str, Any]:
    """A batch of the chapter's size."""
    return _inputs(np.random.default_rng(611), 16, 32, 64, 4, 256)


def _attention(x, parameters, num_heads, mask=None):
    return attended(x, x, parameters, num_heads, mask)


def _first_half(x, parameters, num_heads, mask=None, eps=1e-12):
    return standardised(x + _attention(x, parameters, num_heads, mask), parameters, "norm1", eps)


def _second_half(x, parameters, eps):
    return standardised(x + through(x, parameters), parameters, "norm2", eps)


def _right(x, parameters, num_heads, mask=None, eps=1e-12):
    return _second_half(_first_half(x, parameters, num_heads, mask, eps), parameters, eps)


def norms_before_instead_of_after(x, parameters, num_heads, mask=None, eps=1e-12):
    """Norms what goes into attention and feed-forward part, as GPT-2 does."""
    normed = standardised(x, parameters, "norm1", eps)
    x = x + _attention(normed, parameters, num_heads, mask)
    return x + through(standardised(x, parameters, "norm2", eps), parameters)


def norms_before_the_sums(x, parameters, num_heads, mask=None, eps=1e-12):
    """Norms what attention and feed-forward part give and adds x to that."""
    x = x + standardised(_attention(x, parameters, num_heads, mask), parameters, "norm1", eps)
    return x + standardised(through(x, parameters), parameters, "norm2", eps)


def nothing_added(x, parameters, num_heads, mask=None, eps=1e-12):
    """Leaves both sums out."""
    x = standardised(_attention(x, parameters, num_heads, mask), parameters, "norm1", eps)
    return standardised(through(x, parameters), parameters, "norm2", eps)


def first_sum_left_out(x, parameters, num_heads, mask=None, eps=1e-12):
    """Does not add x to what attention gives."""
    x = standardised(_attention(x, parameters, num_heads, mask), parameters, "norm1", eps)
    return _second_half(x, parameters, eps)


def second_sum_left_out(x, parameters, num_heads, mask=None, eps=1e-12):
    """Adds nothing to what the feed-forward part gives."""
    x = _first_half(x, parameters, num_heads, mask, eps)
    return standardised(through(x, parameters), parameters, "norm2", eps)


def second_sum_takes_the_first_input(x, parameters, num_heads, mask=None, eps=1e-12):
    """Adds the layer's input instead of what the first norm gave to the feed-forward part."""
    inside = through(_first_half(x, parameters, num_heads, mask, eps), parameters)
    return standardised(x + inside, parameters, "norm2", eps)


def second_sum_takes_what_was_not_normed(x, parameters, num_heads, mask=None, eps=1e-12):
    """Adds the first sum before its norm to the feed-forward part."""
    added = x + _attention(x, parameters, num_heads, mask)
    inside = through(standardised(added, parameters, "norm1", eps), parameters)
    return standardised(added + inside, parameters, "norm2", eps)


def feed_forward_reads_the_input(x, parameters, num_heads, mask=None, eps=1e-12):
    """Sends the layer's input through the feed-forward part."""
    between = _first_half(x, parameters, num_heads, mask, eps)
    return standardised(between + through(x, parameters), parameters, "norm2", eps)


def both_parts_side_by_side(x, parameters, num_heads, mask=None, eps=1e-12):
    """Adds attention and feed-forward part of the same x, and norms twice."""
    added = x + _attention(x, parameters, num_heads, mask) + through(x, parameters)
    return standardised(standardised(added, parameters, "norm1", eps), parameters, "norm2", eps)


def first_norm_left_out(x, parameters, num_heads, mask=None, eps=1e-12):
    """Norms at the end alone."""
    return _second_half(x + _attention(x, parameters, num_heads, mask), parameters, eps)


def second_norm_left_out(x, parameters, num_heads, mask=None, eps=1e-12):
    """Returns the second sum without its norm."""
    x = _first_half(x, parameters, num_heads, mask, eps)
    return x + through(x, parameters)


def norms_swapped(x, parameters, num_heads, mask=None, eps=1e-12):
    """Takes norm2 after attention and norm1 at the end."""
    x = standardised(x + _attention(x, parameters, num_heads, mask), parameters, "norm2", eps)
    return standardised(x + through(x, parameters), parameters, "norm1", eps)


def first_norm_twice(x, parameters, num_heads, mask=None, eps=1e-12):
    """Takes norm1 at both places."""
    x = _first_half(x, parameters, num_heads, mask, eps)
    return standardised(x + through(x, parameters), parameters, "norm1", eps)


def feed_forward_left_out(x, parameters, num_heads, mask=None, eps=1e-12):
    """Stops after the first norm."""
    return _first_half(x, parameters, num_heads, mask, eps)


def attention_left_out(x, parameters, num_heads, mask=None, eps=1e-12):
    """Lets no position look at any other."""
    return _second_half(standardised(x, parameters, "norm1", eps), parameters, eps)


def feed_forward_first(x, parameters, num_heads, mask=None, eps=1e-12):
    """Goes through the feed-forward part before attention."""
    x = standardised(x + through(x, parameters), parameters, "norm1", eps)
    return standardised(x + _attention(x, parameters, num_heads, mask), parameters, "norm2", eps)


def mask_not_handed_on(x, parameters, num_heads, mask=None, eps=1e-12):
    """Takes the mask and does not use it."""
    return _right(x, parameters, num_heads, None, eps)


def mask_upside_down(x, parameters, num_heads, mask=None, eps=1e-12):
    """Turns the mask over, as PyTorch's own layer wants it."""
    return _right(x, parameters, num_heads, None if mask is None else ~mask, eps)


def mask_with_an_axis_too_many(x, parameters, num_heads, mask=None, eps=1e-12):
    """Gives the mask an axis for the heads, which multi_head_attention gives it already."""
    if mask is not None:
        raise ValueError("five axes where four are expected")
    return _right(x, parameters, num_heads, mask, eps)


def causal_like_a_decoder(x, parameters, num_heads, mask=None, eps=1e-12):
    """Lets nobody look ahead, besides what the mask says."""
    causal = np.tril(np.ones((x.shape[1], x.shape[1]), dtype=bool))
    return _right(x, parameters, num_heads, causal if mask is None else mask & causal, eps)


def eps_not_handed_on(x, parameters, num_heads, mask=None, eps=1e-12):
    """Lets layer_norm take its own eps of 1e-5."""
    return _right(x, parameters, num_heads, mask, 1e-5)


def eps_not_handed_on_to_the_first_norm(x, parameters, num_heads, mask=None, eps=1e-12):
    """Lets the first norm take layer_norm's own eps of 1e-5."""
    return _second_half(_first_half(x, parameters, num_heads, mask, 1e-5), parameters, eps)


def eps_not_handed_on_to_the_second_norm(x, parameters, num_heads, mask=None, eps=1e-12):
    """Lets the second norm take layer_norm's own eps of 1e-5."""
    return _second_half(_first_half(x, parameters, num_heads, mask, eps), parameters, 1e-5)


def heads_not_handed_on(x, parameters, num_heads, mask=None, eps=1e-12):
    """Attends with one large head."""
    return _right(x, parameters, 1, mask, eps)


def added_in_place(x, parameters, num_heads, mask=None, eps=1e-12):
    """Adds what attention gives to the caller's x."""
    x += _attention(x, parameters, num_heads, mask)
    return _second_half(standardised(x, parameters, "norm1", eps), parameters, eps)


EXERCISE = Exercise(
    number=11,
    title="A layer of BERT",
    section="6.6",
    points=3,
    minutes=8,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            norms_before_instead_of_after,
            hint="With gamma 1 and beta 0, what is the mean of each of your rows? Where do BERT's norms stand: before "
            "the parts, or after the sums?",
        ),
        Misconception(
            norms_before_the_sums, hint="What does a norm read in BERT: what a part gives, or its sum with x?"
        ),
        Misconception(
            nothing_added, hint="With all weights and biases of attention 0, does your result still know x? Should it?"
        ),
        Misconception(
            first_sum_left_out,
            hint="With all weights and biases of attention 0, does your result still know x? Should it?",
        ),
        Misconception(
            second_sum_left_out,
            hint="With all weights and biases of the feed-forward part 0, does your result still know x? Should it?",
        ),
        Misconception(
            second_sum_takes_the_first_input,
            hint="What goes into the feed-forward part, and what is added to what comes out? Are the two the same?",
        ),
        Misconception(
            second_sum_takes_what_was_not_normed,
            hint="What goes into the feed-forward part, and what is added to what comes out? Are the two the same?",
        ),
        Misconception(
            feed_forward_reads_the_input, hint="Change o_bias alone: does what goes into your feed-forward part change?"
        ),
        Misconception(
            both_parts_side_by_side,
            hint="Does your feed-forward part see what attention has gathered? Which of the two comes first?",
        ),
        Misconception(first_norm_left_out, hint="Which of the four vectors of the norms do you never use?"),
        Misconception(second_norm_left_out, hint="Which of the four vectors of the norms do you never use?"),
        Misconception(norms_swapped, hint="Which of the two norms comes first? Which one gives your result?"),
        Misconception(first_norm_twice, hint="Which of the four vectors of the norms do you never use?"),
        Misconception(feed_forward_left_out, hint="Which of the parameters do you never use?"),
        Misconception(attention_left_out, hint="Change one position of x: does the result of another one change?"),
        Misconception(feed_forward_first, hint="Which of the two parts comes first?"),
        Misconception(
            mask_not_handed_on, hint="Change x where the mask hides it: do the other positions' results change?"
        ),
        Misconception(
            mask_upside_down, hint="What does True mean in this course's masks, and what in PyTorch's layer?"
        ),
        Misconception(
            mask_with_an_axis_too_many,
            hint="Which shapes of a mask does multi_head_attention take, and which one do you hand it? Who adds "
            "the axis for the heads?",
        ),
        Misconception(
            causal_like_a_decoder,
            hint="Change the last position: does the result of the first one change? May an encoder look ahead?",
        ),
        Misconception(
            eps_not_handed_on, hint="Change eps to 0.1: does your result change? Which eps do your norms take?"
        ),
        Misconception(
            eps_not_handed_on_to_the_first_norm, hint="Which eps does your first norm take, and which the second?"
        ),
        Misconception(
            eps_not_handed_on_to_the_second_norm, hint="Which eps does your second norm take, and which the first?"
        ),
        Misconception(heads_not_handed_on, hint="Change num_heads: does your result change?"),
        Misconception(added_in_place, hint="What does x hold after the call? What does += do to an array?"),
    ),
    hints=(
        "Two halves of the same shape: a part, a sum with what went into it, a norm.",
        "multi_head_attention(x, x, ...) is self-attention. The parameters of all parts lie in one dict.",
        "h = norm1(x + attention(x));  y = norm2(h + feed_forward(h)).",
        'h = layer_norm(x + a, parameters["norm1_gamma"], parameters["norm1_beta"], eps), where a is what attention '
        "gives with x as both inputs and the mask; then the same with feed_forward(h, parameters) and norm2.",
    ),
    convention="Post-norm, as in BERT and the first Transformer; PyTorch calls it norm_first=False.",
    pace=Pace(inputs=_pace, yardstick=_right),
    uses=("multi_head_attention", "layer_norm", "feed_forward"),
)
