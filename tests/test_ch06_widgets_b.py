"""The second four widgets of chapter 6: every claim that they teach, on the functions behind them; no browser."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch

from course import weights as files
from course.data import python_text
from course.transformer import draw_parameters, logits
from course.widgets import ch06_attention as widgets
from course.widgets.ch06_attention import record_heads, record_next_tokens, train_masked
from course.widgets.kit import Explorer

# by their paths: the package's names are the functions
real = import_module("course.widgets.ch06_attention.real_heads")
norms = import_module("course.widgets.ch06_attention.norms_and_stream")
masked = import_module("course.widgets.ch06_attention.masked_word")
following = import_module("course.widgets.ch06_attention.next_token")

Array = np.ndarray
ALL = ("real_heads", "norms_and_stream", "masked_word", "next_token")
FUNCTION = {"real_heads": "encode", "norms_and_stream": "layer_norm", "next_token": "sample_next_token"}
FLAT, PEAKED = record_next_tokens.PROMPTS[3], record_next_tokens.PROMPTS[0]
needs_minilm = pytest.mark.skipif(files.minilm() is None, reason="the optional weights are not installed")


@pytest.fixture(scope="module")
def built() -> dict[str, Explorer]:
    """Each widget once, without a student's function."""
    return {name: getattr(widgets, name)() for name in ALL}


def preset(explorer: Explorer, name: str) -> Explorer:
    """The explorer moved as the button with this name moves it."""
    (found,) = [one for one in explorer.spec["presets"] if one["name"] == name]
    explorer.index = found["index"]
    return explorer


def unwritten(*_: Any, **__: Any) -> Array:
    raise NotImplementedError


# All four


@pytest.mark.parametrize("name", ALL)
def test_every_state_of_a_widget_has_a_sentence_that_ends(built: dict[str, Explorer], name: str) -> None:
    explorer = built[name]
    rng = np.random.default_rng(0)
    for _ in range(100):
        explorer.index = [int(rng.integers(len(axis["texts"]))) for axis in explorer.spec["axes"]]
        assert explorer.sentence[0].isupper()
        assert explorer.sentence.endswith(".")
        assert not re.search(r"\bnan\b", explorer.sentence)
        assert "-0.00" not in explorer.sentence


@pytest.mark.parametrize("name", ALL)
def test_every_preset_is_a_place_with_a_sentence_of_its_own(built: dict[str, Explorer], name: str) -> None:
    explorer = built[name]
    sentences = {preset(explorer, one["name"]).sentence for one in explorer.spec["presets"]}
    assert len(explorer.spec["presets"]) == len(sentences) >= 3


@pytest.mark.parametrize("name", ALL)
def test_a_block_stays_below_a_hundred_kilobytes(built: dict[str, Explorer], name: str) -> None:
    assert built[name].baked.gzipped < 100_000
    assert len(built[name].to_html()) < 400_000


@pytest.mark.parametrize("name", FUNCTION)
def test_a_function_that_is_not_written_yet_is_named_and_the_reference_is_shown(
    built: dict[str, Explorer], name: str
) -> None:
    explorer = getattr(widgets, name)(unwritten)
    assert explorer.spec["notice"].startswith(f"Your {FUNCTION[name]} is not written yet.")
    assert not built[name].spec["notice"]
    for one in explorer.spec["presets"]:
        assert preset(explorer, one["name"]).sentence == preset(built[name], one["name"]).sentence


# real_heads


def recorded_encode(sentence: str) -> tuple[list[str], Array]:
    """What a right function gives: the recorded weights, and for another sentence only previous pieces."""
    data = real.recorded_heads()
    if sentence in record_heads.SENTENCES:
        number = record_heads.SENTENCES.index(sentence)
        pieces = list(data.pieces[number])
        found = data.weights[number] / record_heads.LEVELS
        found = found / found.sum(axis=-1, keepdims=True)
        return pieces, found.reshape(6, 12, len(pieces), len(pieces))
    pieces = ["[CLS]", *sentence.lower().split(), "[SEP]"]
    return pieces, np.broadcast_to(np.eye(len(pieces)), (6, 12, len(pieces), len(pieces)))


def test_recorded_weights_add_up_to_1_over_the_keys() -> None:
    found = real.recorded_heads().weights / record_heads.LEVELS
    assert found.min() >= 0
    # thirteen numbers, each up to half a 255th off
    assert np.abs(found.sum(axis=-1) - 1).max() < 13 / 2 / 255


@pytest.mark.parametrize("name", real.PRESETS)
def test_a_preset_shows_the_head_that_does_most_of_what_it_says(built: dict[str, Explorer], name: str) -> None:
    explorer = preset(built["real_heads"], name)
    state = explorer.state
    assert state.measure.max() == state.measure.ravel()[explorer.values["head"]]
    assert "most of all 72 heads" in explorer.sentence
    assert state.row.argmax() == {
        "one step back": 1, "one step on": 3, "the same word": 1, "one word in three pieces": 3, "he or she": 6,
        "a place to rest": 0,
    }[name]  # fmt: skip


def test_what_the_heads_look_for_has_these_sizes() -> None:
    found = real.recorded_heads().measures
    best = dict(zip(record_heads.MEASURES, zip(found.argmax(axis=1), found.max(axis=1), strict=True), strict=True))
    wanted = {
        "the piece before": (1, 3, 1.00), "the piece after": (2, 9, 0.63), "the same word again": (1, 9, 0.27),
        "its own word's pieces": (1, 5, 0.72), "[CLS]": (5, 6, 0.85), "the noun that fits": (2, 4, 0.38),
    }  # fmt: skip
    for name, (layer, head, size) in wanted.items():
        assert divmod(int(best[name][0]), 12) == (layer - 1, head - 1)
        assert best[name][1] == pytest.approx(size, abs=0.005)
    # the pieces give about half of all their weight to [CLS]
    assert found[list(record_heads.MEASURES).index("[CLS]")].mean() == pytest.approx(0.48, abs=0.01)


def test_the_last_layer_is_missed_most() -> None:
    turned = real.recorded_heads().turned.reshape(6, 12)
    assert turned[-1].mean() > 2 * turned[:-1].mean(axis=1).max()
    assert turned.min() > 1


def test_measures_count_the_pairs_that_they_name() -> None:
    pieces = ["[CLS]", "the", "story", "##tell", "##er", "saw", "the", "cat", "[SEP]"]
    found = {name: set(zip(*np.nonzero(one), strict=True)) for name, one in record_heads.pairs(pieces).items()}
    assert found["the piece before"] == {(k, k - 1) for k in range(2, 8)}
    assert found["the piece after"] == {(k, k + 1) for k in range(1, 7)}
    assert found["the same word again"] == {(1, 6), (6, 1)}
    assert found["its own word's pieces"] == {(a, b) for a in (2, 3, 4) for b in (2, 3, 4) if a != b}
    assert found["[CLS]"] == {(k, 0) for k in range(1, 8)}


def test_a_head_that_does_one_thing_alone_is_measured_as_1() -> None:
    def encode(sentence: str) -> tuple[list[str], Array]:
        words = sentence.lower().rstrip(".").split()
        pieces = ["[CLS]", *(piece for word in words for piece in re.sub("(.{9})", r"\1 ##", word).split()), "[SEP]"]
        back, rest = np.eye(len(pieces), k=-1), np.zeros((len(pieces), len(pieces)))
        rest[:, 0] = 1
        return pieces, np.array([[back, rest]])

    found = record_heads.measured(encode)
    assert found[record_heads.MEASURES.index("the piece before")] == pytest.approx(np.array([[1.0, 0.0]]))
    to_begin = found[record_heads.MEASURES.index("[CLS]")]
    assert to_begin[0, 1] == 1
    assert 0 < to_begin[0, 0] < 0.15  # the first piece of each sentence


def test_each_noun_fits_as_often_as_subject_as_it_does_as_object() -> None:
    subject = [sentence.split()[1] == noun for sentence, _pronoun, noun, _other in record_heads.PRONOUNS]
    assert np.mean(subject) == 0.5
    assert len(set(record_heads.PRONOUNS)) == 16


@needs_minilm
def test_the_recording_is_what_minilm_gives() -> None:
    encoder = record_heads.Encoder(files.minilm())
    for number, sentence in enumerate(record_heads.SENTENCES):
        pieces, found, _vector = encoder(sentence)
        assert tuple(pieces) == real.recorded_heads().pieces[number]
        stored = real.recorded_heads().weights[number].reshape(found.shape) / record_heads.LEVELS
        assert np.abs(found - stored).max() < 0.51 / record_heads.LEVELS
    measured = record_heads.measured(lambda sentence: encoder(sentence)[:2])
    assert measured.reshape(6, -1) == pytest.approx(real.recorded_heads().measures, abs=1e-4)


def test_the_page_gets_the_weights_as_whole_levels(built: dict[str, Explorer]) -> None:
    told = built["real_heads"].spec["mechanism"]["data"]["weights"]
    found = np.frombuffer(base64.b64decode(told[2][17]), np.uint8).reshape(13, 13)
    assert np.array_equal(found, real.recorded_heads().weights[2, 17])


def test_a_right_encode_shows_what_the_recording_shows(built: dict[str, Explorer]) -> None:
    explorer = widgets.real_heads(recorded_encode)
    assert not explorer.spec["notice"]
    for name in real.PRESETS:
        assert "differ" not in preset(explorer, name).sentence
        assert preset(explorer, name).state.matrix == pytest.approx(
            preset(built["real_heads"], name).state.matrix, abs=0.03
        )


def test_a_sentence_of_the_readers_own_goes_through_their_encode() -> None:
    explorer = widgets.real_heads(recorded_encode, "Every dog has its day")
    assert explorer.state.pieces == ("[CLS]", "every", "dog", "has", "its", "day", "[SEP]")
    assert np.array_equal(explorer.state.matrix, np.eye(7))
    assert explorer.spec["axes"][0]["texts"] == ("Every dog has its …",)
    assert len(explorer.spec["axes"][3]["texts"]) == 7
    assert "to itself" in explorer.sentence


def test_a_sentence_without_an_encode_is_answered_by_a_line() -> None:
    explorer = widgets.real_heads(None, "Every dog has its day")
    assert "needs your encode" in explorer.spec["notice"]
    assert len(explorer.state.pieces) == 13


def changed(how: Callable[[list[str], Array], Any]) -> Callable[[str], Any]:
    return lambda sentence: how(*recorded_encode(sentence))


@pytest.mark.parametrize(
    ("encode", "complaint"),
    [
        (changed(lambda pieces, found: found), "expected a pair"),
        (changed(lambda pieces, found: (pieces, found[0])), "weights of shape (12, 13, 13) for 13 pieces"),
        (changed(lambda pieces, found: (pieces[1:-1], found)), "for 11 pieces"),
        (changed(lambda pieces, found: (pieces, found.swapaxes(-1, -2))), "do not add up to 1"),
        (changed(lambda pieces, found: (pieces, found * np.nan)), "NaN"),
        (changed(lambda pieces, found: (["x"] * 13, found)), "other pieces"),
        (changed(lambda pieces, found: (pieces * 3, found)), "39 pieces; the picture has room for 24"),
        (lambda sentence: [][1], "IndexError"),
    ],
)
def test_an_encode_that_cannot_be_shown_is_one_line(encode: Callable[[str], Any], complaint: str) -> None:
    explorer = widgets.real_heads(encode)
    assert explorer.spec["notice"].startswith("Your encode ")
    assert complaint in explorer.spec["notice"]
    assert len(explorer.state.pieces) == 13


def test_weights_of_another_head_are_shown_and_told() -> None:
    explorer = widgets.real_heads(changed(lambda pieces, found: (pieces, found[:, ::-1])))
    preset(explorer, "one step back")
    assert "differ from the recorded ones, by up to" in explorer.sentence
    assert explorer.state.matrix[2, 1] < 0.5


# norms_and_stream


def test_layer_norm_standardises_each_row_and_batch_norm_each_column() -> None:
    x = norms.changed(2.0, 4.0)
    row = norms.layer_norm(x, np.ones(20), np.zeros(20))
    assert row.mean(axis=-1) == pytest.approx(np.zeros((32, 3)), abs=1e-12)
    assert row.var(axis=-1) == pytest.approx(np.ones((32, 3)), abs=1e-3)
    column = norms.normalised(x, (0,))
    assert column.mean(axis=0) == pytest.approx(np.zeros((3, 20)), abs=1e-12)
    both = norms.normalised(x, (0, 1))
    assert both.var(axis=(0, 1)) == pytest.approx(np.ones(20), abs=1e-3)
    wanted = torch.nn.functional.layer_norm(torch.tensor(x), (20,)).numpy()
    assert row == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("loud", norms.LOUD)
def test_the_size_of_the_batch_is_nothing_to_layer_norm(loud: float) -> None:
    state = norms.norms_state("layer norm", 8, loud, 0, 1.0)
    assert np.ptp(state.layer_line) < 1e-12
    assert state.layer_line == pytest.approx(norms.norms_state("layer norm", 8, 1.0, 0, 1.0).layer_line, abs=2e-3)
    assert np.ptp(state.batch_line) > 0.5


def test_batch_norm_of_one_example_erases_and_of_two_leaves_signs(built: dict[str, Explorer]) -> None:
    state = preset(built["norms_and_stream"], "a batch of 1 erases").state
    assert (state.after[:3] == 0).all()
    assert np.isnan(state.after[3:]).all()
    assert state.shares[1].max() == 100
    assert "0.48 into 0.00" in state.says
    state = preset(built["norms_and_stream"], "a batch of 2 knows signs alone").state
    assert np.abs(state.after[:6]) == pytest.approx(np.ones((6, 20)), abs=0.06)
    assert (np.sign(state.after[:3]) == -np.sign(state.after[3:6])).all()


def test_with_positions_too_a_later_position_changes_an_earlier_one() -> None:
    x = norms.batch()[:1].copy()
    moved = x.copy()
    moved[0, 2] += 1
    for axes, differs in (((2,), False), ((0, 1), True)):
        before, after = norms.normalised(x, axes)[0, 1], norms.normalised(moved, axes)[0, 1]
        assert bool(np.abs(before - after).max() > 0.1) is differs


def test_a_loud_example_costs_the_others_their_spread(built: dict[str, Explorer]) -> None:
    state = preset(built["norms_and_stream"], "a loud example").state
    others = norms.normalised(norms.changed(5.0, 0)[:8], (0,))[1:]
    assert f"spread of {others.std():.2f}" in state.says
    assert others.std() < 0.8 < norms.normalised(norms.batch()[:8], (0,))[1:].std()


def test_a_feature_far_off_squeezes_its_row_and_is_nothing_to_batch_norm(built: dict[str, Explorer]) -> None:
    state = preset(built["norms_and_stream"], "a feature far off").state
    others = np.delete(state.after[1], norms.SHIFTED)
    assert others.std() < 0.4
    assert f"spread of {others.std():.2f}" in state.says
    plain, shifted = (norms.norms_state("batch norm", 8, 1.0, shift, 1.0).after for shift in (0, 16))
    assert shifted == pytest.approx(plain, abs=1e-9)


@pytest.mark.parametrize("gain", norms.GAINS)
def test_the_stream_has_the_size_that_adding_variances_predicts(gain: float) -> None:
    steps = np.arange(norms.LAYERS + 1)
    sizes = {name: norms.stream(name, gain)[0] for name in norms.SCHEMES}
    assert sizes["post-norm"][1:] == pytest.approx(np.ones(24), abs=1e-4)
    assert sizes["pre-norm"] == pytest.approx(np.sqrt(1 + steps * gain**2), rel=0.15)
    assert np.abs(np.log(sizes["no norm"] / (1 + gain**2) ** (steps / 2))).max() < np.log(2)
    assert np.abs(np.log(sizes["no residual"] / gain**steps)).max() < np.log(2)


@pytest.mark.parametrize("scheme", norms.SCHEMES)
def test_gradients_of_the_stream_are_those_of_pytorch(scheme: str) -> None:
    rng = np.random.default_rng(2)
    x, up = (torch.tensor(one) for one in rng.normal(size=(2, norms.TOKENS, norms.WIDTH)))
    kept = [x.requires_grad_()]

    def norm(one: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.layer_norm(one, (norms.WIDTH,))

    for first, second in norms._weights():
        now = kept[-1]
        inner = norm(now) if scheme == "pre-norm" else now
        now = (0 if scheme == "no residual" else now) + 0.5 * (
            torch.relu(inner @ torch.tensor(first).T) @ torch.tensor(second).T
        )
        kept.append(norm(now) if scheme == "post-norm" else now)
    gradients = torch.autograd.grad(torch.sum(kept[-1] * up), kept)
    wanted = [float(torch.sqrt(torch.mean(one**2))) for one in gradients]
    assert norms.stream(scheme, 0.5)[1] == pytest.approx(wanted, rel=1e-6)


def test_strong_branches_explode_and_weak_ones_die_out(built: dict[str, Explorer]) -> None:
    state = preset(built["norms_and_stream"], "strong branches explode").state
    assert state.none[-1] > 1e8
    assert state.pre[-1] == pytest.approx(9.4, abs=0.05)
    assert "size 1.3e+8 without norm" in state.says
    state = preset(built["norms_and_stream"], "weak branches die out").state
    assert state.bare[-1] < 1e-14
    assert "1.6 with pre-norm and 1 with post-norm" in state.says


def test_a_right_layer_norm_shows_what_the_reference_shows(built: dict[str, Explorer]) -> None:
    explorer = widgets.norms_and_stream(norms.layer_norm)
    assert not explorer.spec["notice"]
    assert explorer.spec["mechanism"]["own"]
    for name in norms.PRESETS:
        assert preset(explorer, name).sentence == preset(built["norms_and_stream"], name).sentence


def over(axis: int | tuple[int, ...], ddof: int = 0) -> Callable[..., Array]:
    def layer_norm(x: Array, gamma: Array, beta: Array, eps: float = 1e-5) -> Array:
        spread = x.var(axis=axis, keepdims=True, ddof=ddof)
        return (x - x.mean(axis=axis, keepdims=True)) / np.sqrt(spread + eps) * gamma + beta

    return layer_norm


@pytest.mark.parametrize("wrong", [over(0), over((-2, -1)), over(-1, ddof=1), lambda x, gamma, beta: x])
def test_a_wrong_layer_norm_is_shown_and_told(wrong: Callable[..., Array]) -> None:
    explorer = preset(widgets.norms_and_stream(wrong), "each row by itself")
    assert "By your layer_norm the followed number is" in explorer.sentence
    assert explorer.sentence.endswith("1.09 is right.")
    right = norms.norms_state(**norms.PRESETS["each row by itself"])
    assert np.abs(explorer.state.after - right.after).max() > 0.02
    assert explorer.state.right_pre == pytest.approx(right.pre)


def test_a_layer_norm_that_gives_nan_is_named_and_the_reference_is_shown(built: dict[str, Explorer]) -> None:
    explorer = widgets.norms_and_stream(lambda x, gamma, beta: x * np.nan)
    assert "NaN" in explorer.spec["notice"]
    preset(built["norms_and_stream"], "each row by itself")
    assert preset(explorer, "each row by itself").sentence == built["norms_and_stream"].sentence


# next_token


def test_temperature_top_k_and_top_p_do_what_they_say() -> None:
    z = np.log(np.array([0.5, 0.25, 0.125, 0.125]))
    chances = record_next_tokens.chances
    assert chances(z, 1.0, 4, 1.0) == pytest.approx([0.5, 0.25, 0.125, 0.125])
    assert chances(z, 0.5, 4, 1.0) == pytest.approx(np.array([16, 4, 1, 1]) / 22)
    assert chances(z, 0.0, 4, 1.0) == pytest.approx([1, 0, 0, 0])
    assert chances(z, 1.0, 2, 1.0) == pytest.approx([2 / 3, 1 / 3, 0, 0])
    assert chances(z, 1.0, 4, 0.6) == pytest.approx([2 / 3, 1 / 3, 0, 0])  # the crossing token is kept
    assert chances(z, 1.0, 4, 0.1) == pytest.approx([1, 0, 0, 0])
    # of what top-k leaves, the first token has 2/3: top-p 0.6 keeps it alone
    assert chances(z, 1.0, 2, 0.6) == pytest.approx([1, 0, 0, 0])
    assert chances(z, 1e6, 4, 1.0) == pytest.approx(np.full(4, 0.25), abs=1e-5)


def test_the_recorded_logits_fall_and_hold_most_of_the_probability() -> None:
    for one in following.prompts().values():
        assert len(one.logits) == record_next_tokens.KEPT
        assert (np.diff(one.logits) <= 0).all()
        assert one.logits[0] == 0
        assert one.kept > 0.94


def test_the_same_cut_keeps_much_of_one_distribution_and_little_of_the_other(built: dict[str, Explorer]) -> None:
    told = {name: preset(built["next_token"], name).sentence for name in following.PRESETS}
    assert "“Paris” has 0.78" in told["peaked"]
    assert "“small” has 0.08" in told["flat"]
    assert "keeps 10 tokens, which held 0.91 of the mass" in told["top-k 10, peaked"]
    assert "keeps 10 tokens, which held 0.45 of the mass" in told["top-k 10, flat"]
    assert "keeps 2 tokens" in told["top-p 0.8, peaked"]
    assert "keeps 109 tokens" in told["top-p 0.8, flat"]
    assert "“Paris” has 0.03, the tokens beyond the first 12 have 0.91 together" in told["too hot"]
    assert "“small” has 0.51" in told["nearly greedy"]


@pytest.mark.parametrize("prompt", record_next_tokens.PROMPTS)
def test_probabilities_and_mass_add_up_at_every_setting(prompt: str) -> None:
    for temperature in record_next_tokens.TEMPERATURES:
        for top_k in record_next_tokens.TOP_K:
            for top_p in record_next_tokens.TOP_P:
                state = following.next_state(prompt, temperature, top_k, top_p)
                assert state.values.sum() == pytest.approx(1)
                assert state.mass[-1] == pytest.approx(1)
                assert state.band_to <= top_k
                if top_p < 1 and temperature > 0:
                    last = int(state.band_to)
                    assert state.mass[last - 1] >= state.level - 1e-12
                    assert last == 1 or state.mass[last - 2] < state.level


def test_greedy_texts_are_one_and_all_others_begin_with_the_token_that_was_drawn() -> None:
    u = record_next_tokens.uniforms()[:, 0]
    for prompt, data in following.prompts().items():
        assert len({*following.next_state(prompt, 0.0, record_next_tokens.KEPT, 1.0).texts}) == 1
        named = 0
        for setting, (temperature, top_k, top_p) in enumerate(record_next_tokens.settings()):
            assert following.setting_of(temperature, top_k, top_p) == setting
            p = record_next_tokens.chances(data.logits, temperature, top_k, top_p)
            state = following.next_state(prompt, temperature, top_k, top_p)
            for text, one in zip(state.texts, u, strict=True):
                rank = record_next_tokens.drawn(p, float(one))
                if rank < len(data.names) and data.names[rank] not in ("␣", "⏎"):
                    named += 1
                    assert text.startswith(data.names[rank])
        assert named > 50


def test_texts_fit_on_a_narrow_page() -> None:
    for one in following.prompts().values():
        assert max(len(text) for text in one.texts) <= following.LETTERS


def sampler(
    *, heat: Callable[[Array, float], Array] = lambda z, t: z / t, first: str = "k", short: bool = False,
    ranks: bool = False, ignore: str = "",
) -> Callable[..., int]:  # fmt: skip
    """A sample_next_token, right or with one idea that is wrong."""

    def sample_next_token(
        z: Array, rng: np.random.Generator, temperature: float = 1.0, top_k: int | None = None,
        top_p: float | None = None,
    ) -> int:  # fmt: skip
        if temperature == 0:
            return int(np.argmax(z))
        z = heat(z, temperature)
        order = np.argsort(-z)
        p = np.exp(z[order] - z.max())
        p /= p.sum()
        for cut in "kp" if first == "k" else "pk":
            if cut == "k" and top_k is not None and ignore != "k":
                p[top_k:] = 0
            if cut == "p" and top_p is not None and ignore != "p":
                before = np.cumsum(p) - (0 if short else p)
                p[before >= top_p] = 0
            p /= p.sum()
        place = int(rng.choice(len(p), p=p))
        return place if ranks else int(order[place])

    return sample_next_token


@pytest.mark.parametrize("name", following.PRESETS)
def test_a_right_sampler_lies_beside_the_exact_bars(built: dict[str, Explorer], name: str) -> None:
    explorer = preset(widgets.next_token(sampler()), name)
    assert not explorer.spec["notice"]
    assert explorer.sentence == preset(built["next_token"], name).sentence
    state = explorer.state
    assert state.frequencies.sum() == pytest.approx(1)
    assert np.abs(state.frequencies - state.values).max() < 0.15
    assert np.isnan(built["next_token"].state.frequencies).all()


@pytest.mark.parametrize(
    ("wrong", "where", "told"),
    [
        (sampler(heat=lambda z, t: z * t), "too hot", "Your function draws “Paris”"),
        (sampler(ranks=True), "peaked", "Your function draws “Paris”"),
        (sampler(ignore="k"), "top-k 10, flat", "should never come"),
        (sampler(ignore="p"), "top-p 0.8, flat", "should never come"),
        (lambda z, rng, **_: int(np.argmax(z)), "flat", "Your function draws “small” in 100% of 200 draws; 8%"),
        (lambda z, rng, **_: 2000, "flat", "Of 200 draws of your function 200 are tokens that should never come."),
        (lambda z, rng, **_: 0.5, "flat", "200 are tokens that should never come"),
        (lambda z, rng, **_: int(rng.integers(1000)), "greedy", "should never come"),
    ],
)
def test_a_wrong_sampler_is_told_where_it_shows(wrong: Callable[..., Any], where: str, told: str) -> None:
    explorer = preset(widgets.next_token(wrong), where)
    assert told in explorer.sentence


def test_top_p_before_top_k_shows_where_both_cut() -> None:
    right, wrong = widgets.next_token(sampler()), widgets.next_token(sampler(first="p"))
    both = {"prompt": FLAT, "temperature": 1.0, "top_k": 10, "top_p": 0.5}
    assert "should never come" not in right.set(**both).sentence
    assert "should never come" in wrong.set(**both).sentence


def test_a_sampler_that_drops_the_crossing_token_is_told() -> None:
    three = {"prompt": FLAT, "temperature": 1.0, "top_k": 3, "top_p": 0.8}
    assert "Your function draws" not in widgets.next_token(sampler()).set(**three).sentence
    explorer = widgets.next_token(sampler(short=True)).set(**three)
    assert explorer.state.values[2] > 0.3
    assert explorer.state.frequencies[2] == 0
    assert "Your function draws “woman” in 0% of 200 draws" in explorer.sentence


@pytest.mark.slow
def test_the_recording_is_what_smollm2_gives() -> None:
    from course.tokenizers import BytePairs

    model = files.smollm2()  # not in a skipif: that would load it whenever tests are collected
    if model is None:
        pytest.skip("the optional weights are not installed")
    text, decoder = BytePairs(model.vocabulary, model.merges), record_next_tokens.Decoder(model)
    for prompt, data in following.prompts().items():
        tokens = text.encode(prompt)
        found, _cache = decoder(np.array([tokens]), None)
        best = np.sort(found[0])[::-1][: record_next_tokens.KEPT].astype(float)
        assert data.logits == pytest.approx(best - best[0], abs=1 / 64)
        # with a cache, one token at a time, the logits are the same
        cache = None
        for token in tokens:
            stepped, cache = decoder(np.array([[token]]), cache)
        assert stepped == pytest.approx(found, abs=2e-3)


# masked_word


def test_texts_are_as_long_as_the_context_and_were_not_learned() -> None:
    manual = python_text()
    for text in train_masked.TEXTS.values():
        assert len(text) == train_masked.CONTEXT
        assert text not in manual


def test_both_sides_know_more_than_the_left_alone(built: dict[str, Explorer]) -> None:
    with np.load(train_masked.FILE) as stored:
        assert stored["both_loss"] == pytest.approx(0.943, abs=0.001)
        assert stored["left_loss"] == pytest.approx(0.991, abs=0.001)
    for text in train_masked.TEXTS:
        state = built["masked_word"].set(text=text, place=8, temperature=1.0).state
        assert state.both_bits.mean() < state.left_bits.mean()


def test_a_preset_shows_what_its_name_says(built: dict[str, Explorer]) -> None:
    states = {name: preset(built["masked_word"], name).state for name in masked.PRESETS}
    three = states["the or three"]
    assert (three.both_names[0], three.left_names[0]) == ("r", "a")
    assert three.left_bits[20] > three.both_bits[20] + 5
    assert [states[f"the same, {how}"].both[0] for how in ("cold", "hot")] == pytest.approx([0.73, 0.06], abs=0.005)
    begins = states["how a word begins"]
    assert begins.left_bits[27] == pytest.approx(8.4, abs=0.05)
    assert begins.both_bits[27] == pytest.approx(1.2, abs=0.05)
    inside = states["inside a word"]
    assert min(inside.both[0], inside.left[0]) > 0.97
    assert (inside.both_names[0], inside.left_names[0]) == ("i", "i")
    wrong = states["sure and wrong"]
    assert wrong.both[0] > 0.8
    assert wrong.chances[16] < 0.01
    assert wrong.both_bits[16] > wrong.left_bits[16] + 5
    unread = states["a word it never read"]
    assert "sister" not in python_text()
    assert unread.left_bits[5] > unread.both_bits[5] + 10


def test_what_stands_to_the_left_of_the_first_letter_says_nothing() -> None:
    state = masked.hidden_state("about a list", 1, 1.0)
    assert state.left == pytest.approx(np.full(5, 1 / len(train_masked.SYMBOLS)))
    assert state.left_bits[0] == pytest.approx(np.log2(len(train_masked.SYMBOLS)))
    assert "nothing stands before it" in state.says


@pytest.mark.parametrize("text", train_masked.TEXTS)
def test_bars_and_bits_are_the_same_answers(text: str) -> None:
    for place in (1, 7, 20, 32):
        state = masked.hidden_state(text, place, 1.0)
        assert state.letters[place - 1] == "?"
        right = train_masked.TEXTS[text][place - 1]
        if not np.isnan(state.both_right):
            assert state.both[int(state.both_right)] == pytest.approx(state.chances[place - 1])
            assert state.both_names[int(state.both_right)] == right.replace(" ", "␣")
        assert (np.diff(state.both) <= 0).all()
        assert state.both_bits == pytest.approx(-np.log2(state.chances))


def test_temperature_sharpens_and_flattens_but_keeps_the_order() -> None:
    states = [masked.hidden_state("another subject", 14, t) for t in masked.TEMPERATURES]
    assert len({state.both_names for state in states}) == 1
    assert (np.diff([state.both[0] for state in states]) < 0).all()


@pytest.fixture(scope="module")
def network() -> dict[str, Any]:
    """As chapter 6 makes it: its symbols in another order, and the mask behind them."""
    symbols = sorted(set(python_text()) | set(train_masked.SYMBOLS), reverse=True)
    rng = np.random.default_rng(0)
    parameters = draw_parameters(len(symbols) + 1, 32, 16, 2, rng)
    return {"parameters": parameters, "symbols": symbols, "num_heads": 4, "mask_token": len(symbols)}


def test_a_network_of_ones_own_answers_and_the_recorded_one_stays_behind(
    built: dict[str, Explorer], network: dict[str, Any]
) -> None:
    explorer = widgets.masked_word(network).set(text="about a list", place=11, temperature=1.0)
    assert not explorer.spec["notice"]
    text = train_masked.TEXTS["about a list"]
    tokens = np.array([[network["symbols"].index(letter) for letter in text]])
    tokens[0, 10] = network["mask_token"]
    z = logits(network["parameters"], tokens, 4, causal=False)[0, 10, : len(network["symbols"])].astype(float)
    p = np.exp(z) / np.exp(z).sum()
    assert explorer.state.both == pytest.approx(np.sort(p)[::-1][:5], abs=1e-5)
    assert explorer.state.chances[10] == pytest.approx(p[network["symbols"].index(text[10])], abs=1e-5)
    assert np.isfinite(explorer.state.recorded).any()
    alone = built["masked_word"].set(text="about a list", place=11, temperature=1.0)
    assert np.isnan(alone.state.recorded).all()
    assert explorer.sentence != alone.sentence


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"num_heads": None}, "needs the entries"),
        ({"symbols": list("abc")}, "has no symbol for"),
        ({"parameters": {}}, "raised"),
        ({"num_heads": 5}, "raised"),
    ],
)
def test_a_network_that_cannot_be_shown_is_one_line(
    built: dict[str, Explorer], network: dict[str, Any], change: dict[str, Any], complaint: str
) -> None:
    explorer = widgets.masked_word(network | change)
    assert complaint in explorer.spec["notice"]
    assert "\n" not in explorer.spec["notice"]
    assert explorer.spec["notice"].endswith("You see a recorded one.")


def test_answers_hide_one_letter_at_a_time(network: dict[str, Any]) -> None:
    text = "the list contains three elements"
    found = train_masked.answers_of(
        network["parameters"], text, 4, network["mask_token"], network["symbols"]  # type: ignore[arg-type]
    )  # fmt: skip
    changed_letter = "the list contains three elementz"
    other = train_masked.answers_of(
        network["parameters"], changed_letter, 4, network["mask_token"], network["symbols"]  # type: ignore[arg-type]
    )  # fmt: skip
    assert found[-1] == pytest.approx(other[-1], abs=1e-6)  # the last letter is hidden there
    assert np.abs(found[:-1] - other[:-1]).max() > 1e-4
