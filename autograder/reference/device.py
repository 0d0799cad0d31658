"""Where PyTorch runs: the GPU when there is one, the CPU otherwise, and the words that say which."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import Any

from autograder.errors import CourseError

__all__ = ["Device", "choose", "torch_module"]


@dataclass(frozen=True)
class Device:
    """A PyTorch device and its provenance.  kind is "cuda" or "cpu"; versions are None where they do not apply."""

    kind: str
    name: str
    torch: str
    cuda: str | None
    driver: str | None

    @property
    def says(self) -> str:
        """The device in a few words: "PyTorch 2.13.0 on NVIDIA H200" or "PyTorch 2.13.0 on the CPU"."""
        return f"PyTorch {self.torch} on {self.name if self.kind == 'cuda' else 'the CPU'}"


def torch_module() -> Any:
    """The torch module with TF32 off and one BLAS thread; CourseError with one line when torch is not installed."""
    try:
        import torch
    except ImportError:
        raise CourseError(
            "PyTorch is not installed; the references need it: python -m autograder setup --grading"
        ) from None
    # TF32 keeps ten bits of each factor: a float32 recording would then differ by 1e-3 from one without it.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.set_num_threads(1)
    return torch


def choose(kind: str | None = None) -> Device:
    """The device to run on: `kind` ("cuda" or "cpu") if given, else CUDA when a GPU is there."""
    torch = torch_module()
    if kind == "cuda" and not torch.cuda.is_available():
        raise CourseError("--device cuda was asked for, but PyTorch sees no GPU here; leave it out to run on the CPU")
    version = str(torch.__version__).split("+")[0]
    if kind == "cpu" or not torch.cuda.is_available():
        return Device("cpu", "cpu", version, None, None)
    return Device("cuda", torch.cuda.get_device_name(0), version, str(torch.version.cuda), _driver())


def _driver() -> str | None:
    """The NVIDIA driver's version, as its own tool says it."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        shown = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return shown.strip().splitlines()[0] if shown.strip() else None
