// Twin of sliding_kernel.py in this folder: nine products and their sum, and the kernel over a photograph.
const PLACES = 6;

function fields({ picture, kernel, place }, { pictures, photo }) {
  const cells = pictures[picture];
  const size = cells.shape[1];
  const [row, column] = [Math.floor((place - 1) / PLACES), (place - 1) % PLACES];
  const output = filtered(cells, kernel);
  const sum = output.data[place - 1];
  const line = (make) => [0, 1, 2].map(make);
  const under = line((r) => line((c) => cells.data[(row + r) * size + column + c]));
  const weights = line((r) => line((c) => kernel[3 * r + c]));
  const products = line((r) => line((c) => under[r][c] * weights[r][c]));
  const gap = [NaN];
  const equation = line((r) => [
    ...under[r], ...gap, ...weights[r], ...gap, ...products[r], ...gap, r === 1 ? sum : NaN,
  ]);
  const signs = { 16: "×", 20: "=", 24: "Σ" };
  const seen = Array.from(output.data, (value, k) => (k < place ? value : NaN));
  const photographed = filtered(photo, kernel);
  return {
    picture: cells,
    window: [[row, column, 3, 3]],
    equation,
    equation_texts: equation.flat().map((value, k) => (Number.isNaN(value) ? signs[k] || "" : short(value))),
    output: { data: seen, shape: output.shape },
    output_texts: seen.map((value) => (Number.isNaN(value) ? " " : short(value))),
    cell: [[row, column, 1, 1]],
    photo,
    filtered: { data: photographed.data.map(Math.abs), shape: photographed.shape },
    says: sentence(place, kernel, sum),
  };
}

function filtered({ data, shape: [height, width] }, kernel) {
  const [rows, columns] = [height - 2, width - 2];
  const total = new Float64Array(rows * columns);
  kernel.forEach((weight, k) => {
    const first = Math.floor(k / 3) * width + (k % 3);
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) total[r * columns + c] += weight * data[first + r * width + c];
  });
  return { data: total, shape: [rows, columns] };
}

function short(value) {
  const text = written(value, ".3f");
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function sentence(place, kernel, sum) {
  const says = `Place ${place} of ${PLACES ** 2}: the nine products add up to ${short(sum)}. `;
  const total = kernel.reduce((a, b) => a + b, 0);
  if (kernel.every((weight) => weight === 0)) return says + "All weights are 0: whatever the picture is, the answer is 0.";
  if (Math.abs(total) < 1e-9)
    return says + "The weights add up to 0: where the picture is even the answer is 0, only change is seen.";
  if (Math.abs(total - 1) < 1e-9)
    return says + "The weights add up to 1: where the picture is even it stays as bright as it was.";
  return `${says}The weights add up to ${short(total)}: that much times as bright is what the picture is where it is even.`;
}
