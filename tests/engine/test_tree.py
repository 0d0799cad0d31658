"""Only plain values pass, and they pass unchanged."""

import json
from collections import OrderedDict, defaultdict
from typing import NamedTuple

import numpy as np
import pytest

from autograder.engine import tree
from autograder.errors import RefusedValue
from autograder.spec import Rng


def there_and_back(value):
    structure, arrays = tree.pack(value)
    return tree.unpack(json.loads(json.dumps(structure)), arrays)


@pytest.mark.parametrize(
    "value",
    [None, True, 3, -0.1, float("inf"), "text", (1, 2.5), [1, [2, ()]], {"a": {"b": "c"}}, Rng(7)],
)
def test_plain_values_come_back_as_they_were(value):
    back = there_and_back(value)
    assert back == value
    assert type(back) is type(value)


def test_nan_comes_back_as_nan():
    assert np.isnan(there_and_back(float("nan")))


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "bool", "complex128", "uint8"])
def test_arrays_keep_dtype_shape_and_bits(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    back = there_and_back({"x": (array,)})["x"][0]
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


def test_a_packed_array_is_a_copy_of_its_own():
    array = np.zeros(3)
    _, arrays = tree.pack(array)
    array[0] = 1.0
    assert arrays[0][0] == 0.0


class Liar(np.ndarray):
    """A subclass that says it equals everything."""

    def __eq__(self, other):
        return np.ones(self.shape, dtype=bool)


def test_a_subclass_of_ndarray_becomes_a_plain_array():
    _, arrays = tree.pack(np.zeros(2).view(Liar))
    assert type(arrays[0]) is np.ndarray


class Pair(NamedTuple):
    """Two values with names."""

    first: object
    second: object


class LyingDict(dict):
    """A dict that shows other things than it holds."""

    def items(self):
        return [("right", 1)]


SUBCLASSES = {
    "a named tuple": (Pair(1, Pair(2.0, None)), (1, (2.0, None))),
    "an ordered dict": (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
    "a dict with defaults": (defaultdict(int, a=1), {"a": 1}),
    "a dict that lies": (LyingDict(a=1), {"a": 1}),
    "a string of NumPy's": ([np.str_("conv1"), "conv2"], ["conv1", "conv2"]),
}


@pytest.mark.parametrize(("value", "plain"), SUBCLASSES.values(), ids=SUBCLASSES.keys())
def test_of_a_subclass_what_its_base_class_holds_comes_back(value, plain):
    back = tree.unpack(*tree.pack(value))
    assert back == plain
    assert type(back) is type(plain)
    assert all(type(one) in (str, int, float, tuple, type(None)) for _, one in tree.leaves(back))


class Text(str):
    """A string with a type of its own."""


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, np.array([object()]), np.array(["a"]), {1: 2}, 2**70, Text("x"), lambda: 0, b"bytes"],
)
def test_anything_else_is_refused(value):
    with pytest.raises(RefusedValue):
        tree.pack(value)


def test_a_tree_that_is_too_deep_is_refused_and_a_flatter_one_is_not():
    deep = shallow = 0
    for _ in range(tree.MAX_DEPTH + 1):
        deep = [deep]
    for _ in range(tree.MAX_DEPTH - 1):
        shallow = [shallow]
    with pytest.raises(RefusedValue, match="nested deeper"):
        tree.pack(deep)
    assert there_and_back(shallow) == shallow


@pytest.mark.parametrize(
    "structure",
    [
        {},
        {"plain": []},
        {"array": 1},
        {"array": -1},
        {"array": True},
        {"float": "x"},
        {"list": "no"},
        [],
        {"a": 1, "b": 2},
    ],
)
def test_a_structure_that_pack_cannot_have_made_is_refused(structure):
    with pytest.raises(RefusedValue):
        tree.unpack(structure, [np.zeros(1)])


def test_leaves_carry_their_paths():
    assert [path for path, _ in tree.leaves({"a": [1, {"b": 2}], "c": 3})] == ["a[0]", "a[1].b", "c"]
