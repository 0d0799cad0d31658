"""Question of section 1.8, graded by a person: read a plot of the signal's size against depth.

Source: derived in section 1.8.
"""

from __future__ import annotations

from autograder.spec import FreeAnswer

QUESTION = FreeAnswer(
    title="Where the signal died",
    section="1.8",
    points=4,
    minutes=12,
    rubric=(
        "1 point: reads the plot rightly: names the curve that vanishes, the one that explodes and the one "
        "that stays, and says that a straight line on a logarithmic axis means the same factor at every "
        "layer.",
        "1 point: gives the reason: a neuron adds fan_in products, so one layer multiplies the mean square "
        "of the signal by fan_in · variance of the weights, and ReLU lets half of it through.",
        "1 point: concludes the number: the factor is 1 when the variance is 2 / fan_in, and confirms it "
        "with a value from the plot or from an own run (for instance the spread at layer 20 for two "
        "scales).",
        "1 point: says what it means for learning, for the dead and for the exploding curve: outputs that "
        "no longer depend on the input, or numbers that overflow; or, for sigmoid and tanh, saturation and "
        "slopes near zero.",
        "Accept the reasoning with the standard deviation instead of the variance. A description of the "
        "curves without a reason earns the first point only.",
    ),
)
