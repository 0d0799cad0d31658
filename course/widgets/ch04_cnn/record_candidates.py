"""Record what the face detector P-Net finds on the portrait: python -m course.widgets.ch04_cnn.record_candidates.

Needs P-Net's weights (python -m autograder weights).  Writes candidates.json beside this file, for readers who have no
weights: chapter 4 and its widget `detection` show these boxes.
Source: K. Zhang et al. 2016, "Joint face detection and alignment using multitask cascaded convolutional networks".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from course.data import photograph
from course.weights import HOW, Weights, pnet

__all__ = ["candidates", "convolve", "run_pnet"]

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

PHOTOGRAPH = "portrait"
WIDTH = 200
PYRAMID = (80, 60, 45, 34, 25, 19)  # columns of the smaller pictures that the network looks at
WINDOW, STRIDE = 12, 2  # the network looks at 12 x 12 pixels, and moves by 2
LEAST_SCORE = 0.5


def convolve(x: Array, weight: Floats, bias: Floats) -> Array:
    """x (C_in, H, W) with weight (C_out, C_in, K, K) and bias (C_out,): stride 1, no padding; (C_out, H_out, W_out)."""
    windows = sliding_window_view(x, weight.shape[2:], axis=(1, 2))  # (C_in, H_out, W_out, K, K)
    return np.asarray(np.einsum("oikl,ihwkl->ohw", weight, windows) + bias[:, None, None])


def run_pnet(picture: Array, weights: Weights) -> tuple[Array, Array]:
    """P-Net on a picture (H, W, 3) of values from 0 to 1.

    Returns for each place of its window the probability of a face (H_out, W_out), and by how much of the window's side
    the box's x0, y0, x1, y1 have to move (4, H_out, W_out).
    """
    x = (255 * picture.transpose(2, 0, 1) - 127.5) / 128  # (3, H, W)
    for layer in (1, 2, 3):
        x = convolve(x, weights[f"conv{layer}.weight"], weights[f"conv{layer}.bias"])
        slope = weights[f"prelu{layer}.weight"][:, None, None]
        x = np.where(x > 0, x, slope * x)
        if layer == 1:  # the largest of 2 x 2; a last odd row or column makes a window of its own
            x = np.pad(x, ((0, 0), (0, 1), (0, 1)), mode="edge")
            x = sliding_window_view(x, (2, 2), axis=(1, 2))[:, ::2, ::2].max(axis=(3, 4))
    nothing, face = convolve(x, weights["conv4_1.weight"], weights["conv4_1.bias"])
    moves = convolve(x, weights["conv4_2.weight"], weights["conv4_2.bias"])
    return 1 / (1 + np.exp(nothing - face)), moves


def candidates(weights: Weights) -> tuple[Array, Array]:
    """The boxes with a score above LEAST_SCORE (n, 4), in pixels of the picture with WIDTH columns; the scores (n,)."""
    boxes, scores = [], []
    for width in PYRAMID:
        face, moves = run_pnet(photograph(PHOTOGRAPH, width), weights)
        rows, columns = np.nonzero(face > LEAST_SCORE)
        zoom = WIDTH / width
        corner = zoom * STRIDE * np.stack([columns, rows, columns, rows], axis=1)  # (n, 4)
        side = zoom * WINDOW
        boxes.append(corner + side * (np.array([0, 0, 1, 1]) + moves[:, rows, columns].T))
        scores.append(face[rows, columns])
    return np.concatenate(boxes), np.concatenate(scores)


def main() -> None:
    """Write candidates.json."""
    weights = pnet()
    if weights is None:
        raise SystemExit(f"P-Net's weights are not installed: {HOW}")
    boxes, scores = candidates(weights)
    found = {
        "photograph": PHOTOGRAPH,
        "width": WIDTH,
        "boxes": boxes.round(4).tolist(),
        "scores": scores.round(6).tolist(),
    }
    path = Path(__file__).with_name("candidates.json")
    path.write_text(json.dumps(found) + "\n", encoding="utf-8")
    print(f"{len(scores)} candidates in {path.name}")


if __name__ == "__main__":
    main()
