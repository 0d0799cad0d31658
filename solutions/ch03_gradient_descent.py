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
# # Chapter 3: Gradient descent
#
# Chapter 2 ended with one line: move every parameter a little against its gradient. This chapter is
# about that line. How far is a little? What happens in a narrow valley, on a plateau, on a saddle?
# How many examples does one step need? At the end you have a training loop that you could use for
# any model, and you can look at a loss curve and say what is wrong with the learning rate.
#
# **What you need.** Chapters 1 and 2: layers, losses, and what a gradient is.
#
# | section | afterwards you can | reading | exercises |
# |---|---|---|---|
# | 3.1 Downhill | say why the gradient is the best direction, and what "best" means | 10 min | 3 min |
# | 3.2 How long a step | compute from the curvature which learning rates work | 20 min | 18 min |
# | 3.3 Landscapes | say why a narrow valley is slow, and what momentum does about it | 20 min | 22 min |
# | 3.4 A loss made of data | train a classifier of one neuron, and prepare its data | 15 min | 25 min |
# | 3.5 A few examples at a time | trade the noise of small batches for their speed | 15 min | 30 min |
# | 3.6 The training loop | write it, and say what each of three data sets is for | 10 min | 25 min |
# | 3.7 Digits, and the rate that fits | find a good rate by a sweep, and read its curves | 10 min | |
# | 3.8 What you take along | find everything again | 5 min | |
#
# That is 105 minutes of reading and 123 of exercises: our estimate for a first reading.

# %% [markdown]
# ## Set-up
#
# As in the chapters before. New is `mlp`: the network of chapter 2, ready to use in section 3.7.

# %%
import matplotlib.pyplot as plt
import numpy as np

from autograder import check, hint, progress
from course import mlp
from course.data import digits
from course.widgets import ch03_gradient_descent as widgets

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
plt.rcParams.update({"font.size": 12, "figure.constrained_layout.use": True})

# %% [markdown]
# ## 3.1 Downhill
#
# **Question.** You stand on a hillside in fog and want to go down. Which way?
#
# The gradient has one slope for each parameter. If you move by a small step $s = (s_1, s_2)$, the
# loss changes by
#
# $$\Delta L \approx g_1 s_1 + g_2 s_2 = g \cdot s$$
#
# with the gradient $g$. Among all steps of one length, which makes this smallest? The product of
# two arrows is the product of their lengths, times the cosine of the angle between them. It is
# largest when they point the same way, and smallest when they are opposite. So **the steepest way
# down is straight against the gradient**: $s = -\eta g$, with the learning rate $\eta$ (eta) of
# chapter 2.
#
# **By hand.** $g = (3, 4)$, steps of length 1. Along $-g$: $s = (-0.6, -0.8)$, $\Delta L = -1.8 -
# 3.2 = -5$, which is minus the length of $g$. Along the first axis alone: $s = (-1, 0)$, $\Delta L
# = -3$. Across, $s = (0.8, -0.6)$: $\Delta L = 2.4 - 2.4 = 0$, you walk along the slope.
#
# **Exercise 3.1: One step downhill** (3 minutes, easy, 1 point)
#
# $$w \leftarrow w - \eta \, \nabla L(w)$$
#
# Give the new parameters back and leave the old ones as they are. (`train_step` in chapter 2
# changed them in place. Here we want to keep every place on the way.)


# %%
def gradient_step(w, grad, learning_rate):
    """One step of gradient descent.

    w              parameters, an array of any shape
    grad           the gradient of the loss there, of the shape of w
    learning_rate  the length of the step, as a multiple of the gradient
    Returns the new parameters. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    return w - learning_rate * grad
    ### END SOLUTION


# %%
check(gradient_step)

# %% [markdown]
# **Predict.** A hundred steps of one length in random directions, and the gradient step among them.
# Does any random step fall more? Does the answer depend on the length?

# %% [markdown]
# **My prediction:** …

# %%
widgets.random_directions(gradient_step)

# %% [markdown]
# Visit **a small step**, **a longer step**, **much too long**.
#
# **What you should have seen.** For small steps the change of the loss, drawn over the direction,
# is a clean wave, and the gradient step sits at its bottom. With length 1.5 some random steps fall
# more: the slope has changed on the way. With length 3 the gradient step goes *up*. The gradient is
# the best direction for the *next inch*. How long an inch is, is the next section.
#
# ## 3.2 How long a step
#
# **Question.** Which learning rates work, and can one know without trying?
#
# Take the simplest loss, a bowl of one parameter: $L(w) = w^2$, gradient $2w$, start at $w = 1$.
# One step:
#
# $$w \leftarrow w - \eta \cdot 2w = (1 - 2\eta)\, w$$
#
# Every step multiplies $w$, which is the distance to the minimum, by the same factor $1 - 2\eta$.
# After $t$ steps $w = (1 - 2\eta)^t$. So everything depends on one number:
#
# | $\eta$ | factor | after 10 steps |
# |---|---|---|
# | 0.1 | 0.8 | 0.107 |
# | 0.5 | 0 | 0, after one step |
# | 0.9 | −0.8 | 0.107, from side to side |
# | 1.0 | −1 | 1, to and fro for ever |
# | 1.1 | −1.2 | 6.19, running away |
#
# **Predict.** With $\eta = 0.05$, how many steps until the distance is a tenth: about 5, about 20,
# or about 100?

# %% [markdown]
# **My prediction:** …

# %%
widgets.bowl(gradient_step)

# %% [markdown]
# Five places: **slow**, **at once**, **zigzag**, **for ever**, **away**: the rows of the table. The
# edge is the rate beyond which $w$ runs away. Change the curvature and look for it again.
#
# **What you should have seen.** On the logarithmic axis every run is a straight line: a constant
# factor per step. (For the prediction: $0.9^{22} = 0.098$, so about 20 steps.) There are three
# zones, and their borders move with the bowl.
#
# **The curvature.** The slope of the slope is called the **curvature** $a$ (the second derivative).
# In $L = a w^2 / 2$ the gradient is $a w$ and the factor is $1 - \eta a$; our bowl $w^2$ has
# $a = 2$.
#
# * $\eta < 1/a$: closer from one side; $\eta = 1/a$: there at once;
# * $1/a < \eta < 2/a$: closer, from side to side; $\eta = 2/a$: to and fro for ever;
# * $\eta > 2/a$: **each step overshoots the minimum** and ends farther away, on the other side. The
#   loss explodes.
#
# **Exercise 3.2: A whole descent** (10 minutes, medium, 3 points)
#
# Step, and write down where you are. `gradient` is a function: you call it where you are
# *now*.


# %%
def gradient_descent(gradient, w, learning_rate, steps):
    """Where gradient descent passes through.

    gradient       a function: parameters like w in, the gradient there out
    w              (D,)  where to start
    learning_rate  the same for all steps
    steps          how many
    Returns (steps + 1, D): the start, and the parameters after each step. w is left unchanged.
    """
    ### BEGIN SOLUTION
    path = [w]
    for _ in range(steps):
        w = gradient_step(w, gradient(w), learning_rate)
        path.append(w)
    return np.array(path)
    ### END SOLUTION


# %%
check(gradient_descent)

# %% [markdown]
# ### Two parameters
#
# With two parameters the curvature is a 2 × 2 matrix, the **Hessian** $H$: how each slope changes
# with each parameter. The bowl is $L = \frac12 w^\top H w$, its gradient $H w$. For $H =
# \begin{pmatrix} 9 & 0 \\ 0 & 1 \end{pmatrix}$ the two parameters do not mix: one bowl with
# curvature 9, one with curvature 1.
#
# What if the bowl is turned, as in $H = \begin{pmatrix} 2 & 1 \\ 1 & 2 \end{pmatrix}$? It still has
# two axes of its own. Along $(1, 1)$: $H (1,1) = (3, 3)$, the gradient is 3 times the place. Along
# $(1, -1)$: $H (1, -1) = (1, -1)$, 1 times. Directions that $H$ only stretches are its
# **eigenvectors**, and the factors, 3 and 1, its **eigenvalues**: the curvatures along the bowl's
# own axes. `np.linalg.eigvalsh` finds them for any symmetric matrix. Write $\lambda$ (lambda) for
# one of them. Along its axis every step multiplies the error, the distance to the minimum, by
# $1 - \eta \lambda$. So **the steepest axis sets the limit**.
#
# **Exercise 3.3: The largest stable learning rate** (8 minutes, medium, 2 points)
#
# The largest curvature decides. Use `np.linalg.eigvalsh`.


# %%
def largest_stable_learning_rate(hessian):
    """The learning rate beyond which gradient descent on a bowl runs away.

    hessian  (D, D)  symmetric, all curvatures positive: the bowl is w @ hessian @ w / 2
    Returns a number. The input is left unchanged.
    """
    ### BEGIN SOLUTION
    curvatures = np.linalg.eigvalsh(hessian)
    return 2 / np.max(curvatures)
    ### END SOLUTION


# %%
check(largest_stable_learning_rate)

# %%
turned = np.array([[2.0, 1.0], [1.0, 2.0]])
edge = largest_stable_learning_rate(turned)


def turned_gradient(w):
    return turned @ w


for share in (0.5, 0.99, 1.01):
    path = gradient_descent(turned_gradient, np.array([1.0, 0.2]), share * edge, 200)
    print(f"{share:.2f} of the limit {edge:.3f}: distance after 200 steps {np.linalg.norm(path[-1]):.1e}")

# %% [markdown]
# A hundredth below the limit it converges, a hundredth above it runs away.
#
# ## 3.3 Landscapes
#
# **Question.** Why does training crawl, although the rate is as large as it can be?
#
# Take curvatures 1 and 100, $L = (x^2 + 100 y^2) / 2$. (Here $x$ and $y$ are the two parameters, as
# on a map.) Along $y$ the limit is $\eta < 2/100 = 0.02$. Say $\eta = 0.019$. Then each step
# multiplies
#
# * the error along $y$ by $1 - 0.019 \cdot 100 = -0.9$: gone after some fifty steps, in a zigzag;
# * the error along $x$ by $1 - 0.019 \cdot 1 = 0.981$: after 100 steps, 15 % are still there.
#
# **The steep axis sets the rate, the flat axis sets the time.** The quotient of the largest and the
# smallest curvature is called the **condition number**; here it is 100. The number of steps grows
# in proportion to it.


# %%
def valley(w):
    return np.array([1.0, 100.0]) * w


path = gradient_descent(valley, np.array([-1.8, 1.0]), 0.019, 100)
print(
    f"after 100 steps: {path[-1, 0] / path[0, 0]:.1%} of the first error, {path[-1, 1] / path[0, 1]:.4%} of the second"
)

# %% [markdown]
# **Predict.** Where else can it get stuck? Think of a pass between two mountains, and of a wide
# flat field.

# %% [markdown]
# **My prediction:** …

# %%
widgets.landscapes(gradient_step)

# %% [markdown]
# Drag the start, or use its two sliders. Visit:
#
# * **a narrow valley**: the picture of the numbers above. Then **one step too long**: only the
#   steep axis runs away.
# * **stuck on a saddle**: a *saddle* goes up along one axis and down along the other. On the ridge
#   the slope across is exactly 0, and the walk ends at the pass. **saved by noise**: a little
#   randomness in the gradient is enough to fall off. (Real training always has it: section 3.5.)
# * **a plateau**: far out the slope is nearly 0, and so are the steps.
# * **a bent valley**, named after Rosenbrock: the flat direction turns on the way, and so must the
#   walk. **four minima**, named after Himmelblau: which one is found depends on the start. Drag it.
#
# ### Momentum
#
# A ball in that valley would not crawl. It would gather speed along the flat axis, where every push
# has the same direction, and across the valley the pushes would cancel. That is **momentum**: keep
# a **velocity** $v$.
#
# $$v \leftarrow \mu\, v + g, \qquad w \leftarrow w - \eta\, v$$
#
# $\mu$ (mu), from 0 to 1, is the share of the old velocity that is kept; 0.9 is usual. **By hand:**
# $g = 1$ for ever, $\mu = 0.9$, from rest: $v = 1, 1.9, 2.71, \dots$ up to $1/(1-\mu) = 10$. Along
# a constant slope momentum 0.9 steps ten times as far.
#
# **Nesterov's** form looks ahead: it steps along $g + \mu v$, with the new $v$. That is the velocity
# after one more push like this one.
#
# Both stand here as in PyTorch. Many books write $v \leftarrow \mu v + (1 - \mu) g$, an average;
# with $\mu = 0.9$ the same rate then makes steps a tenth as long.
#
# **Exercise 3.4: Momentum** (12 minutes, medium, 3 points)


# %%
def momentum_step(w, velocity, grad, learning_rate, momentum, nesterov=False):
    """One step of gradient descent with momentum, in PyTorch's form.

    w              parameters, an array of any shape
    velocity       the velocity after the step before, of the shape of w; zeros at the start
    grad           the gradient of the loss at w, of the shape of w
    learning_rate  the length of the step, as a multiple of the velocity
    momentum       the share of the old velocity that is kept, from 0 to 1
    nesterov       whether to look ahead: step along grad + momentum * (the new velocity)
    Returns the new parameters and the new velocity. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    velocity = momentum * velocity + grad
    direction = grad + momentum * velocity if nesterov else velocity
    return w - learning_rate * direction, velocity
    ### END SOLUTION


# %%
check(momentum_step)

# %%
w, velocity = np.array([-1.8, 1.0]), np.zeros(2)
for _step in range(100):
    w, velocity = momentum_step(w, velocity, valley(w), 0.019, 0.8)
print(f"momentum 0.8, after 100 steps: {abs(w[0]) / 1.8:.1e} of the first error")
print(f"plain steps:                    {0.981**100:.1e}")

# %% [markdown]
# In the widget: **with momentum**. A hundred plain steps left 15 % of the error along the flat
# axis; a hundred steps with momentum leave next to nothing.
#
# **Question: One rate for two directions** (10 minutes, 4 points, graded by a person)
#
# A colleague trains a model whose loss has curvature 100 along one direction and 1 along another,
# and complains: "With 0.03 it explodes, with 0.01 it takes for ever." Explain with numbers what
# happens along each direction, why no learning rate is good for both, and name a remedy and why it
# works.

# %% one_rate_for_two_directions [markdown]
# ### BEGIN SOLUTION
# Along each direction every step multiplies the error by 1 − η times the curvature there. With η =
# 0.03 the steep direction has the factor 1 − 3 = −2: every step doubles the error and changes its
# side, so it explodes. The limit is 2/100 = 0.02. With η = 0.01 the steep direction is done in one
# step (factor 0), but the flat one has the factor 0.99: after 100 steps 37 % of its error are left,
# and it takes 230 steps to get down to a tenth. Even at the limit, 0.02, the factor of the flat
# direction is 0.98. One number has to serve both: the steep direction forbids what the flat one
# needs.
#
# Momentum helps: along the flat direction all gradients have one sign and add up to a velocity of
# up to 1/(1 − μ) times the gradient, ten times at μ = 0.9, while across the valley they change sign
# and cancel. Standardising the features makes the curvatures more alike, and methods with a rate
# for each parameter (chapter 9) divide by the size of the gradient.
# ### END SOLUTION

# %% [markdown]
# ## 3.4 A loss made of data
#
# **Question.** Where do such valleys come from in practice?
#
# From data. Take the smallest model: one neuron with a sigmoid, for two classes, called **logistic
# regression**. With logits $z = xw + b$ and $p = \sigma(z)$ the loss is the **binary
# cross-entropy**, $-\ln p$ for examples of class 1 and $-\ln(1 - p)$ for class 0. From the logits
# that is $\ln(1 + e^{-z})$ and $\ln(1 + e^{z})$. The second is the first plus $z$, and
# $\ln(1 + e^z) = \max(z, 0) + \ln(1 + e^{-|z|})$, which cannot overflow. So one formula, stable for
# any size:
#
# $$L = \frac1N \sum_n \Big( \max(z_n, 0) - y_n z_n + \ln(1 + e^{-|z_n|}) \Big)$$
#
# The gradient is as short as in chapter 2. The slope of $-\ln p$ is $-1/p$, the slope of the
# sigmoid is $p(1-p)$; multiplied, the $p$ is gone:
#
# $$\frac{\partial L}{\partial z_n} = \frac{p_n - y_n}{N}, \qquad \frac{\partial L}{\partial w} = \sum_n \frac{p_n - y_n}{N}\, x_n, \qquad \frac{\partial L}{\partial b} = \sum_n \frac{p_n - y_n}{N}$$
#
# **By hand.** $x = 2$, $y = 1$, $w = b = 0$: $p = 0.5$, $L = \ln 2 = 0.693$, gradient of $w$: $-0.5
# \cdot 2 = -1$.
#
# **Exercise 3.5: Logistic regression** (15 minutes, medium, 4 points)
#
# The loss and its gradient for a whole batch; no loop is needed. `np.log1p(t)` is $\ln(1 + t)$,
# exact for tiny $t$ too. The sigmoid must not overflow (section 1.4).


# %%
def logistic_regression_gradient(x, y, weight, bias):
    """The loss of one sigmoid neuron on a batch, and its gradient.

    x       (N, D)  one example per row
    y       (N,)    the right answers, 0 or 1
    weight  (D,)
    bias    a number
    Returns the binary cross-entropy (mean over the batch, in nats; finite for logits of any size),
    grad_weight (D,) and grad_bias, a number. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    z = x @ weight + bias  # (N,) logits
    decay = np.exp(-np.abs(z))
    p = np.where(z >= 0, 1, decay) / (1 + decay)  # (N,) sigmoid, stable
    loss = np.mean(np.maximum(z, 0) - y * z + np.log1p(decay))
    grad_z = (p - y) / len(y)  # (N,)
    return loss, grad_z @ x, np.sum(grad_z)
    ### END SOLUTION


# %%
check(logistic_regression_gradient)

# %% [markdown]
# Two features, the first a hundred times as large as the second, as if one were in millimetres and
# one in decimetres. At $w = 0$ the Hessian of this loss is the mean of $x_i x_j / 4$ over the
# examples, for every pair of features: a nudge of $w_j$ moves $z$ by $x_j$ times as much, and $p$
# by a quarter of that. (The bias counts as a feature that is always 1.) The cell prints its
# spectrum, the list of its eigenvalues, and trains with half of the largest stable rate.
#
# **Predict.** How much larger is the curvature along the first weight: ten times, a hundred times,
# or ten thousand times? And are a thousand steps enough?

# %% [markdown]
# **My prediction:** …

# %%
rng = np.random.default_rng(0)
y = np.tile([0.0, 1.0], 100)
x = rng.normal(size=(200, 2)) + 1.2 * y[:, None]
x[:, 0] *= 100


def train_neuron(x, learning_rate, steps):
    """The losses of logistic regression with full-batch steps."""
    weight, bias, losses = np.zeros(2), 0.0, []
    for _step in range(steps):
        loss, grad_weight, grad_bias = logistic_regression_gradient(x, y, weight, bias)
        losses.append(loss)
        weight = gradient_step(weight, grad_weight, learning_rate)
        bias = gradient_step(bias, grad_bias, learning_rate)
    return np.array(losses)


columns = np.column_stack([x, np.ones(200)])
hessian = columns.T @ columns / 4 / 200  # at w = 0: the sigmoid's slope there is 1/4
spectrum = np.linalg.eigvalsh(hessian)
raw_rate = largest_stable_learning_rate(hessian) / 2
print(f"spectrum from {spectrum[0]:.3f} to {spectrum[-1]:.0f}: condition number {spectrum[-1] / spectrum[0]:,.0f}")
print(f"raw features, rate {raw_rate:.1e}: loss {train_neuron(x, raw_rate, 1000)[-1]:.3f} after 1000 steps")

# %% [markdown]
# The unit of a feature decides the curvature along its weight. The remedy is as simple: bring all
# features to one scale.
#
# **Standardise**: subtract each feature's mean and divide by its standard deviation. Measure both
# *on the training set only* and use them for everything that comes later. The test set plays the
# part of the future; whoever lets it help has seen the future.
#
# **Exercise 3.6: Standardise the features** (10 minutes, medium, 3 points)
#
# A feature that never changes has the standard deviation 0; then only shift it.


# %%
def standardize(x_train, x_test):
    """Shift and scale every feature so that it has mean 0 and standard deviation 1 in the training set.

    x_train  (N, D)
    x_test   (M, D)
    A feature that is constant in the training set is only shifted.
    Returns both, transformed alike. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    mean = np.mean(x_train, axis=0)  # (D,)
    std = np.std(x_train, axis=0)  # (D,)
    scale = np.where(std > 0, std, 1.0)
    return (x_train - mean) / scale, (x_test - mean) / scale
    ### END SOLUTION


# %%
check(standardize)

# %%
scaled, _ = standardize(x, x)
columns = np.column_stack([scaled, np.ones(200)])
curvatures = np.linalg.eigvalsh(columns.T @ columns / 4 / 200)
scaled_losses = train_neuron(scaled, 1.0, 1000)
print(
    f"standardised: condition number {curvatures[-1] / curvatures[0]:.2f}, loss {scaled_losses[20]:.3f} after 20 steps, {scaled_losses[-1]:.3f} after 1000"
)

# %% [markdown]
# **What you should have seen.** A feature a hundred times as large has squares that are ten thousand
# times as large, and the curvature along its weight is a mean of squares. The raw condition number
# is 23,003, and after 1000 steps the loss is still 0.572. Standardised, the condition number is 1.87 and the loss after 20 steps is 0.440,
# which 1000 steps cannot improve by much (0.438). Same data, same model, same method.
#
# ## 3.5 A few examples at a time
#
# **Question.** Does every step need all the data?
#
# The gradient of the loss is a mean over all examples. A mean can be estimated from a few: take $B$
# random examples, a **mini-batch**, and use their gradient. It is right on average, and it is
# noisy. The spread of a mean of $B$ draws falls with $\sqrt B$: four times the work halves the
# noise. That is a bad bargain at the beginning, when every gradient points roughly downhill: many
# cheap noisy steps beat one exact one. Training this way is called **stochastic gradient descent**,
# SGD.
#
# **Predict.** Thirty batches of one example each: how many of their steps point uphill, so that the
# loss over all examples would rise? And of 16 examples?

# %% [markdown]
# **My prediction:** …

# %%
widgets.batch_noise(logistic_regression_gradient)

# %% [markdown]
# Visit **one example**, **sixteen** and **a quarter of all**.
#
# **What you should have seen.** The spread follows the dashed line $1/\sqrt B$ on both logarithmic
# axes (and falls faster near the whole set, where little is left to be drawn). Single examples are
# sometimes wrong: 3 of 30 point uphill. Of batches of 16, none.
#
# An **epoch** is one pass through all examples. Draw a new random order for each, and cut it into
# batches. Shuffle $x$ and $y$ together: an answer belongs to its example.
#
# **Exercise 3.7: Mini-batches** (12 minutes, medium, 3 points)
#
# One call is one epoch. The last batch is shorter when the numbers do not fit.


# %%
def minibatches(x, y, batch_size, rng):
    """One epoch: every example once, in a new random order, cut into batches.

    x           (N, ...)  examples
    y           (N, ...)  their answers, in the same order
    batch_size  examples per batch; the last batch holds what is left
    rng         a numpy.random.Generator
    Returns a list of pairs (x_batch, y_batch). The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    order = rng.permutation(len(x))
    batches = []
    for start in range(0, len(x), batch_size):
        chosen = order[start : start + batch_size]
        batches.append((x[chosen], y[chosen]))
    return batches
    ### END SOLUTION


# %%
check(minibatches)

# %% [markdown]
# ### A batch too large for the memory
#
# Sometimes a batch does not fit, and you compute it in pieces. The gradient of the mean over
# everything is *not* the sum of the pieces' gradients, and not their mean either, unless all pieces
# are equally large. **By hand:** gradients 1 (of 2 examples) and 4 (of 1 example): $(2 \cdot 1 + 1
# \cdot 4) / 3 = 2$.
#
# **Exercise 3.8: A large batch in small pieces** (8 minutes, medium, 2 points)


# %%
def accumulate_gradients(gradients, batch_sizes):
    """The gradient of the mean loss over all examples, from the gradients of its pieces.

    gradients    (K, D)  row k is the gradient of the mean loss over piece k
    batch_sizes  (K,)    the number of examples in each piece
    Returns (D,). The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    return batch_sizes @ gradients / np.sum(batch_sizes)
    ### END SOLUTION


# %%
check(accumulate_gradients)

# %% [markdown]
# ### A step that is too wild
#
# Now and then one batch has a gigantic gradient, and one step ruins an hour. **Clipping** limits
# the length: if the gradient of all parameters *together* is longer than a limit, scale all of it
# down by one factor. The direction stays. **By hand:** $(3, 4)$ is 5 long; with the limit 1 it
# becomes $(0.6, 0.8)$.
#
# **Exercise 3.9: Clip the gradient** (10 minutes, medium, 3 points)


# %%
def clip_gradient_norm(gradients, max_norm):
    """Scale gradients down together, so that their common length is at most max_norm.

    gradients  a list of arrays of any shapes
    max_norm   the largest length allowed, a positive number
    Returns a list of arrays of the same shapes. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    squares = 0.0
    for grad in gradients:
        squares += np.sum(grad**2)
    norm = np.sqrt(squares)
    scale = max_norm / norm if norm > max_norm else 1.0
    return [scale * grad for grad in gradients]
    ### END SOLUTION


# %%
check(clip_gradient_norm)

# %% [markdown]
# ## 3.6 The training loop
#
# **Question.** How do you know when it is good?
#
# By examples that it is not trained on. Three sets, three purposes:
#
# | set | used for |
# |---|---|
# | training | the gradients |
# | **validation** | watching, and choosing: learning rate, number of epochs, size of the network |
# | **test** | one honest number, at the very end |
#
# Choosing is learning, too: the best of fifty rates on the validation set is a little lucky there.
# That is why the test set waits.
#
# **Exercise 3.10: The training loop** (25 minutes, hard, 5 points)
#
# `loss_and_gradients(parameters, x, y)` may be any model. After each epoch, measure both losses on
# *all* examples of their sets.


# %%
def fit(loss_and_gradients, parameters, train, validation, learning_rate, batch_size, epochs, rng):
    """Train with mini-batches, and watch the loss on examples that are not trained on.

    loss_and_gradients  a function: (parameters, x, y) in, the mean loss over these examples and a list of
                        gradients out, one for each parameter
    parameters          a list of arrays, where to start
    train, validation   pairs (x, y)
    learning_rate       the same for all steps
    batch_size, epochs  an epoch passes through all training examples once, in a new random order
    rng                 a numpy.random.Generator
    Returns the trained parameters, and two arrays (epochs,): the mean loss over all training examples and
    over all validation examples, both after each epoch. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    train_losses, validation_losses = [], []
    for _ in range(epochs):
        for x_batch, y_batch in minibatches(*train, batch_size, rng):
            _, gradients = loss_and_gradients(parameters, x_batch, y_batch)
            stepped = []
            for parameter, grad in zip(parameters, gradients, strict=True):
                stepped.append(gradient_step(parameter, grad, learning_rate))
            parameters = stepped
        train_losses.append(loss_and_gradients(parameters, *train)[0])
        validation_losses.append(loss_and_gradients(parameters, *validation)[0])
    return parameters, np.array(train_losses), np.array(validation_losses)
    ### END SOLUTION


# %%
check(fit)

# %% [markdown]
# ## 3.7 Digits, and the rate that fits
#
# **Question.** Which learning rate, for a real network?
#
# The network of chapter 2 comes ready as `mlp`; here it gets two hidden layers of 64 instead of
# one. 287 of the 1437 training pictures become the validation set. Eight rates from 0.001 to 3, ten
# epochs each, always from the same start and in the same order.
#
# **Predict.** Which of these rates is the best? What happens with the smallest one, and what with
# the largest?

# %% [markdown]
# **My prediction:** …

# %%
x_train, y_train, x_test, y_test = digits()
validation = x_train[:287], y_train[:287]
train = x_train[287:], y_train[287:]


def run(learning_rate, epochs=10):
    """Parameters and losses of one training run, always from the same start."""
    rng = np.random.default_rng(0)
    start = mlp.draw_parameters([64, 64, 64, 10], rng)
    return fit(mlp.loss_and_gradients, start, train, validation, learning_rate, 32, epochs, rng)


rates = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
with np.errstate(all="ignore"):  # the largest rates may under- and overflow
    runs = {rate: run(rate) for rate in rates}

for rate in rates:
    accuracy = mlp.accuracy(runs[rate][0], *validation)
    print(f"rate {rate:5}: validation loss {runs[rate][2][-1]:8.3f}   validation accuracy {accuracy:.1%}")

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
accuracies = [100 * mlp.accuracy(runs[rate][0], *validation) for rate in rates]
left.semilogx(rates, accuracies, color=BLUE, marker="o")
left.set(xlabel="learning rate (log scale)", ylabel="validation accuracy after 10 epochs, in %")
for rate, colour in ((0.003, GREEN), (0.3, BLUE), (1.0, VERMILION)):
    losses = runs[rate][1]
    right.semilogy(range(1, 11), losses, color=colour, marker="o", ms=4)
    right.text(10.2, losses[-1], f"rate {rate:g}", color=colour, va="center")
right.set(xlabel="epoch", ylabel="training loss (log scale)", xlim=(0.5, 12.5), xticks=[1, 4, 7, 10])
left.grid(alpha=0.2)
right.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* a hill with a steep right side. On the left, too small a rate only costs time:
# the loss falls steadily and has not arrived. On the right it does not converge at all. The best
# rates lie within a factor of three or so below the cliff.
#
# **What you should have seen.** Rate 0.001 reaches 28.2 % after ten epochs and 0.3, the best of the
# eight, reaches 95.5 %; with 1.0 it is 38.7 %, and 3.0 stays at guessing (9.1 %). So search over
# powers of ten first, then finer, and look at the curves:
#
# | the training loss | the rate is |
# |---|---|
# | falls slowly and steadily, and is not done | too small |
# | falls fast, then slowly | good |
# | falls, then jumps up and down | a little too large |
# | rises, or becomes `nan` | far too large |
#
# Now, and only now, the test set: train with the rate chosen, 30 epochs, and look once.

# %%
parameters, train_losses, validation_losses = run(0.3, epochs=30)
print(
    f"validation accuracy {mlp.accuracy(parameters, *validation):.1%}, test accuracy {mlp.accuracy(parameters, x_test, y_test):.1%}"
)

fig, ax = plt.subplots(figsize=(8, 4))
ax.semilogy(range(1, 31), train_losses, color=BLUE)
ax.semilogy(range(1, 31), validation_losses, color=VERMILION, ls="--")
ax.text(30.3, train_losses[-1], "training", color=BLUE, va="center")
ax.text(30.3, validation_losses[-1], "validation", color=VERMILION, va="center")
ax.set(xlabel="epoch", ylabel="loss in nats (log scale)", xlim=(0, 35))
ax.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* the two curves part. The training loss keeps falling, the validation loss does
# not: where they part, the network begins to learn its training pictures by heart. That is called
# **overfitting**. The gap between the curves shows it, and chapter 8 is about it. The two
# accuracies are close to each other: choosing one rate among eight has made the validation set
# hardly too kind.
#
# ## 3.8 What you take along
#
# In one breath: against the gradient is the best direction for a short step; the curvature says how
# short; the steepest direction sets the rate and the flattest the time; momentum evens that out; a
# few examples are enough for a step; and what you choose with, you must not measure with.
#
# | if you see | think of |
# |---|---|
# | a loss that explodes from the start | a rate above 2 / largest curvature |
# | a loss that crawls | a rate that is too small, or a bad condition number: standardise, use momentum |
# | a loss that hardly moves at first, then falls | a plateau |
# | one sudden jump in the middle of a good run | a wild batch: clip |
# | results that differ between two libraries with momentum | $\mu v + g$ against $\mu v + (1-\mu) g$ |
# | a validation loss that rises while the training loss falls | overfitting |
#
# ### Where you meet this
#
# | where | what is used |
# |---|---|
# | networks for pictures, from scratch (chapter 4) | mini-batches, momentum 0.9, a rate that falls over time (chapter 9) |
# | recurrent networks (chapter 5), Transformers (chapter 6) | clipping before each step |
# | batches too large for one machine | gradients of pieces, added up with their sizes |
# | tables of numbers: credit, medicine, advertising | logistic regression on standardised features |
# | fine-tuning (chapter 7) | smaller rates, the smallest ones for the first layers |
#
# ### Conventions in force
#
# * **Momentum** is PyTorch's: the gradient enters the velocity whole, the rate multiplies the
#   velocity.
# * **Gradients are those of the mean** loss, so a larger batch does not make a longer step.
# * **The last, shorter batch is kept**, as in PyTorch's `DataLoader`.
# * **Clipping** uses one length for all parameters. PyTorch adds 1e-6 to it before it divides.
#
# ### Letters
#
# | letter | in code | shape | holds |
# |---|---|---|---|
# | $N$, $M$ | | | how many examples there are; $M$ in the test set of section 3.4 |
# | $D$ | | | how many features or parameters |
# | $B$ | `batch_size` | | how many examples in a mini-batch |
# | $K$ | | | how many pieces of a large batch |
# | $n$ | | | which example |
# | $i$, $j$ | | | which feature |
# | $L$ | `loss` | one number | how wrong the answers are; $\Delta L$ is its change in a step |
# | $w$ | `w`; `weight` | any; $(D,)$ | the parameters; in section 3.4 the weights of the neuron |
# | $g$ | `grad` | like $w$ | the gradient of the loss at $w$, also $\nabla L$ |
# | $s$ | | like $w$ | a step |
# | $\eta$ | `learning_rate` | one number | how far a step goes, as a multiple of the gradient |
# | $t$ | `steps` | one number | how many steps there have been |
# | $a$ | | one number | the curvature of a bowl of one parameter |
# | $H$ | `hessian` | $(D, D)$ | how each slope changes with each parameter |
# | $\lambda$ | `curvatures` | $(D,)$ | the eigenvalues of $H$: the curvatures along the bowl's own axes |
# | $v$ | `velocity` | like $w$ | what is kept of earlier steps |
# | $\mu$ | `momentum` | one number | the share of the old velocity that is kept |
# | $x$ | `x` | $(N, D)$ | one example per row; in section 3.3 a parameter |
# | $y$ | `y` | $(N,)$ | the right answers, 0 or 1; in section 3.3 the other parameter |
# | $b$ | `bias` | one number | the bias of the neuron |
# | $z$ | `z` | $(N,)$ | the logits |
# | $\sigma$ | | a function | the sigmoid |
# | $p$ | `p` | $(N,)$ | the probability of class 1, which is $\sigma(z)$ |
#
# ### New words
#
# | word | meaning |
# |---|---|
# | curvature; Hessian | how fast the slope changes; the same for all pairs of parameters |
# | eigenvalues of the Hessian | the curvatures along the bowl's own axes |
# | condition number | largest curvature over smallest |
# | saddle, plateau | downhill one way and uphill another; nearly flat in all directions |
# | momentum, velocity | what is kept of earlier steps |
# | mini-batch, epoch | the examples of one step; one pass through all |
# | logistic regression, binary cross-entropy | one sigmoid neuron for two classes; its loss |
# | standardise | shift and scale each feature to mean 0 and standard deviation 1 |
# | SGD | gradient descent with mini-batches |
# | gradient clipping | limiting the length of a gradient |
# | validation set, test set | for choosing; for the one honest number |
# | overfitting | learning the training examples by heart: their loss still falls, the validation loss does not |
#
# ### Sources
#
# * A. Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées", 1847:
#   gradient descent.
# * H. Robbins and S. Monro, "A stochastic approximation method", 1951: steps along noisy gradients.
# * B. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964: momentum.
# * Y. Nesterov, "A method of solving a convex programming problem with convergence rate O(1/k²)", 1983.
# * Y. LeCun, L. Bottou, G. Orr and K.-R. Müller, "Efficient BackProp", 1998: curvatures,
#   standardising, the limit 2/λ.
# * R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural networks",
#   ICML 2013: clipping.
# * I. Sutskever, J. Martens, G. Dahl and G. Hinton, "On the importance of initialization and
#   momentum in deep learning", ICML 2013.
# * L. Bottou, F. Curtis and J. Nocedal, "Optimization methods for large-scale machine learning",
#   *SIAM Review* 60, 2018.
#
# ### Your map

# %%
progress()

# %% [markdown]
# **Next.** Chapter 4 leaves fully connected layers and looks at pictures with convolutions. If you
# would rather stay with optimisers, chapter 9 needs nothing after this one: a rate for every
# parameter, and rates that change over time.
