"""The figures of a class, from records made by hand whose counts are known."""

import dataclasses
import math
import statistics

import pytest

from autograder.engine.verdict import Rung
from autograder.instructor import charts
from autograder.instructor.class_discrimination import EACH_SIDE, ENOUGH
from autograder.instructor.class_statistics import figures, scores_of
from tests.instructor.made_class import class_of, record, verdict


@pytest.fixture
def three(toy):
    """Three exercises of 4, 4 and 2 points in the order c, a, b."""
    return [
        dataclasses.replace(toy, name="c", number=1),
        dataclasses.replace(toy, name="a", number=2),
        dataclasses.replace(toy, name="b", number=3, points=2),
    ]


def answers(three, *rungs, **more):
    """One verdict for each exercise."""
    return [verdict(exercise, rung, **more) for exercise, rung in zip(three, rungs, strict=True)]


P, D, V = Rung.PASSED, Rung.DEFINED, Rung.VALUES


def test_scores_are_shares_of_the_judged_submissions_alone(three):
    class_ = [
        record("ann", *answers(three, P, P, P)),
        record("bob", *answers(three, P, P, D)),
        record("cem", *answers(three, P, D, D)),
        record("dan", *answers(three, D, D, D), problem="the file is not JSON"),
    ]
    found = figures("ch00_toy", class_, three)
    assert found.points == 10
    assert found.judged == ("ann", "bob", "cem")
    assert found.refused == ("dan",)
    assert found.all_right == ("ann",)
    assert found.scores.shares == (0.4, 0.8, 1.0)
    assert found.scores.median == 0.8
    assert found.scores.mean == pytest.approx(2.2 / 3)
    assert (found.scores.lower, found.scores.upper) == pytest.approx((0.6, 0.9))


def test_a_class_without_a_judged_submission_has_no_averages(three):
    found = figures("ch00_toy", [record("dan", problem="empty")], three)
    assert found.scores.mean is found.scores.median is None
    assert [one.passed_share for one in found.exercises] == [None, None, None]
    assert not any(one.hardest for one in found.exercises)
    assert figures("ch00_toy", [], three).judged == ()


def test_one_submission_is_its_own_quartiles():
    assert scores_of([0.5]).lower == scores_of([0.5]).upper == 0.5


def test_every_submission_is_counted_on_the_first_rung_that_failed(three):
    c, a, b = three
    class_ = [
        record(f"s{place}", verdict(c, rung), verdict(a), verdict(b))
        for place, rung in enumerate([D, D, Rung.RETURNS, Rung.SHAPE, Rung.FINITE, V, Rung.LEAVES_INPUTS, P])
    ]
    first = figures("ch00_toy", class_, three).exercises[0]
    assert first.rungs == {D: 2, Rung.RETURNS: 1, Rung.SHAPE: 1, Rung.FINITE: 1, V: 1, Rung.LEAVES_INPUTS: 1, P: 1}
    assert (first.judged, first.passed, first.unwritten, first.wrong) == (8, 1, 2, 5)
    assert first.passed_share == 1 / 8


def test_the_mean_share_counts_cases_that_passed(three):
    c, a, b = three
    class_ = [record("ann", verdict(c, V, passed=3), verdict(a), verdict(b)), record("bob", *answers(three, D, P, P))]
    assert figures("ch00_toy", class_, three).exercises[0].mean_share == pytest.approx(0.375)


def test_exercises_keep_the_chapters_order_and_the_hardest_are_marked(three):
    class_ = [record("ann", *answers(three, P, D, P)), record("bob", *answers(three, P, P, P))]
    found = figures("ch00_toy", class_, three).exercises
    assert [one.name for one in found] == ["c", "a", "b"]
    assert [one.hardest for one in found] == [False, True, False]


def test_no_exercise_is_the_hardest_where_all_are_alike(three):
    class_ = [record("ann", *answers(three, P, P, P)), record("bob", *answers(three, D, D, D))]
    assert not any(one.hardest for one in figures("ch00_toy", class_, three).exercises)


def test_misconceptions_are_counted_with_their_sentence_hint_and_students(three):
    c, a, b = three
    class_ = [
        record("bob", verdict(c, V, misconception="squares"), verdict(a), verdict(b)),
        record("ann", verdict(c, V, misconception="squares"), verdict(a), verdict(b)),
        record("cem", verdict(c, V, misconception="doubles_in_place"), verdict(a, V, misconception="old"), verdict(b)),
        record("dan", verdict(c, V, misconception="squares"), problem="refused, so not counted"),
    ]
    first, second, third = figures("ch00_toy", class_, three).misconceptions
    assert (first.exercise, first.name, first.students) == ("c", "squares", ("ann", "bob"))
    assert first.says == "x is squared instead of doubled."
    assert first.hint == "What happens to 3?"
    assert (second.name, second.students) == ("doubles_in_place", ("cem",))
    assert third.says == "old (no longer in the exercise's file)"
    assert third.hint == "a hint"


def test_wrong_values_that_nothing_explains_are_grouped_by_how_every_case_went(three):
    c, a, b = three
    rest = [verdict(a), verdict(b)]
    class_ = [
        record("ann", verdict(c, V, error=0.5), *rest),
        record("bob", verdict(c, V, error=0.7), *rest),
        record("cem", verdict(c, V, error=0.5 + 1e-12), *rest),
        record("dan", verdict(c, V, error=0.5, passed=1), *rest),
        record("eva", verdict(c, V, error=0.5, misconception="squares"), *rest),
        record("fay", verdict(c, Rung.SHAPE), *rest),
        record("gus", verdict(c), *rest),
    ]
    found = figures("ch00_toy", class_, three)
    assert [one.students for one in found.unrecognised] == [("ann", "cem"), ("bob",), ("dan",)]
    assert found.unrecognised[0].message == "in the case “case 0”, values differ"
    assert found.exercises[0].unrecognised == 4
    assert found.exercises[0].recognised == 1


def test_verdicts_about_exercises_that_are_gone_are_left_out(three, toy):
    gone = dataclasses.replace(toy, name="gone")
    found = figures("ch00_toy", [record("ann", verdict(gone), verdict(three[0]))], three)
    assert [one.judged for one in found.exercises] == [1, 0, 0]


def half_and_half(three, number, *, with_rest=True):
    """The first half passes the first exercise; with_rest: and the others too."""
    half = number // 2
    return [
        record(f"s{k:03}", *answers(three, P if k < half else D, *[P if (k < half) is with_rest else D] * 2))
        for k in range(number)
    ]


def test_discrimination_is_one_where_the_strong_pass_and_minus_one_where_the_weak_do(three):
    strong = figures("ch00_toy", half_and_half(three, 40), three).exercises[0]
    weak = figures("ch00_toy", half_and_half(three, 40, with_rest=False), three).exercises[0]
    assert strong.discrimination == 1
    assert weak.discrimination == -1


def test_discrimination_is_the_correlation_of_passing_with_the_rest(three):
    class_ = class_of(200, three, seed=5)
    found = figures("ch00_toy", class_.values(), three).exercises[1]
    judged = [one for one in class_.values() if not one.problem]
    passed = [float(one.verdicts[1].passed) for one in judged]
    rest = [one.score - one.verdicts[1].score for one in judged]
    assert found.discrimination == pytest.approx(statistics.correlation(passed, rest), abs=1e-4)
    assert 0 < found.discrimination < 1


def test_discrimination_is_left_out_where_it_would_mean_nothing(three):
    small = figures("ch00_toy", half_and_half(three, ENOUGH - 2), three).exercises[0]
    assert small.discrimination is None
    assert figures("ch00_toy", half_and_half(three, ENOUGH), three).exercises[0].discrimination is not None
    nearly_all = [
        record(f"s{k:03}", *answers(three, D if k < EACH_SIDE - 1 else P, D if k < 20 else P, P)) for k in range(50)
    ]
    counted = figures("ch00_toy", nearly_all, three).exercises
    assert counted[0].discrimination is None
    assert counted[1].discrimination is not None
    same_rest = [record(f"s{k:03}", *answers(three, P if k % 2 else D, P, P)) for k in range(50)]
    assert figures("ch00_toy", same_rest, three).exercises[0].discrimination is None
    alone = [record(f"s{k:03}", verdict(three[0], P if k % 2 else D)) for k in range(50)]
    assert figures("ch00_toy", alone, three[:1]).exercises[0].discrimination is None


def test_the_order_of_the_records_does_not_matter(three):
    class_ = list(class_of(50, three).values())
    assert figures("ch00_toy", class_, three) == figures("ch00_toy", reversed(class_), three)


def test_full_marks_have_a_bar_of_their_own():
    counts = charts.histogram_counts([0.0, 0.099, 0.1, 0.3, 3 * 0.1, 0.99999, 1.0, 1.0])
    assert counts == [2, 1, 0, 2, 0, 0, 0, 0, 0, 1, 2]


def test_bars_are_as_long_as_their_numbers_and_say_them():
    bar = charts.outcome_bar("softmax", 5, 3, 2, 0.65)
    assert 'aria-label="softmax: of 10, 5 passed, 3 wrong, 2 not written; mean share of the points 65 %"' in bar
    for part in ('"passed" x="0%" y="2" width="50%"', '"wrong" x="50%" y="2" width="30%"'):
        assert part in bar
    assert '"unwritten" x="80%" y="2" width="20%"' in bar
    assert 'width="25%"' in charts.count_bar("said", 1, 4)
    nobody = charts.outcome_bar("softmax", 0, 0, 0, None)
    assert "<rect" not in nobody
    assert "mean share" not in nobody


def test_plots_escape_what_they_are_given():
    shown = charts.count_bar('"><script>alert(1)</script>', 1, 1)
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown


def test_percents_round_to_nothing_and_to_all_only_where_it_is_true():
    assert [charts.percent(one) for one in (0.0, 0.001, 0.5, 0.999, 1.0)] == [
        "0 %",
        "under 1 %",
        "50 %",
        "over 99 %",
        "100 %",
    ]
    assert not math.isnan(float(charts.percent(0.25)[:-2]))
