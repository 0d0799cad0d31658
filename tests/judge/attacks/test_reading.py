"""Reading: answers, fresh inputs, other people's work and the grader's secrets are looked for, and told outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.judge.judging import Judgement
from autograder.judge.sandbox import Sandbox
from autograder.judge.session import Session
from autograder.judge.sheets import Sheet
from tests.judge import tiny
from tests.judge.attacks import Scores

REPOSITORY = Path(__file__).resolve().parents[3]

WALK = """
import os
def walk(tops):
    found = []
    for top in tops:
        for folder, names, files in os.walk(top):
            names[:] = [name for name in names if not name.startswith('.')]
            found += [os.path.join(folder, name) for name in files
                      if name.endswith(('.ipynb', '.jsonl', 'gradebook.db', 'grading_seed', 'EXERCISE.py'))]
    return found
"""


def printed_by(session: Session, source: str) -> str:
    error, text = session.run_cell(source)
    assert error == ""
    return text.strip()


def test_no_notebook_recording_record_or_gradebook_lies_anywhere(session: Session) -> None:
    assert printed_by(session, f"{WALK}\nprint(walk(['/']))") == "[]"
    outside: dict = {}
    exec(WALK, outside)
    assert outside["walk"]([str(REPOSITORY / "course")]), "the twin: outside there are notebooks"


PATHS = {
    "an exercise file": "autograder/exercises/ch01_activations/softmax.py",
    "a module of references": "autograder/reference/live.py",
    "a widget of a chapter": "course/widgets/__init__.py",
    "the grader's own code": "autograder/judge/judging.py",
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
def test_a_file_of_the_course_cannot_be_read_by_any_name(session: Session, path: str) -> None:
    real = REPOSITORY / path
    assert real.is_file()
    for name in (str(real), f"/proc/1/root{real}", f"/proc/self/cwd/../{path}", f"/.old{real}", path):
        assert "FileNotFoundError" in session.run_cell(f"open({name!r})")[0]
    module = path.removesuffix(".py").replace("/", ".")
    assert printed_by(session, f"import {module} as one\nprint(type(one).__name__)") in ("Inert", "InertModule")


def test_a_link_to_a_file_of_the_course_leads_nowhere(session: Session) -> None:
    session.run_cell(
        f"import os\nos.symlink({str(REPOSITORY / 'pyproject.toml')!r}, 'link')\nopen('real', 'w').write('x')"
    )
    assert "FileNotFoundError" in session.run_cell("open('link')")[0]
    assert session.run_cell("os.symlink('real', 'other'); open('other')")[0] == ""


def test_no_process_file_of_the_kernel_can_be_read(session: Session) -> None:
    for name in ("self/mem", "self/environ", "1/maps", "self/fd", "mounts", "kcore", "sys/kernel/hostname"):
        assert "FileNotFoundError" in session.run_cell(f"open('/proc/{name}', 'rb')")[0]
    assert "FileNotFoundError" in session.run_cell("open('/sys/kernel/notes', 'rb')")[0]
    assert session.run_cell("open('/dev/urandom', 'rb').read(4)")[0] == ""


def test_another_processes_memory_cannot_be_read(session: Session) -> None:
    ask = (
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nkept = ctypes.create_string_buffer(8)\n"
        "class Vector(ctypes.Structure):\n    _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]\n"
        "one = Vector(ctypes.addressof(kept), 8)\n"
        "child = os.fork()\nif child == 0:\n    os._exit(0)\n"
        "read = libc.process_vm_readv(child, ctypes.byref(one), 1, ctypes.byref(one), 1, 0)\n"
        "print(read, libc.ptrace(16, child, 0, 0), libc.ptrace(0, 0, 0, 0))"
    )
    assert printed_by(session, ask) == "-1 -1 -1"
    assert printed_by(session, "print(ctypes.string_at(ctypes.addressof(kept), 8) == bytes(8))") == "True"


FRAMES = """
import gc, sys
NAMES = {'expected', 'reference', 'sheets', 'sheet', 'cases', 'misconceptions', 'exercise', 'oracle', 'seed'}
def double(x):
    frame, found = sys._getframe(), set()
    while frame is not None:
        found |= NAMES & (frame.f_locals.keys() | frame.f_globals.keys())
        frame = frame.f_back
    gc.unfreeze()
    for one in gc.get_objects():
        if type(one) is dict:
            found |= {name for name in ('reference', 'misconceptions') if name in one and callable(one[name])}
    raise ValueError(sorted(found))
"""


def test_the_callers_frames_and_all_objects_hold_no_answer(judge: Callable[..., Judgement]) -> None:
    verdict = judge(tiny.submission({"double": FRAMES}), oracle=False).verdicts[0]
    assert "ValueError: []" in verdict.message
    planted = FRAMES.replace("    frame, found", "    expected = 2 * x\n    frame, found")
    assert "ValueError: ['expected']" in judge(tiny.submission({"double": planted}), oracle=False).verdicts[0].message


MEMORY = """
import ctypes, gc, types
gc.unfreeze()
WORD = 'Multiplies by' + ' three.'
def code_of(function):
    todo, texts = [function.__code__], []
    while todo:
        code = todo.pop()
        texts += [one for one in code.co_consts if type(one) is str]
        todo += [one for one in code.co_consts if type(one) is types.CodeType]
    return texts
texts = [text for one in gc.get_objects() if type(one) is types.FunctionType for text in code_of(one)]
print(sum(WORD in text for text in texts), len(texts) > 1000)
"""


def test_no_misconception_or_reference_is_in_the_memory_of_the_server_or_its_forks(session: Session) -> None:
    assert printed_by(session, MEMORY) == "0 True"
    planted = "def three_times(x):\n    return 'Multiplies by three.'\n"
    assert printed_by(session, planted + MEMORY) == "1 True"


def test_what_one_submission_leaves_the_next_does_not_find(sandbox: Sandbox) -> None:
    leave = (
        "import builtins, os, tempfile\nbuiltins.left = 2\nopen('left', 'w').write('x')\nos.environ['LEFT'] = 'x'\n"
        "open(os.path.join(tempfile.gettempdir(), 'left2'), 'w').write('x')"
    )
    look = (
        "import builtins, os, tempfile\n"
        "print(hasattr(builtins, 'left'), sorted(os.listdir('.')), 'LEFT' in os.environ,\n"
        "      sorted(os.listdir(tempfile.gettempdir())))"
    )
    with sandbox.open() as first, sandbox.open() as second:
        assert first.run_cell(leave)[0] == ""
        assert printed_by(second, look) == "False [] False []"
        assert printed_by(first, look) == "True ['left', 'left2'] True ['left', 'left2']"
    with sandbox.open() as third:
        assert printed_by(third, look) == "False [] False []"


# A table of answers.


def test_a_table_of_the_recorded_answers_earns_nothing(scores: Scores, sheets: list[Sheet]) -> None:
    sheet = next(one for one in sheets if one.exercise.name == "double")
    rows = zip(sheet.cases, sheet.expected, sheet.hidden, strict=True)
    table = [(case.inputs["x"].tolist(), want.tolist()) for case, want, hidden in rows if not hidden]
    cheat = f"""TABLE = {table!r}
def double(x):
    for given, wanted in TABLE:
        if np.array_equal(given, x):
            return np.array(wanted)
    return x
"""
    assert scores(tiny.submission({"double": cheat}))["double"] == 0.0
    assert scores(tiny.submission({"double": cheat.replace("    return x\n", "    return 2 * x\n")}))["double"] == 4.0


def test_a_function_that_is_right_for_some_inputs_earns_those_cases(scores: Scores) -> None:
    partly = "def double(x):\n    return 2 * x if abs(x).max() < 100 else x"
    assert scores(tiny.submission({"double": partly}))["double"] == 3.0


def test_fresh_inputs_differ_from_the_recorded_ones(sheets: list[Sheet]) -> None:
    sheet = next(one for one in sheets if one.exercise.name == "double")
    assert sheet.cases[1].name == sheet.cases[5].name == "a vector"
    assert (sheet.cases[1].inputs["x"] != sheet.cases[5].inputs["x"]).all()
    assert sheet.hidden == (False,) * 4 + (True,) * 4


# Feedback must not carry fresh inputs to a student who hands in again.


def test_what_a_function_raises_or_warns_about_in_a_hidden_case_is_not_shown(
    judge: Callable[..., Judgement], sheets: list[Sheet]
) -> None:
    raising = "def double(x):\n    raise ValueError(repr(x))"
    warning = "import warnings\ndef shifted(x):\n    warnings.warn(repr(x))\n    return 2 * x + 1"
    named = "def ordered(x):\n    raise type('E' + str(abs(x[0]))[2:8], (Exception,), {})()"
    found = judge(tiny.submission({"double": raising, "shifted": warning, "ordered": named}))
    text = repr(found)
    for sheet in sheets:
        for case, hidden in zip(sheet.cases, sheet.hidden, strict=True):
            shown = str(abs(float(case.inputs["x"].flat[0])))[2:6]
            if sheet.exercise.name != "shifted" and case.name == "a vector":
                assert (shown in text) is not hidden, "public inputs may be shown, fresh ones not"


def test_what_was_seen_in_a_hidden_case_cannot_be_told_in_a_later_public_one(
    judge: Callable[..., Judgement], sheets: list[Sheet]
) -> None:
    spy = {
        "double": "SEEN = []\ndef double(x):\n    SEEN.append(repr(x))\n    return x",
        "shifted": "def shifted(x):\n    raise ValueError(SEEN[-1] + str(len(SEEN)))",
        "ordered": "def ordered(x):\n    raise ValueError(SEEN[-1] + str(len(SEEN)))",
    }
    found = judge(tiny.submission(spy))
    told = " ".join(result.message for verdict in found.verdicts for result in verdict.results)
    assert "4" in told, "the public ones are told"
    last = sheets[0].cases[-1].inputs["x"]
    assert not any(f"{abs(number):.5f}"[:7] in told for number in last)


SPELLING = {
    "the keys of a dict": "{repr(x): 1, 'b': 2}",
    "a shape": "np.zeros((0, int(str(abs(x.flat[0]))[2:6])))",
    "a tuple's length": "(1.0,) * int(str(abs(x.flat[0]))[2:6])",
    "a text": "repr(x)",
    "a type's name": "type('T' + str(abs(x.flat[0]))[2:6], (), {})()",
}


@pytest.mark.parametrize("value", SPELLING.values(), ids=SPELLING.keys())
def test_what_a_function_returns_cannot_spell_a_hidden_input_on_the_feedback_page(
    judge: Callable[..., Judgement], sheets: list[Sheet], value: str
) -> None:
    found = judge(tiny.submission({"double": f"def double(x):\n    return {value}"}))
    told = found.verdicts[0].message + " ".join(result.message for result in found.verdicts[0].results)
    public = value != "repr(x)"  # a text is never repeated, not even for public inputs
    for case, hidden in zip(sheets[0].cases, sheets[0].hidden, strict=True):
        if case.name == "a vector":
            assert (str(abs(float(case.inputs["x"][0])))[2:6] in told) is (public and not hidden)


def test_how_a_process_ends_cannot_spell_a_hidden_input(judge: Callable[..., Judgement], sheets: list[Sheet]) -> None:
    dying = (
        "import os\ndef ordered(x):\n    if len(SEEN) >= 4 or SEEN.append(0):\n"
        "        os._exit(int(abs(x[0]) * 1e4) % 97 + 100)\n"
        "    return np.sort(x)\nSEEN = []"
    )
    found = judge(tiny.submission({"ordered": dying}), oracle=False)
    status = [
        int(abs(case.inputs["x"][0]) * 1e4) % 97 + 100
        for case, hidden in zip(sheets[2].cases, sheets[2].hidden, strict=True)
        if hidden
    ]
    text = repr((found.verdicts, found.flags))
    assert "the process was lost" in text
    assert not any(f"exit status {one}" in text for one in status)
    public = judge(tiny.submission({"ordered": "import os\ndef ordered(x):\n    os._exit(7)"}), oracle=False)
    assert "exit status 7" in repr(public.verdicts), "the twin: for public inputs it is told"


def test_a_fresh_case_still_says_where_it_failed(judge: Callable[..., Judgement], sheets: list[Sheet]) -> None:
    public = next(case.inputs["x"] for case in sheets[2].cases)
    body = f"def ordered(x):\n    return np.sort(x) if abs(x[0] - {public[0]}) < 1e-9 or x.size > 5 else np.zeros(3)"
    verdict = judge(tiny.submission({"ordered": body})).verdicts[2]
    assert verdict.message.startswith("with fresh inputs, the shape is not the right one")
    assert verdict.score == 1.0
