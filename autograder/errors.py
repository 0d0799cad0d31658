"""Every exception that the course raises on purpose, each one readable line.

CourseError                 something a person can mend; the message says how
├── NotYet                  a check that did not pass (shown without a traceback)
├── SpecError               an exercise file, a master or a name that does not fit together
├── RecordingError          a recording that is missing, stale or damaged
├── RefusedValue            a value that may not cross the sandbox's border or enter a recording
├── SubmissionError         a submitted file that cannot be read as a notebook
└── SandboxError            this machine cannot isolate student code, or a sandbox was lost
"""

__all__ = [
    "CourseError",
    "NotYet",
    "RecordingError",
    "RefusedValue",
    "SandboxError",
    "SpecError",
    "SubmissionError",
]


class CourseError(Exception):
    """Something a person can mend; the message says what came in, what was expected, and what to do."""


class NotYet(CourseError):
    """A check that did not pass yet: one line in the notebook instead of a traceback."""

    def _render_traceback_(self) -> list[str]:
        """IPython asks an exception for its own rendering; ours is its one line."""
        return [str(self)]


class SpecError(CourseError):
    """An exercise file, a master or a name that does not fit together."""


class RecordingError(CourseError):
    """A recording that is missing, stale or damaged."""


class RefusedValue(CourseError):
    """A value that may not cross the sandbox's border or enter a recording."""


class SubmissionError(CourseError):
    """A submitted file that cannot be read as a notebook."""


class SandboxError(CourseError):
    """This machine cannot isolate student code, or a sandbox was lost."""
