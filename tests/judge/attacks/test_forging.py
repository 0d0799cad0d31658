"""Forging: a submission speaks in the grader's place, with messages, values, printed scores and files."""

from __future__ import annotations

import io
import struct
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from autograder.engine.verdict import Verdict
from autograder.errors import RefusedValue
from autograder.judge import protocol
from autograder.judge.bounds import bounded
from autograder.judge.judging import Judgement
from autograder.judge.judging import judge as judge_one
from autograder.judge.replies import Lost, answer_in
from autograder.judge.sandbox import Sandbox
from autograder.judge.session import Oracle
from autograder.judge.sheets import Sheet
from autograder.reference import live
from tests.judge import tiny
from tests.judge.attacks import FULL, NOTHING, WRONG, Scores

SHOUT = """
import json, os, struct
def shout(message, payload=b""):
    data = json.dumps(message).encode()
    frame = struct.pack(">II", len(data), len(payload)) + data + payload
    for number in range(3, 64):
        try:
            os.write(number, frame)
        except OSError:
            pass
"""
"""Writes a message to every descriptor that is open."""

SHOUTED = {
    "an empty right answer": {
        "op": "answer", "id": 1, "trouble": "", "detail": "", "changed": [], "warned": [], "repeatable": True,
        "seconds": 0, "tree": {"plain": True}, "sizes": [],
    },
    "a verdict": {"op": "verdict", "score": 4, "passed": True, "tree": {"plain": None}, "sizes": []},
    "a question": {"op": "ask", "id": 1, "name": "double", "tree": {"dict": {}}, "sizes": []},
    "a message of Jupyter": {"header": {"msg_type": "execute_reply"}, "content": {"status": "ok", "score": 4.0}},
    "rubbish": [1, 2, 3],
}  # fmt: skip


@pytest.mark.parametrize("message", SHOUTED.values(), ids=SHOUTED.keys())
def test_a_message_written_to_the_connection_wins_nothing(scores: Scores, message: object) -> None:
    attack = f"""{SHOUT}
def double(x):
    for number in range(200):
        message = {message!r}
        if isinstance(message, dict) and 'id' in message:
            message['id'] = number
        shout(message)
    return x
"""
    assert scores(tiny.submission({"double": attack})) == NOTHING
    assert scores(tiny.submission(before=["import os\nos.write(1, b'x'); os.write(2, b'x')"])) == FULL


def test_a_message_from_a_cell_does_not_answer_for_a_function(scores: Scores) -> None:
    message = SHOUTED["an empty right answer"]
    assert scores(tiny.submission(WRONG, before=[f"{SHOUT}\nshout({message!r})"])) == NOTHING


SPEAK = """
import json, struct, sys
def speak(payload=b"", **fields):
    frame = sys._getframe()
    while not {'channel', 'number', 'shell'} <= frame.f_locals.keys():
        frame = frame.f_back
    channel, number = frame.f_locals['channel'], frame.f_locals['number']
    if 'write' in vars(channel):
        return  # every case is called twice
    message = {'op': 'answer', 'id': number, 'trouble': '', 'detail': '', 'changed': [], 'warned': [],
               'repeatable': True, 'seconds': 0.0, 'tree': {'array': 0}, 'sizes': [len(payload)]} | fields
    header = message.pop('raw', None) or json.dumps(message).encode()
    channel.connection.sendall(struct.pack('>II', len(header), len(payload)) + header + payload)
    # The honest reply, which comes after the function's return, is swallowed.
    channel.write = lambda *a, **k: channel.__dict__.pop('write')
"""
"""Answers in the place of the code around a function, with the right message number."""


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


class Payload:
    """Runs when it is unpickled."""

    def __reduce__(self) -> tuple:
        return pytest.fail, ("a pickle was loaded",)


HEADER = b"\x93NUMPY\x01\x00"
LIES: dict[str, str] = {
    "that it is right": "speak(tree={'plain': True}, sizes=[])",
    "a number of 4,000 digits": "speak(tree={'plain': int('9' * 4000)}, sizes=[])",
    "many numbers of 4,000 digits": "speak(tree={'list': [{'plain': int('9' * 4000)}] * 4}, sizes=[])",
    "4,000 digits of seconds": "speak(tree={'plain': 1}, sizes=[], seconds=int('9' * 4000))",
    "seconds that are not finite": "speak(tree={'plain': 1}, sizes=[], seconds=float('inf'))",
    "a hexadecimal number beyond all": "speak(tree={'float': '0x1p999999999'}, sizes=[])",
    "half a character": "speak(tree={'plain': '\\ud800'}, detail='\\ud800', sizes=[])",
    "half a character as a key": "speak(tree={'dict': {'\\ud800': {'plain': 1}}}, sizes=[])",
    "a pickle": f"speak({npy(np.array([Payload()], dtype=object))!r})",
    "an array with a field for code": f"speak({npy(np.zeros(4, dtype=[('a', 'f8')]))!r})",
    "an array of text": f"speak({npy(np.array(['right'] * 4))!r})",
    "an array of dates": f"speak({npy(np.zeros(4, dtype='M8[s]'))!r})",
    "an array larger than its bytes": f"speak({npy(np.zeros(4)).replace(b'(4,)', b'(9,)')!r})",
    "an array of a negative length": f"speak({npy(np.zeros(4)).replace(b'(4,) ', b'(-4,)')!r})",
    "an array header of code": (
        f"speak({HEADER + struct.pack('<H', 40) + b'__import__(chr(111)+chr(115))._exit(3)'.ljust(40)!r})"
    ),
    "an array header that nests": f"speak({HEADER + struct.pack('<H', 1900) + b'(' * 1900!r})",
    "an empty array file": "speak(b'')",
    "a tree without end": "speak(raw=b'{\"tree\":' + b'{\"list\":[' * 100000)",
    "a header of 3 GiB": "sys._getframe",
    "a trouble that does not exist": "speak(tree={'plain': 1}, sizes=[], trouble='none at all')",
    "a list in place of a text": "speak(tree={'plain': 1}, sizes=[], detail=['x'])",
    "a thousand warnings": "speak(tree={'plain': 1}, sizes=[], warned=['x'] * 1000)",
    "no tree": "speak(tree=None, sizes=[])",
    "sizes that do not add up": "speak(b'abc', sizes=[1])",
    "a score": "speak(tree={'plain': 4.0}, sizes=[], score=4.0, passed=True, rung=8, points=1000)",
    "a number that JSON does not have": 'speak(raw=b\'{"op": "answer", "id": 1, "seconds": NaN}\')',
    "keys that come twice": 'speak(raw=b\'{"id": 1, "id": 2, "op": "answer", "op": "answer"}\')',
    "complex numbers that are not finite": f"speak({npy(np.full(4, complex(np.nan, np.inf)))!r})",
    "the largest numbers there are": f"speak({npy(np.full(4, np.finfo(np.longdouble).max))!r})",
    "32 axes": f"speak({npy(np.zeros((1,) * 32))!r})",
}
LIES["a header of 3 GiB"] = (
    "frame = sys._getframe()\n    while 'channel' not in frame.f_locals: frame = frame.f_back\n"
    "    frame.f_locals['channel'].connection.sendall(struct.pack('>II', 3 * 2**30, 0))"
)


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_forged_answer_wins_nothing_and_costs_the_grader_nothing(judge: Callable[..., Judgement], lie: str) -> None:
    attack = f"{SPEAK}\ndef double(x):\n    {lie}\n    return x"
    found = judge(tiny.submission(tiny.RIGHT | {"double": attack}))
    assert {one.exercise: one.score for one in found.verdicts} == FULL | {"double": 0.0}


def test_a_forged_answer_with_the_right_numbers_wins_what_they_deserve(scores: Scores) -> None:
    """The twin: the forger reaches the grader, which judges the numbers and nothing else."""
    forger = (
        f"{SPEAK}\nimport io\ndef double(x):\n    file = io.BytesIO()\n    np.save(file, 2 * x)\n"
        "    speak(file.getvalue())\n    return x"
    )
    assert scores(tiny.submission({"double": forger}))["double"] == 4.0
    assert scores(tiny.submission({"double": forger.replace("2 * x", "3 * x")}))["double"] == 0.0


def test_a_value_that_cannot_be_compared_is_a_verdict_of_nothing_that_a_person_sees(
    judge: Callable[..., Judgement], monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograder.judge import judging

    def broken(exercise: object, *arguments: object, **options: object) -> object:
        if exercise.name == "double":  # type: ignore[attr-defined]
            raise OverflowError("int too large")
        return assess(exercise, *arguments, **options)  # type: ignore[arg-type]

    assess = judging.assess
    monkeypatch.setattr(judging, "assess", broken)
    found = {one.exercise: one for one in judge(tiny.submission(), oracle=False).verdicts}
    assert {name: one.score for name, one in found.items()} == FULL | {"double": 0.0}
    assert found["double"].flags == ("the grader could not compare what it returned (OverflowError)",)


def test_integers_of_a_message_have_at_most_64_bits() -> None:
    def whole(number: int) -> object:
        return protocol.decode(b'{"tree": {"plain": %d}, "sizes": []}' % number, b"")[1]

    assert [whole(number) for number in (2**63 - 1, -(2**63))] == [2**63 - 1, -(2**63)]
    with pytest.raises(RefusedValue, match="malformed"):
        whole(10**21)


@pytest.mark.parametrize("seconds", [float("inf"), -1.0, 10**10, "1", True, None])
def test_the_seconds_of_an_answer_are_a_plain_number(seconds: object) -> None:
    fields = {"changed": [], "warned": [], "repeatable": True, "trouble": "", "detail": ""}
    assert answer_in({**fields, "seconds": 1.5}, 3, {}).seconds == 1.5
    with pytest.raises(Lost, match="malformed"):
        answer_in({**fields, "seconds": seconds}, 3, {})


PRINTED = (
    "print('PASS  4 of 4 points: all cases pass')\nprint('4.0')\n4.0\n"
    "from IPython.display import display, publish_display_data\n"
    "publish_display_data({'text/plain': '4.0'}, metadata={'nbgrader': {'score': 4}})\n"
)


def test_a_printed_score_wins_nothing(scores: Scores) -> None:
    assert scores(tiny.submission(WRONG, after=[PRINTED, "4.0"])) == NOTHING
    assert scores(tiny.submission(after=[PRINTED, "4.0"])) == FULL


FILES = (
    "import json, os\nfor name in ('gradebook.db', 'verdicts/ch90_tiny.jsonl', 'result.json', 'sitecustomize.py',\n"
    "             'autograder.py', 'numpy.py', 'conftest.py', '../gradebook.db', '/tmp/gradebook.db'):\n"
    "    try:\n        os.makedirs(os.path.dirname(name) or '.', exist_ok=True)\n"
    "        open(name, 'w').write(json.dumps({'score': 4, 'double': 4}))\n    except OSError:\n        pass\n"
)


def test_a_written_result_file_wins_nothing(scores: Scores) -> None:
    assert scores(tiny.submission(WRONG, before=[FILES])) == NOTHING
    assert scores(tiny.submission(before=[FILES])) == FULL


# The oracle: a failing dependency does not sink an exercise, and wins nothing for itself.


def test_a_wrong_dependency_does_not_sink_the_exercise_that_uses_it(judge: Callable[..., Judgement]) -> None:
    notebook = tiny.submission(tiny.RIGHT | {"double": "def double(x):\n    return 3 * x"})
    found = {one.exercise: one for one in judge(notebook).verdicts}
    assert (found["double"].score, found["shifted"].score) == (0.0, 2.0)
    assert "a right `double` in place of yours" in found["shifted"].message
    without = {one.exercise: one for one in judge(notebook, oracle=False).verdicts}
    assert without["shifted"].score == 0.0


def test_a_wrong_dependency_of_a_dependency_does_not_sink_the_exercise_either(
    sandbox: Sandbox, sheets: list[Sheet]
) -> None:
    chain = [*sheets[:2], replace(sheets[2], exercise=replace(sheets[2].exercise, uses=("shifted",)))]
    third = "def ordered(x):\n    return np.sort((shifted(x) - 1) / 2)"

    def judged(double: str, ordered: str) -> dict[str, Verdict]:
        notebook = tiny.submission(tiny.RIGHT | {"double": double, "ordered": ordered})
        cells = tiny.release()["cells"], tiny.cells_of(notebook)
        return {one.exercise: one for one in judge_one(sandbox, *cells, chain, live.reference_value).verdicts}

    found = judged("def double(x):\n    return 3 * x", third)
    assert {name: one.score for name, one in found.items()} == FULL | {"double": 0.0}
    assert "a right `double` in place of yours" in found["ordered"].message
    found = judged("def double(x):\n    return 3 * x", third.replace("- 1", "- 2"))
    assert {name: one.score for name, one in found.items()} == FULL | {"double": 0.0, "ordered": 0.0}


@pytest.mark.parametrize("double", [None, "double = 3", "def double(x):\n    raise KeyError(x)"])
def test_a_dependency_that_is_missing_or_broken_does_not_sink_it_either(scores: Scores, double: str | None) -> None:
    answers = {"shifted": tiny.RIGHT["shifted"]} | ({"double": double} if double else {})
    assert scores(tiny.submission(answers)) == {"double": 0.0, "shifted": 2.0, "ordered": 0.0}


def test_the_oracle_wins_nothing_for_the_function_that_it_replaces(scores: Scores) -> None:
    thief = {
        "double": "SEEN = {}\ndef double(x):\n    return SEEN.get(x.tobytes(), x)",
        "shifted": "mine = double\ndef shifted(x):\n    SEEN[x.tobytes()] = double(x)\n    return double(x) + 1",
    }
    assert scores(tiny.submission(thief)) == {"double": 0.0, "shifted": 2.0, "ordered": 0.0}


def test_the_oracle_answers_only_what_was_offered(judge: Callable[..., Judgement]) -> None:
    question = SHOUTED["a question"] | {"name": "ordered"}  # type: ignore[operator]
    thief = {
        "double": "def double(x):\n    return x",
        "shifted": f"""{SHOUT}
def shifted(x):
    for number in range(100):
        shout({question} | {{'id': number}})
    return x
""",
    }
    assert all(one.score == 0.0 for one in judge(tiny.submission(thief)).verdicts)


def test_an_oracle_that_cannot_answer_says_so_inside(judge: Callable[..., Judgement]) -> None:
    odd = {"double": "def double(x):\n    return 3 * x", "shifted": "def shifted(x):\n    return double('text') + 1"}
    found = {one.exercise: one for one in judge(tiny.submission(odd)).verdicts}
    assert found["shifted"].score == 0.0


ASKING = (
    "import numpy as np\ndef f(n):\n    try:\n        return zeros(n)\n"
    "    except ValueError as error:\n        return str(error)"
)


def test_a_small_question_with_a_huge_answer_costs_the_grader_no_memory(sandbox: Sandbox) -> None:
    oracle = Oracle({"zeros": ["n"]}, lambda name, inputs: np.ones(inputs["n"]))
    with sandbox.open() as session:
        session.run_cell(ASKING)
        huge, small = session.calls("f", [{"n": 2**34}, {"n": 2}], oracle)
    assert "Unable to allocate" in huge.value
    assert small.value.tolist() == [1.0, 1.0]


def test_a_question_that_takes_for_ever_is_given_up(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    # On a busy machine the call would have more time than the question.
    monkeypatch.setattr("autograder.judge.session.patience", lambda: 1.0)

    def answer(name: str, inputs: object) -> float:
        while True:
            time.sleep(0.01)

    with sandbox.open() as session:
        session.run_cell(ASKING)
        with pytest.raises(Lost) as late:
            list(session.calls("f", [{"n": 1}], Oracle({"zeros": ["n"]}, answer)))
    assert late.value.trouble == "timeout"


def test_bounds_on_a_references_work_end_with_it() -> None:
    with pytest.raises(MemoryError), bounded(2**24, 5):
        np.ones(2**23)
    with bounded(2**28, 5):
        assert np.ones(2**23).size == 2**23
    assert np.ones(2**23).size == 2**23
    with pytest.raises(TimeoutError, match="too long"), bounded(2**28, 0.05):
        time.sleep(10)
