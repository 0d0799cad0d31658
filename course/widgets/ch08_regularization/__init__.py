"""The widgets of chapter 8: one function each, which returns a kit Explorer.

Give a function of your own, and the widget runs on it; the course's own stays behind it.
"""

from .augmentation_gallery import augmentation_gallery
from .batch_norm_layers import batch_norm_layers
from .dropout_masks import dropout_masks
from .overfitting_bench import overfitting_bench

__all__ = ["augmentation_gallery", "batch_norm_layers", "dropout_masks", "overfitting_bench"]
