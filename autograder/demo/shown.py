"""What the demonstration prints: the class as a table, what a person must look at, who moved, where the pages are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from autograder.demo.afterwards import Pages
from autograder.demo.material import Submission
from autograder.engine import catalogue
from autograder.instructor.class_attention import KINDS, Attention
from autograder.instructor.class_data import ChapterData
from autograder.judge import moves
from autograder.judge.grading import Graded
from autograder.judge.records import Record

__all__ = ["attention_lines", "page_lines", "surprises", "table"]

WIDTH = 118
PREFIX = "misconception_"


def table(data: ChapterData, class_: Sequence[Submission]) -> list[str]:
    """The class as lines under headings: score, exercises passed, what each submission is; then the misconceptions."""
    fixed = [one for one in class_ if one.group]
    wrong = [one for one in class_ if not one.group]
    width = max((len(one.student) for one in fixed), default=0)
    lines = [f"{'':<{width}}  {'score':>5}  {'of':>3}  passed"]
    for heading, group in groupby(fixed, key=lambda one: one.group):
        lines.append(f"{heading}:")
        for one in group:
            entry = data.grades.entries.get(one.student)
            late = f": {entry.penalty:g} points less" if entry and entry.penalty else ""
            lines.append(
                cut(f"{one.student:<{width}}  {_score(data.records.get(one.student))}  {one.last.about}{late}")
            )
    if wrong:
        known = sum(bool(_recognised(data.records.get(one.student))) for one in wrong)
        lines.append(f"known wrong answers, one in each submission: {known} of {len(wrong)} recognised")
        for one in wrong:
            record = data.records.get(one.student)
            name = _recognised(record) or f"not recognised: {one.student.removeprefix(PREFIX)}"
            lines.append(cut(f"{'':<{width}}  {_score(record)}  {name}"))
    return lines


def _score(record: Record | None) -> str:
    if record is None:
        return f"{'-':>5}  {'-':>3}  {'':>6}"
    passed = f"{sum(verdict.passed for verdict in record.verdicts)}/{len(record.verdicts)}"
    return f"{round(record.score, 2):5g}  {record.points:3g}  {passed:>6}"


def _recognised(record: Record | None) -> str:
    found = (f"{v.exercise}: {v.misconception}" for v in (record.verdicts if record else ()) if v.misconception)
    return ", ".join(found)


def surprises(data: ChapterData, class_: Sequence[Submission]) -> Iterator[str]:
    """One line for each submission whose outcome is another than its kind says."""
    points = {one.name: float(one.points) for one in catalogue.exercises(data.chapter)}
    for one in class_:
        record, wanted = data.records.get(one.student), one.last
        if record is None:
            yield f"{one.student}: there is no verdict"
            continue
        if wanted.passes is not None:
            scores = {verdict.exercise: verdict.score for verdict in record.verdicts}
            due = {name: worth if name in wanted.passes else 0.0 for name, worth in points.items()}
            wrong = [
                f"{name} has {scores.get(name)}, not {due[name]:g}" for name in due if scores.get(name) != due[name]
            ]
            if wrong:
                yield f"{one.student}: {', '.join(wrong)}"
        if wanted.flagged is not None and wanted.flagged != bool(record.all_flags):
            yield f"{one.student}: {'a flag' if record.all_flags else 'no flag'} where the kind says otherwise"


def attention_lines(found: Sequence[Attention]) -> list[str]:
    """What a person must look at, kind after kind; free answers as a number, because they wait in every class."""
    if not found:
        return []
    lines = ["for a person:"]
    for kind, group in groupby(found, key=lambda one: one.kind):
        ones = list(group)
        if kind == "free answer":
            lines.append(f"  {KINDS[kind]}: {len(ones)}, of {len({one.student for one in ones})} students")
            continue
        lines.append(f"  {KINDS[kind]}")
        for one in ones:
            where = f"`{one.exercise}`: " if one.exercise else ""
            lines.append(cut(f"    {one.student}: {where}{one.what}"))
    return lines


def page_lines(data: ChapterData, pages: Pages, graded: Graded) -> list[str]:
    """Who moved since the class was graded before, and where everything is."""
    found = pages.found
    lines = moves.lines(graded.moves)
    lines += [
        f"class report:  {pages.report}",
        f"similar pairs: {pages.similar}",
    ]
    if found.whole.pairs:
        first = found.whole.pairs[0]
        lines += [
            f"    {found.whole.over} of {found.whole.all} pairs are alike at {found.threshold:.0%} or more; first",
            f"    {first.left} and {first.right}, who share {first.rare:.0%} that few others have",
        ]
    if pages.feedback:
        lines.append(f"feedback:      {len(pages.feedback)} pages, such as {pages.feedback[0]}")
    lines.append(f"by hand:       nbgrader formgrader in {data.course.root}")
    return lines


def cut(line: str) -> str:
    """A line that fits a wide terminal."""
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 3]}..."
