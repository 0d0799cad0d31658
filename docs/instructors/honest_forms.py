"""A few exercises of chapter 1 in three people's own words, and one of them copied, for the similarity page."""

from __future__ import annotations

__all__ = ["COPY_OF", "FORMS"]

FORMS: dict[str, dict[str, str]] = {
    "own_words_1": {
        "linear": "def linear(x, weight, bias):\n    return x @ weight.T + bias\n",
        "relu": "def relu(x):\n    return np.where(x > 0, x, 0.0)\n",
        "softmax": (
            "def softmax(x, axis=-1):\n"
            "    biggest = np.max(x, axis=axis, keepdims=True)\n"
            "    powers = np.exp(x - biggest)\n"
            "    total = np.sum(powers, axis=axis, keepdims=True)\n"
            "    return powers / total\n"
        ),
        "sigmoid": (
            "def sigmoid(x):\n"
            "    result = np.empty_like(x, dtype=float)\n"
            "    right = x >= 0\n"
            "    result[right] = 1 / (1 + np.exp(-x[right]))\n"
            "    small = np.exp(x[~right])\n"
            "    result[~right] = small / (1 + small)\n"
            "    return result\n"
        ),
    },
    "own_words_2": {
        "linear": "def linear(x, weight, bias):\n    return np.einsum('ni,oi->no', x, weight) + bias[None, :]\n",
        "relu": "def relu(x):\n    return (np.abs(x) + x) / 2\n",
        "softmax": (
            "def softmax(x, axis=-1):\n"
            "    rows = np.moveaxis(np.asarray(x), axis, 0)\n"
            "    rows = np.exp(rows - rows.max(0))\n"
            "    return np.moveaxis(rows / rows.sum(0), 0, axis)\n"
        ),
        "sigmoid": "def sigmoid(x):\n    return 0.5 * (1.0 + np.tanh(0.5 * np.asarray(x)))\n",
    },
    "own_words_3": {
        "linear": (
            "def linear(x, weight, bias):\n"
            "    columns = [x.dot(row) + shift for row, shift in zip(weight, bias)]\n"
            "    return np.stack(columns, axis=1)\n"
        ),
        "relu": "def relu(x):\n    y = np.array(x, dtype=float)\n    y[y < 0] = 0\n    return y\n",
        "softmax": (
            "def softmax(x, axis=-1):\n"
            "    shifted = x - np.amax(x, axis, keepdims=True)\n"
            "    log_total = np.log(np.exp(shifted).sum(axis, keepdims=True))\n"
            "    return np.exp(shifted - log_total)\n"
        ),
        "sigmoid": ("def sigmoid(x):\n    e = np.exp(-np.abs(x))\n    return np.where(x < 0, e, 1.0) / (1.0 + e)\n"),
    },
}
"""Each student's answers, by grade id."""

COPY_OF: dict[str, tuple[str, dict[str, str]]] = {
    "renamed": (
        "own_words_1",
        {"biggest": "m", "powers": "e", "total": "s", "result": "out", "right": "pos", "small": "z"},
    )
}
"""A student whose answers are another one's under other variable names."""
