// Twin of optimiser_race.py: four optimisers from one start, and Adam's memory.
const [KEPT, EPS, ARROW] = [0.9, 1e-8, 0.5];
const NAMES = { sgd: "SGD", momentum: "momentum", rmsprop: "RMSProp", adam: "Adam" };
const both = (make) => [make(0), make(1)]; // for x and for y

function fields({ landscape, share, rate, beta1, beta2, corrected, start, step }, { landscapes, steps }) {
  const told = landscapes[landscape];
  const sgdRate = share * told.edge;
  const nothing = new Array(steps + 1).fill(NaN);
  const memory = { m: both(() => [...nothing]), rootV: both(() => [...nothing]), quotient: both(() => [...nothing]) };
  let [velocity, average, m, v] = [[0, 0], [0, 0], [0, 0], [0, 0]];

  const ways = {
    sgd: (w, grad) => both((k) => w[k] - sgdRate * grad[k]),
    momentum(w, grad) {
      velocity = both((k) => KEPT * velocity[k] + grad[k]);
      return both((k) => w[k] - sgdRate * velocity[k]);
    },
    rmsprop(w, grad) {
      average = both((k) => KEPT * average[k] + (1 - KEPT) * grad[k] ** 2);
      return both((k) => w[k] - (rate * grad[k]) / (Math.sqrt(average[k]) + EPS));
    },
    adam(w, grad, t) {
      m = both((k) => beta1 * m[k] + (1 - beta1) * grad[k]);
      v = both((k) => beta2 * v[k] + (1 - beta2) * grad[k] ** 2);
      return both((k) => {
        const used = corrected ? m[k] / (1 - beta1 ** t) : m[k];
        const root = Math.sqrt(corrected ? v[k] / (1 - beta2 ** t) : v[k]);
        const quotient = -used / (root + EPS);
        [memory.m[k][t], memory.rootV[k][t], memory.quotient[k][t]] = [used, root, quotient];
        return w[k] + rate * quotient;
      });
    },
  };
  const walks = {};
  for (const name of Object.keys(NAMES)) walks[name] = walk(landscape, start, steps, told.lowest, ways[name]);

  const now = (path) => path[Math.max(step, 1)];
  const place = [walks.adam.x[step], walks.adam.y[step]];
  const down = tip(place, memory.m.map((path) => -now(path)));
  const turned = tip(place, memory.quotient.map(now));
  const shown = {
    contour_x: told.contour_x,
    contour_y: told.contour_y,
    ground: ground(landscape, told),
    minima_x: told.minima.map(([a]) => a),
    minima_y: told.minima.map(([, b]) => b),
    own_x: nothing, // the student's part comes from the kernel
    own_y: nothing,
    own_loss: nothing,
    says: sentence(step, walks, memory.quotient),
  };
  for (const [name, path] of Object.entries(walks))
    for (const part of ["x", "y", "loss"]) shown[`${name}_${part}`] = path[part];
  ["x", "y"].forEach((axis, k) => {
    shown["m_" + axis] = memory.m[k].map(Math.abs);
    shown["root_v_" + axis] = memory.rootV[k];
    shown["quotient_" + axis] = memory.quotient[k];
    shown["heads_" + axis] = Object.values(walks).map((path) => path[axis][step]);
    shown["at_" + axis] = place[k];
    shown["down_" + axis] = down[k];
    shown["turned_" + axis] = turned[k];
  });
  return shown;
}

function tip(place, direction) {
  const size = Math.hypot(...direction);
  return both((k) => (size > 1e-6 ? place[k] + (ARROW * direction[k]) / size : NaN));
}

function sentence(step, walks, [along, across]) {
  const losses = Object.keys(NAMES).map((name) => [walks[name].loss[step], NAMES[name]]);
  const arrived = losses.filter(([loss]) => Number.isFinite(loss)).sort(([a, one], [b, other]) => a - b || (one < other ? -1 : 1));
  const told = arrived.map(([loss, name]) => `${name} ${short(loss)}`);
  told.push(...losses.filter(([loss]) => !Number.isFinite(loss)).map(([, name]) => `${name} has run away`));
  const says = `Step ${step}, loss above the lowest: ${told.join(", ")}.`;
  if (!step) return says;
  const at = (t, to = " and ", end = "") => written(along[t], ".2f") + to + written(across[t], ".2f") + end;
  const first = ` Adam's first step was ${at(1, " along x and ", " along y")}, in learning rates`;
  return says + first + (step > 1 ? `; step ${step} was ${at(step)}.` : ".");
}
