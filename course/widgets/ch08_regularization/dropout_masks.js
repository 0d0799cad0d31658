// Twin of dropout_masks.py: the network under one mask, and the outputs under all masks up to it.
function fields({ rate, where, divide, training, draw }, data) {
  const { sizes, rates, layers, edges, reference, verdict } = data;
  const [inputs, first, second] = sizes;
  const units = first + second;
  const draws = data.drawn.shape[1];
  const k = rates.indexOf(rate);
  const factor = (drawn, evaluation, d, u) => {
    if (where === layers[1] && u < first) return 1;
    if (!training) return evaluation ? evaluation.data[u] : 1;
    const found = drawn.data[(k * draws + d) * units + u];
    return divide ? found : +(found !== 0); // a kept unit as it is
  };
  const row = (drawn, evaluation, d) => Array.from({ length: units }, (_, u) => factor(drawn, evaluation, d, u));
  const runs = Array.from({ length: draws }, (_, d) => forward(data, row(data.drawn, data.evaluation, d)));
  const theirs = reference ? runs.map((_, d) => forward(data, row(reference, null, d)).output) : null;
  const mean = running(runs.map(({ output }) => output));
  const whole = forward(data, new Array(units).fill(1)).output;
  const here = draw - 1;
  const gone = row(data.drawn, data.evaluation, here).map((value) => value === 0);
  const { handed, output } = runs[here];
  const values = [...data.x.data, ...handed.map((value, u) => (gone[u] ? NaN : value)), output];
  const lost = [...new Array(inputs).fill(false), ...gone, false];
  const ends = Array.from({ length: edges.shape[0] }, (_, e) => [edges.data[2 * e], edges.data[2 * e + 1]]);
  return {
    values,
    edges: ends.map(([from, to]) => (lost[from] || lost[to] ? [NaN, NaN] : [from, to])),
    weights: linked(sizes, data.weights),
    texts: values.map((value, n) => (lost[n] ? "0" : short(value))),
    words: data.words,
    outputs: runs.map((run, d) => (d < draw ? run.output : NaN)),
    mean,
    reference: theirs ? running(theirs) : new Array(draws).fill(NaN),
    evaluation: [whole, whole],
    at: draw,
    at_output: output,
    says: says() + (verdict ? ` ${verdict}` : ""),
  };

  function says() {
    const evaluation = written(whole, ".2f");
    if (!training) {
      return `Evaluation mode: no unit is left out and nothing is scaled. The output is ${evaluation}, always.`;
    }
    const of = where === layers[1] ? second : units;
    const count = gone.filter(Boolean).length;
    const start = `Rate p = ${rate}, mask ${draw}: ${count} of ${of} units are left out. `;
    if (!rate) return `${start}With p = 0 every mask gives the output of evaluation mode, ${evaluation}.`;
    const means = draw === 1 ? "The output is" : `The mean of ${draw} outputs is`;
    const told = `${start}${means} ${written(mean[here], ".2f")}, evaluation mode gives ${evaluation}. `;
    const exact = written(data.expected[`${where} ${+divide}`][k], ".2f");
    if (!divide) {
      return `${told}Without the division by 1 − p, the mean over all masks is ${exact}: too small by what is missing.`;
    }
    if (where !== layers[1]) {
      return `${told}Over all masks the mean is ${exact}; the ReLU between the layers keeps it from being exact.`;
    }
    return `${told}Over all masks the mean is ${exact}: each kept unit counts ${written(1 / (1 - rate), ".3g")} times.`;
  }
}

function forward({ sizes, x, weights, biases }, factors) {
  const layer = (number, input) =>
    Array.from(biases[`b${number}`].data, (bias, unit) => {
      const at = unit * input.length;
      return input.reduce((sum, value, k) => sum + value * weights[`w${number}`].data[at + k], 0) + bias;
    });
  const first = layer(1, Array.from(x.data)).map((z, u) => Math.max(z, 0) * factors[u]);
  const second = layer(2, first).map((z, u) => Math.max(z, 0) * factors[sizes[1] + u]);
  return { handed: [...first, ...second], output: layer(3, second)[0] };
}

// the weights in the order of the edges: by the unit that an edge leaves
function linked(sizes, weights) {
  return [0, 1, 2].flatMap((k) => {
    const [from, to] = sizes.slice(k, k + 2);
    return Array.from({ length: from * to }, (_, e) => weights[`w${k + 1}`].data[(e % to) * from + Math.floor(e / to)]);
  });
}

function running(outputs) {
  let sum = 0;
  return outputs.map((output, k) => (sum += output) / (k + 1));
}

const short = (value) => written(value, Math.abs(value) >= 9.95 ? ".0f" : ".1f");
