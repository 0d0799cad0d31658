"""The widgets of chapter 4: one function each, which returns a kit Explorer.

Give a function of your own, or the network that you trained, and the widget runs on it.
"""

from .detection import detection
from .feature_maps import feature_maps
from .output_arithmetic import output_arithmetic
from .pooling_shift import pooling_shift
from .receptive_field_painter import receptive_field_painter
from .sliding_kernel import sliding_kernel

__all__ = [
    "detection",
    "feature_maps",
    "output_arithmetic",
    "pooling_shift",
    "receptive_field_painter",
    "sliding_kernel",
]
