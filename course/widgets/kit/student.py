"""The student's own function inside a widget: it may raise, return a wrong shape or NaN, and the picture goes on."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["StudentFunction", "complaint"]


def complaint(error: Exception) -> str:
    """What is the matter with a function that raised this, as the rest of "Your softmax ..."."""
    if isinstance(error, NotImplementedError):
        return "is not written yet"
    first = (str(error).strip().splitlines() or [""])[0]
    return f"raised {type(error).__name__}{': ' if first else ''}{first}"


class StudentFunction:
    """A function that never raises: NaN where the student's has no usable answer, and one line about why.

        own = StudentFunction(sigmoid, "sigmoid")
        y = own(x, shape=x.shape)          # float64, NaN throughout when something went wrong
        Explorer(model, ..., notice=own)   # shows own.trouble in the widget, "" while all is well

    None instead of a function is allowed: every call gives NaN, and there is no trouble.
    """

    def __init__(self, function: Callable[..., Any] | None, name: str) -> None:
        self.function = function
        self.name = name
        self.trouble = ""

    def __bool__(self) -> bool:
        """True when there is a function to call."""
        return self.function is not None

    def __call__(self, *args: Any, shape: tuple[int, ...], **kwargs: Any) -> NDArray[np.float64]:
        """The student's values as float64 of the given shape, from copies of the inputs, without a word printed."""
        nothing = np.full(shape, np.nan)
        if self.function is None:
            return nothing
        copies = [np.array(arg) if isinstance(arg, np.ndarray) else arg for arg in args]
        try:
            with (
                warnings.catch_warnings(),
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(io.StringIO()),
                np.errstate(all="ignore"),
            ):
                warnings.simplefilter("ignore")
                answer = self.function(*copies, **kwargs)
                values = np.asarray(answer, dtype=float)
        except Exception as error:
            return self._fail(nothing, complaint(error))
        if answer is None:
            return self._fail(nothing, "returned None; it needs a return line")
        if values.shape != shape:
            return self._fail(nothing, f"returned shape {values.shape}; expected {shape}")
        broken = int(np.size(values) - np.isfinite(values).sum())
        if broken:
            self._fail(nothing, f"returned NaN or infinity at {broken} of {values.size} values; they are left out")
            return np.where(np.isfinite(values), values, np.nan)
        return values

    def _fail(self, nothing: NDArray[np.float64], trouble: str) -> NDArray[np.float64]:
        # the first trouble is the one worth reading
        self.trouble = self.trouble or f"Your {self.name} {trouble}."
        return nothing
