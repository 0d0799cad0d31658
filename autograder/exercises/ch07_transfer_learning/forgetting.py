"""Exercise of section 7.8: how much of the old task is lost.

Source: Kirkpatrick, Pascanu, Rabinowitz and others 2017, "Overcoming catastrophic forgetting in neural networks".
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def drive(forgetting, logits_before, logits_after, labels):
    """The four numbers in one order: the order of the dict does not matter."""
    found = forgetting(logits_before, logits_after, labels)
    names = ["accuracy_before", "accuracy_after", "drop", "forgotten"]
    if not isinstance(found, dict) or set(found) != set(names):
        return found
    return {name: found[name] for name in names}


def reference(logits_before, logits_after, labels):
    """PyTorch's topk, and the accuracy after among those that were right before."""
    import torch

    right = [
        (logits.topk(1, dim=1).indices[:, 0] == labels).to(logits.dtype) for logits in (logits_before, logits_after)
    ]
    before, after = right
    still = after[before > 0]
    return {
        "accuracy_before": before.mean(),
        "accuracy_after": after.mean(),
        "drop": torch.sub(before.mean(), after.mean()),
        "forgotten": 1 - still.mean() if len(still) else torch.zeros((), device=labels.device),
    }


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Some lost and some gained; everything lost; nothing right before; more gained than lost; as good, but others."""
    some = rng.integers(1, 4, 6)  # so many that no share is the same for every seed
    yield _case("two lost, one gained", rng, 4, kept=2 + some[0], lost=2, gained=1, never=1)
    yield _case("everything is forgotten", rng, 3, kept=0, lost=3 + some[1], gained=0, never=1)
    yield _case("nothing was right before", rng, 3, kept=0, lost=0, gained=1 + some[2], never=3)
    yield _case("more gained than lost", rng, 5, kept=2, lost=1, gained=3 + some[3], never=2)
    yield _case("as many right as before, but others", rng, 4, kept=3 + some[4], lost=4, gained=4, never=some[5])


def _case(name, rng, classes, *, kept, lost, gained, never):
    """Logits whose largest is, or is not, that of the label; a wrong answer may change into another wrong one."""
    before = np.array([True] * kept + [True] * lost + [False] * gained + [False] * never)
    after = np.array([True] * kept + [False] * lost + [True] * gained + [False] * never)
    order = rng.permutation(len(before))
    labels = rng.integers(0, classes, len(before))
    logits = [_logits(rng, classes, labels, right[order]) for right in (before, after)]
    return Case(name, {"logits_before": logits[0], "logits_after": logits[1], "labels": labels})


def _logits(rng, classes, labels, right):
    answer = np.where(right, labels, (labels + rng.integers(1, classes, len(labels))) % classes)
    logits = rng.normal(-1.0, 1.0, (len(labels), classes))
    logits[np.arange(len(labels)), answer] = logits.max(axis=1) + rng.uniform(0.2, 1.0, len(labels))
    return logits


def _right(logits, labels):
    return np.argmax(logits, axis=1) == labels


def _report(before, after, drop, forgotten):
    return {
        "accuracy_before": np.mean(before),
        "accuracy_after": np.mean(after),
        "drop": drop,
        "forgotten": forgotten,
    }


def _lost(before, after):
    return np.sum(before & ~after) / max(np.sum(before), 1)


def share_of_all_examples(logits_before, logits_after, labels):
    """Divides what was lost by the number of all examples."""
    before, after = _right(logits_before, labels), _right(logits_after, labels)
    return _report(before, after, np.mean(before) - np.mean(after), np.mean(before & ~after))


def share_of_those_wrong_after(logits_before, logits_after, labels):
    """Divides what was lost by the number of wrong answers after."""
    before, after = _right(logits_before, labels), _right(logits_after, labels)
    forgotten = np.sum(before & ~after) / max(np.sum(~after), 1)
    return _report(before, after, np.mean(before) - np.mean(after), forgotten)


def gains_set_against_losses(logits_before, logits_after, labels):
    """Divides the drop by the accuracy before, so that what is newly right hides what is lost."""
    before, after = _right(logits_before, labels), _right(logits_after, labels)
    drop = np.mean(before) - np.mean(after)
    return _report(before, after, drop, drop / np.mean(before) if before.any() else 0.0)


def forgotten_is_the_drop(logits_before, logits_after, labels):
    """Reports the drop twice."""
    before, after = _right(logits_before, labels), _right(logits_after, labels)
    drop = np.mean(before) - np.mean(after)
    return _report(before, after, drop, drop)


def every_changed_answer_counts(logits_before, logits_after, labels):
    """Counts what is newly right as forgotten, too."""
    before, after = _right(logits_before, labels), _right(logits_after, labels)
    return _report(before, after, np.mean(before) - np.mean(after), np.sum(before != after) / max(np.sum(before), 1))


def answers_compared_with_each_other(logits_before, logits_after, labels):
    """Compares the two answers, and not each with the label."""
    before, after = _right(logits_before, labels), _right(logits_after, labels)
    changed = np.argmax(logits_before, axis=1) != np.argmax(logits_after, axis=1)
    return _report(before, after, np.mean(before) - np.mean(after), np.mean(changed))


def drop_with_the_wrong_sign(logits_before, logits_after, labels):
    """Subtracts before from after."""
    before, after = _right(logits_before, labels), _right(logits_after, labels)
    return _report(before, after, np.mean(after) - np.mean(before), _lost(before, after))


def drop_never_negative(logits_before, logits_after, labels):
    """Cuts the drop off at zero."""
    before, after = _right(logits_before, labels), _right(logits_after, labels)
    return _report(before, after, max(np.mean(before) - np.mean(after), 0.0), _lost(before, after))


def drop_relative_to_before(logits_before, logits_after, labels):
    """Divides the drop by the accuracy before."""
    before, after = _right(logits_before, labels), _right(logits_after, labels)
    drop = np.mean(before) - np.mean(after)
    return _report(before, after, drop / np.mean(before) if before.any() else 0.0, _lost(before, after))


def nothing_right_divides_by_zero(logits_before, logits_after, labels):
    """Computes 0 / 0 where nothing was right before."""
    before, after = _right(logits_before, labels), _right(logits_after, labels)
    with np.errstate(all="ignore"):
        forgotten = np.sum(before & ~after) / np.float64(np.sum(before))
    return _report(before, after, np.mean(before) - np.mean(after), forgotten)


def counts_instead_of_shares(logits_before, logits_after, labels):
    """Counts examples."""
    before, after = _right(logits_before, labels), _right(logits_after, labels)
    return {
        "accuracy_before": np.sum(before),
        "accuracy_after": np.sum(after),
        "drop": int(np.sum(before)) - int(np.sum(after)),
        "forgotten": np.sum(before & ~after),
    }


def percent(logits_before, logits_after, labels):
    """Gives all numbers in percent."""
    before, after = 100.0 * _right(logits_before, labels), 100.0 * _right(logits_after, labels)
    return _report(before, after, np.mean(before) - np.mean(after), 100.0 * _lost(before > 0, after > 0))


EXERCISE = Exercise(
    number=10,
    title="What was forgotten",
    section="7.8",
    points=2,
    minutes=10,
    difficulty="easy",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            share_of_all_examples,
            hint="Can one forget what one never knew? By how many examples do you divide?",
        ),
        Misconception(
            share_of_those_wrong_after,
            hint="Among which examples is the share taken: those wrong after, or those right before?",
        ),
        Misconception(
            gains_set_against_losses,
            hint="Four answers are lost and four others are newly right: what is the drop, and what is forgotten?",
        ),
        Misconception(
            forgotten_is_the_drop,
            hint="Four answers are lost and four others are newly right. Must the two numbers be the same?",
        ),
        Misconception(
            every_changed_answer_counts,
            hint="An answer was wrong and is right now: is that forgetting?",
        ),
        Misconception(
            answers_compared_with_each_other,
            hint="A wrong answer became another wrong one: was something forgotten? Where are the labels?",
        ),
        Misconception(
            drop_with_the_wrong_sign,
            hint="From 0.9 to 0.7: is that a drop of 0.2, or of −0.2? Which is subtracted from which?",
        ),
        Misconception(
            drop_never_negative,
            hint="The old task may become better, too. What is before minus after then?",
        ),
        Misconception(
            drop_relative_to_before,
            hint="From 0.8 to 0.6: what is before minus after? Does the docstring divide by something?",
        ),
        Misconception(
            nothing_right_divides_by_zero,
            hint="What do you divide by if nothing was right before? What does the docstring say for that case?",
        ),
        Misconception(
            counts_instead_of_shares,
            hint="Between which two numbers does an accuracy lie? What is missing behind your sums?",
        ),
        Misconception(percent, hint="Is an accuracy of one half 0.5 here, or 50?"),
    ),
    hints=(
        "First two arrays of True and False: which examples were right before, and which are right after?",
        "argmax along the classes, compared with labels. & and ~ combine such arrays; np.mean gives a share.",
        "forgotten = (number right before and wrong after) / (number right before); drop = mean before − mean after.",
        "Right before: yes yes yes no. Right after: yes no no yes. Accuracies 3/4 and 2/4, drop 1/4, forgotten 2/3.",
    ),
    convention="forgotten is a share of what was right before; what is newly right does not make up for it.",
)
