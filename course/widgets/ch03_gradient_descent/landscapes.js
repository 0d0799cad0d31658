// Twin of landscapes.py in this folder: one walk of gradient descent with momentum and noise.
function fields({ landscape, share, start, momentum, noise, step }, { landscapes, noise: draws }) {
  const told = landscapes[landscape];
  const rate = share * told.edge;
  const steps = draws.shape[0];
  let velocity = [0, 0];
  const { x, y, loss } = walk(landscape, start, steps, told.lowest, (w, gradient, t) => {
    velocity = velocity.map((v, k) => momentum * v + gradient[k] + noise * draws.data[2 * (t - 1) + k]);
    return w.map((value, k) => value - rate * velocity[k]);
  });
  const last = x.findLastIndex((value) => !Number.isNaN(value));
  const target = nearest(told.minima, x[last], y[last]);
  const error = (path, goal) => path.map((value) => (told.along ? Math.abs(value - goal) : NaN));
  const [, ...gradient] = LANDSCAPES[landscape](x[step], y[step]);
  const slope = Math.hypot(...gradient);
  const tip = [x[step], y[step]].map((value, k) => (slope > 1e-3 ? value - (0.45 * gradient[k]) / slope : NaN));
  const nothing = new Array(steps + 1).fill(NaN); // the student's part comes from the kernel
  return {
    contour_x: told.contour_x,
    contour_y: told.contour_y,
    ground: ground(landscape, told),
    minima_x: told.minima.map(([a]) => a),
    minima_y: told.minima.map(([, b]) => b),
    x,
    y,
    loss,
    error_x: error(x, target[0]),
    error_y: error(y, target[1]),
    own_x: nothing,
    own_y: nothing,
    own_loss: nothing,
    at_x: x[step],
    at_y: y[step],
    tip_x: tip[0],
    tip_y: tip[1],
    says: sentence(told, share, noise, step, { x, y, loss, last, slope }),
  };
}

function nearest(minima, x, y) {
  const away = ([a, b]) => (a - x) ** 2 + (b - y) ** 2;
  return [...minima].sort((one, other) => away(one) - away(other))[0];
}

function sentence({ edge, lowest, along, minima }, share, noise, step, { x, y, loss, last, slope }) {
  const says = `Rate ${short(share * edge)}, ${written(share, ".2f")} of the largest stable one. `;
  if (Number.isNaN(x[step])) return says + `The walk has run away: it is off the map after ${last} steps.`;
  const [a, b] = nearest(minima, x[step], y[step]);
  const away = Math.hypot(x[step] - a, y[step] - b);
  return `${says}Step ${step}: the loss is ${short(loss[step])} above the lowest, the slope ${short(slope)}. ${verdict()}`;

  function verdict() {
    if (away < 0.05 && !noise) return "The walk has arrived.";
    if (away < 0.4 && noise) return "The noise does not let it rest in the minimum.";
    if (slope < 1e-3) return "There is no slope to follow, and this is no minimum.";
    if (Math.max(Math.abs(x[step]), Math.abs(y[step])) > 2) return "The walk has left the picture.";
    if (!along || lowest || !x[0] || !y[0]) return `The nearest minimum is ${written(away, ".2f")} away.`;
    const [first, second] = [x, y].map((path) => written(Math.abs(path[step] / path[0]), ".1%"));
    return `Of the first distance ${first} is left along x and ${second} along y.`;
  }
}
