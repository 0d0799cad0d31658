"""The landscapes of chapters 3 and 9: their slopes, minima and edges, and what Adam does not see of them."""

import numpy as np
import pytest

from course.widgets.ch09_adam.optimiser_race import PRESETS, race_state
from course.widgets.landscapes import LANDSCAPES, WINDOW

PLACES = np.random.default_rng(0).uniform(*WINDOW, size=(20, 2))


def slopes(name, x, y, h=1e-6):
    loss = LANDSCAPES[name].loss
    return (loss(x + h, y) - loss(x - h, y)) / (2 * h), (loss(x, y + h) - loss(x, y - h)) / (2 * h)


@pytest.mark.parametrize("name", LANDSCAPES)
def test_the_gradient_is_the_slope_of_the_loss(name):
    for x, y in PLACES:
        assert LANDSCAPES[name].gradient(x, y) == pytest.approx(slopes(name, x, y), rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("name", LANDSCAPES)
def test_the_minima_are_minima_and_the_edge_is_two_over_the_largest_curvature_there(name):
    landscape, h = LANDSCAPES[name], 1e-5
    curvatures = []
    for x, y in landscape.minima:
        assert landscape.loss(x, y) == pytest.approx(landscape.lowest, abs=1e-6)
        assert landscape.gradient(x, y) == pytest.approx((0, 0), abs=1e-3)
        along_x = np.subtract(landscape.gradient(x + h, y), landscape.gradient(x - h, y)) / (2 * h)
        along_y = np.subtract(landscape.gradient(x, y + h), landscape.gradient(x, y - h)) / (2 * h)
        curvatures.append(np.linalg.eigvalsh(np.array([along_x, along_y])).max())
    # with several minima the edge is that of one of them
    assert any(landscape.edge == pytest.approx(2 / curvature, rel=1e-2) for curvature in curvatures)


def test_adam_walks_the_same_way_in_bowls_of_every_steepness_along_the_axes():
    walks = [
        race_state(**(PRESETS["a narrow valley"] | {"landscape": name}))
        for name in ("round bowl", "valley 1:10", "valley 1:100")
    ]
    for walk in walks[1:]:
        assert walk.adam_x == pytest.approx(walks[0].adam_x, abs=1e-4)
        assert walk.adam_y == pytest.approx(walks[0].adam_y, abs=1e-4)
    assert walks[0].sgd_x[20] != pytest.approx(walks[2].sgd_x[20], abs=0.1), "the twin: SGD does see it"
