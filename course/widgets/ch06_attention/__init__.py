"""The widgets of chapter 6: one function each, which returns a kit Explorer.

Give a function of your own, or the network that you trained, and the widget runs on it.
"""

from .attention_steps import attention_steps
from .masked_word import masked_word
from .masks import masks
from .next_token import next_token
from .norms_and_stream import norms_and_stream
from .positions import positions
from .real_heads import real_heads
from .scale_and_softmax import scale_and_softmax

__all__ = [
    "attention_steps",
    "masked_word",
    "masks",
    "next_token",
    "norms_and_stream",
    "positions",
    "real_heads",
    "scale_and_softmax",
]
