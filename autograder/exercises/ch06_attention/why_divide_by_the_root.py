"""Question of section 6.2, graded by a person: why scores are divided by the root of the keys' size.

Source: Vaswani et al. 2017, "Attention is all you need", section 3.2.1.
"""

from __future__ import annotations

from autograder.spec import FreeAnswer

QUESTION = FreeAnswer(
    title="Why divide by the root",
    section="6.2",
    points=4,
    minutes=10,
    rubric=(
        "1 point: says that a sum of 64 independent products, each of variance 1, has variance 64, so that the scores "
        "are about 8 in size, and that dividing by the root, and by it alone, makes the variance 1 whatever d_k is.",
        "1 point: without the division, with numbers: differences of 8 and more give nearly everything to one of the 8 "
        "keys (on average about 0.88), the softmax's slopes A·(1 − A) are close to 0 (about 0.02), so hardly any "
        "gradient reaches queries and keys, and the network stays with what chance chose.",
        "1 point: divided by 64, with numbers: scores of about 1/8, weights that are nearly even (the largest about "
        "0.15 where 0.125 is even), so that the layer begins as a plain average, the more so the larger d_k is.",
        "1 point: says that sharp weights are allowed after training: queries and keys may grow longer or turn towards "
        "each other; the root is about where training begins.",
    ),
)
