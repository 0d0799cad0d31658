"""The widgets of chapter 1: one function each, which returns a kit Explorer.

Give a function of your own, and the widget runs on it; the reference stays behind it as a dashed line.
"""

from .bend import layer_bends_space
from .depth import signal_through_depth
from .half_plane import neuron
from .network import network_builder
from .shares import softmax_steps
from .slope import activation_explorer

__all__ = [
    "activation_explorer",
    "layer_bends_space",
    "network_builder",
    "neuron",
    "signal_through_depth",
    "softmax_steps",
]
