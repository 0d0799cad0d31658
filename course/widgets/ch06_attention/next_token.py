"""The next token of a real language model: temperature, top-k and top-p on its logits, and five texts that follow."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.ch06_attention.record_next_tokens import (
    DRAWS,
    FILE,
    KEPT,
    LOGIT_STEP,
    NAMED,
    PROMPTS,
    TEMPERATURES,
    TOP_K,
    TOP_P,
    chances,
)
from course.widgets.kit import (
    Band,
    Bars,
    Choice,
    Curve,
    Explorer,
    Guide,
    Label,
    Line,
    Mechanism,
    Slider,
    StudentFunction,
    written,
)

__all__ = ["ASKED", "PRESETS", "Next", "Prompt", "next_state", "next_token", "prompts", "setting_of"]

Array = NDArray[np.float64]
ASKED = 200  # draws of the student's function
LETTERS = 46  # of a text fit on a narrow page
ALL = KEPT
FAR = 5.0  # standard deviations that no frequency of a right function is off

_PLAIN: dict[str, object] = {"temperature": 1.0, "top_k": ALL, "top_p": 1.0}
_PEAKED: dict[str, object] = {"prompt": PROMPTS[0], **_PLAIN}
_FLAT: dict[str, object] = {"prompt": PROMPTS[3], **_PLAIN}
PRESETS: dict[str, dict[str, object]] = {
    "peaked": _PEAKED,
    "flat": _FLAT,
    "greedy": _FLAT | {"temperature": 0.0},
    "nearly greedy": _FLAT | {"temperature": 0.2},
    "too hot": _PEAKED | {"temperature": 3.0},
    "top-k 10, peaked": _PEAKED | {"top_k": 10},
    "top-k 10, flat": _FLAT | {"top_k": 10},
    "top-p 0.8, peaked": _PEAKED | {"top_p": 0.8},
    "top-p 0.8, flat": _FLAT | {"top_p": 0.8},
}


@dataclass(frozen=True)
class Prompt:
    """What record_next_tokens.py stored of one prompt."""

    text: str
    names: tuple[str, ...]  # of the NAMED most probable tokens, as they are shown
    logits: Array  # (KEPT,) less the largest, in falling order
    kept: float  # the probability that these tokens have together among all 49,152
    texts: tuple[str, ...]
    drawn: NDArray[np.int64]  # (settings, DRAWS) places in texts


@dataclass(frozen=True)
class Next:
    """The distribution of the next token after temperature and cuts, and five texts drawn with these settings."""

    values: Array  # (NAMED + 1,) probabilities; the last one of all other tokens that are kept
    names: tuple[str, ...]
    frequencies: Array  # (NAMED + 1,) of the student's draws; NaN without
    mass: Array  # (KEPT,) probability of the most probable 1, 2, ... tokens before the cuts
    level: float  # of the mass at which top-p cuts; NaN for none
    most: float  # the rank at which top-k cuts; NaN for none
    band_to: float  # the last rank that is kept
    begins: str
    texts: tuple[str, ...]
    says: str


def _shown(token: str) -> str:
    """A token as a name: without the space before it, and white space as a sign."""
    return token.strip(" ").replace("\n", "⏎") or "␣"


def _fitting(text: str) -> str:
    return text if len(text) <= LETTERS else text[: LETTERS - 2] + " …"


@cache
def prompts() -> dict[str, Prompt]:
    """The recorded prompts by their text."""
    found = {}
    for one in json.loads(FILE.read_text("utf-8")):
        found[one["prompt"]] = Prompt(
            text=one["prompt"],
            names=tuple(_shown(name) for name in one["names"]),
            logits=np.array(one["logits"], dtype=np.float64) * LOGIT_STEP,
            kept=float(one["kept"]),
            texts=tuple(_fitting(text) for text in one["texts"]),
            drawn=np.array(one["drawn"]).reshape(-1, DRAWS),
        )
    return found


def setting_of(temperature: float, top_k: int, top_p: float) -> int:
    """The row of a setting in `drawn`: first the greedy one, then temperature by top-k by top-p."""
    if temperature == 0:
        return 0
    place = TEMPERATURES.index(temperature) - 1
    return 1 + (place * len(TOP_K) + TOP_K.index(top_k)) * len(TOP_P) + TOP_P.index(top_p)


def next_state(prompt: str, temperature: float, top_k: int, top_p: float,
               draw: Callable[[Array, float, int, float], NDArray[np.int64]] | None = None) -> Next:  # fmt: skip
    """The distribution at one setting.

    draw  ASKED draws of the student's function, as ranks from 0, -1 for what is no token; an empty array for none
    """
    data = prompts()[prompt]
    p = chances(data.logits, temperature, top_k, top_p)
    before = chances(data.logits, temperature, ALL, 1.0)
    mass = np.cumsum(before)
    count = int(np.flatnonzero(p)[-1]) + 1
    held = float(mass[count - 1])
    frequencies, verdict = np.full(NAMED + 1, np.nan), ""
    if draw is not None:
        ranks = draw(data.logits, temperature, top_k, top_p)
        if len(ranks):
            counts = np.bincount(np.clip(ranks, 0, NAMED), minlength=NAMED + 1)
            frequencies = counts / len(ranks)
            verdict = _verdict(ranks, p, data.names)
    texts = tuple(data.texts[place] for place in data.drawn[setting_of(temperature, top_k, top_p)])
    cuts_k, cuts_p = temperature > 0 and top_k < ALL, temperature > 0 and top_p < 1
    return Next(
        values=np.append(p[:NAMED], p[NAMED:].sum()),
        names=(*data.names, f"{max(count - NAMED, 0)} others"),
        frequencies=frequencies,
        mass=mass,
        level=float(top_p * mass[top_k - 1]) if cuts_p else np.nan,
        most=float(top_k) if cuts_k else np.nan,
        band_to=float(count),
        begins=f"{prompt} …",
        texts=texts,
        says=_says(data, temperature, top_k, top_p, p, count, held, len(set(texts))) + verdict,
    )


def _says(data: Prompt, temperature: float, top_k: int, top_p: float, p: Array, count: int, held: float,
          different: int) -> str:  # fmt: skip
    first = f"“{data.names[0]}”"
    if temperature == 0:
        return f"Temperature 0 is greedy: always {first}, and the five texts are one."
    texts = "one text" if different == 1 else f"{different} different texts"
    says = f"At temperature {written(temperature, '.2g')} {first} has {written(p[0], '.2f')}"
    if count == ALL:
        rest = written(float(p[NAMED:].sum()), ".2f")
        says += f", the tokens beyond the first {NAMED} have {rest} together, and all stay"
        return f"{says}: five draws are {texts}."
    cut = f"top-k {top_k}" if top_p == 1 else f"top-p {written(top_p, '.2g')}"
    if top_k < ALL and top_p < 1:
        cut = f"top-k {top_k} and then top-p {written(top_p, '.2g')}"
    keep = "1 token" if count == 1 else f"{count} tokens"
    return f"{says}; {cut} keeps {keep}, which held {written(held, '.2f')} of the mass: five draws are {texts}."


def _verdict(ranks: NDArray[np.int64], p: Array, names: Sequence[str]) -> str:
    """What is wrong with the student's draws, as the end of a sentence; "" where chance explains them."""
    cut = int(np.sum((ranks < 0) | (p[np.maximum(ranks, 0)] == 0)))
    if cut:
        return f" Of {len(ranks)} draws of your function {cut} are tokens that should never come."
    shares = np.bincount(ranks, minlength=len(p))[:NAMED] / len(ranks)
    spread = np.sqrt(p[:NAMED] * (1 - p[:NAMED]) / len(ranks)) + 1 / len(ranks)
    off = np.abs(shares - p[:NAMED]) / spread
    if off.max() < FAR:
        return ""
    worst = int(off.argmax())
    return (
        f" Your function draws “{names[worst]}” in {written(float(shares[worst]), '.0%')} of {len(ranks)} draws; "
        f"{written(float(p[worst]), '.0%')} is right."
    )


def next_token(sample_next_token: Callable[..., Any] | None = None) -> Explorer:
    """Widget of chapter 6: the next token of SmolLM2 after five prompts, under temperature, top-k and top-p.

    sample_next_token  the student's own: it draws 200 times, and its frequencies stand as dashed bars
    """
    own = StudentFunction(sample_next_token, "sample_next_token")
    rank_of = np.random.default_rng(1).permutation(KEPT)  # of each token: the function must not take ranks for tokens

    def draw(logits: Array, temperature: float, top_k: int, top_p: float) -> NDArray[np.int64]:
        shuffled, rng = logits[rank_of], np.random.default_rng(0)
        cuts = {"top_k": None if top_k == ALL else top_k, "top_p": None if top_p == 1 else top_p}
        tokens = np.empty(ASKED)
        for k in range(ASKED):
            tokens[k] = own(shuffled, rng, shape=(), temperature=temperature, **cuts)
            if np.isnan(tokens[k]):
                return np.empty(0, dtype=np.int64)
        whole = (tokens == np.round(tokens)) & (tokens >= 0) & (tokens < KEPT)
        return np.where(whole, rank_of[np.where(whole, tokens, 0).astype(int)], -1)

    works = bool(own) and len(draw(prompts()[PROMPTS[0]].logits, 1.0, ALL, 1.0)) > 0
    if own and not works:
        own.trouble += " Until it works you see the exact probabilities alone."

    def model(prompt: str, temperature: float, top_k: int, top_p: float) -> Next:
        return next_state(prompt, temperature, top_k, top_p, draw if works else None)

    ranks = np.arange(1.0, KEPT + 1)
    return Explorer(
        model,
        view=[
            Bars("values", limits=(0, 1), names="names", upright=False, numbers=".3f",
                 ghost="frequencies" if works else "", height=350,
                 title="The next token" + (f" (dashed: {ASKED} draws of yours)" if works else "")),
            Curve(
                Band(1.0, "band_to", colour="blue", label="kept"),
                Guide(y="level", label="top-p", colour="vermilion"),
                Guide(x="most", label="top-k", colour="purple"),
                Line(ranks, "mass"),
                x=(1, 1.3 * KEPT), y=(0, 1.12), x_scale="log", x_at=(1, 3, 10, 30, 100, 300, 1000),
                y_at=(0, 0.2, 0.4, 0.6, 0.8, 1), height=350,
                x_name="most probable tokens, of the 1,000 recorded",
                title="What the first ones have together, before cuts",
            ),
            Curve(
                Label(0.0, 6.0, field="begins", align="left"),
                Label(0.0, np.arange(5.0, 0.0, -1.0), field="texts", align="left", colour="blue"),
                x=(0, 1), y=(0.4, 6.6), x_at=(), y_at=(), height=165, wide=True,
                title="Five texts drawn with these settings, always with the same five rows of random numbers",
            ),
        ],
        prompt=Choice(*PROMPTS),
        temperature=Slider(values=TEMPERATURES, start=1.0, format=".1f"),
        top_k=Choice(options={"all": ALL} | {str(k): k for k in TOP_K if k < ALL}, label="top-k"),
        top_p=Choice(options={"1": 1.0} | {f"{p:g}": p for p in TOP_P if p < 1}, label="top-p"),
        mechanism=Mechanism(
            [Path(__file__).with_suffix(".js")],
            data={
                "prompts": {
                    text: {
                        "names": list(one.names), "logits": one.logits, "texts": list(one.texts),
                        "drawn": [[int(place) for place in row] for row in one.drawn],
                    }
                    for text, one in prompts().items()
                },
                "named": NAMED, "all": ALL,
                "temperatures": list(TEMPERATURES), "top_k": list(TOP_K), "top_p": list(TOP_P),
            },
            own=("frequencies", "says") if works else (),
        ),
        notice=own,
        presets=PRESETS,
    )  # fmt: skip
