"""How long a widget takes from a moved control to a drawn frame.

    python -m benchmarks widget_frames              all
    python -m benchmarks.widget_frames gate_player  one of them

Opens every public widget of course.widgets.ch* as a static page in headless Chromium, and uses each control that it
has: sliders through their range, every choice, every switch, the presets, Play's steps, Step and Run of what runs, and
the places in the pictures that can be dragged or clicked.  Prints, in milliseconds:
    bake     the cell: all states computed and packed, once
    moves    how many times a control was used
    work     what the page computes for one frame: the event's handler and the drawing; median, and the slowest move of
             the slowest control, whose name stands at the end of the line
    frame    from the event to the end of the drawing, median: work and the wait for the screen's next frame,
             which at 60 frames a second alone is up to 16.7
    share    the median work as a share of those 16.7
and the block in kB after gzip.  Then a second table of the widgets that ask the kernel at every move, because only it
can run the student's function: the processor's time for an answer, without the way to the page and back.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, sync_playwright

import course.widgets
from benchmarks.check import model_answers
from course.widgets.kit import Explorer
from course.widgets.kit.bake import arguments
from course.widgets.kit.mechanism import plain, taken

# Counts the time that animation callbacks take; runs before the widget's own script.
CLOCK = """
const request = window.requestAnimationFrame.bind(window);
window.drawing = 0;
window.requestAnimationFrame = callback => request(now => {
    const start = performance.now();
    callback(now);
    window.drawing += performance.now() - start;
});
"""

MOVE = """async () => {
    const moves = [];
    const root = document.querySelector('.ck');
    let turn = 0;
    async function move(kind, name, act) {
        // a hand moves somewhere between two frames
        await new Promise(done => setTimeout(done, 20 + (turn++ * 7) % 16));
        window.drawing = 0;
        const start = performance.now();
        act();
        const handled = performance.now() - start;
        // registered after the widget's own callback, so it runs after the drawing
        await new Promise(done => requestAnimationFrame(done));
        moves.push([kind, name, handled + window.drawing, performance.now() - start]);
    }
    const tell = (node, type) => node.dispatchEvent(new Event(type, { bubbles: true }));
    const point = (node, type, place) => node.dispatchEvent(new PointerEvent(type, { ...place, pointerId: 1 }));
    for (const node of root.querySelectorAll('input[type=range]')) {
        const kind = node.closest('.ck-player') ? 'time' : node.closest('.ck-cells') ? 'cell' : 'slider';
        for (let k = 0; k < (kind === 'cell' ? 8 : 30); k++)
            await move(kind, node.name, () => {
                // always another state
                node.value = (+node.value + Math.max(1, Math.round(node.max / 30))) % (+node.max + 1);
                tell(node, 'input');
            });
    }
    for (const node of root.querySelectorAll('select'))
        for (let k = 0; k < 2 * node.options.length && node.options.length > 1; k++)
            await move('choice', node.name, () => {
                node.value = (+node.value + 1) % node.options.length;
                tell(node, 'change');
            });
    for (const node of root.querySelectorAll('input[type=checkbox]'))
        for (let k = 0; k < 6; k++)
            await move('switch', node.name, () => { node.checked = !node.checked; tell(node, 'change'); });
    for (const node of root.querySelectorAll('.ck-presets button'))
        await move('preset', node.textContent, () => node.click());
    for (const node of root.querySelectorAll('.ck-player:not(.ck-runner) button:not(.ck-play)'))
        for (let k = 0; k < 3; k++) await move('step', node.getAttribute('aria-label'), () => node.click());
    for (const canvas of root.querySelectorAll('canvas')) {
        if (!['grab', 'pointer'].includes(canvas.style.cursor)) continue;
        const kind = canvas.style.cursor === 'grab' ? 'drag' : 'click';
        canvas.setPointerCapture = () => {};
        canvas.hasPointerCapture = () => true;
        const box = canvas.getBoundingClientRect();
        for (let k = 0; k < 20; k++) {
            const place = { clientX: box.left + box.width * (0.1 + 0.04 * k), clientY: box.top + box.height * 0.5 };
            const type = kind === 'click' || !k ? 'pointerdown' : 'pointermove';
            await move(kind, 'the picture', () => point(canvas, type, place));
        }
        point(canvas, 'pointerup', { clientX: box.left + 9, clientY: box.top + 9 });
    }
    const run = root.querySelector('.ck-runner');
    if (run) {
        const [play, once] = run.querySelectorAll('button');
        for (let k = 0; k < 30; k++) await move('one step', 'Step', () => once.click());
        // Run works in the frames themselves: a frame's callback counts as a move
        play.click();
        for (let k = 0; k < 120; k++) {
            window.drawing = 0;
            const start = performance.now();
            await new Promise(done => requestAnimationFrame(done));
            moves.push(['run', 'Run', window.drawing, performance.now() - start]);
        }
        play.click();
    }
    return moves;
}"""

COUNTED = """() => {
    const count = selector => document.querySelectorAll('.ck ' + selector).length;
    return count('input') + [...document.querySelectorAll('.ck select')].filter(one => one.options.length > 1).length
        + count('.ck-presets button') + 2 * count('.ck-player:not(.ck-runner)') + 2 * count('.ck-runner');
}"""


def widgets() -> Iterator[tuple[str, Callable[..., Explorer]]]:
    """Every public function of every chapter's module, with its name."""
    for module in pkgutil.iter_modules(course.widgets.__path__):
        if module.name.startswith("ch"):
            chapter = importlib.import_module(f"course.widgets.{module.name}")
            for name in chapter.__all__:
                yield f"{module.name}.{name}", getattr(chapter, name)


NOT_EXERCISES = {"network", "encode", "sentence", "runs"}
"""Parameters that take something else than the answer to an exercise."""

Move = tuple[str, str, float, float]
"""The kind of the control, its name, work and frame in milliseconds."""


def measure(browser: Browser, explorer: Explorer, place: Path) -> tuple[list[Move], int]:
    """Every move of every control, and how many controls (steps back and on, Step and Run are two each) there are."""
    explorer.to_html(place)
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    page.emulate_media(reduced_motion="reduce")
    page.add_init_script(CLOCK)
    page.goto(place.as_uri())
    page.wait_for_selector(".ck canvas")
    page.wait_for_timeout(300)
    controls = page.evaluate(COUNTED)
    if page.query_selector(".ck-runner"):
        page.emulate_media(reduced_motion="no-preference")  # else Run jumps from stage to stage
    moves = [(kind, name, work, frame) for kind, name, work, frame in page.evaluate(MOVE)]
    page.close()
    return moves, controls


FRAME = 1000 / 60
"""Milliseconds between two frames of an ordinary screen."""


def main(names: tuple[str, ...] = ()) -> None:
    """One line a widget, a summary, and what the kernel takes."""
    heads = (
        f"{'widget':42}{'states':>9}{'bake':>7}{'kB':>7}{'moves':>7}{'work':>7}{'slowest':>9}{'frame':>7}{'share':>7}"
    )
    print(f"{heads}  slowest at")
    medians: dict[str, float] = {}
    slowest: dict[str, float] = {}
    kinds: Counter[str] = Counter()
    used = known = 0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, build in widgets():
            if not wanted(name, names):
                continue
            start = time.perf_counter()
            explorer = build()
            bake = 1000 * (time.perf_counter() - start)
            states = 1
            for axis in explorer.spec["axes"]:
                states *= len(axis["texts"])
            moves, controls = measure(browser, explorer, Path(folder) / "widget.html")
            touched = {(kind, place) for kind, place, *_ in moves if kind not in ("drag", "click")}
            used, known = used + len(touched), known + controls
            kinds.update({kind for kind, *_ in moves})
            work = [one for _, _, one, _ in moves]
            worst = max(moves, key=lambda move: move[2])
            medians[name], slowest[name] = statistics.median(work), max(work)
            count = f"{states:9.0e}" if states >= 1e7 else f"{states:9d}"
            print(
                f"{name:42}{count}{bake:7.0f}{explorer.baked.gzipped / 1000:7.1f}{len(moves):7d}{medians[name]:7.1f}"
                f"{max(work):9.1f}{statistics.median(frame for *_, frame in moves):7.1f}{medians[name] / FRAME:7.0%}"
                f"  {worst[0]} {worst[1]}",
                flush=True,
            )
        browser.close()
    most = max(medians, key=lambda name: medians[name])
    print(f"\n{len(medians)} widgets, {used} of {known} controls used; widgets with each kind of control:")
    print("  " + ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()))
    print(f"slowest widget: {most}, median work {medians[most]:.1f} ms")
    for what, numbers in (("median work", medians), ("every single move", slowest)):
        print(
            f"under one frame of {FRAME:.1f} ms, {what}: {sum(n < FRAME for n in numbers.values())} of {len(numbers)}"
        )
    kernel(names)


def kernel(names: tuple[str, ...] = ()) -> None:
    """One line for each widget that asks the kernel at every move, with the model answers for a student's."""
    print(f"\n{'asks the kernel':42}{'moves':>7}{'median':>8}{'slowest':>9}{'share':>7}")
    for name, build in widgets():
        if not wanted(name, names) or build()._mechanism is None:
            continue
        answers = model_answers(name.split(".")[0])
        given = [
            next(answers[known] for known in answers if known == one or known.endswith(f"_{one}"))
            for one in inspect.signature(build).parameters
            if one not in NOT_EXERCISES
        ]
        explorer = build(*given)
        if not explorer.spec["mechanism"]["own"]:
            continue
        times = list(asked(explorer))
        median = statistics.median(times)
        print(f"{name:42}{len(times):7d}{median:8.1f}{max(times):9.1f}{median / FRAME:7.0%}", flush=True)


def asked(explorer: Explorer) -> Iterator[float]:
    """Milliseconds of one question and its answer as JSON: each control in turn is moved to a place drawn at random."""
    machine, rng = explorer._mechanism, np.random.default_rng(0)
    assert machine is not None
    run = machine.run
    if run and run.own_when:
        explorer.set(**{run.own_when[0]: run.own_when[1]})
    base = list(explorer.index)
    question: dict[str, Any] = {"index": base}
    for place, axis in [*enumerate(explorer.spec["axes"])] * 6:
        if run and run.own_when and axis["name"] == run.own_when[0]:
            continue
        question["index"] = [*base[:place], int(rng.integers(len(axis["texts"]))), *base[place + 1 :]]
        controls = arguments(explorer._controls, question["index"])
        if run:
            question |= {"state": plain(taken(run.start, controls)), "steps": run.per_frame}
        start = time.process_time()
        json.dumps(machine.answer(explorer._model, controls, question))
        yield 1000 * (time.process_time() - start)


def wanted(name: str, names: tuple[str, ...]) -> bool:
    """Whether this widget is among the named ones, or none is named."""
    return not names or name.split(".")[1] in names


if __name__ == "__main__":
    main(tuple(sys.argv[1:]))
