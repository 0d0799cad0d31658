"""Question of section 4.8, graded by a person: what it means to use one kernel everywhere.

Source: LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document recognition", section II.
"""

from __future__ import annotations

from autograder.spec import FreeAnswer

QUESTION = FreeAnswer(
    title="Why share weights",
    section="4.8",
    points=4,
    minutes=10,
    rubric=(
        "1 point: says what is saved, with numbers: a layer of the chapter's network has (C_in · K_h · K_w + 1) · "
        "C_out parameters whatever the size of the picture; a fully connected layer between the same arrays has a "
        "number that grows with both sizes.",
        "1 point: says what is assumed: a pattern that is useful at one place is useful at every other one "
        "(a shifted picture gives a shifted output), and what belongs together lies close together.",
        "1 point: reads the experiment: with one fixed permutation of the pixels the fully connected network stays as "
        "good as it was, and the convolutional one loses, because neighbours are no neighbours any more; nothing else "
        "about the data has changed.",
        "1 point: names data where place matters or neighbourhood means nothing, and says why: columns of a table, "
        "aligned faces with a part at a fixed place, a spectrum whose bins mean different things.",
    ),
)
