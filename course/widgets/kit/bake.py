"""All states of a model, computed once and packed into one block of bytes, with a table of where each field lies."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course.widgets.kit.controls import Control, Time

__all__ = ["BUDGET", "BakeError", "Baked", "bake", "read"]

BUDGET = 300_000
"""Most bytes that one widget's block may have after gzip."""

NUMBER = re.compile(r"[-\N{MINUS SIGN}]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?")
SLOT = "\x01"


class BakeError(ValueError):
    """A model whose states cannot be packed; the message says which field and what to do."""


@dataclass(frozen=True)
class Baked:
    """The block and its table.

    fields   name -> {"at": byte offset, "type", "shape", "strides": elements a step on each axis (0 where the field
             does not depend on it), "low" and "step" for 16 bit fields, "words" for texts}
    quantum  name -> the largest difference between the field and what the block gives back
    """

    block: bytes
    fields: dict[str, dict[str, Any]]
    quantum: dict[str, float]
    gzipped: int


def bake(
    model: Callable[..., Any],
    controls: Mapping[str, Control],
    *,
    constants: Mapping[str, NDArray[Any]] | None = None,
    coarse: Sequence[str] = (),
) -> Baked:
    """The model's fields at every state, packed.

    Coarse fields are kept in 65 535 equal steps, others exactly (whole numbers) or in float32.
    Raises BakeError above the budget.
    """
    numbers, texts = _collect(model, controls)
    count = sum(len(control.axes(name)) for name, control in controls.items())
    for name, constant in (constants or {}).items():
        numbers[name] = np.asarray(constant, dtype=float).reshape((1,) * count + np.shape(constant))
    unknown = set(coarse) - set(numbers)
    if unknown:
        raise BakeError(f"coarse names {sorted(unknown)}, but the model's number fields are {sorted(numbers)}")

    block = bytearray()
    fields: dict[str, dict[str, Any]] = {}
    quantum: dict[str, float] = {}
    sizes: dict[str, int] = {}
    for name, array in numbers.items():
        array = _without_constant_axes(array, count)
        packed, entry = _pack(array, name in coarse)
        strides, size = [], 1
        for length in reversed(array.shape[count:]):
            size *= length
        for length in reversed(array.shape[:count]):
            strides.append(0 if length == 1 else size)
            size *= length
        entry |= {"at": len(block), "shape": list(array.shape[count:]), "strides": strides[::-1]}
        if name in texts:
            entry["words"] = texts[name]
        data = packed.tobytes()
        sizes[name] = len(gzip.compress(data, 6)) + len("".join(texts.get(name, ()))) // 3
        block += data + bytes(-len(data) % 4)
        fields[name] = entry
        quantum[name] = _largest_difference(array, packed, entry)
    gzipped = len(gzip.compress(bytes(block), 6)) + sum(len("".join(words)) // 3 for words in texts.values())
    if gzipped > BUDGET:
        largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
        parts = ", ".join(f"{name} {sizes[name] / 1000:.0f} kB" for name in largest)
        raise BakeError(
            f"the states need {gzipped / 1000:.0f} kB after gzip and at most {BUDGET / 1000:.0f} kB are allowed "
            f"(largest: {parts}); use fewer steps on a control, fewer points in a field, or name the field in coarse="
        )
    return Baked(bytes(block), fields, quantum, gzipped)


def read(baked: Baked, name: str, index: Sequence[int]) -> Any:
    """One field at one state as the page sees it: an array, or a text, or a list of texts."""
    entry = baked.fields[name]
    shape = entry["shape"]
    first = sum(step * stride for step, stride in zip(index, entry["strides"], strict=True))
    size = int(np.prod(shape, dtype=int))
    kind = np.dtype("<" + entry["type"])
    start = entry["at"] + first * kind.itemsize
    raw = np.frombuffer(baked.block, kind, count=size, offset=start).reshape(shape)
    if "words" in entry:
        texts = [_joined(row, entry["words"]) for row in raw.reshape(-1, shape[-1])]
        return texts if len(shape) > 1 else texts[0]
    return _unpacked(raw, entry)


def _collect(
    model: Callable[..., Any], controls: Mapping[str, Control]
) -> tuple[dict[str, NDArray[Any]], dict[str, list[str]]]:
    """Every field over the whole grid: number fields (grid..., shape...), texts as rows of indices into their words."""
    axes = [axis for name, control in controls.items() for axis in control.axes(name)]
    stored = {name: control for name, control in controls.items() if isinstance(control, Time) and control.over}
    if len(stored) > 1:
        raise BakeError(f"{', '.join(stored)} all store a trajectory; at most one Time with over= is possible")
    ranges = [range(1) if axis.name in stored else range(len(axis.values)) for axis in axes]
    given = [(name, [axis.values for axis in control.axes(name)]) for name, control in controls.items()]
    states = [model(**_arguments(given, index, tuple(stored))) for index in itertools.product(*ranges)]
    grid = tuple(len(steps) for steps in ranges)
    numbers: dict[str, NDArray[Any]] = {}
    texts: dict[str, list[str]] = {}
    if not dataclasses.is_dataclass(states[0]):
        raise BakeError(f"the model returned a {type(states[0]).__name__}; expected a frozen dataclass of arrays")
    for field in dataclasses.fields(states[0]):
        values = [getattr(state, field.name) for state in states]
        if _is_text(values[0]):
            array, texts[field.name] = _text_indices(values)
        else:
            array = _padded(field.name, values)
        array = array.reshape(grid + array.shape[1:])
        for name, control in stored.items():
            if field.name in control.over:
                array = _time_to_axis(field.name, array, [axis.name for axis in axes].index(name), len(grid), control)
        numbers[field.name] = array
    return numbers, texts


def arguments(controls: Mapping[str, Control], index: Sequence[int], skip: Sequence[str] = ()) -> dict[str, Any]:
    """The model's keyword arguments at one state: a Point becomes a pair."""
    return _arguments([(name, [axis.values for axis in c.axes(name)]) for name, c in controls.items()], index, skip)


def _arguments(
    given: Sequence[tuple[str, Sequence[Sequence[Any]]]], index: Sequence[int], skip: Sequence[str]
) -> dict[str, Any]:
    # apart from `arguments`, because building the axes anew for each of 10 000 states would take most of the time
    values: dict[str, Any] = {}
    place = 0
    for name, own in given:
        taken = tuple(steps[index[place + k]] for k, steps in enumerate(own))
        place += len(own)
        if name not in skip:
            values[name] = taken[0] if len(own) == 1 else taken
    return values


def _is_text(value: Any) -> bool:
    if isinstance(value, str):
        return True
    return isinstance(value, (tuple, list)) and len(value) > 0 and all(isinstance(item, str) for item in value)


def _padded(name: str, values: Sequence[Any]) -> NDArray[Any]:
    """The values as one float array; smaller ones are filled up with NaN, which panels do not draw."""
    with contextlib.suppress(ValueError):  # raised where the shapes differ
        whole = np.array(values)
        if whole.dtype.kind in "biuf":
            return whole.astype(float, copy=False)
    arrays = [np.asarray(value) for value in values]
    if any(array.dtype.kind not in "biuf" for array in arrays):
        raise BakeError(f"field {name} has type {arrays[0].dtype}; expected numbers, a str or a tuple of str")
    if len({array.ndim for array in arrays}) > 1:
        raise BakeError(f"field {name} changes its number of dimensions from state to state; expected the same in all")
    shape = tuple(max(lengths) for lengths in zip(*(array.shape for array in arrays), strict=True))
    whole = np.full((len(arrays), *shape), np.nan)
    for state, array in enumerate(arrays):
        corner: tuple[int | slice, ...] = (state, *(slice(length) for length in array.shape))
        whole[corner] = array
    return whole


def _text_indices(values: Sequence[Any]) -> tuple[NDArray[Any], list[str]]:
    """Texts as rows [pattern, number, number, ...] of indices into one list of words.

    A pattern is the text with its numbers taken out: a thousand sentences share a few patterns, and do not
    outweigh the arrays that they describe.
    """
    single = isinstance(values[0], str)
    rows = [[value] if isinstance(value, str) else list(value) for value in values]
    words: dict[str, int] = {"": 0}
    known: dict[str, list[int]] = {}  # many states share a sentence
    coded = [[known[text] if text in known else known.setdefault(text, _coded(text, words)) for text in row]
             for row in rows]  # fmt: skip
    longest = max(len(row) for row in coded)
    slots = max((len(code) for row in coded for code in row), default=1)
    array = np.zeros((len(values), longest, slots))
    for state, row in enumerate(coded):
        for item, code in enumerate(row):
            array[state, item, : len(code)] = code
    return (array[:, 0] if single else array), list(words)


def _coded(text: str, words: dict[str, int]) -> list[int]:
    pieces = [NUMBER.sub(SLOT, text), *NUMBER.findall(text)]
    return [words.setdefault(piece, len(words)) for piece in pieces]


def _joined(row: NDArray[Any], words: Sequence[str]) -> str:
    pieces = words[int(row[0])].split(SLOT)
    numbers = [words[int(code)] for code in row[1 : len(pieces)]]
    return "".join(piece + number for piece, number in itertools.zip_longest(pieces, numbers, fillvalue=""))


def _time_to_axis(name: str, array: NDArray[Any], axis: int, count: int, control: Time) -> NDArray[Any]:
    if array.ndim <= count or array.shape[count] != control.steps:
        came = array.shape[count:]
        raise BakeError(f"field {name} has shape {came}; a Time with {control.steps} steps needs that many first")
    return np.moveaxis(array.squeeze(axis), count - 1, axis)


def _without_constant_axes(array: NDArray[Any], count: int) -> NDArray[Any]:
    """The array with length 1 on every axis of the grid that does not change it."""
    for axis in range(count):
        first = array.take([0], axis=axis)
        if array.shape[axis] > 1 and np.array_equal(array, np.broadcast_to(first, array.shape), equal_nan=True):
            array = first
    return array


def _pack(array: NDArray[Any], coarse: bool) -> tuple[NDArray[Any], dict[str, Any]]:
    finite = array[np.isfinite(array)]
    if finite.size == array.size and array.size:
        for parts in (1, 2, 4, 8):  # whole numbers, halves, quarters, eighths: exact in a byte or two
            whole = array * parts
            if not np.array_equal(whole, np.round(whole)):
                continue
            for kind in ("u1", "i1", "u2", "i2", "i4")[: 5 if parts == 1 else 2]:
                bounds = np.iinfo(kind)
                if bounds.min <= whole.min() and whole.max() <= bounds.max:
                    steps = {} if parts == 1 else {"low": 0.0, "step": 1 / parts}
                    return whole.astype("<" + kind), {"type": kind, **steps}
    if coarse and finite.size:
        low = float(finite.min())
        step = (float(finite.max()) - low) / 65_534 or 1.0
        # 65 535 stands for "no value"
        codes = np.where(np.isfinite(array), np.round((np.nan_to_num(array) - low) / step), 65_535)
        return codes.clip(0, 65_535).astype("<u2"), {"type": "u2", "low": low, "step": step}
    with np.errstate(over="ignore"):
        return array.astype("<f4"), {"type": "f4"}


def _unpacked(raw: NDArray[Any], entry: Mapping[str, Any]) -> NDArray[Any]:
    values = raw.astype(float)
    if "step" in entry:
        values = np.where(raw == 65_535, np.nan, entry["low"] + values * entry["step"])
    return values


def _largest_difference(array: NDArray[Any], packed: NDArray[Any], entry: Mapping[str, Any]) -> float:
    back = _unpacked(packed, entry)
    both = np.isfinite(array) & np.isfinite(back)
    return float(np.abs(array[both] - back[both]).max(initial=0.0))
