// Twin of next_token.py in this folder: temperature, top-k and top-p on recorded logits, in falling order.
function fields({ prompt, temperature, top_k, top_p }, data) {
  const { named, all } = data;
  const { names, logits, texts, drawn } = data.prompts[prompt];
  const { p, count } = chances(logits.data, temperature, top_k, top_p);
  let sum = 0;
  const mass = chances(logits.data, temperature, all, 1).p.map((value) => (sum += value));
  const rest = p.slice(named).reduce((a, b) => a + b, 0);
  const hot = temperature > 0;
  const told = drawn[settingOf(temperature, top_k, top_p, data)].map((place) => texts[place]);
  return {
    values: [...p.slice(0, named), rest],
    names: [...names, `${Math.max(count - named, 0)} others`],
    frequencies: new Array(named + 1).fill(NaN),
    mass,
    level: hot && top_p < 1 ? top_p * mass[top_k - 1] : NaN,
    most: hot && top_k < all ? top_k : NaN,
    band_to: count,
    begins: `${prompt} …`,
    texts: told,
    says: sentence(names[0], temperature, top_k, top_p, p[0], rest, count, mass[count - 1], new Set(told).size, data),
  };
}

function chances(logits, temperature, top_k, top_p) {
  const p = Array.from(logits, (value, k) => (temperature === 0 ? +(k === 0) : Math.exp((value - logits[0]) / temperature)));
  let count = temperature === 0 ? 1 : top_k;
  const scaled = () => {
    let total = 0;
    p.forEach((value, k) => { if (k < count) total += value; });
    p.forEach((value, k) => { p[k] = k < count ? value / total : 0; });
  };
  scaled();
  if (temperature > 0 && top_p < 1) {
    let before = 0;
    let kept = 0;
    while (kept < count && before < top_p) before += p[kept++];
    count = kept;
    scaled();
  }
  while (p[count - 1] === 0) count -= 1; // too small for a number
  return { p, count };
}

function settingOf(temperature, top_k, top_p, data) {
  if (temperature === 0) return 0;
  const place = data.temperatures.indexOf(temperature) - 1;
  return 1 + (place * data.top_k.length + data.top_k.indexOf(top_k)) * data.top_p.length + data.top_p.indexOf(top_p);
}

function sentence(name, temperature, top_k, top_p, p, rest, count, held, different, { all, named }) {
  if (temperature === 0) return `Temperature 0 is greedy: always “${name}”, and the five texts are one.`;
  const texts = different === 1 ? "one text" : `${different} different texts`;
  const says = `At temperature ${written(temperature, ".2g")} “${name}” has ${written(p, ".2f")}`;
  if (count === all)
    return `${says}, the tokens beyond the first ${named} have ${written(rest, ".2f")} together, and all stay: `
      + `five draws are ${texts}.`;
  let cut = top_p === 1 ? `top-k ${top_k}` : `top-p ${written(top_p, ".2g")}`;
  if (top_k < all && top_p < 1) cut = `top-k ${top_k} and then top-p ${written(top_p, ".2g")}`;
  const keep = count === 1 ? "1 token" : `${count} tokens`;
  return `${says}; ${cut} keeps ${keep}, which held ${written(held, ".2f")} of the mass: five draws are ${texts}.`;
}
