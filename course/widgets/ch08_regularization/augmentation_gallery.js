// Twin of augmentation_gallery.py and pictures.py: a picture turned, scaled and mirrored, and what the reader reads.
function fields({ picture, degrees, factor, flip, strength }, data) {
  const before = data.pictures[picture];
  const [rows, columns] = before.shape;
  const draws = data.chance.shape[0];
  const after = augmented(before, degrees, factor, flip);
  const most = 1 + strength / 180;
  const drawn = Array.from({ length: draws }, (_, k) => {
    const [a, b, c] = data.chance.data.slice(3 * k, 3 * k + 3);
    return augmented(before, (2 * a - 1) * strength, 1 / most + b * (most - 1 / most), flip && c < 0.5);
  });
  const digit = picture !== data.photograph;
  const label = digit ? Number(picture.slice(-1)) : -1;
  const believed = digit ? chances(data.reader, after) : new Array(10).fill(NaN);
  const answers = digit ? drawn.map((one) => largest(chances(data.reader, one))) : [];
  const turned = (from, k, to) => data.turned.data[(from * data.angles.length + k) * 10 + to];
  const share = (k, answer) => (digit ? turned(label, k, answer) : NaN);
  const upside = Array.from({ length: 10 }, (_, answer) => (answer === label ? 0 : share(0, answer)));
  const other = digit ? upside.lastIndexOf(Math.max(...upside)) : 0;
  const pixels = (list) => ({
    data: Float64Array.from(list.flatMap((one) => Array.from(one.data))),
    shape: [list.length, rows, columns],
  });
  return {
    shown: pixels([before, after]),
    shown_names: ["as it is", "changed"],
    chances: believed,
    label: digit ? label : NaN,
    draws: pixels(drawn),
    draw_names: digit ? answers.map(String) : new Array(draws).fill(""),
    still: data.angles.map((_, k) => share(k, label)),
    other: data.angles.map((_, k) => share(k, other)),
    still_name: digit ? `still read as ${label}` : "no reader for photographs",
    other_name: digit ? `read as ${other}` : "",
    other_height: Math.max(...data.angles.map((_, k) => share(k, other)).slice(-data.beside)) + 0.09,
    angle: degrees,
    says: says(),
  };

  function says() {
    if (!digit) {
      if (Math.abs(degrees) > 90) {
        return "A temple that stands on its roof: no camera delivers such pictures, so nothing is gained by them.";
      }
      if (flip) return "A mirrored temple is a temple. For a photograph like this one the flip gives a second example.";
      return "A temple stays a temple. No network here reads photographs: whether the label lives is for you to see.";
    }
    const answer = largest(believed);
    // the two digits look alike only where each is read as the other
    const there = turned(label, data.angles.indexOf(degrees), answer);
    const back = turned(answer, data.angles.indexOf(-degrees), label);
    let told = `The network reads a ${answer} (${written(believed[answer], ".2f")})`;
    if (answer === label) {
      told += ", the label lives.";
    } else {
      told += `, the ${label} has ${written(believed[label], ".2f")}.`;
      told += factor === 1 && !flip && Math.min(there, back) > 0.5
        ? ` Of all test digits ${label}, turned like this, it reads ${written(there, ".0%")} as ${answer}, and of the ` +
          `${answer}s, turned back, ${written(back, ".0%")} as ${label}: the label has died.`
        : " Has the label died, or is this an example worth learning? That is for you to decide.";
    }
    const kept = answers.filter((one) => one === label).length;
    const range = `${draws} draws of up to ${strength}° and a factor up to ${written(1 + strength / 180, ".2f")}`;
    return `${told} Of ${range}, ${kept} are read as ${label}.`;
  }
}

const largest = (values) => values.indexOf(Math.max(...values));

function augmented(image, degrees, factor, flip) {
  const angle = (degrees * Math.PI) / 180;
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const turned = sampled(image, (row, column) => [sin * column + cos * row, cos * column - sin * row]);
  const scaled = sampled(turned, (row, column) => [row / factor, column / factor]);
  return flip ? mirrored(scaled) : scaled;
}

function mirrored({ data, shape }) {
  const [, columns] = shape;
  return { shape, data: data.map((_, k) => data[k - (k % columns) + columns - 1 - (k % columns)]) };
}

// every pixel of the new picture asks where it comes from; outside is 0
function sampled({ data, shape }, from) {
  const [rows, columns] = shape;
  const [middle, centre] = [(rows - 1) / 2, (columns - 1) / 2];
  const at = (r, c) => (r >= 0 && r < rows && c >= 0 && c < columns ? data[r * columns + c] : 0);
  const made = new Float64Array(rows * columns);
  for (let k = 0; k < made.length; k++) {
    const [row, column] = from(Math.floor(k / columns) - middle, (k % columns) - centre);
    const [y, x] = [row + middle, column + centre];
    const [r, c] = [Math.floor(y), Math.floor(x)];
    const [down, right] = [y - r, x - c];
    const above = at(r, c) * (1 - right) + at(r, c + 1) * right;
    const below = at(r + 1, c) * (1 - right) + at(r + 1, c + 1) * right;
    made[k] = above * (1 - down) + below * down;
  }
  return { data: made, shape };
}

function chances({ w1, b1, w2, b2 }, { data }) {
  const layer = (weight, bias, input) =>
    Array.from(bias.data, (start, unit) => {
      let sum = start;
      for (let k = 0; k < input.length; k++) sum += weight.data[unit * input.length + k] * input[k];
      return sum;
    });
  const z = layer(w2, b2, layer(w1, b1, data).map((value) => Math.max(value, 0)));
  const top = Math.max(...z);
  const powers = z.map((value) => Math.exp(value - top));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}
