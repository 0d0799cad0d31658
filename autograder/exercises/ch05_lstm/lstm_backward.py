"""Exercise of section 5.6: backward through an LSTM along a whole sequence.

Source: derived in section 5.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch05_lstm._recurrent import layer, parameters, state
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """PyTorch's autograd through torch.nn.LSTM."""
    made = layer("LSTM", weight_ih, weight_hh, bias_ih, bias_hh)
    x, h0, c0 = (one.clone().requires_grad_() for one in (x, h0, c0))
    made(x, (h0[None], c0[None]))[0].backward(grad_hs)
    return x.grad, h0.grad, c0.grad, made.weight_ih_l0.grad, made.weight_hh_l0.grad, made.bias_ih_l0.grad


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One step, one example, all axes different, a gradient at the last step alone, as many examples as steps."""
    yield Case("one step", _inputs(rng, 2, 1, 3, 4))
    yield Case("one example, three steps", _inputs(rng, 1, 3, 2, 3))
    yield Case("three examples, five steps", _inputs(rng, 3, 5, 2, 4))
    last = _inputs(rng, 2, 7, 4, 3)
    last["grad_hs"][:, :-1] = 0
    last["bias_ih"][3:6] += 3
    yield Case("forget bias 3, a gradient at the last step alone", last)
    yield Case("as many examples as steps", _inputs(rng, 4, 4, 3, 3))


def _inputs(rng: np.random.Generator, n: int, steps: int, size_in: int, size: int) -> dict[str, Any]:
    return {
        "grad_hs": rng.normal(0.3, 1.0, (n, steps, size)),
        "x": rng.normal(0.2, 1.0, (n, steps, size_in)),
        "h0": state(rng, n, size),
        "c0": rng.normal(0.0, 1.2, (n, size)),
    } | parameters(rng, 4, size_in, size)


def large() -> dict[str, Any]:
    """A batch of the chapter's size."""
    return _inputs(np.random.default_rng(53), 32, 25, 27, 32)


def _squeezed(z):
    """The four gates of (N, 4H), after their sigmoids and tanh."""
    i, f, g, o = np.split(z, 4, axis=1)
    return 0.5 * (1 + np.tanh(0.5 * i)), 0.5 * (1 + np.tanh(0.5 * f)), np.tanh(g), 0.5 * (1 + np.tanh(0.5 * o))


def _forward(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """The gates of every step, and the states before and after it, as lists over time."""
    from_x = x @ weight_ih.T + (bias_ih + bias_hh)
    gates, hs, cs = [], [h0], [c0]
    for t in range(x.shape[1]):
        i, f, g, o = _squeezed(from_x[:, t] + hs[-1] @ weight_hh.T)
        gates.append((i, f, g, o))
        cs.append(f * cs[-1] + i * g)
        hs.append(o * np.tanh(cs[-1]))
    return gates, hs, cs


def _step_back(grad_h, grad_c, gates, c, c_new):
    """The gradients before the gates (N, 4H) and at the old memory."""
    i, f, g, o = gates
    shown = np.tanh(c_new)
    total = grad_c + grad_h * o * (1 - shown**2)
    blocks = (
        total * g * i * (1 - i),
        total * c * f * (1 - f),
        total * i * (1 - g**2),
        grad_h * shown * o * (1 - o),
    )
    return np.concatenate(blocks, axis=1), total * f


def _back(grad_hs, gates, cs, weight_hh, carry_h=1.0, carry_c=1.0):
    """The gradients before the gates of every step, and at both start states; what is carried can be cut off."""
    n, steps, size = grad_hs.shape
    grad_z = np.empty((n, steps, 4 * size))
    grad_h, grad_c = np.zeros((n, size)), np.zeros((n, size))
    for t in range(steps - 1, -1, -1):
        given = grad_hs[:, t] + carry_h * grad_h, carry_c * grad_c
        grad_z[:, t], grad_c = _step_back(*given, gates[t], cs[t], cs[t + 1])
        grad_h = grad_z[:, t] @ weight_hh
    return grad_z, grad_h, grad_c


def _gathered(grad_z, grad_h0, grad_c0, x, hs, weight_ih):
    """The six gradients; hs holds the states that went into the steps."""
    before = np.stack(hs[: x.shape[1]], axis=1)
    rows = grad_z.reshape(-1, grad_z.shape[2])
    from_x, from_h = rows.T @ x.reshape(len(rows), -1), rows.T @ before.reshape(len(rows), -1)
    return grad_z @ weight_ih, grad_h0, grad_c0, from_x, from_h, np.sum(rows, axis=0)


def _backward(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    gates, hs, cs = _forward(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)
    return _gathered(*_back(grad_hs, gates, cs, weight_hh), x, hs, weight_ih)


def memory_gradient_not_carried(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Carries the gradient of h from step to step and starts that of c at zero every time."""
    gates, hs, cs = _forward(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)
    return _gathered(*_back(grad_hs, gates, cs, weight_hh, carry_c=0.0), x, hs, weight_ih)


def hidden_gradient_not_carried(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Carries the gradient of c from step to step and takes for h what comes from outside alone."""
    gates, hs, cs = _forward(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)
    return _gathered(*_back(grad_hs, gates, cs, weight_hh, carry_h=0.0), x, hs, weight_ih)


def every_step_by_itself(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Sends no gradient from a step to the one before it."""
    gates, hs, cs = _forward(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)
    return _gathered(*_back(grad_hs, gates, cs, weight_hh, 0.0, 0.0), x, hs, weight_ih)


def gradient_of_the_last_step_only(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Lets the loss see the last state alone, whatever grad_hs says about the others."""
    last = np.zeros_like(grad_hs)
    last[:, -1] = grad_hs[:, -1]
    return _backward(last, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)


def weight_gradients_overwritten(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Keeps the weights' gradients of the step that came last in the loop, the first in time."""
    gates, hs, cs = _forward(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)
    grad_z, grad_h0, grad_c0 = _back(grad_hs, gates, cs, weight_hh)
    first = _gathered(grad_z[:, :1], grad_h0, grad_c0, x[:, :1], hs, weight_ih)
    return grad_z @ weight_ih, grad_h0, grad_c0, *first[3:]


def start_states_taken_for_zero(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Lets the first step start from zeros."""
    return _backward(grad_hs, x, np.zeros_like(h0), np.zeros_like(c0), weight_ih, weight_hh, bias_ih, bias_hh)


def states_after_the_step(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Goes back through each step with the states that it gave instead of those that went in."""
    parameters = weight_ih, weight_hh, bias_ih, bias_hh
    _, hs, cs = _forward(x, h0, c0, *parameters)
    grad_z, grad_h, grad_c = np.empty((*x.shape[:2], len(weight_ih))), np.zeros_like(h0), np.zeros_like(c0)
    for t in range(x.shape[1] - 1, -1, -1):
        h, c = hs[t + 1], cs[t + 1]
        (gates,), _, (_, c_new) = _forward(x[:, t : t + 1], h, c, *parameters)
        grad_z[:, t], grad_c = _step_back(grad_hs[:, t] + grad_h, grad_c, gates, c, c_new)
        grad_h = grad_z[:, t] @ weight_hh
    return _gathered(grad_z, grad_h, grad_c, x, hs[1:], weight_ih)


def start_gradients_swapped(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Returns the gradient of c0 in the place of that of h0."""
    found = _backward(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)
    return found[0], found[2], found[1], *found[3:]


def input_gradients_in_backward_order(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Collects grad_x from the last step to the first and does not turn it round."""
    grad_x, *others = _backward(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)
    return grad_x[:, ::-1], *others


def averaged_over_time(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Divides the gradients of weights and biases by the number of steps."""
    found = _backward(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)
    return *found[:3], *[one / x.shape[1] for one in found[3:]]


def averaged_over_the_batch(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Divides the gradients of weights and biases by the number of examples."""
    found = _backward(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)
    return *found[:3], *[one / len(x) for one in found[3:]]


def steps_walked_forward(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Loops from the first step to the last and carries the gradients that way."""
    gates, hs, cs = _forward(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)
    grad_z, grad_h, grad_c = np.empty((*x.shape[:2], len(weight_ih))), np.zeros_like(h0), np.zeros_like(c0)
    for t in range(x.shape[1]):
        grad_z[:, t], grad_c = _step_back(grad_hs[:, t] + grad_h, grad_c, gates[t], cs[t], cs[t + 1])
        grad_h = grad_z[:, t] @ weight_hh
    return _gathered(grad_z, grad_h, grad_c, x, hs, weight_ih)


def hidden_gradient_given_to_the_memory_too(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Adds grad_hs to the gradient of c as well, though the loss sees h alone."""
    gates, hs, cs = _forward(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)
    grad_z, grad_h, grad_c = np.empty((*x.shape[:2], len(weight_ih))), np.zeros_like(h0), np.zeros_like(c0)
    for t in range(x.shape[1] - 1, -1, -1):
        grad_z[:, t], grad_c = _step_back(grad_hs[:, t] + grad_h, grad_hs[:, t] + grad_c, gates[t], cs[t], cs[t + 1])
        grad_h = grad_z[:, t] @ weight_hh
    return _gathered(grad_z, grad_h, grad_c, x, hs, weight_ih)


def bias_gradient_doubled(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Adds the gradients of the two biases up, though each of them has its own."""
    *others, grad_bias = _backward(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)
    return *others, 2 * grad_bias


def gradients_added_in_place(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Adds what comes from the later steps to the caller's grad_hs."""
    gates, hs, cs = _forward(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh)
    grad_z, grad_c = np.empty((*x.shape[:2], len(weight_ih))), np.zeros_like(c0)
    for t in range(x.shape[1] - 1, -1, -1):
        grad_z[:, t], grad_c = _step_back(grad_hs[:, t], grad_c, gates[t], cs[t], cs[t + 1])
        if t > 0:
            grad_hs[:, t - 1] += grad_z[:, t] @ weight_hh
    return _gathered(grad_z, grad_z[:, 0] @ weight_hh, grad_c, x, hs, weight_ih)


EXERCISE = Exercise(
    number=10,
    title="Backward through all steps",
    section="5.6",
    points=4,
    minutes=15,
    difficulty="medium",
    reference=reference,
    cases=cases,
    misconceptions=(
        Misconception(
            memory_gradient_not_carried,
            hint="c goes from step to step without meeting any weights. Does its gradient find the same way back?",
        ),
        Misconception(
            hidden_gradient_not_carried,
            hint="h feeds the gates of the next step. Does their gradient reach it in your loop?",
        ),
        Misconception(
            every_step_by_itself,
            hint="If only the last state has a gradient, what does the first x get from you? Which steps lie between?",
        ),
        Misconception(
            gradient_of_the_last_step_only,
            hint="Set grad_hs at the last step to 0: are all your gradients 0? Where do the others come in?",
        ),
        Misconception(
            weight_gradients_overwritten,
            hint="All steps use the same weights. What do their gradients do: add up, or replace one another?",
        ),
        Misconception(
            start_states_taken_for_zero,
            hint="Which h and c went into the very first step? Change h0: do your gradients of the weights change?",
        ),
        Misconception(
            states_after_the_step,
            hint="lstm_cell_backward wants the h and c that went in. Are hs[:, t] and cs[:, t] those of step t, or of "
            "the next one?",
        ),
        Misconception(
            start_gradients_swapped,
            hint="In which order does lstm_cell_backward give the gradients of h and c, and where do you put them?",
        ),
        Misconception(
            input_gradients_in_backward_order,
            hint="Your loop meets the last step first. Where does its grad_x belong in the result?",
        ),
        Misconception(
            averaged_over_time, hint="A weight is used at every step. What do paths that meet do: add up, or average?"
        ),
        Misconception(
            averaged_over_the_batch, hint="Where does the 1/N of a mean loss live: in grad_hs already, or here again?"
        ),
        Misconception(
            steps_walked_forward,
            hint="Which step's gradient has to be known before that of step t: the one before or the one after?",
        ),
        Misconception(
            hidden_gradient_given_to_the_memory_too,
            hint="The loss sees every h. Does it see c? Where does the gradient of c come from at the last step?",
        ),
        Misconception(
            bias_gradient_doubled,
            hint="Nudge bias_ih alone: how much does the loss change? Is that what you return?",
        ),
        Misconception(
            gradients_added_in_place, hint="What does grad_hs hold after the call? What does += do to an array?"
        ),
    ),
    hints=(
        "Forward once, keep all states, then call lstm_cell_backward for every step, the last one first.",
        "Two gradients are carried, one for h and one for c. Both start at zero; grad_hs[:, t] is added to that of h.",
        "for t = T ... 1: gx_t, gh, gc, and three more ← lstm_cell_backward(grad_hs_t + gh, gc, x_t, h_(t−1), "
        "c_(t−1), ...); the three are added up over the steps.",
        "T = 2: step 2 gets (grad_hs[:, 1], zeros) with the states after step 1; step 1 gets (grad_hs[:, 0] + gh, gc) "
        "with h0 and c0; its gh and gc are grad_h0 and grad_c0.",
    ),
    convention="grad_hs is the gradient at the hidden states; the loss does not see the memories.",
    uses=("lstm_cell", "lstm_forward", "lstm_cell_backward"),
    pace=Pace(inputs=large, yardstick=_backward),
)
