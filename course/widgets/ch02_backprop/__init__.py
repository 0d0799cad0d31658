"""The widgets of chapter 2: one function each, which returns a kit Explorer.

Give a function or a class of your own, and the widget runs on it.
"""

from .finite_difference import finite_difference
from .gradient_check_map import gradient_check_map
from .graph_stepper import graph_stepper
from .playground import playground

__all__ = ["finite_difference", "gradient_check_map", "graph_stepper", "playground"]
