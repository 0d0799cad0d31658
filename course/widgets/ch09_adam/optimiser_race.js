// Twin of optimiser_race.py: four optimisers from one start, and Adam's memory.
MECHANISMS.race = {
  fields({ landscape, share, rate, beta1, beta2, corrected, start, step }, data) {
    const surface = LANDSCAPES[landscape];
    const [edge, lowest] = data["numbers " + landscape].data;
    const steps = data.steps.data[0];
    const [sgdRate, kept, eps] = [share * edge, 0.9, 1e-8];
    const blank = () => new Array(steps + 1).fill(NaN);
    const both = (make) => [make(0), make(1)]; // for the first and for the second parameter
    const fields = {};
    for (const name of ["m", "root_v", "quotient"]) [fields[name + "_x"], fields[name + "_y"]] = [blank(), blank()];

    function walk(name, oneStep) {
      const [x, y, loss] = [blank(), blank(), blank()];
      let w = [...start];
      for (let t = 0; t <= steps; t++) {
        const [height, ...grad] = surface(...w);
        [x[t], y[t], loss[t]] = [...w, height - lowest];
        w = oneStep(w, grad, t + 1);
        if (!(Math.max(Math.abs(w[0]), Math.abs(w[1])) < 1e3)) break; // it has run away
      }
      Object.assign(fields, { [name + "_x"]: x, [name + "_y"]: y, [name + "_loss"]: loss });
      return [x, y];
    }

    let [velocity, average, m, v] = [[0, 0], [0, 0], [0, 0], [0, 0]];
    const heads = [
      walk("sgd", (w, grad) => both((k) => w[k] - sgdRate * grad[k])),
      walk("momentum", (w, grad) => {
        velocity = both((k) => kept * velocity[k] + grad[k]);
        return both((k) => w[k] - sgdRate * velocity[k]);
      }),
      walk("rmsprop", (w, grad) => {
        average = both((k) => kept * average[k] + (1 - kept) * grad[k] ** 2);
        return both((k) => w[k] - (rate * grad[k]) / (Math.sqrt(average[k]) + eps));
      }),
      walk("adam", (w, grad, t) => {
        m = both((k) => beta1 * m[k] + (1 - beta1) * grad[k]);
        v = both((k) => beta2 * v[k] + (1 - beta2) * grad[k] ** 2);
        const used = both((k) => (corrected ? m[k] / (1 - beta1 ** t) : m[k]));
        const root = both((k) => Math.sqrt(corrected ? v[k] / (1 - beta2 ** t) : v[k]));
        const quotient = both((k) => used[k] / (root[k] + eps));
        if (t <= steps)
          ["x", "y"].forEach((axis, k) => {
            fields["m_" + axis][t] = Math.abs(used[k]);
            fields["root_v_" + axis][t] = root[k];
            fields["quotient_" + axis][t] = quotient[k];
          });
        return both((k) => w[k] - rate * quotient[k]);
      }),
    ];
    ["x", "y"].forEach((axis, k) => {
      fields["heads_" + axis] = heads.map((path) => path[k][step]);
      fields["next_" + axis] = heads[3][k][Math.min(step + 1, steps)];
      fields["own_" + axis] = blank();
    });
    fields.own_loss = blank();
    const contour = data["contour " + landscape];
    const half = contour.shape[1];
    fields.contour_x = { data: contour.data.subarray(0, half), shape: [half] };
    fields.contour_y = { data: contour.data.subarray(half), shape: [half] };
    const told = [["sgd", "SGD"], ["momentum", "momentum"], ["rmsprop", "RMSProp"], ["adam", "Adam"]].map(([key, name]) => {
      const loss = fields[key + "_loss"][step];
      return Number.isNaN(loss) ? `${name} has run away` : `${name} is at ${loss.toFixed(4)}`;
    });
    const sizes = `${fields.quotient_x[step].toFixed(2)} and ${fields.quotient_y[step].toFixed(2)}`;
    const last = step ? ` Adam's last step: ${sizes} learning rates.` : "";
    fields.says = `Step ${step}, above the lowest loss: ${told.join(", ")}.${last}`;
    return fields;
  },
};
