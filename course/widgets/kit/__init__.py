"""A model, some controls, some panels: the parts of every widget in the course.

Explorer(model, view=[Curve(...), Bars(...)], kind=Choice("tanh", "ReLU"), x0=Slider(-6, 6, 97))
"""

from course.widgets.kit.bake import BakeError
from course.widgets.kit.controls import Choice, Control, Grid, Point, Slider, Time, Toggle
from course.widgets.kit.explorer import Explorer
from course.widgets.kit.marks import Arrow, Band, Dot, Field, Guide, Label, Line, Ramp, Tangent
from course.widgets.kit.mechanism import Mechanism, Run, written
from course.widgets.kit.panels import Bars, Curve, Graph, Heat, Histogram, Images, Paths, Tokens
from course.widgets.kit.student import StudentFunction

__all__ = [
    "Arrow",
    "BakeError",
    "Band",
    "Bars",
    "Choice",
    "Control",
    "Curve",
    "Dot",
    "Explorer",
    "Field",
    "Graph",
    "Grid",
    "Guide",
    "Heat",
    "Histogram",
    "Images",
    "Label",
    "Line",
    "Mechanism",
    "Paths",
    "Point",
    "Ramp",
    "Run",
    "Slider",
    "StudentFunction",
    "Tangent",
    "Time",
    "Toggle",
    "Tokens",
    "written",
]
