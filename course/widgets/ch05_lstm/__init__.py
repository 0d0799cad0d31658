"""The widgets of chapter 5: one function each, which returns a kit Explorer.

Give a function of your own, and the widget runs on it; the reference stays behind it as a dashed line.
"""

from .cell_memory import cell_memory
from .forecaster import forecaster
from .gate_player import gate_player
from .gradient_through_time import gradient_through_time

__all__ = ["cell_memory", "forecaster", "gate_player", "gradient_through_time"]
