"""The exporters under the names that nbgrader's `--exporter` takes."""

from autograder.instructor.canvas import CanvasExporter
from autograder.instructor.exporter import CsvExporter
from autograder.instructor.moodle import MoodleExporter

__all__ = ["CanvasExporter", "CsvExporter", "MoodleExporter"]
