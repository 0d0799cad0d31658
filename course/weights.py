"""Pretrained weights from installed packages, read as files: none of the packages' code is imported.

They are optional: each function gives None where its package is not there, and the chapters go on without.
`python -m autograder weights` installs them.
"""

from __future__ import annotations

import os
import pickle
from collections import OrderedDict
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["HOW", "folder", "g2p", "pnet"]

HOW = "python -m autograder weights"
"""The command that installs them."""

Weights = dict[str, NDArray[np.float32]]


def folder() -> Path:
    """Where the weights are looked for first: the environment variable COURSE_WEIGHTS, or .weights beside course/."""
    return Path(os.environ.get("COURSE_WEIGHTS") or Path(__file__).parents[1] / ".weights")


def pnet() -> Weights | None:
    """The 6,632 weights of P-Net, the first stage of the face detector MTCNN; None when they are not installed.

    conv1, conv2, conv3, conv4_1 (face or not) and conv4_2 (corners), each with .weight (C_out, C_in, K, K) and
    .bias (C_out,); prelu1, prelu2, prelu3, each with .weight (C,).
    Source: K. Zhang et al. 2016, "Joint face detection and alignment using multitask cascaded convolutional networks";
    the weights come with the package facenet-pytorch (MIT).
    """
    path = _file("facenet_pytorch", "data/pnet.pt")
    if path is None:
        return None
    with path.open("rb") as file:
        return _state_dict(file)


def g2p() -> Weights | None:
    """The weights of a GRU that spells out how English words sound; None when they are not installed.

    enc_emb (29, 256), enc_w_ih (768, 256), enc_w_hh, enc_b_ih (768,), enc_b_hh; dec_ likewise with 74 symbols;
    fc_w (74, 256) and fc_b (74,).
    Source: the package g2p-en (Apache 2.0).
    """
    path = _file("g2p_en", "checkpoint20.npz")
    if path is None:
        return None
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _file(package: str, path: str) -> Path | None:
    places = [folder() / package]
    found = find_spec(package)
    if found is not None and found.origin is not None:
        places.append(Path(found.origin).parent)
    return next((place / path for place in places if (place / path).is_file()), None)


# PyTorch's first file format: five pickles, then every storage's raw numbers.  A pickle may call anything that it
# names, so this reader knows the three names that a plain state dict needs, and refuses every other.


class _Floats(NamedTuple):
    """Stands for a storage whose numbers come later in the file."""

    key: str


class _View(NamedTuple):
    """Stands for a tensor until the storages are read."""

    key: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _view(storage: _Floats, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> _View:
    return _View(storage.key, offset, shape, strides)


class _StateDictReader(pickle.Unpickler):
    """Reads the pickles of a state dict of float32 tensors, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in for a name in the file; UnpicklingError for a name that no plain state dict has."""
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _view,
            ("torch", "FloatStorage"): float,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"the file names {module}.{name}; expected tensors of float32 alone")
        return known[module, name]

    def persistent_load(self, name: Any) -> _Floats:
        """The storage that a tensor looks into."""
        return _Floats(name[2])


def _state_dict(file: BinaryIO) -> Weights:
    """The tensors of a file in PyTorch's first format, by name; UnpicklingError for anything else."""
    _magic, _version, _system, state, keys = (_StateDictReader(file).load() for _ in range(5))
    storages = {}
    for key in keys:
        (count,) = np.frombuffer(file.read(8), dtype="<i8")
        storages[key] = np.frombuffer(file.read(4 * int(count)), dtype="<f4")
    return {name: _tensor(view, storages[view.key]) for name, view in state.items()}


def _tensor(view: _View, numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    # an array of places, so that a stride that leads out of the storage is an IndexError and not somebody else's memory
    places = np.full(view.shape, view.offset)
    for stride, along in zip(view.strides, np.indices(view.shape, sparse=True), strict=True):
        places += stride * along
    return numbers[places]
