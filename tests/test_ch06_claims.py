"""Every number that chapter 6 says in its prose, computed."""

import importlib
import re

import numpy as np
import pytest

from autograder.engine import catalogue
from course.tokenizers import WordPiece
from course.weights import minilm
from tests.chapter_runs import prose, run

CHAPTER = "ch06_attention"


def widget(name):
    """The module of a widget; the package has the function of the same name."""
    return importlib.import_module(f"course.widgets.{CHAPTER}.{name}")


def preset(name, title):
    """What a widget says at a preset, as a state."""
    module = widget(name)
    function = {
        "attention_steps": "steps_state",
        "scale_and_softmax": "scale_state",
        "masks": "masks_state",
        "positions": "positions_state",
        "norms_and_stream": "norms_state",
        "real_heads": "heads_state",
        "next_token": "next_state",
        "masked_word": "hidden_state",
    }[name]
    more = {"draw": 1} if name == "scale_and_softmax" else {}
    return getattr(module, function)(**module.PRESETS[title], **more)


@pytest.fixture(scope="module")
def cells():
    return run(CHAPTER)[0]


@pytest.fixture(scope="module")
def printed():
    return run(CHAPTER)[1]


def said(text):
    """Whether the prose holds these words."""
    return " ".join(text.split()) in prose(CHAPTER)


def softmax(z):
    e = np.exp(np.asarray(z) - np.max(z))
    return e / e.sum()


def test_the_prose_is_searched_and_not_merely_trusted():
    assert said("the softmax makes weights of the scores")
    assert not said("the softmax makes scores of the weights")


def test_the_table_of_sections_adds_up():
    rows = re.findall(r"\| (6\.\d+) [^|]+\| [^|]+\| (\d+) min \|(?: (\d+) min)? \|", prose(CHAPTER))
    assert [section for section, _, _ in rows] == [f"6.{k}" for k in range(1, 14)]
    exercises = {section: int(minutes or 0) for section, _, minutes in rows}
    wanted = dict.fromkeys(exercises, 0)
    for entry in catalogue.entries(CHAPTER):
        wanted[entry.section] += entry.minutes
    assert exercises == wanted
    reading = sum(int(minutes) for _, minutes, _ in rows)
    assert said(f"That is {reading} minutes of reading and {sum(exercises.values())} of exercises")


# 6.1 to 6.3


def test_attention_by_hand(cells):
    q, k, v = (
        np.array([2.0, 0, 0, 2]),
        np.array([[1.0, 0, 0, 1], [0, 1, 0, 1], [0, 1, 1, 0]]),
        np.array([[10.0, 0], [0, 10], [10, 10]]),
    )
    assert (k @ q).tolist() == [4, 2, 0]
    assert softmax([2, 1, 0]).round(3).tolist() == [0.665, 0.245, 0.090]
    assert (softmax([2, 1, 0]) @ v).round(2).tolist() == [7.55, 3.35]
    found = cells["scaled_dot_product_attention"](np.array([[0.0, 2, 2, 0]]), k, v)
    assert found.round(2).tolist() == [[7.55, 9.10]]
    assert said("(7.55, 3.35)$")
    assert said("(7.55, 9.10)$")
    masked = cells["scaled_dot_product_attention"](np.array([q, q[::-1]]), k, v, cells["nobody"])
    assert masked[0] == pytest.approx(softmax([2, 1]) @ v[:2])
    assert masked[1].tolist() == [0, 0]
    assert said("the first query divides its weight between the first two values, and the second, which may look")


def test_the_story_of_the_cat():
    state = preset("attention_steps", "it finds the cat")
    assert preset("attention_steps", "one score by hand").says.endswith("= 8.")
    cat = widget("attention_steps").WORDS.index("cat")
    assert f"{state.row[cat]:.0%}" == "79%"
    two = preset("attention_steps", "two that fit alike").row
    assert sorted(two.round(2).tolist())[-2:] == [0.45, 0.45]
    mean = preset("attention_steps", "not sharp: the mean").row
    assert np.allclose(mean, 1 / 6)
    assert preset("attention_steps", "very sharp: one word").row.max() > 0.99
    assert preset("attention_steps", "nobody looks ahead").row.tolist() == [1, 0, 0, 0, 0, 0]
    assert said("and 79 % of the weight")
    assert said("get 45 % each")


def test_the_cost_grows_with_the_square():
    assert 1000**2 == 10**6
    assert 10_000**2 == 10**8
    assert said("1,000 positions make a million scores, 10,000 make a hundred million")


def test_the_softmax_without_the_root(cells):
    for d, top, slope in ((16, 0.74, 0.045), (1024, 0.97, 0.006)):
        assert cells["sharpness"][d][0] == pytest.approx(top, abs=0.015)
        assert cells["sharpness"][d][1] == pytest.approx(slope, abs=0.0015)
    for row in cells["sharpness"].values():
        assert row[2] == pytest.approx(0.36, abs=0.012)
        assert row[3] == pytest.approx(0.096, abs=0.002)
    assert said("Without the root the largest weight is 0.74 at 16 features and 0.97 at 1024")
    assert said("from 0.045 to 0.006")


def test_the_softmax_by_hand():
    hard, soft = 1 / (1 + np.exp(-8)), 1 / (1 + np.exp(-1))
    assert f"{hard:.4f} {hard * (1 - hard):.4f}" == "0.9997 0.0003"
    assert f"{soft:.3f} {soft * (1 - soft):.3f}" == "0.731 0.197"
    assert 570 < soft * (1 - soft) / (hard * (1 - hard)) < 600
    assert said("almost 600 times as much")


def test_the_answer_about_the_root():
    rng = np.random.default_rng(5)
    q, k = rng.normal(size=(4000, 1, 64)), rng.normal(size=(4000, 8, 64))
    scores = (q @ k.swapaxes(1, 2))[:, 0]
    found = {}
    for name, factor in (("nothing", 1), ("root", 1 / 8), ("all", 1 / 64)):
        a = np.array([softmax(row) for row in scores * factor])
        found[name] = ((scores * factor).std(), a.max(axis=1).mean(), (a * (1 - a)).mean())
    assert found["nothing"] == pytest.approx((8, 0.88, 0.021), abs=0.15)
    assert found["nothing"][1:] == pytest.approx((0.88, 0.021), abs=0.01)
    assert found["root"][1:] == pytest.approx((0.36, 0.096), abs=0.008)
    assert found["all"] == pytest.approx((1 / 8, 0.15, 0.109), abs=0.006)
    assert 2900 < np.exp(8) < 3000


def test_the_widget_of_the_root():
    state = preset("scale_and_softmax", "1,024, not divided")
    assert "79% of the queries give one key more than 0.99" in state.says
    assert "10% of the queries" in preset("scale_and_softmax", "16, not divided").says
    for title in ("1,024, divided", "64, divided: as in GPT-2"):
        assert "is 0.36 on average, and its slope 0.22" in preset("scale_and_softmax", title).says
    assert "changes nothing" in preset("scale_and_softmax", "one feature").says


def test_a_mask_before_the_softmax_and_after_it():
    assert softmax([2, 1]).round(3).tolist() == [0.731, 0.269]
    assert softmax([2, 1, 0])[:2].sum() == pytest.approx(0.910, abs=5e-4)
    assert said("these add up to 0.910 only")


def test_what_a_changed_position_moves(cells, printed):
    assert re.search(r"no mask +positions that moved: \[0, 1, 2, 3, 4, 5\]", printed)
    assert re.search(r"causal +positions that moved: \[4, 5\]", printed)
    assert re.search(r"one too wide +positions that moved: \[3, 4, 5\]", printed)
    assert np.allclose(cells["even"], [[1, 0, 0], [1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3]])


def test_what_pytorch_does_with_a_query_that_sees_nothing():
    import torch

    x, nothing = torch.ones(1, 2, 4), torch.zeros(2, 2, dtype=torch.bool)
    assert (torch.nn.functional.scaled_dot_product_attention(x, x, x, attn_mask=nothing) == 0).all()
    layer = torch.nn.MultiheadAttention(4, 1, batch_first=True)
    assert layer(x, x, x, attn_mask=~nothing)[0].isnan().all()


def test_the_widget_of_the_masks():
    assert "18% of their weight to [pad]" in preset("masks", "no mask").says
    assert "30% of their weight" in preset("masks", "padding is seen").says
    assert "only its own row moves" in preset("masks", "padding is masked").says
    wrong = preset("masks", "masked for the wrong side")
    assert (wrong.moved[:4] > 0.01).all()
    assert "Rows 1 and 2 may look at nothing" in preset("masks", "nothing left to look at").says


# 6.4 to 6.7


def test_heads_by_hand_and_their_parameters(cells):
    x = np.arange(1.0, 9.0).reshape(1, 2, 4)
    assert cells["split_heads"](x, 2).tolist() == [[[[1, 2], [5, 6]], [[3, 4], [7, 8]]]]
    assert x.reshape(1, 2, 2, 2)[0, 0].tolist() == [[1, 2], [3, 4]], "head 0 would be position 1, cut in two"
    assert cells["count"] != 0
    assert 4 * 12**2 + 4 * 12 == 624
    assert said("$4 D^2 + 4 D$ parameters: 624 here")


def test_without_positions_the_rows_are_the_same_shuffled(cells, printed):
    assert "the same rows, in another order: True" in printed
    assert "still the same rows: False" in printed


def test_positions_by_hand(cells):
    encoding = cells["sinusoidal_positional_encoding"](3, 4).round(3)
    assert encoding[0].tolist() == [0, 1, 0, 1]
    assert encoding[1].tolist() == [0.841, 0.540, 0.010, 1.000]
    assert encoding[2].tolist() == [0.909, -0.416, 0.020, 1.000]
    products = cells["products"]
    for apart in (1, 5, 30):
        assert np.ptp(np.diagonal(products, apart)) < 1e-9


def test_the_widget_of_the_positions():
    assert "11.78 of 16. The same holds for all 59 pairs" in preset("positions", "five apart").says
    assert said("11.78 where 16 is the most (one for each clock)")
    assert widget("positions").PRESETS["five apart"]["d_model"] == 2 * 16
    assert "11.78 of 16" in preset("positions", "five apart elsewhere").says
    assert "1.90 of 2" in preset("positions", "four features: far looks near").says
    assert 44 / (2 * np.pi) == pytest.approx(7, abs=0.01), "the fast clock has gone round seven times"
    assert 44 * 0.01 < 0.5, "radians of the slow one"
    assert "the output that it had" in preset("positions", "a bag of words").says


def test_layer_norm_and_gelu_by_hand(cells):
    x = np.array([1.0, 2, 3, 4])
    assert (x.mean(), x.var()) == (2.5, 1.25)
    normed = cells["layer_norm"](x, np.ones(4), np.zeros(4), 0.0)
    assert normed.round(3).tolist() == [-1.342, -0.447, 0.447, 1.342]
    assert cells["gelu"](np.array([1.0, -1.0])).round(3).tolist() == [0.841, -0.159]
    assert 0.0004 < np.abs(cells["tanh_form"] - cells["gelu"](cells["z"])).max() < 0.0005


def test_who_moves_whom_in_the_two_layers(printed):
    assert "encoder_layer: a change at the last of three positions moves positions [0, 1, 2]" in printed
    assert "decoder_layer: a change at the last of three positions moves positions [2]" in printed
    assert said("a change at the last position reaches all three, in the decoder only the last one itself")


def test_the_widget_of_the_norms():
    strong, weak = (
        preset("norms_and_stream", "strong branches explode"),
        preset("norms_and_stream", "weak branches die out"),
    )
    assert 1e8 < strong.none[-1] < 2e8
    assert strong.pre[-1] < 10
    assert weak.bare[-1] < 1e-14
    assert min(weak.none[-1], weak.pre[-1], weak.post[-1]) > 0.9
    assert "makes 0.48 into 0.00" in preset("norms_and_stream", "a batch of 1 erases").says
    assert "one is +1 and the other −1" in preset("norms_and_stream", "a batch of 2 knows signs alone").says
    assert "leaves the others a spread of 0.76" in preset("norms_and_stream", "a loud example").says
    assert said("of two numbers one becomes +1, the other −1. One loud example squeezes the others.")
    assert "other 19 are left a spread of 0.26" in preset("norms_and_stream", "a feature far off").says


def test_gradients_by_hand_and_measured(cells):
    grad_y, v = np.array([[1.0]]), np.array([[0.0], [1.0]])
    q, k = np.array([[0.0]]), np.array([[1.0], [-1.0]])  # equal scores, so equal weights
    grad_q, grad_k, grad_v = cells["attention_backward"](grad_y, q, k, v)
    assert grad_v.ravel().tolist() == [0.5, 0.5]
    assert grad_q.item() == pytest.approx(-0.25 * 1 + 0.25 * -1)
    assert grad_k.ravel().tolist() == [0, 0]
    assert max(cells["attention_errors"]) < 1e-9
    assert min(cells["attention_errors"]) > 1e-13


# 6.8 and 6.9


def test_one_in_seven_tokens_by_hand():
    assert [round(1000 * 0.15 * part) for part in (1, 0.8, 0.1, 0.1)] == [150, 120, 15, 15]


def test_the_chapter_hides_as_asked(cells):
    tokens = np.random.default_rng(0).integers(0, 50, size=(2000, 100))
    inputs, chosen = cells["mask_tokens"](tokens, np.random.default_rng(1), 50, 50)
    assert chosen.mean() == pytest.approx(0.15, abs=0.004)
    assert (inputs[chosen] == 50).mean() == pytest.approx(0.8, abs=0.01)


def test_sizes_of_the_two_small_networks(cells):
    assert round(sum(array.size for array in cells["masked_model"].values()), -3) == 17_000
    assert round(sum(array.size for array in cells["gpt"].values()), -3) == 63_000
    assert said("17,000 parameters where BERT has 110 million")
    assert said("32 letters of context: 63,000 parameters")


def test_the_masked_model_is_level_with_the_table_of_neighbours(cells):
    assert cells["frequency_loss"] == pytest.approx(3.27, abs=0.005)
    assert cells["table_loss"] == pytest.approx(1.46, abs=0.005)
    table_right = np.mean(cells["truth"] == cells["between"].argmax(axis=1))
    assert f"{table_right:.0%}" == "56%"
    assert f"{np.mean(cells['truth'] == cells['shares'].argmax()):.0%}" == "26%"
    assert cells["SYMBOLS"][cells["shares"].argmax()] == " "
    assert cells["masked_losses"][-1] == pytest.approx(1.5, abs=0.1)
    assert cells["masked_right"] == pytest.approx(0.6, abs=0.03)
    assert cells["masked_right"] > table_right
    assert said("The table of neighbours has 1.46 nats and 56 %, the frequencies 3.27 nats and 26 %")


def bits_of_letters(answers):
    """Mean bits of first letters and of inner letters of the words, over all texts."""
    module = widget("masked_word")
    first, inner = [], []
    for name, text in module.TEXTS.items():
        bits = -np.log2(module._right(answers, name))
        for word in re.finditer(r"[a-z]{3,}", text):
            first.append(bits[word.start()])
            inner.extend(bits[word.start() + 1 : word.end() - 1])
    return np.mean(first), np.mean(inner)


def test_the_widget_of_the_masked_word():
    module = widget("masked_word")
    both, left = module.recorded_answers()
    assert f"{bits_of_letters(both)[0]:.1f} {bits_of_letters(both)[1]:.1f}" == "2.8 1.0"
    assert f"{bits_of_letters(left)[0]:.1f}" == "5.0"
    assert said("2.8 bits on average (5.0 if it sees the left side alone), a letter inside a word 1.0")
    inside, unread = preset("masked_word", "inside a word"), preset("masked_word", "a word it never read")
    assert f"{inside.both_bits.mean():.1f} {unread.both_bits.mean():.1f}" == "0.8 3.3"
    assert "“g” (0.84)" in preset("masked_word", "sure and wrong").says
    assert "Hidden is “s”" in preset("masked_word", "sure and wrong").says
    cold, hot = preset("masked_word", "the same, cold"), preset("masked_word", "the same, hot")
    assert cold.both_names[0] == hot.both_names[0]
    assert cold.both[0] > hot.both[0]


def test_the_chapters_own_network_fits_the_widget(cells):
    network = {"parameters": cells["masked_model"], "symbols": cells["SYMBOLS"]}
    network |= {"num_heads": 4, "mask_token": cells["GAP"]}
    answers = widget("masked_word")._answers(network)
    assert not isinstance(answers, str), answers
    first, inner = bits_of_letters(answers)
    assert first > inner + 0.5


def test_the_small_gpt_beats_the_bigram_and_runs_in_our_own_layers(cells):
    assert cells["bigram_loss"] == pytest.approx(2.29, abs=0.01)
    assert cells["gpt_loss"] == pytest.approx(1.6, abs=0.06)
    assert cells["gpt_difference"] < 1e-4
    assert said("a bigram needs 2.29 nats a letter. What does the GPT need: 2.2, 1.6 or 1.0?")
    assert said("About 1.6 nats a letter, where a bigram has 2.29.")


def test_greedy_text_falls_into_a_loop(cells):
    tokens = cells["generate"](cells["gpt_model"], cells["start"], 400, lambda logits: int(np.argmax(logits)))
    text = cells["written"](tokens)
    tail = text[-60:]
    assert tail[:20] in text[:-60] or text.count(tail[:12]) > 2


def test_the_cache_gives_the_same_text_with_fewer_positions(cells):
    assert cells["without"] == cells["cached"]
    assert cells["computed"] == (410, 30)
    assert said("with 30 positions instead of 410")


def test_ways_to_choose_by_hand():
    z = np.array([2.0, 1.0, 0.0])
    assert softmax(z).round(3).tolist() == [0.665, 0.245, 0.090]
    assert softmax(z / 0.5).round(3).tolist() == [0.867, 0.117, 0.016]
    assert softmax(z / 2).round(3).tolist() == [0.506, 0.307, 0.186]
    assert softmax(z[:2]).round(3).tolist() == [0.731, 0.269]
    assert 0.6 < softmax(z)[0] < 0.7 < softmax(z)[:2].sum()


def test_the_widget_of_the_next_token():
    peaked, flat = preset("next_token", "peaked"), preset("next_token", "flat")
    assert f"{peaked.values[0]:.2f} {flat.values[0]:.2f}" == "0.78 0.08"
    assert "keeps 10 tokens, which held 0.91" in preset("next_token", "top-k 10, peaked").says
    assert "keeps 10 tokens, which held 0.45" in preset("next_token", "top-k 10, flat").says
    assert "keeps 2 tokens" in preset("next_token", "top-p 0.8, peaked").says
    assert "keeps 109 tokens" in preset("next_token", "top-p 0.8, flat").says
    assert said("0.8 keeps 2 tokens in the first case and 109 in the second")
    assert f"{preset('next_token', 'too hot').values[0]:.2f}" == "0.03"


# 6.10 to 6.12


def test_the_recorded_similarities(cells):
    similarity = cells["recorded"]["similarity"]
    assert [f"{similarity[k, k + 1]:.2f}" for k in (0, 2, 4)] == ["0.74", "0.54", "0.78"]
    pairs = np.kron(np.eye(3), np.ones((2, 2))).astype(bool)
    assert similarity[~pairs].max() < 0.06
    assert np.abs(cells["similarity"] - similarity).max() < 1e-5
    assert cells["recorded"]["sentences"].tolist() == cells["SENTENCES"]
    assert said("The pairs have 0.74, 0.54 and 0.78, all others at most 0.06.")


@pytest.mark.skipif(minilm() is None, reason="MiniLM is not installed")
def test_what_minilm_is(cells):
    model = minilm()
    assert sum(array.size for array in model.weights.values()) == pytest.approx(22.7e6, rel=0.002)
    assert len(model.vocabulary) == 30_522
    assert "##" in "".join(WordPiece(model.vocabulary).pieces("napping"))
    assert cells["fine"] @ cells["not_fine"] == pytest.approx(0.79, abs=0.005)
    assert said("(0.79 with the film)")
    assert cells["minilm_difference"] < 1e-5
    pieces, weights = cells["encode"]("The cat sat.")
    assert weights.shape == (6, 12, len(pieces), len(pieces))
    assert np.allclose(weights.sum(axis=-1), 1, atol=1e-5)
    *_, trouble, verdict = widget("real_heads")._own(cells["encode"], None)
    assert (trouble, verdict) == ("", ""), "the widget takes the chapter's encode"


def test_the_heads_with_a_task():
    before, after = preset("real_heads", "one step back"), preset("real_heads", "one step on")
    assert before.says.startswith("Layer 1, head 3: ")
    assert "a piece gives 1.00 to the one before it, most of all 72 heads" in before.says
    assert after.says.startswith("Layer 2, head 9: ")
    assert "a piece gives 0.63 to the one after it" in after.says
    she = preset("real_heads", "he or she").says
    assert she.startswith("Layer 2, head 4: “she” gives 0.51 to “queen”")
    module = widget("real_heads")
    turned = [preset("real_heads", title) for title in module.PRESETS]
    assert max(state.turned[int(state.head)] for state in turned) < 5


def test_the_new_parts_by_hand(cells):
    assert np.sqrt(12.5) == pytest.approx(3.536, abs=5e-4)
    assert cells["rms_norm"](np.array([3.0, 4.0]), np.ones(2), 0.0).round(3).tolist() == [0.849, 1.131]
    turned = cells["rotary_embedding"](np.array([[1.0, 0.0]]), [1]).round(3)
    assert turned.tolist() == [[0.540, 0.841]]
    q, k = np.random.default_rng(1).normal(size=(2, 1, 64))
    products = [
        (cells["rotary_embedding"](q, [place + 3]) @ cells["rotary_embedding"](k, [place]).T).item()
        for place in (0, 40, 1000)
    ]
    assert np.ptp(products) < 1e-9


def test_the_size_of_the_cache():
    assert [round(4 * 30 * 2 * heads * 64 / 1000) for heads in (9, 3)] == [138, 46]
    assert said("shrinks from 138 kB to 46 kB a token")


def test_what_smollm2_wrote(cells):
    texts = cells["smol_reference"]["texts"].tolist()
    assert texts[1].startswith("The capital of France is Paris.\n\nThe answer is: 2018")
    assert "around 1,000°C, which is significantly higher than the boiling point of water" in texts[2].replace(
        "\n", " "
    )
    once, capital, water = cells["smol_reference"]["beginnings"].tolist()
    assert said(f'"{once}", "{capital}" and "{water}"')
