// Draws an Explorer: native controls, canvases, one sentence. Every number, tick, colour table and format comes from
// Python; states were computed there too, so moving a control only picks another place in one block of bytes.

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif";
const TWEEN = 280; // milliseconds between two choices: long enough to see what moved, too short to wait for
const ARRAYS = { u1: Uint8Array, i1: Int8Array, u2: Uint16Array, i2: Int16Array, i4: Int32Array, f4: Float32Array };
const SHAPES = ["disc", "square", "triangle", "diamond"];
const CLASSES = ["blue", "vermilion", "green", "purple"];

// ways of writing that many panels share
const CENTER = { align: "center" };
const NAME = { size: 13, colour: "ink" };
const BOLD = { size: 13, weight: 600, halo: true };
const rule = (value) => (value === 0 ? { colour: "muted", alpha: 0.6 } : { colour: "faint" });

const missing = Number.isNaN;
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
const range = (count, make) => Array.from({ length: count }, (_, k) => make(k));

// ---- reading the block -------------------------------------------------------------------------------------------

function reader(fields, view) {
  const bytes = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  function raw(name, index) {
    const field = fields[name];
    const first = field.strides.reduce((sum, stride, axis) => sum + stride * index[axis], 0);
    const size = field.shape.reduce((a, b) => a * b, 1);
    const Kind = ARRAYS[field.type];
    return new Kind(bytes, field.at + first * Kind.BYTES_PER_ELEMENT, size);
  }
  return {
    numbers(name, index) {
      const { shape, step, low, type } = fields[name];
      let data = raw(name, index);
      if (step) data = Float32Array.from(data, (code) => (code === 65535 ? NaN : low + code * step));
      return { data, shape, smooth: type === "f4" || step !== undefined };
    },
    // a text is a pattern with slots, and the words for its slots
    texts(name, index) {
      const { shape, words } = fields[name];
      const codes = raw(name, index);
      const size = shape[shape.length - 1];
      const texts = [];
      for (let at = 0; at < codes.length; at += size) {
        const pieces = words[codes[at]].split("\u0001");
        texts.push(pieces.map((piece, k) => (k ? words[codes[at + k]].replace(/-/g, "−") : "") + piece).join(""));
      }
      return texts;
    },
  };
}

// The same for fields that the page computes: constants and data come from the block, the rest from a script, which
// knows nothing of the page; see mechanism.py.
function computed(spec, view) {
  const { script, run, data } = spec.mechanism;
  const stored = reader(spec.fields, view);
  const bytes = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  const size = (shape) => shape.reduce((a, b) => a * b, 1);
  const revived = (value) => {
    if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
    if (!("float64" in value)) return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, revived(one)]));
    return { data: new Float64Array(bytes, value.float64, size(value.shape)), shape: value.shape };
  };
  const told = revived(data);
  const make = new Function("written", `"use strict";\n${script}\nreturn { ${run ? "start, step, " : ""}fields };`);
  const { start, step, fields } = make(written);
  let [shown, answer] = [{}, {}];
  const flat = (value) => {
    if (value === null || typeof value === "number") return { data: [value ?? NaN], shape: [] };
    if (value.shape) return value;
    const inner = Array.isArray(value[0]) ? [value[0].length] : [];
    return { data: Float64Array.from(value.flat(), (one) => one ?? NaN), shape: [value.length, ...inner] };
  };
  return {
    start: (controls) => start(controls, told),
    step: (state, controls) => step(state, controls, told),
    show(...from) { shown = { ...fields(...from, told), ...answer }; }, // (controls), or (state, controls)
    // the kernel's fields stay until its next answer: they come a little late, and do not flicker
    answer(found) { Object.assign(shown, (answer = found)); },
    numbers: (name, index) => (name[0] === "#" ? stored.numbers(name, []) : flat(shown[name])),
    texts: (name) => [shown[name]].flat().map((text) => text.replace(/-(?=[\d.])/g, "−")),
  };
}

const ALONE = "Without a running notebook you see the course's own function here, not yours.";
const SILENT = "Your function has not answered yet: the notebook's kernel is busy, or has stopped.";

// Asks the kernel for the student's part of a mechanism: one question at a time, and of those that wait only the last.
function kernelLine(model, tell) {
  const view = Math.random().toString(36).slice(2); // a second view of the same widget hears these answers too
  let [count, flying, waiting, timer] = [0, null, null, 0];
  const next = () => {
    [flying, waiting] = [waiting, null];
    if (!flying) return;
    flying.id = `${view} ${(count += 1)}`;
    timer = setTimeout(tell, 3000, SILENT);
    try {
      model.send({ id: flying.id, ...flying.question });
    } catch {
      tell(SILENT); // the kernel is gone, and its line with it
    }
  };
  const hear = ({ id, found, trouble }) => {
    if (!flying || id !== flying.id) return;
    clearTimeout(timer);
    const { then } = flying;
    flying = null;
    tell(trouble);
    then(found);
    if (!flying) next();
  };
  model.on("msg:custom", hear);
  return {
    ask(question, then) {
      waiting = { question: listed(question), then };
      if (!flying) next();
    },
    forget() {
      clearTimeout(timer);
      flying = waiting = null;
    },
    close() {
      this.forget();
      model.off("msg:custom", hear);
    },
  };
}

// what JSON can carry, and what comes back: it has neither typed arrays nor NaN
const listed = (value) => JSON.parse(JSON.stringify(value, (_, one) => (ArrayBuffer.isView(one) ? Array.from(one) : one)));
function unlisted(value) {
  if (value === null) return NaN;
  if (Array.isArray(value)) return value.map(unlisted);
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, unlisted(one)]));
}

// A number written by a Python format: "d", ",d", ".2f", "+.2f", ".0%", ".3g", ".1e".
function written(value, format) {
  if (missing(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const [, plus, comma, digits, kind] = /^(\+?)(,?)(?:\.(\d+))?([dfge%]?)$/.exec(format) || [, "", "", "4", "g"];
  const places = digits === undefined ? (kind === "d" ? 0 : 6) : +digits;
  let text;
  if (kind === "e") text = value.toExponential(places);
  else if (kind === "%") text = (100 * value).toFixed(places) + "%";
  else if (kind === "g" || kind === "") text = general(value, places || 1);
  else text = value.toFixed(places);
  if (/^-[0.]*%?$/.test(text)) text = text.slice(1); // no minus zero
  if (comma) text = text.replace(/^(-?\d+)/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));
  return (plus && value > 0 ? "+" : "") + text.replace(/-/g, "−");
}

function general(value, digits) {
  const text = value.toPrecision(digits);
  return text.includes("e") ? text.replace(/\.?0+e/, "e") : text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

// ---- pen: the few strokes that all panels share ------------------------------------------------------------------

function readColours(root) {
  const style = getComputedStyle(root);
  const colours = {};
  const read = (name) => style.getPropertyValue("--ck-" + name).trim();
  for (const name of ["ground", "ink", "muted", "faint", "ghost", ...CLASSES]) colours[name] = read(name);
  // words need more contrast than lines
  for (const name of CLASSES) colours[name + " words"] = read(name + "-words");
  colours["ghost words"] = colours.muted;
  return colours;
}

class Pen {
  constructor(context, width, height, colours, tables) {
    Object.assign(this, { context, width, height, colours, tables });
  }
  path(points, { colour = "ink", width = 1, dash = [], alpha = 1, close = false, fill = false } = {}) {
    const c = this.context;
    c.globalAlpha = alpha;
    c.beginPath();
    let open = false;
    for (const [x, y] of points) {
      if (missing(x + y)) { open = false; continue; } // a gap, not a bridge
      if (open) c.lineTo(x, y);
      else c.moveTo(x, y);
      open = true;
    }
    if (close) c.closePath();
    if (fill) {
      c.fillStyle = this.colours[colour] || colour;
      c.fill();
    } else {
      c.strokeStyle = this.colours[colour] || colour;
      c.lineWidth = width;
      c.lineJoin = c.lineCap = dash.length ? "butt" : "round";
      c.lineJoin = "round";
      c.setLineDash(dash);
      c.stroke();
      c.setLineDash([]);
    }
    c.globalAlpha = 1;
  }
  line(x0, y0, x1, y1, style) {
    this.path([[x0, y0], [x1, y1]], style);
  }
  box(x, y, width, height, { colour = "ink", alpha = 1, round = 0, line = 0, dash = [] } = {}) {
    const c = this.context;
    c.globalAlpha = alpha;
    c.beginPath();
    if (round) c.roundRect(x, y, width, height, round);
    else c.rect(x, y, width, height);
    if (line) {
      c.lineWidth = line;
      c.setLineDash(dash);
      c.strokeStyle = this.colours[colour] || colour;
      c.stroke();
      c.setLineDash([]);
    } else {
      c.fillStyle = this.colours[colour] || colour;
      c.fill();
    }
    c.globalAlpha = 1;
  }
  font(size, weight) {
    this.context.font = `${weight} ${size}px ${FONT}`;
  }
  measure(text, size = 12, weight = 400) {
    this.font(size, weight);
    return this.context.measureText(text).width;
  }
  // halo: a rim in the ground's colour, so that words stay readable over lines
  text(text, x, y, { align = "left", base = "middle", colour = "muted", size = 12, weight = 400, halo = false } = {}) {
    const c = this.context;
    this.font(size, weight);
    c.textAlign = align;
    c.textBaseline = base;
    if (halo) {
      c.strokeStyle = this.colours.ground;
      c.lineWidth = 4;
      c.lineJoin = "round";
      c.strokeText(text, x, y);
    }
    c.fillStyle = this.colours[colour + " words"] || this.colours[colour] || colour;
    c.fillText(text, x, y);
  }
  dot(x, y, radius, { colour = "blue", shape = "disc", hollow = false, alpha = 1 } = {}) {
    const c = this.context;
    const r = radius;
    const corners = (places) => { for (const [dx, dy] of places) c.lineTo(x + dx * r, y + dy * r); c.closePath(); };
    c.globalAlpha = alpha;
    c.beginPath();
    if (shape === "square") c.rect(x - 0.88 * r, y - 0.88 * r, 1.76 * r, 1.76 * r);
    else if (shape === "triangle") corners([[0, -1.2], [1.1, 0.8], [-1.1, 0.8]]);
    else if (shape === "diamond") corners([[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]]);
    else c.arc(x, y, r, 0, 7);
    c.fillStyle = hollow ? this.colours.ground : this.colours[colour] || colour;
    c.strokeStyle = hollow ? this.colours[colour] || colour : this.colours.ground;
    c.lineWidth = 2;
    c.fill();
    c.stroke();
    c.globalAlpha = 1;
  }
  arrow(x0, y0, x1, y1, { colour = "vermilion", width = 2.5 } = {}) {
    const length = Math.hypot(x1 - x0, y1 - y0);
    if (!(length > 1)) return;
    const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
    const head = Math.min(length, 4 + 3 * width);
    const [bx, by] = [x1 - ux * head, y1 - uy * head];
    this.path([[x0, y0], [bx, by]], { colour, width });
    const side = 0.45 * head;
    const wings = [[bx - uy * side, by + ux * side], [bx + uy * side, by - ux * side]];
    this.path([[x1, y1], ...wings], { colour, close: true, fill: true });
  }
  within({ left, top, width, height }, draw) {
    this.context.save();
    this.context.beginPath();
    this.context.rect(left - 2, top - 2, width + 4, height + 4);
    this.context.clip();
    draw();
    this.context.restore();
  }
  // the colour of a value, and whether words on it are dark or light
  shade(value, [low, high], kind = "field") {
    const name = low < 0 && high > 0 ? "signed" : kind;
    const table = this.tables[this.dark && name !== "field" ? name + " dark" : name];
    return table[Math.round(clamp((value - low) / (high - low), 0, 1) * (table.length - 1))];
  }
}

const RGB = {}; // of the few hundred colours of the tables
const rgb = (hex) => (RGB[hex] ||= [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));

// words on a colour: black or white, whichever stands out more; the contrast is never below 4.58
function onTop(hex) {
  const [r, g, b] = rgb(hex).map((part) => (part > 10 ? ((part / 255 + 0.055) / 1.055) ** 2.4 : part / 3295));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}

// ---- a plane with axes: Curve and Paths --------------------------------------------------------------------------

function scale([low, high], from, to, kind) {
  const by = kind === "log" ? (value) => Math.log10(Math.max(value, 1e-300)) : (value) => value;
  const [a, b] = [by(low), by(high)];
  const forward = (value) => from + ((by(value) - a) / (b - a)) * (to - from);
  forward.back = (pixel) => {
    const value = a + ((pixel - from) / (to - from)) * (b - a);
    return kind === "log" ? 10 ** value : value;
  };
  return forward;
}

function lineLabelRoom(pen, panel) {
  const lines = panel.marks.filter((mark) => mark.kind === "Line" && mark.label);
  return Math.max(0, ...lines.map((mark) => pen.measure(mark.label, 13, 600) + 12));
}

const tickRoom = (pen, panel) => 10 + Math.max(...panel.y_ticks.text.map((text) => pen.measure(text)));

function plane(pen, panel, equal) {
  const shown = panel.axes !== false;
  const left = shown ? Math.max(equal ? 0 : pen.left, tickRoom(pen, panel)) : 6;
  const bottom = shown ? (panel.x_name ? 44 : panel.x_ticks.at.length ? 26 : 8) : 6;
  const top = panel.y_name ? 26 : 10;
  const right = Math.max(equal ? 10 : pen.right, lineLabelRoom(pen, panel));
  let [width, height] = [pen.width - left - right, pen.height - top - bottom];
  let start = left;
  if (equal) {
    const unit = Math.min(width / (panel.x[1] - panel.x[0]), height / (panel.y[1] - panel.y[0]));
    const wanted = unit * (panel.x[1] - panel.x[0]);
    start += (width - wanted) / 2;
    width = wanted;
    height = unit * (panel.y[1] - panel.y[0]);
  }
  const area = { left: start, top, width, height, right: start + width, bottom: top + height };
  area.x = scale(panel.x, area.left, area.right, panel.x_scale);
  area.y = scale(panel.y, area.bottom, area.top, panel.y_scale);
  area.holds = (x, y) => x >= area.left - 1 && x <= area.right + 1 && y >= area.top - 1 && y <= area.bottom + 1;
  return area;
}

function drawAxes(pen, panel, area) {
  const [x0, y0] = [Math.round(area.x(0)) + 0.5, Math.round(area.y(0)) + 0.5];
  if (panel.axes === false) {
    if (area.holds(area.left, y0)) pen.line(area.left, y0, area.right, y0, { colour: "faint" });
    if (area.holds(x0, area.top)) pen.line(x0, area.top, x0, area.bottom, { colour: "faint" });
    return;
  }
  const bare = panel.marks.every(({ kind }) => kind !== "Ramp" && kind !== "Field"); // a grid over colours only disturbs
  panel.y_ticks.at.forEach((value, k) => {
    const y = Math.round(area.y(value)) + 0.5;
    if (bare || value === 0) pen.line(area.left, y, area.right, y, rule(value));
    pen.text(panel.y_ticks.text[k], area.left - 8, y, { align: "right" });
  });
  panel.x_ticks.at.forEach((value, k) => {
    const x = Math.round(area.x(value)) + 0.5;
    if (value === 0 && panel.x[0] < 0) pen.line(x, area.top, x, area.bottom, rule(value));
    else pen.line(x, area.bottom, x, area.bottom + 4, { colour: "faint" });
    pen.text(panel.x_ticks.text[k], x, area.bottom + 16, CENTER);
  });
  if (panel.x_name) pen.text(panel.x_name, area.left + area.width / 2, area.bottom + 34, CENTER);
  if (panel.y_name) pen.text(panel.y_name, Math.max(0, area.left - 30), 10);
}

// Rows of one mark's coordinates: sources may be single numbers beside arrays.
function zip(state, ...sources) {
  const arrays = sources.map((source) => state.numbers(source).data);
  const count = Math.max(...arrays.map((array) => array.length));
  return Array.from({ length: count }, (_, k) => arrays.map((array) => array[array.length === 1 ? 0 : k]));
}

const MARKS = {
  Ramp(mark, pen, area, state) {
    const [[sx, sy], [ex, ey]] = [state.numbers(mark.start).data, state.numbers(mark.end).data];
    const ramp = pen.context.createLinearGradient(area.x(sx), area.y(sy), area.x(ex), area.y(ey));
    const values = state.numbers(mark.values).data;
    const pale = mark.limits.map((limit) => 1.7 * limit); // points and arrows must stand out from it
    values.forEach((value, k) => ramp.addColorStop(k / (values.length - 1), pen.shade(value, pale)));
    pen.box(area.left, area.top, area.width, area.height, { colour: ramp });
  },
  Field(mark, pen, area, state) {
    const { data, shape } = state.numbers(mark.values);
    const [rows, columns] = shape;
    const signed = mark.limits[0] < 0 && mark.limits[1] > 0;
    const limits = mark.limits.map((limit) => (signed ? 1.7 : 1) * limit); // points must stand out from it
    const flat = flatImage(rows, columns, (r, c) => pen.shade(data[(rows - 1 - r) * columns + c], limits, "height"));
    pen.context.imageSmoothingEnabled = true;
    pen.context.drawImage(flat, area.left, area.top, area.width, area.height);
  },
  Band(mark, pen, area, state) {
    let widest = [0, 0];
    for (const [a, b] of zip(state, mark.x0, mark.x1)) {
      const from = Math.max(area.left, area.x(a));
      const to = Math.min(area.right, area.x(b));
      if (!(to > from)) continue;
      pen.box(from, area.top, to - from, area.height, { colour: mark.colour, alpha: 0.1 });
      if (to - from > widest[0]) widest = [to - from, (from + to) / 2];
    }
    if (mark.label && widest[0] > pen.measure(mark.label) + 8)
      pen.text(mark.label, widest[1], area.top + 10, { align: "center", colour: mark.colour });
  },
  Guide(mark, pen, area, state) {
    const upright = mark.x !== null;
    const look = { colour: mark.colour, dash: [4, 4], alpha: 0.55 };
    const words = { colour: mark.colour, halo: true };
    for (const value of state.numbers(upright ? mark.x : mark.y).data) {
      if (missing(value)) continue;
      if (upright) {
        const x = area.x(value);
        const late = x + pen.measure(mark.label) + 8 > area.right;
        pen.line(x, area.top, x, area.bottom, look);
        pen.text(mark.label, x + (late ? -6 : 6), area.top + 9, { ...words, align: late ? "right" : "left" });
      } else {
        const y = area.y(value);
        pen.line(area.left, y, area.right, y, look);
        pen.text(mark.label, area.right - 4, y - 9, { ...words, align: "right" });
      }
    }
  },
  Line(mark, pen, area, state, labels) {
    const [xs, ys] = [state.numbers(mark.x), state.numbers(mark.y)];
    const points = xs.shape[xs.shape.length - 1] || ys.shape[ys.shape.length - 1] || 1;
    const rows = Math.max(xs.data.length, ys.data.length) / points;
    const steps = mark.until ? state.axes[mark.until[0]].texts.length : 0;
    const until = steps ? (state.index[mark.until[0]] + 1) * (points % steps ? 1 : points / steps) : points;
    const ghost = mark.style === "ghost";
    const faint = ghost && mark.colour === "blue"; // the reference behind the student's line has a colour of its own
    const style = { colour: faint ? "ghost" : mark.colour, width: mark.width, alpha: ghost && !faint ? 0.5 : 1 };
    style.dash = mark.style === "solid" ? [] : [6, 5];
    for (let row = 0; row < rows; row++) {
      const at = (array, k) => array[array.length > points ? row * points + k : k];
      const line = [];
      let last = null;
      for (let k = 0; k < Math.min(until, points); k++) {
        const point = [area.x(at(xs.data, k)), area.y(at(ys.data, k))];
        line.push(point);
        if (area.holds(...point)) last = point;
      }
      pen.within(area, () => {
        if (mark.fill && line.length > 1) {
          const zero = clamp(area.y(0), area.top, area.bottom);
          const feet = [[line[line.length - 1][0], zero], [line[0][0], zero]];
          pen.path([...line, ...feet], { ...style, alpha: 0.12, fill: true });
        }
        pen.path(line, style);
      });
      if (mark.until && last) pen.dot(...last, 4.5, style); // the head of what has happened so far
      if (!mark.label || !last || row < rows - 1) continue;
      labels.push({ text: mark.label, x: last[0], y: last[1], colour: faint ? "muted" : mark.colour });
    }
  },
  Tangent(mark, pen, area, state) {
    for (const [x, y, slope] of zip(state, mark.x, mark.y, mark.slope)) {
      const ends = [x - mark.reach, x + mark.reach].map((to) => [area.x(to), area.y(y + slope * (to - x))]);
      pen.within(area, () => pen.path(ends, { colour: mark.colour, width: 2.5 }));
    }
  },
  Arrow(mark, pen, area, state) {
    for (const [x0, y0, x, y] of zip(state, mark.x0, mark.y0, mark.x, mark.y)) {
      pen.arrow(area.x(x0), area.y(y0), area.x(x), area.y(y), mark);
      if (mark.label && !missing(x + y)) besideTip(pen, area, mark, area.x(x0), area.y(y0), area.x(x), area.y(y));
    }
  },
  Dot(mark, pen, area, state) {
    const classes = mark.classes === null ? null : state.numbers(mark.classes).data;
    zip(state, mark.x, mark.y).forEach(([x, y], k) => {
      const [px, py] = [area.x(x), area.y(y)];
      if (!area.holds(px, py)) return;
      const kind = classes ? classes[k] % 4 : 0;
      const colour = classes ? CLASSES[kind] : mark.colour;
      pen.dot(px, py, mark.size, { colour, shape: SHAPES[kind], hollow: mark.hollow });
      if (!mark.label) return;
      const room = mark.size + 6;
      const late = px + room + pen.measure(mark.label, 13, 600) > area.right;
      const look = { ...BOLD, colour, align: late ? "right" : "left" };
      pen.text(mark.label, px + (late ? -room : room), py - room - 1, look);
    });
  },
  Label(mark, pen, area, state) {
    const words = mark.field ? state.texts(mark.field) : [mark.text];
    zip(state, mark.x, mark.y).forEach(([x, y], k) => {
      const look = { align: mark.align, colour: mark.colour, size: 13, halo: true };
      if (!missing(x + y)) pen.text(words[k % words.length], area.x(x), area.y(y), look);
    });
  },
};

function besideTip(pen, area, mark, x0, y0, x, y) {
  const length = Math.hypot(x - x0, y - y0) || 1;
  const [dx, dy] = [(x - x0) / length, (y - y0) / length];
  const half = pen.measure(mark.label, 13, 600) / 2;
  pen.text(mark.label, x + dx * (half + 8), y + dy * 16, { ...BOLD, ...CENTER, colour: mark.colour });
}

// Labels at line ends, pushed apart so that none covers another.
function drawLabels(pen, area, labels) {
  labels.sort((a, b) => a.y - b.y);
  labels.forEach((label, k) => { if (k) label.y = Math.max(label.y, labels[k - 1].y + 16); });
  const over = labels.length ? labels[labels.length - 1].y - area.bottom : 0;
  for (const { text, x, y, colour } of labels)
    pen.text(text, x + 9, over > 0 ? y - over : y, { ...BOLD, colour });
}

function drawHandle(pen, panel, area, state) {
  if (!panel.drag) return;
  const [x, y] = panel.drag.map((axis) => state.axes[axis].values[state.index[axis]]);
  if (panel.drag.length === 1) { // a grip on the x axis
    const [px, py] = [area.x(x), area.bottom];
    pen.path([[px, py - 2], [px + 6, py + 8], [px - 6, py + 8]], { colour: "ink", close: true, fill: true });
    return;
  }
  const [px, py] = [area.x(x), area.y(y)];
  if (panel.arrow) pen.arrow(area.x(0), area.y(0), px, py, { colour: "ink", width: 2.5 });
  pen.dot(px, py, 14, { colour: "ink", alpha: 0.12 });
  pen.dot(px, py, 7.5, { colour: "ink", hollow: true });
}

function drawPlane(pen, panel, state, equal) {
  const area = plane(pen, panel, equal);
  const labels = [];
  const ground = panel.marks.filter((mark) => ["Ramp", "Field", "Band"].includes(mark.kind));
  for (const mark of ground) MARKS[mark.kind](mark, pen, area, state, labels);
  drawAxes(pen, panel, area);
  for (const mark of panel.marks) if (!ground.includes(mark)) MARKS[mark.kind](mark, pen, area, state, labels);
  drawLabels(pen, area, labels);
  drawHandle(pen, panel, area, state);
  return area;
}

// ---- panels: each has a natural height for a width, and a drawing ------------------------------------------------

function names(state, source, count) {
  if (Array.isArray(source) && source.length) return source;
  if (typeof source === "string" && source) return state.texts(source);
  return Array.from({ length: count }, (_, k) => String(k + 1));
}

function drawBars(pen, panel, state) {
  const values = state.numbers(panel.values).data;
  const ghost = panel.ghost ? state.numbers(panel.ghost).data : null;
  const accent = panel.highlight ? state.numbers(panel.highlight).data[0] : NaN;
  const called = names(state, panel.names, values.length);
  const upright = panel.upright;
  const room = Math.max(...called.map((name) => pen.measure(name, 13)));
  const numberAt = (value) => (panel.numbers && !missing(value) ? written(value, panel.numbers) : "");
  const numbers = Array.from(values, numberAt);
  const numberRoom = Math.max(...numbers.map((text) => pen.measure(text, 12, 600)));
  const tickRoom = 10 + Math.max(...panel.ticks.text.map((t) => pen.measure(t)));
  const named = panel.value_name ? 20 : 0;
  const area = upright
    ? { left: tickRoom, right: pen.width - 6, top: 22 + named, bottom: pen.height - 26 }
    : { left: room + 14, right: pen.width - numberRoom - 14, top: 6, bottom: pen.height - 26 - named };
  const ends = upright ? [area.bottom, area.top] : [area.left, area.right];
  const at = scale(panel.limits, ...ends, panel.scale);
  const inside = (value) => clamp(value, ...panel.limits);
  const zero = at(panel.scale === "log" ? panel.limits[0] : inside(0));
  // a line over the whole panel at one value
  const level = (p, style) => {
    if (upright) pen.line(area.left, p, area.right, p, style);
    else pen.line(p, area.top, p, area.bottom, style);
  };
  panel.ticks.at.forEach((value, k) => {
    const p = Math.round(at(value)) + 0.5;
    level(p, { colour: "faint" });
    if (upright) pen.text(panel.ticks.text[k], area.left - 8, p, { align: "right" });
    else pen.text(panel.ticks.text[k], p, area.bottom + 14, CENTER);
  });
  if (panel.value_name && upright) pen.text(panel.value_name, 0, 10);
  if (panel.value_name && !upright) pen.text(panel.value_name, (area.left + area.right) / 2, area.bottom + 34, CENTER);
  const step = (upright ? area.right - area.left : area.bottom - area.top) / values.length;
  const thick = Math.min(step * 0.68, 46);
  const middle = (k) => (upright ? area.left : area.top) + (k + 0.5) * step;
  const bar = (k, value, style) => {
    if (missing(value)) return;
    const [low, high] = [zero, at(inside(value))].sort((a, b) => a - b);
    const [long, side] = [Math.max(high - low, 1), middle(k) - thick / 2];
    const look = { round: Math.min(3, (high - low) / 2), ...style };
    if (upright) pen.box(side, low, thick, long, look);
    else pen.box(low, side, long, thick, look);
  };
  values.forEach((value, k) => {
    bar(k, value, { colour: k === accent ? "vermilion" : panel.colour });
    if (ghost) bar(k, ghost[k], { colour: "muted", line: 1.5, dash: [4, 3] });
    const end = at(missing(value) ? panel.limits[0] : inside(value));
    const bold = { weight: k === accent ? 700 : 400, colour: k === accent ? "vermilion" : "ink" };
    if (upright) {
      const name = { ...bold, ...CENTER, size: room > step ? 11 : 13 };
      if (k !== accent) name.colour = "muted";
      const above = { ...bold, ...CENTER, halo: true };
      if (pen.measure(numbers[k], 12) + 4 < step) pen.text(numbers[k], middle(k), value < 0 ? end + 10 : end - 9, above);
      if (step > 12 || k % Math.ceil(14 / step) === 0) pen.text(called[k], middle(k), area.bottom + 14, name);
    } else {
      pen.text(numbers[k], Math.max(end, zero) + 6, middle(k), { ...bold, halo: true });
      pen.text(called[k], area.left - 10, middle(k), { ...bold, align: "right", size: 13 });
    }
  });
  level(Math.round(zero) + 0.5, rule(0));
}

function heatLayout(pen, panel, state) {
  const { shape } = state.numbers(panel.values);
  const [rows, columns] = shape.length === 2 ? shape : [1, shape[0]];
  const rowNames = panel.y ? panel.y_ticks.text : panel.rows.length ? names(state, panel.rows, rows) : [];
  const columnNames = panel.x ? panel.x_ticks.text : panel.columns.length ? names(state, panel.columns, columns) : [];
  const left = rowNames.length ? 12 + Math.max(...rowNames.map((name) => pen.measure(name, 13))) : 2;
  const named = Math.max(0, ...columnNames.map((name) => pen.measure(name, 13)));
  const places = Boolean(panel.x);
  const width = Math.min(pen.width - left - 4, places ? 420 : columns * 64);
  const cell = width / columns;
  const shapeOf = ({ x, y }) => (y[1] - y[0]) / (x[1] - x[0]);
  const cellHeight = places ? (width * shapeOf(panel)) / rows : Math.min(cell, 44);
  const slant = !places && named > cell - 4; // names that do not fit side by side stand upright
  const head = !places && columnNames.length ? (slant ? named + 8 : 24) : 0;
  const top = head + (panel.row_name || panel.column_name ? 22 : 2);
  const height = cellHeight * rows;
  const foot = (places ? 24 : 4) + (panel.numbers || panel.texts ? 0 : 32);
  const total = top + height + foot;
  return { rows, columns, rowNames, columnNames, left, top, width, height, cell, cellHeight, slant, places, total };
}

function drawHeat(pen, panel, state) {
  const lay = heatLayout(pen, panel, state);
  const { data } = state.numbers(panel.values);
  const { rows, columns, left, top, cell, cellHeight } = lay;
  const texts = panel.texts ? state.texts(panel.texts) : null;
  // numbers are easier to read on shades of one colour than on cividis
  const colourOf = (value) => pen.shade(value, panel.limits, texts || panel.numbers ? "weight" : "field");
  const gap = !lay.places && columns <= 24 ? 2 : 0;
  if (gap) {
    for (let k = 0; k < rows * columns; k++) {
      const [x, y] = [left + (k % columns) * cell + 1, top + Math.floor(k / columns) * cellHeight + 1];
      const empty = { colour: "faint", line: 1, round: 3 };
      if (!missing(data[k])) pen.box(x, y, cell - gap, cellHeight - gap, { colour: colourOf(data[k]), round: 3 });
      else if (!texts || texts[k]) pen.box(x + 0.5, y + 0.5, cell - gap - 1, cellHeight - gap - 1, empty);
    }
  } else {
    const flat = flatImage(rows, columns, (r, c) => colourOf(data[(lay.places ? rows - 1 - r : r) * columns + c]));
    pen.context.imageSmoothingEnabled = lay.places;
    pen.context.drawImage(flat, left, top, lay.width, lay.height);
  }
  const told = texts || (panel.numbers && Array.from(data, (value) => (missing(value) ? "" : written(value, panel.numbers))));
  // numbers that would run into one another say nothing: then the colours speak, and the table below
  if (texts || (told && Math.max(...told.map((text) => pen.measure(text, 9))) < cell))
    for (let k = 0; k < rows * columns; k++) {
      const text = told[k];
      const size = Math.min(14, Math.max(9, cell / (text.length * 0.62 + 0.8)));
      const colour = missing(data[k]) ? "muted" : onTop(colourOf(data[k]));
      const [x, y] = [left + ((k % columns) + 0.5) * cell, top + (Math.floor(k / columns) + 0.5) * cellHeight];
      pen.text(text, x, y, { ...CENTER, size, colour });
    }
  if (lay.places) {
    const [ax, ay] = [scale(panel.x, left, left + lay.width), scale(panel.y, top + lay.height, top)];
    panel.x_ticks.at.forEach((at, k) => pen.text(panel.x_ticks.text[k], ax(at), top + lay.height + 14, CENTER));
    panel.y_ticks.at.forEach((value, k) => pen.text(panel.y_ticks.text[k], left - 8, ay(value), { align: "right" }));
  } else {
    const right = { ...NAME, align: "right" };
    lay.rowNames.forEach((name, k) => pen.text(name, left - 8, top + (k + 0.5) * cellHeight, right));
    lay.columnNames.forEach((name, k) => {
      const x = left + (k + 0.5) * cell;
      if (!lay.slant) return pen.text(name, x, top - 12, { ...NAME, ...CENTER });
      pen.context.save();
      pen.context.translate(x, top - 8);
      pen.context.rotate(-Math.PI / 2);
      pen.text(name, 0, 0, NAME);
      pen.context.restore();
    });
  }
  if (panel.row_name) pen.text(panel.row_name + " ↓", 0, 10);
  if (panel.column_name) pen.text(panel.column_name + " →", left + lay.width, 10, { align: "right" });
  const boxes = (panel.boxes ? rowsOf(state.numbers(panel.boxes)) : []).filter((box) => !missing(box[0]));
  for (const [r, c, h, w] of boxes)
    pen.box(left + c * cell, top + r * cellHeight, w * cell, h * cellHeight, { line: panel.box_line, round: 4 });
  const foot = top + lay.height + (lay.places ? 30 : 10);
  if (!panel.numbers && !texts) colourScale(pen, panel.limits, left, foot, Math.min(160, lay.width));
}

function cellAt(pen, panel, state, x, y) {
  const { rows, columns, left, top, cell, cellHeight } = heatLayout(pen, panel, state);
  const [row, column] = [Math.floor((y - top) / cellHeight), Math.floor((x - left) / cell)];
  return row >= 0 && row < rows && column >= 0 && column < columns ? row * columns + column : -1;
}

function colourScale(pen, limits, x, y, width) {
  const ramp = pen.context.createLinearGradient(x, 0, x + width, 0);
  const [low, high] = limits;
  for (let k = 0; k <= 32; k++) ramp.addColorStop(k / 32, pen.shade(low + (k / 32) * (high - low), limits));
  pen.box(x, y, width, 6, { colour: ramp, round: 3 });
  pen.text(written(limits[0], ".3g"), x, y + 16);
  pen.text(written(limits[1], ".3g"), x + width, y + 16, { align: "right" });
}

function flatImage(rows, columns, colourAt) {
  const canvas = document.createElement("canvas");
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      image.data.set(rgb(colourAt(r, c)), 4 * (r * columns + c));
      image.data[4 * (r * columns + c) + 3] = 255;
    }
  context.putImageData(image, 0, 0);
  return canvas;
}

function rowsOf({ data, shape }) {
  const size = shape[shape.length - 1];
  return range(data.length / size, (k) => Array.from(data.slice(k * size, (k + 1) * size)));
}

function drawGraph(pen, panel, state) {
  const nodes = rowsOf(state.numbers(panel.nodes));
  const edges = rowsOf(state.numbers(panel.edges));
  const values = panel.values ? state.numbers(panel.values).data : null;
  const weights = panel.weights ? state.numbers(panel.weights).data : null;
  const inside = panel.texts ? state.texts(panel.texts) : [];
  const below = panel.names ? state.texts(panel.names) : [];
  const r = panel.radius;
  const across = 2 * r + 6;
  const x = (v) => across + v * (pen.width - 2 * across);
  const y = (v) => pen.height - across - v * (pen.height - 2 * across);
  edges.forEach(([from, to], k) => {
    if (missing(from + to)) return;
    const [a, b] = [nodes[Math.round(from)], nodes[Math.round(to)]]; // between two choices places glide, ends do not
    const ends = [[x(a[0]), y(a[1])], [x(b[0]), y(b[1])]];
    const style = { colour: "muted", width: 1, alpha: 0.6 };
    if (weights && !missing(weights[k])) {
      const strength = Math.min(1, Math.abs(weights[k]) / panel.weight_limits[1]);
      Object.assign(style, { width: 0.75 + 3 * strength, alpha: 0.25 + 0.65 * strength });
      style.colour = weights[k] < 0 ? "vermilion" : "blue";
      style.dash = weights[k] < 0 ? [5, 4] : []; // the sign has a second cue
    }
    if (!panel.arrows) return pen.path(ends, style);
    const [[x0, y0], [x1, y1]] = ends;
    const cut = (r + 3) / (Math.hypot(x1 - x0, y1 - y0) || 1); // the head stops at the node's rim
    pen.arrow(x0, y0, x1 + (x0 - x1) * cut, y1 + (y0 - y1) * cut, { colour: style.colour, width: 1.5 });
  });
  nodes.forEach(([nx, ny], k) => {
    if (missing(nx + ny)) return;
    const fill = values && !missing(values[k]) ? pen.shade(values[k], panel.limits) : pen.colours.ground;
    const c = pen.context;
    c.beginPath();
    c.arc(x(nx), y(ny), r, 0, 7);
    c.fillStyle = fill;
    c.strokeStyle = pen.colours.ink;
    c.lineWidth = 1.5;
    c.fill();
    c.stroke();
    const colour = values && !missing(values[k]) ? onTop(fill) : "ink";
    const size = inside[k] ? Math.min(13, (3.1 * r) / inside[k].length + 3) : 13;
    if (inside[k]) pen.text(inside[k], x(nx), y(ny) + 0.5, { ...CENTER, colour, size });
    if (below[k]) pen.text(below[k], x(nx), y(ny) + r + 11, { ...CENTER, halo: true });
  });
  if (panel.notes === null) return;
  const notes = state.texts(panel.note_texts);
  rowsOf(state.numbers(panel.notes)).forEach(([nx, ny], k) => {
    if (!missing(nx + ny) && notes[k]) pen.text(notes[k], x(nx), y(ny), { ...NAME, ...CENTER, halo: true });
  });
}

function tokenLayout(pen, panel, state) {
  const words = Array.isArray(panel.words) ? panel.words : state.texts(panel.words);
  let [x, y] = [0, 0];
  const tall = panel.numbers ? 52 : 38;
  const places = words.map((word) => {
    const width = Math.max(pen.measure(word, 16) + 18, 34);
    if (x + width > pen.width) [x, y] = [0, y + tall + 6];
    const place = { word, x, y, width, height: 36 };
    x += width + 5;
    return place;
  });
  return { places, total: y + tall };
}

function wordAt(pen, panel, state, x, y) {
  const { places } = tokenLayout(pen, panel, state);
  return places.findIndex((p) => x >= p.x && x <= p.x + p.width && y >= p.y && y <= p.y + p.height);
}

function drawTokens(pen, panel, state) {
  const weights = state.numbers(panel.weights).data;
  const focus = panel.focus ? state.numbers(panel.focus).data[0] : NaN;
  const { places } = tokenLayout(pen, panel, state);
  places.forEach(({ word, x, y, width, height }, k) => {
    const fill = pen.shade(weights[k], panel.limits, "weight");
    const blank = missing(weights[k]);
    if (blank) pen.box(x + 1, y + 1, width - 2, height - 2, { colour: "faint", line: 1, round: 6, dash: [4, 3] });
    else pen.box(x, y, width, height, { colour: fill, round: 6 });
    const rim = { colour: "vermilion", line: 2.5, round: 5 };
    if (k === focus) pen.box(x + 1.25, y + 1.25, width - 2.5, height - 2.5, rim);
    pen.text(word, x + width / 2, y + height / 2, { align: "center", size: 16, colour: blank ? "muted" : onTop(fill) });
    const number = panel.numbers && !blank ? written(weights[k], panel.numbers) : "";
    pen.text(number, x + width / 2, y + height + 9, { ...CENTER, size: 11 });
  });
}

function imageLayout(pen, panel, state) {
  const { shape } = state.numbers(panel.values);
  const [count, rows, columns] = shape.length === 2 ? [1, ...shape] : shape;
  const across = Math.min(count, panel.across);
  const room = Math.min((pen.width - 10 * (across - 1)) / across, panel.size);
  const size = Math.max(1, Math.floor(room / columns)) * columns; // whole pixels stay sharp
  const width = Math.min(size, room);
  const height = (width * rows) / columns;
  const tall = height + (panel.names.length ? 24 : 6);
  const total = Math.ceil(count / across) * tall;
  return { count, rows, columns, across, width, height, tall, total, colour: shape.length === 4 };
}

function drawImages(pen, panel, state) {
  const lay = imageLayout(pen, panel, state);
  const { data } = state.numbers(panel.values);
  const called = panel.names.length ? names(state, panel.names, lay.count) : [];
  const [low, high] = panel.limits;
  const part = (value) => Math.round(255 * clamp((value - low) / (high - low), 0, 1));
  const grey = (value) => part(value).toString(16).padStart(2, "0");
  const each = lay.rows * lay.columns * (lay.colour ? 3 : 1);
  pen.context.imageSmoothingEnabled = false;
  const made = painted(panel, data, pen.dark, () => range(lay.count, (k) => flatImage(lay.rows, lay.columns, (r, c) => {
    const at = k * each + (r * lay.columns + c) * (lay.colour ? 3 : 1);
    if (lay.colour) return "#" + grey(data[at]) + grey(data[at + 1]) + grey(data[at + 2]);
    return low < 0 ? pen.shade(data[at], panel.limits) : "#" + grey(data[at]).repeat(3);
  })));
  for (let k = 0; k < lay.count; k++) {
    const [x, y] = [(k % lay.across) * (lay.width + 10), Math.floor(k / lay.across) * lay.tall];
    pen.context.drawImage(made[k], x, y, lay.width, lay.height);
    if (called[k]) pen.text(called[k], x + lay.width / 2, y + lay.height + 12, { ...NAME, ...CENTER });
  }
  if (panel.boxes) drawBoxes(pen, panel, state, lay);
}

function imageAt(pen, panel, state, x, y) {
  const { count, across, width, height, tall } = imageLayout(pen, panel, state);
  const [row, column] = [Math.floor(y / tall), Math.floor(x / (width + 10))];
  const inside = column < across && x % (width + 10) < width && y % tall < height;
  return inside && row * across + column < count ? row * across + column : -1;
}

// Pictures that lie in the block are the same at every state: they are painted once.
const PAINTED = new WeakMap();
function painted(panel, data, dark, paint) {
  const before = PAINTED.get(panel);
  const { buffer, byteOffset: at } = data;
  if (before && buffer && before.buffer === buffer && before.at === at && before.dark === dark) return before.made;
  const made = paint();
  PAINTED.set(panel, { buffer, at, dark, made });
  return made;
}

function boxesOf(panel, state) {
  const boxes = rowsOf(state.numbers(panel.boxes));
  const kinds = panel.kinds ? state.numbers(panel.kinds).data : [];
  const texts = panel.texts ? state.texts(panel.texts) : [];
  const found = boxes.map((box, k) => ({ box, kind: kinds[k] ?? 0, text: texts[k] || "" }));
  return found.filter(({ box, kind }) => !missing(kind) && !box.some(missing));
}

// Firm boxes lie over dashed ones; each has a pale rim, so that it shows on dark and on light pixels.
function drawBoxes(pen, panel, state, lay) {
  const [across, down] = [lay.width / lay.columns, lay.height / lay.rows];
  const found = boxesOf(panel, state).sort((one, other) => other.kind - one.kind);
  const many = clamp(16 / found.length, 0.4, 1); // a heap of dashed boxes leaves the picture to be seen
  for (const { box: [x0, y0, x1, y1], kind } of found) {
    const place = [x0 * across, y0 * down, (x1 - x0) * across, (y1 - y0) * down];
    const dashed = { colour: "#d55e00", line: 1 + 0.5 * many, dash: [5, 4], alpha: many };
    const look = kind === 0 ? { colour: "#0072b2", line: 3 } : dashed;
    pen.within({ left: 1, top: 1, width: lay.width - 2, height: lay.height - 2 }, () => {
      pen.box(...place, { colour: "#fff", line: look.line + 2, alpha: kind === 0 ? 0.85 : 0.5 * many ** 2 });
      pen.box(...place, look);
    });
  }
  const written = [];
  for (const { box: [x0, y0, , y1], text } of boxesOf(panel, state).filter(({ kind, text }) => kind === 0 && text)) {
    const wide = pen.measure(text, 12, 600) + 8;
    const x = clamp(x0 * across, 0, lay.width - wide);
    const y = y0 * down >= 17 ? y0 * down - 17 : Math.min(y1 * down + 1, lay.height - 17); // above the box, or below it
    if (written.some((other) => Math.abs(other.y - y) < 18 && x < other.x + other.wide + 1 && other.x < x + wide + 1)) continue;
    written.push({ x, y, wide });
    pen.box(x, y, wide, 17, { colour: "#0072b2", round: 3 });
    pen.text(text, x + 4, y + 9, { colour: "#fff", weight: 600 });
  }
}

function drawHistogram(pen, panel, state) {
  const { data, shape } = state.numbers(panel.counts);
  const bins = shape[shape.length - 1];
  const rows = data.length / bins;
  const edges = state.numbers(panel.edges).data;
  const called = rows > 1 || panel.names.length ? names(state, panel.names, rows) : [];
  const accent = panel.highlight ? state.numbers(panel.highlight).data[0] : NaN;
  const guide = panel.guide ? state.numbers(panel.guide).data : [];
  const left = called.length ? 12 + Math.max(...called.map((name) => pen.measure(name, 12, 600))) : 4;
  const area = { left, right: pen.width - 8, top: 4, bottom: pen.height - (panel.x_name ? 42 : 24) };
  const x = scale(panel.x, area.left, area.right);
  const tall = (area.bottom - area.top) / rows;
  panel.x_ticks.at.forEach((value, k) => {
    const p = Math.round(x(value)) + 0.5;
    pen.line(p, area.top, p, area.bottom, rule(value));
    pen.text(panel.x_ticks.text[k], p, area.bottom + 14, CENTER);
  });
  if (panel.x_name) pen.text(panel.x_name, (area.left + area.right) / 2, area.bottom + 32, CENTER);
  for (let row = 0; row < rows; row++) {
    const foot = area.top + (row + 1) * tall;
    if (missing(data[row * bins])) continue;
    const colour = row === accent ? "vermilion" : panel.colour;
    for (let k = 0; k < bins; k++) {
      const height = Math.min(1, data[row * bins + k] / panel.limits[1]) * (tall - (rows > 1 ? 4 : 12));
      const [a, b] = [x(edges[k]), x(edges[k + 1])];
      if (height > 0) pen.box(a + 0.5, foot - height, Math.max(b - a - 1, 1), height, { colour, alpha: 0.85 });
    }
    pen.line(area.left, foot, area.right, foot, rule(0));
    const look = row === accent ? { weight: 700, colour: "vermilion" } : {};
    const fits = tall > 11 || row % Math.ceil(13 / tall) === 0;
    if (called[row] && fits) pen.text(called[row], left - 8, foot - Math.min(tall / 2, 8), { ...look, align: "right" });
    if (guide.length) {
      const p = x(guide[guide.length > 1 ? row : 0]);
      pen.line(p, foot - tall + 2, p, foot, { colour: "ink", dash: [3, 3], width: 1.5 });
    }
  }
}

const equalHeight = (pen, panel) => {
  const width = pen.width - 50 - lineLabelRoom(pen, panel);
  return Math.min(440, (width * (panel.y[1] - panel.y[0])) / (panel.x[1] - panel.x[0]) + 40);
};

const ownHeight = (pen, panel) => panel.height;
const drawCurve = (pen, panel, state) => drawPlane(pen, panel, state, false);
const drawPaths = (pen, panel, state) => drawPlane(pen, panel, state, true);

// `stretch`: the panel may grow to the height of its neighbour
const PANELS = {
  Curve: { stretch: true, height: ownHeight, draw: drawCurve },
  Paths: { height: equalHeight, draw: drawPaths },
  Bars: { stretch: true, height: ownHeight, draw: drawBars },
  Heat: { height: (...all) => heatLayout(...all).total, draw: drawHeat },
  Graph: { stretch: true, height: ownHeight, draw: drawGraph },
  Tokens: { height: (...all) => tokenLayout(...all).total, draw: drawTokens },
  Images: { height: (...all) => imageLayout(...all).total, draw: drawImages },
  Histogram: { stretch: true, height: ownHeight, draw: drawHistogram },
};

// ---- the same as tables of numbers, for readers who do not see the picture ---------------------------------------

const COORDINATES = {
  Line: ["x", "y"],
  Dot: ["x", "y"],
  Label: ["x", "y"],
  Guide: ["x", "y"],
  Tangent: ["x", "y", "slope"],
  Arrow: ["x0", "y0", "x", "y"],
  Band: ["x0", "x1"],
  Ramp: ["values"],
  Field: [],
};

// at most a dozen rows, evenly taken: a table is to be heard, not searched
function thinned(rows, most = 12) {
  return rows.length <= most ? rows : range(most, (k) => rows[Math.round((k * (rows.length - 1)) / (most - 1))]);
}

function tablesOf(panel, state) {
  const number = (value) => (typeof value === "string" ? value : written(value, ".4g"));
  const table = (caption, head, rows) => ({ caption, head, rows: thinned(rows).map((row) => row.map(number)) });
  const title = panel.title || (panel.marks || []).map(({ label }) => label).find(Boolean) || panel.kind;
  if (panel.marks) {
    const named = ({ kind, x, y }) => kind === "Line" && zip(state, x, y).length === 1; // nothing but its label is drawn
    return panel.marks.filter((mark) => COORDINATES[mark.kind].length && !named(mark)).map((mark) => {
      const head = COORDINATES[mark.kind].filter((name) => mark[name] !== null);
      const rows = zip(state, ...head.map((name) => mark[name]));
      const shown = rows.filter((row) => row.some((value) => !missing(value)));
      return table(`${title}: ${mark.label || mark.text || mark.kind.toLowerCase()}`, head, shown);
    });
  }
  if (panel.kind === "Bars") {
    const sources = panel.ghost ? [panel.values, panel.ghost] : [panel.values];
    const rows = zip(state, ...sources);
    const called = names(state, panel.names, rows.length);
    const head = ["", panel.value_name || "value", "reference"].slice(0, 1 + sources.length);
    return [table(title, head, rows.map((row, k) => [called[k], ...row]))];
  }
  if (panel.kind === "Tokens") {
    const words = Array.isArray(panel.words) ? panel.words : state.texts(panel.words);
    const weights = state.numbers(panel.weights).data;
    return [table(title, ["word", "weight"], words.map((word, k) => [word, weights[k]]))];
  }
  if (panel.kind === "Graph") {
    const values = panel.values ? state.numbers(panel.values).data : [];
    const inside = panel.texts ? state.texts(panel.texts) : [];
    const weights = panel.weights ? state.numbers(panel.weights).data : [];
    const nodes = rowsOf(state.numbers(panel.nodes)).map(([x], k) => [k, inside[k] || "", values[k] ?? NaN, x]);
    const edges = rowsOf(state.numbers(panel.edges)).map(([from, to], k) => [from, to, weights[k] ?? NaN]);
    const drawn = nodes.filter((row) => !missing(row[3])).map((row) => row.slice(0, 3));
    const linked = edges.filter((row) => !missing(row[0]));
    return [
      table(`${title}: nodes`, ["node", "text", "value"], drawn),
      table(`${title}: ${linked.length} edges`, ["from", "to", "weight"], linked),
    ];
  }
  const { data, shape } = state.numbers(panel.values || panel.counts);
  if (panel.kind === "Histogram") {
    const bins = shape[shape.length - 1];
    const edges = state.numbers(panel.edges).data;
    const series = rowsOf({ data, shape });
    const called = thinned(names(state, panel.names, series.length), 6);
    const shown = thinned(series, 6);
    const rows = range(bins, (k) => [edges[k], edges[k + 1], ...shown.map((row) => row[k])]);
    return [table(title, ["from", "to", ...called], rows)];
  }
  if (panel.kind === "Images") {
    const count = shape.length === 2 ? 1 : shape[0];
    const each = data.length / count;
    const rows = names(state, panel.names, count).map((name, k) => {
      const part = Array.from(data.slice(k * each, (k + 1) * each));
      const [least, greatest] = part.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity]);
      return [name, part.reduce((a, b) => a + b, 0) / each, least, greatest];
    });
    const tables = [table(title, ["picture", "mean", "least", "greatest"], rows)];
    if (!panel.boxes) return tables;
    const boxes = boxesOf(panel, state).sort((one, other) => one.kind - other.kind);
    const told = boxes.map(({ box, kind, text }) => [kind === 0 ? "firm" : "dashed", text, ...box]);
    return [...tables, table(`${title}: ${boxes.length} boxes`, ["line", "text", "x0", "y0", "x1", "y1"], told)];
  }
  const shown = panel.texts ? state.texts(panel.texts).map((text, k) => text || data[k]) : data; // as the cells say it
  const rows = rowsOf({ data: shown, shape });
  const rowNames = names(state, panel.rows, rows.length);
  const columns = thinned(names(state, panel.columns, rows[0].length));
  return [table(title, ["", ...columns], rows.map((row, k) => [rowNames[k], ...thinned(row)]))];
}

// ---- controls: native elements, so that keyboard and screen reader work as everywhere ----------------------------

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// JupyterLab takes arrow keys from a focused element unless that element itself carries this attribute.
const KEYS = { "data-lm-suppress-shortcuts": "true" };
const control = (tag, attributes, ...children) => element(tag, { ...KEYS, ...attributes }, ...children);

function buildControl(axis, place, move) {
  // a slider's value is spoken by itself, from aria-valuetext: it is no part of the name
  const value = element("span", { class: "ck-value", "aria-hidden": "true" });
  const label = element("span", { class: "ck-label" }, axis.label);
  let input;
  if (axis.kind === "choice") {
    input = control("select", {}, ...axis.texts.map((text, k) => element("option", { value: k }, text)));
    input.addEventListener("change", () => move(place, +input.value, { release: true, tween: true }));
  } else if (axis.kind === "toggle") {
    input = control("input", { type: "checkbox" });
    input.addEventListener("change", () => move(place, +input.checked, { release: true, tween: true }));
  } else {
    input = control("input", { type: "range", min: 0, max: axis.texts.length - 1, step: 1 });
    input.addEventListener("input", () => move(place, +input.value, {}));
    input.addEventListener("change", () => move(place, +input.value, { release: true }));
  }
  input.setAttribute("name", axis.name);
  const show = (k) => {
    if (axis.kind === "toggle") input.checked = k === 1;
    else if (input.value !== String(k)) input.value = k;
    if (input.type !== "range") return;
    value.textContent = axis.texts[k];
    input.setAttribute("aria-valuetext", axis.spoken[k]);
    input.style.setProperty("--ck-part", k / Math.max(1, axis.texts.length - 1));
  };
  if (axis.kind === "toggle") return { node: element("label", { class: "ck-control ck-toggle" }, input, label), show };
  const words = element("span", { class: "ck-words" }, label, value);
  const box = element("label", { class: "ck-control ck-" + axis.kind }, words, input);
  // reserve the widest value, so that nothing shifts while a slider moves
  if (input.type === "range") value.style.minWidth = Math.max(...axis.texts.map((text) => text.length)) + "ch";
  return axis.kind === "time" ? { ...buildPlayer(axis, place, box, input, move), show } : { node: box, show };
}

// a table of small sliders; each has its place as its name, which only a screen reader needs
function buildGrid(columns, group) {
  const cells = element("div", { class: "ck-cells", style: `--ck-columns: ${columns}` });
  const label = element("span", { class: "ck-label", "aria-hidden": "true" }, group);
  return element("div", { class: "ck-grid", role: "group", "aria-label": group }, label, cells);
}

function buildPlayer(axis, place, box, input, move) {
  const last = axis.texts.length - 1;
  const play = control("button", { type: "button", class: "ck-play", "aria-label": `Play ${axis.label}` }, "▶");
  const back = control("button", { type: "button", "aria-label": "One step back" }, "‹");
  const next = control("button", { type: "button", "aria-label": "One step on" }, "›");
  let timer = 0;
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = "▶";
    play.setAttribute("aria-label", `Play ${axis.label}`);
  };
  const step = (by, release) => {
    const to = Math.max(0, Math.min(last, +input.value + by));
    move(place, to, { release });
    return to;
  };
  const toggle = () => {
    if (timer) { stop(); move(place, +input.value, { release: true }); return; }
    if (+input.value === last) move(place, 0, {});
    // with reduced motion the run jumps from stage to stage instead of gliding
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const stride = still ? Math.max(1, Math.round(last / 5)) : Math.max(1, Math.round(last / (axis.seconds * 30)));
    const wait = still ? 900 : (1000 * axis.seconds * stride) / last;
    play.textContent = "❚❚";
    play.setAttribute("aria-label", `Pause ${axis.label}`);
    timer = setInterval(() => {
      if (step(stride, false) === last) { stop(); move(place, last, { release: true }); }
    }, wait);
  };
  const by = (amount) => () => { stop(); step(amount, true); };
  play.addEventListener("click", toggle);
  back.addEventListener("click", by(-1));
  next.addEventListener("click", by(1));
  input.addEventListener("pointerdown", stop);
  input.addEventListener("keydown", (event) => {
    const action = { " ": toggle, ",": by(-1), ".": by(1) }[event.key];
    if (action) { event.preventDefault(); action(); }
  });
  return { node: element("div", { class: "ck-player" }, play, back, next, box), stop };
}

// Run, Step and Reset of a mechanism that keeps a state. advance(steps, then) and begin() belong to the widget.
function buildRunner(run, advance, begin, tell) {
  const play = control("button", { type: "button", class: "ck-play" }, "▶ Run");
  const once = control("button", { type: "button" }, "Step");
  const reset = control("button", { type: "button" }, "Reset");
  const count = element("span", { class: "ck-count" });
  let [running, frame, steps] = [false, 0, 0];
  const show = (number) => {
    steps = number;
    count.textContent = `${steps} ${run.label}`;
  };
  const stop = () => {
    cancelAnimationFrame(frame);
    clearTimeout(frame);
    running = false;
    play.textContent = "▶ Run";
  };
  const tick = () => {
    if (!node.isConnected) return stop(); // scrolled far away, or gone
    // with reduced motion the run jumps from stage to stage instead of gliding
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const by = run.per_frame * (still ? 30 : 1);
    advance(by, () => {
      show(steps + by);
      if (running) frame = still ? setTimeout(tick, 900) : requestAnimationFrame(tick);
    });
  };
  const toggle = () => {
    if (running) { stop(); tell(); return; }
    running = true;
    play.textContent = "❚❚ Pause";
    tick();
  };
  const one = () => { stop(); advance(1, () => { show(steps + 1); tell(); }); };
  const restart = () => { begin(); show(0); };
  play.addEventListener("click", toggle);
  once.addEventListener("click", one);
  reset.addEventListener("click", () => { stop(); restart(); tell(); });
  // as with a player: Space runs and pauses, a full stop steps, also from a slider
  const press = (event) => {
    const action = { " ": toggle, ".": one }[event.key];
    if (!action || event.target.matches("button, select, summary, [type=checkbox]")) return;
    event.preventDefault();
    action();
  };
  const node = element("div", { class: "ck-player ck-runner" }, play, once, reset, count);
  return { node, stop, restart, press };
}

// ---- the whole widget --------------------------------------------------------------------------------------------

function isDark() {
  const { body, documentElement: page } = document;
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false";
  if (body.dataset.vscodeThemeKind) return /dark|high-contrast$/.test(body.dataset.vscodeThemeKind);
  const told = page.dataset.theme || body.dataset.theme;
  return told === "dark" || told === "light" ? told === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function render({ model, el }) {
  const spec = model.get("spec");
  let index = [...model.get("index")];
  const machine = spec.mechanism ? computed(spec, model.get("block")) : null;
  const fields = machine || reader(spec.fields, model.get("block"));
  const own = machine && spec.mechanism.own;
  const line = own && model.send ? kernelLine(model, warn) : null;
  let running = null; // the state of a mechanism that runs
  let held = false; // a hand is on a control
  let trouble = own && !line ? ALONE : spec.notice;
  let mix = null; // the state that a tween comes from, and how far it is

  const state = {
    axes: spec.axes,
    get index() { return index; },
    texts: (name) => fields.texts(name, index),
    numbers(source) {
      if (typeof source === "number") return { data: [source], shape: [] };
      const now = fields.numbers(source, index);
      if (!mix || !now.smooth) return now;
      const before = fields.numbers(source, mix.from).data;
      const between = (a, b) => (Number.isFinite(a) && Number.isFinite(b) ? a + (b - a) * mix.part : b);
      const data = Float32Array.from(now.data, (value, k) => between(before[k], value));
      return { data, shape: now.shape };
    },
  };

  const root = element("div", { class: "ck", role: "group", "aria-label": spec.title || "Interactive picture" });
  const controls = spec.axes.map((axis, place) => buildControl(axis, place, move));
  const says = element("p", { class: "ck-says", "aria-hidden": "true" });
  const live = element("output", { class: "ck-live", "aria-live": "polite" });
  const notice = element("p", { class: "ck-notice", role: "status" });
  const picture = element("div", { class: "ck-panels", role: "img" });
  const presets = element("div", { class: "ck-presets", role: "group", "aria-label": "Settings to try" });
  const numbers = control("div", { class: "ck-numbers", role: "group", "aria-label": "Numbers" });
  const disclosure = element("details", {}, control("summary", {}, "Numbers"), numbers);

  const panels = spec.panels.map((panel) => {
    const canvas = element("canvas", { "aria-hidden": "true" });
    const node = element("div", { class: "ck-panel" + (panel.wide ? " ck-wide" : "") });
    if (panel.title) node.append(element("div", { class: "ck-panel-title" }, panel.title));
    node.append(canvas);
    picture.append(node);
    const part = { panel, canvas, node, kind: PANELS[panel.kind], area: null };
    listenForDrags(part);
    return part;
  });
  for (const preset of spec.presets) {
    const button = control("button", { type: "button" }, preset.name);
    button.addEventListener("click", () => go([...preset.index], { release: true, tween: true }));
    presets.append(button);
  }
  if (spec.title) root.append(element("div", { class: "ck-title" }, spec.title));
  const row = element("div", { class: "ck-controls" });
  controls.forEach(({ node }, place) => {
    // the two sliders of a point stay together when the row wraps
    const { name, columns, group } = spec.axes[place];
    if (columns && name.endsWith(".0")) row.append(buildGrid(columns, group));
    if (columns) row.lastChild.lastChild.append(node);
    else if (name.endsWith(".y")) row.lastChild.append(node);
    else row.append(name.endsWith(".x") ? element("div", { class: "ck-pair" }, node) : node);
  });
  root.append(row);
  const runner = machine && spec.mechanism.run ? buildRunner(spec.mechanism.run, advance, begin, tell) : null;
  if (runner) {
    root.append(runner.node);
    root.addEventListener("keydown", runner.press);
  }
  if (spec.presets.length) root.append(presets);
  root.append(notice, picture, says, live, disclosure);
  el.append(root);

  // -- moving
  function move(place, to, how) {
    const next = [...index];
    next[place] = to;
    go(next, how);
  }
  function go(next, { release = false, tween = false }) {
    if (!same(next, index)) {
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      mix = tween && !still && !machine ? { from: index, part: 0, start: performance.now() } : null;
      const moved = spec.axes.filter((_, k) => next[k] !== index[k]).map((axis) => controlOf(axis)[0]);
      index = next;
      held = !release;
      if (runner && moved.some((name) => spec.mechanism.run.restart.includes(name))) runner.restart();
      else if (machine) compute();
      if (panels.some(({ panel }) => typeof panel.words === "string")) fit(); // other words may need another line
      else refresh();
    }
    if (!release) return;
    // Python and the screen reader hear of a state once, when the hand has let go
    model.set("index", index);
    model.save_changes();
    tell();
  }
  function listenForDrags(part) {
    const { panel, canvas } = part;
    const pick = panel.pick;
    if (!panel.drag && !pick) return;
    canvas.style.cursor = pick ? "pointer" : "grab";
    canvas.style.touchAction = panel.drag && panel.drag.length > 1 ? "none" : "pan-y";
    const to = (event, how) => {
      const box = canvas.getBoundingClientRect();
      const scale = canvas.clientWidth / box.width || 1; // the page may be zoomed or scaled, as slides are
      const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
      if (pick) {
        const spot = { Heat: cellAt, Images: imageAt, Tokens: wordAt }[panel.kind](part.pen, panel, state, x, y);
        const hit = spot < 0 ? -1 : spot + (panel.pick_from || 0);
        const [axis] = panel.pick;
        if (hit in spec.axes[axis].texts) move(axis, hit, { release: true, tween: true });
        return;
      }
      const next = [...index];
      const wanted = [part.area.x.back(x), part.area.y.back(y)];
      panel.drag.forEach((axis, k) => (next[axis] = nearest(spec.axes[axis].values, wanted[k])));
      go(next, how);
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      canvas.style.cursor = pick ? "pointer" : "grabbing";
      to(event, {});
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!pick && canvas.hasPointerCapture(event.pointerId)) to(event, {});
    });
    canvas.addEventListener("pointerup", (event) => {
      canvas.style.cursor = pick ? "pointer" : "grab";
      if (!pick) to(event, { release: true });
    });
  }

  // -- a mechanism: the page's script, and the student's part of it, which only the kernel can run
  function values() {
    const found = {};
    spec.axes.forEach((axis, k) => {
      const [name, part] = controlOf(axis);
      const value = (axis.values || axis.texts)[index[k]];
      if (part) (found[name] ||= []).push(value);
      else found[name] = value;
    });
    return found;
  }
  function warn(words) {
    trouble = words;
    refresh();
  }
  function compute() {
    if (runner) return machine.show(running, values());
    machine.show(values());
    if (line)
      line.ask({ index }, (found) => {
        machine.answer(found || {});
        refresh();
        if (!held) tell();
      });
  }
  function begin() {
    if (line) line.forget(); // an answer that is still on its way belongs to the run before
    running = machine.start(values());
    machine.show(running, values());
    refresh();
  }
  function advance(steps, then) {
    const done = (state) => {
      running = state;
      machine.show(running, values());
      refresh();
      then();
    };
    const [name, value] = spec.mechanism.run.own_when || [];
    if (line && (!name || values()[name] === value))
      return line.ask({ index, state: running, steps }, (found) => (found ? done(unlisted(found)) : runner.stop()));
    let state = running;
    for (let k = 0; k < steps; k++) state = machine.step(state, values());
    done(state);
  }
  function tell() {
    const sentence = state.texts("says")[0];
    if (live.textContent !== sentence) live.textContent = sentence;
    if (disclosure.open) writeNumbers();
  }
  // -- showing
  let pending = 0;
  function refresh() {
    controls.forEach(({ show }, place) => show(index[place]));
    spec.presets.forEach((preset, k) => presets.children[k].setAttribute("aria-pressed", same(preset.index, index)));
    const sentence = state.texts("says")[0];
    says.textContent = sentence;
    picture.setAttribute("aria-label", sentence);
    const wrong = trouble || (spec.fields.notice ? state.texts("notice")[0] : "");
    notice.hidden = !wrong;
    if (notice.textContent !== wrong) notice.textContent = wrong; // a screen reader hears it once
    if (!pending) pending = requestAnimationFrame(draw);
  }
  function draw(now) {
    pending = 0;
    if (mix) {
      const part = Math.min(1, Math.max(0, (now - mix.start) / TWEEN));
      mix.part = part * part * (3 - 2 * part);
      if (part === 1) mix = null;
      else pending = requestAnimationFrame(draw);
    }
    // another number of pictures may need another row
    if (panels.some(({ pen, panel, kind, tall }) => pen && kind.height(pen, panel, state) !== tall)) fit();
    for (const part of panels) {
      const { pen, panel, kind } = part;
      if (!pen) continue;
      pen.context.clearRect(0, 0, pen.width, pen.height);
      part.area = kind.draw(pen, panel, state);
    }
  }
  function writeNumbers() {
    const cell = (tag, text, scope) => (tag === "th" && text ? element("th", { scope }, text) : element("td", {}, text));
    const first = (row) => cell("th", row[0], "row");
    const tables = panels.flatMap(({ panel }) => tablesOf(panel, state)).map(({ caption, head, rows }) => {
      const body = rows.map((row) => element("tr", {}, first(row), ...row.slice(1).map((text) => cell("td", text))));
      const top = element("tr", {}, ...head.map((text) => cell("th", text, "col")));
      return element("table", {}, element("caption", {}, caption), top, ...body);
    });
    numbers.replaceChildren(...tables);
    reach();
  }
  // tables wider than the page scroll: then the keyboard must get there, and only then is it a stop on the way
  function reach() {
    if (numbers.scrollWidth > numbers.clientWidth) numbers.tabIndex = 0;
    else numbers.removeAttribute("tabindex");
  }
  disclosure.addEventListener("toggle", () => disclosure.open && writeNumbers());

  // -- size and theme
  function fit() {
    const wide = root.clientWidth >= 720 && panels.length > 1;
    root.classList.toggle("ck-two", wide);
    root.classList.toggle("ck-narrow", root.clientWidth < 520);
    root.toggleAttribute("data-dark", isDark());
    reach();
    const colours = readColours(root);
    const ratio = (window.devicePixelRatio || 1) * (root.getBoundingClientRect().width / root.offsetWidth || 1);
    for (const part of panels) {
      const width = part.node.clientWidth;
      if (!width) return; // hidden for now: the observer calls again
      part.pen = new Pen(part.canvas.getContext("2d"), width, 0, colours, spec.colours);
      part.pen.dark = root.hasAttribute("data-dark");
      part.tall = part.kind.height(part.pen, part.panel, state);
    }
    // curves one below or beside the other keep the same margins, so that equal x stand at equal places
    const curves = panels.filter(({ panel }) => panel.kind === "Curve");
    const left = Math.max(0, ...curves.map(({ pen, panel }) => tickRoom(pen, panel)));
    const right = Math.max(10, ...curves.map(({ pen, panel }) => lineLabelRoom(pen, panel)));
    panels.forEach((part) => {
      const { pen, canvas } = part;
      Object.assign(pen, { left, right });
      const row = panels.filter((other) => other.node.offsetTop === part.node.offsetTop);
      pen.height = Math.round(part.kind.stretch ? Math.max(...row.map(({ tall }) => tall)) : part.tall);
      canvas.style.height = pen.height + "px";
      canvas.width = Math.round(pen.width * ratio);
      canvas.height = Math.round(pen.height * ratio);
      pen.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    });
    refresh();
  }
  const sizes = new ResizeObserver(fit);
  sizes.observe(root);
  const theme = new MutationObserver(fit);
  const told = { attributes: true, attributeFilter: ["data-theme", "data-jp-theme-light", "data-vscode-theme-kind"] };
  for (const node of [document.body, document.documentElement]) theme.observe(node, told);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", fit);
  const moved = () => {
    const told = [...model.get("index")];
    go(told, { tween: true });
  };
  model.on("change:index", moved);
  if (runner) runner.restart();
  else if (machine) compute();
  refresh();
  live.textContent = "";
  return () => {
    sizes.disconnect();
    theme.disconnect();
    scheme.removeEventListener("change", fit);
    model.off("change:index", moved);
    controls.forEach(({ stop }) => stop && stop());
    if (runner) runner.stop();
    if (line) line.close();
  };
}

// "place.x" is a part of the control "place", "kernel.0" one of "kernel"
const controlOf = (axis) => [...axis.name.split("."), ""];

const same = (one, other) => one.every((value, k) => value === other[k]);

function nearest(values, wanted) {
  let best = 0;
  values.forEach((value, k) => { if (Math.abs(value - wanted) < Math.abs(values[best] - wanted)) best = k; });
  return best;
}

export default { render };
