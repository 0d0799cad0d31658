"""Exercise of section 2.4: a number that remembers how it was computed, and differentiates it.

Source: derived in sections 2.3 and 2.4; reverse mode: Linnainmaa 1970.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def drive(Value, program, outputs):
    """Build a graph from instructions, call backward() on the outputs one after the other, and read every number.

    An instruction is ["leaf", number] or an operation with the places of earlier results: ["add", 0, 1].
    Numbers that an output does not depend on are left out (NaN), but for leaves.
    """
    nodes = []
    for name, *rest in program:
        a = nodes[rest[0]] if name != "leaf" else None
        if name == "leaf":
            node = Value(rest[0])
        elif name == "add":
            node = a + nodes[rest[1]]
        elif name == "sub":
            node = a - nodes[rest[1]]
        elif name == "mul":
            node = a * nodes[rest[1]]
        elif name == "div":
            node = a / nodes[rest[1]]
        elif name == "pow":
            node = a ** rest[1]
        elif name == "plus number":
            node = a + rest[1]
        elif name == "number times":
            node = rest[1] * a
        else:
            node = {"exp": a.exp, "tanh": a.tanh, "relu": a.relu}[name]()
        nodes.append(node)

    grads = []
    for output in outputs:
        nodes[output].backward()
        reached = {output}
        for place in range(output, -1, -1):
            if place in reached and program[place][0] != "leaf":
                two = program[place][0] in ("add", "sub", "mul", "div")
                reached.update(program[place][1 : 3 if two else 2])
        shown = [program[k][0] == "leaf" or k in reached for k in range(len(nodes))]
        grads.append([float(node.grad) if show else np.nan for node, show in zip(nodes, shown, strict=True)])
    return {"data": np.array([float(node.data) for node in nodes]), "grad": np.array(grads)}


def reference(program, outputs):
    """PyTorch's autograd on the same instructions; leaves add up over the outputs."""
    import torch

    nodes = []
    for name, *rest in program:
        if name == "leaf":
            nodes.append(torch.tensor(rest[0], requires_grad=True))
            continue
        a = nodes[rest[0]]
        second = rest[1] if len(rest) > 1 else None
        nodes.append(
            {
                "add": lambda a=a, second=second: torch.add(a, nodes[second]),
                "sub": lambda a=a, second=second: torch.sub(a, nodes[second]),
                "mul": lambda a=a, second=second: torch.mul(a, nodes[second]),
                "div": lambda a=a, second=second: torch.div(a, nodes[second]),
                "pow": lambda a=a, second=second: torch.pow(a, second),
                "plus number": lambda a=a, second=second: a + second,
                "number times": lambda a=a, second=second: second * a,
                "exp": lambda a=a: torch.exp(a),
                "tanh": lambda a=a: torch.tanh(a),
                "relu": lambda a=a: torch.relu(a),
            }[name]()
        )
    leaves = torch.zeros(len(nodes))
    rows = []
    for output in outputs:
        grads = torch.autograd.grad(nodes[output], nodes, retain_graph=True, allow_unused=True)
        row = torch.full((len(nodes),), torch.nan)
        for k, grad in enumerate(grads):
            if program[k][0] == "leaf":
                leaves[k] += 0.0 if grad is None else grad
                row[k] = leaves[k]
            elif grad is not None:
                row[k] = grad
        rows.append(row)
    return {"data": torch.stack([node.detach() for node in nodes]), "grad": torch.stack(rows)}


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Sums and products first, so that they alone earn a part; then sharing, order, second calls, and the functions."""
    a, b, c = (["leaf", float(value)] for value in rng.uniform(0.5, 2.0, 3) * [1, -1, 1])
    yield Case("a b + c", {"program": [a, b, c, ["mul", 0, 1], ["add", 3, 2]], "outputs": [4]})
    yield Case("a number used twice: a a + a", {"program": [a, ["mul", 0, 0], ["add", 1, 0]], "outputs": [2]})
    diamond = [a, b, ["mul", 0, 1], ["mul", 2, 0], ["add", 2, 3], ["mul", 4, 2]]
    yield Case("a result used at several depths", {"program": diamond, "outputs": [5]})
    yield Case("backward twice", {"program": diamond, "outputs": [5, 5]})
    yield Case("two outputs of one graph", {"program": [*diamond, ["add", 3, 1]], "outputs": [5, 6]})
    doubling = [a, b]
    for place in range(1, 21, 2):
        doubling += [["number times", place, float(rng.uniform(-0.6, 0.6))], ["add", place, place + 1]]
    yield Case("ten forks in a row", {"program": [*doubling, ["mul", 21, 0]], "outputs": [22]})
    powers = [a, b, c, ["pow", 0, 3], ["div", 3, 1], ["pow", 2, 0.5], ["sub", 4, 5], ["plus number", 6, 2.0]]
    yield Case("powers and quotients", {"program": powers, "outputs": [7]})
    yield Case("exp", {"program": [a, b, ["mul", 0, 1], ["exp", 2], ["mul", 3, 0]], "outputs": [4]})
    yield Case("tanh", {"program": [a, b, c, ["mul", 0, 1], ["add", 3, 2], ["tanh", 4], ["mul", 5, 0]], "outputs": [6]})
    bends = [a, b, ["relu", 0], ["relu", 1], ["sub", 0, 0], ["relu", 4], ["add", 2, 3], ["add", 6, 5], ["mul", 7, 7]]
    yield Case("relu above, below and at 0", {"program": bends, "outputs": [8]})
    yield Case("a graph drawn at random", {"program": _random_program(rng), "outputs": [15]})


def _random_program(rng: np.random.Generator) -> list[list[Any]]:
    program: list[list[Any]] = [["leaf", float(value)] for value in rng.uniform(-1.5, 1.5, 4)]
    for place in range(4, 16):
        first, second = int(rng.integers(max(0, place - 5), place)), place - 1
        program.append([["add", "mul", "sub"][int(rng.integers(3))], first, second] if place % 3 else ["tanh", second])
    return program


class _Right:
    """A right engine whose parts the wrong ones below replace."""

    def __init__(self, data, inputs=(), local_grads=(), op=""):
        self.data, self.inputs, self.local_grads, self.op, self.grad = float(data), inputs, local_grads, op, 0.0

    def make(self, data, inputs, local_grads):
        return type(self)(data, inputs, local_grads)

    def value(self, other):
        return other if isinstance(other, _Right) else self.make(other, (), ())

    def __add__(self, other):
        other = self.value(other)
        return self.make(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = self.value(other)
        return self.make(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent):
        return self.make(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def exp(self):
        result = np.exp(self.data)
        return self.make(result, (self,), (result,))

    def tanh(self):
        result = np.tanh(self.data)
        return self.make(result, (self,), (1 - result**2,))

    def relu(self):
        return self.make(max(self.data, 0.0), (self,), (1.0 if self.data > 0 else 0.0,))

    def order(self):
        order, seen = [], set()

        def visit(value):
            if value not in seen:
                seen.add(value)
                for one in value.inputs:
                    visit(one)
                order.append(value)

        visit(self)
        return order[::-1]

    def clear(self):
        for value in self.order():
            if value.inputs:
                value.grad = 0.0

    def spread(self):
        for value in self.order():
            for one, slope in zip(value.inputs, value.local_grads, strict=True):
                one.grad += slope * value.grad

    def backward(self):
        self.clear()
        self.grad += 1.0
        self.spread()

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * other**-1.0

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return -self + other


class gradients_overwritten(_Right):
    """Sets each gradient instead of adding to it."""

    def spread(self):
        for value in self.order():
            for one, slope in zip(value.inputs, value.local_grads, strict=True):
                one.grad = slope * value.grad


class passed_on_before_complete(_Right):
    """Visits a number as soon as it is met, before all of its users have sent their share."""

    def order(self):
        order, waiting = [], [self]
        for value in waiting:
            if value not in order:
                order.append(value)
                waiting.extend(value.inputs)
        return order


class passed_on_once_for_every_path(_Right):
    """Walks every path and passes the whole sum on each time."""

    def spread(self):
        for one, slope in zip(self.inputs, self.local_grads, strict=True):
            one.grad += slope * self.grad
            one.spread()


class leaves_start_anew_at_each_call(_Right):
    """Sets the gradients of the leaves to 0 as well."""

    def clear(self):
        for value in self.order():
            value.grad = 0.0


class inner_gradients_kept_between_calls(_Right):
    """Adds to the gradients of inner numbers that the call before has left."""

    def clear(self):
        pass


class output_starts_from_its_own_value(_Right):
    """Begins with the output's data instead of 1."""

    def backward(self):
        self.clear()
        self.grad += self.data
        self.spread()


class product_slopes_swapped(_Right):
    """Gives each factor itself as its slope."""

    def __mul__(self, other):
        other = self.value(other)
        return self.make(self.data * other.data, (self, other), (self.data, other.data))


class power_without_its_exponent(_Right):
    """Forgets the factor in front: the slope of x³ as x²."""

    def __pow__(self, exponent):
        return self.make(self.data**exponent, (self,), (self.data ** (exponent - 1),))


class exp_treated_as_a_power(_Right):
    """Takes x e^(x - 1) for the slope of e^x."""

    def exp(self):
        return self.make(np.exp(self.data), (self,), (self.data * np.exp(self.data - 1),))


class tanh_slope_from_the_input(_Right):
    """Uses 1 - x² where the output belongs."""

    def tanh(self):
        return self.make(np.tanh(self.data), (self,), (1 - self.data**2,))


class relu_slope_one_at_zero(_Right):
    """Lets the gradient pass at exactly 0."""

    def relu(self):
        return self.make(max(self.data, 0.0), (self,), (1.0 if self.data >= 0 else 0.0,))


class relu_never_stops_the_gradient(_Right):
    """Gives the ReLU a slope of 1 everywhere."""

    def relu(self):
        return self.make(max(self.data, 0.0), (self,), (1.0,))


EXERCISE = Exercise(
    number=4,
    title="An autograd engine",
    section="2.4",
    points=8,
    minutes=45,
    difficulty="hard",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            gradients_overwritten,
            hint="In a · a + a the number a is used three times. How many of its paths are in your gradient?",
        ),
        Misconception(
            passed_on_before_complete,
            hint="A result is used twice, at different depths. When it passes its gradient on, have both users sent "
            "theirs?",
        ),
        Misconception(
            passed_on_once_for_every_path,
            hint="How often does a number that is used twice pass its gradient on? What does the second time send "
            "again?",
        ),
        Misconception(
            leaves_start_anew_at_each_call, hint="Call backward() twice: what should the leaves hold, by the docstring?"
        ),
        Misconception(
            inner_gradients_kept_between_calls,
            hint="Call backward() twice: what do the inner numbers still hold from the first call, and what becomes "
            "of it?",
        ),
        Misconception(
            output_starts_from_its_own_value,
            hint="How much does an output change when it changes by 1 itself? With what do you begin?",
        ),
        Misconception(
            product_slopes_swapped,
            hint="c = 3 · a: how much does c change when a changes by 1? Whose number is that?",
        ),
        Misconception(power_without_its_exponent, hint="What is the slope of x³ at 2: 4 or 12?"),
        Misconception(
            exp_treated_as_a_power,
            hint="What is the slope of e^x at 0? Which number stays the same when differentiated?",
        ),
        Misconception(
            tanh_slope_from_the_input,
            hint="At x = 2 the slope of tanh is 0.07. What is 1 − x² there? Which letter is meant?",
        ),
        Misconception(relu_slope_one_at_zero, hint="Which slope does the docstring give to relu at 0?"),
        Misconception(
            relu_never_stops_the_gradient,
            hint="At x = −1 the output of relu stays 0. What is its slope there?",
        ),
    ),
    hints=(
        "Write one operation after the other and check each time. Each of them is one line: the result, its inputs, "
        "its slopes.",
        "backward() has three parts: an order in which every number comes after all of its users, "
        "a clean start for the inner numbers, and one loop that multiplies and adds.",
        "For each number v, users before inputs:  input.grad += local slope · v.grad.  Begin with self.grad += 1.",
        "a = 3, b = a · a, c = b + a: order c, b, a. c.grad = 1; b.grad = 1 and a.grad = 1; "
        "then b sends 3 · 1 twice: a.grad = 1 + 3 + 3 = 7.",
    ),
    convention="Leaves add up over calls of backward(), as in PyTorch; inner numbers hold the slopes of the last call; "
    "the slope of relu at 0 is 0.",
)
