"""Real pictures turned, scaled and mirrored, and what a network that learnt upright digits reads in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from course.data import mnist, photograph
from course.widgets.kit import (
    Bars,
    Choice,
    Curve,
    Explorer,
    Guide,
    Images,
    Label,
    Line,
    Mechanism,
    Slider,
    StudentFunction,
    Toggle,
    written,
)

from .pictures import Array, augmented, horizontal_flip, rotate, scale

__all__ = [
    "ANGLES",
    "CHANCE",
    "FACTORS",
    "PRESETS",
    "READER",
    "STEP",
    "STRENGTHS",
    "TEST_ROWS",
    "Gallery",
    "Reader",
    "augmentation_gallery",
    "drawn_settings",
    "exchanged",
    "gallery_state",
    "pictures",
    "reader",
]

READER = Path(__file__).with_name("reader.npz")
STEP = 1 / 64  # of its weights, which are kept as whole numbers
ANGLES = tuple(range(-180, 181, 15))
TEST_ROWS = {"a 6": 18, "a 9": 53, "a 3": 71}  # of mnist().x_test: digits that nothing was trained on
PHOTOGRAPH = "a temple"
WIDTH = 48
FACTORS = (0.5, 0.6, 0.7, 0.85, 1.0, 1.2, 1.4, 1.7, 2.0)
STRENGTHS = (0, 10, 20, 30, 45, 60, 90, 135, 180)
DRAWS = 8
CHANCE: Array = np.random.default_rng(4).random((DRAWS, 3)).round(4)
BESIDE = 6  # angles at the right end, above which the name of the other digit stands
DIGITS = tuple("0123456789")
OWN = ("shown", "chances", "draws", "draw_names", "says")
OPERATIONS: dict[str, Callable[..., Array]] = {"rotate": rotate, "scale": scale, "horizontal_flip": horizontal_flip}

_SIX: dict[str, object] = {"picture": "a 6", "degrees": 15, "factor": 1.0, "flip": False, "strength": 10}
PRESETS: dict[str, dict[str, object]] = {
    "a little": _SIX,
    "a 6 becomes a 9": _SIX | {"degrees": 180, "strength": 180},
    "a 9 becomes a 6": _SIX | {"picture": "a 9", "degrees": 180, "strength": 90},
    "a mirrored 3": _SIX | {"picture": "a 3", "degrees": 0, "flip": True, "strength": 0},
    "too large": _SIX | {"picture": "a 9", "degrees": 0, "factor": 1.7, "strength": 20},
    "a mirrored temple": _SIX | {"picture": PHOTOGRAPH, "degrees": 0, "flip": True, "strength": 20},
}


@dataclass(frozen=True)
class Reader:
    """A network that reads digits, trained in record_reader.py.

    turned  (classes, ANGLES, classes) share of the test digits of a class that get each answer when they are turned
    """

    w1: Array
    b1: Array
    w2: Array
    b2: Array
    turned: Array

    def chances(self, picture: Array) -> Array:
        """(10,) what it believes about one picture."""
        hidden = np.maximum(self.w1 @ picture.ravel() + self.b1, 0)
        z = self.w2 @ hidden + self.b2
        powers = np.exp(z - z.max())
        return np.asarray(powers / powers.sum())


@dataclass(frozen=True)
class Gallery:
    """One picture before and after, eight random draws, and what the reader makes of them."""

    shown: Array  # (2, rows, columns), and a third one by the course's own functions where the student's differ
    shown_names: tuple[str, ...]
    chances: Array  # (10,); NaN for a photograph
    label: float
    draws: Array  # (DRAWS, rows, columns)
    draw_names: tuple[str, ...]
    still: Array  # (ANGLES,) share of all test digits of this class that are still read right; NaN for a photograph
    other: Array  # (ANGLES,) share that is read as one other digit, the most frequent one upside down
    still_name: str
    other_name: str
    other_height: float
    angle: float
    says: str


@cache
def reader() -> Reader:
    """The recorded network."""
    with np.load(READER) as stored:
        w1, b1, w2, b2 = (stored[name] * STEP for name in ("w1", "b1", "w2", "b2"))
        return Reader(w1, b1, w2, b2, stored["turned"].astype(np.float64).round(4))


@cache
def pictures() -> dict[str, Array]:
    """Three test digits of MNIST and a photograph in grey, in whole 255ths."""
    test = mnist().x_test
    found = {name: test[row].reshape(28, 28) for name, row in TEST_ROWS.items()}
    return found | {PHOTOGRAPH: np.round(photograph("temple", WIDTH).mean(axis=2) * 255) / 255}


def drawn_settings(strength: float, flip: bool) -> list[tuple[float, float, bool]]:
    """Angle, factor and mirroring of the eight draws: angles up to strength, factors up to 1 + strength / 180."""
    most = 1 + strength / 180
    return [((2 * a - 1) * strength, 1 / most + b * (most - 1 / most), bool(flip and c < 0.5)) for a, b, c in CHANCE]


def exchanged(label: int, answer: int, degrees: int) -> tuple[float, float]:
    """Share of the test digits `label` read as `answer` when turned, and the other way round, turned back.

    Only where both are large do the two digits look alike: a reader that never saw a turned digit takes many a 6 for
    a 4 at 60 degrees, but hardly a 4 for a 6 at -60.
    """
    turned = reader().turned
    there, back = turned[label, ANGLES.index(degrees), answer], turned[answer, ANGLES.index(-degrees), label]
    return float(there), float(back)


def gallery_state(
    picture: str, degrees: float, factor: float, flip: bool, strength: float,
    change: Callable[[Array, float, float, bool], Array] = augmented, verdict: str = "",
) -> Gallery:  # fmt: skip
    """The picture changed in one way, and in eight random ones."""
    before = pictures()[picture]
    settings = (degrees, factor, flip)
    shown = [before, change(before, *settings)]
    names = ["as it is", "changed"]
    if verdict:
        shown.append(augmented(before, *settings))
        names[1:] = ["yours", "ours"]
    draws = np.array([change(before, *one) for one in drawn_settings(strength, flip)])
    digit = picture != PHOTOGRAPH
    label = int(picture[-1]) if digit else -1
    known = reader()
    chances = known.chances(shown[1]) if digit else np.full(10, np.nan)
    answers = [int(known.chances(one).argmax()) for one in draws] if digit else []
    turned = known.turned[label] if digit else np.full((len(ANGLES), 10), np.nan)
    other = int(np.argsort(turned[0] * (np.arange(10) != label))[-1]) if digit else 0
    return Gallery(
        shown=np.array(shown),
        shown_names=tuple(names),
        chances=chances,
        label=float(label) if digit else np.nan,
        draws=draws,
        draw_names=tuple(str(one) for one in answers) if digit else ("",) * DRAWS,
        still=turned[:, label],
        other=turned[:, other],
        still_name=f"still read as {label}" if digit else "no reader for photographs",
        other_name=f"read as {other}" if digit else "",
        other_height=float(turned[-BESIDE:, other].max()) + 0.09 if digit else np.nan,
        angle=float(degrees),
        says=_says(label, settings, strength, chances, answers) + (f" {verdict}" if verdict else ""),
    )


def _says(label: int, settings: tuple[float, float, bool], strength: float, chances: Array, answers: list[int]) -> str:
    degrees, factor, flip = settings
    if label < 0:
        if abs(degrees) > 90:
            return "A temple that stands on its roof: no camera delivers such pictures, so nothing is gained by them."
        if flip:
            return "A mirrored temple is a temple. For a photograph like this one the flip gives a second example."
        return "A temple stays a temple. No network here reads photographs: whether the label lives is for you to see."
    answer = int(chances.argmax())
    says = f"The network reads a {answer} ({written(chances[answer], '.2f')})"
    if answer == label:
        says += ", the label lives."
    else:
        says += f", the {label} has {written(chances[label], '.2f')}."
        there, back = exchanged(label, answer, int(degrees))
        if factor == 1 and not flip and min(there, back) > 0.5:
            says += (
                f" Of all test digits {label}, turned like this, it reads {written(there, '.0%')} as {answer}, and of "
            )
            says += f"the {answer}s, turned back, {written(back, '.0%')} as {label}: the label has died."
        else:
            says += " Has the label died, or is this an example worth learning? That is for you to decide."
    kept = sum(one == label for one in answers)
    drawn = f"{DRAWS} draws of up to {strength}° and a factor up to {written(1 + strength / 180, '.2f')}"
    return f"{says} Of {drawn}, {kept} are read as {label}."


@dataclass(frozen=True)
class Own:
    """The student's three functions; one that does not work is replaced by the course's own."""

    functions: dict[str, StudentFunction]
    working: tuple[str, ...]

    def change(self, image: Array, degrees: float, factor: float, flip: bool) -> Array:
        """As `augmented`, with the student's functions; what comes out NaN is drawn black."""
        changed = self._call("scale", self._call("rotate", image, degrees), factor)
        return np.nan_to_num(self._call("horizontal_flip", changed) if flip else changed)

    def _call(self, name: str, image: Array, *amount: float) -> Array:
        if name not in self.working:
            return OPERATIONS[name](image, *amount)
        return self.functions[name](image, *amount, shape=image.shape)

    def verdict(self) -> str:
        """Which of the functions that work does not do what the course's own does; "" when all do."""
        image = pictures()["a 6"]
        tried: list[tuple[str, list[float]]] = [
            ("rotate", [30.0]), ("scale", [1.4]), ("scale", [0.7]), ("horizontal_flip", [])
        ]  # fmt: skip
        for name, amount in tried:
            if name not in self.working:
                continue
            yours, ours = self._call(name, image, *amount), OPERATIONS[name](image, *amount)
            if np.allclose(yours, ours, atol=1e-6):
                continue
            if name == "rotate" and np.allclose(yours, rotate(image, -30.0), atol=1e-6):
                return "Your rotate turns clockwise; counter-clockwise is right."
            if name == "scale" and np.allclose(yours, scale(image, 1 / amount[0]), atol=1e-6):
                return "Your scale shrinks by a factor above 1; it should enlarge."
            if name == "horizontal_flip" and np.allclose(yours, image[::-1]):
                return "Your horizontal_flip exchanges top and bottom; left and right is right."
            return f"Your {name} gives another picture than ours."
        return ""


def _own(**given: Callable[..., Any] | None) -> Own:
    functions = {name: StudentFunction(function, name) for name, function in given.items()}
    image = pictures()["a 6"]
    for name, amount in {"rotate": [20.0], "scale": [1.2], "horizontal_flip": []}.items():
        functions[name](image, *amount, shape=image.shape)
    working = tuple(name for name, function in functions.items() if function and not function.trouble)
    for function in functions.values():
        if function.trouble:
            function.trouble += " Until it works you see the reference."
    return Own(functions, working)


def augmentation_gallery(
    rotate: Callable[..., Any] | None = None,
    scale: Callable[..., Any] | None = None,
    horizontal_flip: Callable[..., Any] | None = None,
) -> Explorer:
    """Widget of section 8.5: three digits and a photograph, changed as you say and in eight random ways.

    rotate, scale, horizontal_flip  the student's own; where they differ, ours stands beside it
    """
    own = _own(rotate=rotate, scale=scale, horizontal_flip=horizontal_flip)
    verdict = own.verdict()

    def model(picture: str, degrees: float, factor: float, flip: bool, strength: float) -> Gallery:
        change = own.change if own.working else augmented
        return gallery_state(picture, degrees, factor, flip, strength, change, verdict)

    known = reader()
    angles = np.array(ANGLES, dtype=np.float64)
    return Explorer(
        model,
        view=[
            Images("shown", limits=(0, 1), names="shown_names", across=3, title="Before and after"),
            Bars(
                "chances", limits=(0, 1), names=DIGITS, numbers="", highlight="label", height=230,
                title="What the network reads after it; its label in vermilion",
            ),
            Images("draws", limits=(0, 1), names="draw_names", across=4, title="Eight random draws, and the answers"),
            Curve(
                Guide(x="angle"),
                Line(angles, "still", colour="blue"),
                Line(angles, "other", colour="purple", style="dashed"),
                Label(-176.0, 1.11, field="still_name", colour="blue", align="left"),
                Label(176.0, "other_height", field="other_name", colour="purple", align="right"),
                x=(-180, 180), y=(0, 1.2), x_at=(-120, -60, 0, 60, 120), y_at=(0, 0.5, 1), height=230,
                title="All test digits of this class, turned", x_name="degrees",
            ),
        ],
        picture=Choice(*pictures()),
        degrees=Slider(values=ANGLES, start=15, label="turn", unit="°", format="d"),
        factor=Slider(values=FACTORS, start=1.0, label="scale", format="g"),
        flip=Toggle(label="mirror (half of the draws)"),
        strength=Slider(values=STRENGTHS, start=10, label="random draws", unit="°", format="d"),
        mechanism=Mechanism(
            [Path(__file__).with_suffix(".js")],
            data={
                "pictures": pictures(),
                "photograph": PHOTOGRAPH,
                "angles": list(ANGLES),
                "beside": BESIDE,
                "chance": CHANCE,
                "reader": {"w1": known.w1, "b1": known.b1, "w2": known.w2, "b2": known.b2},
                "turned": known.turned,
                "verdict": verdict,
            },
            own=OWN if own.working else (),
        ),
        notice=list(own.functions.values()),
        presets=PRESETS,
    )  # fmt: skip
