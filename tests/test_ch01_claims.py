"""Chapter 1 says many numbers.  Here each of them is computed again, by the chapter's own code.

The master's code cells are executed once, without checks and widgets.  A test quotes the chapter (`says`) and then
shows that the quoted sentence is true.  The last tests make sure that no decimal number in the prose is left out.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jupytext
import numpy as np
import pytest

from autograder.engine import catalogue
from course.widgets.ch01_activations import bend, depth, half_plane, network, shares
from course.widgets.ch01_activations import slope as slope_explorer

STEM = "ch01_activations"
MASTER = Path(__file__).parent.parent / "solutions" / f"{STEM}.py"
NOT_FOR_CLAIMS = {"check", "hint", "progress", "widgets"}

Says = Callable[[str], None]

approx = pytest.approx


# Reading the chapter


def cells(kind: str) -> list[str]:
    """The sources of the master's cells of one kind, "code" or "markdown"."""
    notebook = jupytext.reads(MASTER.read_text(encoding="utf-8"), fmt="py:percent")
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def one_line(text: str) -> str:
    """Text without line ends, so that a quotation may cross them."""
    return " ".join(text.split())


def is_left_out(statement: ast.stmt) -> bool:
    """Whether a statement only calls, or imports, what the claims do not need: checks and widgets."""
    if isinstance(statement, ast.ImportFrom):
        return bool(NOT_FOR_CLAIMS & {alias.asname or alias.name for alias in statement.names})
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return False
    called = statement.value.func
    while isinstance(called, ast.Attribute):
        called = called.value
    return isinstance(called, ast.Name) and called.id in NOT_FOR_CLAIMS


@pytest.fixture(scope="module")
def ch01() -> Iterator[SimpleNamespace]:
    """What the chapter's code defines, and what it prints, as `printed`."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    scope: dict[str, Any] = {"__name__": STEM}
    printed = io.StringIO()
    with pyplot.rc_context(), contextlib.redirect_stdout(printed):
        for number, source in enumerate(cells("code"), start=1):
            tree = ast.parse(source)
            tree.body = [statement for statement in tree.body if not is_left_out(statement)]
            exec(compile(tree, f"<{MASTER.name}, code cell {number}>", "exec"), scope)
    yield SimpleNamespace(**scope, printed=printed.getvalue())
    pyplot.close("all")


@pytest.fixture(scope="module")
def prose() -> str:
    """All markdown of the chapter, model answers to the questions included, as one line."""
    return one_line("\n".join(cells("markdown")))


@pytest.fixture(scope="module")
def says(prose: str) -> Says:
    """says("0.75") fails unless the chapter's prose holds these words."""

    def quote(words: str) -> None:
        assert one_line(words) in prose, f"the chapter no longer says {words!r}; change the test with the sentence"

    return quote


# The exercises


def test_each_heading_of_an_exercise_tells_its_title_minutes_difficulty_and_points(says: Says) -> None:
    for spec in catalogue.exercises(STEM):
        says(f"{spec.title}** ({spec.minutes} minutes, {spec.difficulty}, {spec.points} points)")
    for question in catalogue.questions(STEM):
        says(
            f"**Question: {question.title}** ({question.minutes} minutes, {question.points} points, graded by a person)"
        )


def test_exercises_are_numbered_in_the_order_in_which_they_come(prose: str) -> None:
    numbers = [int(number) for number in re.findall(r"\*\*Exercise 1\.(\d+): ", prose)]
    assert numbers == list(range(1, len(catalogue.exercises(STEM)) + 1))


def test_the_table_of_minutes_adds_up(says: Says, prose: str) -> None:
    says("Together that is 135 minutes of reading and 140 of exercises")
    rows = re.findall(r"\| (1\.\d) [^|]+\|[^|]+\| (\d+) min \| (?:(\d+) min)? ?\|", prose)
    assert len(rows) == 9
    assert sum(int(reading) for _, reading, _ in rows) == 135
    assert sum(int(minutes or 0) for _, _, minutes in rows) == 140
    for section, _, minutes in rows:
        in_section = [spec for spec in catalogue.entries(STEM) if spec.section == section]
        assert sum(spec.minutes for spec in in_section) == int(minutes or 0), section


def test_the_hours_in_the_list_of_chapters_are_those_of_the_table() -> None:
    readme = (MASTER.parents[1] / "course" / "README.md").read_text(encoding="utf-8")
    assert "a network of any shape, forwards | 4½ |" in readme
    assert approx(4.5, abs=0.25) == (135 + 140) / 60


def test_two_questions_are_graded_by_a_person(says: Says) -> None:
    says("Two questions ask for words and are graded by a person")
    assert len(catalogue.questions(STEM)) == 2


def test_each_place_to_visit_is_a_preset_of_its_widget(says: Says) -> None:
    for widget in (half_plane, bend, slope_explorer, shares, network, depth):
        assert len(widget.PRESETS) == 3
        for place in widget.PRESETS:
            says(f"**{place}**")


# 1.1 and 1.2: neurons and layers


def test_the_neuron_computed_by_hand(says: Says, ch01: SimpleNamespace) -> None:
    w, b = np.array([2.0, -1.0]), -1.0
    says("= 1.6 + 0.5 - 1 = 1.1")
    assert w @ ch01.grey_day + b == approx(1.1)
    says("On the clear day $z = 0.4 - 1 - 1 = -1.6$")
    assert w @ ch01.clear_day + b == approx(-1.6)
    says("$x = (0.8, -0.5)$")
    assert ch01.grey_day == approx([0.8, -0.5])
    says("$x = (0.2, 1.0)$")
    assert ch01.clear_day == approx([0.2, 1.0])
    says("our grey day then comes out as 0.75, the clear day as 0.17")
    assert ch01.sigmoid(1.1) == approx(0.75, abs=0.005)
    assert ch01.sigmoid(-1.6) == approx(0.17, abs=0.005)


def test_doubling_weights_and_bias_keeps_the_line_and_doubles_the_values(ch01: SimpleNamespace) -> None:
    x = np.random.default_rng(0).normal(size=(50, 2))
    w, b = np.array([[2.0, -1.0]]), np.array([-1.0])
    once, twice = ch01.linear(x, w, b), ch01.linear(x, 2 * w, 2 * b)
    assert twice == approx(2 * once)
    assert np.array_equal(once > 0, twice > 0)


def test_the_widgets_places_for_the_doubled_neuron_draw_the_same_line(says: Says) -> None:
    says("It starts with $w = (1, -0.5)$ and $b = 0.5$")
    says("**sharpened**: $w = (2, -1)$, $b = 1$, which is the start with all three doubled")
    says("**turned**: $w = (0.5, 1)$, $b = 0.5$")
    says("**shifted**: as at the start, but $b = 2$")
    assert half_plane.START == {"w1": 1.0, "w2": -0.5, "b": 0.5}
    assert half_plane.PRESETS["sharpened"] == {"w1": 2.0, "w2": -1.0, "b": 1.0}
    assert half_plane.PRESETS["turned"] == {"w1": 0.5, "w2": 1.0, "b": 0.5}
    assert half_plane.PRESETS["shifted"] == {"w1": 1.0, "w2": -0.5, "b": 2.0}
    once, twice = half_plane.zero_line(1.0, -0.5, 0.5), half_plane.zero_line(2.0, -1.0, 1.0)
    assert [*once[2], *once[3]] == approx([*twice[2], *twice[3]])


def test_the_layer_computed_by_hand(says: Says, ch01: SimpleNamespace) -> None:
    result = ch01.linear(ch01.batch, ch01.layer_weight, ch01.layer_bias)
    says(r"\begin{pmatrix} 7.5 \\ 4 \end{pmatrix}")
    assert result[0] == approx([7.5, 4])
    says(r"b = \begin{pmatrix} 0.5 \\ -1 \end{pmatrix}")
    says("The second example gives $(-1.5, 2)$")
    assert result[1] == approx([-1.5, 2])


def test_a_layer_of_ten_neurons_on_the_digits_has_650_parameters(says: Says, ch01: SimpleNamespace) -> None:
    says(r"$10 \cdot 64$ weights and 10 biases, 650 numbers, and its result has the shape (1797, 10)")
    assert ch01.pixels.shape == (1797, 64)
    assert 10 * 64 + 10 == 650
    assert "(1797, 10)" in ch01.printed
    says("on the left a handwritten 0")
    assert ch01.digits.target[0] == 0
    assert (ch01.pixels.min(), ch01.pixels.max()) == (0, 1)


# 1.3: why a bend


def test_two_layers_without_a_bend_are_one(says: Says, ch01: SimpleNamespace) -> None:
    says(r"$$3\,(2x + 1) - 4 = 6x - 1$$")
    x = np.linspace(-2, 2, 9)
    assert 3 * (2 * x + 1) - 4 == approx(6 * x - 1)
    assert np.abs(ch01.two_layers - ch01.one_layer).max() < 1e-12


def test_no_linear_layer_can_do_xor_and_the_best_always_answers_one_half(says: Says, ch01: SimpleNamespace) -> None:
    says("The best that a linear layer can do is to answer 0.5 to every input")
    columns = np.column_stack([ch01.xor_x, np.ones(4)])
    best = np.linalg.lstsq(columns, ch01.xor_y, rcond=None)[0]
    assert columns @ best == approx(np.full(4, 0.5))
    for w_1, w_2, b in np.random.default_rng(0).normal(size=(20, 3)):
        f = ch01.xor_x @ [w_1, w_2] + b
        assert f[0] + f[3] == approx(f[1] + f[2])
        assert not np.array_equal(f > 0, ch01.xor_y > 0)  # nor does the sign alone


def test_the_2_2_1_network_solves_xor_only_with_the_bend(says: Says, ch01: SimpleNamespace) -> None:
    (w_1, b_1), (w_2, b_2) = ch01.xor_layers
    before = ch01.linear(ch01.xor_x, w_1, b_1)
    hidden = ch01.relu(before)
    output = ch01.linear(hidden, w_2, b_2).ravel()
    without = ch01.linear(before, w_2, b_2).ravel()
    assert output == approx(ch01.xor_y)
    assert without == approx([2, 1, 1, 0])
    says("| 0 | 0 | 0 | bend(−1) = 0 | 0 | 2 |")
    says("| 0 | 1 | 1 | 0 | 1 | 1 |")
    says("| 1 | 0 | 1 | 0 | 1 | 1 |")
    says("| 1 | 1 | 2 | 1 | 0 | 0 |")
    assert hidden.tolist() == [[0, 0], [1, 0], [1, 0], [2, 1]]
    assert before[0].tolist() == [0, -1]


def test_without_the_bend_the_best_line_leaves_a_quarter_of_the_points_on_the_wrong_side(says: Says) -> None:
    says("the best line leaves a quarter of the points on the wrong side")
    for layer in bend.LAYERS:
        best = bend.best_line(bend.layer_output(bend.POINTS, layer, 0.0, np.tanh))
        assert best.errors / len(bend.CLASS) == 1 / 4
    says("Behind the fold a straight line parts the clouds")
    folded = bend.layer_output(bend.POINTS, "fold", 1.0, lambda z: np.maximum(z, 0))
    assert bend.best_line(folded).errors == 0


# 1.4 and 1.5: activation functions and their slopes


def test_relu_sigmoid_and_tanh_at_zero(says: Says, ch01: SimpleNamespace) -> None:
    says("At 0 they are 0, 0.5 and 0")
    assert (ch01.relu(0.0), ch01.sigmoid(0.0), ch01.tanh(0.0)) == (0, 0.5, 0)


def test_sigmoid_and_tanh_computed_by_hand(says: Says, ch01: SimpleNamespace) -> None:
    says(r"$x = \ln 3 \approx 1.0986$")
    assert np.log(3) == approx(1.0986, abs=5e-5)
    says(r"$\sigma(x) = 1/(1 + 1/3) = 3/4$")
    assert ch01.sigmoid(np.log(3)) == approx(3 / 4)
    says("$z = 1.1$ gave 0.75")
    says(r"$\sigma(-\ln 3) = 1/4$")
    assert ch01.sigmoid(-np.log(3)) == approx(1 / 4)
    says(r"$\sigma(-x) = 1 - \sigma(x)$")
    x = np.linspace(-5, 5, 101)
    assert ch01.sigmoid(-x) == approx(1 - ch01.sigmoid(x))
    says(r"$\tanh(x) = 1.5 / 2.5 = 0.6$")
    assert ch01.tanh(np.log(2)) == approx(0.6)
    assert ch01.tanh(x) == approx(2 * ch01.sigmoid(2 * x) - 1)


def test_exp_of_710_is_the_first_whole_number_that_overflows(says: Says) -> None:
    says("`np.exp(710)` is already too large for a float64, NumPy's usual kind of number. It becomes `inf`")
    assert np.isfinite(np.exp(709.0))
    with pytest.warns(RuntimeWarning, match="overflow"):
        assert np.exp(710.0) == np.inf
    says("because `1 / inf` is 0")
    assert 1 / np.inf == 0


def test_the_models_answer_1000_and_minus_1000_in_silence(ch01: SimpleNamespace) -> None:
    x = np.array([-1000.0, 1000.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ch01.sigmoid(x).tolist() == [0, 1]
        assert ch01.tanh(x).tolist() == [-1, 1]


def test_leaky_relu_of_minus_three_and_the_short_cut_that_fails_above_slope_one(
    says: Says, ch01: SimpleNamespace
) -> None:
    says("0.01 unless somebody says otherwise. **By hand:** $-3$ becomes $-0.03$")
    assert ch01.leaky_relu(-3.0) == approx(-0.03)
    for slope, short_cut_is_right in ((0.1, True), (1.5, False)):
        x = np.array([-2.0, 3.0])
        assert np.allclose(np.maximum(x, slope * x), ch01.leaky_relu(x, slope)) is short_cut_is_right


def test_each_formula_of_the_sigmoid_is_safe_on_one_side(says: Says, ch01: SimpleNamespace) -> None:
    says("The first formula is safe for $x \\ge 0$, its twin for $x \\le 0$")
    x = np.array([0.0, 3.0, 1000.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert 1 / (1 + np.exp(-x)) == approx(ch01.sigmoid(x))
        assert np.exp(-x) / (1 + np.exp(-x)) == approx(ch01.sigmoid(-x))
    with pytest.warns(RuntimeWarning, match="overflow"):
        np.exp(x)


def test_tanh_divided_by_the_larger_exponential(says: Says, ch01: SimpleNamespace) -> None:
    says(r"$$\tanh(x) = \frac{1 - e^{-2x}}{1 + e^{-2x}}$$ Nothing here is larger than 2")
    x = np.array([0.0, 0.3, 2.0, 1000.0])
    assert (1 - np.exp(-2 * x)) / (1 + np.exp(-2 * x)) == approx(ch01.tanh(x))
    assert (1 + np.exp(-2 * x)).max() == 2
    assert ch01.tanh(-x) == approx(-ch01.tanh(x))


def test_leaky_relu_is_drawn_with_a_slope_that_can_be_seen(says: Says) -> None:
    says("Leaky ReLU is drawn with the slope 0.1 instead of 0.01")
    assert any('"leaky ReLU, slope 0.1": (leaky_relu(x, slope=0.1)' in source for source in cells("code"))


def test_the_slope_of_the_sigmoid_from_that_of_its_denominator(says: Says, ch01: SimpleNamespace) -> None:
    says(r"\sigma'(x) = \frac{u - 1}{u^2} = \frac{1}{u} \cdot \Big(1 - \frac{1}{u}\Big)")
    x = np.linspace(-4, 4, 17)
    u = 1 + np.exp(-x)
    assert ch01.slope_by_steps(lambda x: 1 + np.exp(-x), x) == approx(1 - u, abs=1e-7)
    assert (u - 1) / u**2 == approx(ch01.sigmoid_grad(x))


def test_slopes_computed_by_hand(says: Says, ch01: SimpleNamespace) -> None:
    says(r"its slope is $3/4 \cdot 1/4 = 0.1875$")
    assert ch01.sigmoid_grad(np.log(3)) == approx(0.1875)
    says("tanh is $0.6$, so its slope is $1 - 0.36 = 0.64$")
    assert ch01.tanh_grad(np.log(2)) == approx(0.64)


def test_the_largest_slopes_are_a_quarter_and_one(says: Says, ch01: SimpleNamespace) -> None:
    says("| 0.25, the largest | towards 0 | towards 0 |")
    says("| 1, the largest | towards 0 | towards 0 |")
    says("sigmoid's slope is never above 0.25")
    x = np.linspace(-20, 20, 4001)
    for slope, largest in ((ch01.sigmoid_grad, 0.25), (ch01.tanh_grad, 1.0)):
        assert slope(x).max() == approx(largest)
        assert slope(0.0) == approx(largest)
        assert slope(np.array([-20.0, 20.0])) == approx(0, abs=1e-8)


def test_saturated_sigmoids_in_a_row_pass_nothing(says: Says, ch01: SimpleNamespace) -> None:
    one = ch01.sigmoid_grad(3.0)
    says("At $x = 3$ one sigmoid passes 0.0452 of a change, less than a twentieth. Ten in a row pass 3.5e-14")
    assert one == approx(0.0452, abs=5e-5)
    assert one < 1 / 20
    assert f"{one**10:.1e}" == "3.5e-14"
    says("ten in a row pass only 9.5e-07")
    assert f"{ch01.sigmoid_grad(0.0) ** 10:.1e}" == "9.5e-07"


def test_slopes_agree_with_small_steps(ch01: SimpleNamespace) -> None:
    x = np.array([-3.0, -0.4, 0.7, 2.0])
    for function, slope in (
        (ch01.relu, ch01.relu_grad),
        (ch01.sigmoid, ch01.sigmoid_grad),
        (ch01.tanh, ch01.tanh_grad),
    ):
        assert ch01.slope_by_steps(function, x) == approx(slope(x), abs=1e-8)


# 1.6: softmax


def test_the_entropy_of_four_shares_lies_between_nothing_and_ln_4(says: Says) -> None:
    says(r"$\ln 4 \approx 1.386$")
    assert round(np.log(4), 3) == 1.386
    hot = shares.softmax_state(1.75, 50.0, 0.0, True)
    assert hot.entropy == pytest.approx(1.386, abs=1e-3)


def test_the_softmax_computed_by_hand(says: Says, ch01: SimpleNamespace) -> None:
    says("| quotient | 0.125 | 0.25 | 0.625 | 1 |")
    logits = np.log([1.0, 2.0, 5.0])
    assert np.exp(logits).sum() == approx(8)
    assert ch01.softmax(logits) == approx([0.125, 0.25, 0.625])
    assert ch01.softmax(logits + 7) == approx(ch01.softmax(logits))


def test_softmax_of_large_logits_needs_the_subtraction(says: Says, ch01: SimpleNamespace) -> None:
    logits = np.array([1000.0, 1001.0, 1002.0])
    says("it is 0.0900, 0.2447 and 0.6652, the same as for the logits 0, 1, 2")
    assert ch01.softmax(logits) == approx([0.0900, 0.2447, 0.6652], abs=5e-5)
    assert ch01.softmax(np.array([0.0, 1.0, 2.0])) == approx(ch01.softmax(logits))
    with np.errstate(all="ignore"):
        assert np.isnan(np.exp(logits) / np.exp(logits).sum()).all()


def test_the_columns_of_the_softmax_widget_go_from_the_logits_to_the_shares(says: Says) -> None:
    says("Four classes; each column is one step, from the logits (called z here) to the shares")
    assert len(shares.CLASSES) == 4
    assert (shares.COLUMNS[0], shares.COLUMNS[-1]) == ("z", "share")


def test_softmax_over_z_and_zero_is_the_sigmoid_of_z(ch01: SimpleNamespace) -> None:
    for z in (-30.0, -1.6, 0.0, 1.1, 30.0):
        assert ch01.softmax(np.array([z, 0.0]))[0] == approx(ch01.sigmoid(z))


def test_temperature_goes_from_a_hard_choice_to_equal_shares(ch01: SimpleNamespace) -> None:
    logits = np.array([2.0, 1.0, 0.0, -1.0])
    assert ch01.softmax(logits / 0.01) == approx([1, 0, 0, 0], abs=1e-9)
    assert ch01.softmax(logits / 1e6) == approx(np.full(4, 0.25), abs=1e-5)


def test_the_log_softmax_stays_finite_where_the_softmax_rounds_to_zero(says: Says, ch01: SimpleNamespace) -> None:
    says(r"$\ln 8 \approx 2.0794$")
    assert np.log(8) == approx(2.0794, abs=5e-5)
    says(r"$0 - 2.0794$, and indeed $\ln 0.125 \approx -2.0794$")
    assert ch01.log_softmax(np.log([1.0, 2.0, 5.0]))[0] == approx(np.log(0.125))
    says("the true answer is the harmless number $-1000$")
    assert np.exp(-1000.0) == 0
    assert ch01.log_softmax(np.array([1000.0, 0.0])) == approx([0, -1000])


# 1.7: a whole network


def parameters(*sizes: int) -> list[int]:
    """The number of weights and biases of each layer of a fully connected network."""
    return [fan_in * fan_out + fan_out for fan_in, fan_out in pairwise(sizes)]


def test_parameters_counted_by_hand(says: Says) -> None:
    says(r"$64 \cdot 32 + 32 = 2080$ parameters in the first layer")
    says(r"and $32 \cdot 10 + 10 = 330$ in the second, together 2410")
    assert parameters(64, 32, 10) == [2080, 330]
    assert 2080 + 330 == 2410


def test_parameters_of_the_network_for_28_by_28_pictures(says: Says) -> None:
    counts = parameters(28 * 28, 128, 128, 10)
    says("The network for XOR has 9 parameters")
    assert sum(parameters(2, 2, 1)) == 9
    says("118,282 parameters, and 100,480 of them sit between the input and the first hidden layer")
    assert (sum(counts), counts[0]) == (118_282, 100_480)
    says("costs only 16,512 of them")
    assert sum(counts) - sum(parameters(784, 128, 10)) == 16_512


def test_random_hidden_layers_allow_xor_only_with_a_bend(says: Says, ch01: SimpleNamespace) -> None:
    says("With ReLU 0.7% of the random layers do it at width 2, 66.4% at width 4 and 98.2% at width 8")
    shown = re.findall(r"(\d) neurons: without a bend ([\d.]+)%, with ReLU ([\d.]+)%", ch01.printed)
    assert [width for width, _, _ in shown] == ["2", "4", "8"]
    assert all(float(share) == 0 for _, share, _ in shown)
    # Another linear-algebra library may move a draw that lies on the border.
    assert [float(share) for _, _, share in shown] == approx([0.7, 66.4, 98.2], abs=0.5)


# 1.8: a signal through many layers


def test_the_table_of_factors(says: Says) -> None:
    says(r"| 0.01 | 0.16 | 1.2e-16 |")
    says(r"| $1/\sqrt{512}$ | 0.7071 | 9.8e-04 |")
    says(r"| $\sqrt{2/512}$ | 1 | 1 |")
    says(r"| 1 | 16 | 1.2e+24 |")
    says(r"$1/\sqrt{512} \approx 0.0442$")
    says(r"$\sqrt{2/512} = 0.0625$")
    assert np.sqrt(512 / 2) == 16
    assert (1 / np.sqrt(512), np.sqrt(2 / 512)) == (approx(0.0442, abs=5e-5), 0.0625)
    assert 16 / np.sqrt(512) == approx(0.7071, abs=5e-5)
    assert [f"{(16 * s) ** 20:.1e}" for s in (0.01, 1 / np.sqrt(512), 0.0625, 1)] == [
        "1.2e-16",
        "9.8e-04",
        "1.0e+00",
        "1.2e+24",
    ]


def test_the_measured_spread_after_twenty_layers(says: Says, ch01: SimpleNamespace) -> None:
    says(r"After 20 layers the spread is 8.2e-17 for $s = 0.01$, 6.6e-04 for $1/\sqrt n$")
    says("0.68 for your `kaiming_init`, and 8.2e+23 for $s = 1$: forty powers of ten apart")
    measured = {name: values[-1] for name, values in ch01.spreads.items()}
    assert f"{measured['0.01']:.1e}" == "8.2e-17"
    assert f"{measured['1/√n']:.1e}" == "6.6e-04"
    assert f"{measured['1']:.1e}" == "8.2e+23"
    assert measured["your kaiming_init"] == approx(0.68, abs=0.005)
    assert np.log10(measured["1"] / measured["0.01"]) == approx(40, abs=0.1)
    says("falls by sixteen powers of ten in 20 layers")
    says("rises by 24 powers of ten")
    assert [round(np.log10(measured[name])) for name in ("0.01", "1")] == [-16, 24]
    says("it draws five million weights for each line")
    assert approx(5e6, rel=0.05) == 20 * 512 * 512
    says("the spread is 0.82 after the first layer and still 0.68 after the twentieth")
    assert ch01.spreads["your kaiming_init"][0] == approx(0.82, abs=0.005)


def test_the_spread_of_relu_values_is_0_83_of_their_typical_size(says: Says, ch01: SimpleNamespace) -> None:
    says("All four values are 0.68 times those of the table: a factor of about 0.83, because")
    for name, factor in (("0.01", 0.16), ("1/√n", 1 / np.sqrt(2)), ("1", 16), ("your kaiming_init", 1)):
        assert ch01.spreads[name][-1] / factor**20 == approx(0.68, abs=0.005)
    values = ch01.relu(np.random.default_rng(0).normal(size=1_000_000))
    assert values.std() / np.sqrt(np.mean(values**2)) == approx(0.83, abs=0.005)
    assert np.mean(values**2) == approx(1 / 2, abs=0.005)


def test_float32_ends_at_layer_32_when_the_factor_is_16(says: Says) -> None:
    says("the largest float32 is 3.4e+38. $16^{32} = 2^{128}$ is just beyond it, so at layer 32")
    largest = float(np.finfo(np.float32).max)
    assert f"{largest:.1e}" == "3.4e+38"
    assert 16**31 < largest < 16**32 == 2**128


def test_the_dying_signal_falls_below_float32_at_layer_48(says: Says) -> None:
    says("in the widget the spread lies below the lower line from layer 48 on")
    spread = depth.run_signal(depth.draw_weights(), depth.SCALES["0.01"], "ReLU").spread
    assert approx(float(np.finfo(np.float32).tiny), rel=0.03) == depth.FLOAT32_SMALLEST
    assert spread[47] > 1.2e-38 > spread[48]
    assert np.all(spread[48:] < depth.FLOAT32_SMALLEST)
    says("numbers of half the length")
    assert 2 * np.dtype(np.float32).itemsize == np.dtype(np.float64).itemsize


def test_the_widget_sends_fewer_inputs_than_the_experiment(says: Says) -> None:
    says("the widget sends 16 inputs; the experiment below sends all 100")
    assert depth.EXAMPLES == 16
    assert any("default_rng(1).normal(size=(100, 512))" in source for source in cells("code"))


def test_the_sigmoid_network_that_is_loud_but_deaf(says: Says) -> None:
    says("The spread stays near 0.12, and yet the signal is gone")
    says("about 2e-13 after 20 layers")
    scale = depth.SCALES["1/√n"]
    run = depth.run_signal(depth.draw_weights()[:20], scale, "sigmoid")
    assert run.spread[20] == approx(0.12, abs=0.005)
    assert run.between[20] == approx(2e-13, rel=0.5)


def test_equal_weights_give_equal_neurons(ch01: SimpleNamespace) -> None:
    x = np.random.default_rng(0).normal(size=(6, 4))
    activations = ch01.relu(ch01.linear(x, np.full((5, 4), 0.3), np.zeros(5)))
    assert activations == approx(activations[:, :1] * np.ones(5))


def test_the_gradient_dies_through_sigmoids_and_arrives_through_relus(says: Says, ch01: SimpleNamespace) -> None:
    says("The ratio is 0.24 with 2 hidden layers, 6.6e-04 with 6 and 2.1e-06 with 10")
    says("With ReLU and He's variance it is 1.34: the gradient arrives")

    def ratio(depth: int, variance_times_n: int, activation: Any, slope: Any) -> float:
        weights = ch01.draw_network(depth, variance_times_n, np.random.default_rng(0))
        sizes = ch01.gradient_sizes(ch01.pixels, ch01.right_class, weights, activation, slope)
        assert len(sizes) == depth
        return float(sizes[0] / sizes[-1])

    sigmoid = [ratio(depth, 1, ch01.sigmoid, ch01.sigmoid_grad) for depth in (2, 6, 10)]
    assert sigmoid == [approx(0.24, abs=0.005), approx(6.6e-04, rel=0.01), approx(2.1e-06, rel=0.02)]
    assert ratio(10, 2, ch01.relu, ch01.relu_grad) == approx(1.34, abs=0.005)
    says("$0.25^9$ is 3.8e-06")
    assert f"{0.25**9:.1e}" == "3.8e-06"


def test_the_way_back_agrees_with_automatic_differentiation(ch01: SimpleNamespace) -> None:
    torch = pytest.importorskip("torch")
    weights = ch01.draw_network(3, 1, np.random.default_rng(5))
    x, y = ch01.pixels[:20], ch01.right_class[:20]
    h, pre_activations = torch.tensor(x), []
    for weight in weights[:-1]:
        pre_activations.append((h @ torch.tensor(weight).T).requires_grad_())
        h = torch.sigmoid(pre_activations[-1])
    logits = h @ torch.tensor(weights[-1]).T
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(y), reduction="sum")
    wanted = [float((grad**2).mean().sqrt()) for grad in torch.autograd.grad(loss, pre_activations)]
    assert ch01.gradient_sizes(x, y, weights, ch01.sigmoid, ch01.sigmoid_grad) == approx(wanted)


# 1.9: conventions


def test_pytorch_keeps_the_conventions_that_the_chapter_names(says: Says, ch01: SimpleNamespace) -> None:
    torch = pytest.importorskip("torch")
    says("**Weights are (out, in)**")
    assert torch.nn.Linear(3, 5).weight.shape == (5, 3)
    says("**ReLU's slope at 0 is 0**, as in PyTorch. Leaky ReLU's slope at 0 is the negative side's")
    zero = torch.zeros(1, requires_grad=True)
    assert torch.autograd.grad(torch.relu(zero), zero)[0].item() == 0 == ch01.relu_grad(0.0)
    assert torch.autograd.grad(torch.nn.functional.leaky_relu(zero, 0.01), zero)[0].item() == approx(0.01)
    says("its weights are uniform with variance 1/(3 fan-in)")
    torch.manual_seed(0)
    weight = torch.nn.Linear(512, 512).weight.detach().numpy()
    assert weight.var() * 3 * 512 == approx(1, abs=0.01)
    assert np.abs(weight).max() == approx(np.sqrt(1 / 512), rel=0.001)  # uniform: it ends at √3 times its spread


# No number is left out


DECIMAL = re.compile(r"(?<![\w.,])\d+(?:\.\d+)?e[+-]\d+|(?<![\w.,])\d+\.\d+|(?<![\w.,])\d{1,3},\d{3}(?!\d)")
SECTION = re.compile(r"(?:[Ss]ections?|Exercise) \d+\.\d+|[#|] 1\.\d ")


def decimals(text: str) -> set[str]:
    """The decimal numbers in a text, apart from the numbers of sections and exercises."""
    return set(DECIMAL.findall(SECTION.sub(" ", text)))


def unproven(text: str) -> set[str]:
    """The decimal numbers of a text that this file nowhere mentions."""
    return decimals(text) - decimals(Path(__file__).read_text(encoding="utf-8"))


def test_every_decimal_number_of_the_prose_stands_in_a_test(prose: str) -> None:
    assert unproven(prose) == set()


def test_a_number_that_no_test_mentions_is_found() -> None:
    invented = f"The spread is {1234567 / 1e4}."
    assert unproven(invented) == {str(1234567 / 1e4)}


def test_a_sentence_that_the_chapter_does_not_say_is_refused(says: Says) -> None:
    with pytest.raises(AssertionError, match="no longer says"):
        says("the spread is " + "one million")
