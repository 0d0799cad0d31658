"""Run one submission, whatever it does: lost processes are replaced, the good cells replayed, and nothing raises."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from autograder.engine.answer import Answer
from autograder.judge.replies import Lost
from autograder.judge.sandbox import Sandbox
from autograder.judge.session import Oracle, Session, patience

__all__ = ["MAX_LOSSES", "CellOutcome", "SubmissionRun", "in_words"]

MAX_LOSSES = 4
"""After so many lost processes the rest of a submission is not run any more."""
MAX_CELL_LOSSES = 2
"""After so many, the student's extra cells are not run any more."""
MAX_PRINTED = 500_000
"""Characters of what all cells of a submission print that are kept: every page of it shows them."""
NOT_RUN = "not run: "
"""How the detail begins of what was not even tried."""
ENDINGS = ("exit status", "killed by")
"""How the detail begins that student code can choose by its way of ending the process."""


@dataclass(frozen=True)
class CellOutcome:
    """How one cell went: its error in one line ("" for none) and what it printed."""

    error: str = ""
    text: str = ""


class SubmissionRun:
    """The processes that run one submission, one after the other.

    flags    what a person should look at
    losses   how many processes were lost
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.session: Session | None = None
        self.replayed: list[str] = []
        self.flags: list[str] = []
        self.losses = 0
        self.printed = 0
        self.start = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop()

    @property
    def exhausted(self) -> str:
        """Why nothing more of this submission is run, or ""."""
        if self.losses >= MAX_LOSSES:
            return f"{MAX_LOSSES} processes of this submission were lost"
        if self._seconds > self.sandbox.limits.total_seconds:
            return f"the submission's {self.sandbox.limits.total_seconds:g} seconds are used up"
        return ""

    @property
    def extra_used_up(self) -> str:
        """Why no more of the student's extra cells are run, or "": the exercises come first."""
        limits = self.sandbox.limits
        if self.losses >= MAX_CELL_LOSSES:
            return f"{MAX_CELL_LOSSES} processes were lost before"
        if self._seconds > limits.cells_seconds:
            return f"the cells before took more than {limits.cells_seconds:g} seconds"
        return ""

    @property
    def _seconds(self) -> float:
        """Seconds since the beginning, as an idle machine would have taken them."""
        return (time.monotonic() - self.start) / patience()

    def flag(self, line: str) -> None:
        """Something that a person should look at; each line once."""
        if line not in self.flags:
            self.flags.append(line)

    def names(self, sources: Sequence[str]) -> list[tuple[frozenset[str], frozenset[str]] | None]:
        """What cells bind and use, found inside the sandbox because a parser may be attacked too; None: unknown."""
        try:
            return self._ready().names(sources)
        except Lost:
            self._drop()
            return [None] * len(sources)

    def run_cell(self, source: str) -> CellOutcome:
        """Run a cell and keep it for replays; a cell that loses the process is left out from then on."""
        if self.exhausted:
            return CellOutcome(error=f"{NOT_RUN}{self.exhausted}")
        try:
            error, text = self._ready().run_cell(source)
        except Lost as lost:
            self._lose(lost, "a cell")
            return CellOutcome(error=in_words(lost.trouble, lost.detail))
        # A cell that raised has run up to there, and its effects belong to the submission.
        self.replayed.append(source)
        text = text[: MAX_PRINTED - self.printed]
        self.printed += len(text)
        return CellOutcome(error, text)

    def calls(
        self,
        name: str,
        cases: Sequence[Mapping[str, Any]],
        oracle: Oracle | None = None,
        drive: str = "",
        *,
        discreet: bool = False,
    ) -> list[Answer]:
        """Use a function of the submission on each case's inputs, as `Session.calls` says.

        discreet   the inputs are fresh: how the process ended is not told, because an exit status can spell them

        After a lost process the rest of the cases share its trouble: one loss for an exercise is enough, because
        the others shall be judged too.
        """
        answers: list[Answer] = []
        try:
            for given in self._ready().calls(name, cases, oracle, drive):
                answers.append(given)
                if self.exhausted:
                    break
        except Lost as lost:
            if discreet and lost.detail.startswith(ENDINGS):
                lost = Lost(lost.trouble, "it ended with fresh inputs")
            if not self.exhausted:
                self._lose(lost, f"`{name}`")
            answers.append(Answer(trouble=lost.trouble, detail=lost.detail))
        rest = Answer(trouble="lost", detail=f"{NOT_RUN}{self.exhausted}") if self.exhausted else answers[-1]
        return answers + [rest] * (len(cases) - len(answers))

    def _ready(self) -> Session:
        """A process in which every good cell has run."""
        while self.session is None:
            if reason := self.exhausted:
                raise Lost("lost", f"{NOT_RUN}{reason}")
            self.session = self.sandbox.open()
            try:
                for source in self.replayed:
                    self.session.run_cell(source)
            except Lost as lost:
                self._lose(lost, "a cell that had run before")
        return self.session

    def _lose(self, lost: Lost, where: str) -> None:
        self.losses += 1
        self.flags.append(f"{where}: {in_words(lost.trouble, lost.detail)}")
        if self.losses == MAX_LOSSES:
            self.flags.append(f"{MAX_LOSSES} processes were lost; what was not judged by then scores 0")
        self._drop()

    def _drop(self) -> None:
        if self.session is not None:
            self.session.close()
            self.session = None


def in_words(trouble: str, detail: str) -> str:
    """A loss as a person reads it: the same words wherever it is told."""
    if detail.startswith(NOT_RUN):
        return detail
    return f"did not finish in time ({detail})" if trouble == "timeout" else f"the process was lost ({detail})"
