"""How well an exercise tells strong submissions from weak ones, where the class is large enough to say so."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

__all__ = ["EACH_SIDE", "ENOUGH", "discrimination"]

ENOUGH = 30
"""The least number of judged submissions for which an index is given."""

EACH_SIDE = 5
"""And the least number of them that must have passed, and must have failed."""


def discrimination(passed: Sequence[float], rest: Sequence[float]) -> float | None:
    """The point-biserial correlation of passing an exercise (0 or 1) with the score in the rest of the chapter.

    passed and rest run in parallel, one for each judged submission.  The exercise's own points are not in the rest:
    they would go together with passing in any case.  None where the class is too small or too much of one mind, or
    where everybody has the same score in the rest.
    """
    yes = sum(passed)
    if len(rest) < ENOUGH or yes < EACH_SIDE or len(passed) - yes < EACH_SIDE:
        return None
    try:
        return round(statistics.correlation(passed, rest), 4)
    except statistics.StatisticsError:
        return None
