"""The frames: what honest sides write is read back, and whatever else arrives is refused before it can do harm."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.errors import RefusedValue
from autograder.judge import protocol
from autograder.judge.replies import Lost, answer_in, clean
from autograder.spec import Rng


def there_and_back(value: Any) -> Any:
    return protocol.read_frame(io.BytesIO(protocol.encode({"op": "x"}, value)).read)[1]


@pytest.mark.parametrize(
    "value",
    [None, True, 3, 0.1, float("inf"), "text", [1, "a"], (1.5, None), {"a": [(2,)]}, Rng(3)],
    ids=str,
)
def test_plain_values_come_back_as_they_were(value: Any) -> None:
    assert there_and_back(value) == value


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "u1", "?", ">f8", "c16"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0, 4)])
def test_arrays_come_back_bit_for_bit(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
    back = there_and_back({"x": array})["x"]
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


def test_columns_first_and_strided_arrays_keep_their_values() -> None:
    array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    assert (there_and_back(array) == array).all()
    assert (there_and_back(array[:, ::2]) == array[:, ::2]).all()


def npy(array: np.ndarray, allow_pickle: bool = False) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=allow_pickle)
    return file.getvalue()


HEADER = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }"


def raw(descr: str, shape: str, data: bytes = b"") -> bytes:
    text = (HEADER % (descr, shape)).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


BAD_ARRAYS = {
    "empty": b"",
    "not npy": b"x" * 100,
    "pickled objects": npy(np.array([{}], dtype=object), allow_pickle=True),
    "strings": npy(np.array(["a"])),
    "structured": npy(np.zeros(2, dtype=[("a", float)])),
    "times": npy(np.zeros(2, dtype="M8[s]")),
    "too few bytes": npy(np.zeros(4))[:-1],
    "too many bytes": npy(np.zeros(4)) + b"x",
    "a shape that needs all the memory": raw("<f8", "(1000000000000, 1000000000000)"),
    "a negative length": raw("<f8", "(-1,)"),
    "lengths that cancel": raw("<f8", "(-2, -2)", b"x" * 32),
    "a length that is no integer": raw("<f8", "(2.0,)", b"x" * 16),
    "true as a length": raw("<f8", "(True,)", b"x" * 8),
    "many dimensions": raw("<f8", "(" + "1," * 60 + ")", b"x" * 8),
    "a call in the header": raw("<f8", "(__import__('os').getpid(),)"),
    "a deep header": raw("<f8", "(" * 300 + ")" * 300),
    "a long header": b"\x93NUMPY\x01\x00" + (60000).to_bytes(2, "little") + b" " * 60000,
    "version 2": npy(np.zeros(1)).replace(b"\x01\x00", b"\x02\x00", 1),
    "nothing in many": raw("|V0", "(1000000000,)"),
}


@pytest.mark.parametrize("blob", BAD_ARRAYS.values(), ids=BAD_ARRAYS.keys())
def test_arrays_that_are_not_plain_numbers_are_refused(blob: bytes) -> None:
    with pytest.raises(RefusedValue):
        protocol.read_array(blob)


def test_a_plain_array_is_read() -> None:
    assert protocol.read_array(npy(np.arange(3.0))).tolist() == [0.0, 1.0, 2.0]


def frame(header: Any, payload: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return protocol.PREFIX.pack(len(text), len(payload)) + text + payload


GOOD = {"op": "x", "tree": {"plain": 1}, "sizes": []}
BAD_FRAMES = {
    "no json": frame(b"{"),
    "not an object": frame([1]),
    "no tree": frame({"sizes": []}),
    "no sizes": frame({"tree": {"plain": 1}}),
    "sizes that do not add up": frame(GOOD | {"sizes": [3]}),
    "negative sizes": frame(GOOD | {"sizes": [4, -4]}),
    "sizes that are no integers": frame(GOOD | {"sizes": [True]}, b"x"),
    "an array that is not there": frame(GOOD | {"tree": {"array": 0}}),
    "a deep tree": frame(b'{"sizes":[],"tree":' + b'{"list":[' * 200 + b"]}" * 200 + b"}"),
    "a deep header": frame(b"[" * 100000 + b"]" * 100000),
    "not a number": frame(b'{"sizes":[],"tree":{"plain":NaN}}'),
    "an unknown tag": frame(GOOD | {"tree": {"object": "os.system"}}),
    "a huge integer": frame(b'{"sizes":[],"tree":{"plain":' + b"9" * 5000 + b"}}"),
    "a huge header": protocol.PREFIX.pack(protocol.MAX_HEADER + 1, 0),
    "a huge payload": protocol.PREFIX.pack(10, protocol.MAX_PAYLOAD + 1),
    "not ascii": frame(b'{"\xff":1}'),
}


@pytest.mark.parametrize("data", BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
def test_malformed_frames_are_refused(data: bytes) -> None:
    with pytest.raises(RefusedValue):
        protocol.read_frame(io.BytesIO(data).read)


def test_a_well_formed_frame_is_read() -> None:
    assert protocol.read_frame(io.BytesIO(frame(GOOD)).read) == ({"op": "x"}, 1)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_random_bytes_are_refused_or_read_and_never_anything_else(header: bytes, payload: bytes) -> None:
    try:
        protocol.decode(header, payload)
        protocol.read_array(payload)
    except RefusedValue:
        pass


REPLY = {
    "op": "answer",
    "id": 1,
    "trouble": "",
    "detail": "",
    "changed": ["x"],
    "warned": ["w"],
    "repeatable": True,
    "seconds": 0.5,
}
BAD_REPLIES = {
    "no trouble": {"trouble": None},
    "an unknown trouble": {"trouble": "passed"},
    "trouble that the grader alone may give": {"trouble": "timeout"},
    "a detail that is no text": {"detail": 3},
    "changed that is no list": {"changed": "x"},
    "changed with other things": {"changed": [1]},
    "a thousand warnings": {"warned": ["w"] * 1000},
    "repeatable as a word": {"repeatable": "yes"},
    "seconds as a word": {"seconds": "1"},
}


@pytest.mark.parametrize("part", BAD_REPLIES.values(), ids=BAD_REPLIES.keys())
def test_replies_with_a_wrong_field_count_as_lost(part: dict) -> None:
    with pytest.raises(Lost, match="malformed"):
        answer_in(REPLY | part, 1, {"x": 1})


def test_a_right_reply_becomes_an_answer() -> None:
    found = answer_in(REPLY, 1, {"x": 1})
    assert (found.value, found.changed, found.warned, found.seconds) == (1, ("x",), ("w",), 0.5)
    assert answer_in(REPLY | {"changed": ["y"]}, 1, {"x": 1}).changed == ()


def test_texts_lose_control_characters_and_addresses() -> None:
    assert clean("a\x1b[31m\ud800 <f at 0x7f2a3b4c5d6e>\n") == "a�[31m� <f at 0x…>\n"
    assert clean("plain\ttext 0x1f") == "plain\ttext 0x1f"
