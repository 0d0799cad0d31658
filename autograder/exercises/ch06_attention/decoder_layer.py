"""Exercise of section 6.6: a layer of a decoder, with the norms before the parts.

Source: Radford et al. 2019, "Language models are unsupervised multitask learners", section 2.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch06_attention._attention import attended, random_layer, standardised, through, torch_layer
from autograder.spec import Case, Exercise, Misconception


def reference(x, parameters, num_heads, eps=1e-5):
    """torch.nn.TransformerEncoderLayer with its norms first and PyTorch's causal mask: a decoder without an encoder."""
    import torch

    causal = torch.nn.Transformer.generate_square_subsequent_mask(x.shape[1], device=x.device, dtype=x.dtype)
    return torch_layer(parameters, num_heads, eps, norm_first=True)(x, src_mask=causal)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One position, one head, two, three, all axes alike, a large eps."""
    yield Case("one position", _inputs(rng, 2, 1, 4, 2, 3))
    yield Case("one head", _inputs(rng, 1, 3, 4, 1, 5))
    yield Case("two heads, all axes different", _inputs(rng, 2, 3, 8, 2, 5))
    yield Case("three heads, seven positions", _inputs(rng, 2, 7, 6, 3, 8))
    small = _inputs(rng, 4, 4, 4, 2, 4) | {"eps": 0.1}
    small["x"] *= 0.3
    yield Case("all axes alike, eps 0.1", small)


def _inputs(rng: np.random.Generator, n: int, length: int, d_model: int, num_heads: int, hidden: int) -> dict[str, Any]:
    x = rng.normal(0.7, 1.0, (n, length, d_model))
    return {"x": x, "parameters": random_layer(rng, d_model, hidden), "num_heads": num_heads}


def _lower(length, diagonal=0):
    return np.tril(np.ones((length, length), dtype=bool), diagonal)


def _attention(x, parameters, num_heads):
    return attended(x, x, parameters, num_heads, _lower(x.shape[1]))


def _masked(x, parameters, num_heads, eps, mask):
    """The layer with another mask."""
    normed = standardised(x, parameters, "norm1", eps)
    x = x + attended(normed, normed, parameters, num_heads, mask)
    return x + through(standardised(x, parameters, "norm2", eps), parameters)


def _first_half(x, parameters, num_heads, eps):
    return x + _attention(standardised(x, parameters, "norm1", eps), parameters, num_heads)


def _second_half(x, parameters, eps):
    return x + through(standardised(x, parameters, "norm2", eps), parameters)


def norms_after_instead_of_before(x, parameters, num_heads, eps=1e-5):
    """Norms the sums, as BERT does."""
    x = standardised(x + _attention(x, parameters, num_heads), parameters, "norm1", eps)
    return standardised(x + through(x, parameters), parameters, "norm2", eps)


def norms_before_the_sums(x, parameters, num_heads, eps=1e-5):
    """Norms what attention and feed-forward part give instead of what goes in."""
    x = x + standardised(_attention(x, parameters, num_heads), parameters, "norm1", eps)
    return x + standardised(through(x, parameters), parameters, "norm2", eps)


def looks_ahead(x, parameters, num_heads, eps=1e-5):
    """Uses no mask."""
    return _masked(x, parameters, num_heads, eps, None)


def looks_one_ahead(x, parameters, num_heads, eps=1e-5):
    """Lets a position see the next one, too."""
    return _masked(x, parameters, num_heads, eps, _lower(x.shape[1], 1))


def looks_at_everything_but_itself_and_the_past(x, parameters, num_heads, eps=1e-5):
    """Turns the mask over, as PyTorch's own layer wants it."""
    return _masked(x, parameters, num_heads, eps, ~_lower(x.shape[1]))


def looks_at_the_future(x, parameters, num_heads, eps=1e-5):
    """Takes the mask with rows and columns swapped."""
    return _masked(x, parameters, num_heads, eps, _lower(x.shape[1]).T)


def does_not_look_at_itself(x, parameters, num_heads, eps=1e-5):
    """Hides the diagonal, too."""
    return _masked(x, parameters, num_heads, eps, _lower(x.shape[1], -1))


def normed_x_added(x, parameters, num_heads, eps=1e-5):
    """Adds the normed x instead of x itself, in both halves."""
    normed = standardised(x, parameters, "norm1", eps)
    normed = standardised(normed + _attention(normed, parameters, num_heads), parameters, "norm2", eps)
    return normed + through(normed, parameters)


def normed_x_added_to_attention(x, parameters, num_heads, eps=1e-5):
    """Adds the normed x instead of x itself, in the first half."""
    normed = standardised(x, parameters, "norm1", eps)
    return _second_half(normed + _attention(normed, parameters, num_heads), parameters, eps)


def normed_x_added_to_the_feed_forward_part(x, parameters, num_heads, eps=1e-5):
    """Adds the normed sum instead of the sum itself, in the second half."""
    normed = standardised(_first_half(x, parameters, num_heads, eps), parameters, "norm2", eps)
    return normed + through(normed, parameters)


def nothing_added(x, parameters, num_heads, eps=1e-5):
    """Leaves both sums out."""
    x = _attention(standardised(x, parameters, "norm1", eps), parameters, num_heads)
    return through(standardised(x, parameters, "norm2", eps), parameters)


def first_sum_left_out(x, parameters, num_heads, eps=1e-5):
    """Does not add x to what attention gives."""
    x = _attention(standardised(x, parameters, "norm1", eps), parameters, num_heads)
    return _second_half(x, parameters, eps)


def second_sum_left_out(x, parameters, num_heads, eps=1e-5):
    """Adds nothing to what the feed-forward part gives."""
    x = _first_half(x, parameters, num_heads, eps)
    return through(standardised(x, parameters, "norm2", eps), parameters)


def second_sum_takes_the_first_input(x, parameters, num_heads, eps=1e-5):
    """Adds the layer's input instead of the first sum to the feed-forward part."""
    between = _first_half(x, parameters, num_heads, eps)
    return x + through(standardised(between, parameters, "norm2", eps), parameters)


def both_parts_side_by_side(x, parameters, num_heads, eps=1e-5):
    """Lets both parts read x, and adds both to it, as some later models do."""
    inside = through(standardised(x, parameters, "norm2", eps), parameters)
    return _first_half(x, parameters, num_heads, eps) + inside


def only_the_queries_normed(x, parameters, num_heads, eps=1e-5):
    """Gives x itself as the context, so that keys and values come from numbers that are not normed."""
    normed = standardised(x, parameters, "norm1", eps)
    return _second_half(x + attended(normed, x, parameters, num_heads, _lower(x.shape[1])), parameters, eps)


def first_norm_left_out(x, parameters, num_heads, eps=1e-5):
    """Sends x itself into attention."""
    return _second_half(x + _attention(x, parameters, num_heads), parameters, eps)


def second_norm_left_out(x, parameters, num_heads, eps=1e-5):
    """Sends the first sum itself into the feed-forward part."""
    x = _first_half(x, parameters, num_heads, eps)
    return x + through(x, parameters)


def norms_swapped(x, parameters, num_heads, eps=1e-5):
    """Takes norm2 before attention and norm1 before the feed-forward part."""
    x = x + _attention(standardised(x, parameters, "norm2", eps), parameters, num_heads)
    return x + through(standardised(x, parameters, "norm1", eps), parameters)


def first_norm_twice(x, parameters, num_heads, eps=1e-5):
    """Takes norm1 at both places."""
    x = _first_half(x, parameters, num_heads, eps)
    return x + through(standardised(x, parameters, "norm1", eps), parameters)


def normed_at_the_end_too(x, parameters, num_heads, eps=1e-5):
    """Norms the result once more with norm2."""
    return standardised(_masked(x, parameters, num_heads, eps, _lower(x.shape[1])), parameters, "norm2", eps)


def attention_thrown_away(x, parameters, num_heads, eps=1e-5):
    """Starts the second half from x again, so that what attention gathered is lost."""
    return _second_half(x, parameters, eps)


def feed_forward_left_out(x, parameters, num_heads, eps=1e-5):
    """Stops after the first sum."""
    return _first_half(x, parameters, num_heads, eps)


def feed_forward_first(x, parameters, num_heads, eps=1e-5):
    """Goes through the feed-forward part before attention."""
    x = x + through(standardised(x, parameters, "norm1", eps), parameters)
    return x + _attention(standardised(x, parameters, "norm2", eps), parameters, num_heads)


def eps_not_handed_on(x, parameters, num_heads, eps=1e-5):
    """Lets layer_norm take its own eps of 1e-5."""
    return _masked(x, parameters, num_heads, 1e-5, _lower(x.shape[1]))


def eps_not_handed_on_to_the_first_norm(x, parameters, num_heads, eps=1e-5):
    """Lets the first norm take layer_norm's own eps of 1e-5."""
    return _second_half(_first_half(x, parameters, num_heads, 1e-5), parameters, eps)


def eps_not_handed_on_to_the_second_norm(x, parameters, num_heads, eps=1e-5):
    """Lets the second norm take layer_norm's own eps of 1e-5."""
    return _second_half(_first_half(x, parameters, num_heads, eps), parameters, 1e-5)


def heads_not_handed_on(x, parameters, num_heads, eps=1e-5):
    """Attends with one large head."""
    return _masked(x, parameters, 1, eps, _lower(x.shape[1]))


def added_in_place(x, parameters, num_heads, eps=1e-5):
    """Adds what attention gives to the caller's x."""
    x += _attention(standardised(x, parameters, "norm1", eps), parameters, num_heads)
    return _second_half(x, parameters, eps)


EXERCISE = Exercise(
    number=12,
    title="A layer of GPT",
    section="6.6",
    points=3,
    minutes=6,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            norms_after_instead_of_before,
            hint="Is this the layer of BERT once more? Where do the norms of GPT-2 stand?",
        ),
        Misconception(
            norms_before_the_sums, hint="What does a norm read in GPT-2: what goes into a part, or what it gives?"
        ),
        Misconception(
            looks_ahead, hint="Change the last position: does the result of the first one change? Should it?"
        ),
        Misconception(
            looks_one_ahead, hint="Change position 1: does the result of position 0 change? What may position 0 see?"
        ),
        Misconception(
            looks_at_everything_but_itself_and_the_past,
            hint="Change the last position: does the result of the first one change? What does True mean in this "
            "course's masks?",
        ),
        Misconception(
            looks_at_the_future,
            hint="Change the first position: do the results of the others change? Who may see whom in your mask?",
        ),
        Misconception(
            does_not_look_at_itself, hint="Does the first position see anything in your mask? What is left for it?"
        ),
        Misconception(
            normed_x_added,
            hint="What is added to what a part gives: x as it came, or x after its norm? Which way leaves a straight "
            "path through the whole layer?",
        ),
        Misconception(
            normed_x_added_to_attention, hint="What is added to what attention gives: x as it came, or after its norm?"
        ),
        Misconception(
            normed_x_added_to_the_feed_forward_part,
            hint="What is added to what the feed-forward part gives: the first sum itself, or after its norm?",
        ),
        Misconception(
            nothing_added, hint="With all weights and biases 0, what should come out? What comes out of yours?"
        ),
        Misconception(
            first_sum_left_out,
            hint="With all weights and biases of attention 0, does your result still know x? Should it?",
        ),
        Misconception(
            second_sum_left_out,
            hint="With all weights and biases of the feed-forward part 0, what should come out? What does yours give?",
        ),
        Misconception(
            second_sum_takes_the_first_input,
            hint="With all weights and biases of the feed-forward part 0, is what attention gathered still in your "
            "result?",
        ),
        Misconception(
            both_parts_side_by_side,
            hint="Does your feed-forward part see what attention has gathered? Which of the two comes first?",
        ),
        Misconception(
            only_the_queries_normed, hint="Attention takes two inputs. Are both of yours normed? Should they differ?"
        ),
        Misconception(first_norm_left_out, hint="Which of the four vectors of the norms do you never use?"),
        Misconception(second_norm_left_out, hint="Which of the four vectors of the norms do you never use?"),
        Misconception(norms_swapped, hint="Which of the two norms comes first?"),
        Misconception(first_norm_twice, hint="Which of the four vectors of the norms do you never use?"),
        Misconception(
            normed_at_the_end_too,
            hint="How many norms has the layer, and how many do you apply? What is the last step?",
        ),
        Misconception(
            attention_thrown_away, hint="Change the first position: do the results of the later ones change?"
        ),
        Misconception(feed_forward_left_out, hint="Which of the parameters do you never use?"),
        Misconception(feed_forward_first, hint="Which of the two parts comes first?"),
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
        "Two halves of the same shape: a norm, a part, a sum with what went into the norm.",
        "causal_mask(x.shape[1]) is the mask. Both inputs of attention are the normed x; what is added is x itself.",
        "h = x + attention(norm1(x));  y = h + feed_forward(norm2(h)).",
        'n = layer_norm(x, parameters["norm1_gamma"], parameters["norm1_beta"], eps) goes into attention twice; '
        "h is x plus what comes out. Then h plus feed_forward of its norm2.",
    ),
    convention="Pre-norm, as in GPT-2; PyTorch calls it norm_first=True. GELU is the exact form.",
    uses=("causal_mask", "multi_head_attention", "layer_norm", "feed_forward"),
)
