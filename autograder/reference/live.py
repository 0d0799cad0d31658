"""Ask the references now: NumPy inputs in, PyTorch in the middle, NumPy float64 out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from autograder.engine.compare import measured
from autograder.reference.device import Device, choose, torch_module
from autograder.spec import Case, Exercise, Rng

__all__ = ["answers", "reference_value", "source", "tensors"]


@lru_cache(maxsize=1)
def _device() -> Device:
    return choose()


def source() -> str:
    """What live answers come from, in words."""
    return _device().says


def answers(
    exercise: Exercise, cases: Sequence[Case], device: Device | None = None, dtype: str = "float64"
) -> list[Any]:
    """The (measured) reference values of the cases, as trees of float64 arrays."""
    return [measured(exercise, reference_value(exercise, case.inputs, device, dtype), case.inputs) for case in cases]


def reference_value(
    exercise: Exercise, inputs: Mapping[str, Any], device: Device | None = None, dtype: str = "float64"
) -> Any:
    """What the exercise's PyTorch reference gives for these inputs, computed in dtype, returned as NumPy."""
    torch = torch_module()
    given = tensors(inputs, device, dtype)
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, dtype))  # for references that make tensors of their own
    try:
        # the device also for what a reference makes of numbers alone, such as a mask of a given length
        with torch.device((device or _device()).kind):
            return _to_numpy(exercise.reference(**given), torch)
    finally:
        torch.set_default_dtype(before)


def tensors(inputs: Mapping[str, Any], device: Device | None = None, dtype: str = "float64") -> dict[str, Any]:
    """A case's inputs as a reference receives them: tensors of dtype on the device, generators for seeds."""
    torch = torch_module()
    where = (device or _device()).kind
    return {name: _to_torch(value, torch, where, getattr(torch, dtype)) for name, value in inputs.items()}


def _to_torch(value: Any, torch: Any, device: str, dtype: Any) -> Any:
    if isinstance(value, Rng):
        return torch.Generator(device=device).manual_seed(value.seed)
    if isinstance(value, np.ndarray | np.generic):
        tensor = torch.from_numpy(np.array(value)).to(device)
        return tensor.to(dtype) if tensor.is_floating_point() else tensor
    if isinstance(value, dict):
        return {key: _to_torch(one, torch, device, dtype) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_to_torch(one, torch, device, dtype) for one in value)
    return value


def _to_numpy(value: Any, torch: Any) -> Any:
    if isinstance(value, torch.Tensor):
        array = value.detach().cpu().numpy()
        return array.astype(np.float64) if array.dtype.kind == "f" else array
    if isinstance(value, dict):
        return {key: _to_numpy(one, torch) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_to_numpy(one, torch) for one in value)
    return value
