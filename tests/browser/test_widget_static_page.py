"""The widget kit in a static page: every control by keyboard and by mouse, the sentence, themes, narrow screens."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

from course.widgets.kit import (
    Bars,
    Choice,
    Curve,
    Explorer,
    Grid,
    Heat,
    Images,
    Line,
    Mechanism,
    Paths,
    Point,
    Run,
    Slider,
    StudentFunction,
    Time,
)
from course.widgets.kit.tour import STEPS, all_panels

pytestmark = pytest.mark.browser

KEYS = {"kind": "ArrowDown", "at": "ArrowRight", "w.x": "ArrowLeft", "w.y": "ArrowUp", "bend": "Space", "step": "End"}
FRAME = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
LAST_BLUE = """() => {
    const { width, height } = document.querySelector(".ck canvas");
    const { data } = document.querySelector(".ck canvas").getContext("2d").getImageData(0, 0, width, height);
    let last = 0;
    for (let k = 0; k < width * height; k++)
        if (data[4 * k] < 60 && data[4 * k + 2] > 140 && data[4 * k + 3] > 200) last = Math.max(last, k % width);
    return last;
}"""
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Where the pages lie: the tour of all panels, a student's function that raises, a notice that changes."""
    place = tmp_path_factory.mktemp("pages")
    all_panels().to_html(place / "tour.html")
    failing().to_html(place / "failing.html")
    changing().to_html(place / "changing.html")
    (place / "ray.js").write_text(RAY)
    (place / "counter.js").write_text(COUNTER)
    for name, build in (("ray", ray), ("counter", counter)):
        build(place).to_html(place / f"{name}.html")
        with_kernel(build(place, own=True), place / f"{name}_with_kernel.html")
    return place


@dataclass(frozen=True)
class Shown:
    yours: np.ndarray
    reference: np.ndarray
    says: str


def failing():
    """A student's function that raises, over a reference that does not."""
    x = np.linspace(-3, 3, 61)

    def raises(values):
        raise ValueError("operands could not be <broadcast>")

    own = StudentFunction(raises, "tanh")
    yours = own(x, shape=x.shape)

    def model(gain: float) -> Shown:
        return Shown(yours, np.tanh(gain * x), f"The gain is {gain:.1f}.")

    marks = [Line(x, "reference", style="ghost", label="reference"), Line(x, "yours", label="yours")]
    return Explorer(model, [Curve(*marks, x=(-3, 3), y=(-1, 1))], notice=own, gain=Slider(0.5, 3, 6))


@dataclass(frozen=True)
class Warned:
    height: np.ndarray
    notice: str
    says: str


def changing():
    """A widget whose notice depends on its state."""

    def model(gain: int) -> Warned:
        notice = "A gain of 3 is too much." if gain == 3 else ""
        return Warned(np.array([gain]), notice, f"The gain is {gain}.")

    return Explorer(model, [Bars("height", limits=(0, 3))], gain=Slider(1, 3, 3))


class Opened:
    """A page with one widget, and what it asked for and complained of."""

    def __init__(self, browser, path, width=1000, ask=None, **options):
        self.context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        self.page = self.context.new_page()
        self.requests, self.errors = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self.errors.append(message.text))
        if ask:
            self.page.expose_function("ask", ask)
        self.page.goto(path.as_uri())
        self.page.wait_for_selector(".ck canvas")
        self.frame()

    def frame(self):
        """Wait until the page has drawn."""
        self.page.evaluate(FRAME)

    def control(self, name):
        """The native control of that name."""
        return self.page.locator(f"[name='{name}']")

    def index(self):
        """The state, as Python would read it."""
        return self.page.evaluate("document.querySelector('.ck-static').model.get('index')")

    def sentence(self):
        """The sentence that is shown."""
        return self.page.locator(".ck-says").inner_text()

    def spoken(self):
        """What the live region holds for a screen reader."""
        return self.page.locator("output").text_content()

    def picture(self):
        """All canvases, pixel by pixel."""
        self.frame()
        return self.page.evaluate("[...document.querySelectorAll('canvas')].map(c => c.toDataURL()).join()")


@pytest.fixture
def opened(browser, files):
    """opened(name, width, ...) opens a page; all are closed at the end."""
    pages = []

    def open_page(name="tour", width=1000, **options):
        options.setdefault("reduced_motion", "reduce")
        pages.append(Opened(browser, files / f"{name}.html", width, **options))
        return pages[-1]

    yield open_page
    for one in pages:
        one.context.close()


def test_the_page_asks_no_host_for_anything_and_complains_of_nothing(opened):
    tour = opened()
    for name, key in KEYS.items():
        tour.control(name).press(key)
    tour.picture()
    assert [url for url in tour.requests if not url.startswith(("file:", "data:", "blob:"))] == []
    assert tour.errors == []


class Quiet(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(b"here")

    def log_message(self, *args):
        pass


def test_the_browser_reaches_this_machine_and_no_other_host(browser):
    server = HTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=partial(server.serve_forever, 0.05), daemon=True).start()
    page = browser.new_page()
    ask = "url => fetch(url).then(answer => answer.text(), error => String(error))"
    try:
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        assert page.evaluate(ask, f"http://127.0.0.1:{server.server_port}/") == "here"
        assert "Failed to fetch" in page.evaluate(ask, "http://example.org/")
        assert "Failed to fetch" in page.evaluate(ask, "http://93.184.215.14/")
    finally:
        page.close()
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("name", KEYS)
def test_a_key_moves_each_control_its_sentence_and_its_picture(opened, name):
    tour = opened()
    index, sentence, picture = tour.index(), tour.sentence(), tour.picture()
    tour.control(name).press(KEYS[name])
    assert tour.index() != index
    assert tour.sentence() != sentence
    assert tour.picture() != picture
    assert tour.spoken() == tour.sentence()


@pytest.mark.parametrize("name", ["at", "w.x", "w.y", "step"])
def test_the_mouse_moves_each_slider(opened, name):
    tour = opened()
    index, sentence, picture = tour.index(), tour.sentence(), tour.picture()
    box = tour.control(name).bounding_box()
    tour.control(name).click(position={"x": 0.95 * box["width"], "y": box["height"] / 2})
    assert tour.index() != index
    assert tour.sentence() != sentence
    assert tour.picture() != picture


def test_the_mouse_moves_the_other_controls(opened):
    tour = opened()
    tour.control("kind").select_option(label="ReLU")
    assert "ReLU" in tour.sentence()
    tour.control("bend").click()
    assert "straight" in tour.sentence()
    tour.page.get_by_role("button", name="One step on").click()
    assert "after 1 of" in tour.sentence()
    tour.page.get_by_role("button", name="deep in the tail").click()
    assert "tanh at −5.0" in tour.sentence()


def test_a_curve_and_a_point_are_dragged_in_the_picture(opened):
    tour = opened()
    canvases = tour.page.locator("canvas")
    for place, name in ((0, "at"), (2, "w.x")):
        canvases.nth(place).scroll_into_view_if_needed()
        before = tour.control(name).input_value()
        box = canvases.nth(place).bounding_box()
        tour.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
        tour.page.mouse.down()
        tour.page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.6 * box["height"], steps=4)
        tour.page.mouse.up()
        assert tour.control(name).input_value() != before
        assert tour.spoken() == tour.sentence()


def test_a_click_on_a_word_sets_its_control(opened):
    tour = opened()
    tour.page.locator("canvas").nth(6).click(position={"x": 15, "y": 15})
    assert tour.control("at").input_value() == "0"


def test_the_live_region_waits_until_the_hand_lets_go(opened):
    tour = opened()
    before, spoken = tour.sentence(), tour.spoken()
    box = tour.control("at").bounding_box()
    tour.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tour.page.mouse.down()
    tour.page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2, steps=5)
    assert tour.sentence() != before
    assert tour.spoken() == spoken
    tour.page.mouse.up()
    assert tour.spoken() == tour.sentence()


def test_every_control_is_native_labelled_large_enough_and_keeps_its_keys_in_jupyterlab(opened):
    tour = opened()
    controls = tour.page.locator(".ck :is(input, select, button, summary)")
    assert controls.count() == 6 + 3 + 2 + 1
    for place in range(controls.count()):
        control = controls.nth(place)
        assert control.get_attribute("data-lm-suppress-shortcuts") == "true"
        assert control.bounding_box()["height"] >= 24
        assert control.evaluate("c => (c.labels && c.labels.length) || c.ariaLabel || c.textContent.trim()")
    assert tour.control("at").get_attribute("aria-valuetext") == "1.0"
    assert tour.control("step").get_attribute("aria-valuetext") == f"0 of {STEPS - 1}"


def test_keyboard_focus_is_visible(opened):
    tour = opened()
    tour.page.keyboard.press("Tab")
    assert tour.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_picture_is_one_image_named_by_its_sentence(opened):
    tour = opened()
    tour.control("at").press("ArrowLeft")
    image = tour.page.get_by_role("img")
    assert image.count() == 1
    assert image.get_attribute("aria-label") == tour.sentence()
    assert tour.page.locator("canvas:not([aria-hidden=true])").count() == 0


def test_the_numbers_say_what_the_picture_shows(opened):
    tour = opened()
    tour.page.locator("summary").click()
    tables = tour.page.locator(".ck-numbers")
    tables.locator("table").first.wait_for()
    assert "0.42" in tables.locator("table", has_text="Slope, multiplied").inner_text()
    tour.control("kind").select_option(label="ReLU")
    assert "0.42" not in tables.locator("table", has_text="Slope, multiplied").inner_text()


def test_it_never_plays_by_itself_and_space_plays_to_the_end(opened):
    tour = opened(reduced_motion="no-preference")
    tour.frame()
    assert tour.control("step").input_value() == "0"
    tour.control("step").press("Space")
    tour.page.wait_for_function("document.querySelector('[name=step]').value === '20'")
    tour.page.get_by_role("button", name="Play step").wait_for()
    assert "after 20 of 20" in tour.spoken()


def test_space_pauses(opened):
    tour = opened(reduced_motion="no-preference")
    tour.control("step").press("Space")
    tour.page.get_by_role("button", name="Pause step").wait_for()
    tour.control("step").press("Space")
    tour.page.get_by_role("button", name="Play step").wait_for()


def test_with_reduced_motion_play_jumps_from_stage_to_stage(opened):
    tour = opened(reduced_motion="reduce")
    tour.page.get_by_role("button", name="Play step").click()
    tour.page.wait_for_function("document.querySelector('[name=step]').value !== '0'")
    assert tour.control("step").input_value() == "4"


def test_comma_and_full_stop_step(opened):
    tour = opened()
    tour.control("step").press(".")
    tour.control("step").press(".")
    tour.control("step").press(",")
    assert tour.control("step").input_value() == "1"


@dataclass(frozen=True)
class Stairs:
    level: np.ndarray
    says: tuple[str, ...]


@pytest.mark.parametrize("points", [1, 2, 3])
def test_a_line_is_drawn_up_to_its_step_also_where_it_has_some_points_a_step(browser, tmp_path, points):
    x = np.arange(4.0 * points) / points
    line = Line(x, "level", until="step")
    shown = Stairs(np.ones(len(x)), tuple(f"Step {k}." for k in range(4)))
    view = [Curve(line, x=(0, 4), y=(0, 2))]
    Explorer(lambda: shown, view, step=Time(4, over=("says",))).to_html(tmp_path / "stairs.html")
    page = Opened(browser, tmp_path / "stairs.html")
    ends = []
    for _ in range(4):
        ends.append(page.page.evaluate(LAST_BLUE))
        page.control("step").press("ArrowRight")
        page.frame()
    page.context.close()
    wanted = [x[points * (k + 1) - 1] for k in range(4)]
    assert np.diff(ends) / (ends[3] - ends[0]) == pytest.approx(np.diff(wanted) / (wanted[3] - wanted[0]), abs=0.02)


@dataclass(frozen=True)
class Boxed:
    picture: np.ndarray
    maps: np.ndarray
    boxes: np.ndarray
    kinds: np.ndarray
    texts: tuple[str, ...]
    says: str


def boxed(weights: tuple[float, ...], spot: int) -> Boxed:
    """A picture with a firm and a dashed box; the third weight takes the dashed one away."""
    return Boxed(
        picture=np.arange(12.0).reshape(3, 4),
        maps=np.arange(48.0).reshape(4, 3, 4) % 12,
        boxes=np.array([[0.5, 0.5, 2.5, 2.5], [1.0, 1.0, 3.5, 2.5]]),
        kinds=np.array([0.0, np.nan if weights[2] < 0 else 1.0]),
        texts=("the best", "another"),
        says=f"The weights add up to {sum(weights):.1f}; the spot is {spot}.",
    )


@pytest.fixture(scope="module")
def table(browser, tmp_path_factory):
    """A page with a grid of sliders, a picture with boxes, and pictures and cells that are clicked on."""
    path = tmp_path_factory.mktemp("table") / "table.html"
    view = [
        Images("picture", limits=(0, 11), boxes="boxes", kinds="kinds", texts="texts", title="Boxes"),
        Heat("picture", limits=(0, 11), numbers=".0f", pick="spot"),
        Images("maps", limits=(0, 11), pick="spot", pick_from=6),
    ]
    weights = Grid(2, (1.0, -1.0, 0.0, 0.5), Slider(-1, 1, 5), label="kernel")
    Explorer(boxed, view, weights=weights, spot=Slider(0, 11, 12, start=0)).to_html(path)
    page = Opened(browser, path, reduced_motion="reduce")
    yield page
    page.context.close()


def test_the_sliders_of_a_grid_stand_in_a_table_and_each_is_named_by_its_place(table):
    group = table.page.get_by_role("group", name="kernel")
    boxes = [group.locator("input").nth(k).bounding_box() for k in range(4)]
    assert boxes[0]["y"] == boxes[1]["y"] < boxes[2]["y"] == boxes[3]["y"]
    assert boxes[0]["x"] == boxes[2]["x"] < boxes[1]["x"] == boxes[3]["x"]
    assert min(box["height"] for box in boxes) >= 24
    assert table.page.get_by_role("slider", name="kernel: row 2, column 1").get_attribute("name") == "weights.2"
    table.control("weights.0").press("ArrowLeft")
    assert "add up to 0.0" in table.sentence()


def test_the_boxes_over_a_picture_are_drawn_and_told_as_numbers(table):
    table.page.locator("summary").click()
    rows = table.page.locator(".ck-numbers table", has_text="Boxes: ")
    rows.first.wait_for()
    assert "firm" in rows.inner_text()
    assert "another" in rows.inner_text()
    canvas = "document.querySelector('canvas').toDataURL()"
    table.frame()
    before = table.page.evaluate(canvas)
    table.control("weights.2").press("Home")
    table.frame()
    assert "another" not in rows.inner_text()
    assert table.page.evaluate(canvas) != before
    assert table.errors == []


def test_a_click_on_a_cell_or_on_a_picture_sets_its_control(table):
    cells, maps = table.page.locator("canvas").nth(1), table.page.locator("canvas").nth(2)
    cells.click(position={"x": 100, "y": 60})  # cells are 64 wide and 44 high
    assert table.control("spot").input_value() == "5"
    wide = maps.bounding_box()["width"]
    maps.click(position={"x": 0.9 * wide, "y": 30})
    assert table.control("spot").input_value() == "9"
    maps.click(position={"x": wide - 1, "y": maps.bounding_box()["height"] - 1})  # beside the pictures
    assert table.control("spot").input_value() == "9"


def test_a_choice_glides_to_the_picture_that_a_jump_shows(opened):
    glide, jump = opened(reduced_motion="no-preference"), opened(reduced_motion="reduce")
    for tour in (glide, jump):
        tour.control("kind").select_option(label="ReLU")
    target = jump.picture()
    for _ in range(200):
        if glide.picture() == target:
            break
    assert glide.picture() == target


@pytest.mark.parametrize("name", ["tour", "failing"])
def test_a_narrow_page_does_not_scroll_sideways(opened, name):
    narrow = opened(name, width=390)
    narrow.page.locator("summary").click()
    narrow.frame()
    assert narrow.page.evaluate(OVERFLOW) == 0


def test_a_page_that_is_too_wide_would_be_noticed(opened):
    narrow = opened(width=390)
    narrow.page.evaluate("document.querySelector('.ck').style.minWidth = '400px'")
    assert narrow.page.evaluate(OVERFLOW) > 0


def test_panels_stand_side_by_side_when_there_is_room(opened):
    lefts = "[...document.querySelectorAll('.ck-panel')].slice(0, 2).map(p => p.getBoundingClientRect().left)"
    one, two = opened(width=760).page.evaluate(lefts)
    assert one < two
    one, two = opened(width=600).page.evaluate(lefts)
    assert one == two


def test_canvases_are_as_sharp_as_the_screen(opened):
    tour = opened(device_scale_factor=2)
    width, shown = tour.page.evaluate("(c => [c.width, c.clientWidth])(document.querySelector('canvas'))")
    assert width == 2 * shown


def ground(tour):
    """The mean brightness of the widget's ground, 0 to 255."""
    colour = tour.page.evaluate("getComputedStyle(document.querySelector('.ck')).backgroundColor")
    return np.mean([int(part) for part in colour.strip("rgba()").split(",")[:3]])


def test_the_ground_follows_the_system_and_then_the_page(opened):
    light, dark = opened(color_scheme="light"), opened(color_scheme="dark")
    assert ground(light) > 200
    assert ground(dark) < 60
    before = dark.picture()
    assert before != light.picture()
    dark.page.evaluate("document.documentElement.dataset.theme = 'light'")
    dark.frame()
    assert ground(dark) > 200
    assert dark.picture() != before
    light.page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    light.frame()
    assert ground(light) < 60


def test_a_function_that_raises_is_one_line_and_the_reference_stays(opened):
    broken = opened("failing")
    notice = broken.page.locator(".ck-notice")
    assert notice.inner_text() == "Your tanh raised ValueError: operands could not be <broadcast>."
    before = broken.picture()
    broken.control("gain").press("End")
    assert broken.picture() != before
    assert broken.errors == []


def test_a_notice_may_come_and_go_with_the_state(opened):
    changing = opened("changing")
    notice = changing.page.locator(".ck-notice")
    assert not notice.is_visible()
    changing.control("gain").press("End")
    assert notice.inner_text() == "A gain of 3 is too much."
    changing.control("gain").press("Home")
    assert not notice.is_visible()


def test_a_widget_without_trouble_shows_no_notice(opened):
    assert not opened().page.locator(".ck-notice").is_visible()


def test_without_scripts_the_poster_stays(browser, files):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((files / "tour.html").as_uri())
    poster = page.get_by_role("img")
    assert poster.is_visible()
    assert "tanh at 1.0" in poster.get_attribute("alt")
    context.close()


# ---- mechanisms: the page computes -----------------------------------------------------------------------------------

T = np.arange(5.0)
RAY = """
function fields({ end, kind }, { factors }) {
  const slope = (end[1] / end[0]) * factors.data[kind === "steep" ? 1 : 0];
  const y = [0, 1, 2, 3, 4].map((t) => slope * t);
  return { y, own: new Array(5).fill(NaN), slope, says: `The slope is ${written(slope, ".2f")}.` };
}
"""
COUNTER = """
function start({ first }) { return { value: first, history: Float64Array.of(NaN) }; }
function step({ value, history }, { by }) { return { value: value + by, history }; }
function fields({ value }, { by }) { return { height: [value], says: `At ${written(value, ".0f")}, by ${by}.` }; }
"""


@dataclass(frozen=True)
class Ray:
    y: np.ndarray
    own: np.ndarray
    slope: float
    says: str


@dataclass(frozen=True)
class Count:
    height: np.ndarray
    says: str


def ray(place, own=False):
    """A ray to a dragged point; the student's own has half its slope."""

    def model(end: tuple[float, float], kind: str) -> Ray:
        slope = end[1] / end[0] * (2 if kind == "steep" else 1)
        y = slope * T
        if not own:
            return Ray(y, np.full(5, np.nan), slope, f"The slope is {slope:.2f}.")
        return Ray(y, y / 2, slope, f"The slope is {slope:.2f}, yours {slope / 2:.2f}.")

    return Explorer(
        model,
        [
            Paths(Line(T, "y", style="ghost"), Line(T, "own"), x=(0, 4), y=(0, 4), drag="end"),
            Curve(Line(T, "y"), x=(0, 4), y=(0, 8)),
        ],
        end=Point(Slider(1, 4, 4, start=2, label="x"), Slider(0, 4, 5, start=2, label="y")),
        kind=Choice("flat", "steep"),
        mechanism=Mechanism([place / "ray.js"], {"factors": np.array([1.0, 2.0])}, own=("own", "says") if own else ()),
    )


def counter(place, own=False):
    """A count that runs; the student's own counts in tens."""

    def start(first: int) -> dict:
        return {"value": first, "history": []}

    def step(state: dict, by: float) -> dict:
        return state | {"value": state["value"] + by}

    def tens(state: dict) -> dict:
        assert np.isnan(np.asarray(state["history"], dtype=float)).all()
        if state["value"] >= 100:
            raise OverflowError("too far")
        return state | {"value": state["value"] + 10}

    def model(state: dict, by: float) -> Count:
        return Count(np.array([state["value"]]), f"At {state['value']:.0f}, by {by}.")

    run = Run(start, step, restart=("first",), per_frame=2, own=tens if own else None, own_when=("way", "yours"))
    return Explorer(
        model,
        [Bars("height", limits=(0, 1000))],
        first=Slider(0, 4, 5, start=1),
        by=Slider(1, 3, 3, start=1),
        way=Choice("page", "yours"),
        presets={"from 3": {"first": 3}},
        mechanism=Mechanism([place / "counter.js"], run=run),
    )


def with_kernel(explorer, path):
    """The page of an explorer whose model can send, as in a notebook: window.ask is the kernel."""
    quiet = explorer.to_html()
    line = """
      const listeners = [];
      place.model.send = (content) => window.ask(content).then((answer) => listeners.forEach((one) => one(answer)));
      const on = place.model.on;
      place.model.on = (name, one) => (name === "msg:custom" ? listeners.push(one) : on(name, one));
    """
    text = quiet.replace("place.model = standIn(traits);", "place.model = standIn(traits);" + line)
    assert text != quiet
    path.write_text(text)


class Kernel:
    """Answers what a page asks, with the explorer's own Python; `silent` keeps the answers back."""

    def __init__(self, explorer):
        self.explorer, self.questions, self.answers = explorer, [], []
        explorer.send = lambda answer: self.answers.append(answer)

    def __call__(self, question):
        self.questions.append(question)
        self.explorer._handle_custom_msg(question, [])
        return self.answers[-1]


@pytest.fixture
def asking(browser, files):
    """asking(name) opens the page of an explorer with a student's function and a kernel: (page, kernel)."""
    pages = []

    def open_page(name, **options):
        kernel = Kernel({"ray": ray, "counter": counter}[name](files, own=True))
        options.setdefault("reduced_motion", "reduce")
        pages.append(Opened(browser, files / f"{name}_with_kernel.html", ask=kernel, **options))
        return pages[-1], kernel

    yield open_page
    for one in pages:
        one.context.close()


def count(page):
    """How many steps a run says that it has made."""
    return int(page.page.locator(".ck-count").inner_text().split()[0])


def button(page, name):
    """A button by its words."""
    return page.page.get_by_role("button", name=name, exact=True)


def test_the_page_computes_where_its_controls_are(opened):
    page = opened("ray")
    before = page.picture()
    assert page.sentence() == "The slope is 1.00."
    page.control("end.x").press("End")
    assert page.sentence() == page.spoken() == "The slope is 0.50."
    assert page.picture() != before
    page.control("kind").select_option(label="steep")
    assert page.sentence() == "The slope is 1.00."
    assert page.index() == [3, 2, 1]
    assert page.errors == []


def test_a_dragged_point_computes_at_every_move(opened):
    page = opened("ray")
    box = page.page.locator("canvas").first.bounding_box()
    page.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"], steps=4)
    assert page.sentence() != "The slope is 1.00."
    page.page.mouse.up()
    assert page.spoken() == page.sentence()


def test_the_numbers_of_a_mechanism_can_be_read(opened):
    page = opened("ray")
    page.page.locator("summary").click()
    page.control("kind").select_option(label="steep")
    assert "8" in page.page.locator(".ck-numbers table").last.inner_text()


def test_a_page_without_a_kernel_says_whose_function_it_shows(opened, files, tmp_path, browser):
    assert not opened("ray").page.locator(".ck-notice").is_visible()
    ray(files, own=True).to_html(files / "own.html")
    assert "the course's own function here, not yours" in opened("own").page.locator(".ck-notice").inner_text()


def test_the_kernel_s_fields_take_the_place_of_the_script_s(asking):
    page, kernel = asking("ray")
    page.page.get_by_text("yours 0.50").first.wait_for()
    alone = page.picture()
    page.control("kind").select_option(label="steep")
    page.page.get_by_text("The slope is 2.00, yours 1.00.").first.wait_for()
    assert page.picture() != alone
    assert page.spoken() == page.sentence()
    assert page.page.locator(".ck-notice").is_hidden()
    assert [question["index"] for question in kernel.questions] == [[1, 2, 0], [1, 2, 1]]
    assert page.errors == []


MANUAL = """() => {
    window.asked = [];
    window.ask = question => new Promise(done => { window.asked.push([question, done]); });
}"""
ANSWER = """([number, says]) => {
    const [question, done] = window.asked[number];
    done({ id: question.id, found: { own: [0, 0, 0, 0, 0], says }, trouble: "" });
}"""


def test_one_question_is_on_its_way_and_of_the_others_only_the_last_is_asked(asking):
    page, _ = asking("ray")
    page.page.get_by_text("yours 0.50").first.wait_for()
    page.page.evaluate(MANUAL)
    for key in ("ArrowRight", "ArrowRight", "Home", "End"):
        page.control("end.x").press(key)
    assert page.page.evaluate("window.asked.length") == 1
    page.page.evaluate(ANSWER, [0, "First."])
    page.page.wait_for_function("window.asked.length === 2")
    assert page.page.evaluate("window.asked[1][0].index") == [3, 2, 0]
    page.page.evaluate(ANSWER, [1, "Last."])
    page.page.get_by_text("Last.").first.wait_for()
    page.frame()
    assert page.page.evaluate("window.asked.length") == 2


def test_a_kernel_that_does_not_answer_is_told_until_it_does(asking):
    page, _ = asking("ray")
    page.page.get_by_text("yours 0.50").first.wait_for()
    page.page.evaluate(MANUAL)
    page.control("end.x").press("End")
    page.page.get_by_text("Your function has not answered yet").wait_for()
    page.page.evaluate(ANSWER, [0, "At last."])
    page.page.get_by_text("At last.").first.wait_for()
    assert page.page.locator(".ck-notice").is_hidden()


def test_a_run_never_begins_by_itself_and_pauses_and_goes_on(opened):
    page = opened("counter", reduced_motion="no-preference")
    page.frame()
    assert count(page) == 0
    button(page, "▶ Run").click()
    page.page.wait_for_function("parseInt(document.querySelector('.ck-count').textContent) > 10")
    button(page, "❚❚ Pause").click()
    stopped = count(page)
    page.frame()
    assert count(page) == stopped
    assert stopped % 2 == 0
    assert page.sentence() == page.spoken() == f"At {1 + stopped}, by 1."
    assert page.errors == []


def test_step_and_reset_and_a_control_that_begins_anew(opened):
    page = opened("counter")
    for _ in range(3):
        button(page, "Step").click()
    assert page.sentence() == page.spoken() == "At 4, by 1."
    page.control("by").press("End")
    assert page.sentence() == "At 4, by 3."
    button(page, "Step").click()
    assert page.sentence() == "At 7, by 3."
    page.control("first").press("Home")
    assert (page.sentence(), count(page)) == ("At 0, by 3.", 0)
    button(page, "Step").click()
    button(page, "Reset").click()
    assert (page.sentence(), count(page)) == ("At 0, by 3.", 0)
    button(page, "from 3").click()
    assert page.sentence() == "At 3, by 1."


def test_space_runs_and_pauses_and_a_full_stop_steps_from_any_slider(opened):
    page = opened("counter")
    page.control("by").press(".")
    assert count(page) == 1
    page.control("by").press("Space")
    button(page, "❚❚ Pause").wait_for()
    page.control("first").press("Space")
    button(page, "▶ Run").wait_for()
    button(page, "Step").press("Space")  # a button keeps its own use of the key
    assert page.page.get_by_role("button", name="❚❚ Pause").count() == 0


def test_with_reduced_motion_a_run_jumps_from_stage_to_stage(opened):
    page = opened("counter", reduced_motion="reduce")
    button(page, "▶ Run").click()
    assert count(page) == 60
    page.frame()
    assert count(page) == 60


def test_every_button_of_a_run_is_large_enough_and_keeps_its_keys_in_jupyterlab(opened):
    buttons = opened("counter").page.locator(".ck-runner button")
    assert buttons.count() == 3
    for place in range(3):
        assert buttons.nth(place).get_attribute("data-lm-suppress-shortcuts") == "true"
        assert buttons.nth(place).bounding_box()["height"] >= 24


def test_the_kernel_steps_where_it_is_told_to_and_the_page_elsewhere(asking):
    page, kernel = asking("counter")
    button(page, "Step").click()
    assert page.sentence() == "At 2, by 1."
    page.control("way").select_option(label="yours")
    button(page, "Step").click()
    page.page.get_by_text("At 12, by 1.").first.wait_for()
    assert count(page) == 2
    (question,) = kernel.questions
    assert question["state"] == {"value": 2, "history": [None]}
    assert question["steps"] == 1
    page.control("way").select_option(label="page")
    button(page, "Step").click()
    assert page.sentence() == "At 13, by 1."


def test_a_step_of_the_student_s_that_raises_is_one_line_and_the_run_pauses(asking):
    page, _ = asking("counter")
    page.control("way").select_option(label="yours")
    button(page, "▶ Run").click()
    page.page.get_by_text("Your function raised OverflowError: too far.").wait_for()
    button(page, "▶ Run").wait_for()
    assert page.sentence() == "At 1, by 1."
    assert page.errors == []


def test_an_answer_that_comes_after_a_reset_is_dropped(asking):
    page, _ = asking("counter")
    page.control("way").select_option(label="yours")
    page.page.evaluate(MANUAL)
    button(page, "Step").click()
    button(page, "Reset").click()
    page.page.evaluate(
        "([question, done]) => done({ id: question.id, found: { value: 99 } })", page.page.evaluate_handle("asked[0]")
    )
    page.frame()
    assert (page.sentence(), count(page)) == ("At 1, by 1.", 0)


@pytest.mark.parametrize("name", ["ray", "counter"])
def test_a_narrow_page_of_a_mechanism_does_not_scroll_sideways(opened, name):
    narrow = opened(name, width=390)
    narrow.page.locator("summary").click()
    narrow.frame()
    assert narrow.page.evaluate(OVERFLOW) == 0
