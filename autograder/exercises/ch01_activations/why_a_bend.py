"""Question of section 1.3, graded by a person: why a deep network needs activation functions.

Source: derived in section 1.3.
"""

from __future__ import annotations

from autograder.spec import FreeAnswer

QUESTION = FreeAnswer(
    title="Why a network needs a bend",
    section="1.3",
    points=4,
    minutes=10,
    rubric=(
        "1 point: says that two layers without activation are again of the form x Aᵀ + c, that is one linear layer.",
        "1 point: shows it, in symbols or numbers: A = W₂ W₁ and c = W₂ b₁ + b₂ (for column vectors, or the "
        "same in the layout x Wᵀ + b). A statement without a calculation does not earn this point.",
        "1 point: draws the consequence for any depth: the boundary between two classes stays a straight "
        "line (a plane), so XOR or another named example cannot be solved, however many layers there are.",
        "1 point: says what the bend changes: with a non-linear function in between, the product of the "
        "matrices can no longer be taken, and the layers can fold or bend the plane. “It adds "
        "non-linearity” alone does not earn this point.",
        "Do not deduct for language or for another correct notation. Do not give the second point for W₁ W₂ "
        "in the wrong order.",
    ),
)
