"""Trees of plain values as JSON plus arrays: the one format of recordings and of the sandbox's messages.

A tree is an array, number, string, bool or None, or a dict, list or tuple of trees.  `pack` takes it apart
into a JSON-able structure and a list of arrays; `unpack` puts it together.  Nothing else passes: no objects and no
pickles, and of a subclass only what its base class holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from autograder.errors import RefusedValue
from autograder.spec import Rng

__all__ = ["MAX_ARRAYS", "MAX_BYTES", "MAX_DEPTH", "copy", "leaves", "pack", "unpack"]

MAX_DEPTH = 16
MAX_ARRAYS = 4096
MAX_BYTES = 256 * 1024 * 1024
KINDS = "biufc"
"""dtype kinds that may pass: bool, integers, unsigned, floats, complex."""


def pack(tree: Any) -> tuple[Any, list[np.ndarray]]:
    """The JSON-able structure of a tree and its arrays, in order.

    Raises RefusedValue for anything that is not a plain value, and for trees too deep, too large or too many.
    """
    arrays: list[np.ndarray] = []
    return _pack(tree, arrays, 0), arrays


def _pack(tree: Any, arrays: list[np.ndarray], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise RefusedValue(f"nested deeper than {MAX_DEPTH} levels; return arrays, or a flat tuple of them")
    if tree is None or type(tree) in (bool, str):
        return {"plain": tree}
    if type(tree) is np.str_:
        # What a loop over an array of names gives.
        return {"plain": str(tree)}
    if type(tree) is int:
        # JSON integers are unbounded; the receiver should not have to parse a number of a million digits.
        if abs(tree) >= 2**63:
            raise RefusedValue("an integer beyond 64 bits")
        return {"plain": tree}
    if type(tree) is float:
        return {"float": tree.hex()}
    if isinstance(tree, Rng):
        return {"rng": tree.seed}
    if isinstance(tree, np.ndarray | np.generic):
        return _pack_array(np.asarray(tree), arrays)
    # Named tuples, ordered dicts and the like count as what they are made of, whatever their own methods say.
    if isinstance(tree, dict):
        if any(type(key) is not str for key in dict.keys(tree)):
            raise RefusedValue("a dict whose keys are not all strings")
        return {"dict": {key: _pack(value, arrays, depth + 1) for key, value in dict.items(tree)}}
    if isinstance(tree, list):
        return {"list": [_pack(value, arrays, depth + 1) for value in list.__iter__(tree)]}
    if isinstance(tree, tuple):
        return {"tuple": [_pack(value, arrays, depth + 1) for value in tuple.__iter__(tree)]}
    raise RefusedValue(f"a value of type {type(tree).__name__}; return NumPy arrays or numbers")


def _pack_array(array: np.ndarray, arrays: list[np.ndarray]) -> Any:
    if array.dtype.kind not in KINDS:
        raise RefusedValue(f"an array of dtype {array.dtype}; return numbers (float64)")
    arrays.append(np.array(array, order="C", copy=True, subok=False))
    if len(arrays) > MAX_ARRAYS:
        raise RefusedValue(f"more than {MAX_ARRAYS} arrays")
    if sum(one.nbytes for one in arrays[-8:]) > MAX_BYTES:
        raise RefusedValue(f"arrays of more than {MAX_BYTES // 2**20} MiB")
    return {"array": len(arrays) - 1}


def unpack(structure: Any, arrays: Sequence[np.ndarray]) -> Any:
    """The tree of a structure and its arrays; raises RefusedValue for a structure that `pack` cannot have made."""
    return _unpack(structure, arrays, 0)


def _unpack(structure: Any, arrays: Sequence[np.ndarray], depth: int) -> Any:
    if depth > MAX_DEPTH or type(structure) is not dict or len(structure) != 1:
        raise RefusedValue("a malformed message")
    ((tag, body),) = structure.items()
    if tag == "plain" and (body is None or type(body) in (bool, int, str)):
        return body
    if tag == "float" and type(body) is str:
        try:
            return float.fromhex(body)
        except (ValueError, OverflowError):
            raise RefusedValue("a malformed number") from None
    if tag == "rng" and type(body) is int:
        return Rng(body)
    if tag == "array" and type(body) is int and 0 <= body < len(arrays):
        return arrays[body]
    if tag == "dict" and type(body) is dict:
        return {key: _unpack(value, arrays, depth + 1) for key, value in body.items()}
    if tag == "list" and type(body) is list:
        return [_unpack(value, arrays, depth + 1) for value in body]
    if tag == "tuple" and type(body) is list:
        return tuple(_unpack(value, arrays, depth + 1) for value in body)
    raise RefusedValue("a malformed message")


def copy(tree: Any) -> Any:
    """The same tree with arrays of its own."""
    if isinstance(tree, np.ndarray):
        return tree.copy()
    if isinstance(tree, dict):
        return {key: copy(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(copy(value) for value in tree)
    return tree


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a tree with its path, such as ("[0].weight", array); the root's path is ""."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, f"{path}.{key}" if path else key)
    elif isinstance(tree, list | tuple):
        for index, value in enumerate(tree):
            yield from leaves(value, f"{path}[{index}]")
    else:
        yield path, tree
