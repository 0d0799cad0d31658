"""What the exercises on convolution and pooling share: all windows of a picture at once, and the way back."""

from __future__ import annotations

import numpy as np

__all__ = ["as_columns", "cells", "pad", "scatter", "windows"]


def pad(x, before, after, value=0.0):
    """The pictures with `before` rows and columns of `value` in front and `after` behind."""
    return np.pad(x, ((0, 0), (0, 0), (before, after), (before, after)), constant_values=value)


def windows(x, kernel, stride=1, dilation=1):
    """Every window of an already padded x: (N, C, H_out, W_out, K_h, K_w), a view."""
    reach = tuple(dilation * (size - 1) + 1 for size in kernel)
    found = np.lib.stride_tricks.sliding_window_view(x, reach, axis=(2, 3))
    return found[:, :, ::stride, ::stride, ::dilation, ::dilation]


def cells(x, size, stride):
    """One array (N, C, H_out, W_out) for each cell of a square window, in reading order; views of x."""
    h_out, w_out = ((length - size) // stride + 1 for length in x.shape[2:])
    for i in range(size):
        for j in range(size):
            yield x[:, :, i : i + stride * h_out : stride, j : j + stride * w_out : stride]


def as_columns(found):
    """Windows (N, C, H_out, W_out, K_h, K_w) as columns (N, C * K_h * K_w, H_out * W_out)."""
    n, c, h_out, w_out, k_h, k_w = found.shape
    return found.transpose(0, 1, 4, 5, 2, 3).reshape(n, c * k_h * k_w, h_out * w_out)


def scatter(parts, size, stride=1, *, overwrite=False):
    """Windows (N, C, H_out, W_out, K_h, K_w) put back into zeros (N, C, *size), added up where they overlap.

    overwrite: a later window replaces what an earlier one wrote, as in a loop with = instead of +=.
    """
    n, c, h_out, w_out, k_h, k_w = parts.shape
    x = np.zeros((n, c, *size))
    if overwrite:
        for i in range(h_out):
            for j in range(w_out):
                x[:, :, i * stride : i * stride + k_h, j * stride : j * stride + k_w] = parts[:, :, i, j]
        return x
    for i in range(k_h):
        for j in range(k_w):
            x[:, :, i : i + stride * h_out : stride, j : j + stride * w_out : stride] += parts[..., i, j]
    return x
