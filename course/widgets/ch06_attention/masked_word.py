"""One hidden letter: what a network says that sees both sides of it, and one that sees its left side alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.ch06_attention.train_masked import CONTEXT, FILE, STEP, SYMBOLS, TEXTS, answers_of
from course.widgets.kit import Bars, Choice, Curve, Explorer, Guide, Line, Slider, Tokens

__all__ = ["PRESETS", "TEMPERATURES", "TOP", "Answers", "Hidden", "hidden_state", "masked_word", "recorded_answers"]

Array = NDArray[np.float64]
Network = Mapping[str, Any]
TEMPERATURES = (0.25, 0.5, 0.7, 1.0, 1.5, 2.0, 4.0)
TOP = 5
PLACES: Array = np.arange(1.0, CONTEXT + 1)

_THREE: dict[str, object] = {"text": "about a list", "place": 21, "temperature": 1.0}
PRESETS: dict[str, dict[str, object]] = {
    "how a word begins": {"text": "about a function", "place": 28, "temperature": 1.0},
    "the or three": _THREE,
    "the same, cold": _THREE | {"temperature": 0.25},
    "the same, hot": _THREE | {"temperature": 4.0},
    "inside a word": {"text": "about a function", "place": 8, "temperature": 1.0},
    "sure and wrong": {"text": "about a list", "place": 17, "temperature": 1.0},
    "a word it never read": {"text": "another subject", "place": 6, "temperature": 1.0},
}


@dataclass(frozen=True)
class Answers:
    """Logits of every letter of every text while it is hidden: (CONTEXT, symbols) each."""

    symbols: Sequence[str]
    both: dict[str, Array]


@dataclass(frozen=True)
class Hidden:
    """One text with one letter hidden, and the letters that two networks put in its place."""

    letters: tuple[str, ...]
    chances: Array  # (CONTEXT,) of the right letter, each hidden alone, both sides seen
    focus: float
    both_names: tuple[str, ...]  # the TOP most probable letters
    both: Array
    recorded: Array  # the recorded network on the same letters; NaN where it is the shown one
    both_right: float  # the place of the right letter among them; NaN for none
    left_names: tuple[str, ...]
    left: Array
    left_right: float
    both_bits: Array  # (CONTEXT,) bits that the right letter costs
    left_bits: Array
    place: float
    says: str


@cache
def recorded_answers() -> tuple[Answers, Answers]:
    """What train_masked.py stored: of the network that sees both sides, and of the one that sees the left."""
    with np.load(FILE) as stored:
        both, left = (
            Answers(SYMBOLS, dict(zip(TEXTS, stored[name].astype(np.float64) * STEP, strict=True)))
            for name in ("both", "left")
        )
        return both, left


def shares(logits: Array, temperature: float) -> Array:
    """Softmax over the last axis at a temperature."""
    raised = np.exp((logits - logits.max(axis=-1, keepdims=True)) / temperature)
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def _called(letter: str) -> str:
    return {" ": "␣", "\n": "⏎"}.get(letter, letter)


def _right(answers: Answers, text: str) -> Array:
    """(CONTEXT,) probability of each letter where it is hidden, at temperature 1."""
    p = shares(answers.both[text], 1.0)
    return np.array([p[place, answers.symbols.index(letter)] for place, letter in enumerate(TEXTS[text])])


def _best(answers: Answers, text: str, place: int, temperature: float) -> tuple[tuple[str, ...], Array, float]:
    """The TOP most probable letters, their probabilities, and the place of the right letter among them."""
    p = shares(answers.both[text][place], temperature)
    best = np.argsort(-p, kind="stable")[:TOP]
    names = tuple(answers.symbols[one] for one in best)
    right = TEXTS[text][place]
    return names, p[best], float(names.index(right)) if right in names else np.nan


def hidden_state(text: str, place: int, temperature: float, answers: Answers | None = None) -> Hidden:
    """The letter at a place, from 1 on, of a text; answers of another network than the recorded one."""
    recorded, left = recorded_answers()
    shown = recorded if answers is None else answers
    names, both, both_right = _best(shown, text, place - 1, temperature)
    left_names, left_p, left_right = _best(left, text, place - 1, temperature)
    ghost = np.full(TOP, np.nan)
    if answers is not None:
        p = shares(recorded.both[text][place - 1], temperature)
        ghost = np.array([p[SYMBOLS.index(name)] if name in SYMBOLS else np.nan for name in names])
    chances, left_chances = _right(shown, text), _right(left, text)
    letters = [_called(letter) for letter in TEXTS[text]]
    letters[place - 1] = "?"
    return Hidden(
        letters=tuple(letters),
        chances=chances,
        focus=place - 1.0,
        both_names=tuple(_called(name) for name in names),
        both=both,
        recorded=ghost,
        both_right=both_right,
        left_names=tuple(_called(name) for name in left_names),
        left=left_p,
        left_right=left_right,
        both_bits=-np.log2(chances),
        left_bits=-np.log2(left_chances),
        place=float(place),
        says=_says(text, place, temperature, (names[0], both[0]), (left_names[0], left_p[0]), chances, left_chances),
    )


def _says(text: str, place: int, temperature: float, both: tuple[str, float], left: tuple[str, float],
          chances: Array, left_chances: Array) -> str:  # fmt: skip
    right = TEXTS[text][place - 1]
    at = "" if temperature == 1 else f" at temperature {temperature:g}"
    says = f"Hidden is “{_called(right)}”. With both sides the network says “{_called(both[0])}” ({both[1]:.2f})"
    says += f"{at}, with the left alone “{_called(left[0])}” ({left[1]:.2f}). "
    if place == 1:
        says = f"Hidden is “{_called(right)}”, and nothing stands before it: the left alone knows nothing. "
        says += f"With both sides the network says “{_called(both[0])}” ({both[1]:.2f}){at}. "
    bits = [float(np.mean(-np.log2(one))) for one in (chances, left_chances)]
    return f"{says}Over this text a letter costs {bits[0]:.1f} bits with both sides, {bits[1]:.1f} with the left alone."


def _answers(network: Network) -> Answers | str:
    """The answers of the reader's own network, or what is the matter with it."""
    try:
        symbols = list(network["symbols"])
        parameters, mask_token = network["parameters"], int(network["mask_token"])
        num_heads = int(network["num_heads"])
    except (KeyError, TypeError, ValueError):
        return "needs the entries parameters, symbols, num_heads and mask_token"
    lacking = sorted(set("".join(TEXTS.values())) - set(symbols))
    if lacking:
        return f"has no symbol for “{_called(lacking[0])}”"
    try:
        found = {
            name: answers_of(parameters, text, num_heads, mask_token, symbols)  # type: ignore[arg-type]
            for name, text in TEXTS.items()
        }
    except Exception as error:
        first = (str(error).strip().splitlines() or [""])[0]
        return f"raised {type(error).__name__}: {first}"
    if not all(np.isfinite(one).all() for one in found.values()):
        return "answers with NaN or infinity"
    return Answers(symbols, found)


def masked_word(network: Network | None = None) -> Explorer:
    """Widget of chapter 6: a letter of a short text is hidden, and two networks guess it.

    network  a masked network over characters that you trained with course.transformer: a dict of parameters, symbols,
             num_heads and mask_token; the recorded network stays as dashed bars
    """
    notice, answers = "", None
    if network is not None:
        tried = _answers(network)
        if isinstance(tried, str):
            notice = f"Your network {tried}. You see a recorded one."
        else:
            answers = tried
    return Explorer(
        lambda text, place, temperature: hidden_state(text, place, temperature, answers),
        view=[
            Tokens("letters", "chances", focus="focus", pick="place", wide=True,
                   title="What the right letter gets where it is hidden (click on a letter to hide it)"),
            Bars("both", limits=(0, 1), names="both_names", highlight="both_right", upright=False, height=190,
                 ghost="recorded" if answers is not None else "",
                 title="Seen from both sides; the right letter in vermilion"),
            Bars("left", limits=(0, 1), names="left_names", highlight="left_right", upright=False, height=190,
                 title="Seen from the left alone"),
            Curve(
                Guide(x="place"),
                Line(PLACES, "left_bits", colour="purple", style="dashed", label="left alone"),
                Line(PLACES, "both_bits", colour="blue", label="both sides"),
                x=(1, CONTEXT), y=(0, 24), drag="place", height=200, wide=True, x_at=(1, 8, 16, 24, 32),
                x_name="place of the hidden letter", title="Bits that each letter costs: 1 bit is a chance of one half",
            ),
        ],
        text=Choice(*TEXTS, start="about a function"),
        place=Slider(1, CONTEXT, CONTEXT, start=28, label="hidden letter", format="d"),
        temperature=Slider(values=TEMPERATURES, start=1.0, format="g"),
        notice=notice,
        coarse=("chances", "both", "left", "both_bits", "left_bits"),
        presets=PRESETS,
    )  # fmt: skip
