// Twin of playground.py: a network on points in the plane, trained by gradient descent on all of them.
const [TRAIN, GRID, SMALL, HISTORY] = [120, 41, 13, 400];
const ACTIVATIONS = {
  ReLU: (z) => [Math.max(z, 0), z > 0 ? 1 : 0],
  tanh: (z) => [Math.tanh(z), 1 - Math.tanh(z) ** 2],
  sigmoid: (z) => { const y = 1 / (1 + Math.exp(-z)); return [y, y * (1 - y)]; },
  none: (z) => [z, 1],
};

function points(data, name) {
  const { data: rows, shape } = data["points " + name];
  return Array.from({ length: shape[0] }, (_, k) => [rows[3 * k], rows[3 * k + 1], rows[3 * k + 2]]);
}

// what goes into each layer, the slopes of the hidden ones, the logits: for one point
function forward(layers, point, activate) {
  const [inputs, slopes] = [[], []];
  let h = point;
  layers.forEach(({ weight, bias }, k) => {
    inputs.push(h);
    const z = weight.map((row, j) => row.reduce((sum, w, i) => sum + w * h[i], bias[j]));
    if (k === layers.length - 1) { h = z; return; }
    const pairs = z.map(activate);
    h = pairs.map(([y]) => y);
    slopes.push(pairs.map(([, slope]) => slope));
  });
  return { inputs, slopes, logits: h };
}

function lossOf([a, b], label) {
  const top = Math.max(a, b);
  const logs = [a, b].map((z) => z - top - Math.log(Math.exp(a - top) + Math.exp(b - top)));
  return { loss: -logs[label], grad: logs.map((log, c) => Math.exp(log) - (c === label ? 1 : 0)) };
}

function meanLoss(layers, rows, activate) {
  return rows.reduce((sum, [x, y, label]) => sum + lossOf(forward(layers, [x, y], activate).logits, label).loss, 0) / rows.length;
}

function start({ depth, width }, data) {
  const size = data.initial.shape[1];
  const sizes = [2, ...new Array(depth).fill(width), 2];
  const layers = Array.from({ length: depth + 1 }, (_, k) => ({
    weight: Array.from({ length: sizes[k + 1] }, (_, j) =>
      Array.from({ length: sizes[k] }, (_, i) => data.initial.data[(k * size + j) * size + i] * Math.sqrt(2 / sizes[k]))),
    bias: new Array(sizes[k + 1]).fill(0),
  }));
  return { layers, train: [], test: [] };
}

function step({ layers, train, test }, { data: name, activation, rate, decay }, data) {
  const activate = ACTIVATIONS[activation];
  const all = points(data, name);
  const [learned, unseen] = [all.slice(0, TRAIN), all.slice(TRAIN)];
  const sums = layers.map(({ weight, bias }) => ({ weight: weight.map((row) => row.map(() => 0)), bias: bias.map(() => 0) }));
  let total = 0;
  for (const [x, y, label] of learned) {
    const { inputs, slopes, logits } = forward(layers, [x, y], activate);
    const { loss, grad } = lossOf(logits, label);
    total += loss;
    let incoming = grad.map((g) => g / TRAIN);
    for (let k = layers.length - 1; k >= 0; k--) {
      const { weight } = layers[k];
      incoming.forEach((g, j) => {
        sums[k].bias[j] += g;
        inputs[k].forEach((h, i) => (sums[k].weight[j][i] += g * h));
      });
      if (k) incoming = inputs[k].map((_, i) => weight.reduce((sum, row, j) => sum + row[i] * incoming[j], 0) * slopes[k - 1][i]);
    }
  }
  const unseenLoss = meanLoss(layers, unseen, activate);
  const moved = layers.map(({ weight, bias }, k) => ({
    weight: weight.map((row, j) => row.map((w, i) => w - rate * (sums[k].weight[j][i] + decay * w))),
    bias: bias.map((b, j) => b - rate * sums[k].bias[j]),
  }));
  return {
    layers: moved,
    train: [...train, total / TRAIN].slice(-HISTORY),
    test: [...test, unseenLoss].slice(-HISTORY),
  };
}

function fields({ layers, train, test }, { data: name, activation }, data) {
  const activate = ACTIVATIONS[activation];
  const all = points(data, name);
  const place = (k, size) => -2 + (4 * k) / (size - 1);
  const field = new Float64Array(GRID * GRID);
  for (let r = 0; r < GRID; r++)
    for (let c = 0; c < GRID; c++) {
      const [a, b] = forward(layers, [place(c, GRID), place(r, GRID)], activate).logits;
      field[r * GRID + c] = Math.tanh((b - a) / 2);
    }
  const counts = layers.slice(0, -1).map(({ bias }) => bias.length);
  const number = counts.reduce((a, b) => a + b, 0);
  const units = new Float64Array(number * SMALL * SMALL);
  for (let r = 0; r < SMALL; r++)
    for (let c = 0; c < SMALL; c++) {
      const hidden = forward(layers, [place(c, SMALL), place(r, SMALL)], activate).inputs.slice(1).flat();
      hidden.forEach((h, u) => (units[(u * SMALL + SMALL - 1 - r) * SMALL + c] = h));
    }
  for (let u = 0; u < number; u++) {
    const part = units.subarray(u * SMALL * SMALL, (u + 1) * SMALL * SMALL);
    const most = part.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-9);
    for (let k = 0; k < part.length; k++) part[k] /= most;
  }
  const unseen = all.slice(TRAIN);
  const right = unseen.filter(([x, y, label]) => {
    const [a, b] = forward(layers, [x, y], activate).logits;
    return (b > a ? 1 : 0) === label;
  }).length / unseen.length;
  const padded = (history) => [...history, ...new Array(HISTORY - history.length).fill(NaN)];
  const loss = meanLoss(layers, all.slice(0, TRAIN), activate);
  return {
    x0: all.map(([x]) => x),
    x1: all.map(([, y]) => y),
    classes: all.map(([, , label]) => label),
    field: { data: field, shape: [GRID, GRID] },
    units: { data: units, shape: [number, SMALL, SMALL] },
    train: padded(train),
    test: padded(test),
    says: `Training loss ${loss.toFixed(3)}; ${(100 * right).toFixed(0)}% of the test points are on the right side.`,
  };
}
