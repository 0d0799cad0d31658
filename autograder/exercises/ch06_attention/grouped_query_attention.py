"""Exercise of section 6.11: the attention of today's decoders.

Source: Ainslie et al. 2023, "GQA: training generalized multi-query Transformer models from multi-head checkpoints",
section 2.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch06_attention._modern import turn_angles, turn_pairs, turned_by_torch
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """PyTorch's own grouped attention, with rotary positions as complex numbers."""
    import torch

    before = 0 if cache is None else cache[0].shape[2]
    positions = torch.arange(before, before + x.shape[1], device=x.device)

    def heads(name, count):
        return torch.nn.functional.linear(x, parameters[name]).unflatten(-1, (count, -1)).transpose(1, 2)

    q = turned_by_torch(heads("q_weight", num_heads), positions, base)
    k = turned_by_torch(heads("k_weight", num_kv_heads), positions, base)
    v = heads("v_weight", num_kv_heads)
    if cache is not None:
        k, v = torch.cat([cache[0], k], dim=2), torch.cat([cache[1], v], dim=2)
    seen = torch.arange(k.shape[2], device=x.device) <= positions[:, None]
    mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=seen, enable_gqa=True)
    return torch.nn.functional.linear(mixed.transpose(1, 2).flatten(2), parameters["o_weight"]), (k, v)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One position; a text with two groups; one key head; one for each; a cache, for one new position and for three.

    The widths D, H * d and H_kv * d differ, but in one case D = H * d, where an output without projection fits.
    """
    yield Case("one position, two heads on one", _inputs(rng, 1, 1, 3, 2, 1, 2))
    yield Case("six heads on two", _inputs(rng, 2, 4, 5, 6, 2, 4))
    yield Case("two heads on one, as wide as x", _inputs(rng, 1, 3, 8, 2, 1, 4) | {"base": 30.0})
    yield Case("three heads on three", _inputs(rng, 2, 3, 7, 3, 3, 2))
    yield Case("one new position after five", _inputs(rng, 2, 1, 5, 4, 2, 4, before=5))
    yield Case("three new positions after two, base 50", _inputs(rng, 1, 3, 6, 4, 2, 4, before=2) | {"base": 50.0})


def _inputs(
    rng: np.random.Generator, n: int, length: int, d_model: int, num_heads: int, kv: int, d: int, before: int = 0
) -> dict[str, Any]:
    shapes = {
        "q_weight": (num_heads * d, d_model),
        "k_weight": (kv * d, d_model),
        "v_weight": (kv * d, d_model),
        "o_weight": (d_model, num_heads * d),
    }
    inputs = {
        "x": rng.normal(0.2, 1.0, (n, length, d_model)),
        "parameters": {name: rng.normal(0.0, 1.3 / shape[1] ** 0.5, shape) for name, shape in shapes.items()},
        "num_heads": num_heads,
        "num_kv_heads": kv,
    }
    if before:
        inputs["cache"] = (rng.normal(0.1, 1.2, (n, kv, before, d)), rng.normal(-0.2, 1.0, (n, kv, before, d)))
    return inputs


def _pace() -> dict[str, Any]:
    """A text of 32 positions with nine heads on three, as the real decoder of the chapter has them, but less wide."""
    return _inputs(np.random.default_rng(623), 1, 32, 96, 9, 3, 16)


def _split(z, count):
    return z.reshape(*z.shape[:2], count, -1).swapaxes(1, 2)


def _attended(q, k, v, seen, scale):
    scores = np.where(seen, q @ k.swapaxes(-1, -2) * scale, -np.inf)
    weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return weights / np.sum(weights, axis=-1, keepdims=True) @ v


def _grouped(
    x,
    parameters,
    num_heads,
    num_kv_heads,
    base=10000.0,
    cache=None,
    turn=turn_pairs,
    turned="qk",
    start=None,
    spread=np.repeat,
    seen=None,
    scale=None,
    keys_of_all=None,
    merge=True,
):
    """The right answer, with every part that can be another one as an argument."""
    length, before = x.shape[1], 0 if cache is None else cache[0].shape[2]
    q, k, v = (
        _split(x @ parameters[f"{name}_weight"].T, count)
        for name, count in (("q", num_heads), ("k", num_kv_heads), ("v", num_kv_heads))
    )
    first = before if start is None else start
    angles = turn_angles(np.arange(first, first + length), q.shape[-1], base)
    q, k, v = (turn(z, angles) if name in turned else z for name, z in (("q", q), ("k", k), ("v", v)))
    if cache is not None:
        k, v = np.concatenate([cache[0], k], axis=2), np.concatenate([cache[1], v], axis=2)
    if seen is None:
        seen = np.tri(length, before + length, before, dtype=bool)
    used = k if keys_of_all is None else keys_of_all(k)
    group = num_heads // num_kv_heads
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    mixed = _attended(q, spread(used, group, 1), spread(v, group, 1), seen, scale)
    mixed = mixed.swapaxes(1, 2) if merge else mixed
    return mixed.reshape(*x.shape[:2], -1) @ parameters["o_weight"].T, (k, v)


def _right(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    return _grouped(x, parameters, num_heads, num_kv_heads, base, cache)


def _laid_in_turns(z, group, axis):
    return np.concatenate([z] * group, axis=axis)


def key_heads_in_turns(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Gives query head h the key head h % H_kv: neighbours do not share."""
    return _grouped(x, parameters, num_heads, num_kv_heads, base, cache, spread=_laid_in_turns)


def _first_head_only(z, group, axis):
    return np.repeat(z[:, :1], group * z.shape[1], axis=axis)


def one_key_head_for_all(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Gives every query head the first key head."""
    return _grouped(x, parameters, num_heads, num_kv_heads, base, cache, spread=_first_head_only)


def everybody_looks_ahead(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Leaves out the mask."""
    return _grouped(x, parameters, num_heads, num_kv_heads, base, cache, seen=True)


def mask_not_moved_by_the_cache(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Counts the new positions from 0 in the mask, so that they see the oldest keys and not themselves."""
    length, before = x.shape[1], 0 if cache is None else cache[0].shape[2]
    seen = np.tri(length, before + length, dtype=bool)
    return _grouped(x, parameters, num_heads, num_kv_heads, base, cache, seen=seen)


def mask_without_room_for_the_cache(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Makes a square mask of the new positions, which does not fit where several of them follow others."""
    seen = np.tri(x.shape[1], dtype=bool)
    return _grouped(x, parameters, num_heads, num_kv_heads, base, cache, seen=seen)


def nobody_sees_itself(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Hides the position itself as well; the very first one sees itself, having nothing else."""
    length, before = x.shape[1], 0 if cache is None else cache[0].shape[2]
    seen = np.tri(length, before + length, before - 1, dtype=bool)
    seen[:, 0] = True
    return _grouped(x, parameters, num_heads, num_kv_heads, base, cache, seen=seen)


def positions_start_again(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Counts the new positions from 0 in the turns, though there are earlier ones."""
    return _grouped(x, parameters, num_heads, num_kv_heads, base, cache, start=0)


def positions_counted_from_one(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Turns the first position, too, so that the keys in the cache are others."""
    start = 1 if cache is None else cache[0].shape[2] + 1
    return _grouped(x, parameters, num_heads, num_kv_heads, base, cache, start=start)


def nothing_turned(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Leaves out the rotary positions."""
    return _grouped(x, parameters, num_heads, num_kv_heads, base, cache, turned="")


def only_queries_turned(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Turns the queries and not the keys."""
    return _grouped(x, parameters, num_heads, num_kv_heads, base, cache, turned="q")


def values_turned_too(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Turns the values as well."""
    return _grouped(x, parameters, num_heads, num_kv_heads, base, cache, turned="qkv")


def cached_keys_turned_again(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Joins the keys first and turns them all, those of the cache a second time."""
    if cache is not None:
        before, d = cache[0].shape[2:]
        cache = (turn_pairs(cache[0], turn_angles(np.arange(before), d, base)), cache[1])
    return _grouped(x, parameters, num_heads, num_kv_heads, base, cache)


def keys_kept_before_the_turn(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Puts keys into the cache as they are before the turn."""
    y, _ = _grouped(x, parameters, num_heads, num_kv_heads, base, cache)
    return y, _grouped(x, parameters, num_heads, num_kv_heads, base, cache, turned="q")[1]


def _pairs_of_halves(z, angles):
    first, second = np.split(z, 2, axis=-1)
    cos, sin = np.cos(angles), np.sin(angles)
    return np.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1)


def halves_of_a_head_paired(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Pairs feature i of a head with feature i + d/2."""
    return _grouped(x, parameters, num_heads, num_kv_heads, base, cache, turn=_pairs_of_halves)


def base_ignored(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Always takes 10,000."""
    return _grouped(x, parameters, num_heads, num_kv_heads, 10000.0, cache)


def turned_before_the_split(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Turns the features of all heads as if they were one, so that later heads turn more slowly."""
    before = 0 if cache is None else cache[0].shape[2]
    positions = np.arange(before, before + x.shape[1])

    def turn(z, angles):
        flat = z.swapaxes(1, 2).reshape(*x.shape[:2], -1)
        return _split(turn_pairs(flat, turn_angles(positions, flat.shape[-1], base)), z.shape[1])

    return _grouped(x, parameters, num_heads, num_kv_heads, base, cache, turn=turn)


def scale_left_out(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Does not divide the scores."""
    return _grouped(x, parameters, num_heads, num_kv_heads, base, cache, scale=1.0)


def divided_by_the_root_of_d_model(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Divides the scores by the root of D instead of one head's width."""
    return _grouped(x, parameters, num_heads, num_kv_heads, base, cache, scale=x.shape[-1] ** -0.5)


def cache_never_read(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Looks at the new positions only, as if there had been no others."""
    return _grouped(x, parameters, num_heads, num_kv_heads, base)


def cache_put_behind(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Lays the old keys and values after the new ones."""
    length, before = x.shape[1], 0 if cache is None else cache[0].shape[2]
    seen = np.roll(
        np.tri(length, before + length, before, dtype=bool), before, axis=1
    )  # the mask expects them in front
    y, (k, v) = _grouped(x, parameters, num_heads, num_kv_heads, base, cache, seen=seen)
    return y, (np.roll(k, length, axis=2), np.roll(v, length, axis=2))


def only_the_new_ones_kept(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Uses the cache and returns one that holds the new positions only."""
    y, (k, v) = _grouped(x, parameters, num_heads, num_kv_heads, base, cache)
    return y, (k[:, :, -x.shape[1] :], v[:, :, -x.shape[1] :])


def copies_kept_for_every_head(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Repeats keys and values first, and puts the copies into the cache."""
    y, (k, v) = _grouped(x, parameters, num_heads, num_kv_heads, base, cache)
    group = num_heads // num_kv_heads
    return y, (np.repeat(k, group, axis=1), np.repeat(v, group, axis=1))


def keys_and_values_swapped_in_the_cache(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Returns values and keys in the wrong order."""
    y, (k, v) = _grouped(x, parameters, num_heads, num_kv_heads, base, cache)
    return y, (v, k)


def heads_joined_without_the_swap(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Reshapes (N, H, T, d) as it lies, so that positions and heads are mixed up."""
    return _grouped(x, parameters, num_heads, num_kv_heads, base, cache, merge=False)


def output_weight_left_out(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Returns the heads side by side; the shape fits where H * d is D."""
    width = parameters["o_weight"].shape[1]
    plain = parameters | {"o_weight": np.eye(width)}
    return _grouped(x, plain, num_heads, num_kv_heads, base, cache)


EXERCISE = Exercise(
    number=23,
    title="Grouped-query attention with a cache",
    section="6.11",
    points=5,
    minutes=20,
    difficulty="hard",
    reference=reference,
    cases=cases,
    pace=Pace(inputs=_pace, yardstick=_right),
    uses=("scaled_dot_product_attention", "causal_mask", "split_heads", "merge_heads", "rotary_embedding"),
    misconceptions=(
        Misconception(
            key_heads_in_turns,
            hint="Six query heads on two key heads: which ones share key head 0 in your code: 0, 1, 2 or 0, 2, 4?",
        ),
        Misconception(
            one_key_head_for_all, hint="Six query heads on two key heads: does any query head use key head 1?"
        ),
        Misconception(
            everybody_looks_ahead,
            hint="Change the last position: does the output of the first one change? Should it?",
        ),
        Misconception(
            mask_not_moved_by_the_cache,
            hint="Five positions are in the cache and one is new: how many keys may it see? How many does your mask "
            "show it?",
        ),
        Misconception(
            mask_without_room_for_the_cache,
            hint="Three positions are new and two are in the cache: how many rows and how many columns do the scores "
            "have, and how many has your mask?",
        ),
        Misconception(
            nobody_sees_itself, hint="May a position look at itself? What stands on the diagonal of your mask?"
        ),
        Misconception(
            positions_start_again,
            hint="Five positions are in the cache: by which angle does the next one turn? Which number has it in the "
            "text?",
        ),
        Misconception(
            positions_counted_from_one,
            hint="Which number has the very first position? Are your keys the ones that the docstring expects?",
        ),
        Misconception(
            nothing_turned,
            hint="Shuffle all positions but the last: does its output change? Where do positions come in?",
        ),
        Misconception(
            only_queries_turned,
            hint="Does your score depend on how far apart two positions are, or on where the query stands?",
        ),
        Misconception(
            values_turned_too, hint="What are the turns for: for the scores, or for what is averaged? What turns, then?"
        ),
        Misconception(
            cached_keys_turned_again,
            hint="The docstring says something about the keys in the cache. How often does each key turn in your code?",
        ),
        Misconception(
            keys_kept_before_the_turn,
            hint="Feed a text in two parts: will the second part find keys that are turned? What do you put in?",
        ),
        Misconception(
            halves_of_a_head_paired,
            hint="Which feature turns together with feature 0 of a head: feature 1, or the one in the middle?",
        ),
        Misconception(base_ignored, hint="Call your function with two values of base: do the results differ?"),
        Misconception(
            turned_before_the_split,
            hint="Does the first pair of the last head turn as fast as that of the first head? How long is d in your "
            "exponent?",
        ),
        Misconception(
            scale_left_out, hint="By what are the scores divided, and why? Make d larger: do your weights get sharper?"
        ),
        Misconception(
            divided_by_the_root_of_d_model, hint="How many products are added up in one score: D of them, or d?"
        ),
        Misconception(
            cache_never_read,
            hint="Feed a text in two parts: does the second part know anything about the first?",
        ),
        Misconception(
            cache_put_behind, hint="In which order do positions stand in your cache: the older ones first, or last?"
        ),
        Misconception(
            only_the_new_ones_kept,
            hint="Feed a text in three parts: what does the third part know about the first?",
        ),
        Misconception(
            copies_kept_for_every_head,
            hint="How many heads does your cache hold, and how many different ones? What is grouping to save?",
        ),
        Misconception(
            keys_and_values_swapped_in_the_cache,
            hint="In which order does the cache come in, and in which does it go out?",
        ),
        Misconception(
            heads_joined_without_the_swap,
            hint="Which axes must lie side by side before the heads are joined? Which shape has the array just before?",
        ),
        Misconception(output_weight_left_out, hint="There are four weights. Where does o_weight come in?"),
    ),
    hints=(
        "You have all the parts: split, turn, attend, merge. New are the repeated key heads and the memory "
        "of earlier positions.",
        "Turn the new keys, then join them to the old ones, then repeat for the heads. The cache to return is what you "
        "have after the second of these.",
        "before = length of the cache or 0; positions before … before + T − 1; k = [old, turned new] along axis 2; "
        "np.repeat(k, H / H_kv, axis=1); the mask is the last T rows of causal_mask(before + T).",
        "4 heads on 2, 5 positions in the cache, 1 new: q is (N, 4, 1, d), turned by position 5; the cache grows to "
        "(N, 2, 6, d); the mask is one row of six True.",
    ),
    convention="Query head h uses key head h // (H / H_kv), as in PyTorch; neighbours (2i, 2i + 1) turn; the cache "
    "holds turned keys, older positions first.",
)
