"""Exercise of section 4.9: of boxes that overlap, the best one stays.

Source: Neubeck and Van Gool 2006, "Efficient non-maximum suppression"; Felzenszwalb, Girshick, McAllester and Ramanan
2010, "Object detection with discriminatively trained part-based models", section 7.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch04_cnn._boxes import overlaps
from autograder.spec import Case, Exercise, Misconception


def reference(boxes, scores, threshold):
    """All boxes at once: guess who stays, let those suppress, and repeat until nothing changes any more.

    The box of rank k is settled after k rounds, because only better boxes decide about it.
    """
    import torch

    order = torch.argsort(scores, descending=True)
    suppresses = torch.triu(overlaps(boxes[order], boxes[order]) > threshold, diagonal=1)
    stays = torch.ones(len(order), dtype=torch.bool, device=boxes.device)
    for _ in range(len(order)):
        stays = ~torch.any(suppresses & stays[:, None], dim=0)
    return order[stays]


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Two boxes, a chain, an overlap of exactly the threshold, groups of boxes with low and high thresholds."""
    pair = np.array([[0.0, 0.0, 10.0, 10.0], [1.0, 0.0, 11.0, 10.0], [30.0, 5.0, 38.0, 15.0]])
    yield Case("two that overlap, one apart", _inputs(rng, pair, [0.3, 0.9, 0.6], 0.5))
    # Neighbours overlap by 6 / 14, next neighbours by 2 / 18: the second goes, so the third stays.
    chain = np.array([[4.0 * k, 0.0, 4.0 * k + 10.0, 8.0] for k in range(5)])
    yield Case("a chain", _inputs(rng, chain[[2, 0, 4, 1, 3]], [0.7, 0.9, 0.4, 0.8, 0.6], 0.3))
    # The second is the upper half of the first, exactly 0.5; the third covers a little more than half of it.
    halves = np.array([[0.0, 0.0, 8.0, 8.0], [0.0, 0.0, 8.0, 4.0], [0.0, 3.0, 8.0, 8.0]])
    yield Case("exactly at the threshold", _inputs(rng, halves, [0.8, 0.7, 0.6], 0.5))
    inside = np.array([[0.0, 0.0, 20.0, 20.0], [2.0, 3.0, 9.0, 8.0], [30.0, 0.0, 44.0, 12.0], [31.0, 1.0, 45.0, 12.0]])
    yield Case("a small box in a large one", _inputs(rng, inside, [0.5, 0.9, 0.2, 0.4], 0.4))
    yield Case("three groups, threshold 0.3", _groups(rng, 0.3))
    yield Case("three groups, threshold 0.6", _groups(rng, 0.6))


def _inputs(rng: np.random.Generator, boxes: np.ndarray, scores: list[float], threshold: float) -> dict[str, Any]:
    """These boxes moved by whole pixels and their scores by a little, which changes nothing among them.

    Two to four boxes far from all others come in, and all are put into another order: the answer is a list of places,
    and with fixed places a table of the recorded answers would be right on fresh boxes, too.
    """
    apart = 100.0 * np.arange(1, rng.integers(3, 6))[:, None] + np.array([0.0, 0.0, 12.0, 9.0])
    moved = np.concatenate([boxes, apart]) + np.tile(rng.integers(1, 40, 2), 2)
    near = np.array(scores) + rng.uniform(-0.04, 0.04, len(scores))
    order = rng.permutation(len(moved))
    both = np.concatenate([near, rng.uniform(0.05, 0.99, len(apart))])
    return {"boxes": moved[order], "scores": both[order], "threshold": threshold}


def _groups(rng: np.random.Generator, threshold: float) -> dict[str, Any]:
    """Twelve boxes around three places; no overlap lies within 0.005 of the threshold, and no two scores are alike."""
    while True:
        centres = np.repeat(np.array([[40.0, 40.0], [75.0, 55.0], [130.0, 90.0]]), 4, axis=0) + rng.normal(
            0, 7, (12, 2)
        )
        sides = rng.uniform(22, 34, (12, 2))
        boxes = np.concatenate([centres - sides / 2, centres + sides / 2], axis=1)
        if np.all(np.abs(_iou(boxes, boxes) - threshold) > 0.005):
            break
    order = rng.permutation(12)
    scores = (rng.permutation(12) + rng.uniform(0.1, 0.6, 12)) / 13
    return {"boxes": boxes[order], "scores": scores, "threshold": threshold}


def _iou(boxes_a, boxes_b, over="union"):
    a, b = boxes_a[:, None], boxes_b[None]
    shared = np.prod(np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0), axis=-1)
    area_a, area_b = (np.prod(one[:, 2:] - one[:, :2], axis=1) for one in (boxes_a, boxes_b))
    smaller = np.minimum(area_a[:, None], area_b)
    return shared / (smaller if over == "smaller" else area_a[:, None] + area_b - shared)


def _keep(order, goes):
    """Greedy, in the given order; goes[i, j]: a kept box i removes box j."""
    kept: list[int] = []
    for index in order:
        if not any(goes[better, index] for better in kept):
            kept.append(int(index))
    return np.array(kept, dtype=int)


def at_the_threshold_gone_too(boxes, scores, threshold):
    """Removes a box whose overlap equals the threshold."""
    return _keep(np.argsort(-scores), _iou(boxes, boxes) >= threshold)


def removed_boxes_still_remove(boxes, scores, threshold):
    """Lets every better box remove, even one that is gone itself."""
    order = np.argsort(-scores)
    goes = np.triu((_iou(boxes, boxes) > threshold)[np.ix_(order, order)], 1)
    return order[~np.any(goes, axis=0)]


def only_the_best_box_removes(boxes, scores, threshold):
    """Makes one pass: everything that overlaps the best box goes, and that is all."""
    order = np.argsort(-scores)
    goes = (_iou(boxes, boxes) > threshold)[order[0]][order]
    goes[0] = False
    return order[~goes]


def only_the_box_before_compared(boxes, scores, threshold):
    """Compares each box with the box kept last, and not with all that are kept."""
    goes = _iou(boxes, boxes) > threshold
    kept: list[int] = []
    for index in np.argsort(-scores):
        if not kept or not goes[kept[-1], index]:
            kept.append(int(index))
    return np.array(kept, dtype=int)


def worst_first(boxes, scores, threshold):
    """Goes through the boxes from the lowest score on."""
    return _keep(np.argsort(scores), _iou(boxes, boxes) > threshold)


def scores_ignored(boxes, scores, threshold):
    """Goes through the boxes as they come."""
    return _keep(range(len(boxes)), _iou(boxes, boxes) > threshold)


def kept_boxes_in_their_old_order(boxes, scores, threshold):
    """Returns the right indices, sorted by index and not by score."""
    return np.sort(_keep(np.argsort(-scores), _iou(boxes, boxes) > threshold))


def places_in_the_sorted_list(boxes, scores, threshold):
    """Returns places among the sorted boxes instead of indices of the boxes that were given."""
    order = np.argsort(-scores)
    return _keep(range(len(boxes)), _iou(boxes[order], boxes[order]) > threshold)


def boxes_instead_of_indices(boxes, scores, threshold):
    """Returns the coordinates of the kept boxes."""
    return boxes[_keep(np.argsort(-scores), _iou(boxes, boxes) > threshold)]


def true_for_every_kept_box(boxes, scores, threshold):
    """Returns a mask."""
    mask = np.zeros(len(boxes), dtype=bool)
    mask[_keep(np.argsort(-scores), _iou(boxes, boxes) > threshold)] = True
    return mask


def only_the_removed_boxes(boxes, scores, threshold):
    """Returns the boxes that go."""
    order = np.argsort(-scores)
    kept = _keep(order, _iou(boxes, boxes) > threshold)
    return order[~np.isin(order, kept)]


def boxes_apart_removed(boxes, scores, threshold):
    """Removes what overlaps little and keeps what overlaps much."""
    return _keep(np.argsort(-scores), _iou(boxes, boxes) < threshold)


def every_overlap_removed(boxes, scores, threshold):
    """Ignores the threshold: whoever touches a better box goes."""
    return _keep(np.argsort(-scores), _iou(boxes, boxes) > 0)


def overlap_over_the_smaller_box(boxes, scores, threshold):
    """Measures the overlap as a share of the smaller box."""
    return _keep(np.argsort(-scores), _iou(boxes, boxes, over="smaller") > threshold)


def low_scores_removed(boxes, scores, threshold):
    """Compares the scores with the threshold as well."""
    kept = _keep(np.argsort(-scores), _iou(boxes, boxes) > threshold)
    return kept[scores[kept] > threshold]


EXERCISE = Exercise(
    number=13,
    title="Non-maximum suppression",
    section="4.9",
    points=4,
    minutes=20,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            at_the_threshold_gone_too,
            hint="An overlap of exactly 0.5 and a threshold of 0.5: is the one greater than the other?",
        ),
        Misconception(
            removed_boxes_still_remove,
            hint="Box A removes B, and B overlaps C, but A does not. Is B still there when C's turn comes?",
        ),
        Misconception(
            only_the_best_box_removes,
            hint="Two objects, each found twice: how many boxes should be left? How often does your code look for the "
            "best one?",
        ),
        Misconception(
            only_the_box_before_compared,
            hint="The third box overlaps the first one and not the second. With which of them do you compare it?",
        ),
        Misconception(
            worst_first, hint="Two boxes overlap. Which of them should stay? Which one do you look at first?"
        ),
        Misconception(scores_ignored, hint="Give all boxes other scores: does your result change? Should it?"),
        Misconception(
            kept_boxes_in_their_old_order,
            hint="What is the score of the first index that you return? And of the second?",
        ),
        Misconception(
            places_in_the_sorted_list,
            hint="You return a 0. Does it mean boxes[0], or the best of the boxes?",
        ),
        Misconception(boxes_instead_of_indices, hint="Which shape does the exercise ask for: (K,) or (K, 4)?"),
        Misconception(
            true_for_every_kept_box,
            hint="Which one of the kept boxes is the best? Can a reader of your result tell?",
        ),
        Misconception(only_the_removed_boxes, hint="Is the box with the best score in your result?"),
        Misconception(
            boxes_apart_removed,
            hint="Two faces, far apart: how many boxes should be left? Which overlaps do you remove?",
        ),
        Misconception(
            every_overlap_removed,
            hint="Two faces, cheek to cheek: their boxes overlap by 0.1. Does your result depend on the threshold?",
        ),
        Misconception(
            overlap_over_the_smaller_box,
            hint="A small box lies inside of a large one: what is their intersection over union?",
        ),
        Misconception(
            low_scores_removed,
            hint="A box stands alone and has a low score: does anything overlap it? With what do you compare the "
            "threshold?",
        ),
    ),
    hints=(
        "Think of a queue, the best score first. The first one is kept for sure. Who must leave the queue then?",
        "Sort the indices by falling score. Take the first, keep it, remove from the rest whatever overlaps it too "
        "much, and repeat until nobody waits.",
        "order = argsort(−scores); while boxes wait: keep b = order[0]; order = those of the rest with IoU(b, rest) ≤ "
        "threshold.",
        "Scores 0.9, 0.8, 0.7; box 1 overlaps 0 and 2 by 0.4, box 0 and 2 are apart; threshold 0.3: 0 is kept, 1 "
        "goes, 2 is kept: [0, 2].",
    ),
    convention="Gone if the overlap is greater than the threshold, kept if it is equal.",
    uses=("intersection_over_union",),
)
