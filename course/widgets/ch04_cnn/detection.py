"""A face detector's boxes over a photograph: which stay above a score, and which a better box suppresses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.data import photograph
from course.widgets.kit import Curve, Dot, Explorer, Guide, Images, Line, Slider, StudentFunction

from .layers import Array, non_maximum_suppression

__all__ = ["OVERLAPS", "PRESETS", "SCORES", "Found", "KeptBy", "candidates", "detection", "kept"]

COLUMNS = 160  # of the photograph as it is shown
SCORES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999)
OVERLAPS = tuple(round(0.1 * k, 1) for k in range(11))
PRESETS: dict[str, dict[str, object]] = {
    "one face, one box": {"score": 0.99, "overlap": 0.2},
    "nothing suppressed": {"score": 0.99, "overlap": 1.0},
    "the same face again": {"score": 0.99, "overlap": 0.7},
    "a low score": {"score": 0.5, "overlap": 0.3},
    "no overlap at all": {"score": 0.5, "overlap": 0.0},
}


@dataclass(frozen=True)
class Found:
    """The candidates after both thresholds."""

    picture: Array  # (1, rows, COLUMNS, 3) whole numbers from 0 to 255
    boxes: Array  # (n, 4) all candidates, best score first
    kinds: Array  # (n,) 0 kept, 1 suppressed, NaN below the score
    texts: tuple[str, ...]  # their scores
    counts: Array  # (len(OVERLAPS),) boxes kept at each overlap threshold
    reference: Array  # the same by the course's function where the student's is drawn
    overlap: float
    count: float
    says: str


@cache
def candidates() -> tuple[Array, Array]:
    """Boxes (n, 4) in pixels of the shown photograph and scores (n,), best first: recorded by record_candidates.py."""
    stored = json.loads(Path(__file__).with_name("candidates.json").read_text("utf-8"))
    boxes, scores = np.array(stored["boxes"], dtype=float), np.array(stored["scores"], dtype=float)
    order = np.argsort(-scores, kind="stable")
    return boxes[order] * COLUMNS / stored["width"], scores[order]


@cache
def portrait() -> Array:
    """The photograph in 64 shades of each colour."""
    return np.round(photograph("portrait", COLUMNS)[None] * 63) * 4


@cache
def kept(score: float, overlap: float) -> NDArray[np.bool_]:
    """Which candidates stay, by the course's own function."""
    boxes, scores = candidates()
    above = np.flatnonzero(scores >= score)
    mask = np.zeros(len(scores), dtype=bool)
    mask[above[non_maximum_suppression(boxes[above], scores[above], overlap)]] = True
    return mask


class KeptBy:
    """The same by a student's function: which candidates stay, or None where its answer cannot be used."""

    def __init__(self, function: Callable[..., Any] | None) -> None:
        self.function = function
        self.wrong = ""
        self.own = StudentFunction(self._mask if function else None, "non_maximum_suppression")

    def _mask(self, boxes: Array, scores: Array, threshold: float) -> Array:
        assert self.function is not None
        answer = self.function(boxes, scores, threshold)
        places = np.asarray(answer)
        mask = np.zeros(len(scores))
        if answer is None:
            self.wrong = "returned None; it needs a return line"
        elif places.ndim != 1 or not (places.size == 0 or np.issubdtype(places.dtype, np.integer)):
            self.wrong = (
                f"returned {places.dtype} numbers of shape {places.shape}; expected the indices of the kept boxes"
            )
        elif places.size and (places.min() < 0 or places.max() >= len(scores)):
            self.wrong = f"returned the index {places[np.abs(places).argmax()]}; there are {len(scores)} boxes"
        elif len(set(places.tolist())) < len(places):
            self.wrong = "returned the same box twice"
        else:
            mask[places.astype(int)] = 1
            return mask
        raise ValueError(self.wrong)

    def __call__(self, score: float, overlap: float) -> NDArray[np.bool_] | None:
        """Which candidates stay."""
        boxes, scores = candidates()
        above = np.flatnonzero(scores >= score)
        found = self.own(boxes[above], scores[above], overlap, shape=above.shape)
        if self.wrong:
            self.own.trouble = f"Your non_maximum_suppression {self.wrong}."
        if np.isnan(found).any():
            return None
        mask = np.zeros(len(scores), dtype=bool)
        mask[above] = found > 0
        return mask


def _says(score: float, overlap: float, stay: NDArray[np.bool_], right: NDArray[np.bool_]) -> str:
    boxes, scores = candidates()
    above = int(np.sum(scores >= score))
    says = f"{above} of {len(scores)} boxes score at least {score:g}. "
    if overlap >= 1:
        says += f"No two overlap by more than 1: all {int(stay.sum())} stay"
    else:
        says += f"Of two that overlap by more than {overlap:g} the worse goes: {int(stay.sum())} "
        says += "stays" if stay.sum() == 1 else "stay"
    if (stay != right).any():
        return f"{says} by your function, where {int(right.sum())} should: {int((stay != right).sum())} boxes differ."
    x0, y0, x1, y1 = boxes[0]
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    on_face = (middle[:, 0] > x0) & (middle[:, 0] < x1) & (middle[:, 1] > y0) & (middle[:, 1] < y1)
    face, elsewhere = int(np.sum(stay & on_face)), int(np.sum(stay & ~on_face))
    if face == 1 and not elsewhere:
        return says + ", one box for one face."
    says += f", {face} on the face and {elsewhere} elsewhere." if elsewhere else ", all on the face."
    if elsewhere:
        return says + " No better box lies over those elsewhere: only a higher score removes them."
    return says + " The face is found more than once: boxes on it may overlap by less than that."


def detection(non_maximum_suppression: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 4.9: candidate boxes of a real face detector under a score and an overlap threshold.

    non_maximum_suppression  the student's own: it chooses the boxes that stay
    """
    by_student = KeptBy(non_maximum_suppression)
    boxes, scores = candidates()
    right = {(score, overlap): kept(score, overlap) for score in SCORES for overlap in OVERLAPS}
    usable = bool(by_student.own) and by_student(SCORES[0], 0.5) is not None
    shown = right
    if usable:
        found = {pair: by_student(*pair) for pair in right}
        shown = {pair: np.zeros(len(scores), dtype=bool) if one is None else one for pair, one in found.items()}
    elif by_student.own:
        by_student.own.trouble += " Until it works you see the reference."
    texts = tuple(f"{score:.3f}" for score in scores)

    def model(score: float, overlap: float) -> Found:
        stay = shown[score, overlap]
        counts = [np.array([float(which[score, one].sum()) for one in OVERLAPS]) for which in (shown, right)]
        return Found(
            picture=portrait(),
            boxes=boxes,
            kinds=np.where(scores >= score, np.where(stay, 0.0, 1.0), np.nan),
            texts=texts,
            counts=np.maximum(counts[0], 0.5),
            reference=counts[1],
            overlap=overlap,
            count=max(float(stay.sum()), 0.5),
            says=_says(score, overlap, stay, right[score, overlap]),
        )

    at = np.array(OVERLAPS)
    ghost = [Line(at, "reference", style="ghost", label="reference")] if usable else []
    return Explorer(
        model,
        view=[
            Images("picture", limits=(0, 252), boxes="boxes", kinds="kinds", texts="texts", size=340,
                   title="Kept (firm, with score), suppressed (dashed)"),
            Curve(
                *ghost,
                Line(at, "counts", label="yours" if usable else ""),
                Guide(x="overlap"),
                Dot("overlap", "count", colour="vermilion", size=6),
                x=(0, 1), y=(0.5, 200), y_scale="log", x_name="overlap threshold", y_name="boxes that stay",
                title="Boxes that stay, for every overlap threshold", drag="overlap",
            ),
        ],
        score=Slider(values=SCORES, start=0.9, label="least score", format="g"),
        overlap=Slider(values=OVERLAPS, start=0.3, label="overlap (IoU) allowed", format=".1f"),
        notice=by_student.own,
        presets=PRESETS,
        coarse=["boxes"],
    )  # fmt: skip
