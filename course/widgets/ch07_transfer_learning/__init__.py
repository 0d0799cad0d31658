"""The widgets of chapter 7: one function each, which returns a kit Explorer.

Give a function of your own, and the widget runs on it; the course's own stays behind it.
"""

from .feature_maps_2d import feature_maps_2d
from .forgetting_curve import forgetting_curve
from .freeze_depth import freeze_depth
from .labels_needed import labels_needed

__all__ = ["feature_maps_2d", "forgetting_curve", "freeze_depth", "labels_needed"]
