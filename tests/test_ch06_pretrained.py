"""The model answers of chapter 6 run two pretrained networks and give what PyTorch gives; skipped without weights."""

import numpy as np
import pytest
import torch

from course.tokenizers import BytePairs, WordPiece
from course.weights import HOW, minilm, smollm2
from tests import ch06_oracles as oracles
from tests.chapter_runs import run
from tests.conftest import model_answers

CHAPTER = "ch06_attention"
PLACES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "o": "attention.output.dense",
    "norm1": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "norm2": "output.LayerNorm",
}
OUTER = {"q": "q", "k": "k", "v": "v", "o": "output"}


@pytest.fixture(scope="module")
def answers():
    return model_answers(CHAPTER)


@pytest.fixture(scope="module")
def encoder():
    return minilm() or pytest.skip(f"MiniLM is not installed: {HOW}")


@pytest.fixture(scope="module")
def decoder():
    return smollm2() or pytest.skip(f"SmolLM2 is not installed: {HOW}")


@pytest.fixture(scope="module")
def decoder_arrays(decoder):
    return oracles.tensors(decoder.weights, torch.float32)


def features(answers, model, tokens, mask=None):
    """(N, T, 384) by the model answers."""
    w = model.weights
    x = w["embeddings.word_embeddings.weight"][tokens] + w["embeddings.position_embeddings.weight"][: tokens.shape[1]]
    x = x + w["embeddings.token_type_embeddings.weight"][0]
    x = answers["layer_norm"](x, w["embeddings.LayerNorm.weight"], w["embeddings.LayerNorm.bias"], model.eps)
    for k in range(model.num_layers):
        p = {}
        for ours, place in PLACES.items():
            kinds = ("gamma", "beta") if ours.startswith("norm") else ("weight", "bias")
            for kind, name in zip(kinds, ("weight", "bias"), strict=True):
                p[f"{ours}_{kind}"] = w[f"encoder.layer.{k}.{place}.{name}"]
        x = answers["encoder_layer"](x, p, model.num_heads, mask, model.eps)
    return x


def stepper(answers, model):
    """A step of SmolLM2 for generate_with_cache, by the model answers."""
    w = {name.removesuffix(".weight"): array for name, array in model.weights.items()}

    def step(new, cache):
        x, kept = w["token_embd"][new][None], []
        for k in range(model.num_layers):
            at = f"blk.{k}."
            p = {f"{ours}_weight": w[f"{at}attn_{theirs}"] for ours, theirs in OUTER.items()}
            normed = answers["rms_norm"](x, w[f"{at}attn_norm"], model.eps)
            before = None if cache is None else cache[k]
            mixed, after = answers["grouped_query_attention"](
                normed, p, model.num_heads, model.num_kv_heads, model.rotary_base, before
            )
            kept.append(after)
            x = x + mixed
            normed = answers["rms_norm"](x, w[f"{at}ffn_norm"], model.eps)
            x = x + answers["swiglu"](normed, w[f"{at}ffn_gate"], w[f"{at}ffn_up"], w[f"{at}ffn_down"])
        return answers["rms_norm"](x, w["output_norm"], model.eps)[0] @ w["token_embd"].T, kept

    return step


def best(logits):
    return int(np.argmax(logits))


@pytest.mark.parametrize("sentence", oracles.SENTENCES)
def test_minilm_is_pytorchs_to_1e_5(answers, encoder, sentence):
    tokens = WordPiece(encoder.vocabulary).encode(sentence)
    ours = features(answers, encoder, np.array([tokens]))[0]
    arrays = oracles.tensors(encoder.weights, torch.float64)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, oracles.minilm_features(encoder, arrays, tokens).numpy(), rtol=0, atol=1e-5)


def test_padding_does_not_change_what_minilm_says(answers, encoder):
    words = WordPiece(encoder.vocabulary)
    tokens = [words.encode(sentence) for sentence in oracles.SENTENCES]
    lengths = np.array([len(one) for one in tokens])
    assert lengths.min() < lengths.max()
    padded = np.array([one + [0] * (lengths.max() - len(one)) for one in tokens])
    mask = answers["padding_mask"](lengths, lengths.max())
    together, unmasked = features(answers, encoder, padded, mask), features(answers, encoder, padded)
    for k, one in enumerate(tokens):
        alone = features(answers, encoder, np.array([one]))[0]
        np.testing.assert_allclose(together[k, : len(one)], alone, rtol=0, atol=1e-5)
    shortest = int(lengths.argmin())
    far = np.abs(unmasked - together)[shortest, : lengths[shortest]].max()
    assert far > 0.1, "without the mask, padding is read"


@pytest.mark.parametrize("text", ["The capital of France is", "def add(a, b):\n    return", "Über den Wolken 42!", "a"])
def test_smollm2_is_pytorchs_to_1e_4_of_its_size(answers, decoder, decoder_arrays, text):
    tokens = BytePairs(decoder.vocabulary, decoder.merges).encode(text)
    ours, _ = stepper(answers, decoder)(tokens, None)
    right = oracles.smollm2_logits(decoder, decoder_arrays, tokens).numpy()
    assert ours.dtype == np.float32, "a float64 array would make everything after it slow"
    assert np.abs(ours - right).max() <= 1e-4 * np.abs(right).max()
    assert (ours.argmax(axis=-1) == right.argmax(axis=-1)).all()


def test_smollm2_writes_what_pytorch_writes_with_and_without_a_cache(answers, decoder, decoder_arrays):
    pairs, step = BytePairs(decoder.vocabulary, decoder.merges), stepper(answers, decoder)
    tokens = pairs.encode(oracles.BEGINNINGS[0])
    right = oracles.continued(decoder, decoder_arrays, tokens, 8)
    assert answers["generate_with_cache"](step, tokens, 8, best) == right
    assert answers["generate"](lambda all_tokens: step(all_tokens, None)[0], tokens, 8, best) == right


def test_the_cache_moves_no_logit(answers, decoder):
    step = stepper(answers, decoder)
    tokens = BytePairs(decoder.vocabulary, decoder.merges).encode("Once upon a time, there was a little girl")
    together, _ = step(tokens, None)
    cache, parts = None, []
    for part in (tokens[:3], tokens[3:4], tokens[4:]):
        logits, cache = step(part, cache)
        parts.append(logits)
    assert np.abs(np.concatenate(parts) - together).max() <= 1e-5 * np.abs(together).max()


def test_the_recordings_are_what_pytorch_gives(encoder, decoder, decoder_arrays):
    with np.load(oracles.MINILM_FILE, allow_pickle=False) as stored:
        arrays = oracles.tensors(encoder.weights, torch.float64)
        words = WordPiece(encoder.vocabulary)
        assert tuple(stored["sentences"]) == oracles.SENTENCES
        found = []
        for sentence in oracles.SENTENCES:
            found.append(oracles.minilm_features(encoder, arrays, words.encode(sentence)))
        for k in range(2):
            assert stored[f"tokens {k}"].tolist() == words.encode(oracles.SENTENCES[k])
            np.testing.assert_allclose(stored[f"features {k}"], found[k].numpy(), atol=1e-10)
        np.testing.assert_allclose(stored["similarity"], oracles.similarities(found).numpy(), atol=1e-10)
    with np.load(oracles.SMOLLM2_FILE, allow_pickle=False) as stored:
        pairs = BytePairs(decoder.vocabulary, decoder.merges)
        assert tuple(stored["beginnings"]) == oracles.BEGINNINGS
        for k, beginning in enumerate(oracles.BEGINNINGS):
            tokens = pairs.encode(beginning)
            right = oracles.smollm2_logits(decoder, decoder_arrays, tokens)[:, :: oracles.EVERY].numpy()
            np.testing.assert_allclose(stored[f"logits {k}"], right, atol=1e-3)
            text = stored["texts"][k]
            assert text.startswith(beginning)
            assert len(pairs.encode(text)) == len(tokens) + oracles.COUNT


def test_interleaved_pairs_and_not_halves_fit_these_weights(answers, decoder, decoder_arrays):
    """The convention of rotary_embedding is that of the file; with the other one the same weights talk nonsense."""

    def halves(x, positions, base=10000.0):
        d = x.shape[-1]
        mixed = np.stack([x[..., : d // 2], x[..., d // 2 :]], axis=-1).reshape(x.shape)
        turned = answers["rotary_embedding"](mixed, positions, base)
        return np.concatenate([turned[..., 0::2], turned[..., 1::2]], axis=-1)

    scope = answers["grouped_query_attention"].__globals__
    tokens = BytePairs(decoder.vocabulary, decoder.merges).encode(oracles.BEGINNINGS[1])
    right = oracles.smollm2_logits(decoder, decoder_arrays, tokens).numpy()
    kept = scope["rotary_embedding"]
    try:
        scope["rotary_embedding"] = halves
        wrong, _ = stepper({**answers, "rotary_embedding": halves}, decoder)(tokens, None)
    finally:
        scope["rotary_embedding"] = kept
    assert np.abs(wrong - right).max() > 0.1 * np.abs(right).max()


# The chapter itself, with the weights


def test_the_chapter_runs_both_networks(encoder, decoder):
    cells, printed = run(CHAPTER)
    assert cells["minilm_difference"] < 1e-5
    assert cells["smol_difference"] < 1e-4
    assert cells["smol_texts"] == cells["smol_reference"]["texts"].tolist(), "the same greedy texts"
    assert "The pretrained weights are not installed" not in printed
