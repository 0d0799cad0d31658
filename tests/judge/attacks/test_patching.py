"""Patching: what runs beside the functions is changed so that wrong answers might look right."""

from __future__ import annotations

import pytest

from tests.judge import tiny
from tests.judge.attacks import FULL, NOTHING, WRONG, Scores

PATCHES = {
    "NumPy's comparisons": (
        "np.isclose = np.allclose = np.array_equal = np.array_equiv = lambda *a, **k: True\n"
        "np.testing.assert_allclose = np.testing.assert_array_equal = lambda *a, **k: None"
    ),
    "functions of builtins": (
        "import builtins\nbuiltins.print = lambda *a, **k: None\nbuiltins.round = lambda *a: 0\n"
        "builtins.input = lambda *a: 'yes'\nbuiltins.abs = lambda x: 0"
    ),
    "assert statements": (
        "import ast, builtins\nbuiltins.AssertionError = type('AssertionError', (Warning,), {})\n"
        "import unittest\nunittest.TestCase.assertEqual = lambda *a, **k: None"
    ),
    "the course's checker": (
        "import autograder, sys\nautograder.check = lambda *a: 'PASS'\ncheck = autograder.check\n"
        "sys.modules['autograder.judge'] = sys.modules['autograder.engine.compare'] = autograder"
    ),
    "the checker's own name": (
        "def check(function):\n    print('PASS  4 of 4 points: all cases pass')\n    return 4.0\ncheck(len)"
    ),
    "every object of the course in memory": (
        "import gc\nfor one in gc.get_objects():\n"
        "    module = getattr(one, '__module__', None)\n"
        "    if type(module) is str and module.startswith('autograder') and isinstance(one, type):\n"
        "        try: one.__eq__ = lambda self, other: True\n        except Exception: pass"
    ),
    "an import hook": (
        "import sys\nclass Hook:\n    def find_spec(self, name, path, target=None):\n"
        "        if name.startswith(('autograder', 'torch')):\n            import types\n"
        "            sys.modules[name] = types.SimpleNamespace(check=lambda *a: 4.0)\n        return None\n"
        "sys.meta_path.insert(0, Hook())\nsys.path_hooks.insert(0, lambda path: Hook())\n"
        "try:\n    import autograder.secret\nexcept Exception:\n    pass"
    ),
    "an AST transformer": (
        "import ast\nclass Rewrite(ast.NodeTransformer):\n"
        "    def visit_Assert(self, node): return ast.Pass()\n"
        "    def visit_Raise(self, node): return ast.Pass()\n"
        "get_ipython().ast_transformers.append(Rewrite())"
    ),
    "an input transformer": (
        "get_ipython().input_transformers_cleanup.append(\n"
        "    lambda lines: ['pass\\n' if line.startswith('check(') else line for line in lines])"
    ),
    "events of the shell": (
        "ip = get_ipython()\nip.events.register('pre_run_cell', lambda *a: None)\n"
        "ip.events.register('post_run_cell', lambda result: setattr(result, 'error_in_exec', None))"
    ),
    "traces and profiles": (
        "import sys, threading\nsys.setprofile(lambda *a: None)\nsys.settrace(lambda *a: None)\n"
        "threading.settrace(print)"
    ),
    "signals and exit handlers": (
        "import atexit, signal\natexit.register(print, 'PASS')\nsignal.signal(signal.SIGTERM, lambda *a: None)"
    ),
    "what the display shows": (
        "import sys\nsys.displayhook = lambda value: print('PASS 4.0')\nsys.excepthook = lambda *a: None\n"
        "get_ipython().set_custom_exc((Exception,), lambda *a, **k: print('4.0'))"
    ),
}


@pytest.mark.parametrize("patch", PATCHES.values(), ids=PATCHES.keys())
def test_a_patch_wins_nothing_and_takes_nothing_from_right_functions(scores: Scores, patch: str) -> None:
    assert scores(tiny.submission(WRONG, before=[patch])) == NOTHING
    assert scores(tiny.submission(before=[patch])) == FULL


BREAKING = {
    "truth itself": (
        "import builtins\nbuiltins.all = builtins.any = lambda *a: True\nbuiltins.max = lambda *a, **k: 0"
    ),
    "types of builtins": "import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.type = lambda *a: float",
    "NumPy's array type": "class Yes:\n    def __eq__(self, other): return True\nnp.ndarray = Yes",
    "the packing of answers": (
        "import gc, types\nfor one in gc.get_objects():\n"
        "    if isinstance(one, types.FunctionType) and one.__module__ in ('autograder.engine.answer',\n"
        "            'autograder.engine.tree', 'autograder.judge.conversation', 'autograder.judge.protocol'):\n"
        "        one.__code__ = (lambda *a, **k: True).__code__"
    ),
    "json": "import json\njson.dumps = lambda *a, **k: '{\"score\": 4}'\njson.loads = lambda *a, **k: {}",
    "a thread that patches on": (
        "import threading, time\ndef patch():\n    while True:\n        np.array_equal = lambda *a, **k: True\n"
        "        np.asarray = lambda *a, **k: 0\n        time.sleep(0.001)\n"
        "threading.Thread(target=patch, daemon=True).start()"
    ),
}


@pytest.mark.parametrize("patch", BREAKING.values(), ids=BREAKING.keys())
def test_a_patch_that_breaks_the_process_wins_nothing_and_stops_nobody(scores: Scores, patch: str) -> None:
    assert scores(tiny.submission(WRONG, before=[patch])) == NOTHING
    assert scores(tiny.submission()) == FULL


LIARS = {
    "equal to everything": "class Liar:\n    def __eq__(self, other): return True\n    __hash__ = None",
    "an array on request": "class Liar:\n    def __array__(self, *a, **k): return np.zeros(4)",
    "a buffer on request": (
        "class Liar:\n"
        "    __array_interface__ = {'shape': (4,), 'typestr': '<f8', 'data': (0, False)}"
    ),
    "a function of every NumPy function": (
        "class Liar:\n    def __array_ufunc__(self, *a, **k): return True\n"
        "    def __array_function__(self, *a, **k): return True"
    ),
    "a subclass that lies": (
        "class Liar(np.ndarray):\n    def __new__(cls): return np.zeros(4).view(cls)\n"
        "    def __eq__(self, other): return True\n    def __sub__(self, other): return np.zeros(4)"
    ),
    "an object array": "Liar = lambda: np.array([object()] * 4, dtype=object)",
    "a dict that lies": "class Liar(dict):\n    def __eq__(self, other): return True",
    "a list that lies": "class Liar(list):\n    def __len__(self): return 4\n    def __getitem__(self, i): return 0.0",
    "a float that lies": "class Liar(float):\n    def __eq__(self, other): return True",
    "a pickle with a payload": (
        "class Liar:\n    def __reduce__(self): return eval, ('4.0',)\n"
            "    def __reduce_ex__(self, n): return eval, ('4.0',)"
    ),
    "a class that lies about its class": (
        "class Liar:\n    __class__ = np.ndarray\n"
        "    dtype = np.dtype(float)\n    shape = (4,)"
    ),
    "an attribute for everything": (
        "class Liar:\n    def __getattr__(self, name): return self\n"
        "    def __call__(self, *a): return self"
    ),
    "a generator": "Liar = lambda: (value for value in range(4))",
    "a function": "Liar = lambda: np.add",
    "a structured array": "Liar = lambda: np.zeros(4, dtype=[('a', float)])",
    "a masked array": "Liar = lambda: np.ma.masked_all(4)",
    "not a number": "Liar = lambda: np.full(4, np.nan)",
    "infinite": "Liar = lambda: np.full(4, np.inf)",
    "complex": "Liar = lambda: np.zeros(4, dtype=complex)",
    "text": "Liar = lambda: 'all cases pass'",
    "nested without end": "def Liar():\n    out = []\n    out.append(out)\n    return out",
}  # fmt: skip


@pytest.mark.parametrize("liar", LIARS.values(), ids=LIARS.keys())
def test_a_lying_value_wins_nothing_and_its_class_does_no_harm(scores: Scores, liar: str) -> None:
    assert scores(tiny.submission({"double": f"{liar}\ndef double(x):\n    return Liar()"}))["double"] == 0.0
    assert scores(tiny.submission({"double": f"{liar}\ndef double(x):\n    return 2 * x"}))["double"] == 4.0


def test_a_thread_that_changes_an_array_after_the_return_wins_nothing(scores: Scores) -> None:
    late = (
        "import threading, time\ndef double(x):\n    out = np.zeros_like(x)\n"
        "    def later():\n        time.sleep(0.05)\n        out[...] = 2 * x\n"
        "    threading.Thread(target=later).start(){}\n    return out"
    )
    assert scores(tiny.submission({"double": late.format("")}))["double"] == 0.0
    assert scores(tiny.submission({"double": late.format("; time.sleep(0.2)")}))["double"] == 4.0
