"""The first four widgets of chapter 6, on attention itself: every claim that they teach; no browser."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from course.widgets import ch06_attention as widgets
from course.widgets.kit import Explorer

# by their paths: the package's names are the functions
HOME = "course.widgets.ch06_attention"
attention = import_module(f"{HOME}.attention")
attention_steps = import_module(f"{HOME}.attention_steps")
scale_and_softmax = import_module(f"{HOME}.scale_and_softmax")
masks = import_module(f"{HOME}.masks")
positions = import_module(f"{HOME}.positions")

Array = np.ndarray
NAMES = ("attention_steps", "scale_and_softmax", "masks", "positions")


@pytest.fixture(scope="module")
def built() -> dict[str, Explorer]:
    """Each widget once, without a student's function."""
    return {name: getattr(widgets, name)() for name in NAMES}


def preset(explorer: Explorer, name: str) -> Explorer:
    """The explorer moved as the button with this name moves it."""
    (found,) = [one for one in explorer.spec["presets"] if one["name"] == name]
    explorer.index = found["index"]
    return explorer


def by_loops(q: Array, k: Array, v: Array, mask: Array | None = None) -> Array:
    """Attention of one sentence, one query and one key at a time."""
    out = np.zeros((len(q), v.shape[1]))
    for i, query in enumerate(q):
        open_to = [j for j in range(len(k)) if mask is None or mask[i, j]]
        raised = {j: np.exp(float(query @ k[j]) / np.sqrt(len(query))) for j in open_to}
        for j in open_to:
            out[i] += raised[j] / sum(raised.values()) * v[j]
    return out


def with_scores(change: Callable[[Array, Array, Array | None], Array]) -> Callable[..., Array]:
    """An attention whose weights are change(q, k, mask)."""
    return lambda q, k, v, mask=None: change(q, k, mask) @ v


def no_root(q: Array, k: Array, mask: Array | None) -> Array:
    scores = q @ k.swapaxes(-1, -2)
    return attention.softmax(scores if mask is None else np.where(mask, scores, -np.inf))


def no_mask(q: Array, k: Array, mask: Array | None) -> Array:
    return attention.softmax(q @ k.swapaxes(-1, -2) / np.sqrt(k.shape[-1]))


def mask_after(q: Array, k: Array, mask: Array | None) -> Array:
    weights = no_mask(q, k, None)
    return weights if mask is None else weights * mask


def nan_rows(q: Array, k: Array, v: Array, mask: Array | None = None) -> Array:
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(k.shape[-1])
    raised = np.exp(scores) if mask is None else np.exp(scores) * mask
    return raised / raised.sum(axis=-1, keepdims=True) @ v


@pytest.mark.parametrize("name", NAMES)
def test_every_state_of_a_widget_has_a_sentence_that_ends(built: dict[str, Explorer], name: str) -> None:
    explorer = built[name]
    rng = np.random.default_rng(0)
    for _ in range(60):
        explorer.index = [int(rng.integers(len(axis["texts"]))) for axis in explorer.spec["axes"]]
        assert explorer.sentence[0].isupper() or explorer.sentence[0].isdigit()
        assert explorer.sentence.endswith(".")
        assert "nan" not in explorer.sentence
        assert "  " not in explorer.sentence


@pytest.mark.parametrize("name", ["attention_steps", "scale_and_softmax", "masks"])
def test_a_right_attention_shows_what_the_reference_shows(built: dict[str, Explorer], name: str) -> None:
    mine = getattr(widgets, name)(attention.attention)
    assert not mine.spec["notice"]
    rng = np.random.default_rng(1)
    for _ in range(30):
        built[name].index = mine.index = [int(rng.integers(len(axis["texts"]))) for axis in mine.spec["axes"]]
        assert mine.sentence == built[name].sentence


# attention


def test_the_reference_is_attention_by_loops() -> None:
    rng = np.random.default_rng(0)
    q, k, v = rng.normal(size=(3, 5)), rng.normal(size=(4, 5)), rng.normal(size=(4, 2))
    mask = rng.random((3, 4)) < 0.6
    mask[1] = False
    assert attention.attention(q, k, v) == pytest.approx(by_loops(q, k, v))
    assert attention.attention(q, k, v, mask) == pytest.approx(by_loops(q, k, v, mask))
    assert not attention.attention(q, k, v, mask)[1].any()


def test_the_identity_as_values_hands_out_the_weights() -> None:
    rng = np.random.default_rng(0)
    q, k = rng.normal(size=(2, 3, 5)), rng.normal(size=(2, 4, 5))
    assert attention.weights(q, k) == pytest.approx(attention.softmax(q @ k.swapaxes(1, 2) / np.sqrt(5)))
    assert attention.weights(q, k).sum(axis=-1) == pytest.approx(np.ones((2, 3)))


# attention_steps


def steps(query: str, stage: int = 5, causal: bool = False, sharpness: float = 1) -> Any:
    return attention_steps.steps_state(query, stage, causal, sharpness)


def test_all_vectors_are_small_whole_numbers_and_the_root_is_two() -> None:
    for vectors in (attention_steps.QUERIES, attention_steps.KEYS, attention_steps.VALUES):
        assert np.array_equal(vectors, np.round(vectors))
        assert np.abs(vectors).max() <= 3
    assert attention_steps.QUERIES.shape[1] ** 0.5 == attention_steps.ROOT == 2


@pytest.mark.parametrize("query", attention_steps.WORDS)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("sharpness", attention_steps.SHARPNESS)
def test_the_output_is_the_end_of_the_chain_and_attention_by_loops(query: str, causal: bool, sharpness: float) -> None:
    state = steps(query, 5, causal, sharpness)
    mask = np.tril(np.ones((6, 6), bool)) if causal else None
    vectors = attention_steps.QUERIES * sharpness, attention_steps.KEYS, attention_steps.VALUES
    wanted = by_loops(*vectors, mask)[attention_steps.WORDS.index(query)]
    assert [state.at_x, state.at_y] == pytest.approx(wanted)
    assert [state.chain_x[-1], state.chain_y[-1]] == pytest.approx(wanted)
    assert state.row.sum() == pytest.approx(1)


@pytest.mark.parametrize("stage", [1, 2, 3, 4, 5])
def test_a_stage_adds_its_rows_and_leaves_the_ones_before(stage: int) -> None:
    state = steps("it", stage)
    texts = np.reshape(state.reckoning_texts, (10, 7))[:, :6]
    seen = (texts != "").all(axis=1)
    assert seen.tolist() == [row < attention_steps.SEEN[stage - 1] for row in range(10)]
    assert np.array_equal(texts[: seen.sum()], np.reshape(steps("it").reckoning_texts, (10, 7))[: seen.sum(), :6])
    assert np.isnan(state.row).all() == (stage < 4)
    assert np.isnan(state.at_x) == (stage < 5)


@pytest.mark.parametrize("query", attention_steps.WORDS)
def test_the_products_of_a_column_add_up_to_its_score(query: str) -> None:
    texts = np.reshape(steps(query).reckoning_texts, (10, 7))[:, :6]
    for column in texts.T:
        products = [
            np.prod([float(one) for one in cell.replace("\N{MINUS SIGN}", "-").split("×")]) for cell in column[:4]
        ]
        score, scaled = (float(cell.replace("\N{MINUS SIGN}", "-")) for cell in column[4:6])
        assert sum(products) == score
        assert scaled == score / 2


def test_the_causal_mask_gives_later_words_nothing() -> None:
    for place, word in enumerate(attention_steps.WORDS):
        state = steps(word, 4, causal=True)
        assert not state.row[place + 1 :].any()
        assert (state.row[: place + 1] > 0).all()
        texts = np.reshape(steps(word, 3, causal=True).matrix_texts, (6, 6))
        assert [text == "\N{MINUS SIGN}∞" for text in texts[place]] == [key > place for key in range(6)]
        assert np.isnan(steps(word, 3, causal=True).matrix[place, place + 1 :]).all()


def test_the_presets_of_the_steps_say_what_their_names_promise(built: dict[str, Explorer]) -> None:
    explorer = built["attention_steps"]
    assert preset(explorer, "one score by hand").sentence.endswith("“cat” best: 2×2 + 2×2 + 0×0 + 0×0 = 8.")
    assert "in which “cat” counts 79%" in preset(explorer, "it finds the cat").sentence
    alike = preset(explorer, "two that fit alike")
    assert "“sleeps” and “purrs” count 45% each" in alike.sentence
    ahead = preset(explorer, "nobody looks ahead")
    assert ahead.state.row.tolist() == [1, 0, 0, 0, 0, 0]
    assert "“the” is the first word and can only look at itself" in ahead.sentence
    mean = preset(explorer, "not sharp: the mean").state
    assert [mean.at_x, mean.at_y] == pytest.approx(attention_steps.VALUES.mean(axis=0))
    sharp = preset(explorer, "very sharp: one word").state
    assert [sharp.at_x, sharp.at_y] == pytest.approx([-2, 3], abs=0.01)
    assert sharp.row.max() > 0.999


def test_more_sharpness_never_makes_the_favourite_smaller() -> None:
    for word in attention_steps.WORDS:
        largest = [steps(word, 4, sharpness=sharpness).row.max() for sharpness in attention_steps.SHARPNESS]
        assert largest[0] == pytest.approx(1 / 6)
        assert np.all(np.diff(largest) > -1e-12)


def test_a_forgotten_root_moves_the_output_and_is_told() -> None:
    mine = widgets.attention_steps(with_scores(no_root)).set(query="it", stage=4)
    assert not mine.spec["notice"]
    assert "gives “it” the weight 0.98 for “cat” where 0.79 is right." in mine.sentence
    mine.set(stage=5)
    right = steps("it")
    assert "your output of “it”" in mine.sentence
    assert [mine.state.right_x, mine.state.right_y] == pytest.approx([right.at_x, right.at_y])
    assert mine.state.at_x != pytest.approx(right.at_x, abs=0.1)


def test_a_mask_after_the_softmax_is_told_by_its_sum() -> None:
    mine = widgets.attention_steps(with_scores(mask_after)).set(query="the", stage=4, causal=True)
    assert "your weights add up to 0.07." in mine.sentence
    assert mine.set(causal=False).sentence == widgets.attention_steps().set(query="the", stage=4).sentence


def test_a_clicked_word_becomes_the_query(built: dict[str, Explorer]) -> None:
    explorer = built["attention_steps"]
    axis = [axis["name"] for axis in explorer.spec["axes"]].index("query")
    assert explorer.spec["panels"][0]["pick"] == [axis]
    assert explorer.spec["axes"][axis]["texts"] == attention_steps.WORDS


# scale_and_softmax


def test_the_spread_of_the_scores_is_the_root_of_d_and_one_after_the_division() -> None:
    for d, found in zip(scale_and_softmax.SIZES, scale_and_softmax.scores(), strict=True):
        assert found.std() / d**0.5 == pytest.approx(1, abs=0.03)
        # each score by itself, from the vectors that the student's function gets
        q, k = scale_and_softmax.drawn(d)
        assert found[3, 2, 5] == pytest.approx(sum(q[3, 2] * k[3, 5]))


def test_the_largest_weight_grows_without_the_root_and_stays_with_it() -> None:
    (divided, plain), (slope, plain_slope), (_, sure) = scale_and_softmax.measured(scale_and_softmax.table())
    at = dict(zip(scale_and_softmax.SIZES, range(11), strict=True))
    assert plain[at[16]] == pytest.approx(0.75, abs=0.005)
    assert plain[at[1024]] == pytest.approx(0.97, abs=0.005)
    assert divided[at[16] :] == pytest.approx(np.full(7, 0.36), abs=0.01)
    assert np.all(np.diff(plain) > 0)
    assert sure[at[1024]] == pytest.approx(0.79, abs=0.005)
    assert slope[at[1024]] == pytest.approx(0.22, abs=0.005)
    assert plain_slope[at[1024]] == pytest.approx(0.02, abs=0.005)
    assert divided[0] == plain[0]


def test_these_thousand_queries_are_like_any_others() -> None:
    largest = []
    for seed in range(40):
        rng = np.random.default_rng(100 + seed)
        q, k = rng.normal(size=(125, 8, 16)), rng.normal(size=(125, 8, 16))
        largest.append(attention.softmax(q @ k.swapaxes(1, 2)).max(axis=-1).mean())
    drawn = scale_and_softmax.measured(scale_and_softmax.table())[0][1, 4]
    assert drawn == pytest.approx(np.mean(largest), abs=2 * np.std(largest))


def test_the_slope_is_the_softmax_s_own_derivative() -> None:
    scores = np.random.default_rng(0).normal(size=8)
    best = int(np.argmax(scores))
    nudge = 1e-6 * (np.arange(8) == best)
    by_difference = (attention.softmax(scores + nudge)[best] - attention.softmax(scores - nudge)[best]) / 2e-6
    weight = attention.softmax(scores)[best]
    assert by_difference == pytest.approx(weight * (1 - weight), rel=1e-6)


def test_the_presets_of_the_scale_say_what_their_names_promise(built: dict[str, Explorer]) -> None:
    explorer = built["scale_and_softmax"]
    assert "dividing changes nothing" in preset(explorer, "one feature").sentence
    assert "largest of 8 weights is 0.75 on average" in preset(explorer, "16, not divided").sentence
    large = preset(explorer, "1,024, not divided")
    assert "is 0.97 on average, and 79% of the queries give one key more than 0.99" in large.sentence
    assert "hardly anything" in large.sentence
    scaled = preset(explorer, "1,024, divided")
    assert "is 0.36 on average, and its slope 0.22" in scaled.sentence
    assert preset(explorer, "64, divided: as in GPT-2").state.at_top == pytest.approx(0.36, abs=0.005)


def test_the_four_queries_are_rows_of_weights_and_others_in_each_handful(built: dict[str, Explorer]) -> None:
    explorer = built["scale_and_softmax"].set(d=64, divide=True)
    handfuls = [explorer.set(draw=draw).state.shown for draw in range(1, 7)]
    for one in handfuls:
        assert one.sum(axis=1) == pytest.approx(np.ones(4))
    assert all(not np.allclose(a, b) for a, b in itertools.combinations(handfuls, 2))


def test_the_root_that_a_student_forgot_is_seen_and_told() -> None:
    mine = widgets.scale_and_softmax(with_scores(no_root)).set(d=1024, divide=True)
    assert mine.state.at_top == pytest.approx(0.97, abs=0.005)
    assert mine.sentence.endswith("with ours the mean largest is 0.36, and yours are as if nothing had been divided.")
    assert mine.state.right_top[-1] == pytest.approx(0.36, abs=0.005)


# masks


def masked(mask: str, pads: str = "at the end", changed: int = 2) -> Any:
    return masks.masks_state(mask, pads, changed)


STATES = list(itertools.product(masks.MASKS, masks.SIDES, range(6)))


@pytest.mark.parametrize(("mask", "pads", "changed"), STATES)
def test_an_output_moves_where_the_row_changed_or_could_see_the_change(mask: str, pads: str, changed: int) -> None:
    words, real = masks.sentence(pads, changed)
    may = masks.allowed(mask, real)
    may = np.ones((6, 6), bool) if may is None else may
    moved = masks.masks_state(mask, pads, changed).moved
    for row in range(6):
        sees = may[row].any() and (may[row, changed] or row == changed)
        if row == changed and may[row].sum() == 1 and not may[row, row]:
            sees = False  # a query that is free to look at one key only gets that key's value, whatever it asks
        assert (moved[row] > 1e-9) == sees, (row, words)


def test_under_the_causal_mask_no_row_before_the_change_moves() -> None:
    for changed in range(6):
        moved = masked("causal", changed=changed).moved
        assert not moved[:changed].any()
        assert (moved[changed:] > 1e-6).all()
        assert (masked("none", changed=changed).moved > 1e-6).all()


def test_behind_a_padding_mask_the_words_do_not_hear_of_padding() -> None:
    for pads, changed in (("at the end", 4), ("at the end", 5), ("in front", 0), ("in front", 1)):
        real = masks.sentence(pads, changed)[1]
        assert not masked("padding", pads, changed).moved[real].any()
        assert (masked("none", pads, changed).moved[real] > 1e-6).all()
        assert (masked("padding, for queries", pads, changed).moved[real] > 1e-6).all()


def test_a_query_that_may_look_at_nothing_gets_zeros() -> None:
    state = masked("causal and padding", "in front", 4)
    assert not state.outputs[:2, 4:].any()
    assert np.isnan(state.shares[:2]).all()
    assert state.share_texts[:12] == (" ",) * 12
    assert "Rows 1 and 2 may look at nothing" in state.says
    assert "nothing:" not in masked("causal and padding", "at the end", 4).says


def test_blank_cells_are_those_that_the_mask_forbids() -> None:
    for mask, pads, changed in STATES:
        may = masks.allowed(mask, masks.sentence(pads, changed)[1])
        shares = masks.masks_state(mask, pads, changed).shares
        assert np.array_equal(np.isnan(shares), np.zeros((6, 6), bool) if may is None else ~may)


def test_the_presets_of_the_masks_say_what_their_names_promise(built: dict[str, Explorer]) -> None:
    explorer = built["masks"]
    assert preset(explorer, "no mask").sentence.endswith("all six outputs move.")
    assert "the rows before it stay exactly as they were" in preset(explorer, "causal").sentence
    assert "the four words give 30% of their weight to [junk] and [pad]" in preset(explorer, "padding is seen").sentence
    assert "only its own row moves, and that one nobody reads" in preset(explorer, "padding is masked").sentence
    wrong = preset(explorer, "masked for the wrong side").sentence
    assert wrong.startswith("On the wrong side: this mask forbids [pad] to look, not to be looked at")
    assert "the four words give 30% of their weight" in wrong
    assert "their outputs should be zeros, not NaN" in preset(explorer, "nothing left to look at").sentence


def test_an_ignored_mask_leaks_and_is_told() -> None:
    mine = widgets.masks(with_scores(no_mask)).set(mask="causal", changed=2)
    assert "Your function lets “the” look at “dog” with weight" in mine.sentence
    assert np.isfinite(mine.state.shares).all()
    assert (mine.state.moved > 1e-6).all()


def test_weights_that_were_not_made_to_add_up_again_are_told() -> None:
    mine = widgets.masks(with_scores(mask_after)).set(mask="causal")
    assert "add up to" in mine.sentence
    assert "where 1 is right" in mine.sentence
    assert "Your" not in mine.set(mask="none").sentence


def test_nan_where_nothing_may_be_seen_is_told_and_the_rest_is_shown() -> None:
    mine = widgets.masks(nan_rows)
    assert "NaN" in mine.spec["notice"]
    assert "you see the reference" not in mine.spec["notice"]
    mine.set(mask="causal and padding", pads="in front", changed=4)
    assert mine.sentence.endswith("zeros are wanted.")
    assert np.isnan(mine.state.outputs[:2, 4:]).all()
    assert "Your" not in mine.set(mask="causal").sentence


# positions


@pytest.mark.parametrize("d_model", positions.SIZES)
def test_the_encodings_are_sine_and_cosine_in_turn(d_model: int) -> None:
    found = positions.encoding(64, d_model)
    for place, pair in ((0, 0), (7, 1), (63, d_model // 2 - 1)):
        angle = place / 10000 ** (2 * pair / d_model)
        assert found[place, 2 * pair : 2 * pair + 2] == pytest.approx([np.sin(angle), np.cos(angle)])


@pytest.mark.parametrize("d_model", positions.SIZES)
def test_the_dot_product_depends_on_the_distance_only(d_model: int) -> None:
    found = positions.encoding(64, d_model)
    products = found @ found.T
    for apart in range(64):
        line = np.diagonal(products, apart)
        assert np.ptp(line) < 1e-9
        assert line[0] == pytest.approx(positions.over_distance(d_model)[apart] * d_model / 2)
    assert products[9, 9] == pytest.approx(d_model / 2)


@pytest.mark.parametrize("d_model", positions.SIZES)
@pytest.mark.parametrize("order", positions.ORDERS)
def test_only_with_positions_does_attention_see_the_order(d_model: int, order: str) -> None:
    found = positions.encoding(64, d_model)
    usual = " ".join(positions.WORDS)
    without = positions.outputs(found, False, usual), positions.outputs(found, False, order)
    assert without[0] == pytest.approx(without[1], abs=1e-12)
    added = np.abs(positions.outputs(found, True, usual) - positions.outputs(found, True, order)).max(axis=1)
    assert (added > 0.01).all()


def test_the_presets_of_the_positions_say_what_their_names_promise(built: dict[str, Explorer]) -> None:
    explorer = built["positions"]
    here, there = (preset(explorer, name).sentence for name in ("five apart", "five apart elsewhere"))
    assert "Positions 20 and 25 are 5 apart, their dot product is 11.78 of 16." in here
    assert "Positions 40 and 45 are 5 apart, their dot product is 11.78 of 16." in there
    assert "dot product is 9.30 of 16" in preset(explorer, "far apart").sentence
    assert "44 apart, their dot product is 1.90 of 2" in preset(explorer, "four features: far looks near").sentence
    bag = preset(explorer, "a bag of words")
    assert bag.sentence.endswith("gives each word the output that it had: attention sees no order.")
    words = bag.state.words
    assert words[:, :3] == pytest.approx(words[:, 4:], abs=1e-12)


def test_a_right_encoding_of_the_student_shows_what_the_reference_shows(built: dict[str, Explorer]) -> None:
    mine = widgets.positions(positions.encoding)
    assert not mine.spec["notice"]
    assert mine.sentence == preset(built["positions"], "five apart").sentence
    assert np.isnan(mine.state.right_dots).all()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        # the exponent is not the same for the sine and the cosine of a pair
        (
            lambda length, d: np.where(
                np.arange(d) % 2,
                np.cos(np.arange(length)[:, None] / 10000 ** (np.arange(d) / d)),
                np.sin(np.arange(length)[:, None] / 10000 ** (np.arange(d) / d)),
            ),
            "it goes from",
        ),
        (lambda length, d: positions.encoding(length + 1, d)[1:], "position 0 has 0.84 at feature 0 where 0 is right."),
    ],
)
def test_a_wrong_encoding_is_drawn_beside_ours_and_told(wrong: Callable[[int, int], Array], told: str) -> None:
    mine = widgets.positions(wrong)
    assert told in mine.sentence
    assert "Your encoding of position" in mine.sentence
    assert mine.state.encoding == pytest.approx(wrong(64, 32).T)
    assert mine.state.right_dots == pytest.approx(positions.positions_state(32, 20, 25, True, positions.ORDERS[0]).dots)


@pytest.mark.parametrize("name", NAMES)
def test_a_widget_stays_small(built: dict[str, Explorer], name: str) -> None:
    explorer = built[name]
    assert len(explorer.block) < 250_000
    if not explorer.spec["mechanism"]:
        assert explorer.baked.gzipped < 100_000
