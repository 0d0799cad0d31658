"""Forecasts of the yearly sunspots: a small trained LSTM beside persistence and a linear autoregression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.data import sunspots
from course.widgets.ch05_lstm.cells import lstm_forward as reference
from course.widgets.ch05_lstm.train_sunspots import FIRST_TEST, SCALE, WINDOW, windows
from course.widgets.kit import Band, Bars, Curve, Dot, Explorer, Line, Slider, StudentFunction, Time

__all__ = ["AHEAD", "METHODS", "PRESETS", "Forecast", "errors", "forecast_state", "forecaster", "forecasts"]

Array = NDArray[np.float64]
AHEAD = (1, 2, 3, 5, 8, 11, 15, 20)
LONGEST = AHEAD[-1]
YEARS = range(FIRST_TEST, 2009)
METHODS = ("persistence", "AR(20)", "LSTM")

PRESETS: dict[str, dict[str, object]] = {
    "one year ahead": {"ahead": 1, "year": 1975},
    "the highest peak": {"ahead": 3, "year": 1957},
    "a whole cycle ahead": {"ahead": 11, "year": 1989},
    "free for twenty years": {"ahead": 20, "year": 1980},
}


@dataclass(frozen=True)
class Forecast:
    """Forecasts of one year, made `ahead` years before it: each goes on from its own forecasts."""

    x: Array  # (LONGEST + 1,) the last known year and those that are forecast; NaN beyond the year
    persistence: Array
    autoregression: Array
    lstm: Array
    history: Array  # (69,) the LSTM's forecast of every year, made as long before
    right: Array  # the course's own LSTM; NaN where there is no student's
    window_from: float
    window_to: float
    year: float
    truth: float
    error: Array  # (3,) root mean square over the 69 years, of METHODS
    right_error: Array
    accent: float
    says: str


@cache
def _series() -> tuple[Array, Array]:
    data = sunspots()
    return data.year.astype(float), data.number


@cache
def _recorded() -> list[Array]:
    with np.load(Path(__file__).with_name("sunspots.npz")) as stored:
        return [np.asarray(stored[name], dtype=np.float64) for name in stored.files]


@cache
def _coefficients() -> Array:
    """The least-squares autoregression on the windows that the LSTM learned from; the last one is the constant."""
    x, target = windows()
    return np.asarray(np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), target, rcond=None)[0])


def _persistence(x: Array) -> Array:
    return x[:, -1]


def _autoregression(x: Array) -> Array:
    return np.asarray(np.column_stack([x, np.ones(len(x))]) @ _coefficients())


def _network(x: Array, lstm_forward: Callable[..., Any]) -> Array:
    *lstm, weight_out, bias_out = _recorded()
    zeros = np.zeros((len(x), len(weight_out)))
    hs, _cs = lstm_forward(x[:, :, None], zeros, zeros, *lstm)
    return np.asarray(hs[:, -1] @ weight_out + bias_out)


def _free(step: Callable[[Array], Array]) -> Array:
    """Forecasts from every origin: (origins, LONGEST), each from the twenty years before, its own ones included.

    The first origin is the year before FIRST_TEST - LONGEST + 1, the last one the year before the last of the series.
    """
    years, numbers = _series()
    origins = np.arange(FIRST_TEST - LONGEST, YEARS[-1]) - int(years[0])
    x = np.stack([numbers[origin - WINDOW + 1 : origin + 1] for origin in origins]) / SCALE
    found = []
    for _ in range(LONGEST):
        found.append(step(x))
        x = np.column_stack([x[:, 1:], found[-1]])
    return SCALE * np.stack(found, axis=1)


def forecasts(lstm_forward: Callable[..., Any] = reference) -> dict[str, Array]:
    """The forecasts of each method: (origins, LONGEST); the first origin is FIRST_TEST - LONGEST."""
    steps = _persistence, _autoregression, lambda x: _network(x, lstm_forward)
    return {name: _free(step) for name, step in zip(METHODS, steps, strict=True)}


def errors(found: Array) -> Array:
    """Root mean square over the 69 years from FIRST_TEST on, for each number of years ahead: (LONGEST,).

    No method has seen a year that is forecast; some of the years that lie between were fitted, for all methods alike.
    """
    years, numbers = _series()
    made = np.array([_aligned(found, ahead) for ahead in range(1, LONGEST + 1)])
    return np.asarray(np.sqrt(np.mean((made - numbers[years >= FIRST_TEST]) ** 2, axis=1)))


def _aligned(found: Array, ahead: int) -> Array:
    """The forecasts of the 69 years, each made so many years before it."""
    first = LONGEST - ahead  # the row of the first origin
    return found[first : first + len(YEARS), ahead - 1]


def forecast_state(ahead: int, year: int, found: dict[str, Array] | None = None) -> Forecast:
    """The forecasts of one year; found: as `forecasts` gives them."""
    made = forecasts() if found is None else found
    return _shown(ahead, year, made, {name: errors(one) for name, one in made.items()})


def _shown(
    ahead: int, year: int, made: dict[str, Array], missed: dict[str, Array], own: Array | None = None
) -> Forecast:
    years, numbers = _series()
    origin = year - ahead
    row, start = origin - (FIRST_TEST - LONGEST), numbers[origin - int(years[0])]

    def path(found: Array) -> Array:
        whole = np.concatenate([[start], found[row]])
        whole[ahead + 1 :] = np.nan
        return whole

    x = origin + np.arange(LONGEST + 1.0)
    right = path(made["LSTM"])
    truth = float(numbers[year - int(years[0])])
    error = np.array([missed[name][ahead - 1] for name in METHODS])
    shown = right
    right_error = np.full(3, np.nan)
    if own is not None:
        shown = path(own)
        right_error = error.copy()
        error = np.append(error[:2], errors(own)[ahead - 1])
    return Forecast(
        x=np.where(x <= year, x, np.nan),
        persistence=path(made["persistence"]),
        autoregression=path(made["AR(20)"]),
        lstm=shown,
        history=_aligned(made["LSTM"] if own is None else own, ahead),
        right=right if own is not None else np.full(LONGEST + 1, np.nan),
        window_from=float(origin - WINDOW + 1),
        window_to=float(origin),
        year=float(year),
        truth=truth,
        error=error,
        right_error=right_error,
        accent=METHODS.index("LSTM"),
        says=_says(ahead, year, truth, shown[ahead], right[ahead], error),
    )


def _says(ahead: int, year: int, truth: float, lstm: float, right: float, error: Array) -> str:
    when = f"{ahead} year{'s' if ahead > 1 else ''}"
    says = f"{year}, {when} ahead: the LSTM says {max(lstm, 0.0):.0f}, it was {truth:.0f}."
    if abs(lstm - right) > 1e-3:
        return f"{says} Your lstm_forward gives {lstm:.1f} where {right:.1f} is right."
    lazy, linear, network = error
    over = f"Over 69 years it misses by {network:.1f}, AR(20) by {linear:.1f}, repeating the last value by {lazy:.1f}"
    if abs(network - linear) < 2:
        verdict = "level with a weighted sum of twenty numbers"
    elif network < linear:
        verdict = "it keeps the beat of the cycle for longer"
    else:
        verdict = "the linear model is better"
    return f"{says} {over}: {verdict}."


def forecaster(lstm_forward: Callable[..., Any] | None = None) -> Explorer:
    """Widget of section 5.9: sunspots forecast from the twenty years before, one year or many years ahead.

    lstm_forward  the student's own runs the recorded network; its right forecasts stay as a dashed line
    """
    own = StudentFunction(lstm_forward, "lstm_forward")
    made = forecasts()
    missed = {name: errors(one) for name, one in made.items()}
    yours: Array | None = None
    if own:

        def run(x: Array, *rest: Array) -> Array:
            return own(x, *rest, shape=(2, *x.shape[:2], rest[0].shape[1]))

        tried = _free(lambda x: _network(x, run))
        yours = tried if np.isfinite(tried).all() else None
    ghost = [Line("x", "right", style="ghost", colour="ghost")] if yours is not None else []
    years, numbers = _series()
    return Explorer(
        lambda ahead, year: _shown(ahead, year, made, missed, yours),
        view=[
            Curve(
                Band("window_from", "window_to", colour="blue", label="what it reads"),
                Line(years, numbers, colour="ink", width=1.25),
                Line(np.arange(YEARS[0], YEARS[-1] + 1.0), "history", colour="vermilion", width=1.0, until="year"),
                Line("x", "persistence", colour="green", style="dashed", width=1.5, label="persistence"),
                Line("x", "autoregression", colour="blue", style="dashed", width=1.75, label="AR(20)"),
                *ghost,
                Line("x", "lstm", colour="vermilion", width=2.75, label="LSTM"),
                Dot("year", "truth", colour="ink", size=5, hollow=True),
                x=(1900, 2010), y=(-10, 200), height=300, wide=True,
                title="Sunspots of each year; thin: the LSTM's past forecasts",
            ),
            Bars(
                "error", limits=(0, 100), names=METHODS, numbers=".1f", ghost="right_error" if ghost else "",
                highlight="accent", upright=False, height=150, wide=True,
                title="Root mean square error of the last 69 years",
            ),
        ],
        ahead=Slider(values=AHEAD, start=1, label="years ahead", format="d"),
        year=Time(len(YEARS), first=YEARS[0], start=35, label="year", seconds=12),
        coarse=("persistence", "autoregression", "lstm", "history", "right"),
        notice=own,
        presets=PRESETS,
    )  # fmt: skip
