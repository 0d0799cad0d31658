"""Question of section 8.7, graded by a person: a remedy is an assumption.

Source: the experiments of section 8.7.
"""

from __future__ import annotations

from autograder.spec import FreeAnswer

QUESTION = FreeAnswer(
    title="A remedy that hurts",
    section="8.7",
    points=4,
    minutes=12,
    rubric=(
        "1 point: says that the validation accuracy counts and not the gap: it fell from 84 % to 70 %, and the gap "
        "closed because training became worse; that is underfitting.",
        "1 point: says what assumption each remedy makes: that mirrored or turned pictures keep their label, that many "
        "small weights are better than a few large ones, that no neuron may rely on another one, or that the early "
        "epochs learn what is general.",
        "1 point: says with an example why the horizontal flip hurts here (mirrored characters are other "
        "characters, or none that will ever be seen), and proposes what fits: shifts, small angles and factors.",
        "1 point: proposes a fair comparison: validation set, several seeds and their spread, one change at a time, "
        "the test set once at the end.",
    ),
)
