"""Exercise of section 8.1: when to stop, and which epoch to keep.

Source: Prechelt 1998, "Early stopping - but when?", section 2.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def reference(losses, patience):
    """PyTorch's running minimum, and the first place where it is old enough."""
    import torch

    before = torch.cat([losses.new_full((1,), torch.inf), torch.cummin(losses, 0).values[:-1]])
    epochs = torch.arange(len(losses), device=losses.device)
    best = torch.cummax(torch.where(losses < before, epochs, -1), 0).values
    stops = torch.nonzero(epochs - best >= patience)
    stop = stops[0, 0] if len(stops) else epochs[-1]
    return best[stop], stop


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """A rise, a fall without end, a late low, equal losses, a better epoch that comes too late, a slow return.

    The place of the low, the patience and the number of epochs are drawn, because the answer is nothing but these: with
    fixed ones, a table of the recorded answers would be right on fresh losses, too.
    """

    def case(name: str, *parts: np.ndarray) -> Case:
        return Case(name, {"losses": np.concatenate(parts), "patience": patience})

    low, patience, fall = _curve(rng)
    yield case("falls, then rises", fall, _above(rng, low, patience + _some(rng)))
    low, patience, fall = _curve(rng)
    yield case("falls to the end", fall)
    low, patience, fall = _curve(rng)
    waited, again = _above(rng, low, patience - 1), _above(rng, low, patience + _some(rng))
    yield case("a new low just in time", fall, waited, np.array([low - rng.uniform(0.1, 0.4)]), again)
    low, patience, fall = _curve(rng)
    yield case("equal losses", fall, np.full(patience + _some(rng), low))
    low, patience, fall = _curve(rng)
    better = low - np.cumsum(rng.uniform(0.05, 0.1, _some(rng)))
    yield case("the lowest loss comes too late", fall, _above(rng, low, patience), better)
    low, patience, fall = _curve(rng)
    yield case("creeps back down", fall, np.sort(_above(rng, low, patience + _some(rng)))[::-1])


def _curve(rng: np.random.Generator) -> tuple[float, int, np.ndarray]:
    """The lowest loss, the patience, and a fall to that loss over 3 to 24 epochs."""
    low = float(rng.uniform(0.5, 2.0))
    steps = np.cumsum(rng.uniform(0.05, 0.3, rng.integers(2, 24)))
    return low, int(rng.integers(2, 7)), low + np.append(steps[::-1], 0.0)


def _above(rng: np.random.Generator, low: float, epochs: int) -> np.ndarray:
    """Losses up and down that bring no new low."""
    return low + rng.uniform(0.05, 1.0, epochs)


def _some(rng: np.random.Generator) -> int:
    """How many epochs follow those that decide: at least two, so that a stop one epoch late shows."""
    return int(rng.integers(2, 7))


def stops_one_epoch_late(losses, patience):
    """Waits until more than `patience` epochs are over."""
    return _stop(losses, patience + 1)


def stops_one_epoch_early(losses, patience):
    """Counts the best epoch itself as the first of the bad ones."""
    return _stop(losses, patience - 1) if patience > 1 else (0, 0)


def last_epoch_kept(losses, patience):
    """Returns the epoch of the stop as the best one."""
    stop = _stop(losses, patience)[1]
    return stop, stop


def lowest_of_all_losses(losses, patience):
    """Looks for the lowest loss beyond the stop, too."""
    return int(np.argmin(losses)), _stop(losses, patience)[1]


def bad_epochs_need_not_be_in_a_row(losses, patience):
    """Never sets the counter back."""
    best = bad = 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best]:
            best = epoch
        else:
            bad += 1
        if bad == patience:
            return best, epoch
    return best, len(losses) - 1


def compared_with_the_epoch_before(losses, patience):
    """Sets the counter back whenever the loss falls, though no new low is reached."""
    best = bad = 0
    for epoch in range(1, len(losses)):
        bad = 0 if losses[epoch] < losses[epoch - 1] else bad + 1
        best = epoch if losses[epoch] < losses[best] else best
        if bad == patience:
            return best, epoch
    return best, len(losses) - 1


def equal_counts_as_better(losses, patience):
    """Takes a loss that equals the lowest for a new low."""
    best = 0
    for epoch in range(len(losses)):
        if losses[epoch] <= losses[best]:
            best = epoch
        if epoch - best == patience:
            return best, epoch
    return best, len(losses) - 1


def counted_from_one(losses, patience):
    """Calls the first epoch 1."""
    best, stop = _stop(losses, patience)
    return best + 1, stop + 1


def stop_past_the_end(losses, patience):
    """Says that training stops after the last epoch when patience never ends."""
    best, stop = _stop(losses, patience)
    return best, stop if stop - best == patience else len(losses)


def _stop(losses, patience):
    best = 0
    for epoch in range(len(losses)):
        if losses[epoch] < losses[best]:
            best = epoch
        if epoch - best == patience:
            return best, epoch
    return best, len(losses) - 1


EXERCISE = Exercise(
    number=1,
    title="When to stop",
    section="8.1",
    points=3,
    minutes=12,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            stops_one_epoch_late,
            hint="Losses 1, 2, 2 and patience 2: which epochs brought nothing new, and at which one is your patience "
            "at its end?",
        ),
        Misconception(
            stops_one_epoch_early,
            hint="Does the best epoch count as one without a new low? How many epochs behind it have you waited?",
        ),
        Misconception(
            last_epoch_kept,
            hint="Which parameters do you want to keep: those of the stop, or those of some epochs before?",
        ),
        Misconception(
            lowest_of_all_losses,
            hint="Training is over at the stop. Can you know a loss that would have come later?",
        ),
        Misconception(
            bad_epochs_need_not_be_in_a_row,
            hint="After a new lowest loss, how many epochs have passed without one?",
        ),
        Misconception(
            compared_with_the_epoch_before,
            hint="Losses 1, 5, 4, 3: they fall, but was there a new lowest one? What do you compare with?",
        ),
        Misconception(
            equal_counts_as_better,
            hint="If the loss stays exactly the same for ever, when do you stop? Is an equal loss a new low?",
        ),
        Misconception(counted_from_one, hint="Which number has the first epoch in Python?"),
        Misconception(
            stop_past_the_end,
            hint="Five epochs have the numbers 0 to 4: which one is the last that was trained?",
        ),
    ),
    hints=(
        "Walk through the losses once, and remember one thing: the epoch with the lowest loss so far.",
        "How many epochs have passed since the best one? That is a difference of two epoch numbers.",
        "if losses[epoch] < losses[best]: best = epoch. If epoch − best reaches patience, return best and epoch.",
        "Losses 3, 2, 1, 2, 2 and patience 2: best epoch 2; at epoch 4 the difference is 4 − 2 = 2, so stop at 4.",
    ),
    convention="Epochs count from 0; a loss equal to the lowest is no improvement.",
)
