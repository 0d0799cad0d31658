"""A course of one tiny chapter, for tests of the book: two exercises, a question, a figure and a widget."""

from __future__ import annotations

from pathlib import Path

from autograder.release.build import Places

__all__ = ["STEM", "places", "tiny"]

STEM = "ch01_tiny"

MASTER = '''\
# %% [markdown]
# # Chapter 1: Halves and doubles
#
# We write two functions. Half of $x$ is $x / 2$:
#
# $$y = \\\\frac{x}{2}$$
#
# **What you need.** Nothing.

# %%
import matplotlib.pyplot as plt
import numpy as np

from course.widgets.kit import Curve, Explorer, Line, Slider


def check(function):
    """Stands in for the course's check."""
    print("the check of", function.__name__, "says", 77000 + 131)


# %% [markdown]
# ## 1.1 Halves
#
# The word for it is antidoubling.
#
# **Exercise 1.1: Halve** (5 minutes, easy, 2 points)
#
# Give half of it, "exactly".


# %%
def halve(x):
    """Half of x, any shape."""
    ### BEGIN SOLUTION
    secret_half_of_it = 0.5 * x  # the factor's inverse
    return secret_half_of_it
    ### END SOLUTION


# %%
check(halve)

# %% [markdown]
# **My prediction:** …

# %%
from dataclasses import dataclass

T = np.linspace(0, 1, 5)


@dataclass(frozen=True)
class Ray:
    """A line."""

    y: np.ndarray
    says: str


def ray(slope):
    """A line of some slope."""
    return Ray(halve(2 * slope * T), f"The slope is {slope:.0f}.")


Explorer(ray, [Curve(Line(T, "y"), x=(0, 1), y=(0, 4))], slope=Slider(1, 4, 4, start=1))

# %%
plt.plot([0, 1], [0, halve(1)])
plt.show()

# %% [markdown]
# *What to notice:* the line rises by a half.
#
# **Question: Why not both** (7 minutes, 4 points)
#
# Why is a half of a double the same? With $a$ as factor: $$a \\cdot b = 1$$ And in words?

# %% why_not_both [markdown]
# ### BEGIN SOLUTION
# Because the product of the two factors is one, whatever the order.
# ### END SOLUTION

# %% [markdown]
# ## 1.2 What you take along
#
# | letter | in code | holds |
# |---|---|---|
# | $y$ | `y` | the half |
#
# | word | meaning |
# |---|---|
# | half, double $d$ | one of two equal parts; two of them |
# | antidoubling | halving |
'''

EXERCISE = '''\
from autograder.spec import Exercise, Misconception

def halves_by_taking_one_away(x):
    """One is subtracted instead of dividing by two."""
    return x - 1

EXERCISE = Exercise(
    number=1, title="Halve", section="1.1", points=2, minutes=5, difficulty="easy",
    reference=abs, cases=iter,
    misconceptions=(Misconception(halves_by_taking_one_away, hint="How much is a half of one, in tenths?"),),
    hints=("A nudge about halves of it.", "Look at section 1.1 again.", "The formula is x / 2 there.", "3 is 1.5."),
)
'''

QUESTION = """\
from autograder.spec import FreeAnswer

QUESTION = FreeAnswer(
    title="Why", section="1.2", points=4, minutes=7, rubric=("names the product of the factors",)
)
"""


def tiny(root: Path) -> Path:
    """Write the course; gives the folder of its exercises, for autograder.engine.catalogue.EXERCISES."""
    exercises = root / "autograder" / "exercises"
    for folder in (exercises / STEM, places(root).masters, root / "course"):
        folder.mkdir(parents=True)
    places(root).master(STEM).write_text(MASTER.replace("\\\\", "\\"), "utf-8")
    (exercises / STEM / "halve.py").write_text(EXERCISE, "utf-8")
    (exercises / STEM / "why_not_both.py").write_text(QUESTION, "utf-8")
    row = f"| [1 Halves]({STEM}/{STEM}.ipynb) | a half & more | 1 |"
    (root / "course" / "README.md").write_text(f"| chapter | you build | hours |\n|---|---|---|\n{row}\n", "utf-8")
    return exercises


def places(root: Path) -> Places:
    """The course's places."""
    return Places(root)
