"""Exercise of section 9.4: Adam as an object that looks after all parameters of a network.

Source: Kingma and Ba 2015, algorithm 1; in the manner of torch.optim.Adam.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder.spec import Case, Exercise, Misconception


def drive(Adam, parameters, gradients, learning_rates, betas=(0.9, 0.999), eps=1e-8):
    """Several steps; after each one, what the very same arrays hold."""
    own = [parameter.copy() for parameter in parameters]
    optimizer = Adam(own, learning_rates[0], betas, eps)
    path = []
    for grads, rate in zip(gradients, learning_rates, strict=True):
        optimizer.learning_rate = rate
        optimizer.step(grads)
        path.append([parameter.copy() for parameter in own])
    return [np.array([arrays[k] for arrays in path]) for k in range(len(own))]


def reference(parameters, gradients, learning_rates, betas=(0.9, 0.999), eps=1e-8):
    """torch.optim.Adam on all parameters."""
    import torch

    own = [torch.nn.Parameter(one.clone()) for one in parameters]
    optimizer = torch.optim.Adam(own, betas=tuple(betas), eps=eps)
    path = []
    for grads, rate in zip(gradients, learning_rates, strict=True):
        optimizer.param_groups[0]["lr"] = float(rate)
        for parameter, grad in zip(own, grads, strict=True):
            parameter.grad = grad.clone()
        optimizer.step()
        path.append([parameter.detach().clone() for parameter in own])
    return [torch.stack([arrays[k] for arrays in path]) for k in range(len(own))]


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """One parameter, several of different shapes, a rate that changes, other settings."""
    yield Case("one parameter", _inputs(rng, [(3,)], [0.1] * 5))
    yield Case("two parameters", _inputs(rng, [(2, 3), (4,)], [0.1] * 5))
    yield Case("a changing learning rate", _inputs(rng, [(3,), (2, 2)], [0.5, 0.2, 0.1, 0.1, 0.05]))
    yield Case("other betas and eps", _inputs(rng, [(3,), (2,)], [0.1] * 6) | {"betas": (0.7, 0.95), "eps": 0.2})
    yield Case("three layers", _inputs(rng, [(4, 3), (4,), (2, 4), (2,)], [0.01] * 5))


def _inputs(rng: np.random.Generator, shapes: list[tuple[int, ...]], rates: list[float]) -> dict[str, Any]:
    gradients = []
    for _ in rates:
        gradients.append([rng.normal(size=shape) * rng.uniform(0.2, 5.0) for shape in shapes])
    return {
        "parameters": [rng.normal(0.0, 2.0, shape) for shape in shapes],
        "gradients": gradients,
        "learning_rates": rates,
    }


class _Right:
    """A right Adam whose parts the wrong ones below replace."""

    def __init__(self, parameters, learning_rate=0.001, betas=(0.9, 0.999), eps=1e-8):
        self.parameters = parameters
        self.learning_rate = learning_rate
        self.betas = betas
        self.eps = eps
        self.steps = 0
        self.m = [np.zeros_like(parameter) for parameter in parameters]
        self.v = [np.zeros_like(parameter) for parameter in parameters]

    def step(self, gradients):
        self.steps += 1
        for k, grad in enumerate(gradients):
            self.parameters[k][...] = self.new(k, grad, self.steps)

    def new(self, k, grad, t):
        beta1, beta2 = self.betas
        self.m[k] = beta1 * self.m[k] + (1 - beta1) * grad
        self.v[k] = beta2 * self.v[k] + (1 - beta2) * grad**2
        m_hat, v_hat = self.m[k] / (1 - beta1**t), self.v[k] / (1 - beta2**t)
        return self.parameters[k] - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.eps)


class clock_runs_once_for_each_parameter(_Right):
    """Counts a step for every parameter instead of for every call."""

    def step(self, gradients):
        for k, grad in enumerate(gradients):
            self.steps += 1
            self.parameters[k][...] = self.new(k, grad, self.steps)


class clock_stands_still(_Right):
    """Corrects every step as if it were the first."""

    def step(self, gradients):
        for k, grad in enumerate(gradients):
            self.parameters[k][...] = self.new(k, grad, 1)


class averages_start_anew_at_each_step(_Right):
    """Sets m and v to 0 in step() instead of once in __init__."""

    def step(self, gradients):
        self.m = [np.zeros_like(parameter) for parameter in self.parameters]
        self.v = [np.zeros_like(parameter) for parameter in self.parameters]
        super().step(gradients)


class new_arrays_instead_of_the_old_ones(_Right):
    """Puts new arrays into its list, so that the network keeps the old ones."""

    def step(self, gradients):
        self.steps += 1
        self.parameters = [self.new(k, grad, self.steps) for k, grad in enumerate(gradients)]


class rate_fixed_at_the_start(_Right):
    """Remembers the first learning rate under another name and never looks again."""

    def __init__(self, parameters, learning_rate=0.001, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(parameters, learning_rate, betas, eps)
        self.first_rate = learning_rate

    def step(self, gradients):
        self.learning_rate = self.first_rate
        super().step(gradients)


class settings_ignored(_Right):
    """Uses the default betas and eps whatever was asked for."""

    def __init__(self, parameters, learning_rate=0.001, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(parameters, learning_rate)


class first_parameter_only(_Right):
    """Moves the first parameter and leaves the others."""

    def step(self, gradients):
        super().step(gradients[:1])


class no_bias_correction(_Right):
    """Steps with m and v as they are."""

    def new(self, k, grad, t):
        return super().new(k, grad, 10**6)


EXERCISE = Exercise(
    number=6,
    title="Adam for a whole network",
    section="9.4",
    points=5,
    minutes=20,
    difficulty="hard",
    reference=reference,
    cases=cases,
    drive=drive,
    misconceptions=(
        Misconception(
            clock_runs_once_for_each_parameter,
            hint="A network has two parameters. After one call of step(), how many steps has each of them taken?",
        ),
        Misconception(
            clock_stands_still, hint="Which step number does your third call use? Where is it counted, and when?"
        ),
        Misconception(
            averages_start_anew_at_each_step,
            hint="What do m and v hold when step() begins for the second time? Where should they be set to 0?",
        ),
        Misconception(
            new_arrays_instead_of_the_old_ones,
            hint="The network holds the very arrays that you were given. Do you change them, or make new ones? "
            "What does parameter[...] = new do?",
        ),
        Misconception(
            rate_fixed_at_the_start,
            hint="Somebody sets optimizer.learning_rate = 0.01 between two steps. Where does your step() read the "
            "rate?",
        ),
        Misconception(
            settings_ignored,
            hint="Make two optimisers with different betas: do they step differently? Where are betas used?",
        ),
        Misconception(
            first_parameter_only, hint="Print all parameters before and after a step: which of them have moved?"
        ),
        Misconception(
            no_bias_correction,
            hint="How long is the very first step, as a multiple of the learning rate? How long should it be?",
        ),
    ),
    hints=(
        "You have written the step. What is left is to remember: one m and one v for each parameter, and one counter.",
        "Make the lists of zeros in __init__. In step(): count once, then loop over the parameters.",
        "new, self.m[k], self.v[k] = adam_step(parameter, self.m[k], self.v[k], grad, self.steps, …);  "
        "parameter[...] = new.",
        "Two parameters, first call: self.steps goes from 0 to 1, and both parameters step with step = 1. "
        "Each moves by the learning rate.",
    ),
    convention="One step counter for all parameters, counted from 1; the given arrays are changed in place.",
    uses=("adam_step",),
)
