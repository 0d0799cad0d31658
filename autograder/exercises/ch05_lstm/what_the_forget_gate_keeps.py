"""Question of section 5.7, graded by a person: why a forget gate near 1 remembers and others do not.

Source: derived in sections 5.5 and 5.7.
"""

from __future__ import annotations

from autograder.spec import FreeAnswer

QUESTION = FreeAnswer(
    title="What the forget gate keeps",
    section="5.7",
    points=4,
    minutes=10,
    rubric=(
        "1 point: says that along the memory the gradient is multiplied by the forget gate, once for every step, and "
        "by nothing else.",
        "1 point: shows with numbers what that gives over 50 steps: a forget bias of 0, so a gate of 0.5, leaves "
        "9e-16; a bias of 3, so a gate of about 0.95, leaves about 0.09.",
        "1 point: contrasts it with the RNN, where every step multiplies by weight_hh and by the slope of tanh (such "
        "as 0.9 to the power of 50 = 0.005 at best), and where that cannot be held near 1 for the memory alone.",
        "1 point: names the remedy, to start with a forget bias of 3 or more, and where it ends: over 1,000 steps 0.95 "
        "leaves nothing, or a gate near 1 keeps noise, too, until it is learned when to forget.",
    ),
)
