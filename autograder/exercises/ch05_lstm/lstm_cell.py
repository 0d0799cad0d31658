"""Exercise of section 5.5: one step of an LSTM.

Source: Hochreiter and Schmidhuber 1997, "Long short-term memory"; the forget gate: Gers, Schmidhuber and Cummins 2000,
"Learning to forget".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch05_lstm._recurrent import layer, parameters, state
from autograder.spec import Case, Exercise, Misconception


def reference(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """torch.nn.LSTMCell."""
    return layer("LSTMCell", weight_ih, weight_hh, bias_ih, bias_hh)(x, (h, c))


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One example, a batch, equal sizes, a large memory (where tanh(c) is not c), a gate open and a gate shut."""
    yield Case("one example", _inputs(rng, 1, 2, 3))
    yield Case("five examples", _inputs(rng, 5, 2, 3))
    yield Case("all sizes equal", _inputs(rng, 3, 3, 3))
    large = _inputs(rng, 2, 4, 3)
    yield Case("a memory of 5", large | {"c": np.where(large["c"] < 0, -5.0, 5.0) + large["c"]})
    kept = _inputs(rng, 4, 3, 2)
    kept["bias_ih"][:4] += [-10, -10, 10, 10]
    yield Case("forget gate open, input gate shut", kept)


def _inputs(rng: np.random.Generator, n: int, size_in: int, size: int) -> dict[str, Any]:
    own = {"x": rng.normal(0.3, 1.0, (n, size_in)), "h": state(rng, n, size), "c": rng.normal(0.0, 1.5, (n, size))}
    return own | parameters(rng, 4, size_in, size)


def _sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """The four blocks before their sigmoids and tanh."""
    return np.split(x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh, 4, axis=1)


def _updated(i, f, g, o, c):
    c_new = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c_new), c_new


def candidate_and_output_gate_swapped(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Reads the blocks in the order i, f, o, g."""
    i, f, o, g = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return _updated(i, f, g, o, c)


def forget_and_input_gate_swapped(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Reads the blocks in the order f, i, g, o."""
    f, i, g, o = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return _updated(i, f, g, o, c)


def blocks_in_the_order_of_the_books(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Reads the blocks in the order f, i, o, g, in which many books write the equations."""
    f, i, o, g = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return _updated(i, f, g, o, c)


def gates_side_by_side(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Takes every fourth row for a gate instead of a block of H rows."""
    z = x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh
    return _updated(z[:, 0::4], z[:, 1::4], z[:, 2::4], z[:, 3::4], c)


def tanh_of_the_memory_forgotten(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Shows o * c."""
    i, f, g, o = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    c_new = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * c_new, c_new


def old_memory_shown(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Takes tanh of the memory that came in."""
    i, f, g, o = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return _sigmoid(o) * np.tanh(c), _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)


def one_bias_forgotten(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Adds the bias of the input and not that of the state."""
    return _updated(*_parts(x, h, weight_ih, weight_hh, bias_ih, np.zeros_like(bias_hh)), c)


def hidden_state_for_memory(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Keeps h where c belongs."""
    return _updated(*_parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh), h)


def memory_for_hidden_state(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Lets the gates look at c instead of h."""
    return _updated(*_parts(x, c, weight_ih, weight_hh, bias_ih, bias_hh), c)


def sigmoid_for_the_candidate(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Squeezes all four blocks with the sigmoid, so that nothing is ever taken away from the memory."""
    i, f, g, o = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    c_new = _sigmoid(f) * c + _sigmoid(i) * _sigmoid(g)
    return _sigmoid(o) * np.tanh(c_new), c_new


def tanh_for_the_gates(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Squeezes all four blocks with tanh, so that gates can be negative."""
    i, f, g, o = (np.tanh(one) for one in _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh))
    c_new = f * c + i * g
    return o * np.tanh(c_new), c_new


def gates_not_squeezed(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Multiplies by the weighted sums themselves."""
    i, f, g, o = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    c_new = f * c + i * np.tanh(g)
    return o * np.tanh(c_new), c_new


def forget_gate_taken_the_wrong_way(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Keeps 1 − f of the memory, as if f = 1 meant to forget all."""
    i, f, g, o = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return _updated(i, -f, g, o, c)


def input_gate_made_of_the_forget_gate(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Lets in 1 − f of the candidate and never uses i."""
    _, f, g, o = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return _updated(-f, f, g, o, c)


def nothing_ever_forgotten(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Keeps the whole memory, as the LSTM of 1997 did."""
    i, _, g, o = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    c_new = c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c_new), c_new


def candidate_let_in_whole(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Adds the candidate without its gate."""
    _, f, g, o = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    c_new = _sigmoid(f) * c + np.tanh(g)
    return _sigmoid(o) * np.tanh(c_new), c_new


def one_added_to_the_forget_gate(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Adds 1 before the sigmoid of the forget gate, as some libraries do in every step."""
    i, f, g, o = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return _updated(i, f + 1, g, o, c)


def state_weights_transposed_by_block(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Turns each of the four square blocks of weight_hh the wrong way."""
    turned = np.concatenate([block.T for block in np.split(weight_hh, 4)])
    return _updated(*_parts(x, h, weight_ih, turned, bias_ih, bias_hh), c)


def memory_returned_first(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Returns c and then h."""
    h_new, c_new = _updated(*_parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh), c)
    return c_new, h_new


def memory_changed_in_place(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Forgets and adds in the caller's c."""
    i, f, g, o = _parts(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    c *= _sigmoid(f)
    c += _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


EXERCISE = Exercise(
    number=7,
    title="One step of an LSTM",
    section="5.5",
    points=4,
    minutes=15,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            candidate_and_output_gate_swapped,
            hint="Print your four slices: which block of rows belongs to the candidate?",
        ),
        Misconception(
            forget_and_input_gate_swapped,
            hint="With a forget gate of 1 and an input gate of 0, c should stay what it was. Does it? Which "
            "block comes first?",
        ),
        Misconception(
            blocks_in_the_order_of_the_books,
            hint="In which order do a book's equations stand, and in which order do the blocks lie here?",
        ),
        Misconception(
            gates_side_by_side,
            hint="With H = 3, which rows of the weights belong to the input gate: 0, 1, 2 or 0, 4, 8?",
        ),
        Misconception(
            tanh_of_the_memory_forgotten, hint="With c = 5, can h be more than 1? What lies between the two?"
        ),
        Misconception(old_memory_shown, hint="Which memory does h show: the one that came in, or the new one?"),
        Misconception(one_bias_forgotten, hint="How many biases were you given, and how many of them have you used?"),
        Misconception(
            hidden_state_for_memory,
            hint="Change c alone: does your new c change? Which of the two states does the forget gate multiply?",
        ),
        Misconception(
            memory_for_hidden_state, hint="Which of the two states do the gates look at: h or c? Which has the weights?"
        ),
        Misconception(
            sigmoid_for_the_candidate,
            hint="Can your memory ever go down below 0 when it starts at 0? Which block decides about the sign?",
        ),
        Misconception(
            tanh_for_the_gates, hint="A gate is a share, from nothing to all. Can yours be negative? What squeezes it?"
        ),
        Misconception(gates_not_squeezed, hint="Can your gates be 3? A gate is a share: between which two numbers?"),
        Misconception(
            forget_gate_taken_the_wrong_way,
            hint="If the forget gate is 1, is everything forgotten or everything kept? What does the equation say?",
        ),
        Misconception(
            input_gate_made_of_the_forget_gate, hint="Change the first H rows of weight_ih: does your result change?"
        ),
        Misconception(
            nothing_ever_forgotten, hint="What happens to the old c before something is added? Which gate is unused?"
        ),
        Misconception(
            candidate_let_in_whole, hint="Which gate decides how much of the candidate comes in? Have you used it?"
        ),
        Misconception(
            one_added_to_the_forget_gate,
            hint="A forget bias of 1 is a good start. Where does it live: in the biases that you were given, or in the "
            "step?",
        ),
        Misconception(
            state_weights_transposed_by_block,
            hint="Each gate has H rows of weight_hh, one for each neuron. Do you multiply h by rows or by columns?",
        ),
        Misconception(memory_returned_first, hint="Which of the two states does the docstring name first?"),
        Misconception(
            memory_changed_in_place, hint="What does c hold after the call? What do *= and += do to an array?"
        ),
    ),
    hints=(
        "One product gives all four blocks at once. Cut it, squeeze each part, then two short equations.",
        "z = all four blocks, (N, 4H). np.split(z, 4, axis=1) gives i, f, g, o. Three of them are shares from 0 to 1; "
        "the candidate g may be negative.",
        "i, f, o = σ of their blocks, g = tanh of its block;  c_new = f · c + i · g;  h_new = o · tanh(c_new).",
        "i = 0.5, f = 0.9, g = −0.4, o = 0.5, c = 2: c_new = 0.9 · 2 − 0.5 · 0.4 = 1.6; "
        "h_new = 0.5 · tanh(1.6) = 0.461.",
    ),
    convention="Blocks in PyTorch's order i, f, g, o; two biases, both added.",
)
