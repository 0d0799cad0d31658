"""Exercise of section 4.9: how much of two boxes is common, for every pair.

Source: Jaccard 1912, "The distribution of the flora in the alpine zone"; Everingham, Van Gool, Williams, Winn and
Zisserman 2010, "The PASCAL visual object classes (VOC) challenge", section 4.2.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.exercises.ch04_cnn._boxes import overlaps
from autograder.spec import Case, Exercise, Misconception


def reference(boxes_a, boxes_b):
    """The plane cut along the edges of all boxes, and its cells counted with their areas."""
    return overlaps(boxes_a, boxes_b)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One pair, unequal and equal numbers of boxes, every way to lie apart, one inside the other, no area at all."""
    corner = rng.uniform(0, 50, 2)
    yield Case(
        "one pair", {"boxes_a": _box(corner, (30, 20)), "boxes_b": _box(corner + rng.uniform(3, 12, 2), (25, 35))}
    )
    yield Case("two boxes and four", {"boxes_a": _boxes(rng, 2), "boxes_b": _boxes(rng, 4)})
    yield Case("three boxes and three", {"boxes_a": _boxes(rng, 3), "boxes_b": _boxes(rng, 3)})
    steps = np.array([(-1, 0), (1, 0), (0, -1), (0, 1), (1, 1), (-1, 1)]) * rng.uniform(25, 60, (6, 2))
    apart = np.concatenate([_box(corner + step, (20, 22)) for step in steps])
    yield Case("side by side, never touching", {"boxes_a": _box(corner, (18, 21)), "boxes_b": apart})
    outer, inner = rng.uniform(36, 50, 2), rng.uniform(8, 17, 2)
    inside = np.concatenate([_box(corner, outer), _box(corner + rng.uniform(3, 18, 2), inner)])
    yield Case("one inside the other, and itself", {"boxes_a": inside, "boxes_b": inside.copy()})
    empty = np.concatenate([_box(corner, (0, 0)), _box(corner - 5, (0, 12)), _box(corner - 5, (21, 14))])
    yield Case("boxes without area", {"boxes_a": empty, "boxes_b": empty[:2].copy()})


def _box(corner: np.ndarray, sides: np.ndarray | tuple[float, float]) -> np.ndarray:
    return np.concatenate([corner, corner + sides])[None]


def _boxes(rng: np.random.Generator, count: int) -> np.ndarray:
    """Boxes of about 40 pixels around about the same place, so that most of them meet."""
    corners = rng.uniform(0, 30, (count, 2))
    return np.concatenate([corners, corners + rng.uniform(20, 60, (count, 2))], axis=1)


def _sides(boxes_a, boxes_b):
    """Width and height of what every pair shares; negative where it does not meet."""
    a, b = boxes_a[:, None], boxes_b[None]
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    return high[..., 0] - low[..., 0], high[..., 1] - low[..., 1]


def _areas(boxes):
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def _ratio(shared, union):
    """0 where the union is empty."""
    return np.where(union != 0, shared / np.where(union != 0, union, 1.0), 0.0)


def _shared(boxes_a, boxes_b):
    width, height = _sides(boxes_a, boxes_b)
    return np.maximum(width, 0) * np.maximum(height, 0)


def _union(boxes_a, boxes_b, shared):
    return _areas(boxes_a)[:, None] + _areas(boxes_b) - shared


def negative_sides_not_cut(boxes_a, boxes_b):
    """Multiplies width and height as they are; two negative ones give an area."""
    width, height = _sides(boxes_a, boxes_b)
    return _ratio(width * height, _union(boxes_a, boxes_b, width * height))


def product_cut_instead_of_the_sides(boxes_a, boxes_b):
    """Cuts the area at 0, and not its sides: two negative sides give a positive area."""
    width, height = _sides(boxes_a, boxes_b)
    shared = np.maximum(width * height, 0)
    return _ratio(shared, _union(boxes_a, boxes_b, shared))


def distance_taken_for_a_side(boxes_a, boxes_b):
    """Takes the absolute value of width and height."""
    width, height = _sides(boxes_a, boxes_b)
    shared = np.abs(width) * np.abs(height)
    return _ratio(shared, _union(boxes_a, boxes_b, shared))


def shared_part_counted_twice(boxes_a, boxes_b):
    """Divides by the sum of both areas."""
    return _ratio(_shared(boxes_a, boxes_b), _union(boxes_a, boxes_b, 0.0))


def over_the_smaller_box(boxes_a, boxes_b):
    """Divides by the smaller of both areas."""
    return _ratio(_shared(boxes_a, boxes_b), np.minimum(_areas(boxes_a)[:, None], _areas(boxes_b)))


def over_the_first_box(boxes_a, boxes_b):
    """Divides by the area of the box of boxes_a."""
    shared = _shared(boxes_a, boxes_b)
    return _ratio(shared, np.broadcast_to(_areas(boxes_a)[:, None], shared.shape))


def over_the_enclosing_box(boxes_a, boxes_b):
    """Divides by the smallest box that holds both."""
    a, b = boxes_a[:, None], boxes_b[None]
    sides = np.maximum(a[..., 2:], b[..., 2:]) - np.minimum(a[..., :2], b[..., :2])
    return _ratio(_shared(boxes_a, boxes_b), sides[..., 0] * sides[..., 1])


def twice_the_shared_part_over_the_sum(boxes_a, boxes_b):
    """Gives the Dice coefficient."""
    return _ratio(2 * _shared(boxes_a, boxes_b), _union(boxes_a, boxes_b, 0.0))


def boxes_of_pixels(boxes_a, boxes_b):
    """Adds 1 to every side, as if the last pixel belonged to the box."""
    wider = np.array([0.0, 0.0, 1.0, 1.0])
    wider_a, wider_b = boxes_a + wider, boxes_b + wider
    shared = _shared(wider_a, wider_b)
    return _ratio(shared, _union(wider_a, wider_b, shared))


def corner_and_size(boxes_a, boxes_b):
    """Reads a box as corner, width and height."""
    read_a = np.concatenate([boxes_a[:, :2], boxes_a[:, :2] + boxes_a[:, 2:]], axis=1)
    read_b = np.concatenate([boxes_b[:, :2], boxes_b[:, :2] + boxes_b[:, 2:]], axis=1)
    shared = _shared(read_a, read_b)
    return _ratio(shared, _union(read_a, read_b, shared))


def only_boxes_of_the_same_row(boxes_a, boxes_b):
    """Compares box k with box k, or the only box of one side with all of the other."""
    a, b = np.broadcast_arrays(boxes_a, boxes_b)
    low, high = np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    return _ratio(shared, _areas(a) + _areas(b) - shared)


def rows_and_columns_swapped(boxes_a, boxes_b):
    """Returns (B, A)."""
    shared = _shared(boxes_b, boxes_a)
    return _ratio(shared, _union(boxes_b, boxes_a, shared))


def divided_by_an_empty_union(boxes_a, boxes_b):
    """Divides 0 by 0 where both boxes are empty."""
    shared = _shared(boxes_a, boxes_b)
    with np.errstate(all="ignore"):
        return shared / _union(boxes_a, boxes_b, shared)


EXERCISE = Exercise(
    number=12,
    title="Intersection over union",
    section="4.9",
    points=3,
    minutes=15,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            negative_sides_not_cut,
            hint="Two boxes lie apart: which sign have the width and the height of what they share in your code? And "
            "their product?",
        ),
        Misconception(
            product_cut_instead_of_the_sides,
            hint="Two boxes lie apart diagonally: which sign have the width and the height of what they share in your "
            "code? And their product?",
        ),
        Misconception(
            distance_taken_for_a_side,
            hint="Move two boxes ever further apart. Does what they share grow in your code?",
        ),
        Misconception(
            shared_part_counted_twice,
            hint="What should a box have with itself? What does your function say?",
        ),
        Misconception(
            over_the_smaller_box,
            hint="A small box lies inside of a large one. Do they cover the same area? What does your function say?",
        ),
        Misconception(
            over_the_first_box,
            hint="Swap the two boxes: should the result change? What does your function say?",
        ),
        Misconception(
            over_the_enclosing_box,
            hint="Two boxes overlap at a corner: which parts of the box around them does neither of them cover?",
        ),
        Misconception(
            twice_the_shared_part_over_the_sum,
            hint="A box and its left half: what is shared, what is covered together, and what does your function say?",
        ),
        Misconception(
            boxes_of_pixels,
            hint="How wide is a box with x0 = 2 and x1 = 5, if the numbers are places on a ruler?",
        ),
        Misconception(corner_and_size, hint="Where does a box with x0 = 10 and x1 = 30 end? How wide is it?"),
        Misconception(
            only_boxes_of_the_same_row,
            hint="Two boxes and four boxes: how many pairs are there, and how many numbers do you return?",
        ),
        Misconception(rows_and_columns_swapped, hint="Which axis of the result stands for boxes_a?"),
        Misconception(
            divided_by_an_empty_union,
            hint="Both boxes have no area. What do you divide by, and what does the exercise ask for then?",
        ),
    ),
    hints=(
        "Begin with two boxes on paper. The part that they share is a box, too: where are its corners?",
        "The shared box begins at the larger of the two beginnings and ends at the smaller of the two ends, along each "
        "axis. A side below 0 means that they do not meet. For all pairs at once, let (A, 1, 4) meet (1, B, 4).",
        "w = max(0, min(x1) − max(x0)), h likewise;  IoU = w · h / (area_a + area_b − w · h).",
        "(0, 0, 4, 2) and (2, 1, 6, 3): w = 4 − 2 = 2, h = 2 − 1 = 1, areas 8 and 8: 2 / (8 + 8 − 2) = 0.143.",
    ),
    convention="Corners are places on a ruler: a box from 2 to 5 is 3 wide. (Some old code counts pixels, and says 4.)",
)
