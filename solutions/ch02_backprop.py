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
# # Chapter 2: Backpropagation
#
# Chapter 1 computed networks forwards, with weights that somebody had chosen. In this chapter a
# network finds its own weights. You learn to measure how wrong it is, to ask every number in it
# "which way would make it better?", and to answer that for thousands of numbers at the price of
# about two more forward passes. At the end your own NumPy code reads handwritten digits.
#
# **What you need.** Chapter 1, and from school the slope of a curve and the rule $(x^2)' = 2x$. The
# few other rules stand where they are needed.
#
# | section | afterwards you can | reading | exercises |
# |---|---|---|---|
# | 2.1 One number that says how wrong | measure the error of a regression and of a classifier | 15 min | 17 min |
# | 2.2 Slopes by nudging | measure any slope with two evaluations, and know how exact that is | 10 min | 12 min |
# | 2.3 The chain rule on a graph | compute gradients by hand, path by path | 15 min | |
# | 2.4 An engine that differentiates anything | build what PyTorch calls autograd | 15 min | 45 min |
# | 2.5 Backward through a layer | take a gradient back through every layer of chapter 1 | 25 min | 68 min |
# | 2.6 Backward through a whole network | compute the gradient of every weight, and find the fault when it is wrong | 20 min | 40 min |
# | 2.7 Learning | train a network, for classes and for numbers | 15 min | 10 min |
# | 2.8 Reading digits | reach 96 % on digits that the network has never seen | 10 min | |
# | 2.9 What you take along | find everything again | 10 min | |
#
# That is 135 minutes of reading and 192 of exercises: our estimate for a first reading. Section 2.4
# is the summit of the path; take a day for it if you like.

# %% [markdown]
# ## Set-up
#
# As in chapter 1: run the cells from top to bottom. `check(mse_loss)` judges a function of yours,
# `hint(mse_loss)` helps, `progress()` shows the map. A notebook knows its own cells only: where we
# need a function of chapter 1, we write it again in a line or two.

# %%
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

from autograder import check, hint, progress
from course.data import digits
from course.widgets import ch02_backprop as widgets

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
plt.rcParams.update({"font.size": 12, "figure.constrained_layout.use": True})

# %% [markdown]
# ## 2.1 One number that says how wrong
#
# **Question.** A network has answered a thousand examples. How good is it, in one number?
#
# That number is called the **loss**. It is large when the answers are bad and small when they are
# good, and learning means making it smaller. Which loss we take depends on the task.
#
# **Regression: the answer is a number.** We write $y$ for the right answer and, as in chapter 1,
# $\hat y$ for the network's. The usual loss over $N$ examples is the **mean squared error**:
#
# $$L = \frac{1}{N} \sum_{n=1}^{N} (\hat y_n - y_n)^2$$
#
# Squares have no sign, so errors up and down do not cancel, and one error of 2 counts as much as
# four errors of 1.
#
# **By hand.** Answers $\hat y = (1, 5)$ where $(2, 2)$ is right: the errors are $-1$ and $3$, the
# squares $1$ and $9$, the loss is $5$.
#
# **Exercise 2.1: Mean squared error** (5 minutes, easy, 2 points)
#
# The mean goes over all elements, whatever the shape.


# %%
def mse_loss(y_hat, y):
    """The mean squared error, over all elements.

    y_hat, y  arrays of one shape, such as (N,) or (N, D)
    Returns a number. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    return np.mean((y_hat - y) ** 2)
    ### END SOLUTION


# %%
check(mse_loss)

# %% [markdown]
# **Classification: the answer is a class.** A classifier ends in a softmax (section 1.6): one
# probability for each class. Only one of them matters for the loss, the probability $p$ that it
# gave to the *right* class. We want it near 1. The **cross-entropy** is
#
# $$L = -\frac{1}{N} \sum_{n=1}^{N} \ln p_n$$
#
# | $p$ of the right class | $-\ln p$ | says |
# |---|---|---|
# | 1 | 0 | sure, and right |
# | 0.5 | 0.69 | a coin |
# | 0.1 | 2.30 | one of ten classes, guessed |
# | 0.001 | 6.91 | sure, and wrong |
#
# Its unit is the **nat**, because the logarithm is the natural one. Remember the third row: a
# network that has learned nothing about ten classes has a loss near $\ln 10 = 2.30$. A loss far
# above that at the start means that something is wrong.
#
# **Predict.** A logit of the right class lies 1000 below the best one. What is $p$ in float64, and
# what is $-\ln p$? What should it be?

# %% [markdown]
# **My prediction:** …

# %%
logits = np.array([0.0, 1000.0])  # the right class is class 0
with np.errstate(all="ignore"):
    p = np.exp(logits) / np.exp(logits).sum()
    print("probabilities:", p, "  loss of class 0:", -np.log(p[0]))

shifted = logits - logits.max()  # the same softmax: section 1.6
log_p = shifted - np.log(np.exp(shifted).sum())
print("through log-softmax:", -log_p[0])

# %% [markdown]
# In float64 $p$ is 0, and $-\ln p$ is `inf`. (The `nan` beside it is `inf / inf`: $e^{1000}$ is too
# large for a float. Subtracting the maximum would mend the `nan`, but not the 0.) The true answer
# is 1000, and log-softmax gives it: **compute the cross-entropy from the logits, never from
# finished probabilities.**
#
# **Exercise 2.2: Cross-entropy from logits** (12 minutes, medium, 3 points)
#
# The steps: log-softmax along the classes, pick the right class in each row, take the mean, turn
# the sign. `log_p[np.arange(N), labels]` picks one number in each row.


# %%
def cross_entropy(logits, labels):
    """The mean over the examples of -ln p(right class), computed from logits.

    logits  (N, C)  scores before the softmax, of any size
    labels  (N,)    the right class of each example, an integer from 0 to C - 1
    Returns a number, in nats. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    shifted = logits - np.max(logits, axis=1, keepdims=True)  # (N, C), at most 0
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))  # (N, C)
    return -np.mean(log_p[np.arange(len(labels)), labels])
    ### END SOLUTION


# %%
check(cross_entropy)

# %% [markdown]
# ## 2.2 Slopes by nudging
#
# **Question.** If one weight grows a little, does the loss rise or fall, and how fast?
#
# Try it: nudge the weight by a small $h$, and look at the loss.
#
# $$\text{slope} \approx \frac{L(w + h) - L(w)}{h}$$
#
# With several parameters there is one such slope for each, called a **partial derivative** and
# written $\partial L / \partial w$: one parameter is nudged, all others stay. All of them together,
# in an array of the shape of the parameters, are the **gradient**, written $\nabla L$ (say "nabla
# L").
#
# **Better: nudge to both sides**, as we did in section 1.5. The curve bends, so the slope to the
# right is not quite the slope here. The slope to the left errs in the other direction, and in the
# **central difference** the two errors nearly cancel:
#
# $$\text{slope} \approx \frac{L(w + h) - L(w - h)}{2h}$$
#
# **By hand.** $f(x) = x^3$ has the slope $3x^2$, which is 12 at $x = 2$. With $h = 0.1$: to one
# side $(9.261 - 8) / 0.1 = 12.61$; central $(9.261 - 6.859) / 0.2 = 12.01$.
#
# **Predict.** The smaller $h$, the better? What happens at $h = 10^{-12}$?

# %% [markdown]
# **My prediction:** …

# %%
widgets.finite_difference()

# %% [markdown]
# Visit **too wide**, **good**, **too narrow** and **in float32**.
#
# **What you should have seen.** Smaller is better only down to a point. Both errors fall as $h$
# shrinks, the central one twice as fast in powers of ten, until they turn and rise again. At
# $h = 10^{-12}$ the two values agree in nearly all digits, and rounding spoils the few that differ.
# In float64 the central difference is best near $h = 10^{-5}$, where it misses the slope by about
# $2 \cdot 10^{-11}$ of its size; a one-sided one misses by $5 \cdot 10^{-6}$. In float32 the same
# $h$ is far too narrow. So: check gradients in float64, with central differences and
# $h \approx 10^{-5}$.
#
# **Exercise 2.3: The gradient by nudging** (12 minutes, medium, 3 points)
#
# `f` takes an array like `x`. `np.ndindex(x.shape)` runs through all places of an array. Leave `x`
# itself as it is.


# %%
def numerical_gradient(f, x, h=1e-5):
    """The gradient of f at x by central differences, one element of x at a time.

    f  a function that takes an array of the shape of x and returns a number
    x  an array of any shape
    h  how far each element is nudged, to either side
    Returns an array of the shape of x. x is left unchanged.
    """
    ### BEGIN SOLUTION
    grad = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += h
        down[place] -= h
        grad[place] = (f(up) - f(down)) / (2 * h)
    return grad
    ### END SOLUTION


# %%
check(numerical_gradient)

# %% [markdown]
# Your own, in the widget:

# %%
widgets.finite_difference(numerical_gradient)

# %% [markdown]
# **Why this is not how networks learn.** A network of 64 inputs, 64 hidden neurons and 10 outputs
# has 4,810 parameters. Two forward passes for each are 9,620 forward passes for *one* gradient.
# The largest language models have more than a hundred million times as many parameters. We need all
# slopes at once. The rest of this chapter gets them for the price of about three forward passes:
# one forward, and a way back that costs about two. Nudging stays as the judge.

# %%
parameters = 64 * 64 + 64 + 64 * 10 + 10
print(f"{parameters:,} parameters, {2 * parameters:,} forward passes")

# %% [markdown]
# ## 2.3 The chain rule on a graph
#
# **Question.** How does a slope travel through several operations?
#
# Every computation is a graph: numbers, and operations that make new numbers from them. Take $b = a
# \cdot a$ and $c = b + a$, with $a = 3$.
#
# * Each operation knows its **local slope**: how its result reacts to each of its inputs. For a sum
#   both local slopes are 1. For a product $u \cdot v$ the slope with respect to $u$ is $v$, and
#   with respect to $v$ it is $u$.
# * **Along a path slopes multiply.** If $c$ changes twice as fast as $b$, and $b$ three times as
#   fast as $a$, then $c$ changes six times as fast as $a$. That is the **chain rule**.
# * **Where several paths lead to the same number, their contributions add up.** A change of $a$
#   reaches $c$ on every path at once.
#
# **By hand.** From $c$ back to $a$ there are three paths: directly through the sum (slope 1), and
# twice through $b$, once for each factor of $a \cdot a$ (slope $1 \cdot 3$ each). Together $1 + 3 +
# 3 = 7$. Check it: $c = a^2 + a$ has the slope $2a + 1 = 7$ at 3.
#
# Nobody lists paths, because their number explodes. Instead we walk **backwards**, from the result
# to the inputs. The gradient of a number is the slope of the result with respect to it; for the
# result itself it is 1. Each number collects what arrives from its **users**, the operations that
# it went into. When *all* of them have sent their shares, it passes the sum on to its own inputs,
# multiplied by the local slopes. Each operation is visited once. This is **backpropagation**.
#
# **By hand, with order.** $s = a + b$, $p = ab$, $c = s p$ at $a = -2$, $b = 3$: forward $s = 1$,
# $p = -6$, $c = -6$. Now you: what are the gradients of $p$, $s$, $a$ and $b$?

# %% [markdown]
# **My result:** …

# %%
widgets.graph_stepper()

# %% [markdown]
# Step through **two paths**, then **order matters**, then **a neuron learns**. Play, or use the
# arrow keys; the sentence under the picture says how many steps a graph has. The third graph is a
# neuron with a squared error behind it, and the gradients of $w$ and $b$ are what it needs for
# learning.
#
# **What you should have seen.** Values run forward once, gradients backward once. In $(a+b)(ab)$
# the gradients are $1$ for $p$, $-6$ for $s$, $-3$ for $a$ and $-8$ for $b$; and $a$ is ready only
# when both $s$ and $p$ have sent their shares. A node needs only its own local slope and what
# arrives; it does not have to know the rest of the graph. A number that is used twice receives
# twice, and the shares add up.
#
# ## 2.4 An engine that differentiates anything
#
# **Question.** Can a program do this by itself, for any formula?
#
# Yes, and it is short. The idea: while the formula is computed, let every result *remember* where
# it came from. A `Value` holds
#
# | attribute | holds | for `c = a * b` with a = 2, b = 5 |
# |---|---|---|
# | `data` | the number | 10 |
# | `inputs` | the Values it was computed from | `(a, b)` |
# | `local_grads` | its slope with respect to each of them | `(5, 2)` |
# | `op` | a name to print | `"*"` |
# | `grad` | after `z.backward()`: the slope of `z` with respect to it | |
#
# Python lets a class say what `+` and `*` mean: `a * b` calls `a.__mul__(b)`. So formulas build the
# graph by themselves. Write the operations one by one; each is a line or two: the result, its
# inputs, its local slopes. The slopes of a sum and a product stand in section 2.3, those of tanh
# and ReLU in section 1.5. Two rules are new: $u^k$ has the slope $k\, u^{k-1}$, and $e^u$ is its
# own slope.
#
# Then `backward()`. It needs
#
# 1. **an order** in which every number comes after all of its users. One way: visit a number's
#    inputs first, then append the number itself, each number once; that list, read backwards, is
#    such an order (it is called a topological order);
# 2. **a clean start**: the inner numbers' gradients are 0. The **leaves** (numbers without inputs:
#    your parameters) keep what they have and add to it, so that the gradients of several results
#    can be collected;
# 3. **one loop**: `input.grad += local slope * value.grad`, users before inputs, beginning with 1
#    at the result.
#
# **Exercise 2.4: An autograd engine** (45 minutes, hard, 8 points)
#
# Check as often as you like: each operation earns its part. `**` is for plain numbers as exponents,
# as in `a**3` or `a**-1`. What stands below `backward` is made of your operations.


# %%
class Value:
    """A number that remembers how it was computed, so that it can say how it depends on everything before it.

    data         the number
    inputs       the Values that it was computed from; () for a leaf
    local_grads  the slope of this number with respect to each of its inputs
    op           a name to print: "+", "*", ...
    grad         after z.backward(): the slope of z with respect to this number
    """

    def __init__(self, data, inputs=(), local_grads=(), op=""):
        self.data = float(data)
        self.inputs = inputs
        self.local_grads = local_grads
        self.op = op
        self.grad = 0.0

    def __repr__(self):
        return f"Value(data={self.data:.4g}, grad={self.grad:.4g})"

    def __add__(self, other):
        """self + other, where other is a Value or a number."""
        other = other if isinstance(other, Value) else Value(other)
        ### BEGIN SOLUTION
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")
        ### END SOLUTION

    def __mul__(self, other):
        """self * other, where other is a Value or a number."""
        other = other if isinstance(other, Value) else Value(other)
        ### BEGIN SOLUTION
        return Value(self.data * other.data, (self, other), (other.data, self.data), "*")
        ### END SOLUTION

    def __pow__(self, exponent):
        """self ** exponent, where the exponent is a plain number."""
        ### BEGIN SOLUTION
        slope = exponent * self.data ** (exponent - 1)
        return Value(self.data**exponent, (self,), (slope,), f"**{exponent}")
        ### END SOLUTION

    def exp(self):
        """e to the power of self."""
        ### BEGIN SOLUTION
        result = np.exp(self.data)
        return Value(result, (self,), (result,), "exp")
        ### END SOLUTION

    def tanh(self):
        """The hyperbolic tangent of self."""
        ### BEGIN SOLUTION
        result = np.tanh(self.data)
        return Value(result, (self,), (1 - result**2,), "tanh")
        ### END SOLUTION

    def relu(self):
        """self where it is positive, otherwise 0; its slope at 0 is 0."""
        ### BEGIN SOLUTION
        slope = 1.0 if self.data > 0 else 0.0
        return Value(max(self.data, 0.0), (self,), (slope,), "relu")
        ### END SOLUTION

    def backward(self):
        """Fill in the slope of self with respect to every number that it was computed from.

        What the leaves hold already is added to; inner numbers hold the slopes of this call alone.
        """
        ### BEGIN SOLUTION
        order, seen = [], set()  # every number after all of its inputs

        def visit(value):
            if value not in seen:
                seen.add(value)
                for one in value.inputs:
                    visit(one)
                order.append(value)

        visit(self)
        for value in order:
            if value.inputs:
                value.grad = 0.0
        self.grad += 1.0
        for value in reversed(order):
            for one, slope in zip(value.inputs, value.local_grads, strict=True):
                one.grad += slope * value.grad
        ### END SOLUTION

    # What follows is written with the operations above.

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


# %%
check(Value)

# %% [markdown]
# Your engine, on the graphs of section 2.3. At the last step it is compared with the reference:

# %%
widgets.graph_stepper(Value)

# %% [markdown]
# It differentiates formulas that nobody has prepared. The slope of $e^{\tanh(a^3)} / (1 + a^2)$ at
# 0.7, by your engine and by nudging:


# %%
def formula(a):
    return (a**3).tanh().exp() / (1 + a**2)


a = Value(0.7)
formula(a).backward()

h = 1e-5
nudged = (formula(Value(0.7 + h)).data - formula(Value(0.7 - h)).data) / (2 * h)
print(f"engine {a.grad:.8f}   nudging {nudged:.8f}")

# %% [markdown]
# PyTorch does the same with whole arrays: `tensor.backward()` fills in `tensor.grad`. That engine,
# called **autograd**, is why nobody derives gradients of networks by hand any more. You will, once,
# in the next section: arrays make it fast, and it is good to know what the machine does.
#
# ## 2.5 Backward through a layer
#
# **Question.** What is the backward pass of a layer, for all numbers at once?
#
# One rule holds for every layer. On the way back it receives the gradient of the loss with respect
# to its output, `grad_y`, and gives the gradient with respect to everything that went in. **Each
# gradient has the shape of its array.** That alone fixes most formulas.
#
# ### The linear layer
#
# $y = x W^\top + b$, with $x$ (N, D_in), $W$ (D_out, D_in), $b$ (D_out,) and $y$ (N, D_out). (In
# this section $y$ is what a layer gives, not the right answer.) Neuron $k$ gives for example $n$
#
# $$y_{nk} = \sum_i x_{ni} W_{ki} + b_k$$
#
# Write $g_{nk}$ for the gradient that arrives there, one number of `grad_y`.
#
# * $W_{ki}$ meets every example $n$, with the local slope $x_{ni}$. Paths add up:
#   $\dfrac{\partial L}{\partial W_{ki}} = \sum_n g_{nk}\, x_{ni}$.
# * $b_k$ meets every example with slope 1: $\dfrac{\partial L}{\partial b_k} = \sum_n g_{nk}$.
# * $x_{ni}$ meets every neuron $k$ with slope $W_{ki}$:
#   $\dfrac{\partial L}{\partial x_{ni}} = \sum_k g_{nk}\, W_{ki}$.
#
# Each sum is a matrix product. Which one, and which factor is transposed, the shapes tell you.
#
# **By hand.** One example $x = (2, 3)$, $W = (4 \;\; 5)$, one output, incoming gradient 10: the
# gradient of $x$ is $(40, 50)$, of $W$ $(20, 30)$, of $b$ it is 10.
#
# **Exercise 2.5: Backward through a linear layer** (15 minutes, medium, 3 points)
#
# Write the three sums for the whole batch. No loop is needed.


# %%
def linear_backward(grad_y, x, weight):
    """The gradients of a linear layer y = x @ weight.T + bias.

    grad_y  (N, D_out)     how the loss changes with each output
    x       (N, D_in)      what went into the layer
    weight  (D_out, D_in)
    Returns grad_x (N, D_in), grad_weight (D_out, D_in), grad_bias (D_out,).
    """
    ### BEGIN SOLUTION
    grad_x = grad_y @ weight  # (N, D_in)
    grad_weight = grad_y.T @ x  # (D_out, D_in)
    grad_bias = np.sum(grad_y, axis=0)  # (D_out,)
    return grad_x, grad_weight, grad_bias
    ### END SOLUTION


# %%
check(linear_backward)

# %% [markdown]
# And the judge of section 2.2? Take any numbers $g$, and the loss $L = \sum_{nk} g_{nk}\, y_{nk}$. The
# gradient that arrives at $y$ is then $g$ itself:

# %%
rng = np.random.default_rng(0)
g, x = rng.normal(size=(4, 2)), rng.normal(size=(4, 3))
weight, bias = rng.normal(size=(2, 3)), rng.normal(size=2)

nudged = (
    numerical_gradient(lambda x: np.sum(g * (x @ weight.T + bias)), x),
    numerical_gradient(lambda weight: np.sum(g * (x @ weight.T + bias)), weight),
    numerical_gradient(lambda bias: np.sum(g * (x @ weight.T + bias)), bias),
)
for name, yours, judge in zip(("x", "weight", "bias"), linear_backward(g, x, weight), nudged, strict=True):
    print(f"gradient of {name:6}: largest difference from nudging {np.abs(yours - judge).max():.0e}")

# %% [markdown]
# The differences are rounding. In the same way you can test every function of this section.
#
# ### Element by element
#
# For an activation function each output depends on one input, so the gradient is multiplied by the
# slope there, element by element (section 1.5 has the slopes):
#
# $$\text{grad}_x = \text{grad}_y \cdot f'(x)$$
#
# **Exercise 2.6: Backward through ReLU** (5 minutes, easy, 2 points)


# %%
def relu_backward(grad_y, x):
    """The gradient with respect to the input of y = relu(x); the slope at 0 is 0.

    grad_y  how the loss changes with each output, an array of the shape of x
    x       what went into the ReLU, an array of any shape
    Returns an array of the shape of x. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    return np.where(x > 0, grad_y, 0.0)
    ### END SOLUTION


# %%
check(relu_backward)

# %% [markdown]
# **Exercise 2.7: Backward through the sigmoid** (6 minutes, easy, 2 points)
#
# Inputs of any size, as in chapter 1: use $e^{-|x|}$.


# %%
def sigmoid_backward(grad_y, x):
    """The gradient with respect to the input of y = sigmoid(x), for inputs of any size.

    grad_y  how the loss changes with each output, an array of the shape of x
    x       what went into the sigmoid, an array of any shape
    Returns an array of the shape of x. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    decay = np.exp(-np.abs(x))
    return grad_y * decay / (1 + decay) ** 2
    ### END SOLUTION


# %%
check(sigmoid_backward)

# %% [markdown]
# ### Softmax
#
# In a softmax every output depends on every input of its row, because they share one sum. Take
# $p = \text{softmax}(z)$ and begin with the logarithm of section 1.6, $\ln p_j = z_j - \ln \sum_k
# e^{z_k}$. With respect to $z_i$ the last term has the slope $e^{z_i} / \sum_k e^{z_k} = p_i$, and
# the first one the slope 1 if $i = j$ and 0 otherwise. When $\ln p_j$ moves a little, $p_j$ moves
# $p_j$ times as far. So
#
# $$\frac{\partial p_j}{\partial z_i} = p_j (1 - p_i) \text{ if } i = j, \qquad -p_j\, p_i \text{ otherwise}$$
#
# That is a whole matrix for each row (it is called the **Jacobian**). We never build it. What we
# need is its product with the incoming gradient $g$, and the sum over all $j$ becomes short:
#
# $$\text{grad}_{z_i} = \sum_j g_j \frac{\partial p_j}{\partial z_i} = p_i \Big( g_i - \sum_j p_j\, g_j \Big)$$
#
# In words: subtract the mean gradient of the row, weighted with the probabilities, and multiply by
# $p$. **By hand:** $p = (0.5, 0.5)$, $g = (2, 0)$: the weighted mean is 1, so the result is $(0.5,
# -0.5)$.
#
# **Exercise 2.8: Backward through softmax** (15 minutes, hard, 3 points)
#
# The last axis holds the classes; there may be any number of axes before it. No loop is needed.


# %%
def softmax_backward(grad_p, p):
    """The gradient with respect to the logits of p = softmax(logits), along the last axis.

    grad_p  (..., C)  how the loss changes with each probability
    p       (..., C)  the probabilities that softmax gave
    Returns (..., C). The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    mean = np.sum(p * grad_p, axis=-1, keepdims=True)  # (..., 1)
    return p * (grad_p - mean)
    ### END SOLUTION


# %%
check(softmax_backward)

# %% [markdown]
# ### Cross-entropy
#
# Now put $L = -\ln p_r$ behind the softmax, with $r$ the right class. The incoming gradient is
# $-1/p_r$ at $r$ and 0 elsewhere, so the weighted mean is $-1$, and
#
# $$\text{grad}_{z_i} = p_i \Big(g_i + 1\Big) = \begin{cases} p_r - 1 & i = r \\ p_i & \text{otherwise} \end{cases}$$
#
# The division by $p_r$ is gone, and with it everything that could overflow. **The gradient at the
# logits is the probabilities, minus one at the right class**; section 1.8 used it on trust. With
# the mean over $N$ examples every row is divided by $N$.
#
# **Exercise 2.9: Backward through cross-entropy** (12 minutes, medium, 3 points)
#
# You get logits of any size: the softmax comes first, with the maximum subtracted.


# %%
def cross_entropy_backward(logits, labels):
    """The gradient of cross_entropy(logits, labels) with respect to the logits.

    logits  (N, C)  scores before the softmax, of any size
    labels  (N,)    the right class of each example, an integer from 0 to C - 1
    Returns (N, C). The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    shifted = logits - np.max(logits, axis=1, keepdims=True)  # (N, C)
    p = np.exp(shifted) / np.sum(np.exp(shifted), axis=1, keepdims=True)  # (N, C)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)
    ### END SOLUTION


# %%
check(cross_entropy_backward)

# %% [markdown]
# ### Broadcasting
#
# When NumPy adds a bias of shape (3,) to an array of shape (4, 3), it uses the bias four times.
# Four paths: on the way back their gradients add up. In general **what was copied forward is summed
# backward.** NumPy does two things when shapes differ: it adds axes in front, and it stretches axes
# of length 1. Undo both. (Your linear layer needed one sum, for its bias. An engine for whole
# arrays, such as PyTorch's, needs this after every `+` and `*`.)
#
# **Exercise 2.10: Undo broadcasting** (15 minutes, hard, 3 points)
#
# First sum the axes away that NumPy added in front; then sum every stretched axis and keep it with
# length 1.


# %%
def unbroadcast(grad, shape):
    """The gradient of an array that NumPy stretched: copies of one number add up their gradients.

    grad   the gradient of the stretched array
    shape  the shape that the array had before, a tuple
    Returns an array of that shape. The input is left unchanged.
    """
    ### BEGIN SOLUTION
    new_axes = grad.ndim - len(shape)  # NumPy adds missing axes in front
    grad = np.sum(grad, axis=tuple(range(new_axes)))
    stretched = []
    for axis, size in enumerate(shape):
        if size == 1 and grad.shape[axis] > 1:
            stretched.append(axis)
    return np.sum(grad, axis=tuple(stretched), keepdims=True)
    ### END SOLUTION


# %%
check(unbroadcast)

# %% [markdown]
# ## 2.6 Backward through a whole network
#
# **Question.** How do the pieces become one gradient for all weights?
#
# A network is a chain, so its backward pass is a chain in the other direction:
#
# | forward | kept | backward |
# |---|---|---|
# | $z_1 = x W_1^\top + b_1$ | $x$ | `linear_backward`: $W_1$, $b_1$ |
# | $h_1 = \text{relu}(z_1)$ | $z_1$ | `relu_backward` |
# | $z_2 = h_1 W_2^\top + b_2$ | $h_1$ | `linear_backward`: $W_2$, $b_2$, and on to $h_1$ |
# | $L = \text{cross-entropy}(z_2)$ | $z_2$ | `cross_entropy_backward` |
#
# Here $h_1$ is the activation of the hidden layer again, as in chapter 1, and not a nudge. Read the
# last column from below. Each step needs what the forward pass had in its hands, so the forward
# pass **keeps** it: that is why training needs more memory than using a network. In time a
# linear layer costs one matrix product forward and two backward, so the whole gradient costs about
# two more forward passes, for any number of parameters.
#
# **Exercise 2.11: The loss and all gradients** (30 minutes, hard, 5 points)
#
# Use the functions that you have written. Keep two lists on the way forward: what goes into each
# layer, and each pre-activation.


# %%
def mlp_loss_and_gradients(parameters, x, labels):
    """The cross-entropy of a network with ReLU hidden layers, and its gradient for every parameter.

    parameters  a list of layers (weight, bias), with weight (D_out, D_in) and bias (D_out,);
                a ReLU follows every layer but the last, which gives the logits
    x           (N, D)  one example per row
    labels      (N,)    the right class of each example
    Returns the loss, and a list of (grad_weight, grad_bias), one for each layer in the same order.
    The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    # forward: keep what goes into each layer, and each pre-activation
    inputs, pre_activations = [], []
    h = x
    for weight, bias in parameters:
        inputs.append(h)
        z = h @ weight.T + bias  # (N, D_out)
        pre_activations.append(z)
        h = np.maximum(z, 0)
    logits = pre_activations[-1]  # no ReLU after the last layer
    loss = cross_entropy(logits, labels)

    # backward: from the logits to the first layer
    gradients = []
    grad_z = cross_entropy_backward(logits, labels)  # (N, C)
    for layer in reversed(range(len(parameters))):
        weight, bias = parameters[layer]
        grad_h, grad_weight, grad_bias = linear_backward(grad_z, inputs[layer], weight)
        gradients.append((grad_weight, grad_bias))
        if layer > 0:
            grad_z = relu_backward(grad_h, pre_activations[layer - 1])
    return loss, gradients[::-1]
    ### END SOLUTION


# %%
check(mlp_loss_and_gradients)

# %% [markdown]
# ### Trust, and check
#
# Now your two routes meet: nudging against backpropagation, on a small network, for every
# parameter. The measure is the **relative error**: the length of the difference, divided by the sum
# of both lengths. (The length of an array is the root of the sum of its squares.)


# %%
def draw_layers(sizes, rng):
    """Layers (weight, bias) with variance 2 / fan-in and biases of 0, as in chapter 1."""
    layers = []
    for fan_in, fan_out in pairwise(sizes):
        weight = rng.normal(0, np.sqrt(2 / fan_in), size=(fan_out, fan_in))
        layers.append((weight, np.zeros(fan_out)))
    return layers


def gradient_check(loss_and_gradients, layers, x, labels):
    """The relative error of each parameter's gradient, layer by layer."""
    _, gradients = loss_and_gradients(layers, x, labels)
    errors = []
    for layer in range(len(layers)):
        for part in range(2):  # the weight, then the bias

            def loss_with(values, layer=layer, part=part):
                changed = [list(one) for one in layers]
                changed[layer][part] = values
                return loss_and_gradients(changed, x, labels)[0]

            nudged = numerical_gradient(loss_with, layers[layer][part])
            grad = gradients[layer][part]
            difference = np.linalg.norm(nudged - grad)
            errors.append(difference / (np.linalg.norm(nudged) + np.linalg.norm(grad)))
    return errors


rng = np.random.default_rng(0)
small = draw_layers([4, 5, 3], rng)
x, labels = rng.normal(size=(6, 4)), rng.integers(0, 3, 6)
for name, error in zip(("W1", "b1", "W2", "b2"), gradient_check(mlp_loss_and_gradients, small, x, labels), strict=True):
    print(f"{name}: {error:.0e}")

# %% [markdown]
# All of them are near $10^{-11}$: what central differences can measure. A wrong gradient typically
# shows an error above $10^{-3}$.
#
# **Predict.** In a network of three layers the second of the two ReLUs has a wrong backward pass.
# Which gradients are wrong: those of the layers before it, those of the layers after it, or all?

# %% [markdown]
# **My prediction:** …

# %%
widgets.gradient_check_map()

# %% [markdown]
# Visit **all right**, **a fault in the middle**, **a fault at the loss**, and **wrong together**.
#
# **What you should have seen.** With the fault in the middle everything before it, towards the
# input, is wrong, and everything behind it, towards the loss, is right: the gradient was fine until
# it passed the fault. So follow it back from the loss; where ✓ turns into ✗ is the place to look. A
# fault at the loss spoils everything. And in the last place all gradients are ✓, and the loss is
# wrong.
#
# ### What the check cannot see
#
# The next cell holds a network whose author forgot the ReLU, in both directions.
#
# **Predict.** Its gradients go through the same check. Does the check find the mistake? And is its
# loss on these examples larger than the right one?

# %% [markdown]
# **My prediction:** …


# %%
def forgetful(layers, x, labels):
    """A network without ReLU, forward and backward alike."""
    kept, h = [], x
    for weight, bias in layers:
        kept.append(h)
        h = h @ weight.T + bias
    grad = cross_entropy_backward(h, labels)
    found = []
    for (weight, _), given in zip(reversed(layers), reversed(kept), strict=True):
        grad, of_weight, of_bias = linear_backward(grad, given, weight)
        found.append((of_weight, of_bias))
    return cross_entropy(h, labels), found[::-1]


print("largest relative error:", f"{max(gradient_check(forgetful, small, x, labels)):.0e}")
print("its loss:", round(forgetful(small, x, labels)[0], 3))
print("the right loss:", round(mlp_loss_and_gradients(small, x, labels)[0], 3))

# %% [markdown]
# **What you should have seen.** The gradient check passes, to ten digits, and the network is still
# the wrong one: it cannot bend (section 1.3). Nor does the loss give it away: 0.898 is even smaller
# than the right one, 1.083. A gradient check compares a backward pass with *its
# own* forward pass. So compare the forward pass with something independent, too: a library, or a
# number computed by hand. `check` does both.
#
# **Question: Wrong together** (10 minutes, 4 points, graded by a person)
#
# A friend's network passes the gradient check and learns badly. Explain what a gradient check
# compares, how a program can be wrong and still pass it (give an example), what would find such a
# fault, and why the check is worth having all the same.

# %% wrong_together [markdown]
# ### BEGIN SOLUTION
# A gradient check compares the gradients of the backward pass with differences of the loss, and
# both come from the same program. It asks whether the backward pass is the derivative of *this*
# forward pass. If the forward pass computes another function than the one that was meant, and the
# backward pass is the right derivative of that other function, the check passes. The example above
# has no ReLU in either direction; a loss that is divided by the wrong number in both directions is
# another one.
#
# Such a fault is found by comparing the forward pass with something independent: a reference such
# as PyTorch, or a small example computed by hand. The check is worth having because it finds every
# fault of the backward pass alone, however small, and because it shows where the fault lies:
# gradients between the loss and the fault are right, gradients before it are wrong.
# ### END SOLUTION

# %% [markdown]
# ## 2.7 Learning
#
# **Question.** Now that every weight knows which way is better, what do we do?
#
# We take a small step that way:
#
# $$w \leftarrow w - \eta \, \frac{\partial L}{\partial w}$$
#
# The gradient points to where the loss grows, so we subtract it. $\eta$ (eta) is the **learning
# rate**: how far to go. It must be small enough, for the slope is only true nearby; chapter 3 is
# about how small. Moving all parameters once is a **step** of training. Each step has three parts:
#
# 1. **forward pass**: compute the loss, and keep what backward needs;
# 2. **backward pass**: compute all gradients;
# 3. **update**: move every parameter against its gradient; and again.
#
# All gradients first, then the updates: a gradient that flows through weights that have already
# moved belongs to no loss at all.
#
# **Exercise 2.12: One step of training** (10 minutes, medium, 3 points)
#
# Change the arrays *in place* (`weight -= ...`), so that everybody who holds them sees the new
# numbers.


# %%
def train_step(parameters, x, labels, learning_rate):
    """Move every parameter a little against its gradient, in place.

    parameters     a list of layers (weight, bias), changed in place
    x, labels      a batch of examples (N, D) and their right classes (N,)
    learning_rate  the length of the step, as a multiple of the gradient
    Returns the loss before the step.
    """
    ### BEGIN SOLUTION
    loss, gradients = mlp_loss_and_gradients(parameters, x, labels)
    for (weight, bias), (grad_weight, grad_bias) in zip(parameters, gradients, strict=True):
        weight -= learning_rate * grad_weight
        bias -= learning_rate * grad_bias
    return loss
    ### END SOLUTION


# %%
check(train_step)

# %% [markdown]
# **Predict.** A ring of points around a cloud. How many hidden ReLU units does a network with one
# hidden layer need to part them? Each unit draws one straight crease.

# %% [markdown]
# **My prediction:** …

# %%
widgets.playground(mlp_loss_and_gradients)

# %% [markdown]
# If "trained by" says *your functions*, every step is computed by your code. (Leave the weight
# decay at 0; it belongs to chapter 8.) Visit these places and press Run in each:
#
# * **a ring, two units**, **a ring, three units**, **a ring, four units**: what shape does the
#   decision have?
# * **XOR without activation**, then **XOR**: section 1.3, alive.
# * **too fast**: what does the loss curve do?
#
# **What you should have seen.** With two units two creases cut the plane, and two lines cannot
# close around a cloud. Three can: the decision is a closed polygon, its border is straight, with a
# corner wherever it crosses a crease. With four units, in this run, the fourth falls silent: it is
# dead (section 1.5), and the other three do the work. The small pictures show what each hidden unit
# sees: learning turns and shifts the creases until together they do the job. Without activation the
# border stays straight. With a rate of 10 the loss jumps instead of falling.
#
# ### The same for numbers: regression
#
# Of the whole network only the last step, the loss, knows about classes. For regression take the
# mean squared error; its gradient is $\frac{2}{N}(\hat y - y)$. A network of 32 hidden units learns
# a curve from 100 noisy points:

# %%
rng = np.random.default_rng(0)
curve_x = rng.uniform(-3, 3, size=(100, 1))
curve_y = np.sin(curve_x) + rng.normal(0, 0.1, size=(100, 1))
(weight_1, bias_1), (weight_2, bias_2) = draw_layers([1, 32, 1], rng)
bias_1 += rng.normal(0, 1, 32)  # creases at different places from the start

losses = []
for _step in range(3000):
    z = curve_x @ weight_1.T + bias_1
    hidden = np.maximum(z, 0)
    y_hat = hidden @ weight_2.T + bias_2
    losses.append(mse_loss(y_hat, curve_y))

    grad_y = 2 * (y_hat - curve_y) / len(curve_y)
    grad_h, grad_weight_2, grad_bias_2 = linear_backward(grad_y, hidden, weight_2)
    _, grad_weight_1, grad_bias_1 = linear_backward(relu_backward(grad_h, z), curve_x, weight_1)
    for parameter, grad in (
        (weight_1, grad_weight_1),
        (bias_1, grad_bias_1),
        (weight_2, grad_weight_2),
        (bias_2, grad_bias_2),
    ):
        parameter -= 0.01 * grad
print(f"loss at the start {losses[0]:.3f}, at the end {losses[-1]:.4f}")

grid = np.linspace(-3, 3, 200)[:, None]
learned = np.maximum(grid @ weight_1.T + bias_1, 0) @ weight_2.T + bias_2
fig, ax = plt.subplots(figsize=(8, 4))
ax.scatter(curve_x, curve_y, s=15, color="0.6")
ax.plot(grid, np.sin(grid), "k--", lw=1)
ax.plot(grid, learned, color=VERMILION)
ax.text(-2.9, 0.45, "learned", color=VERMILION)
ax.text(1.75, 1.0, "sine (dashed)")
ax.set(xlabel="x", ylabel="y")
ax.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* the learned curve is made of straight pieces. Each hidden unit adds one crease,
# and 26 of the 32 creases lie where the points are. The loss falls from 10.92 to 0.011. The sine
# itself would have a loss of 0.009 on these points, for they are noisy: most of what is left is
# noise. Networks of this kind, in which every connection leads forward and none leads back, are
# called **feed-forward networks**.
#
# ## 2.8 Reading digits
#
# **Question.** Is that enough for something real?
#
# 1797 handwritten digits of 8 × 8 pixels. We train on 1437 of them and keep 360 apart: only
# pictures that the network has never seen tell whether it has *learned* or memorised. One pass
# through all training pictures is an **epoch**. In each epoch we take the pictures in a new random
# order, 32 at a time (a **mini-batch**; chapter 3 says why).
#
# **Predict.** How many of the 360 does it read right after *one* epoch: one in ten, half of them, or
# nine in ten?

# %% [markdown]
# **My prediction:** …

# %%
x_train, y_train, x_test, y_test = digits()


def predict(layers, x):
    """The class with the largest logit, for each example."""
    for weight, bias in layers[:-1]:
        x = np.maximum(x @ weight.T + bias, 0)
    weight, bias = layers[-1]
    return np.argmax(x @ weight.T + bias, axis=1)


rng = np.random.default_rng(0)
network = draw_layers([64, 64, 10], rng)
print(f"loss before training: {mlp_loss_and_gradients(network, x_train, y_train)[0]:.2f}")

epoch_losses, accuracies = [], []
for epoch in range(20):
    order = rng.permutation(len(x_train))
    batch_losses = []
    for start in range(0, len(order), 32):
        chosen = order[start : start + 32]
        batch_losses.append(train_step(network, x_train[chosen], y_train[chosen], 0.5))
    epoch_losses.append(np.mean(batch_losses))
    accuracies.append(np.mean(predict(network, x_test) == y_test))
    if epoch % 5 == 4 or epoch == 0:
        print(f"epoch {epoch + 1:2}: loss {epoch_losses[-1]:.3f}   test accuracy {accuracies[-1]:.1%}")

# %% [markdown]
# **What you should have seen.** The loss begins at 2.47, a little above $\ln 10$, and falls. After
# one epoch 91.9 % of the test digits are right, after 20 epochs 97.5 %, in about a second: with the
# 4,810 numbers that your own gradient has moved.

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.5))
left.semilogy(range(1, 21), epoch_losses, color=BLUE, marker="o", ms=4)
left.set(xlabel="epoch", ylabel="training loss in nats (log scale)", xticks=[1, 5, 10, 15, 20])
right.plot(range(1, 21), 100 * np.array(accuracies), color=VERMILION, marker="o", ms=4)
right.set(xlabel="epoch", ylabel="test accuracy in %", xticks=[1, 5, 10, 15, 20])
left.grid(alpha=0.2)
right.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* the training loss keeps falling, while from epoch 5 on the test accuracy only
# moves up and down between 95.6 % and 98.3 %. With 360 test pictures one picture is 0.3 %: do not
# read much into the last digit. (We only watch the test pictures. Whoever chooses by them, say when
# to stop, needs a third set: section 3.6.)
#
# Look at what it gets wrong; always do.

# %%
found = predict(network, x_test)
mistakes = np.flatnonzero(found != y_test)
print(len(mistakes), "mistakes among", len(y_test))

fig, axes = plt.subplots(1, 9, figsize=(12, 2))
for ax in axes:
    ax.axis("off")
for ax, k in zip(axes, mistakes, strict=False):
    ax.imshow(x_test[k].reshape(8, 8), cmap="Greys")
    ax.set_title(f"{y_test[k]} read as {found[k]}", fontsize=8)

# %% [markdown]
# *What to notice:* no confusion happens twice, so no pair of digits stands out. Cover the titles and
# read them yourself: at 8 × 8 pixels not much of a digit is left.
#
# ## 2.9 What you take along
#
# In one breath: a loss says how wrong; every operation knows its local slope; along a path slopes
# multiply, where paths meet they add; one walk backwards gives all gradients; a small step against
# them is learning; and nudging is the judge of it all.
#
# | if you see | think of |
# |---|---|
# | a loss far above $\ln C$ at the start | an initial scale that is too large, or inputs that are |
# | a loss that stays near $\ln C$ | labels that do not belong to their examples, or too small a rate |
# | a loss that is `inf` or `nan` | a logarithm of a rounded softmax; use the logits |
# | gradients that are right behind a layer and wrong before it | that layer's backward pass |
# | a gradient check that passes, and a network that does not learn | a forward pass that computes something else |
# | gradients twice as large in the second step | gradients that were added to those of the step before |
# | a bias gradient of the wrong shape | broadcasting that was not summed |
# | nothing changes when you train | new arrays instead of changes in place |
#
# ### Where you meet this
#
# | task | loss |
# |---|---|
# | digits, image classes, the next word of a text | cross-entropy over the classes |
# | prices, temperatures, time series | mean squared error |
# | spam or not: two classes | binary cross-entropy (chapter 3) |
# | boxes around objects | cross-entropy for the class, a squared or absolute error for the corners (chapter 4 runs such a network) |
#
# ### Conventions in force
#
# * **Losses are means** over the batch; cross-entropy is in nats and takes logits.
# * **Each gradient has the shape of its array**; weights are (out, in).
# * **The slope of ReLU at 0 is 0**, as in PyTorch.
# * **Leaves add up** over calls of `backward()`; so does `tensor.grad` in PyTorch, which is why
#   training loops there begin with `zero_grad()`.
#
# ### Letters
#
# | letter | in code | shape | holds |
# |---|---|---|---|
# | $N$, $C$ | | | how many examples there are, and how many classes |
# | $D_{\text{in}}$, $D_{\text{out}}$ | | | how many numbers go into a layer, and how many come out |
# | $n$ | | | which example |
# | $i$, $j$, $k$ | | | which feature, neuron or class; $k$ is also the exponent in $u^k$ |
# | $L$ | `loss` | one number | how wrong the answers are |
# | $\hat y$ | `y_hat` | $(N, D_{\text{out}})$ | the network's answers |
# | $y$ | `y` | like $\hat y$ | the right answers; in section 2.5 what a layer gives |
# | $r$ | `labels` | $(N,)$ | the right class of each example |
# | $p$ | `p` | $(N, C)$ | the probabilities of the classes; in section 2.1 that of the right class alone |
# | $w$ | `parameter` | one number | any weight or bias |
# | $h$ | `h` | one number | how far a number is nudged |
# | $f$ | `f` | a function | what is differentiated; $f'$ is its slope |
# | $a, b, c, p, s, u, v$ | | one number each | the numbers of a graph, in sections 2.3 and 2.4 |
# | $x$ | `x` | $(N, D_{\text{in}})$ | what goes into a layer, one example per row |
# | $W$ | `weight` | $(D_{\text{out}}, D_{\text{in}})$ | one neuron per row |
# | $b$ | `bias` | $(D_{\text{out}},)$ | one number per neuron |
# | $g$ | `grad_y`, `grad_p` | like $y$, like $p$ | the gradient that arrives from behind |
# | $z$ | `z`, `logits` | $(N, D_{\text{out}})$, $(N, C)$ | the pre-activations; those of the last layer are the logits |
# | $h_1$ | `h`, `hidden` | $(N, D_{\text{out}})$ | the activations of the hidden layer, in section 2.6 |
# | $\eta$ | `learning_rate` | one number | how far a step goes, as a multiple of the gradient |
#
# ### New words
#
# | word | meaning |
# |---|---|
# | loss | one number that says how wrong the answers are |
# | mean squared error, cross-entropy | the usual losses for numbers and for classes |
# | nat | the unit of a natural logarithm |
# | partial derivative; gradient | the slope for one parameter; all of them together |
# | central difference | a slope from nudges to both sides |
# | local slope | how a result reacts to one of its direct inputs |
# | chain rule | along a path slopes multiply, over paths they add up |
# | backpropagation | all gradients by one walk backwards through the graph |
# | leaf | a number that was not computed from others |
# | gradient check | comparing a gradient with central differences |
# | learning rate | how far a step goes, as a multiple of the gradient |
# | step, epoch | one update; one pass through the training set |
# | feed-forward network | a network whose connections lead forward only |
#
# ### Sources
#
# * S. Linnainmaa, master's thesis, University of Helsinki, 1970: reverse accumulation, the method
#   behind backpropagation.
# * D. Rumelhart, G. Hinton and R. Williams, "Learning representations by back-propagating errors",
#   *Nature* 323, 1986.
# * I. Goodfellow, Y. Bengio and A. Courville, *Deep Learning*, MIT Press 2016, chapter 6.
# * A. Baydin, B. Pearlmutter, A. Radul and J. Siskind, "Automatic differentiation in machine
#   learning: a survey", *JMLR* 18, 2018.
# * J. Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990:
#   softmax with cross-entropy.
# * Digits: E. Alpaydin and C. Kaynak, *Optical recognition of handwritten digits*, UCI Machine
#   Learning Repository, 1998; shipped with scikit-learn.
#
# ### Your map

# %%
progress()

# %% [markdown]
# **Next.** The update was one line, and it hides most of the art: how far to step, on how many
# examples at a time, and what to do in a narrow valley. That is chapter 3, gradient descent.
