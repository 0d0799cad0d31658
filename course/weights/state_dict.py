"""A reader for PyTorch's first file format that needs no PyTorch and runs nothing that the file names.

The format is five pickles and then the raw numbers of every storage.  A pickle may call anything that it names, so this
reader knows the names that a plain state dict needs, and refuses every other.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["read"]

DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


class _Storage(NamedTuple):
    """Stands for a storage whose numbers come later in the file."""

    key: str
    dtype: str


class _View(NamedTuple):
    """Stands for a tensor until the storages are read."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _view(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> _View:
    return _View(storage, offset, shape, strides)


class _Reader(pickle.Unpickler):
    """Reads the pickles of a state dict, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in for a name in the file; UnpicklingError for a name that no plain state dict has."""
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        known = {("collections", "OrderedDict"): OrderedDict, ("torch._utils", "_rebuild_tensor_v2"): _view}
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"the file names {module}.{name}; expected tensors of numbers alone")
        return known[module, name]

    def persistent_load(self, name: Any) -> _Storage:
        """The storage that a tensor looks into."""
        return _Storage(key=name[2], dtype=name[1])


def read(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a file by name; UnpicklingError for a file that holds anything else."""
    with path.open("rb") as file:
        return _read(file)


def _read(file: BinaryIO) -> dict[str, NDArray[Any]]:
    _magic, _version, _system, state, keys = (_Reader(file).load() for _ in range(5))
    dtypes = {view.storage.key: np.dtype(view.storage.dtype) for view in state.values()}
    storages = {}
    for key in keys:
        (count,) = np.frombuffer(file.read(8), dtype="<i8")
        storages[key] = np.frombuffer(file.read(dtypes[key].itemsize * int(count)), dtype=dtypes[key])
    return {name: _tensor(view, storages[view.storage.key]) for name, view in state.items()}


def _tensor(view: _View, numbers: NDArray[Any]) -> NDArray[Any]:
    # an array of places, so that a stride that leads out of the storage is an IndexError and not somebody else's memory
    places = np.full(view.shape, view.offset)
    for stride, along in zip(view.strides, np.indices(view.shape, sparse=True), strict=True):
        places += stride * along
    return np.asarray(numbers[places])
