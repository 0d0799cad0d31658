// Twin of landscapes.py: each gives the loss and its slopes along x and y.
const bowl = (steep) => (x, y) => [(x * x + steep * y * y) / 2, x, steep * y];

const LANDSCAPES = {
  "round bowl": bowl(1),
  "valley 1:10": bowl(10),
  "valley 1:100": bowl(100),
  "tilted valley 1:100": (x, y) => {
    const [flat, steep] = [x + y, 100 * (y - x)];
    return [(flat * flat + steep * (y - x)) / 4, (flat - steep) / 2, (flat + steep) / 2];
  },
  saddle: (x, y) => [(x * x) / 2 - (y * y) / 2 + y ** 4 / 8, x, -y + y ** 3 / 2],
  plateau: (x, y) => {
    const e = Math.exp(-2 * (x * x + y * y));
    return [1 - e, 4 * x * e, 4 * y * e];
  },
  Rosenbrock: (x, y) => {
    const off = y + 1 - x * x;
    return [(1 - x) ** 2 + 100 * off * off, -2 * (1 - x) - 400 * x * off, 200 * off];
  },
  Himmelblau: (x, y) => {
    const [u, v] = [2.5 * x, 2.5 * y];
    const [first, second] = [u * u + v - 11, u + v * v - 7];
    const loss = first * first + second * second;
    return [loss, 2.5 * (4 * u * first + 2 * second), 2.5 * (2 * first + 4 * v * second)];
  },
};
const [CELLS, FAR] = [61, 1e3];

// the shaded ground, kept because most moves do not change it
const grounds = {};
function ground(name, { lowest, highest }) {
  if (grounds[name]) return grounds[name];
  const place = (k) => -2 + (4 * k) / (CELLS - 1);
  const data = new Float64Array(CELLS * CELLS);
  data.forEach((_, k) => {
    const [loss] = LANDSCAPES[name](place(k % CELLS), place(Math.floor(k / CELLS)));
    data[k] = Math.log1p((30 * (loss - lowest)) / highest) / Math.log(31);
  });
  return (grounds[name] = { data, shape: [CELLS, CELLS] });
}

// x, y and the loss above the lowest along a walk of w = oneStep(w, gradient, t)
function walk(name, start, steps, lowest, oneStep) {
  const blank = () => new Array(steps + 1).fill(NaN);
  const path = { x: blank(), y: blank(), loss: blank() };
  let w = start;
  for (let t = 0; t <= steps; t++) {
    if (t && !(Math.max(Math.abs(w[0]), Math.abs(w[1])) < FAR)) break; // it has run away
    const [loss, ...gradient] = LANDSCAPES[name](...w);
    [path.x[t], path.y[t], path.loss[t]] = [...w, Math.max(loss - lowest, 0)];
    if (t < steps) w = oneStep(w, gradient, t + 1);
  }
  return path;
}

function short(value) {
  if (value === 0) return "0";
  if (!(Math.abs(value) >= 1e-4 && Math.abs(value) < 1e4)) return written(value, ".1e");
  return written(value, Math.abs(value) < 1 ? ".4f" : ".1f");
}
