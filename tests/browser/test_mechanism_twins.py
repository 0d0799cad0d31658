"""Every mechanism that runs in the page against its twin in NumPy: the same fields, the same words, the same steps."""

from __future__ import annotations

import importlib
import pkgutil
import re
from dataclasses import fields as fields_of

import numpy as np
import pytest

import course.widgets
from course.widgets.kit.explorer import HERE
from course.widgets.kit.mechanism import plain

pytestmark = pytest.mark.browser

STATES, STEPS = 30, 50
FIELDS = """([number, controls, steps]) => {
    const machine = window.machines[number];
    if (steps === null) machine.show(controls);
    else {
        let state = machine.start(controls);
        for (let k = 0; k < steps; k++) state = machine.step(state, controls);
        machine.show(state, controls);
    }
    const read = name => {
        try { return machine.texts(name); }
        catch { const { data, shape } = machine.numbers(name, []); return { data: Array.from(data), shape }; }
    };
    return Object.fromEntries(window.names[number].map(name => [name, read(name)]));
}"""


def found():
    """Each public widget that has a mechanism, by name."""
    widgets = {}
    for module in pkgutil.iter_modules(course.widgets.__path__):
        if module.name.startswith("ch"):
            chapter = importlib.import_module(f"course.widgets.{module.name}")
            for name in chapter.__all__:
                explorer = getattr(chapter, name)()
                if explorer.spec["mechanism"]:
                    widgets[f"{module.name}.{name}"] = explorer
    return widgets


WIDGETS = found()


@pytest.fixture(scope="module")
def page(browser):
    """A page with the front end's own compiler, and every widget's script in it."""
    source = (HERE / "explorer.js").read_text("utf-8")
    head, export = source.rstrip().rsplit("\n", 1)
    assert export == "export default { render };"
    opened = browser.new_page()
    opened.set_content(f"<script type='module'>{head}\nwindow.computed = computed; window.machines = {{}};</script>")
    opened.wait_for_function("window.machines")
    for name, explorer in WIDGETS.items():
        opened.evaluate(
            """([name, spec, block, names]) => {
                window.machines[name] = computed(spec, new DataView(Uint8Array.from(block).buffer));
                (window.names ||= {})[name] = names;
            }""",
            [name, explorer.spec, list(explorer.block), [field.name for field in fields_of(explorer.state)]],
        )
    yield opened
    opened.close()


def in_page(page, name, explorer, steps=None):
    """The fields as the page computes them."""
    return page.evaluate(FIELDS, [name, plain(explorer.values), steps])


def agree(shown, state, stages=STEPS + 1):
    """Raise where a field of the page is not that of the twin; of a stored walk the first 50 steps count.

    Later, a chaotic walk (a far too large rate) has made something large of the last bit.
    """
    for name, here in shown.items():
        there = getattr(state, name)
        if isinstance(here, list):
            wanted = [there] if isinstance(there, str) else list(there)
            assert here == [re.sub(r"-(?=[\d.])", "−", text) for text in wanted], name
            continue
        there = np.asarray(there, dtype=float)
        assert here["shape"] == list(there.shape), name
        got = np.array(here["data"], dtype=float).reshape(there.shape)
        if there.shape == (stages,):
            got, there = got[: STEPS + 1], there[: STEPS + 1]
        np.testing.assert_allclose(got, there, rtol=1e-9, atol=1e-9, err_msg=name)


def random_index(axes, rng):
    """Any state of the controls, not later than step 50."""
    lengths = [min(len(axis["texts"]), STEPS + 1) if axis["kind"] == "time" else len(axis["texts"]) for axis in axes]
    return [int(rng.integers(length)) for length in lengths]


STATELESS = [name for name, one in WIDGETS.items() if not one.spec["mechanism"]["run"]]
RUNNING = [name for name, one in WIDGETS.items() if one.spec["mechanism"]["run"]]


def test_there_are_mechanisms_of_both_kinds():
    assert len(STATELESS) >= 2
    assert len(RUNNING) >= 1


@pytest.mark.parametrize("name", STATELESS)
def test_the_page_computes_the_fields_of_the_twin(page, name):
    explorer = WIDGETS[name]
    axes, rng = explorer.spec["axes"], np.random.default_rng(0)
    stages = max([len(axis["texts"]) for axis in axes if axis["kind"] == "time"], default=STEPS + 1)
    for index in [one["index"] for one in explorer.spec["presets"]] + [random_index(axes, rng) for _ in range(STATES)]:
        explorer.index = index
        agree(in_page(page, name, explorer), explorer.state, stages)


@pytest.mark.parametrize("name", RUNNING)
def test_the_page_steps_as_the_twin_does(page, name):
    explorer = WIDGETS[name]
    for preset in explorer.spec["presets"]:
        explorer.index = preset["index"]
        agree(in_page(page, name, explorer, STEPS), explorer.after(STEPS))


def test_a_twin_that_differs_in_the_eighth_digit_would_be_noticed(page):
    name = STATELESS[0]
    explorer = WIDGETS[name]
    shown, state = in_page(page, name, explorer), explorer.state
    agree(shown, state)
    number = next(field for field, value in shown.items() if isinstance(value, dict) and any(value["data"]))
    shown[number]["data"] = [value * (1 + 1e-8) for value in shown[number]["data"]]
    with pytest.raises(AssertionError):
        agree(shown, state)


def test_a_sentence_that_differs_would_be_noticed(page):
    name = STATELESS[0]
    explorer = WIDGETS[name]
    shown = in_page(page, name, explorer) | {"says": ["Something else."]}
    with pytest.raises(AssertionError):
        agree(shown, explorer.state)
