// Twin of landscapes.py: each gives the loss and its slopes along x and y.
const bowl = (steep) => (x, y) => [(x * x + steep * y * y) / 2, x, steep * y];

const LANDSCAPES = {
  "round bowl": bowl(1),
  "valley 1:10": bowl(10),
  "valley 1:100": bowl(100),
  saddle: (x, y) => [(x * x) / 2 - (y * y) / 2 + y ** 4 / 8, x, -y + y ** 3 / 2],
  plateau: (x, y) => {
    const e = Math.exp(-2 * (x * x + y * y));
    return [1 - e, 4 * x * e, 4 * y * e];
  },
  Rosenbrock: (x, y) => {
    const off = y + 1 - x * x;
    return [(1 - x) ** 2 + 100 * off * off, -2 * (1 - x) - 400 * x * off, 200 * off];
  },
  Himmelblau: (x, y) => {
    const [u, v] = [2.5 * x, 2.5 * y];
    const [first, second] = [u * u + v - 11, u + v * v - 7];
    const loss = first * first + second * second;
    return [loss, 2.5 * (4 * u * first + 2 * second), 2.5 * (2 * first + 4 * v * second)];
  },
};
