"""What a submission may try, by class of attack.  Each attempt has a twin in which the right answer wins."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.judge import tiny

Scores = Callable[[Mapping], dict[str, float]]
FULL = {"double": 4.0, "shifted": 2.0, "ordered": 2.0}
NOTHING = {"double": 0.0, "shifted": 0.0, "ordered": 0.0}
WRONG = {name: f"def {name}(x):\n    return np.full(3, 7.0)" for name in tiny.RIGHT}
"""Functions that are written and wrong."""
