// Twin of positions.py: two positions in the encodings, their dot products, and three words in two orders.
function fields({ d_model, first, second, add, order }, { encodings, starts, words, moved, verdicts, right, heads }) {
  const { data, shape: [length] } = encodings[d_model];
  const half = d_model / 2;
  const product = (a, b) => {
    let sum = 0;
    for (let k = 0; k < d_model; k++) sum += data[a * d_model + k] * data[b * d_model + k];
    return sum / half;
  };
  const places = Array.from({ length }, (_, place) => place);
  const setting = `${d_model} ${+add} ${order}`;
  const shown = words[setting];
  return {
    encoding: Array.from({ length: d_model }, (_, k) => places.map((place) => data[place * d_model + k])),
    dots: places.map((place) => product(first, place)),
    right_dots: places.map((place) => (right[d_model] ? right[d_model].data[Math.abs(place - first)] : NaN)),
    at_first: first,
    at_second: second,
    dot: product(first, second),
    apart: Math.abs(first - second),
    distances: starts.map((start) => places.map((place) => Math.abs(start - place))),
    spread: starts.map((start) => places.map((place) => product(start, place))),
    words: shown,
    word_texts: Array.from(shown.data, (value) => (Number.isNaN(value) ? "" : written(value, ".2f"))),
    heads,
    says: says() + verdicts[d_model],
  };

  function says() {
    const apart = Math.abs(first - second);
    const dot = written(product(first, second) * half, ".2f");
    let text = `Positions ${first} and ${second} are ${apart} apart, their dot product is ${dot} of ${half}. `;
    const line = places.slice(apart).map((place) => product(place - apart, place) * half);
    const [low, high] = [Math.min(...line), Math.max(...line)];
    if (high - low < 1e-6) {
      if (line.length > 1) text += `The same holds for all ${line.length} pairs that are ${apart} apart. `;
    } else {
      const [from, to] = [low, high].map((value) => written(value, ".2f"));
      text += `Of pairs that are ${apart} apart it goes from ${from} to ${to}. `;
    }
    if (!add) return `${text}Without positions, “${order}” gives each word the output that it had: attention sees no order.`;
    const far = written(moved[setting], ".2f");
    return `${text}With positions added, “${order}” gives every word another output, by up to ${far}.`;
  }
}
