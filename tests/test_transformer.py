"""The ready-made Transformer: its scores and gradients are PyTorch's, and it learns."""

import numpy as np
import pytest
import torch

from course import transformer
from course.adam import Adam

NUM_HEADS = 2


@pytest.fixture
def small():
    rng = np.random.default_rng(0)
    parameters = transformer.draw_parameters(vocabulary_size=7, context=6, d_model=8, num_layers=2, rng=rng)
    for name, array in parameters.items():  # so that no part is the identity, and attention is not even
        parameters[name] = array + rng.normal(0, 0.3, array.shape).astype(np.float32)
    return parameters


def torch_logits(p, tokens, causal):
    """The same network in PyTorch's own functions."""
    functional = torch.nn.functional
    length, width = tokens.shape[1], p["token_embedding"].shape[1]
    x = p["token_embedding"][tokens] + p["position_embedding"][:length]
    for k in range(2):

        def at(name, k=k):
            return p[f"layer {k} {name}"]

        a = functional.layer_norm(x, (width,), at("norm1_gamma"), at("norm1_beta"))
        q, key, v = (functional.linear(a, at(f"{name}_weight"), at(f"{name}_bias")) for name in "qkv")
        q, key, v = (one.unflatten(-1, (NUM_HEADS, -1)).transpose(1, 2) for one in (q, key, v))
        mixed = functional.scaled_dot_product_attention(q, key, v, is_causal=causal).transpose(1, 2).flatten(2)
        x = x + functional.linear(mixed, at("o_weight"), at("o_bias"))
        a = functional.layer_norm(x, (width,), at("norm2_gamma"), at("norm2_beta"))
        a = functional.gelu(functional.linear(a, at("up_weight"), at("up_bias")))
        x = x + functional.linear(a, at("down_weight"), at("down_bias"))
    return functional.layer_norm(x, (width,), p["final_gamma"], p["final_beta"]) @ p["token_embedding"].T


@pytest.mark.parametrize("causal", [True, False])
def test_scores_loss_and_every_gradient_are_those_of_pytorch(small, causal):
    rng = np.random.default_rng(1)
    tokens, targets = rng.integers(0, 7, (3, 5)), rng.integers(0, 7, (3, 5))
    counted = rng.random((3, 5)) < 0.6
    loss, gradients = transformer.loss_and_gradients(small, tokens, targets, counted, NUM_HEADS, causal=causal)

    theirs = {name: torch.tensor(array.astype(np.float64), requires_grad=True) for name, array in small.items()}
    scores = torch_logits(theirs, torch.tensor(tokens), causal)
    right = torch.nn.functional.cross_entropy(scores[torch.tensor(counted)], torch.tensor(targets[counted]))
    right.backward()
    ours = transformer.logits(small, tokens, NUM_HEADS, causal=causal)
    np.testing.assert_allclose(ours, scores.detach().numpy(), rtol=1e-4, atol=1e-5)
    assert loss == pytest.approx(right.item(), rel=1e-5)
    for (name, tensor), grad in zip(theirs.items(), gradients, strict=True):
        np.testing.assert_allclose(grad, tensor.grad.numpy(), rtol=2e-3, atol=2e-6, err_msg=name)


def test_a_causal_network_does_not_see_what_comes_later(small):
    tokens = np.random.default_rng(2).integers(0, 7, (1, 6))
    later = tokens.copy()
    later[0, 4] = (later[0, 4] + 1) % 7
    before, after = (transformer.logits(small, one, NUM_HEADS, causal=True) for one in (tokens, later))
    assert np.array_equal(before[:, :4], after[:, :4])
    assert not np.allclose(before[:, 4], after[:, 4])
    open_before, open_after = (transformer.logits(small, one, NUM_HEADS, causal=False) for one in (tokens, later))
    assert not np.allclose(open_before[:, 0], open_after[:, 0])


def test_it_learns_to_count_and_stays_in_float32():
    rng = np.random.default_rng(0)
    parameters = transformer.draw_parameters(vocabulary_size=5, context=8, d_model=16, num_layers=1, rng=rng)
    adam = Adam(transformer.flat(parameters), 0.01)
    everywhere = np.ones((16, 8), dtype=bool)
    losses = []
    for _ in range(60):
        tokens = (rng.integers(0, 5, (16, 1)) + np.arange(9)) % 5
        loss, gradients = transformer.loss_and_gradients(
            parameters, tokens[:, :-1], tokens[:, 1:], everywhere, NUM_HEADS, causal=True
        )
        adam.step(gradients)
        losses.append(loss)
    assert losses[0] > 0.9 * np.log(5), "it begins with a guess"
    assert losses[-1] < 0.1
    assert {array.dtype for array in parameters.values()} == {np.dtype(np.float32)}
    assert {array.dtype for array in gradients} == {np.dtype(np.float32)}
