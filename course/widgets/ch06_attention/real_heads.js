// Twin of real_heads.py in this folder: one head's weights on one sentence, and one measure of all heads.
function fields({ sentence, look_for, head, query }, data) {
  const { layers, heads, levels, turned } = data;
  const pieces = data.pieces[sentence];
  const count = pieces.length;
  const bytes = atob(data.weights[sentence][head]); // one letter a weight
  const matrix = Array.from(bytes, (letter) => letter.charCodeAt(0) / levels);
  const row = matrix.slice((query - 1) * count, query * count);
  const measure = data.measures[look_for].data;
  return {
    pieces,
    row,
    query: query - 1,
    matrix: { data: matrix, shape: [count, count] },
    blanks: matrix.map(() => ""),
    query_box: [[query - 1, 0, 1, count]],
    measure: { data: measure, shape: [layers, heads] },
    head_box: [[Math.floor(head / heads), head % heads, 1, 1]],
    turned,
    head,
    says: sentenceOf(pieces, row, query - 1, head, measure, data.meaning[look_for], data),
  };
}

function sentenceOf(pieces, row, query, head, measure, [gives, goal], { heads, turned, verdict }) {
  const called = (one) => `Layer ${Math.floor(one / heads) + 1}, head ${(one % heads) + 1}`;
  const to = largest(row);
  const target = to === query ? "itself" : `“${pieces[to]}”`;
  const best = largest(measure);
  const most = best === head
    ? ", most of all 72 heads."
    : `; ${called(best).toLowerCase()} has ${written(measure[best], ".2f")}.`;
  return `${called(head)}: “${pieces[query]}” gives ${written(row[to], ".2f")} to ${target}, its largest weight. `
    + `Over many sentences ${gives} ${written(measure[head], ".2f")} ${goal}${most}`
    + ` Without this head a sentence's vector turns by ${written(turned.data[head], ".1f")}°.${verdict ? ` ${verdict}` : ""}`;
}

function largest(values) {
  let best = 0;
  values.forEach((value, k) => { if (value > values[best]) best = k; });
  return best;
}
