"""MiniLM in NumPy: equal to the same encoder in PyTorch's own functions, and it knows what belongs together."""

import numpy as np
import pytest
import torch

from course.minilm import encode, sentence_vectors
from course.tokenizers import WordPiece
from course.weights import minilm


@pytest.fixture(scope="module")
def model():
    found = minilm()
    if found is None:
        pytest.skip("the optional weights are not installed")
    return found


def torch_encode(model, tokens):
    """The encoder for texts of one length, in float64."""
    functional = torch.nn.functional
    w = {name: torch.tensor(array, dtype=torch.float64) for name, array in model.weights.items()}

    def linear(x, name):
        return functional.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def norm(x, name):
        return functional.layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"], eps=1e-12)

    x = functional.embedding(torch.tensor(tokens), w["embeddings.word_embeddings.weight"])
    x = (
        x
        + w["embeddings.position_embeddings.weight"][: tokens.shape[1]]
        + w["embeddings.token_type_embeddings.weight"][0]
    )
    x = norm(x, "embeddings.LayerNorm")
    for k in range(6):
        layer = f"encoder.layer.{k}."
        qkv = [linear(x, f"{layer}attention.self.{name}") for name in ("query", "key", "value")]
        qkv = [one.unflatten(-1, (12, -1)).transpose(1, 2) for one in qkv]
        mixed = functional.scaled_dot_product_attention(*qkv).transpose(1, 2).flatten(2)
        x = norm(x + linear(mixed, f"{layer}attention.output.dense"), f"{layer}attention.output.LayerNorm")
        wide = functional.gelu(linear(x, f"{layer}intermediate.dense"))
        x = norm(x + linear(wide, f"{layer}output.dense"), f"{layer}output.LayerNorm")
    return x.numpy()


def test_every_state_is_that_of_pytorch(model):
    tokens = np.random.default_rng(0).integers(1000, 20000, (3, 9))
    ours = encode(model, tokens, np.ones(tokens.shape, dtype=bool))
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, torch_encode(model, tokens), atol=1e-5)


def test_shorter_texts_of_a_batch_come_out_as_if_they_were_alone(model):
    encoder = WordPiece(model.vocabulary)
    lists = [encoder.encode(text) for text in ("good", "an unbelievably bad film", "bad")]
    together = sentence_vectors(model, lists)
    assert together.shape == (3, 384)
    assert together.dtype == np.float32
    for tokens, vector in zip(lists, together, strict=True):
        mean = torch_encode(model, np.array([tokens])).mean(axis=1)[0]
        np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-6)


def test_what_means_the_same_points_the_same_way(model):
    encoder = WordPiece(model.vocabulary)
    texts = ("the cat sits on the mat", "a kitten is resting on a rug", "gradient descent needs a learning rate")
    cat, kitten, descent = sentence_vectors(model, [encoder.encode(text) for text in texts])
    assert cat @ kitten > 0.5
    assert abs(cat @ descent) < 0.2
