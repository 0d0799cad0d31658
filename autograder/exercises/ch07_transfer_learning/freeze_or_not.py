"""Question of section 7.9, graded by a person: what to freeze, for three people with the same network.

Source: the experiments of chapter 7.
"""

from __future__ import annotations

from autograder.spec import FreeAnswer

QUESTION = FreeAnswer(
    title="Freeze or not?",
    section="7.9",
    points=4,
    minutes=12,
    rubric=(
        "1 point: Ana has few labels and pictures like those of the first training: a new head on a frozen body in "
        "evaluation mode (features computed once), because 60 labels cannot hold millions of parameters.",
        "1 point: Ben has many labels and a task that is far away: train everything, perhaps with smaller rates "
        "towards the input, and let batch norm learn the new statistics; says that training from scratch may be as "
        "good or better, since transfer can hurt.",
        "1 point: Chi must keep the old task: freeze the body and give each task a head of its own, or train gently "
        "(small rates, few layers, old examples mixed in), and measure the old task before and after.",
        "1 point: says how one would know: a comparison with training from scratch and with the frozen body, on "
        "validation examples that were not used for training, over several draws of the labels with their spread.",
    ),
)
