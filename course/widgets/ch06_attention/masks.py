"""Who may look where: causal and padding masks over the weights, and which outputs a changed word moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit import Choice, Explorer, Heat, StudentFunction, Tokens, written

from .attention import SHOWN_INSTEAD, Array, Mask, attention, weights

__all__ = ["CHANGED", "MASKS", "PRESETS", "SIDES", "Masked", "allowed", "given", "masks", "masks_state", "sentence"]

REAL, PADS = 4, 2
COUNT = REAL + PADS
SIDES = ("at the end", "in front")
MASKS = ("none", "causal", "padding", "causal and padding", "padding, for queries")
CHANGED = {f"word {k + 1}": k for k in range(COUNT)} | {"nothing": COUNT}
WORDS = ("the", "dog", "sleeps", "well", "[pad]", "[pad]")
OTHERS = ("a", "cat", "eats", "late", "[junk]", "[junk]")
FEATURES = 4
OUTPUTS = 3

_END: dict[str, object] = {"mask": "none", "pads": SIDES[0], "changed": 2}
PRESETS: dict[str, dict[str, object]] = {
    "no mask": _END,
    "causal": _END | {"mask": "causal"},
    "padding is seen": _END | {"changed": 4},
    "padding is masked": _END | {"mask": "padding", "changed": 4},
    "masked for the wrong side": _END | {"mask": "padding, for queries", "changed": 4},
    "nothing left to look at": {"mask": "causal and padding", "pads": SIDES[1], "changed": 4},
}


@dataclass(frozen=True)
class Masked:
    """The weights under a mask, and the outputs before and after one word is exchanged."""

    words: tuple[str, ...]
    moved: Array  # (6,) how far each output went, NaN where nothing is exchanged
    focus: float
    shares: Array  # (6, 6), NaN where the mask forbids and nothing leaks through
    share_texts: tuple[str, ...]
    column: Array  # (1, 4) the exchanged word's column
    outputs: Array  # (6, 7) before, a gap, after
    output_texts: tuple[str, ...]
    rows: Array  # (6, 4) boxes around the outputs that moved
    says: str


def sentence(pads: str, changed: int) -> tuple[tuple[str, ...], Mask]:
    """The words with one exchanged (none: 6), and which of them are real."""
    words = [*WORDS]
    place = _place(pads, changed)
    if place < COUNT:
        words[place] = OTHERS[place]
    order = _order(pads)
    real = np.arange(COUNT) < REAL
    return tuple(words[k] for k in order), real[order]


def _order(pads: str) -> NDArray[np.int64]:
    """Which of WORDS stands at each position."""
    return np.roll(np.arange(COUNT), 0 if pads == SIDES[0] else PADS)


def _place(pads: str, changed: int) -> int:
    """Which of WORDS is exchanged (none: 6)."""
    return int(_order(pads)[changed]) if changed < COUNT else COUNT


def given(pads: str, changed: int) -> tuple[Array, Array, Array]:
    """Queries and keys (6, 4) and values (6, 3), with one word's exchanged (none: 6)."""
    rng = np.random.default_rng(3)
    vectors = [rng.normal(0, 1.2, (2, COUNT, width)).round(1) for width in (FEATURES, FEATURES, OUTPUTS)]
    place = _place(pads, changed)
    chosen = (np.arange(COUNT) == place).astype(int)
    q, k, v = (both[chosen, np.arange(COUNT)][_order(pads)] for both in vectors)
    return q, k, v


def allowed(mask: str, real: Mask) -> Mask | None:
    """(6, 6) True where the row's word may look at the column's; None without a mask."""
    everywhere = np.ones((COUNT, COUNT), dtype=bool)
    causal = np.tril(everywhere)
    if mask == "none":
        return None
    if mask == "causal":
        return causal
    if mask == "padding":
        return everywhere & real[None, :]
    if mask == "causal and padding":
        return causal & real[None, :]
    return everywhere & real[:, None]  # a common mistake: it says which queries are real


def computed(mask: str, pads: str, changed: int, own: StudentFunction | None = None) -> tuple[Array, Array]:
    """The weights (6, 6) and the outputs (6, 3)."""
    q, k, v = given(pads, changed)
    may = allowed(mask, sentence(pads, changed)[1])
    if own is None:
        return weights(q, k, may), attention(q, k, v, may)
    return weights(q, k, may, own), own(q, k, v, may, shape=v.shape)


def masks_state(
    mask: str, pads: str, changed: int, found: tuple[tuple[Array, Array], tuple[Array, Array]] | None = None
) -> Masked:
    """The picture; found: the student's weights and outputs, after the exchange and before it."""
    words, real = sentence(pads, changed)
    right = computed(mask, pads, changed)
    before_right = computed(mask, pads, COUNT)[1]
    (shares, after), (_, before) = found or (right, (None, before_right))
    may = allowed(mask, real)
    shut = np.zeros((COUNT, COUNT), dtype=bool) if may is None else ~may
    hidden = shut & ((shares == 0) | np.isnan(shares))
    moved = np.abs(after - before).max(axis=1) if changed < COUNT else np.full(COUNT, np.nan)
    rows = np.full((COUNT, 4), np.nan)
    for row in np.flatnonzero(moved > 1e-9):
        rows[row] = [row, OUTPUTS + 1, 1, OUTPUTS]
    outputs = np.concatenate([before, np.full((COUNT, 1), np.nan), after], axis=1)
    gap = np.zeros(outputs.shape, dtype=bool)
    gap[:, OUTPUTS] = True
    wrong = "" if found is None else _wrong(words, shut, shares, after, *right)
    return Masked(
        words=words,
        moved=moved,
        focus=float(changed) if changed < COUNT else np.nan,
        shares=np.where(hidden, np.nan, shares),
        share_texts=tuple(" " if h else written(v, ".2f") for h, v in zip(hidden.flat, shares.flat, strict=True)),
        column=np.array([[0, changed, COUNT, 1]]) if changed < COUNT else np.full((1, 4), np.nan),
        outputs=outputs,
        output_texts=tuple("" if g else written(v, ".2f") for g, v in zip(gap.flat, outputs.flat, strict=True)),
        rows=rows,
        says=_says(mask, pads, changed, words, real, shares, moved) + wrong,
    )


def _says(mask: str, pads: str, changed: int, words: tuple[str, ...], real: Mask, shares: Array, moved: Array) -> str:
    to_pads = float(np.nanmean(shares[real][:, ~real].sum(axis=1)))
    text = {
        "none": "No mask: every word looks everywhere",
        "causal": "Causal mask: no word looks at what comes after it",
        "padding": "Padding mask: no word looks at [pad]",
        "causal and padding": "Both masks: no word looks ahead, none looks at [pad]",
        "padding, for queries": "On the wrong side: this mask forbids [pad] to look, not to be looked at",
    }[mask]
    if to_pads > 1e-9:
        text += f", and the four words give {to_pads:.0%} of their weight to {_padding(words)}"
    text += ". "
    empty = [str(row + 1) for row in np.flatnonzero(_empty(mask, real))]
    if empty and mask == "causal and padding":
        text += f"Rows {' and '.join(empty)} may look at nothing: their outputs should be zeros, not NaN. "
    if changed == COUNT:
        return text.rstrip()
    old = sentence(pads, COUNT)[0][changed]
    text += f"With “{words[changed]}” instead of “{old}” "
    going = moved > 1e-9
    if not going.any():
        return text + "no output moves."
    if not going[real].any():
        only = "only its own row moves" if going.sum() == 1 else "only rows of padding move"
        return text + f"{only}, and that one nobody reads." if going.sum() == 1 else text + f"{only}."
    if going.all():
        return text + "all six outputs move."
    names = [f"“{words[row]}”" for row in np.flatnonzero(going)]
    if names[-2:] == ["“[pad]”"] * 2:
        names[-2:] = ["both “[pad]”"]
    behind = not going[:changed].any() and going[changed:].all()
    still = f"the {'rows before it' if behind else 'others'} stay exactly as they were"
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return text + f"the output{'s' if len(names) > 1 else ''} of {listed} move{'' if len(names) > 1 else 's'}; {still}."


def _padding(words: tuple[str, ...]) -> str:
    return " and ".join(dict.fromkeys(word for word in words if word.startswith("[")))


def _empty(mask: str, real: Mask) -> Mask:
    may = allowed(mask, real)
    return np.zeros(COUNT, dtype=bool) if may is None else np.asarray(~may.any(axis=1))


def _wrong(words: tuple[str, ...], shut: Mask, shares: Array, after: Array, right: Array, output: Array) -> str:
    """What a student's function does to this mask that it should not; nothing where it is right."""
    leaks = shut & (np.nan_to_num(shares) != 0)
    if leaks.any():
        row, column = np.argwhere(leaks)[0]
        return (
            f" Your function lets “{words[row]}” look at “{words[column]}” with weight {shares[row, column]:.2g}, "
            "which the mask forbids."
        )
    if np.isnan(shares).any() or np.isnan(after).any():
        return " Your function gives no numbers where a query may look at no key; zeros are wanted."
    sums, wanted = shares.sum(axis=1), right.sum(axis=1)
    if not np.allclose(sums, wanted, atol=1e-6):
        row = int(np.argmax(np.abs(sums - wanted)))
        return f" Your weights in row {row + 1} add up to {sums[row]:.2f} where {wanted[row]:.0f} is right."
    if not np.allclose(shares, right, atol=1e-6) or not np.allclose(after, output, atol=1e-6):
        return " Your function gives other numbers than ours."
    return ""


def masks(scaled_dot_product_attention: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 6.3: causal and padding masks, and which outputs move when one word is exchanged.

    scaled_dot_product_attention  the student's own gives the weights (with the identity as values) and the outputs
    """
    own = StudentFunction(scaled_dot_product_attention, "scaled_dot_product_attention")
    states = list(product(MASKS, SIDES, CHANGED.values()))
    found = {state: computed(*state, own) for state in states} if own else {}
    # NaN where a query may look at no key is a mistake to be seen; anything else that is no number is not
    usable = bool(own) and all(
        np.isfinite(array[~_empty(state[0], sentence(*state[1:])[1])]).all()
        for state, pair in found.items()
        for array in pair
    )
    if own and not usable:
        own.trouble += SHOWN_INSTEAD

    def model(mask: str, pads: str, changed: int) -> Masked:
        mine = (found[mask, pads, changed], found[mask, pads, COUNT]) if usable else None
        return masks_state(mask, pads, changed, mine)

    return Explorer(
        model,
        view=[
            Tokens("words", "moved", limits=(0, 2), focus="focus", pick="changed", wide=True,
                   title="Click on a word to exchange it. Below each word: how far its output moves"),
            Heat("shares", limits=(0, 1), rows="words", columns="words", texts="share_texts", boxes="column",
                 title="The row’s word looks at the column’s (blank: forbidden)"),
            Heat("outputs", limits=(-2, 2), rows="words", columns=("", "old", "", "", "", "new", ""),
                 texts="output_texts", boxes="rows",
                 title="The outputs, old and new (boxed: moved)"),
        ],
        mask=Choice(*MASKS, start="causal"),
        pads=Choice(*SIDES, label="[pad]"),
        changed=Choice(options=CHANGED, start=2, label="exchange"),
        notice=own,
        presets=PRESETS,
    )  # fmt: skip
