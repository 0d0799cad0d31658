"""Question of section 9.4, graded by a person: why Adam's first step has the length it has.

Source: derived in section 9.4.
"""

from __future__ import annotations

from autograder.spec import FreeAnswer

QUESTION = FreeAnswer(
    title="The first step",
    section="9.4",
    points=4,
    minutes=10,
    rubric=(
        "1 point: shows that the corrected averages of the first step are g and g² themselves, so that the step is "
        "η · g/|g|, the learning rate with the sign of the gradient, whatever the gradient's size.",
        "1 point: computes the first step without any correction: 0.1 g / √(0.001 g²) is √10 = 3.16 times the rate, "
        "because v starts much further below g² than m below g.",
        "1 point: says which of the two averages makes a missing correction dangerous: v, whose root is too small for "
        "hundreds of steps (about 1/(1 − β₂)), so that the steps are too long; a missing correction of m makes them "
        "too short.",
        "1 point: names one exception or limit: a gradient of the size of eps, a gradient of exactly 0, or the second "
        "step, where gradients of different signs or sizes give another length.",
        "Do not deduct for other betas when the calculation is right.",
    ),
)
