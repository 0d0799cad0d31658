"""The widgets of chapter 9: one function each, which returns a kit Explorer.

Give a function of your own, and the widget runs on it; the reference stays behind it as a dashed line.
"""

from .bias_correction import bias_correction
from .optimiser_race import optimiser_race
from .schedules import schedules
from .update_ratios import update_ratios

__all__ = ["bias_correction", "optimiser_race", "schedules", "update_ratios"]
