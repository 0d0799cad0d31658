// Twin of feature_maps.py in this folder: a convolutional network's forward pass with one filter switched off.
function fields({ picture, off }, data) {
  const { shown, pictures, labels, filters, without, wrong } = data;
  const layers = Object.values(data.layers);
  const [, rows, columns] = pictures.shape;
  const cells = pictures.data.slice((picture - 1) * rows * columns, picture * rows * columns);
  const x = { data: cells, shape: [1, rows, columns] };
  const first = filters.shape[0];
  const place = off === 0 ? null : off <= first ? [0, off - 1] : [1, off - 1 - first];
  const whole = forward(x, layers, shown, null);
  const outputs = place ? forward(x, layers, shown, place) : whole;
  const logits = outputs[outputs.length - 1].data;
  const before = whole[whole.length - 1].data;
  const maps = shown.map((layer) => outputs[layer]);
  const names = maps.map(({ shape: [count] }, which) =>
    Array.from({ length: count }, (_, k) => (place && place[0] === which && place[1] === k ? "off" : String(k + 1))));
  return {
    picture: { data: cells, shape: [rows, columns] },
    filters,
    first: maps[0],
    first_names: names[0],
    second: maps[1],
    second_names: names[1],
    logits: centred(logits),
    whole: centred(before),
    answer: largest(logits),
    without,
    off: off ? off - 1 : NaN,
    says: sentence(labels.data[picture - 1], before, logits, place, wrong, without.data[off - 1]),
  };
}

function forward(x, layers, shown, place) {
  return layers.map((layer, k) => {
    x = LAYERS[layer.kind](x, layer);
    if (place && k === shown[place[0]]) {
      const each = x.data.length / x.shape[0];
      x.data.fill(0, place[1] * each, (place[1] + 1) * each);
    }
    return x;
  });
}

const LAYERS = {
  conv({ data, shape: [channels, height, width] }, { weight, bias, stride, padding }) {
    const [count, , tall, wide] = weight.shape;
    const rows = Math.floor((height + 2 * padding - tall) / stride) + 1;
    const columns = Math.floor((width + 2 * padding - wide) / stride) + 1;
    const y = new Float64Array(count * rows * columns);
    for (let o = 0; o < count; o++)
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < columns; c++) {
          let sum = bias.data[o];
          for (let i = 0; i < channels; i++)
            for (let a = 0; a < tall; a++) {
              const row = r * stride + a - padding;
              if (row < 0 || row >= height) continue;
              for (let b = 0; b < wide; b++) {
                const column = c * stride + b - padding;
                if (column < 0 || column >= width) continue;
                sum += weight.data[((o * channels + i) * tall + a) * wide + b] * data[(i * height + row) * width + column];
              }
            }
          y[(o * rows + r) * columns + c] = sum;
        }
    return { data: y, shape: [count, rows, columns] };
  },
  relu: ({ data, shape }) => ({ data: data.map((value) => Math.max(value, 0)), shape }),
  max_pool({ data, shape: [channels, height, width] }, { size, stride }) {
    const rows = Math.floor((height - size) / stride) + 1;
    const columns = Math.floor((width - size) / stride) + 1;
    const y = new Float64Array(channels * rows * columns).fill(-Infinity);
    for (let i = 0; i < channels; i++)
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < columns; c++)
          for (let k = 0; k < size * size; k++) {
            const cell = (i * height + r * stride + Math.floor(k / size)) * width + c * stride + (k % size);
            const at = (i * rows + r) * columns + c;
            y[at] = Math.max(y[at], data[cell]);
          }
    return { data: y, shape: [channels, rows, columns] };
  },
  flatten: ({ data }) => ({ data, shape: [data.length] }),
  linear({ data }, { weight, bias }) {
    const y = bias.data.map((start, o) => data.reduce((sum, value, k) => sum + weight.data[o * data.length + k] * value, start));
    return { data: y, shape: [y.length] };
  },
};

const centred = (values) => Array.from(values, (value) => value - values.reduce((a, b) => a + b, 0) / values.length);

const largest = (values) => values.reduce((best, value, k) => (value > values[best] ? k : best), 0);

function sentence(label, whole, logits, place, wrong, without) {
  const [answer, before] = [largest(logits), largest(whole)];
  const [top, next] = Array.from(logits).sort((a, b) => b - a);
  const lead = written(top - next, ".1f");
  if (!place) {
    const says = answer === label
      ? `A ${label}: the network says ${answer}, ${lead} ahead of the next digit. `
      : `A ${label}, and the network says ${answer}: it is wrong here. `;
    return `${says}Of the 360 test pictures it gets ${wrong} wrong.`;
  }
  const says = `Without filter ${place[1] + 1} of layer ${place[0] + 1} the network says ${answer}, ${lead} ahead`;
  const change = answer === before ? ", as with all filters. " : `, where it said ${before} with all filters. `;
  return `${says}${change}Of the 360 test pictures ${wrong} are wrong with it, ${without} without.`;
}
