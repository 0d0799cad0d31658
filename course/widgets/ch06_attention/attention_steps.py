"""Attention in five stages over one sentence whose queries, keys and values are small whole numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from course.widgets.kit import (
    Choice,
    Dot,
    Explorer,
    Heat,
    Label,
    Line,
    Paths,
    Slider,
    StudentFunction,
    Time,
    Toggle,
    Tokens,
    written,
)

from .attention import SHOWN_INSTEAD, Array, Mask, attention, short, weights

__all__ = ["KEYS", "PRESETS", "QUERIES", "SHARPNESS", "VALUES", "WORDS", "Steps", "attention_steps", "steps_state"]

WORDS = ("the", "cat", "sleeps", "and", "it", "purrs")
FEATURES = ("thing", "alive", "action", "link")
QUERIES: Array = np.array([
    [2, 0, 0, 0], [0, 1, 2, 0], [2, 1, 0, 0], [0, 0, 3, 0], [2, 2, 0, 0], [2, 1, 0, -1],
], dtype=np.float64)  # fmt: skip
KEYS: Array = np.array([
    [0, 0, 0, 1], [2, 2, 0, 0], [0, 1, 2, 0], [0, 0, 0, 2], [1, 1, 0, 1], [0, 1, 2, 0],
], dtype=np.float64)  # fmt: skip
VALUES: Array = np.array([[-3, -1], [-2, 3], [3, 2], [3, -2], [-1, -3], [1, 3]], dtype=np.float64)
SHARPNESS = (0, 0.5, 1, 2, 4)
STAGES = ("scores", "scale", "mask", "softmax", "mix")
COUNT = len(WORDS)
ROOT = 2.0  # of the four features
ROWS = (*FEATURES, "sum", "÷ √4", "mask", "weight", "× v₁", "× v₂")
FIRST, SEEN = (0, 5, 6, 7, 8), (5, 6, 7, 8, 10)  # rows of the reckoning that each stage adds, and how many are seen
COLUMNS = (
    *(f"seeks {name}" for name in FEATURES), "", *(f"is {name}" for name in FEATURES), "", "gives v₁", "gives v₂",
)  # fmt: skip
BELOW = 0.42  # from a value's point to its word

_IT: dict[str, object] = {"query": "it", "stage": 5, "causal": False, "sharpness": 1}
PRESETS: dict[str, dict[str, object]] = {
    "one score by hand": _IT | {"stage": 1},
    "it finds the cat": _IT,
    "two that fit alike": _IT | {"query": "and"},
    "nobody looks ahead": _IT | {"query": "the", "stage": 4, "causal": True},
    "not sharp: the mean": _IT | {"sharpness": 0},
    "very sharp: one word": _IT | {"sharpness": 4},
}


@dataclass(frozen=True)
class Steps:
    """The sentence at one stage, and the chosen query's reckoning up to it."""

    row: Array  # (6,) the query's weights, NaN before the softmax
    focus: float
    vectors: Array  # (6, 12) queries, keys and values side by side, NaN between them; as shades
    vector_texts: tuple[str, ...]
    used: Array  # (2, 4) boxes around what this stage reads
    matrix: Array  # (6, 6) of the stage, as shades
    matrix_texts: tuple[str, ...]
    chosen: Array  # (1, 4) the query's row
    reckoning: Array  # (10, 7) as shades
    reckoning_texts: tuple[str, ...]
    now: Array  # (1, 4) the rows of this stage
    chain_x: Array  # (7,) the weighted values laid end to end
    chain_y: Array
    at_x: float
    at_y: float
    right_x: float  # the course's own output where the student's is another one
    right_y: float
    words: tuple[str, ...]
    says: str


def allowed(causal: bool) -> Mask:
    """Who may look where: everywhere, or at nothing that comes later."""
    everywhere = np.ones((COUNT, COUNT), dtype=bool)
    return np.tril(everywhere) if causal else everywhere


def steps_state(
    query: str, stage: int, causal: bool, sharpness: float,
    found: tuple[Array, Array] | None = None,
) -> Steps:  # fmt: skip
    """The sentence at a stage (1 to 5); found: weights (6, 6) and outputs (6, 2) of the student's function."""
    q = QUERIES * sharpness
    mask = allowed(causal)
    right = weights(q, KEYS, mask), attention(q, KEYS, VALUES, mask)
    shares, outputs = found if found is not None else right
    here = WORDS.index(query)
    scores = q @ KEYS.T
    scaled = scores / ROOT
    masked = np.where(mask, scaled, -np.inf)
    matrix, full = ((scores, 8.0), (scaled, 4.0), (masked, 4.0), (shares, 1.0), (shares, 1.0))[stage - 1]
    reckoning, reckoned = _reckoning(q[here], masked[here], mask[here], shares[here], outputs[here], stage)
    mixed = stage == len(STAGES)
    chain = np.concatenate([np.zeros((1, 2)), np.cumsum(shares[here][:, None] * VALUES, axis=0)])
    chain = chain if mixed else np.full_like(chain, np.nan)
    at = outputs[here] if mixed else np.full(2, np.nan)
    off = found is not None and mixed and not np.allclose(outputs[here], right[1][here], atol=1e-6)
    true = right[1][here] if off else np.full(2, np.nan)
    gap = np.full((COUNT, 1), np.nan)
    vectors = np.concatenate([q, gap, KEYS, gap, VALUES], axis=1)
    used = [[here, 0, 1, 4], [0, 5, COUNT, 4]] if stage == 1 else [[0, 10, COUNT, 2]] if mixed else []
    boxes = np.full((2, 4), np.nan)
    boxes[: len(used)] = np.reshape(used, (-1, 4))
    return Steps(
        row=shares[here] if stage >= 4 else np.full(COUNT, np.nan),
        focus=float(here),
        vectors=vectors / 4,
        vector_texts=tuple("" if np.isnan(value) else short(value) for value in vectors.ravel()),
        used=boxes,
        matrix=np.where(_empty(matrix, mask, stage), np.nan, matrix) / full,
        matrix_texts=tuple(written(v, ".2f") if stage >= 4 else short(v) for v in matrix.ravel()),
        chosen=np.array([[here, 0.0, 1.0, COUNT]]),
        reckoning=reckoning,
        now=np.array([[FIRST[stage - 1], 0, SEEN[stage - 1] - FIRST[stage - 1], COUNT + (stage >= 4)]], dtype=float),
        reckoning_texts=reckoned,
        chain_x=chain[:, 0],
        chain_y=chain[:, 1],
        at_x=float(at[0]),
        at_y=float(at[1]),
        right_x=float(true[0]),
        right_y=float(true[1]),
        words=WORDS,
        says=_says(here, stage, causal, q[here], shares, outputs, right),
    )


def _empty(values: Array, mask: Mask, stage: int) -> Mask:
    """Where a cell stays without a ground: minus infinity, and the weight that it became."""
    return np.asarray(np.isinf(values) | ((values == 0) & ~mask & (stage >= 4)))


def _reckoning(
    q: Array, masked: Array, mask: Mask, shares: Array, output: Array, stage: int
) -> tuple[Array, tuple[str, ...]]:
    """One column a key: products, their sum, and what becomes of it; at the right the sums along the rows."""
    products = KEYS * q
    score = products.sum(axis=1)
    values = np.full((len(ROWS), COUNT + 1), np.nan)
    texts = np.full(values.shape, "", dtype=object)
    values[:4, :COUNT] = products.T / 4
    texts[:4, :COUNT] = [[f"{short(q[f])}×{short(KEYS[key, f])}" for key in range(COUNT)] for f in range(4)]
    lines = ((score, 8.0), (score / ROOT, 4.0), (masked, 4.0), (shares, 1.0), *((shares * v, 3.0) for v in VALUES.T))
    for row, (line, full) in enumerate(lines, start=4):
        values[row, :COUNT] = np.where(_empty(line, mask, 4 if row >= 7 else 1), np.nan, line) / full
        texts[row, :COUNT] = [written(value, ".2f") if row >= 7 else short(value) for value in line]
    for row, total, full in ((7, shares.sum(), 1.0), (8, output[0], 3.0), (9, output[1], 3.0)):
        values[row, COUNT], texts[row, COUNT] = total / full, written(total, ".2f")
    values[SEEN[stage - 1] :] = np.nan
    texts[SEEN[stage - 1] :] = ""
    return values, tuple(texts.ravel())


def _says(
    here: int, stage: int, causal: bool, q: Array, shares: Array, outputs: Array, right: tuple[Array, Array]
) -> str:
    word, score = WORDS[here], KEYS @ q
    open_to = here + 1 if causal else COUNT
    text = f"Stage {stage}, {STAGES[stage - 1]}: "
    if stage == 1:
        best = int(np.argmax(score))
        if not q.any():
            return text + f"with a sharpness of 0 the query of “{word}” is 0, and every score is 0."
        terms = " + ".join(f"{_signed(a)}×{short(b)}" for a, b in zip(q, KEYS[best], strict=True))
        return text + f"what “{word}” seeks fits “{WORDS[best]}” best: {terms} = {short(score[best])}."
    if stage == 2:
        low, high = score.min(), score.max()
        return (
            text + f"four features, so every score is divided by √4 = 2. Those of “{word}” went from {short(low)} to "
            f"{short(high)} and now go from {short(low / ROOT)} to {short(high / ROOT)}."
        )
    if stage == 3:
        if not causal:
            return text + "there is none, every word may look at every word, and the scores stay."
        if open_to == COUNT:
            return text + f"“{word}” is the last word, nothing comes after it, and its scores stay."
        later = ", ".join(f"“{one}”" for one in WORDS[open_to:])
        return text + f"“{word}” may not look ahead, so −∞ takes the place of its scores with {later}."
    if stage == 4:
        if not np.allclose(shares[here], right[0][here], atol=1e-6):
            return text + _wrong_weights(here, shares[here], right[0][here])
        total = "" if open_to == 1 else f"; {'the six' if open_to == COUNT else 'its'} weights add up to 1"
        return text + f"{_favourite(here, shares[here], open_to)}{total}."
    if not np.allclose(outputs[here], right[1][here], atol=1e-6):
        return text + f"your output of “{word}” is {_pair(outputs[here])} where {_pair(right[1][here])} is right."
    mean = f"the output of “{word}” is {_pair(outputs[here])}"
    if not q.any():
        return text + f"{mean}, {f'the plain mean of {open_to} values' if open_to > 1 else 'its own value'}."
    return text + f"{mean}, a mean of the values in which {_heavy(here, shares[here])}."


def _signed(value: float) -> str:
    return f"({short(value)})" if value < 0 else short(value)


def _pair(values: Array) -> str:
    return f"({short(values[0])}, {short(values[1])})"


def _most(row: Array) -> list[str]:
    return [f"“{WORDS[key]}”" for key in np.flatnonzero(np.isclose(row, row.max(), atol=1e-9))]


def _favourite(here: int, row: Array, open_to: int) -> str:
    most = _most(row)
    if open_to == 1:
        return f"“{WORDS[here]}” is the first word and can only look at itself, whatever it seeks"
    if len(most) == open_to:
        return f"“{WORDS[here]}” looks at {open_to} words alike, with weight {short(row.max())} each"
    each = " each" if len(most) > 1 else ""
    return f"“{WORDS[here]}” looks at {' and '.join(most)} with weight {short(row.max())}{each}"


def _heavy(here: int, row: Array) -> str:
    most = _most(row)
    each = " each" if len(most) > 1 else ""
    return f"{' and '.join(most)} {'count' if each else 'counts'} {row.max():.0%}{each}"


def _wrong_weights(here: int, row: Array, right: Array) -> str:
    worst = int(np.argmax(np.abs(row - right)))
    text = (
        f"your function gives “{WORDS[here]}” the weight {short(row[worst])} for “{WORDS[worst]}” where "
        f"{short(right[worst])} is right"
    )
    return text + (f"; your weights add up to {short(row.sum())}." if not np.isclose(row.sum(), 1, atol=1e-3) else ".")


def attention_steps(scaled_dot_product_attention: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 6.1: scores, scale, mask, softmax and mix over one sentence, with every number shown.

    scaled_dot_product_attention  the student's own gives the weights (with the identity as values) and the outputs
    """
    own = StudentFunction(scaled_dot_product_attention, "scaled_dot_product_attention")
    found: dict[tuple[bool, float], tuple[Array, Array]] = {}
    if own:
        for causal in (False, True):
            mask = allowed(True) if causal else None
            for sharpness in SHARPNESS:
                q = QUERIES * sharpness
                found[causal, sharpness] = weights(q, KEYS, mask, own), own(q, KEYS, VALUES, mask, shape=VALUES.shape)
    if own.trouble:
        own.trouble += SHOWN_INSTEAD
        found = {}

    def model(query: str, stage: int, causal: bool, sharpness: float) -> Steps:
        return steps_state(query, stage, causal, sharpness, found.get((causal, sharpness)))

    return Explorer(
        model,
        view=[
            Tokens(WORDS, "row", focus="focus", pick="query", wide=True,
                   title="Who looks? Click on a word. Below each word: the weight that it gets"),
            Heat("vectors", limits=(-1, 1), rows=WORDS, columns=COLUMNS, texts="vector_texts", boxes="used",
                 title="Queries, keys and values"),
            Heat("matrix", limits=(-1, 1), rows=WORDS, columns=WORDS, texts="matrix_texts", boxes="chosen",
                 row_name="looks", column_name="is looked at", title="All words at this stage"),
            Heat("reckoning", limits=(-1, 1), rows=ROWS, columns=(*WORDS, "Σ"), texts="reckoning_texts", boxes="now",
                 title="The chosen word’s row, number by number"),
            Paths(
                Dot(VALUES[:, 0].copy(), VALUES[:, 1].copy(), colour="blue", size=5),
                Label(VALUES[:, 0].copy(), VALUES[:, 1] - BELOW, field="words", colour="blue"),
                Line("chain_x", "chain_y", colour="vermilion", width=1.5),
                Dot("right_x", "right_y", colour="ink", hollow=True, size=7, label="ours"),
                Dot("at_x", "at_y", colour="vermilion", size=7, label="yours" if found else "output"),
                x=(-4, 4), y=(-4, 4), x_name="v₁", y_name="v₂",
                title="The values, and their weighted sum laid end to end",
            ),
        ],
        query=Choice(*WORDS, start="it", label="who looks"),
        stage=Time(len(STAGES), first=1, start=0, label="stage", seconds=6),
        causal=Toggle(label="causal mask"),
        sharpness=Slider(values=SHARPNESS, start=1, label="sharpness: queries times", format="g"),
        notice=own,
        presets=PRESETS,
    )  # fmt: skip
