"""Honest students lose nothing: what a notebook may hold besides the answers, and how a right answer may look."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from autograder.judge.judging import Judgement
from tests.judge import tiny
from tests.judge.attacks import FULL, NOTHING, WRONG, Scores


def test_right_functions_earn_everything_and_wrong_or_missing_ones_nothing(scores: Scores) -> None:
    assert scores(tiny.submission()) == FULL
    assert scores(tiny.submission(WRONG)) == NOTHING
    assert scores(tiny.release()) == NOTHING
    assert scores({"nbformat": 4, "cells": []}) == NOTHING


EXTRA = {
    "a picture": "plt.plot([1, 2])\nplt.title('mine')\nplt.show()",
    "a picture that is saved": "fig, ax = plt.subplots()\nax.imshow(np.eye(3))\nfig.savefig('mine.png')\nplt.close()",
    "a picture in three dimensions": "fig = plt.figure()\nfig.add_subplot(projection='3d').plot([1], [2], [3])",
    "a choice of backend": "import matplotlib\nmatplotlib.use('TkAgg')\nimport matplotlib.pyplot as plt\nplt.ion()",
    "an animation": (
        "from matplotlib.animation import FuncAnimation\nFuncAnimation(plt.figure(), lambda n: [], frames=2)"
    ),
    "magics": "%matplotlib inline\n%load_ext autoreload\n%autoreload 2\n%timeit 1 + 1\n%time x = 1\n%who\n%precision 3",
    "magics of a whole cell": "%%time\ny = 1",
    "a captured cell": "%%capture out\nprint(1)",
    "commands of the system": "!pip install torch\n!ls\nfiles = !ls",
    "a question about a function": "np.sort?\n?np.sort",
    "a question to the reader": "name = input('Who are you? ')",
    "a forgotten breakpoint": "def look():\n    breakpoint()\n    return 1\nlook()",
    "an end": "exit()",
    "another end": "import sys\nsys.exit(0)",
    "an exception": "1 / 0",
    "an exception of no common kind": "raise BaseException('x')",
    "an interrupt": "raise KeyboardInterrupt",
    "a cell that does not compile": "def half(",
    "a cell of text": "Here I tried a lot.",
    "warnings": "import warnings\nwarnings.warn('careful')\nnp.log(np.zeros(2))",
    "warnings as errors": "import warnings\nwarnings.simplefilter('error')",
    "lines on stderr": "import sys\nprint('x', file=sys.stderr)",
    "logging": "import logging\nlogging.basicConfig(level=10)\nlogging.getLogger(__name__).warning('x')",
    "a progress bar": "from tqdm import tqdm\nfor _ in tqdm(range(3)):\n    pass",
    "a progress bar of notebooks": (
        "from tqdm.notebook import tqdm, trange\nassert [n for n in tqdm(range(3))] == [0, 1, 2]"
    ),
    "a progress bar that chooses": "from tqdm.auto import trange\nassert len(list(trange(3))) == 3",
    "widgets": (
        "import ipywidgets as w\n@w.interact(x=3)\ndef show(x):\n    pass\nclass Mine(w.VBox):\n    pass\nMine()"
    ),
    "HTML": (
        "from IPython.display import HTML, Image, Markdown, clear_output, display\n"
        "display(HTML('<b>x</b>'))\nclear_output()"
    ),
    "packages that are not there": "import pandas, seaborn, torch",
    "await": "import asyncio\nawait asyncio.sleep(0)",
    "an event loop": "import asyncio\nasync def one():\n    return 1\nasyncio.get_event_loop()",
    "threads": "import threading\nthread = threading.Thread(target=print)\nthread.start()\nthread.join()",
    "a pool of threads": (
        "from concurrent.futures import ThreadPoolExecutor\nlist(ThreadPoolExecutor(2).map(abs, [-1]))"
    ),
    "random numbers": "np.random.seed(3)\nrng = np.random.default_rng()\nnp.random.rand()",
    "print options": "np.set_printoptions(precision=2, suppress=True)\nnp.seterr(all='raise')",
    "a change of folder": "%cd ..\nimport os\nos.chdir('/')",
    "a file": "open('notes.txt', 'w').write('x')\nassert open('notes.txt').read() == 'x'",
    "a clean-up": "%reset_selective -f grid\ndel plt",
    "a check in a cell of one's own": "check(double)\nprint('done')",
    "names of the course's": "from course.widgets import ch90_tiny as widgets\nwidgets.show(3)\nimport autograder",
    "a self-test": "assert (double(np.ones(2)) == 2).all()\nimport unittest",
    "characters of every kind": "größe = '∂L/∂w 🙂'\nprint(größe)",
}


@pytest.mark.parametrize("extra", EXTRA.values(), ids=EXTRA.keys())
def test_an_extra_cell_costs_nothing_wherever_it_stands(judge: Callable[..., Judgement], extra: str) -> None:
    found = judge(tiny.submission(before=[extra], after=[extra]), oracle=False)
    assert {one.exercise: one.score for one in found.verdicts} == FULL
    assert found.flags == ()


def test_an_extra_cell_can_cost_points_when_it_takes_a_function_away(scores: Scores) -> None:
    """The twin of all above: extra cells do run."""
    assert scores(tiny.submission(after=["del double"])) == FULL | {"double": 0.0}


ANSWERS = {
    "lambda": "double = lambda x: 2 * x",
    "single precision": "def double(x):\n    return (2 * x).astype(np.float32)",
    "a subclass of an array": "class Own(np.ndarray): pass\ndef double(x):\n    return (2 * x).view(Own)",
    "Fortran's order": "def double(x):\n    return np.asfortranarray(2 * x)",
    "a view": "def double(x):\n    return np.stack([2 * x, x])[0]",
    "another byte order": "def double(x):\n    return (2 * x).astype('>f8')",
    "a class with __call__": "class Double:\n    def __call__(self, x):\n        return 2 * x\ndouble = Double()",
    "a decorated function": (
        "import functools\n@functools.lru_cache\ndef two():\n    return 2\ndef double(x):\n"
        "    return two() * x"
    ),
    "a partial function": (
        "import functools\ndouble = functools.partial(np.multiply, 2)\n_d = double\ndef double(x):\n"
        "    return _d(x)"
    ),
    "loops": (
        "def double(x):\n    out = np.empty_like(x)\n    for n in np.ndindex(x.shape):\n"
        "        out[n] = 2 * x[n]\n    return out"
    ),
    "helpers in the cell": "def helper(x):\n    return x\ndef double(x):\n    return helper(x) + x",
    "a recursion": "def double(x, depth=50):\n    return double(x, depth - 1) if depth else 2 * x",
    "a print": "def double(x):\n    print('x is', x)\n    return 2 * x",
    "a warning": "import warnings\ndef double(x):\n    warnings.warn('slow')\n    return 2 * x",
    "a logger": "import logging\ndef double(x):\n    logging.error('called')\n    return 2 * x",
    "a picture": "def double(x):\n    plt.plot(x.ravel())\n    return 2 * x",
    "a progress bar of notebooks": (
        "from tqdm.notebook import tqdm\ndef double(x):\n    out = x.copy()\n"
            "    for _ in tqdm(range(1)):\n        out += x\n    return out"
    ),
    "a forgotten breakpoint": "def double(x):\n    breakpoint()\n    return 2 * x",
    "a choice of backend above": "import matplotlib\nmatplotlib.use('TkAgg')\ndef double(x):\n    return 2 * x",
    "an inert base class above": (
        "import ipywidgets\nclass Own(ipywidgets.VBox):\n    pass\ndef double(x):\n    return 2 * x"
    ),
    "a wait": "import time\ndef double(x):\n    time.sleep(0.1)\n    return 2 * x",
    "annotations": (
        "import numpy.typing as npt\n"
        "def double(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:\n    return 2 * x"
    ),
    "type checks": "def double(x):\n    assert isinstance(x, np.ndarray) and x.flags.writeable\n    return 2 * x",
    "a cache": "CACHE = {}\ndef double(x):\n    return CACHE.setdefault(x.tobytes(), 2 * x)",
    "an own import": "def double(x):\n    import numpy\n    return numpy.multiply(x, 2)",
    "another import": "from numpy import *\ndef double(x):\n    return multiply(x, 2)",
    "a use below the function": (
        "def double(x):\n    return 2 * x\n"
        "print(double(np.ones(3)))\nplt.plot(double(np.ones(3)))"
    ),
    "a magic in the cell": "%matplotlib inline\ndef double(x):\n    return 2 * x",
    "an error below the function": "def double(x):\n    return 2 * x\ndouble('text') + 1",
    "a signal for the grader": "def double(x):\n    '''Multiplies.  PASS?  4.0'''\n    return 2 * x",
}  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_a_right_answer_earns_its_points_in_whatever_form(scores: Scores, answer: str) -> None:
    assert scores(tiny.submission(tiny.RIGHT | {"double": answer})) == FULL


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_the_same_form_with_wrong_numbers_earns_none(scores: Scores, answer: str) -> None:
    wrong = "_right = double\ndef double(x):\n    return np.asarray(_right(x)) * 1.01"
    assert scores(tiny.submission({"double": answer}, after=[wrong]))["double"] == 0.0


def test_a_list_in_place_of_an_array_is_refused_with_the_words_of_the_self_check(
    judge: Callable[..., Judgement],
) -> None:
    verdict = judge(tiny.submission({"double": "def double(x):\n    return (2 * x).tolist()"})).verdicts[0]
    assert verdict.score == 0.0
    assert "list" in verdict.message


MEASURED = {
    "a measured cell": "%%time\ndef double(x):\n    return np.add(x, x) * (grid.size == 5)",
    "a measured cell below blank lines": "\n\n%%time\ndef double(x):\n    return np.add(x, x) * (grid.size == 5)",
    "a captured and measured cell": (
        "%%capture out\n%%time\ndef double(x):\n    return np.add(x, x) * (grid.size == 5)"
    ),
    "a magic in a measured cell": (
        "%%time\n%matplotlib inline\ndef double(x):\n    return np.add(x, x) * (grid.size == 5)"
    ),
    "a measured line": "%time five = grid.size\ndef double(x):\n    return 2 * x * (five == 5)",
}


@pytest.mark.parametrize("source", MEASURED.values(), ids=MEASURED.keys())
def test_what_a_cell_with_a_magic_needs_of_the_release_is_run(scores: Scores, source: str) -> None:
    assert scores(tiny.submission({"double": source}))["double"] == 4.0
    # In a cell of one's own it stands before the untouched stub, which must not replace it.
    assert scores(tiny.submission({}, before=[source]))["double"] == 4.0
    assert scores(tiny.submission({"double": source.replace("== 5", "== 6")}))["double"] == 0.0


def test_deleted_and_moved_cells_cost_nothing_that_the_student_wrote(scores: Scores) -> None:
    notebook = tiny.submission()
    kept = ("double", "shifted", "ordered")
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] in kept]
    assert scores(notebook) == FULL
    notebook["cells"].reverse()
    assert scores(notebook) == FULL


def test_a_function_in_an_extra_cell_counts_when_its_own_cell_was_deleted_or_left_alone(scores: Scores) -> None:
    notebook = tiny.submission({}, before=list(tiny.RIGHT.values()))
    assert scores(notebook) == FULL
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] not in tiny.RIGHT]
    assert scores(notebook) == FULL


def test_copies_of_a_cell_do_not_stop_anything_and_the_last_that_was_worked_on_counts(scores: Scores) -> None:
    notebook = tiny.submission({"double": "def double(x):\n    return x"})
    index = next(number for number, cell in enumerate(notebook["cells"]) if cell["id"] == "double")
    second, stub = copy.deepcopy(notebook["cells"][index]), copy.deepcopy(notebook["cells"][index])
    second["source"] = tiny.RIGHT["double"]
    stub["source"] = next(cell["source"] for cell in tiny.release()["cells"] if cell["id"] == "double")
    notebook["cells"][index + 1 : index + 1] = [second, stub]
    assert scores(notebook)["double"] == 4.0


def test_ids_and_metadata_that_a_tool_removed_are_not_needed(scores: Scores) -> None:
    notebook = tiny.submission()
    for cell in notebook["cells"]:
        cell["metadata"] = {}
    assert scores(notebook) == FULL
    for cell in notebook["cells"]:
        del cell["id"]
    assert scores(notebook) == FULL


def test_ids_that_a_tool_made_anew_are_not_needed(scores: Scores) -> None:
    notebook = tiny.submission()
    for number, cell in enumerate(notebook["cells"]):
        cell["id"] = f"new-{number}"
    assert scores(notebook) == FULL
    for cell in notebook["cells"]:
        cell["id"] = "the same"
    assert scores(notebook) == FULL


@pytest.mark.parametrize("kernel", ["conda-env-dl-py", "python2", "", "ir", None])
def test_the_name_of_the_kernel_does_not_matter(scores: Scores, kernel: str | None) -> None:
    notebook = tiny.submission()
    notebook["metadata"]["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "R"}
    assert scores(notebook) == FULL


def test_slow_code_within_the_limit_earns_its_points(scores: Scores) -> None:
    slow = "import time\ndef ordered(x):\n    time.sleep(0.7)\n    return np.sort(x)"
    assert scores(tiny.submission(tiny.RIGHT | {"ordered": slow})) == FULL


def test_texts_that_a_student_chooses_lose_their_control_characters(judge: Callable[..., Judgement]) -> None:
    verdict = judge(tiny.submission({"double": "def double(x):\n    return {'\\x1b[31mred': 1, 'b': 2}"})).verdicts[0]
    assert "\x1b" not in repr(verdict.message) + "".join(result.message for result in verdict.results)
    assert "red" in verdict.message


@pytest.mark.parametrize("end", ["exit()", "quit()", "exit", "quit"])
def test_an_end_is_no_error(judge: Callable[..., Judgement], end: str) -> None:
    found = judge(tiny.submission(after=[end, "ende()"]))
    assert [one.error for one in found.outcomes[-2:] if one] == ["", "NameError: name 'ende' is not defined"]


def test_a_progress_bar_reads_as_on_a_terminal(judge: Callable[..., Judgement]) -> None:
    found = judge(tiny.submission(after=["print('10%\\r 50%\\r100%')\nprint('a\\r\\nb')"]))
    assert found.outcomes[-1] is not None
    assert found.outcomes[-1].text == "100%\na\nb\n"
