# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Chapter 9: Adam and learning-rate schedules
#
# One learning rate for millions of parameters: chapter 3 showed how badly that can fit. In this
# chapter every parameter gets a rate of its own, found by the optimiser itself while it trains.
# Piece by piece you build **Adam**, the optimiser behind most of today's networks, which chapters 4
# to 8 use ready-made, and then the **schedules** that change the rate over time. At the end you see
# what an optimiser can do for a network that reads digits, and what a schedule can.
#
# **What you need.** Chapters 2 and 3: gradients, the learning rate, mini-batches, momentum.
# Chapters 4 to 8 are not needed.
#
# | section | afterwards you can | reading | exercises |
# |---|---|---|---|
# | 9.1 A rate for every parameter | divide a step by the gradient's own history, and say why | 15 min | 8 min |
# | 9.2 Forgetting the past | average a sequence while it arrives | 15 min | 16 min |
# | 9.3 Momentum and decay | write SGD as PyTorch has it | 5 min | 8 min |
# | 9.4 Adam | build Adam, and explain its first step | 20 min | 45 min |
# | 9.5 Weight decay that deserves its name | say how AdamW differs from Adam with L2 | 10 min | 10 min |
# | 9.6 Schedules | warm up, decay, and know what each is for | 15 min | 46 min |
# | 9.7 On real digits | compare optimisers honestly | 15 min | |
# | 9.8 What you take along | find everything again | 5 min | |
#
# That is 100 minutes of reading and 133 of exercises: our estimate for a first reading.

# %% [markdown]
# ## Set-up

# %%
import matplotlib.pyplot as plt
import numpy as np

from autograder import check, hint, progress
from course import mlp
from course.data import digits
from course.widgets import ch09_adam as widgets

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
plt.rcParams.update({"font.size": 12, "figure.constrained_layout.use": True})

# %% [markdown]
# ## 9.1 A rate for every parameter
#
# **Question.** The valley of chapter 3 had slopes a hundred times as large along one axis as along
# the other. Could each parameter have a rate of its own?
#
# We would like to divide each parameter's step by the typical size of *its own* gradients. Then a
# steep direction gets a small rate and a flat one a large rate. **AdaGrad** measures the size by
# the root of the sum of all squared gradients so far:
#
# $$s \leftarrow s + g^2, \qquad w \leftarrow w - \eta\, \frac{g}{\sqrt{s} + \varepsilon}$$
#
# | letter | in code | shape | holds |
# |---|---|---|---|
# | $g$ | `grad` | like $w$ | this step's gradient |
# | $s$ | `s` | like $w$ | the sum of the squares of all gradients so far |
# | $\eta$ | `learning_rate` | one number | now: about how far each parameter may move in a step |
# | $\varepsilon$ | `eps` | one tiny number | keeps us from dividing by 0 |
#
# Squares, roots and quotients are taken **element by element**: every parameter has its own $s$.
#
# **By hand.** One parameter, $w = 1$, $\eta = 0.1$, gradients 3, then 4. First $s = 9$, $w = 1 -
# 0.1 \cdot 3/3 = 0.9$. Then $s = 25$, $w = 0.9 - 0.1 \cdot 4/5 = 0.82$. Now you: the same with
# gradients 300 and 400.

# %% [markdown]
# **My result:** …

# %% [markdown]
# **Exercise 9.1: AdaGrad** (8 minutes, easy, 2 points)


# %%
def adagrad_step(w, s, grad, learning_rate, eps=1e-10):
    """One step of AdaGrad.

    w              parameters, an array of any shape
    s              the sum of the squared gradients of all steps before, of the shape of w; zeros at the start
    grad           the gradient of the loss at w, of the shape of w
    learning_rate  a number
    eps            a small number, added to the root
    Returns the new parameters and the new sum. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    s = s + grad**2
    return w - learning_rate * grad / (np.sqrt(s) + eps), s
    ### END SOLUTION


# %%
check(adagrad_step)

# %% [markdown]
# **Predict.** In the valley $L = (x^2 + 100 y^2)/2$, both parameters start at 1. After 50 steps of
# AdaGrad, which of them is closer to 0?

# %% [markdown]
# **My prediction:** …


# %%
def valley(w):
    """The gradient of (x² + 100 y²) / 2."""
    return np.array([1.0, 100.0]) * w


w, s = np.array([1.0, 1.0]), np.zeros(2)
plain = np.array([1.0, 1.0])
for _step in range(50):
    w, s = adagrad_step(w, s, valley(w), 0.1)
    plain = plain - 0.019 * valley(plain)
print("AdaGrad, rate 0.1:     ", w)
print("plain steps, rate 0.019:", plain)

# %% [markdown]
# **What you should have seen.** Neither: the two are equal to eight digits, 0.1370831 both.
# Multiply all gradients of a parameter by 100, and $g/\sqrt{s}$ stays the same: **the scale of a
# gradient no longer matters**. (So your results by hand are 0.9 and 0.82 again.) The plain step has
# finished the steep axis and left 38 % of the flat one.
#
# AdaGrad was made for data in which some features are rare: a word that occurs once in a thousand
# texts gets a large step when it does occur. But it has a flaw. $s$ only grows, so the steps only
# shrink.
#
# ## 9.2 Forgetting the past
#
# **Question.** How does one remember the recent gradients and forget the old ones, without storing
# any of them?
#
# With an average that leaks. The **exponential moving average** of a sequence $x_1, x_2, \dots$
# keeps the share $\beta$ (beta) of its old value and takes the rest from the new one:
#
# $$a_0 = 0, \qquad a_t = \beta\, a_{t-1} + (1 - \beta)\, x_t$$
#
# A value that is $k$ steps old counts $\beta^k$ times as much as the newest. Its memory is about
# $1/(1-\beta)$ steps long: 10 for $\beta = 0.9$, 1000 for $\beta = 0.999$. (The running statistics
# of batch norm, in chapter 8, are such averages, with $\beta = 0.9$.)
#
# **By hand.** $\beta = 0.9$, values 2, 2, 2: $a = 0.2,\ 0.38,\ 0.542$. The average of a sequence of
# twos should be 2! It starts at 0 and has to climb. After $t$ values the weights add up to $1 -
# \beta^t$ only, so dividing by that repairs it: $0.2/0.1 = 2$, $0.38/0.19 = 2$. That is the **bias
# correction**, and section 9.4 needs it.
#
# **Exercise 9.2: The exponential moving average** (8 minutes, easy, 2 points)
#
# Mind what is carried on: the average itself, never the corrected one.


# %%
def exponential_moving_average(values, beta, bias_correction=False):
    """The exponential moving average of a sequence, started from 0.

    values           (T,)
    beta             the share of the old average that is kept at each step, from 0 to 1
    bias_correction  whether to divide the average after t values by 1 - beta**t
    Returns (T,): the average after each value. The input is left unchanged.
    """
    ### BEGIN SOLUTION
    average = 0.0
    averages = []
    for t, value in enumerate(values, start=1):
        average = beta * average + (1 - beta) * value
        averages.append(average / (1 - beta**t) if bias_correction else average)
    return np.array(averages)
    ### END SOLUTION


# %%
check(exponential_moving_average)

# %%
rng = np.random.default_rng(0)
noisy = np.sin(np.linspace(0, 3, 200)) + 2 + rng.normal(0, 0.4, 200)

fig, ax = plt.subplots(figsize=(9, 4))
ax.plot(noisy, ".", color="0.75")
for beta, corrected, colour, style in (
    (0.9, True, GREEN, "-"),
    (0.99, False, VERMILION, "--"),
    (0.99, True, BLUE, "-"),
):
    average = exponential_moving_average(noisy, beta, corrected)
    ax.plot(average, color=colour, ls=style)
    label = f"β = {beta}" + ("" if corrected else ", not corrected")
    ax.text(201, average[-1] - 0.25 * (beta == 0.99 and not corrected), label, color=colour, va="center")
ax.set(xlabel="t", ylabel="value", xlim=(0, 260))
ax.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* a long memory is smooth and late. Without correction it starts at 0, and after
# all 200 values it is still 13 % below the corrected one.
#
# **RMSProp** is AdaGrad with such an average of the squares in the place of the sum:
#
# $$v \leftarrow \alpha\, v + (1 - \alpha)\, g^2, \qquad w \leftarrow w - \eta\, \frac{g}{\sqrt{v} + \varepsilon}$$
#
# The name says what $\sqrt v$ is: the *root* of the *mean* of the *squares*. $\alpha$ (alpha) is
# the share of the old average that is kept, as $\beta$ was above. Now the steps recover when the
# gradients have become small.
#
# **Exercise 9.3: RMSProp** (8 minutes, easy, 2 points)


# %%
def rmsprop_step(w, v, grad, learning_rate, alpha=0.99, eps=1e-8):
    """One step of RMSProp.

    w              parameters, an array of any shape
    v              the moving average of the squared gradients, of the shape of w; zeros at the start
    grad           the gradient of the loss at w, of the shape of w
    learning_rate  a number
    alpha          the share of the old average that is kept
    eps            a small number, added to the root
    Returns the new parameters and the new average. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    v = alpha * v + (1 - alpha) * grad**2
    return w - learning_rate * grad / (np.sqrt(v) + eps), v
    ### END SOLUTION


# %%
check(rmsprop_step)

# %% [markdown]
# **Predict.** 200 gradients of 1, then 200 gradients of 0.01. What do the steps of AdaGrad and of
# RMSProp ($\alpha = 0.9$, rate 0.01 both) look like after the change?

# %% [markdown]
# **My prediction:** …

# %%
gradients = np.where(np.arange(400) < 200, 1.0, 0.01)
steps = {"AdaGrad": [], "RMSProp": []}
s = v = 0.0
for grad in gradients:
    after, s = adagrad_step(0.0, s, grad, 0.01)
    steps["AdaGrad"].append(-after)
    after, v = rmsprop_step(0.0, v, grad, 0.01, alpha=0.9)
    steps["RMSProp"].append(-after)

fig, ax = plt.subplots(figsize=(9, 4))
for name, colour in (("AdaGrad", VERMILION), ("RMSProp", BLUE)):
    ax.semilogy(steps[name], color=colour)
    ax.text(404, steps[name][-1], name, color=colour, va="center")
    print(
        f"{name}: step 1 {steps[name][0]:.1e}, step 200 {steps[name][199]:.1e}, step 201 {steps[name][200]:.1e}, step 400 {steps[name][-1]:.1e}"
    )
ax.set(xlabel="step", ylabel="length of the step (log scale)", xlim=(0, 470))
ax.grid(alpha=0.2)

# %% [markdown]
# **What you should have seen.** After the change both steps drop by a factor of about a hundred.
# RMSProp forgets the large gradients within about ninety steps and is back at 0.01, the learning
# rate. AdaGrad never recovers: 7e-06 at the end. But look at RMSProp's very first step: 0.032,
# three times the rate. Its average started at 0, and nobody corrected it.
#
# ## 9.3 Momentum and decay
#
# **Question.** RMSProp is one half of Adam, the optimiser of the next section. What is the other
# half?
#
# Momentum, from section 3.3: a velocity into which the gradients flow, so that pushes in one
# direction add up and a zigzag cancels. Here it is once more in PyTorch's form, with one addition
# that every optimiser has: **weight decay** pulls each parameter towards 0 by adding $\lambda w$ to
# its gradient ($\lambda$, lambda). It is the gradient of the penalty $\lambda w^2 / 2$, called
# **L2**; chapter 8 says what it is good for. (In this section $v$ is the velocity, as in chapter 3,
# and not the mean square of RMSProp.)
#
# $$g \leftarrow g + \lambda w, \qquad v \leftarrow \mu\, v + g, \qquad w \leftarrow w - \eta\, v$$
#
# **Exercise 9.4: SGD with momentum and weight decay** (8 minutes, easy, 2 points)


# %%
def sgd_momentum_step(w, velocity, grad, learning_rate, momentum=0.9, weight_decay=0.0):
    """One step of gradient descent with momentum and L2 weight decay, in PyTorch's form.

    w              parameters, an array of any shape
    velocity       of the shape of w; zeros at the start
    grad           the gradient of the loss at w, of the shape of w
    learning_rate  a number
    momentum       the share of the old velocity that is kept
    weight_decay   this multiple of w is added to the gradient
    Returns the new parameters and the new velocity. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    velocity = momentum * velocity + grad + weight_decay * w
    return w - learning_rate * velocity, velocity
    ### END SOLUTION


# %%
check(sgd_momentum_step)

# %% [markdown]
# ## 9.4 Adam
#
# **Question.** What do we get from both halves together?
#
# **Adam** keeps two moving averages for every parameter: $m$ of the gradient and $v$ of its square.
# (They are called its **first and second moment**, hence the name, *adaptive moment estimation*.)
# Here momentum has its other form of section 3.3, the average: the gradient enters with $1 -
# \beta_1$. Adam corrects both averages for their start at 0, and steps by their quotient:
#
# $$m \leftarrow \beta_1 m + (1-\beta_1)\, g \qquad v \leftarrow \beta_2 v + (1-\beta_2)\, g^2$$
#
# $$\hat m = \frac{m}{1-\beta_1^t} \qquad \hat v = \frac{v}{1-\beta_2^t} \qquad w \leftarrow w - \eta\, \frac{\hat m}{\sqrt{\hat v} + \varepsilon}$$
#
# | letter | in code | usual value | holds |
# |---|---|---|---|
# | $m$ | `m` | | where the gradient has been pointing (momentum) |
# | $v$ | `v` | | how large it has been (RMSProp) |
# | $\beta_1, \beta_2$ | `beta1`, `beta2` | 0.9, 0.999 | how long each remembers: about 10 and 1000 steps |
# | $t$ | `step` | 1, 2, 3, … | how many steps there have been, this one included |
# | $\varepsilon$ | `eps` | $10^{-8}$ | keeps us from dividing by 0 |
#
# **By hand: the first step.** Any gradient, say $g = 4$, $\eta = 0.1$: $m = 0.4$, $v = 0.016$.
# Corrected, $\hat m = 0.4/0.1 = 4$ and $\hat v = 0.016/0.001 = 16$. The step is $0.1 \cdot
# 4/\sqrt{16} = 0.1$. Whatever the gradient: **Adam's first step is the learning rate, with the
# gradient's sign.**
#
# **Predict.** Without any correction, how long is the first step? And if only $m$ is corrected?

# %% [markdown]
# **My prediction:** …

# %% [markdown]
# **Exercise 9.5: One step of Adam** (15 minutes, medium, 4 points)
#
# $\varepsilon$ stands outside the root, added to the root of the *corrected* $v$. Give $m$ and $v$
# back as they are before the correction: the next step carries them on.


# %%
def adam_step(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8):
    """One step of Adam.

    w              parameters, an array of any shape
    m, v           moving averages of the gradient and of its square, of the shape of w; zeros at the start
    grad           the gradient of the loss at w, of the shape of w
    step           1 for the first step, 2 for the second, ...
    learning_rate  a number
    beta1, beta2   the shares of the old averages that are kept
    eps            a small number, added to the root
    Returns the new parameters, m and v (as they are before the bias correction). The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**step)
    v_hat = v / (1 - beta2**step)
    return w - learning_rate * m_hat / (np.sqrt(v_hat) + eps), m, v
    ### END SOLUTION


# %%
check(adam_step)

# %%
widgets.bias_correction(adam_step)

# %% [markdown]
# Visit **the first step**, **ten thousand times larger**, **noisy gradients**, **a shorter
# memory**.
#
# **What you should have seen.** With learning rate 0.1 the first step is 0.1, for gradients of
# every size. Without correction it is 0.316, because $0.1\,g / \sqrt{0.001\,g^2} = \sqrt{10}\;0.1$;
# with only $m$ corrected it is 3.16, which throws a network away; with only $v$ corrected 0.01.
# After ten steps $m$ has reached 65 % of its mean, but $v$ only 1.0 %: the memory of 1000 steps
# needs the correction for a thousand steps. With the shorter memory, $\beta_2 = 0.9$, $v$ rises as
# fast as $m$, and the four lines soon meet. With noisy gradients the steps get shorter: $m$ shrinks
# where the signs disagree, and $\sqrt v$ does not.
#
# **Where is $\varepsilon$ felt?** Only where gradients are as tiny as it is:

# %%
for grad in (1.0, 1e-4, 1e-8, 1e-10):
    w, _, _ = adam_step(np.zeros(1), np.zeros(1), np.zeros(1), np.array([grad]), 1, 0.1)
    print(f"gradient {grad:7.0e}: first step {-w[0]:.3f}")

# %% [markdown]
# A gradient of the size of $\varepsilon$ makes half a step, one a hundred times smaller a
# hundredth.
#
# ### For a whole network
#
# A network has many parameter arrays. An optimiser object looks after them: it keeps $m$ and $v$
# for each, counts the steps, and changes the arrays in place. Two lines of use:
#
#     optimizer = Adam(parameters, learning_rate=0.01)
#     optimizer.step(gradients)
#
# **Exercise 9.6: Adam for a whole network** (20 minutes, hard, 5 points)
#
# One counter for all parameters: a call of `step` is one step, however many arrays there are.
# `parameter[...] = values` writes into an array.


# %%
class Adam:
    """Adam for a list of parameters, each with averages of its own.

        optimizer = Adam(parameters, learning_rate=0.01)
        optimizer.step(gradients)      # changes the parameters in place

    learning_rate may be changed between two steps.
    """

    def __init__(self, parameters, learning_rate=0.001, betas=(0.9, 0.999), eps=1e-8):
        """parameters: a list of arrays, which step() changes in place."""
        self.parameters = parameters
        self.learning_rate = learning_rate
        self.betas = betas
        self.eps = eps
        ### BEGIN SOLUTION
        self.steps = 0
        self.m = [np.zeros_like(parameter) for parameter in parameters]
        self.v = [np.zeros_like(parameter) for parameter in parameters]
        ### END SOLUTION

    def step(self, gradients):
        """One step, in place; gradients: a list of arrays of the parameters' shapes, left unchanged."""
        ### BEGIN SOLUTION
        self.steps += 1
        beta1, beta2 = self.betas
        for k, (parameter, grad) in enumerate(zip(self.parameters, gradients, strict=True)):
            new, self.m[k], self.v[k] = adam_step(
                parameter, self.m[k], self.v[k], grad, self.steps, self.learning_rate, beta1, beta2, self.eps
            )
            parameter[...] = new
        ### END SOLUTION


# %%
check(Adam)

# %% [markdown]
# **Predict.** SGD, momentum, RMSProp and Adam in the narrow valley. Whose path is the straightest?

# %% [markdown]
# **My prediction:** …

# %%
widgets.optimiser_race(adam_step)

# %% [markdown]
# Play each preset: **a narrow valley**, **the first step**, **without correction**, **a saddle**,
# **a plateau**, **a tilted valley**, **a bent valley**. The lower pictures show what Adam remembers
# at each step.
#
# **What you should have seen.** In the narrow valley the two adaptive paths are the straightest:
# after 80 steps RMSProp's is 3.0 long and Adam's 3.2, that of SGD 9.8 and that of momentum 22.8.
# SGD zigzags and then crawls, momentum overshoots to and fro, and Adam leaves at 45°: the steep and
# the flat axis make equal steps at first, $+1$ and $-1$ learning rates, although one slope is 56
# times the other. (Without correction that first step is 3.16 times as long, as above.) Then $m$
# changes its sign, the quotient shrinks, and Adam swings around the minimum like a ball with
# friction. From beside the ridge of the saddle all four get away. On the plateau SGD does not move,
# because its steps are as small as the slopes; momentum needs a long run-up, and the adaptive ones
# walk out.
#
# Two warnings. In the tilted valley the steep direction lies across both parameters. A rate for
# each *parameter* cannot give it a rate of its own, and plain SGD ends lower than Adam: 0.079
# against 0.62. And in the bent valley of Rosenbrock plain momentum is ahead of all of them: no
# optimiser is the best everywhere.
#
# **Question: The first step** (10 minutes, 4 points, graded by a person)
#
# Explain why Adam's first step has the length of the learning rate, whatever the size of the
# gradient. What would it be without any bias correction, and why? Which of the two averages is the
# dangerous one to leave uncorrected, and for how long? And when is the first step shorter after
# all?

# %% the_first_step [markdown]
# ### BEGIN SOLUTION
# Both averages start at 0. After the first gradient $m = 0.1\, g$ and $v = 0.001\, g^2$. The
# correction divides by $1 - 0.9 = 0.1$ and $1 - 0.999 = 0.001$, so $\hat m = g$ and $\hat v = g^2$.
# The step is $\eta\, g/\sqrt{g^2} = \eta \cdot \text{sign}(g)$: the size of the gradient is gone.
#
# Without correction the step is $\eta \cdot 0.1\, g / \sqrt{0.001\, g^2}$, that is
# $0.1/\sqrt{0.001} = 3.16$ times the learning rate, because $v$ starts much further below its right
# value than $m$. The dangerous one is $v$: its root is too small, so the steps are too long, and
# with a memory of about 1000 steps that lasts for hundreds of steps. A missing correction of $m$
# alone makes the first step too short (a tenth).
#
# The first step is shorter when the gradient is of the size of $\varepsilon$ or below: with $|g| =
# 10^{-8}$ it is half the learning rate, and with $g = 0$ there is no step.
# ### END SOLUTION

# %% [markdown]
# ## 9.5 Weight decay that deserves its name
#
# **Question.** What does weight decay do inside Adam?
#
# Less than its name says. With L2, $\lambda w$ is added to the gradient, and Adam then divides by
# $\sqrt{\hat v}$: the decay is scaled along with everything else. In the first step, with $w = 2$,
# $g = 1$, $\lambda = 0.5$, $\eta = 0.1$, the gradient becomes $1 + 1 = 2$, and the step is still
# 0.1: $w = 1.90$, as if there were no decay.
#
# **AdamW** keeps the decay out of the gradient. Each step first takes the share $\eta\lambda$ away
# from $w$, then Adam steps with $g$ alone: $2 - 0.1 \cdot 0.5 \cdot 2 = 1.9$, and another 0.1: $w =
# 1.80$.
#
# $$w \leftarrow w - \eta\, \lambda\, w - \eta\, \frac{\hat m}{\sqrt{\hat v} + \varepsilon}$$
#
# **Exercise 9.7: One step of AdamW** (10 minutes, medium, 3 points)


# %%
def adamw_step(w, m, v, grad, step, learning_rate, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    """One step of AdamW: Adam with weight decay beside the gradient, not inside it.

    w, m, v, grad, step, learning_rate, beta1, beta2, eps  as in adam_step
    weight_decay   each step takes this share, times the learning rate, away from w
    Returns the new parameters, m and v. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    decayed = w - learning_rate * weight_decay * w
    return adam_step(decayed, m, v, grad, step, learning_rate, beta1, beta2, eps)
    ### END SOLUTION


# %%
check(adamw_step)

# %%
zero, two, one = np.zeros(1), np.array([2.0]), np.array([1.0])
inside, _, _ = adam_step(two, zero, zero, one + 0.5 * two, 1, 0.1)
beside, _, _ = adamw_step(two, zero, zero, one, 1, 0.1, weight_decay=0.5)
print(f"decay inside the gradient: {inside[0]:.2f}   beside it: {beside[0]:.2f}")

# %% [markdown]
# As by hand.
#
# **Predict.** Two weights start at 2, and the data ask nothing of them: the gradients of the first
# are 10 and $-10$ by turns, those of the second 0.1 and $-0.1$. What is left of each after 1000
# steps with decay ($\eta = 0.01$, $\lambda = 0.1$), inside the gradient and beside it?

# %% [markdown]
# **My prediction:** …

# %%
left_over = {}
for place in ("inside", "beside"):
    w, m, v = np.full(2, 2.0), np.zeros(2), np.zeros(2)
    for step in range(1, 1001):
        grad = np.array([10.0, 0.1]) * (-1) ** step
        if place == "inside":
            w, m, v = adam_step(w, m, v, grad + 0.1 * w, step, 0.01)
        else:
            w, m, v = adamw_step(w, m, v, grad, step, 0.01, weight_decay=0.1)
    left_over[place] = w
    print(f"decay {place} the gradient: {w[0]:.2f} and {w[1]:.2f}")

# %% [markdown]
# **What you should have seen.** Inside the gradient, the decay hardly touches the weight with the
# large gradients, 1.83, and takes the other one whole, 0.00. Beside it, 0.74 is left of both, 37 %:
# AdamW takes a thousandth of a weight in each step, whatever its gradients are, and $0.999^{1000} =
# 0.368$.
#
# Most language models are trained with AdamW.
#
# ## 9.6 Schedules
#
# **Question.** Should the rate at the end be the rate of the start?
#
# At the start a large rate covers ground. Near the end it hurts: the noise of the mini-batches
# kicks the parameters around the minimum, and the kicks are as large as the rate. So **start high
# and end low**. A rule for the rate over time is a **schedule**.
#
# * **Step decay**: multiply by $\gamma$ (gamma) after every $s$ epochs: $\eta_e = \eta_0\,
#   \gamma^{\lfloor e/s \rfloor}$. The brackets round down: Python's `//`.
# * **Exponential decay**: multiply by $\gamma$ after every epoch: $\eta_e = \eta_0\, \gamma^e$.
# * **Cosine decay**: half a cosine wave from $\eta_0$ to $\eta_\text{end}$ in $T$ steps: slow,
#   fast, slow:
#
# $$\eta_t = \eta_\text{end} + (\eta_0 - \eta_\text{end})\, \frac{1 + \cos(\pi t / T)}{2}$$
#
# **By hand.** $\eta_0 = 1$, $\eta_\text{end} = 0$, $T = 4$: 1, 0.854, 0.5, 0.146, 0. Epochs and
# steps count from 0, as in PyTorch. (Chapter 7 lets the rate fall to 0 along a straight line:
# **linear decay**, the simplest way down.)
#
# **Exercise 9.8: Step decay** (4 minutes, easy, 1 point)


# %%
def step_decay(epoch, learning_rate, step_size, gamma):
    """The learning rate of an epoch, multiplied by gamma after every step_size epochs.

    epoch          0 for the first epoch
    learning_rate  the rate of the first epoch
    Returns a number.
    """
    ### BEGIN SOLUTION
    return learning_rate * gamma ** (epoch // step_size)
    ### END SOLUTION


# %%
check(step_decay)

# %% [markdown]
# **Exercise 9.9: Exponential decay** (3 minutes, easy, 1 point)


# %%
def exponential_decay(epoch, learning_rate, gamma):
    """The learning rate of an epoch, multiplied by gamma after every epoch.

    epoch          0 for the first epoch
    learning_rate  the rate of the first epoch
    Returns a number.
    """
    ### BEGIN SOLUTION
    return learning_rate * gamma**epoch
    ### END SOLUTION


# %%
check(exponential_decay)

# %% [markdown]
# **Exercise 9.10: Cosine decay** (8 minutes, medium, 2 points)
#
# After step $T$ the rate stays at its end. (PyTorch's would rise again.)


# %%
def cosine_decay(step, total_steps, learning_rate, final_rate=0.0):
    """The learning rate on half a cosine wave, from learning_rate at step 0 to final_rate at step total_steps.

    step  0, 1, 2, ...; from total_steps on the rate stays at final_rate
    Returns a number.
    """
    ### BEGIN SOLUTION
    done = min(step / total_steps, 1.0)
    return final_rate + (learning_rate - final_rate) * (1 + np.cos(np.pi * done)) / 2
    ### END SOLUTION


# %%
check(cosine_decay)

# %% [markdown]
# **Warm-up** is for the other end. In the first steps Adam's $v$ rests on a handful of gradients,
# and the weights are random; a full step in a badly known direction can do harm that takes long to
# repair. So the rate rises in a line over the first $W$ steps: $\eta_t = \eta\, \min((t+1)/W, 1)$.
#
# **Exercise 9.11: Linear warm-up** (6 minutes, easy, 2 points)


# %%
def linear_warmup(step, warmup_steps, learning_rate):
    """The learning rate, rising in equal steps to learning_rate, which step number warmup_steps (the last one) has.

    step          0 for the first step, whose rate is learning_rate / warmup_steps
    warmup_steps  how many steps the rise takes; afterwards the rate stays
    Returns a number.
    """
    ### BEGIN SOLUTION
    return learning_rate * min((step + 1) / warmup_steps, 1.0)
    ### END SOLUTION


# %%
check(linear_warmup)

# %% [markdown]
# **Exercise 9.12: Warm-up, then cosine** (10 minutes, medium, 3 points)
#
# The cosine has a clock of its own: it starts when the warm-up is over and has the remaining steps.


# %%
def warmup_then_cosine(step, warmup_steps, total_steps, learning_rate, final_rate=0.0):
    """Linear warm-up for warmup_steps steps, then cosine decay from learning_rate to final_rate.

    step         0 for the first step
    total_steps  all steps, warm-up included; step warmup_steps has learning_rate, step total_steps final_rate
    Returns a number.
    """
    ### BEGIN SOLUTION
    if step < warmup_steps:
        return linear_warmup(step, warmup_steps, learning_rate)
    return cosine_decay(step - warmup_steps, total_steps - warmup_steps, learning_rate, final_rate)
    ### END SOLUTION


# %%
check(warmup_then_cosine)

# %% [markdown]
# **Reduce on a plateau** looks at the validation loss instead of a plan: when it has found no new
# lowest value for longer than `patience` epochs, multiply the rate by a factor, and start counting
# again.
#
# **By hand.** patience 1, factor 0.5, losses 2, 1, 1.5, 1.2: the counts of bad epochs are 0, 0, 1,
# 2, and 2 > 1, so the last rate is halved.
#
# **Exercise 9.13: Reduce on a plateau** (15 minutes, hard, 4 points)


# %%
def reduce_on_plateau(losses, learning_rate, factor=0.1, patience=10):
    """The learning rate after each epoch, reduced whenever the loss has stopped falling.

    losses    (T,)  the validation loss after each epoch
    factor    what the rate is multiplied by
    patience  epochs without a new lowest loss that are forgiven; the next one reduces the rate, and the count
              starts again at 0
    Returns (T,): the rate after each epoch. The input is left unchanged.
    """
    ### BEGIN SOLUTION
    best = np.inf
    bad_epochs = 0
    rates = []
    for loss in losses:
        if loss < best:
            best = loss
            bad_epochs = 0
        else:
            bad_epochs += 1
        if bad_epochs > patience:
            learning_rate = factor * learning_rate
            bad_epochs = 0
        rates.append(learning_rate)
    return np.array(rates)
    ### END SOLUTION


# %%
check(reduce_on_plateau)

# %% [markdown]
# **Predict.** A noisy run with a high constant rate, with a low constant rate, and with a high one
# that decays. Which ends lowest? Which is ahead after twenty steps?

# %% [markdown]
# **My prediction:** …

# %%
widgets.schedules(warmup_then_cosine)

# %% [markdown]
# Visit **low and constant**, **high and constant**, **high, then down**, **with a warm-up**; then
# build your own.
#
# **What you should have seen.** At a constant 0.8 the loss falls fast and then stays at 1.25, its
# **noise floor**: the kicks of the noisy gradients. At a constant 0.1 it is at 0.37 after 200 steps
# and still falling: its floor is lower, and it takes longer to get there. High, then down along a
# cosine has both: after twenty steps it is level with the high constant rate (1.27 and 1.28) and
# far ahead of the low one (4.79), and it has 0.25 in the end. In this harmless bowl the warm-up
# changes nothing (0.26); it is for networks, and for Adam.
#
# ## 9.7 On real digits
#
# **Question.** Is Adam better?
#
# An honest comparison tries several rates for each optimiser, because each has its own good range.
# The digits, three hidden layers of 64, ten epochs in batches of 32.
#
# **Predict.** Each of the five optimisers gets four rates. Are they all best at the same rate? And
# how far apart are they, each at its own best?

# %% [markdown]
# **My prediction:** …

# %%
x_train, y_train, x_test, y_test = digits()
validation = x_train[:287], y_train[:287]
x_train, y_train = x_train[287:], y_train[287:]


class OneMemory:
    """An optimiser for step functions that keep one array for each parameter, with the two lines of use of Adam."""

    def __init__(self, step_function, parameters, learning_rate):
        self.step_function = step_function
        self.parameters = parameters
        self.learning_rate = learning_rate
        self.memories = [np.zeros_like(parameter) for parameter in parameters]

    def step(self, gradients):
        for k, parameter in enumerate(self.parameters):
            moved, self.memories[k] = self.step_function(parameter, self.memories[k], gradients[k], self.learning_rate)
            parameter[...] = moved


def plain_step(w, memory, grad, learning_rate):
    """SGD needs no memory."""
    return w - learning_rate * grad, memory


def make(name, parameters, learning_rate):
    """The optimiser of this name."""
    if name == "Adam":
        return Adam(parameters, learning_rate)
    functions = {"SGD": plain_step, "momentum": sgd_momentum_step, "AdaGrad": adagrad_step, "RMSProp": rmsprop_step}
    return OneMemory(functions[name], parameters, learning_rate)


def train(name, learning_rate, seed=0, epochs=10, schedule=None, ratios=None):
    """Train, and give the validation accuracy; schedule(step, total) gives the rate of a step."""
    rng = np.random.default_rng(seed)
    parameters = mlp.draw_parameters([64, 64, 64, 64, 10], rng)
    optimizer = make(name, parameters, learning_rate)
    total = epochs * int(np.ceil(len(x_train) / 32))
    step = 0
    for _epoch in range(epochs):
        order = rng.permutation(len(x_train))
        for start in range(0, len(order), 32):
            chosen = order[start : start + 32]
            _, gradients = mlp.loss_and_gradients(parameters, x_train[chosen], y_train[chosen])
            if schedule is not None:
                optimizer.learning_rate = schedule(step, total)
            before = [parameter.copy() for parameter in parameters[::2]]
            optimizer.step(gradients)
            if ratios is not None:
                moved = [np.linalg.norm(new - old) for new, old in zip(parameters[::2], before, strict=True)]
                ratios.append([size / np.linalg.norm(old) for size, old in zip(moved, before, strict=True)])
            step += 1
    return mlp.accuracy(parameters, *validation)


tried = {
    "SGD": (0.001, 0.01, 0.1, 1.0),
    "momentum": (0.0001, 0.001, 0.01, 0.1),
    "AdaGrad": (0.001, 0.01, 0.1, 1.0),
    "RMSProp": (0.0001, 0.001, 0.01, 0.1),
    "Adam": (0.0001, 0.001, 0.01, 0.1),
}
table = {}
with np.errstate(all="ignore"):  # the largest rates overflow, and shall
    for name, rates in tried.items():
        table[name] = [np.mean([train(name, rate, seed) for seed in range(3)]) for rate in rates]
        shown = "   ".join(f"{rate:g}: {value:.1%}" for rate, value in zip(rates, table[name], strict=True))
        print(f"{name:9} {shown}", flush=True)
accuracies = table

# %%
fig, ax = plt.subplots(figsize=(9, 4.5))
styles = {
    "SGD": (GREEN, "v"),
    "momentum": (PURPLE, "^"),
    "AdaGrad": ("0.4", "s"),
    "RMSProp": (BLUE, "D"),
    "Adam": (VERMILION, "o"),
}
for name, (colour, marker) in styles.items():
    ax.semilogx(tried[name], 100 * np.array(accuracies[name]), color=colour, marker=marker, label=name)
ax.set(xlabel="learning rate (log scale)", ylabel="validation accuracy after 10 epochs, in %")
ax.legend(fontsize=10)
ax.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* five hills, and not at one place: of the rates tried, SGD is best at 0.1,
# momentum and AdaGrad at 0.01, RMSProp and Adam at 0.001. So a rate that is good for one optimiser
# says little about another. In the adaptive ones it is a length, in SGD a factor. At the tops they
# are close together.
#
# **What you should have seen.** Each at its best rate, the optimisers lie between 93.4 % (SGD) and
# 95.5 % (Adam), after ten epochs. That is no large difference, *if you find the rate*: at a wrong
# rate each of them loses far more. What Adam buys is less searching: 0.001 is a good first guess
# nearly everywhere. It buys more where gradients differ widely between layers or parameters, as in
# Transformers.
#
# ### How large is an update?
#
# A good health check, in every training: the size of the update beside the size of the weights. A
# common rule of thumb, passed on by A. Karpathy, says that about $10^{-3}$ is healthy: much less
# learns nothing, much more tears the weights apart. It is a rule of thumb and no law.

# %%
runs = {}
for name, rate in (("SGD", 0.1), ("Adam", 0.001), ("Adam, rate 0.1", 0.1)):
    ratios = []
    train(name.partition(",")[0], rate, epochs=2, ratios=ratios)
    runs[name] = np.array(ratios).T  # (layers, steps)

widgets.update_ratios(runs)

# %% [markdown]
# **What you should have seen.** With SGD at 0.1 a typical update is one to three hundredths of the
# weights, with Adam at 0.001 about 0.0024 of them, in all layers alike. So SGD is ten times above
# the rule and more, and this network trains well with it: no law, indeed. With Adam at 0.1 the very
# first update is half as large as the weights themselves: what was drawn so carefully is thrown
# away in one step.
#
# ### With a schedule
#
# **Predict.** Adam at 0.05 is too hot: at a constant rate it is worse than at 0.01. What does a
# schedule do whose *peak* is 0.05? And is it better than the best constant rate of the comparison,
# 0.001?

# %% [markdown]
# **My prediction:** …


# %%
def warm_cosine(peak):
    """A schedule: 45 steps of warm-up to the peak, then down to 0."""
    return lambda step, total: warmup_then_cosine(step, 45, total, peak)


five = {}
for label, rate, schedule in (
    ("constant 0.001", 0.001, None),
    ("constant 0.05", 0.05, None),
    ("schedule, peak 0.05", 0.05, warm_cosine(0.05)),
    ("schedule, peak 0.02", 0.02, warm_cosine(0.02)),
):
    found = five[label] = [train("Adam", rate, seed, schedule=schedule) for seed in range(5)]
    print(f"Adam, {label:19}: {np.mean(found):.1%} on average, from {min(found):.1%} to {max(found):.1%}", flush=True)

# %% [markdown]
# **What you should have seen.** Over five seeds the constant rate 0.05 reaches 88.6 % on average,
# and swings between seeds; the schedule reaches 95.1 %, with the same peak and the same number of
# steps. Decay removes the noise floor. It does not work wonders: the constant 0.001 reaches 94.8 %,
# the schedule with the lower peak 95.7 %, and five runs cannot tell either schedule from the best
# constant rate. But a peak fifty times as high has become as good as a rate that had to be found. A
# schedule forgives. And its runs end close together, within one point; those of the constant 0.001
# lie nearly three points apart.
#
# ## 9.8 What you take along
#
# In one breath: divide by the gradient's own size and its scale does not matter; averages that
# start at 0 must be corrected; Adam is momentum over RMSProp; decay belongs beside the gradient;
# warm up, then come down.
#
# | if you see | think of |
# |---|---|
# | a run that explodes in its first steps with Adam | a missing bias correction, or a missing warm-up |
# | a loss that falls and then stays, noisily | the noise floor: decay the rate |
# | steps that die out long before the end | AdaGrad |
# | weight decay that changes nothing | L2 inside Adam; use AdamW |
# | half a step in a parameter with tiny gradients | $\varepsilon$ |
# | the second parameter's steps a little too short | a step counter that runs once per parameter |
# | a rate that jumps where warm-up meets cosine | a cosine that did not start its own clock |
#
# ### Where you meet this
#
# | task | usual choice |
# |---|---|
# | language models, Transformers (chapter 6) | AdamW, warm-up, cosine |
# | image classification from scratch (chapter 4) | SGD with momentum, step or cosine decay; or AdamW |
# | fine-tuning (chapter 7) | AdamW with a small rate and a short warm-up |
# | sparse features, many rare words | AdaGrad or Adam |
# | when nothing is known | Adam, 0.001 |
#
# ### Conventions in force
#
# * **$\varepsilon$ is added outside the root**; in Adam to the root of the corrected $v$. As in
#   PyTorch.
# * **Steps of Adam count from 1**; steps and epochs of schedules count from 0.
# * **AdamW's decay is multiplied by the learning rate**, as in PyTorch; the paper keeps them apart.
# * **RMSProp has no bias correction**, as in PyTorch.
# * **The warm-up's first step moves already**: its rate is $\eta / W$.
# * **Patience** is the number of bad epochs that are forgiven; the next one reduces the rate, as in
#   PyTorch. (PyTorch also overlooks gains of less than a ten-thousandth; we do not.) In chapter 8
#   `early_stopping` stops at the last of them, one epoch earlier.
#
# ### New words
#
# | word | meaning |
# |---|---|
# | adaptive optimiser | one that gives each parameter a rate of its own |
# | exponential moving average | an average that forgets |
# | bias correction | dividing by the weights' sum, because the average began at 0 |
# | first and second moment | the mean of the gradient and the mean of its square |
# | L2, weight decay | a pull towards 0: inside the gradient, or beside it |
# | schedule; warm-up, decay | a rule for the rate over time; its rise, its fall |
# | noise floor | the loss at which noisy steps of one size stay |
#
# ### Sources
#
# * J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and
#   stochastic optimization", *JMLR* 12, 2011: AdaGrad.
# * T. Tieleman and G. Hinton, lecture 6.5 of *Neural Networks for Machine Learning*, 2012: RMSProp.
# * D. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
# * I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017:
#   cosine decay; "Decoupled weight decay regularization", ICLR 2019: AdamW.
# * P. Goyal and others, "Accurate, large minibatch SGD", 2017: warm-up.
# * A. Wilson and others, "The marginal value of adaptive gradient methods in machine learning",
#   NeurIPS 2017: where SGD is as good.
#
# ### Your map

# %%
progress()

# %% [markdown]
# **Next.** In the order of the course this was the last chapter. (If you came straight from chapter
# 3, chapter 4 is next.) A neuron, a gradient, a step downhill, and what makes them work for
# pictures, for sequences and for language: you have written each piece. The map above shows what is
# still open. After that, take data of your own.
