"""Question of section 2.6, graded by a person: what a gradient check cannot see.

Source: derived in section 2.6.
"""

from __future__ import annotations

from autograder.spec import FreeAnswer

QUESTION = FreeAnswer(
    title="Wrong together",
    section="2.6",
    points=4,
    minutes=10,
    rubric=(
        "1 point: says what a gradient check compares: the backward pass with differences of the forward pass, "
        "both of the same program.",
        "1 point: concludes that a forward pass which computes another function, with the right gradient of that "
        "function, passes the check; names the ReLU that is missing in both directions or another example.",
        "1 point: says what finds such a fault: comparing the forward pass with something independent (a reference, "
        "a library, a value computed by hand).",
        "1 point: says why the check is still worth having: it finds every fault of the backward pass alone, and shows "
        "where it lies (gradients of the layers after the fault are right, those before it are wrong).",
    ),
)
