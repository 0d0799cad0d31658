"""What is stored agrees with PyTorch, says what made it, and is never taken for more than it is."""

import json
import subprocess
import sys

import numpy as np
import pytest

from autograder.__main__ import main
from autograder.engine import catalogue
from autograder.errors import CourseError, RecordingError
from autograder.reference import device, live, record, recordings
from autograder.reference.device import Device
from tests.conftest import ROOT


def test_the_inputs_are_still_the_recorded_ones(exercise):
    stored = recordings.load(exercise).provenance["inputs_sha256"]
    assert recordings.hash_inputs(recordings.draw(exercise)) == stored, "inputs changed: record again on a GPU"


def test_the_recording_agrees_with_pytorch_on_the_cpu(exercise):
    line, good = record.verify(exercise, device.choose("cpu"))
    assert good, line


def test_the_recording_says_what_made_it(exercise):
    provenance = recordings.load(exercise).provenance
    assert provenance["dtype"] == "float64"
    assert provenance["tf32"] is False
    assert provenance["seed"] == 0
    on_gpu = provenance["device"] != "cpu"
    assert (provenance["cuda"] is not None) == on_gpu
    assert (provenance["max_abs_difference_from_cpu_float64"] is not None) == on_gpu
    assert ("not a GPU's output" in recordings.load(exercise).source) == (not on_gpu)


@pytest.fixture
def recorded_toy(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "RECORDINGS", tmp_path)
    record.record(toy, device.choose("cpu"))
    yield toy
    recordings.load.cache_clear()


def test_a_recording_comes_back_as_it_was_made(recorded_toy):
    stored = recordings.load(recorded_toy)
    for case, fresh in zip(stored.cases, recordings.draw(recorded_toy), strict=True):
        assert case.name == fresh.name
        assert case.inputs["x"].tobytes() == fresh.inputs["x"].tobytes()
    assert [value.dtype for value in stored.expected] == [np.float64, np.float64]


def test_verify_sees_a_changed_output(recorded_toy):
    assert record.verify(recorded_toy, device.choose("cpu"))[1]
    stored = recordings.load(recorded_toy)
    recordings.save(recorded_toy, stored.cases, [value + 1e-6 for value in stored.expected], stored.provenance)
    line, good = record.verify(recorded_toy, device.choose("cpu"))
    assert not good
    assert "DIFFERS: largest difference 1.0e-06" in line


def test_verify_sees_changed_inputs(recorded_toy):
    stored = recordings.load(recorded_toy)
    recordings.save(recorded_toy, stored.cases, stored.expected, {**stored.provenance, "inputs_sha256": "0"})
    assert record.verify(recorded_toy, device.choose("cpu")) == ("inputs changed: record again on a GPU", False)


@pytest.mark.parametrize("damage", [b"", b"not a zip", b"PK\x03\x04 truncated"])
def test_a_damaged_recording_is_one_line(recorded_toy, damage):
    recordings.path_of(recorded_toy).write_bytes(damage)
    recordings.load.cache_clear()
    with pytest.raises(RecordingError, match=r"is damaged .* make it again: python -m autograder record"):
        recordings.load(recorded_toy)


def test_a_missing_recording_is_one_line(recorded_toy):
    recordings.path_of(recorded_toy).unlink()
    recordings.load.cache_clear()
    with pytest.raises(RecordingError, match="has no recording yet"):
        recordings.load(recorded_toy)


def test_a_recording_holds_no_pickle(recorded_toy):
    with np.load(recordings.path_of(recorded_toy), allow_pickle=False) as stored:
        assert all(stored[name].dtype.kind in "fU" for name in stored.files)


def test_a_gpu_recording_names_the_gpu(recorded_toy):
    stored = recordings.load(recorded_toy)
    other = recordings.Recording(stored.cases, stored.expected, {**stored.provenance, "device": "Some GPU"})
    assert other.source.endswith("on Some GPU (recording)")
    assert Device("cuda", "Some GPU", "2.0", "12", "1").says == "PyTorch 2.0 on Some GPU"


def test_asking_for_a_gpu_where_there_is_none_is_one_line():
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(CourseError, match="PyTorch sees no GPU here"):
        device.choose("cuda")


def test_references_run_in_float32_too(exercise):
    cases = recordings.draw(exercise)
    double, single = (live.answers(exercise, cases, dtype=dtype) for dtype in ("float64", "float32"))
    error = record.largest_difference(double, single)
    assert np.isfinite(error)
    stored = json.loads(recordings.path_of(exercise).with_suffix(".json").read_text())["float32_max_abs_error"]
    assert error == pytest.approx(stored, rel=10, abs=1e-5)  # of the same order on another processor


@pytest.mark.gpu
def test_the_recording_agrees_with_a_gpu(exercise):
    line, good = record.verify(exercise, device.choose("cuda"))
    assert good, line


def test_the_command_verifies_a_chapter(chapter, capsys):
    assert main(["record", chapter, "--verify", "--device", "cpu"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("all recordings agree")


def test_the_command_says_which_exercise_it_does_not_know(capsys):
    assert main(["record", "--only", "no_such"]) == 1
    assert "no exercise 'no_such'" in capsys.readouterr().err


PYTHON_NUMPY_AND_TORCH = """
import sys
others = "IPython anywidget ipywidgets jupytext matplotlib nbformat nbgrader sklearn tqdm traitlets"
sys.modules.update(dict.fromkeys(others.split()))
from autograder.__main__ import main
sys.exit(main(["record", "--verify", "--device", "cpu"]))
"""


def test_recording_needs_nothing_but_python_numpy_and_pytorch():
    command = [sys.executable, "-c", PYTHON_NUMPY_AND_TORCH]
    shown = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.rstrip().endswith("all recordings agree")


def test_masks_and_shapes_are_compared_too(toy):
    mask = np.tril(np.ones((3, 3), dtype=bool))
    assert record._agree(toy, mask, mask.copy())
    assert not record._agree(toy, mask, ~mask)
    assert not record._agree(toy, np.zeros((2, 1)), np.zeros((2, 2)))
    assert record._agree(toy, np.array([1.0, np.nan]), np.array([1.0, np.nan]))
