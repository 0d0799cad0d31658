"""A rule for late submissions, as a plug-in of nbgrader: a share of the points for each started day.

In nbgrader's configuration file:

    c.AssignLatePenalties.plugin_class = "autograder.instructor.late.DailyPenalty"
    c.DailyPenalty.share = 0.1
    c.DailyPenalty.grace_days = 1
    c.DailyPenalty.maximum = 0.5

`python -m autograder grade` and `nbgrader autograde` ask it alike.  Late is what nbgrader calls late: a timestamp after
the due date, with the student's extension if there is one.
"""

from __future__ import annotations

import math

from traitlets import Float

from autograder.judge.course import prepare_nbgrader

prepare_nbgrader()

from nbgrader.plugins import LateSubmissionPlugin  # noqa: E402

__all__ = ["DailyPenalty"]

DAY = 24 * 60 * 60.0


class DailyPenalty(LateSubmissionPlugin):
    """Takes `share` of the score for each started day after the days of grace, and `maximum` at most."""

    share = Float(0.1, min=0.0, max=1.0, help="the share of the score that each started day costs").tag(config=True)
    grace_days = Float(0.0, min=0.0, help="days that cost nothing and are not counted").tag(config=True)
    maximum = Float(1.0, min=0.0, max=1.0, help="the largest share that is taken").tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """The points to take from a score; None when nothing is taken.

        student_id           the same rule holds for everybody
        score                the points of the notebook before the penalty
        total_seconds_late   seconds after the due date
        """
        days = math.ceil(total_seconds_late / DAY - self.grace_days)
        if days <= 0:
            return None
        taken: float = min(self.maximum, self.share * days)
        return round(score * taken, 4)
