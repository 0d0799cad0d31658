"""The attention heads of a real pretrained encoder: what each of them looks at, and which of them have a meaning."""

from __future__ import annotations

import base64
import contextlib
import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.ch06_attention.record_heads import FILE, LEVELS, MEASURES, SENTENCES
from course.widgets.kit import Bars, Choice, Explorer, Heat, Mechanism, Slider, Tokens, written
from course.widgets.kit.controls import Axis
from course.widgets.kit.student import complaint

__all__ = ["HEADS", "LAYERS", "MEANING", "MOST", "PRESETS", "Heads", "Recorded", "best_head", "heads_state",
           "real_heads", "recorded_heads"]  # fmt: skip

Array = NDArray[np.float64]
LAYERS, HEADS = 6, 12
MOST = 24  # pieces of a sentence of the reader's own
MEANING: dict[str, tuple[str, str]] = {
    "the piece before": ("a piece gives", "to the one before it"),
    "the piece after": ("a piece gives", "to the one after it"),
    "the same word again": ("a piece that comes twice gives", "to its other place"),
    "its own word's pieces": ("a piece of a longer word gives", "to the rest of that word"),
    "[CLS]": ("a piece gives", "to [CLS]"),
    "the noun that fits": ("he or she gives", "more to the noun that fits than to the other"),
}


@dataclass(frozen=True)
class Recorded:
    """Sentences in pieces, their weights, and what record_heads.py measured of every head."""

    pieces: tuple[tuple[str, ...], ...]
    weights: Array  # (sentences, LAYERS * HEADS, T, T) in whole LEVELS
    measures: Array  # (measures, LAYERS * HEADS)
    turned: Array  # (LAYERS * HEADS,) degrees


@dataclass(frozen=True)
class Heads:
    """One head of the encoder on one sentence, seen from one piece; and one measure of all heads."""

    pieces: tuple[str, ...]
    row: Array  # (T,) what the query gives to each piece
    query: float
    matrix: Array  # (T, T)
    blanks: tuple[str, ...]
    query_box: Array  # (1, 4)
    measure: Array  # (LAYERS, HEADS)
    head_box: Array  # (1, 4)
    turned: Array
    head: float
    says: str


class HeadSlider(Slider):
    """A slider whose values 0 to 71 are written as layer and head."""

    def axes(self, name: str) -> tuple[Axis, ...]:
        """One axis with a name for every head."""
        (axis,) = super().axes(name)
        texts = tuple(f"layer {one // HEADS + 1}, head {one % HEADS + 1}" for one in axis.values)
        return (replace(axis, texts=texts, spoken=texts),)


@cache
def recorded_heads() -> Recorded:
    """What record_heads.py stored."""
    with np.load(FILE) as stored:
        weights = stored["weights"].astype(np.float64)
        return Recorded(
            pieces=tuple(tuple(str(one) for one in row) for row in stored["pieces"]),
            weights=weights.reshape(len(weights), LAYERS * HEADS, *weights.shape[-2:]),
            measures=stored["measures"].astype(np.float64).reshape(len(MEASURES), -1),
            turned=stored["turned"].astype(np.float64).ravel(),
        )


def best_head(measure: str) -> int:
    """The head, counted from 0 through all layers, for which a measure is largest."""
    return int(recorded_heads().measures[MEASURES.index(measure)].argmax())


def _presets() -> dict[str, dict[str, object]]:
    places = {
        "one step back": ("the piece before", 0, 3),
        "one step on": ("the piece after", 0, 3),
        "the same word": ("the same word again", 0, 6),
        "one word in three pieces": ("its own word's pieces", 2, 5),
        "he or she": ("the noun that fits", 3, 9),
        "a place to rest": ("[CLS]", 1, 4),
    }
    return {
        name: {"look_for": measure, "sentence": sentence, "head": best_head(measure), "query": query}
        for name, (measure, sentence, query) in places.items()
    }


PRESETS = _presets()


def heads_state(sentence: int, look_for: str, head: int, query: int, recorded: Recorded | None = None,
                verdict: str = "") -> Heads:  # fmt: skip
    """Sentence number 0, 1, ..., a measure's name, head 0 to 71 and the query's place, from 1 on."""
    data = recorded_heads() if recorded is None else recorded
    pieces, matrix = data.pieces[sentence], data.weights[sentence][head] / LEVELS
    row = matrix[query - 1]
    measure = data.measures[MEASURES.index(look_for)]
    return Heads(
        pieces=pieces,
        row=row,
        query=query - 1.0,
        matrix=matrix,
        blanks=("",) * matrix.size,
        query_box=np.array([[query - 1.0, 0, 1, len(pieces)]]),
        measure=measure.reshape(LAYERS, HEADS),
        head_box=np.array([[head // HEADS, head % HEADS, 1, 1.0]]),
        turned=data.turned,
        head=float(head),
        says=_says(pieces, row, query - 1, look_for, head, measure, data.turned) + (f" {verdict}" if verdict else ""),
    )


def _says(
    pieces: Sequence[str], row: Array, query: int, look_for: str, head: int, measure: Array, turned: Array
) -> str:
    to = int(row.argmax())
    target = "itself" if to == query else f"“{pieces[to]}”"
    says = f"{_called(head)}: “{pieces[query]}” gives {written(row[to], '.2f')} to {target}, its largest weight. "
    gives, goal = MEANING[look_for]
    says += f"Over many sentences {gives} {written(measure[head], '.2f')} {goal}"
    best = int(measure.argmax())
    most = f"; {_called(best).lower()} has {written(measure[best], '.2f')}."
    says += ", most of all 72 heads." if best == head else most
    return says + f" Without this head a sentence's vector turns by {written(turned[head], '.1f')}°."


def _called(head: int) -> str:
    return f"Layer {head // HEADS + 1}, head {head % HEADS + 1}"


def asked(encode: Callable[..., Any], sentence: str) -> tuple[tuple[str, ...], Array] | str:
    """The pieces and weights (LAYERS * HEADS, T, T) that a student's function gives, or what is the matter with it."""
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            np.errstate(all="ignore"),
        ):
            warnings.simplefilter("ignore")
            answer = encode(sentence)
    except Exception as error:
        return complaint(error)
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        return f"returned {type(answer).__name__}; expected a pair: the pieces and the weights"
    try:
        pieces, weights = tuple(str(one) for one in answer[0]), np.asarray(answer[1], dtype=float)
    except (TypeError, ValueError) as error:
        return complaint(error)
    if len(pieces) > MOST:
        return f"cut the sentence into {len(pieces)} pieces; the picture has room for {MOST}"
    wanted = (LAYERS, HEADS, len(pieces), len(pieces))
    if weights.shape != wanted:
        return f"returned weights of shape {weights.shape} for {len(pieces)} pieces; expected {wanted}"
    if not np.isfinite(weights).all():
        return "returned NaN or infinity among the weights"
    if weights.min() < -1e-6 or np.abs(weights.sum(axis=-1) - 1).max() > 1e-3:
        return "returned weights that are negative or do not add up to 1 over the keys"
    return pieces, weights.reshape(LAYERS * HEADS, len(pieces), len(pieces))


def _own(encode: Callable[..., Any] | None, sentence: str | None) -> tuple[Recorded, list[str], str, str]:
    """What is shown, the sentences' names, a line of trouble, and a verdict on the student's weights."""
    known = recorded_heads()
    names = [_short(one) for one in SENTENCES]
    if encode is None:
        lost = "A sentence of your own needs your encode; you see recorded ones." if sentence else ""
        return known, names, lost, ""
    answers = []
    for one in [*SENTENCES, *([sentence] if sentence else [])]:
        answer = asked(encode, one)
        if isinstance(answer, str):
            return known, names, f"Your encode {answer}. Until it works you see recorded weights.", ""
        answers.append(answer)
    verdict = ""
    for number, (pieces, weights) in enumerate(answers[: len(SENTENCES)]):
        if pieces != known.pieces[number]:
            return known, names, f"Your encode cuts “{names[number]}” into other pieces. You see recorded weights.", ""
        off = float(np.abs(weights - known.weights[number] / LEVELS).max())
        if off > 0.02 and not verdict:
            verdict = f"Your encode's weights differ from the recorded ones, by up to {written(off, '.2f')}."
    if sentence:
        answers, names = answers[-1:], [_short(sentence)]
    shown = replace(
        known,
        pieces=tuple(pieces for pieces, _ in answers),
        weights=np.array([np.round(weights.clip(0, 1) * LEVELS) for _, weights in answers]),
    )
    return shown, names, "", verdict


def _short(sentence: str) -> str:
    words = sentence.split()
    return " ".join(words[:4]) + (" …" if len(words) > 4 else "")


def real_heads(encode: Callable[..., Any] | None = None, sentence: str | None = None) -> Explorer:
    """Widget of chapter 6: attention in MiniLM, an encoder of 6 layers with 12 heads each, on four sentences or yours.

    encode    the student's own: a sentence -> its pieces (T,) and the weights (6, 12, T, T)
    sentence  one of the reader's own, shown instead of the four
    """
    data, names, notice, verdict = _own(encode, sentence)
    length = len(data.pieces[0])
    presets = PRESETS
    if len(names) == 1:
        presets = {name: preset | {"sentence": 0, "query": 2} for name, preset in PRESETS.items()}
    start = presets["he or she"]

    def model(sentence: int, look_for: str, head: int, query: int) -> Heads:
        return heads_state(sentence, look_for, head, query, data, verdict)

    coded = [[base64.b64encode(one.astype(np.uint8).tobytes()).decode() for one in each] for each in data.weights]
    return Explorer(
        model,
        view=[
            Tokens("pieces", "row", focus="query", pick="query", wide=True,
                   title="What one piece gives to each (click on another piece)"),
            Heat("matrix", limits=(0, 1), rows="pieces", columns="pieces", texts="blanks", boxes="query_box",
                 row_name="query", column_name="key", title="All weights of this head"),
            Heat("measure", limits=(0, 1), rows=[f"layer {k + 1}" for k in range(LAYERS)], numbers=".2f",
                 columns=[str(k + 1) for k in range(HEADS)], column_name="head", boxes="head_box", pick="head",
                 title="Weight for what you look for (click on a head)"),
            Bars("turned", limits=(0, 20), numbers="", highlight="head", height=150, wide=True,
                 names=[f"layer {k // HEADS + 1}" if k % HEADS == 0 else "" for k in range(LAYERS * HEADS)],
                 title="Degrees by which a sentence's vector turns without this head"),
        ],
        sentence=Choice(options={name: number for number, name in enumerate(names)}),
        look_for=Choice(*MEASURES, start=start["look_for"], label="look for"),
        head=HeadSlider(0, LAYERS * HEADS - 1, LAYERS * HEADS, start=best_head("the noun that fits"), label="head"),
        query=Slider(1, length, length, start=2, label="query: piece number", format="d"),
        mechanism=Mechanism(
            [Path(__file__).with_suffix(".js")],
            data={
                "pieces": [list(one) for one in data.pieces],
                "weights": coded,
                "levels": LEVELS,
                "layers": LAYERS,
                "heads": HEADS,
                "meaning": {name: list(words) for name, words in MEANING.items()},
                "measures": dict(zip(MEASURES, data.measures, strict=True)),
                "turned": data.turned,
                "verdict": verdict,
            },
        ),
        notice=notice,
        presets=presets,
    )  # fmt: skip
