// Twin of norms_and_stream.py in this folder: one batch under layer norm or batch norm.
const NAN = (count) => new Array(count).fill(NaN);

function fields({ kind, size, loud, shift, gain }, data) {
  const [most, positions, features] = data.batch.shape;
  const { shown, position, feature, shifted, batches, gains, layers, streams, right } = data;
  const each = positions * features;
  const place = position * features + feature;
  const whole = data.batch.data.map((value, k) => {
    const scaled = k < each ? value * loud : value;
    return k % features === shifted ? scaled + shift : scaled;
  });
  const of = (count) => whole.slice(0, count * each);
  const x = of(size);
  const after = normalised(x, kind, positions, features);
  const line = (name) => batches.map((count) => normalised(of(count), name, positions, features, data.eps)[place]);
  const lines = { layer: line("layer norm"), batch: line("batch norm"), both: line("batch norm, positions too") };
  const at = gains.indexOf(gain);
  const row = ({ data: values }) => Array.from(values.slice(at * layers, (at + 1) * layers));
  const table = (values) => {
    const cells = NAN(shown * each);
    for (let k = 0; k < Math.min(values.length, cells.length); k++) cells[k] = values[k];
    return { data: cells, shape: [shown * positions, features] };
  };
  const { "pre-norm": pre, "post-norm": post, "no norm": none, "no residual": bare } = streams;
  return {
    before: table(x),
    after: table(after),
    boxes: boxes(kind, size, data, positions, features),
    shares: [shares(x, data.edges.data), shares(after, data.edges.data)],
    layer_line: lines.layer,
    batch_line: lines.batch,
    both_line: lines.both,
    size,
    value: after[place],
    pre: row(pre.sizes),
    post: row(post.sizes),
    none: row(none.sizes),
    bare: row(bare.sizes),
    grad_pre: row(pre.gradients),
    grad_post: row(post.gradients),
    grad_none: row(none.gradients),
    grad_bare: row(bare.gradients),
    right_pre: data.differs ? row(right["pre-norm"]) : NAN(layers),
    right_post: data.differs ? row(right["post-norm"]) : NAN(layers),
    says: sentence(kind, size, loud, shift, gain, x, after, lines, data, at),
  };
}

// values less their mean, over their standard deviation, both taken over the numbers that share a key
function normalised(x, kind, positions, features) {
  const key = {
    "layer norm": (k) => Math.floor(k / features),
    "batch norm": (k) => k % (positions * features),
    "batch norm, positions too": (k) => k % features,
  }[kind];
  const means = [];
  const counts = [];
  x.forEach((value, k) => {
    means[key(k)] = (means[key(k)] || 0) + value;
    counts[key(k)] = (counts[key(k)] || 0) + 1;
  });
  counts.forEach((count, one) => { means[one] /= count; });
  const squares = [];
  x.forEach((value, k) => { squares[key(k)] = (squares[key(k)] || 0) + (value - means[key(k)]) ** 2; });
  return x.map((value, k) => (value - means[key(k)]) / Math.sqrt(squares[key(k)] / counts[key(k)] + 1e-5));
}

function boxes(kind, size, { shown, position, feature }, positions, features) {
  const found = Array.from({ length: shown + 1 }, () => NAN(4));
  found[shown] = [position, feature, 1, 1];
  const seats = Math.min(size, shown);
  if (kind === "layer norm") found[0] = [position, 0, 1, features];
  else if (kind === "batch norm") for (let k = 0; k < seats; k++) found[k] = [k * positions + position, feature, 1, 1];
  else found[0] = [0, feature, seats * positions, 1];
  return found;
}

function shares(values, edges) {
  const counts = new Array(edges.length - 1).fill(0);
  for (const value of values) {
    const bin = Math.floor((value - edges[0]) / (edges[1] - edges[0]));
    counts[Math.max(0, Math.min(counts.length - 1, bin))] += 1;
  }
  return counts.map((count) => (100 * count) / values.length);
}

const average = (values) => values.reduce((a, b) => a + b, 0) / values.length;
function spreadOf(values) {
  const middle = average(values);
  return Math.sqrt(average(values.map((value) => (value - middle) ** 2)));
}

function sentence(kind, size, loud, shift, gain, x, after, lines, data, at) {
  const [, positions, features] = data.batch.shape;
  const { position, feature, shifted, layers, streams } = data;
  const before = written(x[position * features + feature], ".2f");
  const now = written(after[position * features + feature], ".2f");
  if (gain !== 1) {
    const ends = ["pre-norm", "post-norm", "no norm", "no residual"].map((name) =>
      written(streams[name].sizes.data[(at + 1) * layers - 1], ".2g"));
    return `Branches of gain ${written(gain, ".2g")}: after 24 layers the stream has size ${ends[2]} without norm, `
      + `${ends[3]} without residual, ${ends[0]} with pre-norm and ${ends[1]} with post-norm. `
      + `Above, ${before} becomes ${now}.`;
  }
  const examples = size === 1 ? "1 example" : `${size} examples`;
  if (kind === "layer norm") {
    const says = `Layer norm makes ${before} into ${now} with ${examples} and with any number of them: `;
    if (shift) {
      const row = Array.from(x.slice(position * features, (position + 1) * features));
      const spread = spreadOf(row.filter((_, k) => k !== shifted)) / Math.sqrt(spreadOf(row) ** 2 + data.eps);
      return `${says}but the far-off feature sits in its row's mean, and the other 19 are left a spread of `
        + `${written(spread, ".2f")}.`;
    }
    if (loud !== 1) return `${says}example 1 times ${written(loud, ".2g")} is undone, as only its own 20 numbers count.`;
    return `${says}its mean and its variance come from its own row of 20 numbers.`;
  }
  if (kind === "batch norm") {
    if (size === 1)
      return `Batch norm of 1 example makes ${before} into ${now}: each number is its own mean, all is erased.`;
    if (size === 2)
      return `Batch norm of 2 examples makes ${before} into ${now}: of two numbers one is +1 and the other −1.`;
    const full = written(lines.batch[lines.batch.length - 1], ".2f");
    const says = `Batch norm makes ${before} into ${now} with ${examples}, and into ${full} with 32: `;
    if (loud > 1) {
      const spread = written(spreadOf(Array.from(after.slice(positions * features))), ".2f");
      return `${says}the loud example 1 leaves the others a spread of ${spread}.`;
    }
    if (shift) return `${says}the far-off feature is brought back, as its mean is taken over the examples.`;
    return `${says}the answer for example 1 depends on who else is in the batch.`;
  }
  return `With positions too, the mean is taken over ${positions * size} numbers, and ${before} becomes ${now}: even `
    + "alone, position 2 now depends on position 3. In a model that may not look ahead this is a leak.";
}
