// A deck: reveal.js walks, widgets come to life where they are shown, and what is too large becomes smaller.
const here = document.currentScript;
const [WIDE, HIGH] = [Number(here.dataset.width), Number(here.dataset.height)];
const FLOOR = 0.66; // 21 of 720 units: type below that is not read from the last row
const waiting = new Map();
window.courseBook = { traits: (name, told) => waiting.get(name).forEach((place) => (place.told = told)) };

const told = new URLSearchParams(location.search).get("theme");
const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
document.documentElement.dataset.theme = told === "dark" || told === "light" ? told : system;
const change = () => {
  const root = document.documentElement;
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
};

const printing = /print-pdf|view=print/i.test(location.search);
const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

function script(address) {
  return new Promise((done, failed) => {
    const element = document.createElement("script");
    element.src = address;
    element.onload = done;
    element.onerror = () => failed(new Error(`${address} cannot be read`));
    document.head.append(element);
  });
}

async function mount(place) {
  if (place.mounting) return place.mounting;
  place.mounting = (async () => {
    const name = place.dataset.widget;
    waiting.set(name, [...(waiting.get(name) || []), place]);
    if (!place.told) await script(`_static/widgets/${name}.js`);
    const data = document.createElement("script");
    data.type = "application/json";
    data.textContent = JSON.stringify(place.told);
    place.querySelector(".ck-static").append(data);
    await window.courseWidgets.mountAll(window.courseWidgets.render, place);
    place.dataset.moves = "";
  })();
  return place.mounting;
}

// The width, the number of columns, and the controls' place (above or beside) at which a widget's pictures and words are largest.
async function enlarge(place) {
  const inner = place.querySelector(".ck-static");
  const panels = Math.max(1, place.querySelectorAll(".ck-panel").length);
  const [wide, high] = [place.clientWidth, place.clientHeight];
  const set = ({ width, columns, beside, zoom = 1 }) => {
    place.dataset.columns = columns;
    place.toggleAttribute("data-beside", beside);
    place.style.setProperty("--wide", `${width}px`);
    place.style.setProperty("--zoom", zoom);
  };
  let best = { worth: 0 };
  for (const beside of [false, true]) {
    for (let columns = 1; columns <= Math.min(4, panels); columns++) {
      for (const width of [640, 760, 880, 1000, 1160, 1320]) {
        set({ width, columns, beside });
        await frame(); // the widget draws for its new width
        const zoom = Math.min(1.9, wide / width, high / inner.offsetHeight);
        const pictures = [...inner.querySelectorAll("canvas")].reduce((sum, one) => sum + one.offsetWidth * one.offsetHeight, 0);
        const worth = Math.sqrt(pictures) * zoom * Math.min(zoom, 1.25) ** 1.5;
        if (worth > best.worth * 1.02) best = { worth, zoom: Math.floor(zoom * 100) / 100, columns, width, beside };
      }
    }
  }
  set(best);
  await frame();
}

// Smaller type where a slide is too full; what still does not fit then is counted as an overflow by the tests.
function fit(slide) {
  const [content, inner] = [slide.querySelector(".content"), slide.querySelector(".fit")];
  if (!content || slide.classList.contains("picture")) return;
  const full = () => inner.scrollHeight > room() + 1 || inner.scrollWidth > content.clientWidth + 1;
  const room = () => (/title|section/.test(slide.className.split(" ")[0]) ? HIGH - 320 : content.clientHeight - 10);
  for (let size = 1; size >= FLOOR - 0.001; size -= 0.04) {
    inner.style.setProperty("--fit", size.toFixed(2));
    if (!full()) break;
  }
}

async function show(slide) {
  if (!slide) return;
  if (!slide.fitted) {
    slide.fitted = true;
    fit(slide);
    for (const place of slide.querySelectorAll(".book-widget")) {
      try {
        await mount(place);
        await enlarge(place);
      } catch (problem) {
        console.error(problem); // the picture stays
      }
    }
    slide.dataset.ready = "";
  }
}

Reveal.initialize({
  width: WIDE,
  height: HIGH,
  margin: 0,
  center: false,
  display: "flex",
  hash: true,
  navigationMode: "linear",
  controls: false,
  progress: true,
  slideNumber: "c/t",
  transition: "none",
  backgroundTransition: "none",
  pdfSeparateFragments: false,
  pdfMaxPagesPerSlide: 1,
  viewDistance: 2,
  plugins: [RevealNotes],
}).then(async () => {
  Reveal.addKeyBinding({ keyCode: 68, key: "D", description: "Light or dark" }, change);
  // a formula's font is asked for where it is first seen; what is measured needs it before
  await Promise.all([...document.fonts].map((font) => font.load()));
  if (printing) {
    for (const slide of Reveal.getSlides()) await show(slide);
    document.documentElement.dataset.printable = "";
    return;
  }
  Reveal.on("slidechanged", ({ currentSlide }) => show(currentSlide));
  await show(Reveal.getCurrentSlide());
});
