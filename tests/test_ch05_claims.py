"""Every number that chapter 5 says in its prose, computed."""

import re

import numpy as np
import pytest

from autograder.engine import catalogue
from course import weights
from course.adam import Adam
from course.widgets import ch05_lstm as widgets
from course.widgets.ch05_lstm.cell_memory import MEANINGS, searched
from course.widgets.ch05_lstm.forecaster import PRESETS as FORECASTS
from course.widgets.ch05_lstm.forecaster import forecast_state, forecasts
from course.widgets.ch05_lstm.gate_player import PRESETS as GATES
from course.widgets.ch05_lstm.gate_player import gates_state
from course.widgets.ch05_lstm.gradient_through_time import PRESETS as TRAVELS
from course.widgets.ch05_lstm.gradient_through_time import travel_state
from tests.chapter_runs import prose, run

CHAPTER = "ch05_lstm"


@pytest.fixture(scope="module")
def cells():
    return run(CHAPTER)[0]


def said(text):
    """Whether the prose holds these words."""
    return " ".join(text.split()) in prose(CHAPTER)


def logistic(z):
    return 1 / (1 + np.exp(-z))


def travel(name):
    controls = dict(TRAVELS[name])
    controls.pop("back")
    return travel_state(**controls)


def test_the_prose_is_searched_and_not_merely_trusted():
    assert said("dog")
    assert not said("the forget gate is always 7")


def test_the_table_of_sections_adds_up():
    rows = re.findall(r"\| (5\.\d+) [^|]+\| [^|]+\| (\d+) min \|(?: (\d+) min)? \|", prose(CHAPTER))
    assert [section for section, _, _ in rows] == [f"5.{k}" for k in range(1, 12)]
    exercises = {section: int(minutes or 0) for section, _, minutes in rows}
    wanted = dict.fromkeys(exercises, 0)
    for entry in catalogue.entries(CHAPTER):
        wanted[entry.section] += entry.minutes
    assert exercises == wanted
    reading = sum(int(minutes) for _, minutes, _ in rows)
    assert said(f"That is {reading} minutes of reading and {sum(exercises.values())} of exercises")


def test_an_embedding_is_what_a_layer_makes_of_a_one_hot_vector(cells):
    weight = cells["table"].T  # (5, 27), as a linear layer stores it
    assert np.allclose(cells["one_hot"](cells["tokens"], 27) @ weight.T, cells["embed"](cells["tokens"], weight.T))
    assert said("It computes $x W^\\top$, and a single 1 in $x$ picks one row of $W^\\top$.")


def test_a_sum_of_one_hot_rows_has_no_order(cells):
    rows = [cells["one_hot"](np.array(word), 27) for word in ([3, 1, 2], [1, 2, 3])]
    assert not np.array_equal(*rows)
    assert np.array_equal(rows[0].sum(axis=0), rows[1].sum(axis=0))
    assert len(cells["SYMBOLS"]) == 27
    assert [cells["SYMBOLS"].index(letter) for letter in "cab"] == [3, 1, 2]


def test_the_knock_fades_as_the_table_says(cells):
    first, second = cells["states"]
    assert first[:3].round(3) == pytest.approx([0.762, 0.595, 0.490])
    assert f"{0.9 * first[0]:.3f} {0.9 * first[1]:.3f}" == "0.685 0.536"
    assert second[2] == pytest.approx(first[1])
    assert first[10] < first[0] / 2, "most is forgotten after ten steps"
    assert np.abs(first[1:] - second[1:]).min() > 0.001, "every state behind the knocks differs"


def test_backward_through_two_steps_by_hand(cells):
    x, h0 = np.array([[[1.0], [0.0]]]), np.zeros((1, 1))
    w_ih, w_hh, nothing = np.array([[1.0]]), np.array([[0.9]]), np.zeros(1)
    hs = cells["rnn_forward"](x, h0, w_ih, w_hh, nothing, nothing)
    grads = cells["rnn_backward"](np.array([[[0.0], [1.0]]]), x, h0, hs, w_ih, w_hh)
    z2 = 1 - hs[0, 1, 0] ** 2
    assert f"{z2:.3f} {z2 * 0.9:.3f}" == "0.646 0.581"
    assert f"{grads[3][0, 0]:.3f}" == "0.492"
    assert f"{grads[2][0, 0]:.3f}" == "0.244"
    assert np.abs(cells["grad_weight_hh"] - cells["measured"]).max() < 1e-7


def test_nine_tenths_and_eleven_tenths_fifty_times():
    assert f"{0.9**50:.3f} {1.1**50:.0f}" == "0.005 117"
    assert said("$0.9^{50} = 0.005$")
    assert said("$1.1^{50} = 117$")
    assert 1 - 0.5**2 == 0.75


def test_what_the_widget_shows_of_a_gradient_through_time():
    assert travel("0.9 fifty times").right[-1] == pytest.approx(0.9**50)
    assert travel("1.1 fifty times").right[-1] == pytest.approx(1.1**50)
    assert travel("exactly 1").right[-1] == pytest.approx(1)
    assert said(f"With inputs, {travel('1, and something to read').right[-1]:.5f} of it")
    assert travel("1.3, tamed by tanh").right[-1] < 0.001
    for name in TRAVELS:
        assert said(f"**{name}**"), name


def test_the_memory_of_an_lstm_in_the_same_widget():
    assert f"{travel('a half-shut forget gate').lstm[-1]:.0e}" == "1e-15"
    assert f"{0.5**50:.0e}" == "9e-16"
    assert f"{logistic(3):.3f}" == "0.953"
    assert f"{travel('0.9 fifty times').lstm[-1]:.2f} {logistic(3) ** 50:.2f}" == "0.09 0.09"
    assert f"{travel('forget bias 5').lstm[-1]:.2f}" == "0.74"
    assert [TRAVELS[name]["bias"] for name in ("a half-shut forget gate", "0.9 fifty times")] == [0, 3]
    assert said("**a half-shut forget gate** (bias 0), **0.9 fifty times** (bias 3) and **forget bias 5**")
    assert f"{travel('a half-shut forget gate').rnn[-1]:.3f}" == "0.005"
    bottom, _ = widgets.gradient_through_time().spec["panels"][0]["y"]
    leaves = np.argmax(travel("a half-shut forget gate").lstm < bottom)
    assert leaves == pytest.approx(25, abs=3), "the line leaves the picture half way"
    assert f"{0.953**1000:.0e}" == "1e-21"


def test_the_lstm_cell_by_hand(cells):
    i, f, g, o = logistic(0), logistic(2), np.tanh(1), logistic(0)
    assert f"{i:.1f} {f:.3f} {g:.3f} {o:.1f}" == "0.5 0.881 0.762 0.5"
    assert f"{cells['c_new'][0, 0]:.3f} {cells['h_new'][0, 0]:.3f}" == "2.142 0.486"
    shown = np.tanh(2.142)
    grad_c = 0.5 * (1 - shown**2)
    assert f"{shown:.3f} {grad_c:.3f} {f * grad_c:.3f} {shown * 0.25:.3f}" == "0.973 0.027 0.024 0.243"
    zero, wide = np.zeros((1, 1)), np.zeros((4, 1))
    back = cells["lstm_cell_backward"](
        np.ones((1, 1)), zero, zero, zero, np.array([[2.0]]), wide, wide, cells["gates"], np.zeros(4)
    )
    assert f"{back[2][0, 0]:.3f} {back[5][3]:.3f}" == "0.024 0.243"


def test_the_gate_player_keeps_less_than_a_fifth():
    kept = gates_state(**{name: value for name, value in GATES["forget 0.9 fades"].items() if name != "step"})
    assert kept.c[-1] / kept.c[2 * 2] == pytest.approx(0.9**17)
    assert f"{0.9**17:.2f}" == "0.17"
    for name in GATES:
        if name != "input shut ignores":
            assert said(f"**{name}**"), name


def test_the_gradient_at_the_start_foretells_what_training_reaches(cells):
    rnn, shut, kept = (cells["arrives"][name] for name in ("RNN", "LSTM, forget bias 0", "LSTM, forget bias 3"))
    assert kept > 0.01
    assert max(rnn, shut) < 1e-8 * kept, "eight powers of ten and more"
    assert 0.44 < cells["right_answers"]["RNN"] < 0.56
    assert 0.44 < cells["right_answers"]["LSTM, forget bias 0"] < 0.56
    assert cells["right_answers"]["LSTM, forget bias 3"] > 0.97


@pytest.mark.parametrize("seed", [1, 2])
def test_other_starts_remember_alike(cells, seed):
    for blocks, bias in ((1, 0), (4, 3)):
        parameters = cells["draw_network"](blocks, 2, 16, 1, bias, np.random.default_rng(seed))
        right = trained_on_bits(cells, parameters, 120)
        assert right > 0.95 if blocks == 4 else 0.44 < right < 0.56


def test_a_larger_plain_network_may_stumble_on_the_solution(cells):
    rights = []
    for seed in (2, 3, 4):
        parameters = cells["draw_network"](1, 2, 32, 1, 0, np.random.default_rng(seed))
        rights.append(trained_on_bits(cells, parameters, 250))
    assert max(rights) > 0.9, rights


def trained_on_bits(cells, parameters, steps):
    rng, adam = np.random.default_rng(2), Adam(parameters, 0.003)
    for _ in range(steps):
        adam.step(cells["bit_loss_and_gradients"](parameters, *cells["bits_to_remember"](64, rng))[1])
    return cells["bit_loss_and_gradients"](parameters, *cells["bits_to_remember"](1000, rng))[3]


def test_the_names_are_sorted_and_their_end_is_not_like_their_beginning(cells):
    assert cells["names"] == sorted(cells["names"])
    assert cells["names"][-800] == "sophie"
    assert cells["names"][-1].startswith("z")


def test_padding_moves_the_last_column_and_not_the_last_valid_step():
    printed = run(CHAPTER)[1]
    assert "last valid step: 0.0" in printed
    assert "last column:     0.0 " not in printed
    assert said("Beside a longer name the last column holds another state than *amy* alone has")


def test_the_bigram_and_the_lstm_on_unseen_names(cells):
    assert said(f"{np.log(27):.2f}$ nats")
    assert said(f"the bigram's {cells['bigram_loss']:.2f}")
    losses = cells["speller_losses"]
    assert losses[1] < cells["bigram_loss"], "it passes the bigram in its first epoch"
    assert 2.03 < losses[-1] < 2.13
    assert said("About 2.1 nats: a perplexity near 8 where the bigram has 11.")
    assert f"{np.exp(cells['bigram_loss']):.0f} {np.exp(losses[-1]):.0f}" == "11 8"


def test_targets_that_are_not_shifted_teach_copying(cells):
    rng = np.random.default_rng(0)
    shifted = cells["next_step_targets"]
    copier = cells["draw_network"](4, 27, 32, 27, 1, rng)
    adam = Adam(copier, 0.02)
    loss_and_gradients = cells["letter_loss_and_gradients"]
    loss_and_gradients.__globals__["next_step_targets"] = lambda tokens: (tokens[:, 1:], tokens[:, 1:])
    try:
        for _ in range(250):
            chosen = rng.choice(len(cells["train_tokens"]), 32)
            adam.step(loss_and_gradients(copier, cells["train_tokens"][chosen], cells["train_lengths"][chosen])[1])
        assert loss_and_gradients(copier, cells["test_tokens"], cells["test_lengths"])[0] < 0.1
    finally:
        loss_and_gradients.__globals__["next_step_targets"] = shifted


def test_the_temperature_by_hand_and_on_names(cells):
    assert f"{logistic(2):.2f} {logistic(4):.2f} {logistic(1):.2f}" == "0.88 0.98 0.73"
    cold, plain, hot = (cells["shares"][temperature] for temperature in (0.3, 1.0, 2.0))
    assert cold > 0.3
    assert plain < 0.2
    assert hot < plain + 0.02 < cold


def test_single_cells_follow_vowels_and_places_but_not_the_end(cells):
    network = dict(zip(cells["called"], cells["speller"], strict=True))
    found = dict(zip(MEANINGS, np.abs(searched(network).r).max(axis=0), strict=True))
    assert found["the place in the name"] > 0.6
    assert found["vowels"] > 0.6
    assert found["the last letter"] < 0.4
    for name, preset in MEANINGS.items():
        if name != "consonants after a consonant":
            assert said(f"**{preset}**"), preset


def test_the_sunspots_are_forecast_level_with_a_weighted_sum(cells):
    persistence = cells["typical_miss"](cells["x_test"][:, -1])
    linear = cells["typical_miss"](cells["autoregression"])
    assert said(f"Persistence misses by {persistence:.1f} sunspots, the weighted sum by {linear:.1f}.")
    misses = np.array(cells["misses"])
    assert np.abs(misses - linear).max() < 3
    assert (misses < linear).sum() >= 3
    assert misses.max() < persistence
    assert said("far ahead of the weighted sum, level with it, or far behind?")
    assert len(cells["x_train"]) == 220
    assert sum(
        part.size
        for part in cells["trained_forecaster"].__globals__["draw_network"](4, 1, 16, 1, 1, np.random.default_rng(0))
    ) > 50 * len(cells["weights_of_years"])


def test_the_lstm_stays_near_the_numbers_that_it_has_seen(cells):
    year, number, mean, std = (cells[name] for name in ("year", "number", "mean", "std"))
    assert year[number.argmax()] == 1957
    assert f"{number.max():.0f} {number[:-69].max():.0f}" == "190 154"
    peak = np.flatnonzero(year[-69:] == 1957)[0]
    assert f"{mean + std * cells['autoregression'][peak]:.0f}" == "182"
    for one in cells["forecasts"]:
        assert mean + std * one[peak] == pytest.approx(155, abs=10)
    for one in (cells["autoregression"], cells["forecasts"][0]):
        misses = std * np.abs(one - cells["y_test"])
        assert year[-69:][misses.argmax()] == 1956
        assert misses.max() > 60


def test_what_the_forecaster_shows():
    lazy, linear, network = forecast_state(**FORECASTS["one year ahead"]).error
    assert said(f"One year ahead, {network:.1f} against {linear:.1f}: level.")
    peak = forecast_state(**FORECASTS["the highest peak"])
    assert max(np.nanmax(peak.lstm), np.nanmax(peak.autoregression)) < peak.truth
    lazy, linear, network = forecast_state(**FORECASTS["a whole cycle ahead"]).error
    assert network < lazy < linear
    assert said("persistence repeats the last counted year")
    far = forecasts()["persistence"]
    assert np.ptp(far, axis=1).max() == 0
    assert said(f"it misses by {network:.0f} sunspots all the same")
    for name in FORECASTS:
        assert said(f"**{name}**"), name


def test_the_update_gate_by_hand():
    assert pytest.approx(1.4) == 0.25 * -0.4 + 0.75 * 2


def test_the_pretrained_network_says_what_the_table_says(cells):
    trained = weights.g2p()
    if trained is None:
        pytest.skip("the optional weights are not installed")
    assert said(f"{sum(array.size for array in trained.values()):,} weights know that")
    sounds = dict(zip(cells["WORDS"], cells["pronounce"](cells["WORDS"], trained), strict=True))
    for word in ("knight", "phone", "rough", "through", "though", "softmax", "backpropagation"):
        assert said(f"| {word} | {sounds[word]} |"), (word, sounds[word])
    drifted = cells["pronounce"](cells["WORDS"], trained, cells["last_column"])
    assert said(f"*phone* becomes {drifted[1]}:")


def test_without_the_weights_the_chapter_says_how_to_install_them(cells):
    if weights.g2p() is None:
        assert weights.HOW in run(CHAPTER)[1]
    assert cells["pronounce"]


def test_with_bias_zero_some_forget_gates_start_above_one_half(cells):
    parameters = cells["draw_network"](4, 2, 16, 1, 0, np.random.default_rng(0))
    gates = logistic(parameters[2] + parameters[3])[16:32]
    assert 0.5 < gates.max() < 0.65
    assert gates.min() < 0.5


def test_the_gate_alone_gives_a_little_less_than_the_widgets_line():
    gate = (1 / (1 + np.exp(-5.0))) ** 50
    assert f"{gate:.2f}" == "0.71"
    assert said("\\sigma(5)^{50} = 0.71")
    assert gate < 0.74


def test_large_inputs_tame_even_a_radius_of_one_point_three():
    assert said("large inputs leave only 0.000013 of it")
    assert f"{travel('1.3, tamed by tanh').right[-1]:.1e}" == "1.3e-05"


def test_twenty_years_ahead_all_forecasts_are_poor():
    error = forecast_state(**FORECASTS["free for twenty years"]).error
    assert [f"{one:.0f}" for one in error[:2]] == ["48", "51"]
    assert f"{error[2]:.1f}" == "36.5"
    assert said("Twenty years ahead all three are poor: 48, 51 and, by the LSTM, 36.5.")
