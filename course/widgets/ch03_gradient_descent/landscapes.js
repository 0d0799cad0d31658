// Twin of landscapes.py in this folder: one walk of gradient descent with momentum and noise.
MECHANISMS.walk = {
  fields({ landscape, share, start, momentum, noise, step }, data) {
    const surface = LANDSCAPES[landscape];
    const [edge, lowest] = data["numbers " + landscape].data;
    const rate = share * edge;
    const draws = data.noise.data;
    const steps = draws.length / 2;
    const blank = () => new Array(steps + 1).fill(NaN);
    const [x, y, loss] = [blank(), blank(), blank()];
    let [wx, wy, vx, vy, last] = [...start, 0, 0, 0];
    for (let t = 0; t <= steps; t++) {
      if (!(Math.max(Math.abs(wx), Math.abs(wy)) < 1e3)) break; // it has run away
      const [height, gx, gy] = surface(wx, wy);
      [x[t], y[t], loss[t], last] = [wx, wy, height - lowest, t];
      vx = momentum * vx + gx + noise * draws[2 * t];
      vy = momentum * vy + gy + noise * draws[2 * t + 1];
      wx -= rate * vx;
      wy -= rate * vy;
    }
    const minima = data["minima " + landscape];
    let best = 0;
    const away = (k) => (minima.data[2 * k] - x[last]) ** 2 + (minima.data[2 * k + 1] - y[last]) ** 2;
    for (let k = 1; k < minima.shape[0]; k++) if (away(k) < away(best)) best = k;
    const contour = data["contour " + landscape];
    const half = contour.shape[1];
    const intro = `Rate ${rate.toFixed(4)}, ${share.toFixed(2)} of the largest stable one, step ${step}: `;
    const place = `at (${x[step].toFixed(2)}, ${y[step].toFixed(2)}), ${loss[step].toFixed(4)} above the lowest loss.`;
    return {
      contour_x: { data: contour.data.subarray(0, half), shape: [half] },
      contour_y: { data: contour.data.subarray(half), shape: [half] },
      x,
      y,
      loss,
      error_x: x.map((value) => Math.abs(value - minima.data[2 * best])),
      error_y: y.map((value) => Math.abs(value - minima.data[2 * best + 1])),
      own_x: blank(),
      own_y: blank(),
      own_loss: blank(),
      at_x: x[step],
      at_y: y[step],
      says: intro + (Number.isNaN(x[step]) ? "the walk has run away." : place),
    };
  },
};
