"""Exercise of section 5.6: backward through one step of an LSTM.

Source: derived in section 5.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch05_lstm._recurrent import layer, parameters, state
from autograder.spec import Case, Exercise, Misconception


def reference(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """PyTorch's autograd through torch.nn.LSTMCell."""
    import torch

    made = layer("LSTMCell", weight_ih, weight_hh, bias_ih, bias_hh)
    x, h, c = (one.clone().requires_grad_() for one in (x, h, c))
    torch.autograd.backward(made(x, (h, c)), (grad_h, grad_c))
    return x.grad, h.grad, c.grad, made.weight_ih.grad, made.weight_hh.grad, made.bias_ih.grad


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One example, a batch, equal sizes, a large memory, and each of the two gradients alone."""
    yield Case("one example", _inputs(rng, 1, 2, 3))
    yield Case("four examples", _inputs(rng, 4, 2, 3))
    yield Case("all sizes equal", _inputs(rng, 3, 3, 3))
    hidden = _inputs(rng, 3, 2, 4)
    yield Case("a gradient at h alone", hidden | {"grad_c": np.zeros_like(hidden["grad_c"])})
    memory = _inputs(rng, 2, 4, 3)
    yield Case("a gradient at c alone", memory | {"grad_h": np.zeros_like(memory["grad_h"])})
    large = _inputs(rng, 2, 3, 2)
    yield Case("a memory of 5", large | {"c": np.where(large["c"] < 0, -5.0, 5.0) + large["c"]})


def _inputs(rng: np.random.Generator, n: int, size_in: int, size: int) -> dict[str, Any]:
    return {
        "grad_h": rng.normal(0.3, 1.0, (n, size)),
        "grad_c": rng.normal(-0.4, 1.5, (n, size)),
        "x": rng.normal(0.3, 1.0, (n, size_in)),
        "h": state(rng, n, size),
        "c": rng.normal(0.0, 1.2, (n, size)),
    } | parameters(rng, 4, size_in, size)


def _gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """i, f, g and o after their sigmoids and tanh."""
    i, f, g, o = np.split(x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh, 4, axis=1)
    return 0.5 * (1 + np.tanh(0.5 * i)), 0.5 * (1 + np.tanh(0.5 * f)), np.tanh(g), 0.5 * (1 + np.tanh(0.5 * o))


def _at_new_memory(grad_h, grad_c, c, i, f, g, o):
    """The whole gradient at the new memory, and tanh of that memory."""
    shown = np.tanh(f * c + i * g)
    return grad_c + grad_h * o * (1 - shown**2), shown


def _blocks(grad_h, total, shown, c, i, f, g, o):
    """The gradients before the sigmoids and the tanh of the four blocks."""
    return (
        total * g * i * (1 - i),
        total * c * f * (1 - f),
        total * i * (1 - g**2),
        grad_h * shown * o * (1 - o),
    )


def _gathered(blocks, grad_c_before, x, h, weight_ih, weight_hh):
    z = np.concatenate(blocks, axis=1)
    return z @ weight_ih, z @ weight_hh, grad_c_before, z.T @ x, z.T @ h, np.sum(z, axis=0)


def _backward(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    i, f, g, o = _gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    total, shown = _at_new_memory(grad_h, grad_c, c, i, f, g, o)
    blocks = _blocks(grad_h, total, shown, c, i, f, g, o)
    return _gathered(blocks, total * f, x, h, weight_ih, weight_hh)


def way_through_h_forgotten(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Takes grad_c for the whole gradient at the new memory."""
    i, f, g, o = _gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    blocks = _blocks(grad_h, grad_c, np.tanh(f * c + i * g), c, i, f, g, o)
    return _gathered(blocks, grad_c * f, x, h, weight_ih, weight_hh)


def gradient_at_the_memory_ignored(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Lets the new memory be used by h alone."""
    return _backward(grad_h, 0 * grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh)


def forget_gate_left_out(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Hands the gradient at the new memory to the old one unchanged."""
    i, f, g, o = _gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    total, shown = _at_new_memory(grad_h, grad_c, c, i, f, g, o)
    blocks = _blocks(grad_h, total, shown, c, i, f, g, o)
    return _gathered(blocks, total, x, h, weight_ih, weight_hh)


def old_memory_gets_only_grad_c(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Sends f * grad_c to the old memory, without what came through h."""
    i, f, g, o = _gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    total, shown = _at_new_memory(grad_h, grad_c, c, i, f, g, o)
    blocks = _blocks(grad_h, total, shown, c, i, f, g, o)
    return _gathered(blocks, grad_c * f, x, h, weight_ih, weight_hh)


def tanh_of_the_memory_left_out(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Goes from h to the memory through the output gate alone."""
    i, f, g, o = _gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    total = grad_c + grad_h * o
    blocks = _blocks(grad_h, total, np.tanh(f * c + i * g), c, i, f, g, o)
    return _gathered(blocks, total * f, x, h, weight_ih, weight_hh)


def output_gate_left_out(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Goes from h to the memory through tanh alone."""
    i, f, g, o = _gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    shown = np.tanh(f * c + i * g)
    total = grad_c + grad_h * (1 - shown**2)
    blocks = _blocks(grad_h, total, shown, c, i, f, g, o)
    return _gathered(blocks, total * f, x, h, weight_ih, weight_hh)


def slope_from_the_memory_itself(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Takes 1 − c² for the slope of tanh(c)."""
    i, f, g, o = _gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    c_new = f * c + i * g
    total = grad_c + grad_h * o * (1 - c_new**2)
    blocks = _blocks(grad_h, total, np.tanh(c_new), c, i, f, g, o)
    return _gathered(blocks, total * f, x, h, weight_ih, weight_hh)


def slope_from_the_old_memory(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Takes the slope of tanh at the memory that came in."""
    i, f, g, o = _gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    total = grad_c + grad_h * o * (1 - np.tanh(c) ** 2)
    blocks = _blocks(grad_h, total, np.tanh(f * c + i * g), c, i, f, g, o)
    return _gathered(blocks, total * f, x, h, weight_ih, weight_hh)


def slopes_of_the_gates_left_out(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Gives the gradients at the gates for those before their sigmoids and tanh."""
    i, f, g, o = _gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    total, shown = _at_new_memory(grad_h, grad_c, c, i, f, g, o)
    return _gathered((total * g, total * c, total * i, grad_h * shown), total * f, x, h, weight_ih, weight_hh)


def slope_of_a_sigmoid_for_the_candidate(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Takes g(1 − g) for the candidate as for the gates."""
    i, f, g, o = _gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    total, shown = _at_new_memory(grad_h, grad_c, c, i, f, g, o)
    of_i, of_f, _, of_o = _blocks(grad_h, total, shown, c, i, f, g, o)
    return _gathered((of_i, of_f, total * i * g * (1 - g), of_o), total * f, x, h, weight_ih, weight_hh)


def new_memory_at_the_forget_gate(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Multiplies by the new memory where the old one was kept or forgotten."""
    i, f, g, o = _gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    total, shown = _at_new_memory(grad_h, grad_c, c, i, f, g, o)
    blocks = _blocks(grad_h, total, shown, f * c + i * g, i, f, g, o)
    return _gathered(blocks, total * f, x, h, weight_ih, weight_hh)


def memory_without_tanh_at_the_output_gate(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Multiplies by the memory where its tanh was let out."""
    i, f, g, o = _gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    total, _ = _at_new_memory(grad_h, grad_c, c, i, f, g, o)
    blocks = _blocks(grad_h, total, f * c + i * g, c, i, f, g, o)
    return _gathered(blocks, total * f, x, h, weight_ih, weight_hh)


def input_gate_and_candidate_mixed_up(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Multiplies each of the two by itself instead of by the other one."""
    i, f, g, o = _gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    total, shown = _at_new_memory(grad_h, grad_c, c, i, f, g, o)
    _, of_f, _, of_o = _blocks(grad_h, total, shown, c, i, f, g, o)
    blocks = total * i * i * (1 - i), of_f, total * g * (1 - g**2), of_o
    return _gathered(blocks, total * f, x, h, weight_ih, weight_hh)


def blocks_put_together_in_another_order(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Joins the four gradients in the order i, f, o, g."""
    i, f, g, o = _gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    total, shown = _at_new_memory(grad_h, grad_c, c, i, f, g, o)
    of_i, of_f, of_g, of_o = _blocks(grad_h, total, shown, c, i, f, g, o)
    return _gathered((of_i, of_f, of_o, of_g), total * f, x, h, weight_ih, weight_hh)


def new_hidden_state_in_the_weight_gradient(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Multiplies by the hidden state that came out instead of the one that went in."""
    i, f, g, o = _gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    total, shown = _at_new_memory(grad_h, grad_c, c, i, f, g, o)
    blocks = _blocks(grad_h, total, shown, c, i, f, g, o)
    return _gathered(blocks, total * f, x, o * shown, weight_ih, weight_hh)


def gradients_of_h_and_c_swapped(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Returns the gradient of c in the place of that of h."""
    found = _backward(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh)
    return found[0], found[2], found[1], *found[3:]


def bias_gradient_doubled(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Adds the gradients of the two biases up, though each of them has its own."""
    *others, grad_bias = _backward(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh)
    return *others, 2 * grad_bias


def averaged_over_the_batch(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Divides the gradients of weights and biases by the number of examples."""
    found = _backward(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh)
    return *found[:3], *[one / len(x) for one in found[3:]]


def one_bias_forgotten(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Computes the gates anew with the bias of the input alone."""
    return _backward(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, np.zeros_like(bias_hh))


def gradient_added_in_place(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Adds what comes through h to the caller's grad_c."""
    found = _backward(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh)
    i, f, g, o = _gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    grad_c += grad_h * o * (1 - np.tanh(f * c + i * g) ** 2)
    return found


EXERCISE = Exercise(
    number=9,
    title="Backward through one step",
    section="5.6",
    points=5,
    minutes=25,
    difficulty="hard",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            way_through_h_forgotten,
            hint="The new c goes to the next step and into h. Which of the two ways back have you walked?",
        ),
        Misconception(
            gradient_at_the_memory_ignored,
            hint="With grad_h = 0 and grad_c not 0, are all your gradients 0? Where does grad_c come in?",
        ),
        Misconception(
            forget_gate_left_out,
            hint="Which share of the old memory went into the new one? Which share of the gradient goes back?",
        ),
        Misconception(
            old_memory_gets_only_grad_c,
            hint="With grad_c = 0, what gradient does the old memory get from you? By which way does it still reach "
            "the loss?",
        ),
        Misconception(
            tanh_of_the_memory_left_out, hint="h = o · tanh(c): which slope stands between h and c, beside o?"
        ),
        Misconception(output_gate_left_out, hint="h = o · tanh(c): what is tanh(c) multiplied by on the way to h?"),
        Misconception(
            slope_from_the_memory_itself,
            hint="The slope of tanh is 1 minus the square of what came out of it. Is that c, or something else?",
        ),
        Misconception(
            slope_from_the_old_memory, hint="Of which memory was the tanh taken: of the old one or of the new one?"
        ),
        Misconception(
            slopes_of_the_gates_left_out,
            hint="You have the gradients at the gates. What lies between a gate and its block of the product?",
        ),
        Misconception(
            slope_of_a_sigmoid_for_the_candidate,
            hint="Three blocks went through a sigmoid. What did the candidate go through? What is its slope?",
        ),
        Misconception(
            new_memory_at_the_forget_gate, hint="f multiplies a memory: the one that came in, or the one that came out?"
        ),
        Misconception(
            memory_without_tanh_at_the_output_gate, hint="o multiplies something on the way to h: c, or what of c?"
        ),
        Misconception(
            input_gate_and_candidate_mixed_up,
            hint="In i · g, what is the slope with respect to i: i, or g? And with respect to g?",
        ),
        Misconception(
            blocks_put_together_in_another_order,
            hint="In which order did you cut the blocks, and in which order do you join their gradients?",
        ),
        Misconception(
            new_hidden_state_in_the_weight_gradient,
            hint="What was multiplied by weight_hh: the h that went in, or the one that came out?",
        ),
        Misconception(
            gradients_of_h_and_c_swapped,
            hint="With grad_h = 0 and a gate f of 1, which of your results equals grad_c? Which one does the docstring "
            "name first?",
        ),
        Misconception(
            bias_gradient_doubled,
            hint="Nudge bias_ih alone: how much does the loss change? Is that what you return?",
        ),
        Misconception(
            averaged_over_the_batch, hint="Where does the 1/N of a mean loss live: in grad_h already, or here again?"
        ),
        Misconception(one_bias_forgotten, hint="Are the gates that you compute anew those of lstm_cell? Which biases?"),
        Misconception(
            gradient_added_in_place, hint="What does grad_c hold after the call? What does += do to an array?"
        ),
    ),
    hints=(
        "Forward first, as in lstm_cell, and keep the gates. Then back through the two equations, line by line.",
        "Begin with the whole gradient at the new c: what was given, and what comes through h. Everything but the "
        "output gate follows from it.",
        "δ_c = grad_c + grad_h · o · (1 − tanh²(c_new));  blocks of grad_z: δ_c · g · i(1 − i), δ_c · c · f(1 − f), "
        "δ_c · i · (1 − g²), grad_h · tanh(c_new) · o(1 − o);  grad_c_before = δ_c · f;  the rest is linear_backward "
        "from grad_z.",
        "i = 0.5, f = 0.9, g = −0.4, o = 0.5, c = 2, c_new = 1.6, tanh 0.922; grad_h = 1, grad_c = 0: δ_c = 0.5 · (1 − "
        "0.850) = 0.075; grad_c_before = 0.068; at f before its sigmoid 0.075 · 2 · 0.9 · 0.1 = 0.0135.",
    ),
    convention="grad_bias is that of each of the two biases; blocks in PyTorch's order i, f, g, o.",
)
