"""The messages between the grader and the sandbox: length-prefixed frames of JSON and `.npy` arrays, never pickles.

A frame is two 32-bit lengths, a JSON header and the arrays' bytes.  The header holds the message's fields, the
structure of one tree, and the length of each array.  Both sides use this module; the grader's side treats all that
it decodes as written by an enemy: every size is checked before anything of that size is made.
"""

from __future__ import annotations

import io
import json
import math
import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from autograder.engine import tree
from autograder.errors import RefusedValue

__all__ = ["MAX_HEADER", "MAX_PAYLOAD", "decode", "encode", "read_array", "read_frame", "write_array"]

PREFIX = struct.Struct(">II")
MAX_HEADER = 4 * 1024 * 1024
MAX_PAYLOAD = 64 * 1024 * 1024
MAX_DIMENSIONS = 32
MAX_ARRAY_HEADER = 2000
"""Longest text of an `.npy` header that is parsed; plain dtypes need about 100 characters."""

LONGEST_INTEGER = 20
"""Characters of the longest integer of 64 bits."""

LONGEST_SCALAR = 32
"""Bytes of the widest plain dtype (complex long double)."""


def encode(fields: Mapping[str, Any], value: Any = None) -> bytes:
    """One frame.  `fields` must be plain JSON; raises RefusedValue for a value that may not pass or is too large."""
    structure, arrays = tree.pack(value)
    if sum(one.nbytes for one in arrays) > MAX_PAYLOAD:
        raise RefusedValue(f"arrays of more than {MAX_PAYLOAD // 2**20} MiB in one message")
    blobs = [write_array(one) for one in arrays]
    header = json.dumps({**fields, "tree": structure, "sizes": [len(blob) for blob in blobs]}).encode("ascii")
    payload = b"".join(blobs)
    if len(header) > MAX_HEADER or len(payload) > MAX_PAYLOAD:
        raise RefusedValue(
            f"a value of more than {MAX_HEADER // 2**20} MiB of structure or {MAX_PAYLOAD // 2**20} MiB of arrays"
        )
    return PREFIX.pack(len(header), len(payload)) + header + payload


def read_frame(receive: Callable[[int], bytes]) -> tuple[dict[str, Any], Any]:
    """The next frame's fields and tree.  receive(n) gives exactly n bytes or raises what the caller handles."""
    header_length, payload_length = PREFIX.unpack(receive(PREFIX.size))
    if header_length > MAX_HEADER or payload_length > MAX_PAYLOAD:
        raise RefusedValue("a message that is too large")
    return decode(receive(header_length), receive(payload_length))


def decode(header: bytes, payload: bytes) -> tuple[dict[str, Any], Any]:
    """Fields and tree of a frame's two parts; RefusedValue for whatever `encode` cannot have made."""
    try:
        fields = json.loads(header.decode("ascii"), parse_constant=_refuse, parse_int=_integer)
    except (ValueError, RecursionError):
        raise RefusedValue("a malformed message") from None
    if type(fields) is not dict:
        raise RefusedValue("a malformed message")
    sizes, structure = fields.pop("sizes", None), fields.pop("tree", None)
    if type(sizes) is not list or len(sizes) > tree.MAX_ARRAYS or any(type(one) is not int or one < 0 for one in sizes):
        raise RefusedValue("a malformed message")
    if sum(sizes) != len(payload):
        raise RefusedValue("a malformed message")
    arrays, start = [], 0
    for size in sizes:
        arrays.append(read_array(payload[start : start + size]))
        start += size
    return fields, tree.unpack(structure, arrays)


def write_array(array: np.ndarray) -> bytes:
    """An array as the bytes of an `.npy` file."""
    return _npy_header(array.dtype, array.shape) + array.tobytes()


@lru_cache(maxsize=1024)
def _npy_header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    about = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, about)
    return file.getvalue()


def read_array(blob: bytes) -> np.ndarray:
    """The array of an `.npy` file's bytes: plain numbers only, and exactly as many bytes as the header says."""
    length = int.from_bytes(blob[8:10], "little")
    if length > MAX_ARRAY_HEADER:
        raise RefusedValue("an array with an oversized header")
    start = 10 + length
    shape, fortran, dtype = _read_npy_header(blob[:start])
    if math.prod(shape) * dtype.itemsize != len(blob) - start:
        raise RefusedValue("an array whose bytes do not fit its shape")
    try:
        flat = np.frombuffer(blob, dtype=dtype, offset=start)
        return flat.reshape(shape, order="F" if fortran else "C").copy()
    except (ValueError, OverflowError):
        raise RefusedValue("a malformed array") from None


@lru_cache(maxsize=1024)
def _read_npy_header(header: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and dtype; a class sends the same few headers again and again."""
    file = io.BytesIO(header)
    try:
        if np.lib.format.read_magic(file) != (1, 0):
            raise RefusedValue("an array in an unknown format")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file, max_header_size=MAX_ARRAY_HEADER)
    except RefusedValue:
        raise
    except Exception:  # NumPy parses the header's text with several parsers, which raise errors of their own
        raise RefusedValue("a malformed array") from None
    if dtype.kind not in tree.KINDS or not 0 < dtype.itemsize <= LONGEST_SCALAR or dtype.subdtype is not None:
        raise RefusedValue(f"an array of dtype {dtype.kind}")
    if len(shape) > MAX_DIMENSIONS or any(type(length) is not int or length < 0 for length in shape):
        raise RefusedValue("a malformed array")
    return shape, bool(fortran), dtype


def _integer(text: str) -> int:
    # Python reads 4,000 digits gladly, and a float cannot hold them later.
    if len(text) > LONGEST_INTEGER:
        raise ValueError("an integer beyond 64 bits")
    return int(text)


def _refuse(_: str) -> Any:
    raise ValueError("not JSON")
