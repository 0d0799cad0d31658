"""Exercise of section 7.4: what a frozen body says about every example, computed once.

Source: Donahue, Jia, Vinyals and others 2014, "DeCAF: a deep convolutional activation feature for generic visual
recognition", section 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def drive(extract_features, weight, running_mean, x, batch_size):
    """Features of a small body, and what the body has seen.

    In evaluation mode the body is relu((x - running mean) @ weight.T). In training mode it takes the mean of the
    batch instead, lets it into the running one, and drops features.
    """
    mean, seen, sizes, modes = running_mean.copy(), [], [], []
    flat = x.reshape(len(x), -1)

    def forward(x_batch, training):
        rows = np.asarray(x_batch).reshape(len(x_batch), weight.shape[1])
        sizes.append(len(rows))
        modes.append(bool(training))
        seen.extend(int(np.argmin(np.abs(flat - row).sum(axis=1))) for row in rows)
        if not training:
            return np.maximum((rows - mean) @ weight.T, 0.0)
        batch_mean = rows.mean(axis=0)
        mean[:] = 0.9 * mean + 0.1 * batch_mean
        kept = (np.arange(len(rows) * len(weight)).reshape(len(rows), len(weight)) + len(sizes)) % 3 > 0
        return np.maximum((rows - batch_mean) @ weight.T, 0.0) * kept / (2 / 3)

    features = extract_features(forward, x, batch_size)
    if features is None or isinstance(features, dict | list | tuple):
        return features
    return {
        "batches_in_training_mode": sum(modes),
        "count_of_running_numbers_that_moved": int(np.sum(mean != running_mean)),
        "times_each_example_went_through": np.bincount(np.array(seen, dtype=int), minlength=len(x)),
        "features": features,
        "number_of_batches": len(sizes),
        "batches_that_are_too_large": sum(size > batch_size for size in sizes),
    }


def reference(weight, running_mean, x, batch_size):
    """The same body as a PyTorch module in evaluation mode, over a DataLoader."""
    import torch

    body = torch.nn.Sequential(
        torch.nn.Flatten(),
        torch.nn.BatchNorm1d(len(running_mean), eps=0.0, affine=False),
        torch.nn.Linear(*weight.shape[::-1], bias=False),
        torch.nn.ReLU(),
        torch.nn.Dropout(1 / 3),
    ).to(x.device)
    body[1].running_mean.copy_(running_mean)
    body[2].weight.data.copy_(weight)
    body.eval()
    numbered = torch.utils.data.TensorDataset(x, torch.arange(len(x), device=x.device))
    batches = list(torch.utils.data.DataLoader(numbered, batch_size))
    with torch.no_grad():
        features = torch.cat([body(pictures) for pictures, _ in batches])
    return {
        "batches_in_training_mode": 0,
        "count_of_running_numbers_that_moved": int((body[1].running_mean != running_mean).sum()),
        "times_each_example_went_through": torch.bincount(torch.cat([numbers for _, numbers in batches])),
        "features": features,
        "number_of_batches": len(batches),
        "batches_that_are_too_large": 0,
    }


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """A short last batch, no rest, a batch larger than the set, batches of one, pictures."""
    yield Case("7 examples in batches of 3", _inputs(rng, (7, 2), 4, 3))
    yield Case("8 examples in batches of 4", _inputs(rng, (8, 3), 2, 4))
    yield Case("a batch larger than the set", _inputs(rng, (5, 4), 3, 16))
    yield Case("batches of one", _inputs(rng, (3, 2), 5, 1))
    yield Case("11 pictures in batches of 2", _inputs(rng, (11, 2, 3, 2), 4, 2))


def _inputs(rng: np.random.Generator, shape: tuple[int, ...], features: int, batch_size: int) -> dict[str, Any]:
    size = int(np.prod(shape[1:]))
    return {
        "weight": rng.normal(0.3, 1.0, (features, size)),
        "running_mean": rng.normal(0.0, 1.0, size),
        "x": rng.normal(1.0, 1.5, shape),
        "batch_size": batch_size,
    }


def _cut(x, batch_size):
    return [x[start : start + batch_size] for start in range(0, len(x), batch_size)]


def training_mode_left_on(forward, x, batch_size):
    """Asks in training mode, so that dropout and the batch have a say."""
    return np.concatenate([forward(batch, True) for batch in _cut(x, batch_size)])


def statistics_warmed_up_first(forward, x, batch_size):
    """Sends everything through in training mode first, to make the body used to the new pictures."""
    for batch in _cut(x, batch_size):
        forward(batch, True)
    return np.concatenate([forward(batch, False) for batch in _cut(x, batch_size)])


def everything_at_once(forward, x, batch_size):
    """Never looks at batch_size."""
    return forward(x, False)


def batch_size_taken_for_their_number(forward, x, batch_size):
    """Cuts x into batch_size pieces, instead of pieces of that size."""
    return np.concatenate([forward(batch, False) for batch in np.array_split(x, batch_size)])


def one_example_at_a_time(forward, x, batch_size):
    """Makes a batch of every example."""
    return np.concatenate([forward(x[k : k + 1], False) for k in range(len(x))])


def last_batch_dropped(forward, x, batch_size):
    """Leaves out what does not fill a batch."""
    if len(x) < batch_size:
        return forward(x, False)
    return np.concatenate(
        [forward(x[k * batch_size : (k + 1) * batch_size], False) for k in range(len(x) // batch_size)]
    )


def first_batch_asked_twice(forward, x, batch_size):
    """Asks for the first batch once more, to learn how many features there are."""
    features = np.zeros((len(x), forward(x[:batch_size], False).shape[1]))
    for start in range(0, len(x), batch_size):
        features[start : start + batch_size] = forward(x[start : start + batch_size], False)
    return features


def batches_left_in_a_list(forward, x, batch_size):
    """Does not join the batches."""
    return [forward(batch, False) for batch in _cut(x, batch_size)]


def batches_stacked_from_the_end(forward, x, batch_size):
    """Puts each new batch before the earlier ones."""
    return np.concatenate([forward(batch, False) for batch in _cut(x, batch_size)][::-1])


def slices_that_end_at_batch_size(forward, x, batch_size):
    """Moves the start of the slice and not its end, so that later batches are empty."""
    return np.concatenate([forward(x[start:batch_size], False) for start in range(0, len(x), batch_size)])


def last_batch_filled_up(forward, x, batch_size):
    """Lets the last batch begin earlier, so that it is full, and cuts off what came twice."""
    features = [forward(batch, False) for batch in _cut(x[: len(x) // batch_size * batch_size], batch_size)]
    rest = len(x) % batch_size
    if rest:
        features.append(forward(x[-batch_size:], False)[-rest:])
    return np.concatenate(features)


def features_averaged(forward, x, batch_size):
    """Returns one row for each batch."""
    return np.array([forward(batch, False).mean(axis=0) for batch in _cut(x, batch_size)])


EXERCISE = Exercise(
    number=7,
    title="Features, once",
    section="7.4",
    points=2,
    minutes=8,
    difficulty="easy",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            training_mode_left_on,
            hint="Ask for the features of the same pictures twice: are they the same? What do you pass as training?",
        ),
        Misconception(
            statistics_warmed_up_first,
            hint="What does one pass in training mode leave behind in a frozen body? How often did each example go "
            "through?",
        ),
        Misconception(
            everything_at_once,
            hint="A hundred thousand pictures do not fit into memory at once. How many reach forward in one call?",
        ),
        Misconception(
            batch_size_taken_for_their_number,
            hint="Eleven pictures and a batch size of 2: how many pictures go through in each of your calls?",
        ),
        Misconception(
            one_example_at_a_time,
            hint="How often is forward called for 8 examples in batches of 4, and how often in your code?",
        ),
        Misconception(
            last_batch_dropped,
            hint="Seven examples in batches of three: how many rows does your result have?",
        ),
        Misconception(
            first_batch_asked_twice,
            hint="How often does the first example go through? Can you learn the number of features without a pass of "
            "its own?",
        ),
        Misconception(
            batches_left_in_a_list,
            hint="How many rows should the result have? Which function of NumPy joins arrays along an axis?",
        ),
        Misconception(
            batches_stacked_from_the_end,
            hint="Is the first row of your result about the first example? Which batch stands on top?",
        ),
        Misconception(
            slices_that_end_at_batch_size,
            hint="The second batch begins at batch_size. Where does it end, in your slice?",
        ),
        Misconception(
            last_batch_filled_up,
            hint="Seven examples in batches of three: how often does example 5 go through? Must the last one be full?",
        ),
        Misconception(
            features_averaged,
            hint="How many rows should the result have: one for each batch, or one for each example?",
        ),
    ),
    hints=(
        "A loop over the starts of the batches, a list of results, and one call that joins them.",
        "range(0, len(x), batch_size) gives the starts. A slice beyond the end of x stops by itself.",
        "features = concatenation over the starts s of forward(x[s : s + batch_size], False), along axis 0.",
        "N = 7, batch_size 3: forward sees x[0:3], x[3:6] and x[6:9], which is one example; 3 + 3 + 1 rows.",
    ),
    convention="Evaluation mode is training=False, as eval() in PyTorch; the last batch may be smaller.",
)
