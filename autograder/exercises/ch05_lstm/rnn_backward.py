"""Exercise of section 5.3: backward through time.

Source: Werbos 1990, "Backpropagation through time: what it does and how to do it".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.exercises.ch05_lstm._recurrent import layer, parameters, state
from autograder.spec import Case, Exercise, Misconception, Pace


def reference(grad_hs, x, h0, hs, weight_ih, weight_hh):
    """PyTorch's autograd through torch.nn.RNN, whose bias is what makes its first state the given one."""
    import torch

    bias = torch.atanh(hs[0, 0]) - weight_ih @ x[0, 0] - weight_hh @ h0[0]
    made = layer("RNN", weight_ih, weight_hh, bias, torch.zeros_like(bias))
    x, h0 = x.clone().requires_grad_(), h0.clone().requires_grad_()
    made(x, h0[None])[0].backward(grad_hs)
    return x.grad, h0.grad, made.weight_ih_l0.grad, made.weight_hh_l0.grad, made.bias_ih_l0.grad


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One step, one example, all axes different, a gradient at the last step alone, as many examples as steps."""
    yield Case("one step", _inputs(rng, 2, 1, 3, 4))
    yield Case("one example, three steps", _inputs(rng, 1, 3, 2, 3))
    yield Case("three examples, five steps", _inputs(rng, 3, 5, 2, 4))
    last = _inputs(rng, 2, 6, 4, 3)
    last["grad_hs"][:, :-1] = 0
    yield Case("a gradient at the last step alone", last)
    yield Case("as many examples as steps", _inputs(rng, 4, 4, 3, 3))


def _inputs(rng: np.random.Generator, n: int, steps: int, size_in: int, size: int) -> dict[str, Any]:
    own = parameters(rng, 1, size_in, size)
    x, h0 = rng.normal(0.2, 0.5, (n, steps, size_in)), state(rng, n, size)
    from_x = x @ own["weight_ih"].T + own["bias_ih"] + own["bias_hh"]
    hs, h = np.empty((n, steps, size)), h0
    for t in range(steps):
        h = np.tanh(from_x[:, t] + h @ own["weight_hh"].T)
        hs[:, t] = h
    grad_hs = rng.normal(0.3, 1.0, (n, steps, size))
    return {
        "grad_hs": grad_hs,
        "x": x,
        "h0": h0,
        "hs": hs,
        "weight_ih": own["weight_ih"],
        "weight_hh": own["weight_hh"],
    }


def large() -> dict[str, Any]:
    """A batch of the chapter's size."""
    return _inputs(np.random.default_rng(51), 32, 25, 27, 32)


def _before(h0, hs):
    """The state that went into each step."""
    return np.concatenate([h0[:, None], hs[:, :-1]], axis=1)


def _grad_a(grad_hs, slopes, back):
    """The gradients at what goes into the tanh of each step, and at h0; back takes a gradient one step back."""
    grad_a, carried = np.empty_like(grad_hs), np.zeros_like(grad_hs[:, 0])
    for t in range(grad_hs.shape[1] - 1, -1, -1):
        grad_a[:, t] = (grad_hs[:, t] + carried) * slopes[:, t]
        carried = grad_a[:, t] @ back
    return grad_a, carried


def _gathered(grad_a, grad_h0, x, before, weight_ih):
    """The five gradients from those at what goes into the tanh."""
    rows = grad_a.reshape(-1, grad_a.shape[2])
    from_x, from_h = rows.T @ x.reshape(len(rows), -1), rows.T @ before.reshape(len(rows), -1)
    return grad_a @ weight_ih, grad_h0, from_x, from_h, np.sum(rows, axis=0)


def _backward(grad_hs, x, h0, hs, weight_ih, weight_hh):
    grad_a, grad_h0 = _grad_a(grad_hs, 1 - hs**2, weight_hh)
    return _gathered(grad_a, grad_h0, x, _before(h0, hs), weight_ih)


def every_step_by_itself(grad_hs, x, h0, hs, weight_ih, weight_hh):
    """Sends no gradient from a step to the one before it."""
    grad_a = grad_hs * (1 - hs**2)
    return _gathered(grad_a, grad_a[:, 0] @ weight_hh, x, _before(h0, hs), weight_ih)


def gradient_of_the_last_step_only(grad_hs, x, h0, hs, weight_ih, weight_hh):
    """Lets the loss see the last state alone, whatever grad_hs says about the others."""
    last = np.zeros_like(grad_hs)
    last[:, -1] = grad_hs[:, -1]
    return _backward(last, x, h0, hs, weight_ih, weight_hh)


def weight_gradients_overwritten(grad_hs, x, h0, hs, weight_ih, weight_hh):
    """Keeps the weights' gradients of the step that came last in the loop, the first in time."""
    grad_a, grad_h0 = _grad_a(grad_hs, 1 - hs**2, weight_hh)
    first = _gathered(grad_a[:, :1], grad_h0, x[:, :1], h0[:, None], weight_ih)
    return grad_a @ weight_ih, grad_h0, *first[2:]


def tanh_left_out(grad_hs, x, h0, hs, weight_ih, weight_hh):
    """Goes back through the weights and not through the tanh."""
    grad_a, grad_h0 = _grad_a(grad_hs, np.ones_like(hs), weight_hh)
    return _gathered(grad_a, grad_h0, x, _before(h0, hs), weight_ih)


def tanh_applied_again(grad_hs, x, h0, hs, weight_ih, weight_hh):
    """Takes the slope 1 − tanh(h)², as if hs held what goes into the tanh."""
    grad_a, grad_h0 = _grad_a(grad_hs, 1 - np.tanh(hs) ** 2, weight_hh)
    return _gathered(grad_a, grad_h0, x, _before(h0, hs), weight_ih)


def slope_of_the_state_before(grad_hs, x, h0, hs, weight_ih, weight_hh):
    """Takes the slope at the state that went in instead of the one that came out."""
    grad_a, grad_h0 = _grad_a(grad_hs, 1 - _before(h0, hs) ** 2, weight_hh)
    return _gathered(grad_a, grad_h0, x, _before(h0, hs), weight_ih)


def state_weights_transposed(grad_hs, x, h0, hs, weight_ih, weight_hh):
    """Goes back with the product of the way forward; weight_hh is square, so the shapes fit."""
    grad_a, grad_h0 = _grad_a(grad_hs, 1 - hs**2, weight_hh.T)
    return _gathered(grad_a, grad_h0, x, _before(h0, hs), weight_ih)


def states_not_shifted(grad_hs, x, h0, hs, weight_ih, weight_hh):
    """Multiplies by the state that a step gave instead of the one that went in."""
    grad_a, grad_h0 = _grad_a(grad_hs, 1 - hs**2, weight_hh)
    return _gathered(grad_a, grad_h0, x, hs, weight_ih)


def start_state_taken_for_zero(grad_hs, x, h0, hs, weight_ih, weight_hh):
    """Lets the first step add nothing to the gradient of weight_hh."""
    grad_a, grad_h0 = _grad_a(grad_hs, 1 - hs**2, weight_hh)
    return _gathered(grad_a, grad_h0, x, _before(np.zeros_like(h0), hs), weight_ih)


def averaged_over_time(grad_hs, x, h0, hs, weight_ih, weight_hh):
    """Divides the weights' gradients by the number of steps."""
    grad_x, grad_h0, *own = _backward(grad_hs, x, h0, hs, weight_ih, weight_hh)
    return grad_x, grad_h0, *[one / x.shape[1] for one in own]


def averaged_over_the_batch(grad_hs, x, h0, hs, weight_ih, weight_hh):
    """Divides the weights' gradients by the number of examples."""
    grad_x, grad_h0, *own = _backward(grad_hs, x, h0, hs, weight_ih, weight_hh)
    return grad_x, grad_h0, *[one / len(x) for one in own]


def gradient_of_h1_for_that_of_h0(grad_hs, x, h0, hs, weight_ih, weight_hh):
    """Stops one step too early."""
    grad_a, _ = _grad_a(grad_hs, 1 - hs**2, weight_hh)
    after = grad_a[:, 1] @ weight_hh if x.shape[1] > 1 else 0
    return _gathered(grad_a, grad_hs[:, 0] + after, x, _before(h0, hs), weight_ih)


def input_gradients_in_backward_order(grad_hs, x, h0, hs, weight_ih, weight_hh):
    """Collects grad_x from the last step to the first and does not turn it round."""
    grad_x, *others = _backward(grad_hs, x, h0, hs, weight_ih, weight_hh)
    return grad_x[:, ::-1], *others


def bias_gradient_doubled(grad_hs, x, h0, hs, weight_ih, weight_hh):
    """Adds the gradients of the two biases up, though each of them has its own."""
    *others, grad_bias = _backward(grad_hs, x, h0, hs, weight_ih, weight_hh)
    return *others, 2 * grad_bias


def gradients_added_in_place(grad_hs, x, h0, hs, weight_ih, weight_hh):
    """Adds what comes from the later steps to the caller's grad_hs."""
    for t in range(x.shape[1] - 1, 0, -1):
        grad_hs[:, t - 1] += (grad_hs[:, t] * (1 - hs[:, t] ** 2)) @ weight_hh
    grad_a = grad_hs * (1 - hs**2)
    return _gathered(grad_a, grad_a[:, 0] @ weight_hh, x, _before(h0, hs), weight_ih)


EXERCISE = Exercise(
    number=5,
    title="Backward through time",
    section="5.3",
    points=6,
    minutes=30,
    difficulty="hard",
    reference=reference,
    cases=cases,
    misconceptions=(
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
        Misconception(tanh_left_out, hint="Which function stands between the weighted sum and the state?"),
        Misconception(
            tanh_applied_again, hint="hs holds what came out of the tanh. How does its slope follow from that alone?"
        ),
        Misconception(
            slope_of_the_state_before, hint="Which state came out of the tanh of step t: the old one or the new one?"
        ),
        Misconception(
            state_weights_transposed,
            hint="Forward, h is multiplied by weight_hh.T. What is it on the way back? Square shapes do not warn you.",
        ),
        Misconception(
            states_not_shifted, hint="Which state was multiplied by weight_hh in step t: h_t or the one before?"
        ),
        Misconception(
            start_state_taken_for_zero,
            hint="With one step, is your gradient of weight_hh 0? What was multiplied by weight_hh there?",
        ),
        Misconception(
            averaged_over_time, hint="A weight is used at every step. What do paths that meet do: add up, or average?"
        ),
        Misconception(
            averaged_over_the_batch, hint="Where does the 1/N of a mean loss live: in grad_hs already, or here again?"
        ),
        Misconception(
            gradient_of_h1_for_that_of_h0, hint="Which step lies between h0 and the first new state? Did you cross it?"
        ),
        Misconception(
            input_gradients_in_backward_order,
            hint="Your loop meets the last step first. Where does its grad_x belong in the result?",
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
        "The loop of the way forward, from the last step to the first. What is carried is a gradient.",
        "Each state feeds two things: the loss, through grad_hs[:, t], and the next step. Its gradient is the sum of "
        "both. All steps share the weights, so their gradients add up.",
        "grad_z_t = (grad_hs_t + carried) · (1 − h_t²);  grad_W_ih += grad_z_tᵀ x_t;  grad_W_hh += grad_z_tᵀ h_(t−1);  "
        "grad_b += sum of grad_z_t over the examples;  grad_x_t = grad_z_t W_ih;  carried = grad_z_t W_hh.",
        "One neuron, h_t = 0.6 at both of two steps, W_hh = 0.5, grad_hs = 1 and 1: grad_z_2 = 1 · 0.64, "
        "carried 0.32; grad_z_1 = 1.32 · 0.64 = 0.845; grad_h0 = 0.845 · 0.5 = 0.422.",
    ),
    convention="grad_bias is that of each of the two biases: they are only ever added, so theirs are the same.",
    pace=Pace(inputs=large, yardstick=_backward),
)
