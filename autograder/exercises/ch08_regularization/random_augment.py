"""Exercise of section 8.5: a new version of every picture, in every epoch.

Source: Simard, Steinkraus and Platt 2003, "Best practices for convolutional neural networks", section 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch08_regularization._pictures import centred, read, turned
from autograder.spec import Case, Exercise, Misconception, Rng

SIZE = (17, 19)
BLOBS = ((1.0, -2.2, 1.1), (0.5, -2.2, -2.2))
"""Weight, way down and way right from the centre: together straight above it, and different from their mirror image."""


def reference(images, max_degrees, max_factor, flip_probability, rng):
    """One affine map for each picture, all read at once by grid_sample."""
    import torch

    def uniform(low, high):
        return low + (high - low) * torch.rand(len(images), generator=rng, device=images.device)

    height, width = images.shape[1:]
    wide = (width - 1) / (height - 1)
    angle = torch.deg2rad(uniform(-max_degrees, max_degrees))
    factor = uniform(1 / max_factor, max_factor)
    mirror = torch.where(uniform(0, 1) < flip_probability, -1.0, 1.0)
    cos, sin, zero = torch.cos(angle) / factor, torch.sin(angle) / factor, torch.zeros_like(angle)
    theta = torch.stack([cos * mirror, -sin / wide, zero, sin * wide * mirror, cos, zero], dim=1).reshape(-1, 2, 3)
    grid = torch.nn.functional.affine_grid(theta, [len(images), 1, height, width], align_corners=True)
    return torch.nn.functional.grid_sample(
        images[:, None], grid, mode="bilinear", padding_mode="zeros", align_corners=True
    )[:, 0]


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Nothing drawn: as they are, and all flipped; then eighty copies of one picture, twice with other seeds."""
    still = {"max_degrees": 0.0, "max_factor": 1.0}
    yield Case("12 pictures as they are", _inputs(rng, rng.random((12, 2, 3)), flip_probability=0.0, **still))
    yield Case("12 pictures, all flipped", _inputs(rng, rng.random((12, 3, 4)), flip_probability=1.0, **still))
    copies = np.repeat(_picture(rng)[None], 80, axis=0)
    drawn = _inputs(rng, copies, max_degrees=25.0, max_factor=1.4, flip_probability=0.2)
    yield Case("80 copies of one picture", drawn)
    yield Case("the same, another rng", drawn | {"rng": Rng(int(rng.integers(2**32)))})


def _inputs(rng: np.random.Generator, images: np.ndarray, **how: float) -> dict[str, Any]:
    return {"images": images, **how, "rng": Rng(int(rng.integers(2**32)))}


def _picture(rng: np.random.Generator) -> np.ndarray:
    """Two soft spots, of a random brightness."""
    down, right, *_ = centred(np.zeros(SIZE))
    spots = [w * np.exp(-((down - d) ** 2 + (right - r) ** 2) / (2 * 0.9**2)) for w, d, r in BLOBS]
    return rng.uniform(0.5, 1.0) * np.sum(spots, axis=0)


def measure(
    answer: Any, images: np.ndarray, max_degrees: float, max_factor: float, flip_probability: float, rng: Rng
) -> dict[str, Any]:
    """The pictures themselves where nothing is left to chance; otherwise what can be said of eighty draws.

    Angle, factor and mirror are read off each picture's moments: where its centre of mass went, and to which side of it
    the weight leans.  Every entry is 0 or 1:

    pictures_repeat                   a picture is like the next one
    angles_beyond_the_largest         an angle is larger than max_degrees
    angles_stay_small                 none comes near max_degrees
    turns_left, turns_right           at least one in five does
    factors_out_of_range              a factor is not between 1 / max_factor and max_factor
    grows, shrinks                    at least one in seven does
    factors_stay_near_one             the extremes are not reached
    too_few_flipped, too_many_flipped
    angle_tells_the_factor            the two are not drawn apart
    factor_tells_the_flip             nor these two
    """
    pictures = np.asarray(answer, dtype=np.float64)
    if pictures.shape != images.shape:
        raise ValueError(f"its shape is {pictures.shape}; expected {images.shape}")
    if max_degrees == 0 and max_factor == 1:
        return {"pictures": np.asarray(answer)}
    if not np.isfinite(pictures).all() or (pictures.sum(axis=(1, 2)) <= 0).any():
        raise ValueError("a picture is empty, or not finite")
    angles, factors, flipped = _moments(pictures)
    _, sizes, _ = _moments(images[:1])
    factors = factors / sizes
    share = np.mean(flipped)
    found = {
        "pictures_repeat": np.isclose(pictures[1:], pictures[:-1], atol=1e-6).all(axis=(1, 2)).any(),
        "angles_beyond_the_largest": np.abs(angles).max() > max_degrees + 3,
        "angles_stay_small": np.abs(angles).max() < 0.75 * max_degrees,
        "turns_left": np.mean(angles > 0) > 0.2,
        "turns_right": np.mean(angles < 0) > 0.2,
        "factors_out_of_range": (factors.max() > 1.04 * max_factor) or (factors.min() < 0.96 / max_factor),
        "grows": np.mean(factors > 1) > 1 / 7,
        "shrinks": np.mean(factors < 1) > 1 / 7,
        "factors_stay_near_one": (factors.max() < 1 + 0.6 * (max_factor - 1))
        or (factors.min() > 1 - 0.6 * (1 - 1 / max_factor)),
        "too_few_flipped": share < 0.15 * flip_probability,
        "too_many_flipped": share > 2.2 * flip_probability,
        "angle_tells_the_factor": _correlation(np.where(flipped, -angles, angles), factors) > 0.7,
        "factor_tells_the_flip": _correlation(flipped.astype(float), factors) > 0.55,
    }
    return {name: float(value) for name, value in found.items()}


def _moments(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each picture: the angle of its centre of mass in degrees, its distance, and whether it is a mirror image."""
    down, right, *_ = centred(pictures[0])
    weight = pictures / pictures.sum(axis=(1, 2), keepdims=True)
    mean_down, mean_right = (weight * down).sum(axis=(1, 2)), (weight * right).sum(axis=(1, 2))
    distance = np.maximum(np.hypot(mean_down, mean_right), 1e-9)
    cos, sin = -mean_down / distance, -mean_right / distance
    across = cos[:, None, None] * right - sin[:, None, None] * down  # to the right, as the picture stood before
    lean = (weight * across**3).sum(axis=(1, 2))
    return np.degrees(np.arctan2(sin, cos)), distance, lean > 0


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    one, other = one - one.mean(), other - other.mean()
    return float(np.abs(one @ other) / max(np.linalg.norm(one) * np.linalg.norm(other), 1e-9))


def _moved(image, degrees, factor, flipped):
    down, right, middle_row, middle_column = centred(image)
    from_down, from_right = turned(down / factor, right / factor, np.radians(degrees))
    moved = read(image, middle_row + from_down, middle_column + from_right)
    return moved[:, ::-1] if flipped else moved


def one_draw_for_all(images, max_degrees, max_factor, flip_probability, rng):
    """Draws once and moves all pictures alike."""
    how = rng.uniform(-max_degrees, max_degrees), rng.uniform(1 / max_factor, max_factor)
    flipped = rng.random() < flip_probability
    return np.array([_moved(image, *how, flipped) for image in images])


def one_coin_for_all(images, max_degrees, max_factor, flip_probability, rng):
    """Flips all pictures or none."""
    flipped = rng.random() < flip_probability
    return np.array([_moved(image, *_how(max_degrees, max_factor, rng), flipped) for image in images])


def _how(max_degrees, max_factor, rng):
    return rng.uniform(-max_degrees, max_degrees), rng.uniform(1 / max_factor, max_factor)


def only_counter_clockwise(images, max_degrees, max_factor, flip_probability, rng):
    """Draws angles from 0 up, and flips before it turns."""
    result = []
    for image in images:
        image = image[:, ::-1] if rng.random() < flip_probability else image
        result.append(_moved(image, rng.uniform(0, max_degrees), rng.uniform(1 / max_factor, max_factor), False))
    return np.array(result)


def half_of_the_angles(images, max_degrees, max_factor, flip_probability, rng):
    """Takes max_degrees for the whole range, from end to end."""
    result = []
    for image in images:
        how = _how(max_degrees / 2, max_factor, rng)
        result.append(_moved(image, *how, rng.random() < flip_probability))
    return np.array(result)


def normal_angles(images, max_degrees, max_factor, flip_probability, rng):
    """Draws angles from a bell curve, so that some are larger than the largest."""
    result = []
    for image in images:
        how = rng.normal(0, max_degrees), rng.uniform(1 / max_factor, max_factor)
        result.append(_moved(image, *how, rng.random() < flip_probability))
    return np.array(result)


def never_smaller(images, max_degrees, max_factor, flip_probability, rng):
    """Draws factors from 1 up."""
    result = []
    for image in images:
        how = rng.uniform(-max_degrees, max_degrees), rng.uniform(1, max_factor)
        result.append(_moved(image, *how, rng.random() < flip_probability))
    return np.array(result)


def as_far_below_one_as_above(images, max_degrees, max_factor, flip_probability, rng):
    """Draws factors from 2 - max_factor, though the counterpart of 1.4 is 1 / 1.4."""
    result = []
    for image in images:
        how = rng.uniform(-max_degrees, max_degrees), rng.uniform(2 - max_factor, max_factor)
        result.append(_moved(image, *how, rng.random() < flip_probability))
    return np.array(result)


def never_flipped(images, max_degrees, max_factor, flip_probability, rng):
    """Turns and scales only."""
    return np.array([_moved(image, *_how(max_degrees, max_factor, rng), False) for image in images])


def the_others_flipped(images, max_degrees, max_factor, flip_probability, rng):
    """Flips with probability 1 - flip_probability."""
    result = []
    for image in images:
        how = _how(max_degrees, max_factor, rng)
        result.append(_moved(image, *how, rng.random() >= flip_probability))
    return np.array(result)


def a_fair_coin(images, max_degrees, max_factor, flip_probability, rng):
    """Flips every other picture, whatever the probability is."""
    return np.array([_moved(image, *_how(max_degrees, max_factor, rng), rng.random() < 0.5) for image in images])


def upside_down(images, max_degrees, max_factor, flip_probability, rng):
    """Exchanges top and bottom instead of left and right."""
    result = []
    for image in images:
        moved = _moved(image, *_how(max_degrees, max_factor, rng), False)
        result.append(moved[::-1] if rng.random() < flip_probability else moved)
    return np.array(result)


def one_number_for_angle_and_factor(images, max_degrees, max_factor, flip_probability, rng):
    """Draws one number for each picture, which decides on the angle and on the factor."""
    result = []
    for image in images:
        u = rng.random()
        how = (2 * u - 1) * max_degrees, 1 / max_factor + u * (max_factor - 1 / max_factor)
        result.append(_moved(image, *how, rng.random() < flip_probability))
    return np.array(result)


def one_number_for_factor_and_flip(images, max_degrees, max_factor, flip_probability, rng):
    """Draws one number for each picture, which decides on the factor and on the flip: only small ones are flipped."""
    result = []
    for image in images:
        u = rng.random()
        how = rng.uniform(-max_degrees, max_degrees), 1 / max_factor + u * (max_factor - 1 / max_factor)
        result.append(_moved(image, *how, u < flip_probability))
    return np.array(result)


def a_generator_of_its_own(images, max_degrees, max_factor, flip_probability, rng):
    """Makes a generator with a fixed seed, so that every epoch sees the same pictures."""
    own = np.random.default_rng(0)
    result = []
    for image in images:
        result.append(_moved(image, *_how(max_degrees, max_factor, own), own.random() < flip_probability))
    return np.array(result)


def the_pictures_themselves_changed(images, max_degrees, max_factor, flip_probability, rng):
    """Writes into the pictures it was given, so that turns add up from epoch to epoch."""
    for image in images:
        image[:] = _moved(image, *_how(max_degrees, max_factor, rng), rng.random() < flip_probability)
    return images


EXERCISE = Exercise(
    number=13,
    title="A new version of every picture",
    section="8.5",
    points=4,
    minutes=12,
    difficulty="medium",
    reference=reference,
    cases=cases,
    measure=measure,
    uses=("horizontal_flip", "rotate", "scale"),
    misconceptions=(
        Misconception(
            one_draw_for_all,
            hint="Hand in the same picture twice: do two different pictures come out? How often do you draw?",
        ),
        Misconception(
            one_coin_for_all,
            hint="In one batch, are some pictures flipped and others not? How many coins do you throw?",
        ),
        Misconception(
            only_counter_clockwise,
            hint="Does any of your pictures turn clockwise? From where to where do your angles go?",
        ),
        Misconception(
            half_of_the_angles,
            hint="max_degrees is 25: does a turn by 20 ever happen? Is 25 the largest angle, or the whole range?",
        ),
        Misconception(
            normal_angles,
            hint="What is the largest angle that you have drawn? Which distribution does the docstring name?",
        ),
        Misconception(
            never_smaller,
            hint="Does any of your pictures shrink? Where does the docstring let the factors begin?",
        ),
        Misconception(
            as_far_below_one_as_above,
            hint="Which factor undoes an enlargement by 1.4? Is that where your factors begin?",
        ),
        Misconception(never_flipped, hint="With flip_probability 1, is every picture flipped?"),
        Misconception(
            the_others_flipped,
            hint="How often is rng.random() smaller than 0.2? Which side of the comparison flips?",
        ),
        Misconception(a_fair_coin, hint="With flip_probability 0, is a picture flipped? What does your coin ask?"),
        Misconception(upside_down, hint="Which axis does a mirror on the wall exchange? Have you a function for that?"),
        Misconception(
            one_number_for_angle_and_factor,
            hint="Can a picture be turned far to the left and be enlarged? How many numbers do you draw for a picture?",
        ),
        Misconception(
            one_number_for_factor_and_flip,
            hint="Can an enlarged picture be flipped? How many numbers do you draw for a picture?",
        ),
        Misconception(
            a_generator_of_its_own,
            hint="Two epochs come one after the other: are the pictures new in the second? Which generator draws?",
        ),
        Misconception(
            the_pictures_themselves_changed,
            hint="What do the images hold after the call, and what will they hold after ten epochs?",
        ),
    ),
    hints=(
        "A loop over the pictures: draw, move, collect.",
        "Three draws for each picture: rng.uniform twice, and rng.random() once, compared with flip_probability.",
        "angle from uniform(−max_degrees, max_degrees), factor from uniform(1 / max_factor, max_factor), flipped if "
        "random() < flip_probability.",
        "max_factor 1.25 lets the factor run from 0.8 to 1.25; flip_probability 0 never flips: no draw is below 0.",
    ),
    convention="In which order a picture is turned, scaled and flipped is free: the draws decide, and the angles are "
    "symmetric.",
)
