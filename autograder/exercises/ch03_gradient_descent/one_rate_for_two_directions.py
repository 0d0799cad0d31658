"""Question of section 3.3, graded by a person: why a narrow valley is slow.

Source: derived in section 3.3.
"""

from __future__ import annotations

from autograder.spec import FreeAnswer

QUESTION = FreeAnswer(
    title="One rate for two directions",
    section="3.3",
    points=4,
    minutes=10,
    rubric=(
        "1 point: says that each direction shrinks by its own factor, 1 − η times its curvature, at every step.",
        "1 point: says that the steep direction sets the limit: η must stay below 2 / 100, or it runs away.",
        "1 point: shows with numbers that the flat direction then takes long: with a rate of about 0.02 it keeps about "
        "0.98 of its error a step, so about a hundred steps or more for a large part of it.",
        "1 point: names a remedy and why it works: momentum (adds up along the flat direction and cancels across), "
        "standardised features (make the curvatures alike), or a rate for each parameter.",
    ),
)
