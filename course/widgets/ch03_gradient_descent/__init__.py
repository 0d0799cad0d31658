"""The widgets of chapter 3: one function each, which returns a kit Explorer.

Give a function of your own, and the widget runs on it; the reference stays behind it as a dashed line.
"""

from .batch_noise import batch_noise
from .bowl import bowl
from .landscapes import landscapes
from .random_directions import random_directions

__all__ = ["batch_noise", "bowl", "landscapes", "random_directions"]
