"""MiniLM in NumPy: equal to the same encoder in PyTorch's own functions, there and back, and frozen where it should be.

The real weights are optional; a small encoder from random numbers stands in for them wherever it can.
"""

import numpy as np
import pytest
import torch

import course.minilm
from course import minilm_training as training
from course.minilm import encode, mean_states, padded, sentence_vectors
from course.tokenizers import WordPiece
from course.weights import MiniLM, minilm

LAYERS, WIDTH, WORDS, CLASSES = 3, 24, 20, 3


@pytest.fixture(scope="module")
def model():
    found = minilm()
    if found is None:
        pytest.skip("the optional weights are not installed")
    return found


def small(dtype=np.float64):
    """An encoder of three layers from random numbers: its norms and biases are not at their resting places."""
    rng = np.random.default_rng(0)
    shapes = {
        f"embeddings.{one}.weight": (rows, WIDTH)
        for one, rows in zip(course.minilm.EMBEDDINGS, (WORDS, 7, 2), strict=True)
    }
    shapes |= {"embeddings.LayerNorm.weight": (WIDTH,), "embeddings.LayerNorm.bias": (WIDTH,)}
    wide = {"intermediate.dense": (4 * WIDTH, WIDTH), "output.dense": (WIDTH, 4 * WIDTH)}
    for k in range(LAYERS):
        for part in training.LAYER:
            rows, columns = wide.get(part, (WIDTH, WIDTH))
            prefix = f"encoder.layer.{k}.{part}"
            shapes[f"{prefix}.weight"] = (rows,) if part.endswith("LayerNorm") else (rows, columns)
            shapes[f"{prefix}.bias"] = (rows,)
    weights = {name: rng.normal(float(name.endswith("Norm.weight")), 0.5, shape) for name, shape in shapes.items()}
    weights = {name: array.astype(dtype) for name, array in weights.items()}
    return MiniLM(weights, ["[PAD]"] * WORDS, num_layers=LAYERS)


def small_batch():
    """Four texts of different lengths, one token twice in one of them, and their classes."""
    tokens, mask = padded([[2, 5, 5, 3], [2, 3], [2, 7, 11, 19, 3], [2, 8, 3]])
    return tokens, mask, np.array([0, 2, 1, 2])


def torch_states(w, tokens, num_layers, mask=None):
    """The encoder in PyTorch, on arrays named as in the file."""
    functional = torch.nn.functional

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
    seen = None if mask is None else torch.tensor(mask)[:, None, None]
    for k in range(num_layers):
        layer = f"encoder.layer.{k}."
        qkv = [linear(x, f"{layer}attention.self.{name}") for name in ("query", "key", "value")]
        qkv = [one.unflatten(-1, (12, -1)).transpose(1, 2) for one in qkv]
        mixed = functional.scaled_dot_product_attention(*qkv, attn_mask=seen).transpose(1, 2).flatten(2)
        x = norm(x + linear(mixed, f"{layer}attention.output.dense"), f"{layer}attention.output.LayerNorm")
        wide = functional.gelu(linear(x, f"{layer}intermediate.dense"))
        x = norm(x + linear(wide, f"{layer}output.dense"), f"{layer}output.LayerNorm")
    return x


def torch_encode(model, tokens):
    """The states of texts of one length, in float64."""
    w = {name: torch.tensor(array, dtype=torch.float64) for name, array in model.weights.items()}
    return torch_states(w, tokens, model.num_layers).numpy()


def torch_loss_and_gradients(parameters, tokens, mask, labels, num_layers):
    """The mean cross-entropy of a head on the mean over the real tokens, by autograd in float64."""
    leaves = {name: torch.tensor(array, dtype=torch.float64, requires_grad=True) for name, array in parameters.items()}
    named = {name.replace("layer", "encoder.layer.", 1) if name.startswith("layer") else name: leaf
             for name, leaf in leaves.items()}  # fmt: skip
    states = torch_states(named, tokens, num_layers, mask)
    counted = torch.tensor(mask)[..., None]
    means = torch.sum(states * counted, dim=1) / counted.sum(dim=1)
    scores = torch.nn.functional.linear(means, named["head.weight"], named["head.bias"])
    loss = torch.nn.functional.cross_entropy(scores, torch.tensor(labels))
    loss.backward()
    return loss.item(), {name: leaf.grad.numpy() for name, leaf in leaves.items()}


# there


def test_every_state_is_that_of_pytorch(model):
    tokens = np.random.default_rng(0).integers(1000, 20000, (3, 9))
    ours = encode(model, tokens, np.ones(tokens.shape, dtype=bool))
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, torch_encode(model, tokens), atol=1e-5)


def test_every_state_of_a_small_encoder_is_that_of_pytorch():
    tokens = np.random.default_rng(0).integers(0, WORDS, (3, 6))
    ours = encode(small(), tokens, np.ones(tokens.shape, dtype=bool))
    np.testing.assert_allclose(ours, torch_encode(small(), tokens), atol=1e-5)


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


# and back


def test_the_network_that_is_trained_is_the_encoder_with_a_head_on_its_mean():
    tokens, mask, _ = small_batch()
    parameters = training.begin(small(), CLASSES, np.random.default_rng(0))
    means = mean_states(encode(small(), tokens, mask), mask)
    wanted = means @ parameters["head.weight"].T + parameters["head.bias"]
    np.testing.assert_allclose(training.logits(parameters, tokens, mask), wanted, atol=1e-12)


@pytest.mark.parametrize(("dtype", "error"), [(np.float64, 1e-6), (np.float32, 2e-5)])
def test_every_gradient_is_that_of_pytorch(dtype, error):
    tokens, mask, labels = small_batch()
    parameters = training.begin(small(dtype), CLASSES, np.random.default_rng(0))
    parameters["head.bias"] += np.array([0.3, -0.2, 0.1], dtype)
    loss, ours = training.loss_and_gradients(parameters, tokens, mask, labels)
    wanted_loss, wanted = torch_loss_and_gradients(parameters, tokens, mask, labels, LAYERS)
    assert loss == pytest.approx(wanted_loss, abs=error)
    assert list(ours) == list(parameters)
    for name, gradient in ours.items():
        assert gradient.dtype == dtype, name
        assert gradient.shape == parameters[name].shape, name
        np.testing.assert_allclose(gradient, wanted[name], rtol=0, atol=error, err_msg=name)
        if "key.bias" not in name:  # the same for every key, and softmax does not see it
            assert np.abs(wanted[name]).max() > 20 * error, f"{name}: so small a gradient would prove nothing"


def test_the_gradients_are_slopes_of_the_loss():
    tokens, mask, labels = small_batch()
    parameters = training.begin(small(), CLASSES, np.random.default_rng(0))
    _, gradients = training.loss_and_gradients(parameters, tokens, mask, labels)
    rng = np.random.default_rng(1)
    for name, array in parameters.items():
        direction = rng.normal(size=array.shape)
        up, down = (
            training.loss_and_gradients(parameters | {name: array + h * direction}, tokens, mask, labels, [])[0]
            for h in (1e-5, -1e-5)
        )
        assert (up - down) / 2e-5 == pytest.approx(np.sum(gradients[name] * direction), abs=5e-6), name


def test_a_norm_that_forgets_its_own_deviation_on_the_way_back_is_found_out(monkeypatch):
    def forgetful(weights, grad, kept, name, found):
        axes = tuple(range(grad.ndim - 1))
        found[f"{name}.weight"], found[f"{name}.bias"] = (grad * kept.standard).sum(axis=axes), grad.sum(axis=axes)
        scaled = grad * weights[f"{name}.weight"]
        return (scaled - scaled.mean(axis=-1, keepdims=True)) * kept.inverse

    monkeypatch.setattr(course.minilm, "_norm_backward", forgetful)
    tokens, mask, labels = small_batch()
    parameters = training.begin(small(), CLASSES, np.random.default_rng(0))
    _, ours = training.loss_and_gradients(parameters, tokens, mask, labels)
    _, wanted = torch_loss_and_gradients(parameters, tokens, mask, labels, LAYERS)
    assert np.abs(ours["layer2.output.LayerNorm.bias"] - wanted["layer2.output.LayerNorm.bias"]).max() < 1e-6
    assert np.abs(ours["layer2.output.dense.bias"] - wanted["layer2.output.dense.bias"]).max() > 1e-3


def test_every_gradient_of_the_real_encoder_is_that_of_pytorch(model):
    tokens, mask = padded([WordPiece(model.vocabulary).encode(text) for text in ("delightful", "a gloomy day")])
    parameters = training.begin(model, 2, np.random.default_rng(0))
    labels = np.array([1, 0])
    loss, ours = training.loss_and_gradients(parameters, tokens, mask, labels)
    wanted_loss, wanted = torch_loss_and_gradients(parameters, tokens, mask, labels, 6)
    assert loss == pytest.approx(wanted_loss, abs=1e-5)
    for name, gradient in ours.items():
        assert gradient.dtype == np.float32, name
        largest = np.abs(wanted[name]).max()
        assert np.abs(gradient - wanted[name]).max() < 1e-4 * largest + 1e-7, name


def test_filling_up_changes_neither_loss_nor_gradients():
    tokens, mask, labels = small_batch()
    parameters = training.begin(small(), CLASSES, np.random.default_rng(0))
    longer = np.pad(tokens, ((0, 0), (0, 2)), constant_values=9), np.pad(mask, ((0, 0), (0, 2)))
    loss, gradients = training.loss_and_gradients(parameters, tokens, mask, labels)
    again, same = training.loss_and_gradients(parameters, *longer, labels)
    assert again == pytest.approx(loss, abs=1e-12)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(same[name], gradient, atol=1e-12, err_msg=name)
    assert not same["embeddings.word_embeddings.weight"][9].any(), "nobody has read token 9"


@pytest.mark.parametrize("first", range(LAYERS + 1))
def test_the_way_back_ends_where_nothing_learns_and_kept_states_serve_as_well(first):
    tokens, mask, labels = small_batch()
    parameters = training.begin(small(), CLASSES, np.random.default_rng(0))
    layers = [*(f"layer{k}" for k in range(first, LAYERS)), "head"]
    names = [name for name in parameters if name.split(".")[0] in layers]
    states = training.frozen_states(parameters, tokens, mask, first)
    _, everything = training.loss_and_gradients(parameters, tokens, mask, labels)
    _, from_tokens = training.loss_and_gradients(parameters, tokens, mask, labels, names)
    _, from_states = training.loss_and_gradients(parameters, states, mask, labels, names, first)
    assert list(from_tokens) == list(from_states) == names
    for name in names:
        assert np.array_equal(from_tokens[name], everything[name]), name
        np.testing.assert_allclose(from_states[name], everything[name], atol=1e-12, err_msg=name)


def test_nothing_in_front_of_kept_states_can_learn():
    tokens, mask, labels = small_batch()
    parameters = training.begin(small(), CLASSES, np.random.default_rng(0))
    states = training.frozen_states(parameters, tokens, mask, 2)
    with pytest.raises(ValueError, match="x goes into layer 2, but something in front of it is to learn"):
        training.loss_and_gradients(parameters, states, mask, labels, ["layer1.output.dense.bias", "head.bias"], 2)


# fine-tuning


def learning_from(layer):
    """The network before, and after five steps in which everything from a layer on learns, at a rate."""
    tokens, mask, labels = small_batch()
    begun = training.begin(small(np.float32), CLASSES, np.random.default_rng(0))
    layers = list(dict.fromkeys(name.split(".")[0] for name in begun))
    rates = {name: 0.01 for name in begun if name.split(".")[0] in layers[layers.index(layer) :]}
    earlier = {name: array.copy() for name, array in begun.items()}
    tuned = training.fine_tune(begun, tokens, mask, labels, rates, 5, np.random.default_rng(0), batch_size=3)
    for name, array in earlier.items():
        assert np.array_equal(begun[name], array), f"{name} of the network that was handed in has changed"
    return begun, tuned, rates


@pytest.mark.parametrize("layer", ["embeddings", "layer0", "layer1", "layer2", "head"])
def test_what_is_frozen_is_equal_in_every_bit_and_what_learns_is_not(layer):
    begun, tuned, rates = learning_from(layer)
    assert list(tuned) == list(begun)
    for name, array in begun.items():
        assert tuned[name].dtype == array.dtype == np.float32
        same = tuned[name].tobytes() == array.tobytes()
        if name not in rates:
            assert same, name
        elif "key.bias" not in name:  # its gradient is 0 but for rounding
            assert not same, name


def test_words_that_nobody_read_stay_as_they_are():
    tokens, _, _ = small_batch()
    begun, tuned, _ = learning_from("embeddings")
    moved = np.any(tuned[training.WORDS] != begun[training.WORDS], axis=1)
    assert set(np.flatnonzero(moved)) == set(tokens.ravel()) - {0}, "0 only fills up"


def test_fine_tuning_is_adam_on_every_array_and_on_every_word():
    tokens, mask, labels = small_batch()
    begun = training.begin(small(), CLASSES, np.random.default_rng(0))
    tuned = training.fine_tune(begun, tokens, mask, labels, dict.fromkeys(begun, 0.01), 3, np.random.default_rng(0))
    plain = {name: torch.tensor(array) for name, array in begun.items()}
    adam = torch.optim.Adam(plain.values(), lr=0.01)
    for step in range(3):
        adam.param_groups[0]["lr"] = 0.01 * (1 - step / 3)
        now = {name: leaf.numpy() for name, leaf in plain.items()}
        _, gradients = training.loss_and_gradients(now, tokens, mask, labels)
        for name, leaf in plain.items():
            leaf.grad = torch.tensor(gradients[name])
        adam.step()
    for name, leaf in plain.items():
        if "key.bias" not in name:  # its gradient is 0 but for rounding, and Adam divides by its size
            np.testing.assert_allclose(tuned[name], leaf.numpy(), atol=1e-7, err_msg=name)


@pytest.mark.parametrize(
    ("rates", "told"),
    [({}, "rates is empty"), ({"layer9.output.dense.bias": 0.1}, r"no array .* \['layer9.output.dense.bias'\]")],
)
def test_rates_that_name_nothing_are_told(rates, told):
    begun = training.begin(small(), CLASSES, np.random.default_rng(0))
    with pytest.raises(ValueError, match=told):
        training.fine_tune(begun, *small_batch(), rates, 1, np.random.default_rng(0))


@pytest.mark.parametrize("layer", ["embeddings", "layer1", "head"])
def test_the_loss_falls(layer):
    tokens, mask, labels = small_batch()
    begun, tuned, _ = learning_from(layer)
    before, after = (training.loss_and_gradients(one, tokens, mask, labels, [])[0] for one in (begun, tuned))
    assert after < before - 0.02


def test_accuracy_counts_the_largest_scores_in_batches_of_any_size():
    tokens, mask, _ = small_batch()
    parameters = training.begin(small(), CLASSES, np.random.default_rng(0))
    told = training.logits(parameters, tokens, mask).argmax(axis=1)
    labels = told.copy()
    labels[1] = (told[1] + 1) % CLASSES
    for size in (1, 3, 100):
        assert training.accuracy(parameters, tokens, mask, labels, size) == 0.75


def test_a_network_from_scratch_has_the_same_shapes_and_other_numbers():
    begun = training.begin(small(np.float32), CLASSES, np.random.default_rng(0))
    drawn = training.draw_parameters(begun, np.random.default_rng(1))
    assert list(drawn) == list(begun)
    for name, array in drawn.items():
        assert (array.shape, array.dtype) == (begun[name].shape, np.float32)
        assert not np.array_equal(array, begun[name]) or name == "head.bias", name
    weights = np.concatenate([a.ravel() for n, a in drawn.items() if a.ndim > 1 and n != "head.weight"])
    assert weights.std() == pytest.approx(0.02, rel=0.05)
    assert (drawn["layer1.output.LayerNorm.weight"] == 1).all()
