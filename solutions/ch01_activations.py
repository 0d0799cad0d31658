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
# # Chapter 1: Neurons, layers, activation functions
#
# A neural network is arithmetic: multiply, add, bend, and repeat. In this chapter you write all of it
# yourself in NumPy, from one neuron to a network of any depth. At the end you see how a deep network
# can be dead before it has learned anything, and you write the one line that keeps it alive.
#
# **What you need.** Python, NumPy arrays (indexing, broadcasting, `@`), and school mathematics:
# functions, the slope of a curve, $e^x$. No GPU.
#
# | section | afterwards you can | reading | exercises |
# |---|---|---|---|
# | 1.1 One neuron | compute a neuron by hand and say what its weights and its bias do | 10 min | |
# | 1.2 A layer of neurons | write a layer as one matrix product, with the right shapes | 10 min | 10 min |
# | 1.3 Why a network needs a bend | prove that layers without activation functions are one layer | 20 min | 10 min |
# | 1.4 Four activation functions | write ReLU, sigmoid and tanh so that no input breaks them | 15 min | 30 min |
# | 1.5 Slopes and saturation | compute their slopes, and say when a neuron cannot learn | 10 min | 15 min |
# | 1.6 The output layer | choose the output for a task, and turn logits into probabilities | 20 min | 30 min |
# | 1.7 A whole network | run a network of any shape, and count its parameters | 15 min | 25 min |
# | 1.8 A signal through many layers | predict whether a deep network lives, and start it well | 25 min | 20 min |
# | 1.9 What you take along | find everything again | 10 min | |
#
# Together that is 135 minutes of reading and 140 of exercises: our estimate for a first reading.
#
# **How to read.** Most sections go the same way: a question, a prediction, code, a picture that moves,
# an exercise, its check, and what you should have seen. Write each prediction down before you go
# on: double-click the cell that says *My prediction*, write, and press Shift+Enter. A guess takes
# ten seconds and changes how you read the answer.

# %% [markdown]
# ## Set-up
#
# Run the cell below first, then every cell from top to bottom (Shift+Enter). Four tools come from the
# course:
#
# * `check(softmax)` judges the function that you wrote. It compares your results with those of
#   PyTorch, a widely used library for deep learning. We recorded them, so you need not install it. One
#   line says what to mend. A failed check stops nothing: later cells still run.
# * `hint(softmax)` gives one hint, and each further call one that says more. Type it into a new cell,
#   or press the button under a check that failed.
# * `progress()` shows the map of the course: what is done, and what is left.
# * `widgets` holds the moving pictures. Drag a slider, or click it and use the arrow keys.
#
# In an exercise, replace the line `raise NotImplementedError(...)` by your own lines. Until you do,
# every cell that uses your function says that it is not written yet. Behind an exercise's title
# stand our estimate of the time, the difficulty, and the points that it brings in a class. Two
# questions ask for words and are graded by a person; if you read alone, compare with the answers in
# `solutions/`.

# %%
import matplotlib.pyplot as plt
import numpy as np

from autograder import check, hint, progress
from course.widgets import ch01_activations as widgets

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
plt.rcParams.update({"font.size": 12, "figure.constrained_layout.use": True})

# %% [markdown]
# ## 1.1 One neuron
#
# **Question.** How can a few measurements become one decision?
#
# You look out of the window. Will it rain? You have two measurements, called **features**:
#
# * $x_1$: how much of the sky is covered by clouds, from 0 to 1;
# * $x_2$: how far the air pressure is above normal, in steps of 10 hPa.
#
# A **neuron** (also called a unit) gives each feature a **weight** $w$, which says how much it counts
# and in which direction. It adds the products up, and adds one more number, the **bias** $b$:
#
# $$z = w_1 x_1 + w_2 x_2 + b$$
#
# We choose $w_1 = 2$ (clouds speak for rain), $w_2 = -1$ (high pressure speaks against it) and
# $b = -1$ (with no clouds and normal pressure, we say no). If $z > 0$, the neuron says yes. Where good
# weights come from is the subject of chapters 2 and 3; here we choose them by hand.
#
# **By hand.** Take a pencil. A grey day with low pressure, $x = (0.8, -0.5)$:
#
# $$z = 2 \cdot 0.8 + (-1) \cdot (-0.5) + (-1) = 1.6 + 0.5 - 1 = 1.1$$
#
# The neuron says yes. Now you: a clear day with high pressure, $x = (0.2, 1.0)$. What is $z$?

# %% [markdown]
# **My result:** …

# %%
weight = np.array([2.0, -1.0])  # w, one number per feature
bias = -1.0  # b

grey_day = np.array([0.8, -0.5])  # x
clear_day = np.array([0.2, 1.0])

for x in (grey_day, clear_day):
    z = weight @ x + bias  # the products, added up
    print(f"x = {x}   z = {z:.1f}   {'rain' if z > 0 else 'no rain'}")

# %% [markdown]
# On the clear day $z = 0.4 - 1 - 1 = -1.6$: no rain.
#
# All points with $z = 0$ form a line. On one side of it the neuron says yes, on the other side no:
# one neuron cuts the plane into two half-planes.
#
# A plain yes or no hides how sure the neuron is: $z = 0.1$ and $z = 10$ give the same answer. So a
# neuron does not end with a cut. It sends $z$ through a function $f$, its **activation function**:
#
# $$a = f(z)$$
#
# $z$ is called the **pre-activation**, $a$ the **activation**. One possible $f$ squeezes $z$ into the
# range from 0 to 1; our grey day then comes out as 0.75, the clear day as 0.17. You write that
# function, the sigmoid, in section 1.4.
#
# **Predict.** You double $w_1$, $w_2$ and $b$, all three. Does the line $z = 0$ move, turn, or stay?
# And what happens to the values of $z$ on either side of it?

# %% [markdown]
# **My prediction:** …

# %%
widgets.neuron()

# %% [markdown]
# This is another neuron than the one for rain. It starts with $w = (1, -0.5)$ and $b = 0.5$. The
# line is $z = 0$; the deeper the colour of the plane, the larger the activation there. The dots are
# examples of two classes; the ring is one input, and on the right is its sum. Three places to
# visit, by the buttons or the sliders:
#
# * **turned**: $w = (0.5, 1)$, $b = 0.5$. Where does the arrow $w$ point, and in which direction does
#   the neuron's answer grow?
# * **shifted**: as at the start, but $b = 2$. Now move $b$ alone. What does the line do?
# * **sharpened**: $w = (2, -1)$, $b = 1$, which is the start with all three doubled. Look for the
#   line.
#
# **What you should have seen.** The weights turn the line: it stands at a right angle to the arrow
# $w$. The bias shifts it and never turns it. Doubling all three leaves the line where it is, because
# $2z = 0$ where $z = 0$; but every other $z$ is twice as far from 0, so the neuron is surer of the
# same decision.

# %% [markdown]
# ## 1.2 A layer of neurons
#
# **Question.** How do many neurons look at many examples at once?
#
# A network is built from **layers**. There are three kinds:
#
# * The **input layer** has one neuron for each feature. It computes nothing; it holds the numbers
#   that came in.
# * The **hidden layers** do the work. Each neuron is connected to all neurons of the layer before,
#   every connection has a weight, and an activation function follows. *Hidden* means: between input
#   and output, where nobody outside looks. A network with one hidden layer is called **shallow**, one
#   with several **deep**.
# * The **output layer** gives the answer: one neuron for a question with two answers (**binary**:
#   spam or not?), one neuron per class for more (**multi-class**: which digit?). Section 1.6 is about
#   this layer.
#
# Here are real inputs: handwritten digits, scanned as pictures of 8 × 8 pixels. Each pixel is a
# feature.

# %%
from sklearn.datasets import load_digits

digits = load_digits()
pixels = digits.data / 16  # (1797, 64): one picture per row, 0 white, 1 black
print(pixels.shape)

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3), width_ratios=[1, 3])
left.imshow(pixels[0].reshape(8, 8), cmap="Greys", vmin=0, vmax=1)
left.set(title="what we see", xlabel="pixel column", ylabel="pixel row")
right.bar(np.arange(64), pixels[0], color=BLUE)
right.set(title="what the input layer holds")
right.set(xlabel="feature (pixel number)", ylabel="value (0 white, 1 black)")
right.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* on the left a handwritten 0; on the right the same picture as the network gets it,
# a row of 64 numbers. Nothing in that row says which pixels are neighbours. (Chapter 4 brings that
# back.)
#
# **From one neuron to a layer.** Give every neuron of the layer its own weights and its own bias, and
# let $k$ count the neurons:
#
# $$z_k = \sum_i W_{ki}\, x_i + b_k$$
#
# $W_{ki}$ belongs to the connection from input $i$ to neuron $k$; $\sum_i$ means: add up over all
# inputs. So **row $k$ of the matrix $W$ is neuron $k$**, and for one example the whole layer is one
# product, $z = W x + b$.
#
# **By hand.** Three features, two neurons:
#
# $$W = \begin{pmatrix} 1 & 0 & 2 \\ -1 & 3 & 0 \end{pmatrix},\quad b = \begin{pmatrix} 0.5 \\ -1 \end{pmatrix},\quad
# x = \begin{pmatrix} 1 \\ 2 \\ 3 \end{pmatrix}$$
#
# $$z = W x + b = \begin{pmatrix} 1 + 0 + 6 + 0.5 \\ -1 + 6 + 0 - 1 \end{pmatrix} = \begin{pmatrix} 7.5 \\ 4 \end{pmatrix}$$
#
# Now you: what does the same layer give for $x = (0, 1, -1)$?
#
# **Many examples.** We seldom send one example alone; we send a **batch** of $N$ examples, one per
# *row* of a matrix $X$. Each row of the result belongs to one example, too:
#
# $$Z = X W^\top + b$$
#
# | letter | in code | shape | holds |
# |---|---|---|---|
# | $X$ | `x` | $(N, D_{\text{in}})$ | one example per row |
# | $W$ | `weight` | $(D_{\text{out}}, D_{\text{in}})$ | one neuron per row |
# | $b$ | `bias` | $(D_{\text{out}},)$ | one number per neuron, added to every row |
# | $Z$ | the result | $(N, D_{\text{out}})$ | one pre-activation per example and neuron |
#
# $D_{\text{in}}$ is the number of features that come in, $D_{\text{out}}$ the number of neurons.
# Shapes are the best proof-reader you have: in a product the inner lengths must be equal,
# $(N, D_{\text{in}})$ times $(D_{\text{in}}, D_{\text{out}})$. Examples now lie in rows, and that is
# why $W$ is transposed.
#
# **Predict.** A layer of 10 neurons looks at our digits. How many weights and biases does it have
# together: 64, 74, 640 or 650? And what is the shape of its result for all 1797 pictures?

# %% [markdown]
# **My result by hand, and my prediction:** …

# %% [markdown]
# **Exercise 1.1: A layer of neurons** (10 minutes, easy, 3 points)
#
# Write the layer for a whole batch: $X W^\top + b$. No loop is needed.


# %%
def linear(x, weight, bias):
    """A layer of neurons without an activation function: x Wᵀ + b.

    x       (N, D_in)      one example per row
    weight  (D_out, D_in)  one neuron per row
    bias    (D_out,)       one number per neuron
    Returns (N, D_out). The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    return x @ weight.T + bias  # bias is added to every row
    ### END SOLUTION


# %%
check(linear)

# %%
layer_weight = np.array([[1.0, 0.0, 2.0], [-1.0, 3.0, 0.0]])
layer_bias = np.array([0.5, -1.0])
batch = np.array([[1.0, 2.0, 3.0], [0.0, 1.0, -1.0]])  # both examples at once
print(linear(batch, layer_weight, layer_bias))

rng = np.random.default_rng(0)
print(linear(pixels, rng.normal(size=(10, 64)), np.zeros(10)).shape)

# %% [markdown]
# **What you should have seen.** The second example gives $(-1.5, 2)$. The layer for the digits has
# $10 \cdot 64$ weights and 10 biases, 650 numbers, and its result has the shape (1797, 10). The
# numbers that will be learned, weights and biases, are the **parameters** of a network. (Here they
# were drawn by chance: `np.random.default_rng(0)` makes a source of random numbers, and with the
# same seed, here 0, the numbers are the same every time.)
#
# When you try out a function, use lengths that all differ. With square matrices NumPy cannot notice
# that rows and columns were swapped: the numbers are wrong, and no error tells you.

# %% [markdown]
# ## 1.3 Why a network needs a bend
#
# **Question.** A layer multiplies and adds. What do we gain by putting a second such layer behind it?
#
# **Predict.** Two layers without activation functions, one behind the other. Can they do something
# that one layer cannot: yes, no, or only when they are large?

# %% [markdown]
# **My prediction:** …

# %% [markdown]
# **By hand, with plain numbers.** The first layer computes $2x + 1$, the second multiplies that by 3
# and subtracts 4:
#
# $$3\,(2x + 1) - 4 = 6x - 1$$
#
# One multiplication and one addition do the same. With matrices nothing changes, except that the
# order of the factors matters:
#
# $$W_2 (W_1 x + b_1) + b_2 = \underbrace{(W_2 W_1)}_{W}\, x + \underbrace{(W_2 b_1 + b_2)}_{b}$$
#
# The two layers *are* one layer, with the weights $W$ and the bias $b$. Your own `linear` can show
# it, with a hidden layer of 100 neurons:

# %%
rng = np.random.default_rng(0)
weight_1, bias_1 = rng.normal(size=(100, 3)), rng.normal(size=100)  # 3 -> 100
weight_2, bias_2 = rng.normal(size=(2, 100)), rng.normal(size=2)  # 100 -> 2
x = rng.normal(size=(5, 3))

two_layers = linear(linear(x, weight_1, bias_1), weight_2, bias_2)
one_layer = linear(x, weight_2 @ weight_1, weight_2 @ bias_1 + bias_2)
print("largest difference:", np.abs(two_layers - one_layer).max())

# %% [markdown]
# The difference is rounding. What 100 hidden neurons and two behind them did, two neurons do alone.
# And one layer cannot do much.
#
# ### Four points that no line can part
#
# **XOR** ("either, or") asks: is exactly one of the two inputs 1?
#
# | $x_1$ | $x_2$ | wanted |
# |---|---|---|
# | 0 | 0 | 0 |
# | 0 | 1 | 1 |
# | 1 | 0 | 1 |
# | 1 | 1 | 0 |
#
# **No linear network can do it**, and the proof is one line. For every
# $f(x) = w_1 x_1 + w_2 x_2 + b$,
#
# $$f(0,0) + f(1,1) = w_1 + w_2 + 2b = f(0,1) + f(1,0)$$
#
# but XOR wants $0 + 0$ on the left and $1 + 1$ on the right. It does not help to look only at the
# sign, as in section 1.1: then the left sum would have to be negative or 0, and the right one
# positive. So how well can the *best* linear layer do? NumPy can find the weights for which the
# squares of the four errors have the smallest sum:

# %%
xor_x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
xor_y = np.array([0.0, 1.0, 1.0, 0.0])

columns = np.column_stack([xor_x, np.ones(4)])  # the column of ones carries the bias
best = np.linalg.lstsq(columns, xor_y, rcond=None)[0]
print("best w and b:", best.round(6) + 0.0)  # + 0.0 turns -0 into 0
print("its answers: ", (columns @ best).round(6))

# %% [markdown]
# The best that a linear layer can do is to answer 0.5 to every input.
#
# **By hand: a network with a bend.** Two inputs, two hidden neurons, one output: a 2-2-1 network.
# The hidden neurons get an activation function, the smallest bend there is: *negative numbers
# become 0, the others stay as they are*. We write $h$ for the activation of a hidden neuron.
#
# $$h_1 = \text{bend}(x_1 + x_2), \qquad h_2 = \text{bend}(x_1 + x_2 - 1), \qquad \text{output} = h_1 - 2 h_2$$
#
# | $x_1$ | $x_2$ | $h_1$ | $h_2$ | output | without the bend |
# |---|---|---|---|---|---|
# | 0 | 0 | 0 | bend(−1) = 0 | 0 | 2 |
# | 0 | 1 | 1 | 0 | 1 | 1 |
# | 1 | 0 | 1 | 0 | 1 | 1 |
# | 1 | 1 | 2 | 1 | 0 | 0 |
#
# Check each row with a pencil, and the last column too. The bend acts in one place only, the first
# row, and that is enough: XOR is solved. (We chose these weights by hand; Goodfellow, Bengio and
# Courville use the same ones.)

# %%
hidden = np.array([[0, 0], [1, 0], [1, 0], [2, 1]])  # h1 and h2 from the table

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
for points, ax in ((xor_x, left), (hidden, right)):
    zeros, ones = points[xor_y == 0], points[xor_y == 1]
    ax.scatter(zeros[:, 0], zeros[:, 1], s=140, color=BLUE, marker="o", label="XOR is 0")
    ax.scatter(ones[:, 0], ones[:, 1], s=140, color=VERMILION, marker="s", label="XOR is 1")
    ax.set(xlim=(-0.5, 2.5), ylim=(-0.5, 1.5), aspect="equal")
right.plot([-0.5, 2.5], [-0.5, 1.0], "k--", label="output = 0.5")
right.annotate("both squares", (1, 0), xytext=(1.15, -0.3))
left.set(title="input", xlabel="$x_1$", ylabel="$x_2$")
right.set(title="after the hidden layer", xlabel="$h_1$", ylabel="$h_2$")
right.legend(loc="upper left", fontsize=10)
left.grid(alpha=0.2)
right.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* on the left no line parts the circles from the squares. The hidden layer has
# folded the plane: both squares now lie on one point, $(1, 0)$, and a line (dashed) parts them from
# the circles.
#
# **Predict.** A layer with $W$ and $b$ can turn, stretch and shift a straight grid. Can it make a
# straight line of the grid crooked? What does the bend add?

# %% [markdown]
# **My prediction:** …

# %%
widgets.layer_bends_space()

# %% [markdown]
# The points are XOR again, four clouds around the corners of a square. On the left is the plane before
# the layer, on the right the plane behind it. (ReLU, in the menu, is the name of our bend.) The dashed
# line is the best straight line *behind* the layer; on the left you see the same line as it looks
# before the layer. Three places to visit:
#
# * **without activation**: try the four layers (turn, stretch and shear, fold, flatten). What do the
#   grid lines never do?
# * **half way**: half of the bend. Drag the slider slowly from 0 to 100 %.
# * **folded**: all of it. Where have the clouds gone, and what does the dashed line look like on the
#   left?
#
# **What you should have seen.** Without the bend, lines stay straight and parallel lines stay
# parallel, whatever $W$ and $b$ are, and the best line leaves a quarter of the points on the wrong
# side. The bend folds the plane along straight creases, one per neuron. Behind the fold a straight
# line parts the clouds, and the same line, seen from before the layer, is bent. Every further layer
# folds the folded sheet again: that is one use of depth.

# %% [markdown]
# **Question: Why a network needs a bend** (10 minutes, 4 points, graded by a person)
#
# A friend has built a network of fifty layers, has left out the activation functions, and finds it no
# better than one layer. Explain to your friend why; show it with a calculation for two layers; name a
# problem that such a network cannot solve at any depth; and say what changes as soon as there is a
# bend between the layers. Your friend knows school mathematics. Write in the next cell: double-click
# it.

# %% why_a_bend [markdown]
# ### BEGIN SOLUTION
# Without activation functions every layer computes $Wx + b$. Put the first into the second:
# $W_2 (W_1 x + b_1) + b_2 = (W_2 W_1) x + (W_2 b_1 + b_2)$. That is again a matrix times $x$ plus a
# vector, so two layers are one layer; and by repeating the step, fifty layers are one layer too. The
# network can learn exactly what one layer can, for example not XOR: a function of the form
# $w_1 x_1 + w_2 x_2 + b$ always has $f(0,0) + f(1,1) = f(0,1) + f(1,0)$, and XOR would need $0 = 2$.
#
# A nonlinear function between the layers cannot be pulled through the product: $W_2 f(W_1 x + b_1)$
# is not of the form $Wx + b$. With ReLU the layer folds the plane at the lines where a neuron's
# pre-activation is 0, and each further layer folds the folded plane. So two classes that no line
# could part can come to lie on different sides of a line, as in the 2-2-1 network for XOR.
# ### END SOLUTION

# %% [markdown]
# ## 1.4 Four activation functions
#
# **Question.** Many bends would do for XOR. Which bends do people use, and for what?
#
# | name | formula | range | used for |
# |---|---|---|---|
# | **ReLU** | $\max(x, 0)$ | 0 and above | hidden layers; try it first |
# | **sigmoid** $\sigma$ | $\dfrac{1}{1 + e^{-x}}$ | between 0 and 1 | the output of a binary classifier; gates (chapter 5) |
# | **tanh** | $\dfrac{e^x - e^{-x}}{e^x + e^{-x}}$ | between −1 and 1 | hidden layers whose values should lie around 0; recurrent networks (chapter 5) |
# | **softmax** | $\dfrac{e^{x_i}}{\sum_j e^{x_j}}$ | between 0 and 1; a row adds up to 1 | the output of a multi-class classifier; attention (chapter 6) |
#
# The first three take one number and give one number. Softmax takes a whole row and belongs to the
# output layer, so it waits for section 1.6; the fourth function of this section is a relative of ReLU.
# We call a function's argument `x`, as in $f(x)$ at school, whatever is fed into it; in a network it
# is the pre-activation $z$.
#
# **Predict.** Without computing: what are ReLU, sigmoid and tanh at $x = 0$? Which of the three can be
# negative? Which of them grow without end?

# %% [markdown]
# **My prediction:** …

# %%
widgets.activation_explorer()

# %% [markdown]
# Choose each function in turn, and move $x$ from the left end to the right. Three places: **the
# sigmoid at its steepest**, **the sigmoid at 3**, and **ReLU, switched off**. (The curve of the
# slope and the bars belong to section 1.5.)
#
# **What you should have seen.** At 0 they are 0, 0.5 and 0. Only tanh can be negative. Only ReLU
# grows without end; sigmoid and tanh flatten out on both sides, which section 1.5 calls saturation.

# %% [markdown]
# ### ReLU: the rectified linear unit
#
# $$\text{ReLU}(x) = \max(x, 0)$$
#
# It is the bend of section 1.3. It costs one comparison, and where $x$ is positive it passes the
# signal on unchanged.
#
# **Exercise 1.2: ReLU** (3 minutes, easy, 2 points)
#
# Apply it to every element of an array of any shape.


# %%
def relu(x):
    """max(x, 0) for every element.

    x  array of any shape
    Returns an array of the same shape. The input is left unchanged.
    """
    ### BEGIN SOLUTION
    return np.maximum(x, 0)
    ### END SOLUTION


# %%
check(relu)

# %% [markdown]
# The layer of section 1.3, now folded by your own function:

# %%
widgets.layer_bends_space(relu)

# %% [markdown]
# ### Sigmoid: from any number to a share
#
# $$\sigma(x) = \frac{1}{1 + e^{-x}}$$
#
# **By hand.** $e^0 = 1$, so $\sigma(0) = 1/2$. At $x = \ln 3 \approx 1.0986$ we have $e^{-x} = 1/3$,
# so $\sigma(x) = 1/(1 + 1/3) = 3/4$. That is nearly the grey day of section 1.1: $z = 1.1$ gave 0.75.
# Now you: what is $\sigma(-\ln 3)$?
#
# **A trap.** A computer's $e^x$ ends early: `np.exp(710)` is already too large for a float64, NumPy's
# usual kind of number. It becomes `inf`, with a warning. The formula above computes $e^{1000}$ on its
# way to $\sigma(-1000)$. It still ends at the right 0, because `1 / inf` is 0, but it warns; in later
# formulas the same overflow ends as `nan` (not a number). There is a twin of the formula: multiply top
# and bottom by $e^x$.
#
# $$\sigma(x) = \frac{1}{1 + e^{-x}} = \frac{e^x}{1 + e^x}$$
#
# Both are right on paper. On a computer each is safe on one side of 0. Which of them is safe where?
#
# **Exercise 1.3: Sigmoid, stable** (12 minutes, medium, 3 points)
#
# Write it so that no input overflows, −1000 and 1000 included, and no warning appears. (The check
# reports a warning, but takes no points for it.) One thing to know: `np.where(condition, a, b)`
# computes *both* `a` and `b` everywhere before it chooses. Think of what you may safely compute for
# every $x$.


# %%
def sigmoid(x):
    """1 / (1 + e^-x) for every element, without overflow.

    x  array of any shape
    Returns an array of the same shape, from 0 to 1. The input is left unchanged.
    """
    ### BEGIN SOLUTION
    decay = np.exp(-np.abs(x))  # e^-|x| lies between 0 and 1 and cannot overflow
    numerator = np.where(x >= 0, 1, decay)  # for x < 0 the twin: e^x / (1 + e^x)
    return numerator / (1 + decay)
    ### END SOLUTION


# %%
check(sigmoid)

# %% [markdown]
# **What you should have seen.** The first formula is safe for $x \ge 0$, its twin for $x \le 0$:
# there no exponential is larger than 1. By hand: $\sigma(-\ln 3) = 1/4$. Together with
# $\sigma(\ln 3) = 3/4$ that is 1. So it is for every $x$, and you need to compute only half of the
# curve: $\sigma(-x) = 1 - \sigma(x)$.
#
# With your `sigmoid`, the neuron of section 1.1 is complete. Its picture, drawn by your function:

# %%
widgets.neuron(sigmoid)

# %% [markdown]
# ### Tanh: the sigmoid's sibling around 0
#
# $$\tanh(x) = \frac{e^x - e^{-x}}{e^x + e^{-x}}$$
#
# **By hand.** At $x = \ln 2$: $e^x = 2$, $e^{-x} = 1/2$, so $\tanh(x) = 1.5 / 2.5 = 0.6$. And
# $\tanh(-x) = -\tanh(x)$: swap $e^x$ and $e^{-x}$, and only the top changes its sign.
#
# Tanh is a sigmoid in disguise: squeezed to half the width, stretched to twice the height, moved down
# by 1.
#
# $$\tanh(x) = 2\,\sigma(2x) - 1$$
#
# **Exercise 1.4: Tanh from exponentials, stable** (10 minutes, medium, 3 points)
#
# Write it from exponentials (not with `np.tanh`), safe for ±1000. The trap of the sigmoid waits here
# too: for large $x$ the formula above is `inf / inf`, and that is `nan`. Which exponential can you
# divide out?


# %%
def tanh(x):
    """(e^x - e^-x) / (e^x + e^-x) for every element, without overflow.

    x  array of any shape
    Returns an array of the same shape, from -1 to 1. The input is left unchanged.
    """
    ### BEGIN SOLUTION
    decay = np.exp(-2 * np.abs(x))  # e^-2|x| lies between 0 and 1 and cannot overflow
    size = (1 - decay) / (1 + decay)  # tanh of |x|: top and bottom divided by e^|x|
    return np.sign(x) * size
    ### END SOLUTION


# %%
check(tanh)

# %% [markdown]
# **What you should have seen.** The larger one. For $x \ge 0$ divide top and bottom by $e^x$:
#
# $$\tanh(x) = \frac{1 - e^{-2x}}{1 + e^{-2x}}$$
#
# Nothing here is larger than 2. For a negative $x$ compute it at $-x$ and change the sign.

# %% [markdown]
# ### Leaky ReLU: a small slope instead of none
#
# ReLU gives 0 for every negative number, and whatever happened there is lost. Leaky ReLU lets a
# little through:
#
# $$\text{leaky}(x) = \begin{cases} x & \text{if } x > 0 \\ \text{slope} \cdot x & \text{otherwise} \end{cases}$$
#
# The slope is small, 0.01 unless somebody says otherwise. **By hand:** $-3$ becomes $-0.03$.
#
# **Exercise 1.5: Leaky ReLU** (5 minutes, easy, 2 points)
#
# A popular short cut is $\max(x, \text{slope} \cdot x)$. For which slopes is it wrong? Your function
# must be right for those too.


# %%
def leaky_relu(x, slope=0.01):
    """x where x is positive, slope * x elsewhere.

    x      array of any shape
    slope  a number, the slope on the negative side
    Returns an array of the same shape. The input is left unchanged.
    """
    ### BEGIN SOLUTION
    return np.where(x > 0, x, slope * x)
    ### END SOLUTION


# %%
check(leaky_relu)

# %% [markdown]
# The short cut fails for slopes above 1: for a negative $x$ the larger of the two is then $x$ itself.
#
# The four functions that you have written:

# %%
x = np.linspace(-5, 5, 201)
curves = {
    "ReLU": (relu(x), BLUE),
    "sigmoid": (sigmoid(x), VERMILION),
    "tanh": (tanh(x), GREEN),
    "leaky ReLU, slope 0.1": (leaky_relu(x, slope=0.1), PURPLE),
}

fig, axes = plt.subplots(2, 2, figsize=(8, 5))
for ax, (name, (y, colour)) in zip(axes.flat, curves.items(), strict=True):
    ax.plot(x, y, color=colour, lw=3)
    ax.set(title=name, xlabel="x", ylabel="f(x)")
    ax.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* the vertical axes differ. ReLU reaches 5 here and would go on, sigmoid stays
# between 0 and 1, tanh between −1 and 1. Sigmoid and tanh have the same shape at different scales.
# Leaky ReLU is drawn with the slope 0.1 instead of 0.01, so that you can see it.

# %% [markdown]
# ## 1.5 Slopes and saturation
#
# **Question.** How strongly does a neuron's output react when its input changes a little?
#
# That is the **slope**, or derivative, $f'(x)$. It decides how fast a neuron can learn: learning
# changes a weight a little and looks at what the output does (chapter 2 makes this exact). Where the
# slope is 0, no small change gets through the neuron, and nothing before it can learn through it.
#
# | function | slope | at $x = 0$ | far left | far right |
# |---|---|---|---|---|
# | ReLU | 1 if $x > 0$, otherwise 0 | 0, by agreement | 0 | 1 |
# | sigmoid | $\sigma(x)\,(1 - \sigma(x))$ | 0.25, the largest | towards 0 | towards 0 |
# | tanh | $1 - \tanh^2(x)$ | 1, the largest | towards 0 | towards 0 |
#
# The last two formulas use the function's own value: once you know the height of the curve, you
# know its slope. They follow from the rules of school. For the sigmoid write $\sigma = 1/u$ with
# $u = 1 + e^{-x}$. The slope of $u$ is $-e^{-x}$, which is $1 - u$, and that of $1/u$ is $-1/u^2$
# times the slope of $u$:
#
# $$\sigma'(x) = \frac{u - 1}{u^2} = \frac{1}{u} \cdot \Big(1 - \frac{1}{u}\Big) = \sigma(x)\,(1 - \sigma(x))$$
#
# (If you have forgotten these rules, take the formulas on trust: small steps will test them below.)
#
# **By hand.** At $x = \ln 3$ the sigmoid is $3/4$, so its slope is $3/4 \cdot 1/4 = 0.1875$. At
# $x = \ln 2$, tanh is $0.6$, so its slope is $1 - 0.36 = 0.64$.
#
# ReLU has a corner at 0, and a corner has no slope. We follow PyTorch and say 0. (The check accepts 1
# and 1/2 as well.)
#
# **Exercise 1.6: Slope of ReLU** (4 minutes, easy, 2 points)
#
# Write the first row of the table as a function. Here and in the next two exercises the argument is
# $x$, the place on the axis, and not the height $f(x)$.


# %%
def relu_grad(x):
    """The slope of ReLU at x: 1 where x is positive, 0 elsewhere.

    x  array of any shape
    Returns an array of the same shape. The input is left unchanged.
    """
    ### BEGIN SOLUTION
    return np.where(x > 0, 1.0, 0.0)
    ### END SOLUTION


# %%
check(relu_grad)

# %% [markdown]
# **Exercise 1.7: Slope of the sigmoid** (7 minutes, medium, 3 points)
#
# The second row of the table. Its formula needs the height twice; call your own `sigmoid` once.


# %%
def sigmoid_grad(x):
    """The slope of the sigmoid at x: s (1 - s) with s = sigmoid(x).

    x  array of any shape
    Returns an array of the same shape. The input is left unchanged.
    """
    ### BEGIN SOLUTION
    s = sigmoid(x)
    return s * (1 - s)
    ### END SOLUTION


# %%
check(sigmoid_grad)

# %% [markdown]
# **Exercise 1.8: Slope of tanh** (4 minutes, easy, 2 points)
#
# The same with your own `tanh`.


# %%
def tanh_grad(x):
    """The slope of tanh at x: 1 - t² with t = tanh(x).

    x  array of any shape
    Returns an array of the same shape. The input is left unchanged.
    """
    ### BEGIN SOLUTION
    t = tanh(x)
    return 1 - t**2
    ### END SOLUTION


# %%
check(tanh_grad)

# %% [markdown]
# **A test that needs no teacher.** A slope is rise over run. So take a small step to both sides and
# divide. This works wherever the curve has no corner, and you will use it to find errors for the rest
# of the course.


# %%
def slope_by_steps(function, x, step=1e-6):
    """The slope of a function at x, from two nearby values."""
    return (function(x + step) - function(x - step)) / (2 * step)


x = np.array([-2.0, -0.5, 0.3, np.log(2), np.log(3)])
for function, slope in ((relu, relu_grad), (sigmoid, sigmoid_grad), (tanh, tanh_grad)):
    print(f"{function.__name__:8} your slope {slope(x).round(4)}")
    print(f"         by steps   {slope_by_steps(function, x).round(4)}")

# %% [markdown]
# **What you should have seen.** Your slopes and the ones by small steps agree to four digits. In the
# last two columns, $\ln 2$ and $\ln 3$, stand the slopes that you computed by hand.
#
# ### Saturation
#
# Far from 0 the sigmoid is flat: it is **saturated**. Now let several neurons stand in a row, the
# output of each being the input of the next. If the first passes on half of a change, and the
# second half of what arrives, a quarter is left: slopes multiply. (That is the chain rule, on which
# chapter 2 is built. The weights between the neurons multiply, too; here we take them as 1.) If ten
# neurons in a row all have the same slope, the row passes on the tenth power of it.
#
# **Predict.** At $x = 3$, how much of a small change passes through one sigmoid: half, a tenth, or a
# twentieth? And through ten of them in a row? Guess the power of ten.

# %% [markdown]
# **My prediction:** …

# %%
widgets.activation_explorer(sigmoid, sigmoid_grad)

# %% [markdown]
# The picture now shows your sigmoid and your slope, with the reference as a dashed line behind. The
# bars below are the powers of the slope: what is left after one layer, two layers, up to ten. Visit
# **the sigmoid at its steepest**, **the sigmoid at 3** and **ReLU, switched off** again, and read the
# bars this time. Then the numbers, by your functions:

# %%
for x in (0.0, 3.0):
    one = sigmoid_grad(x)
    print(f"sigmoid at x = {x}: slope {one:.4f}, ten in a row {one**10:.1e}")

# %% [markdown]
# **What you should have seen.** At $x = 3$ one sigmoid passes 0.0452 of a change, less than a
# twentieth. Ten in a row pass 3.5e-14: nothing. Even at its best place, $x = 0$, ten in a row pass
# only 9.5e-07, because the sigmoid's slope is never above 0.25.
#
# ReLU is all or nothing: its slope is 1 or 0. Where it is 1, a hundred in a row pass everything.
# Where it is 0, the neuron is silent for this input; a neuron that is silent for *every* input is
# called **dead**, because with slope 0 nothing tells its weights how to come back. Leaky ReLU is one
# remedy.

# %% [markdown]
# ## 1.6 The output layer: softmax
#
# **Question.** The last layer gives a row of numbers. How do they become an answer?
#
# The pre-activations of the last layer are called **logits**. What follows depends on the task:
#
# | task | output neurons | activation of the output | reads as |
# |---|---|---|---|
# | binary: spam or not? | 1 | sigmoid | the probability of *yes* |
# | multi-class: which of ten digits? | one per class | softmax | one probability per class, together 1 |
# | regression: how warm tomorrow? | one per number | none (identity) | the number itself |
# | several labels at once: what is in this picture? | one per label | sigmoid for each | one probability per label, independent |
#
# For several classes we want shares that are positive and add up to 1. Two steps do it: $e^{x}$ makes
# every number positive, and dividing by the sum makes the sum 1.
#
# $$\text{softmax}(x)_i = \frac{e^{x_i}}{\sum_j e^{x_j}}$$
#
# **By hand.** Three classes, with the logits $x = (0, \ln 2, \ln 5)$:
#
# | step | class 1 | class 2 | class 3 | sum |
# |---|---|---|---|---|
# | logit $x_i$ | 0 | $\ln 2$ | $\ln 5$ | |
# | $e^{x_i}$ | 1 | 2 | 5 | 8 |
# | quotient | 0.125 | 0.25 | 0.625 | 1 |
#
# Now add 7 to all three logits. Each exponential is multiplied by $e^7$, the sum too, and the
# quotients stay. **Softmax looks only at differences between logits.** This small fact is the key to
# the next exercise.
#
# **Predict.** Divide all logits by a number $T$, the **temperature**, before the softmax. What
# happens to the shares when $T$ is very small, and when it is very large?

# %% [markdown]
# **My prediction:** …

# %%
widgets.softmax_steps()

# %% [markdown]
# Four classes; each column is one step, from the logits (called z here) to the shares. Three places
# to visit:
#
# * **a close race**: two logits are nearly equal, and so are their shares.
# * **cold: the winner takes all**: the same logits at a small temperature.
# * **too large for a float**: 1000 is added to every logit, and the maximum is not subtracted. Switch
#   the subtraction on.
#
# The sentence under the picture also gives the **entropy** $-\sum_i p_i \ln p_i$ of the shares $p$. It says how
# evenly they are spread: 0 when one class has everything, $\ln 4 \approx 1.386$ when all four have the same. Its
# unit is called nat.
#
# **What you should have seen.** Small $T$: the largest logit takes everything. That is the hard choice
# of the maximum (argmax); softmax is its soft version, hence the name. Large $T$: all classes get the
# same share. Adding a constant changes no share, until it breaks the arithmetic: $e^{1000}$ is `inf`,
# and `inf / inf` is `nan`.

# %% [markdown]
# **Exercise 1.9: Softmax along any axis, stable** (15 minutes, medium, 4 points)
#
# Subtract something that makes every exponential safe. `axis` says along which axis the results add up
# to 1: for logits of shape $(N, C)$, with $N$ examples and $C$ classes, that is the last one,
# `axis=-1`, one distribution per row. Your function must work for any axis of any array;
# `keepdims=True` keeps the shapes compatible.


# %%
def softmax(x, axis=-1):
    """e^x divided by its sum along axis, without overflow.

    x     array of any shape
    axis  the axis along which the results add up to 1
    Returns an array of the same shape. The input is left unchanged.
    """
    ### BEGIN SOLUTION
    # Afterwards the largest is 0, so nothing overflows, and the quotients stay the same.
    shifted = x - np.max(x, axis=axis, keepdims=True)
    exponentials = np.exp(shifted)
    return exponentials / np.sum(exponentials, axis=axis, keepdims=True)
    ### END SOLUTION


# %%
check(softmax)

# %%
print(softmax(np.log([1.0, 2.0, 5.0])))
print(softmax(np.array([1000.0, 1001.0, 1002.0])).round(4))
print(softmax(np.array([1.1, 0.0]))[0], sigmoid(1.1))

# %% [markdown]
# **What you should have seen.** The first line is the one by hand. The second would be `nan` without
# the subtraction; it is 0.0900, 0.2447 and 0.6652, the same as for the logits 0, 1, 2. The third line
# holds the same number twice: **softmax over the two logits $(z, 0)$ is the sigmoid of $z$.** That is
# why a binary task needs one output neuron and not two: the second one could stay at 0 for ever.
#
# The steps again, now with your function beside the reference:

# %%
widgets.softmax_steps(softmax)

# %% [markdown]
# ### The logarithm of the softmax
#
# Training looks at $\ln$ of the probability of the right class (chapter 2). What is
# $\ln(\text{softmax}(x))$ for the logits $(1000, 0)$? The second probability is about $e^{-1000}$. A
# float64 stores that as 0, and $\ln 0$ is $-\infty$. But the true answer is the harmless number
# $-1000$. So we take the logarithm *on paper* first, and no quotient remains:
#
# $$\ln \frac{e^{x_i}}{\sum_j e^{x_j}} = x_i - \ln \sum_j e^{x_j}$$
#
# **By hand.** For the logits $(0, \ln 2, \ln 5)$ from above the sum is 8, and $\ln 8 \approx 2.0794$.
# Class 1 gets $0 - 2.0794$, and indeed $\ln 0.125 \approx -2.0794$.
#
# **Exercise 1.10: Log-softmax, stable** (15 minutes, hard, 4 points)
#
# The sum of exponentials can overflow here as well. The subtraction from exercise 1.9 helps: do it
# first.


# %%
def log_softmax(x, axis=-1):
    """The natural logarithm of softmax(x, axis), finite where the softmax rounds to 0.

    x     array of any shape
    axis  the axis along which the softmax adds up to 1
    Returns an array of the same shape, no value above 0. The input is left unchanged.
    """
    ### BEGIN SOLUTION
    shifted = x - np.max(x, axis=axis, keepdims=True)
    log_of_sum = np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))
    return shifted - log_of_sum
    ### END SOLUTION


# %%
check(log_softmax)

# %%
print(log_softmax(np.array([1000.0, 0.0])))

# %% [markdown]
# **What you should have seen.** 0 and −1000, both finite. For the first class: its probability is 1
# up to rounding, and $\ln 1 = 0$.

# %% [markdown]
# ## 1.7 A whole network
#
# **Question.** How do the pieces make a network, and how many numbers does it have to learn?
#
# You have all the pieces. A network is a list of layers. After every layer but the last comes the
# hidden activation function; after the last one comes the output's. Let $h^{(0)} = x$ be one example,
# and $L$ the number of layers. (The input layer does not count.)
#
# $$h^{(l)} = f\big(W^{(l)} h^{(l-1)} + b^{(l)}\big) \quad \text{for } l = 1, \dots, L - 1$$
#
# $$\hat{y} = g\big(W^{(L)} h^{(L-1)} + b^{(L)}\big)$$
#
# The raised $(l)$ counts layers; it is not a power. $f$ is the hidden activation, $g$ the output's,
# and $\hat y$ (say "y hat") is the network's answer. Computing it from left to right is the **forward
# pass**. Such a network, in which every neuron is connected to all neurons of the layer before, is
# called **fully connected**, or a **multi-layer perceptron** (MLP).
#
# **By hand: parameters.** A network with 64 inputs, one hidden layer of 32 neurons and 10 outputs has
# $64 \cdot 32 + 32 = 2080$ parameters in the first layer and $32 \cdot 10 + 10 = 330$ in the second,
# together 2410.
#
# **Predict.** A network for pictures of 28 × 28 pixels has 784 inputs, two hidden layers of 128
# neurons and 10 outputs. How many parameters: about a thousand, a hundred thousand, or a million? In
# which layer are most of them?

# %% [markdown]
# **My prediction:** …

# %%
widgets.network_builder()

# %% [markdown]
# Three places to visit:
#
# * **logistic regression**: no hidden layer, one output. It is the single neuron of section 1.1, with
#   a sigmoid.
# * **solves XOR**: the 2-2-1 network of section 1.3. How many parameters did we choose by hand?
# * **reads digits**: 784 inputs, two hidden layers of 128, 10 outputs: the network of your
#   prediction.
#
# **What you should have seen.** The network for XOR has 9 parameters. The one for pictures of 28 × 28
# pixels has 118,282 parameters, and 100,480 of them sit between the input and the first hidden layer.
# A layer has about as many parameters as the product of its inputs and its neurons, so wide layers
# next to each other make a network large. The second hidden layer makes the network deep, and here
# costs only 16,512 of them.

# %% [markdown]
# **Exercise 1.11: A whole network, forwards** (25 minutes, hard, 5 points)
#
# Use what you have written: `linear`, the three activations, `softmax`. `layers` is a list of pairs
# `(weight, bias)`, first layer first; it can hold one pair only. Follow the shapes: $(N, D)$ goes in,
# $(N, C)$ comes out.


# %%
def mlp_forward(x, layers, hidden, output):
    """The answers of a network for a batch of examples.

    x       (N, D)  one example per row
    layers  list of (weight, bias), first layer first;
            weight (D_out, D_in), bias (D_out,)
    hidden  "relu", "sigmoid" or "tanh": the activation after every layer but the last
    output  the activation after the last layer: "identity", "sigmoid" (two classes)
            or "softmax" (several classes)
    Returns (N, C), where C is the size of the last layer. Inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    hidden_activations = {"relu": relu, "sigmoid": sigmoid, "tanh": tanh}
    activation = hidden_activations[hidden]

    for weight, bias in layers[:-1]:
        x = activation(linear(x, weight, bias))  # (N, size of this layer)

    weight, bias = layers[-1]
    logits = linear(x, weight, bias)  # (N, C)

    if output == "sigmoid":
        return sigmoid(logits)
    if output == "softmax":
        return softmax(logits, axis=-1)  # one distribution per example
    return logits
    ### END SOLUTION


# %%
check(mlp_forward)

# %% [markdown]
# ### XOR, solved by your network
#
# The 2-2-1 network of section 1.3, with the weights that we chose by hand, in your code:

# %%
xor_layers = [
    (np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([0.0, -1.0])),  # h1 and h2
    (np.array([[1.0, -2.0]]), np.array([0.0])),  # h1 - 2 h2
]
answers = mlp_forward(xor_x, xor_layers, hidden="relu", output="identity")
print("with ReLU:    ", answers.ravel())

first, second = xor_layers
print("without bend: ", linear(linear(xor_x, *first), *second).ravel())

# %% [markdown]
# **What you should have seen.** With ReLU we get 0, 1, 1, 0: that is XOR. Without the bend we get 2,
# 1, 1, 0, the last column of the table in section 1.3.
#
# **Were we lucky with these weights?** Let us take the hidden weights *at random*, a thousand times,
# and look for the best output layer as in section 1.3. (The cell uses your `linear` and `relu`.)
#
# **Predict.** Of a thousand random hidden layers of 8 neurons, how many allow XOR without a bend? And
# with ReLU?

# %% [markdown]
# **My prediction:** …


# %%
def no_activation(z):
    """z itself: a neuron without a bend."""
    return z


def share_that_solves_xor(width, activation, rng, tries=1000):
    """The share of random hidden layers on which an output layer can give XOR, within 0.01."""
    solved = 0
    for _ in range(tries):
        weight, bias = rng.normal(size=(width, 2)), rng.normal(size=width)
        hidden = activation(linear(xor_x, weight, bias))  # (4, width)
        columns = np.column_stack([hidden, np.ones(4)])
        best = np.linalg.lstsq(columns, xor_y, rcond=None)[0]
        solved += np.allclose(columns @ best, xor_y, atol=0.01)
    return solved / tries


for width in (2, 4, 8):
    without_bend = share_that_solves_xor(width, no_activation, np.random.default_rng(0))
    with_relu = share_that_solves_xor(width, relu, np.random.default_rng(0))
    print(f"{width} neurons: without a bend {without_bend:.1%}, with ReLU {with_relu:.1%}")

# %% [markdown]
# **What you should have seen.** Without a bend: none of the thousand, at any width. With ReLU 0.7% of
# the random layers do it at width 2, 66.4% at width 4 and 98.2% at width 8. More bent neurons give
# the output layer more to choose from; more unbent ones give it nothing. (Four points are few: from
# three well-placed bends on, an output layer can meet any four wanted values. So this shows what is
# possible, not that a network has understood XOR.)
#
# **Is one hidden layer enough?** On paper, yes: with enough neurons, one hidden layer comes as close
# as you like to every continuous function on a closed, bounded region; the bend may be any of ours
# (Cybenko 1989; Leshno and others 1993). But the theorem says neither how many neurons that takes nor
# how to find their weights. Deep networks often get there with fewer, because each layer folds what
# the layers before have folded.
#
# The network builder again, now computed by your `mlp_forward`:

# %%
widgets.network_builder(mlp_forward)

# %% [markdown]
# ## 1.8 A signal through many layers
#
# **Question.** Fifty layers can fold more often than two. Why were deep networks so hard to train for
# so long?
#
# Before a network learns, its weights are random numbers, drawn with mean 0 and some standard
# deviation $s$, the **initial scale**. If all weights were equal, all neurons of a layer would
# compute the same and stay the same for ever; chance makes them different. But how large should $s$
# be?
#
# Take 20 layers of 512 neurons with ReLU and without biases, and send 100 random inputs through them.
# We watch the **spread** of each layer: the standard deviation of all its activations. The inputs
# have spread 1.
#
# **Predict.** The spread after 20 layers, for four initial scales $s$. Write a power of ten into each
# row of the table (double-click it); a wild guess is fine.

# %% [markdown]
# | $s$ | my prediction |
# |---|---|
# | 0.01 | … |
# | $1/\sqrt{512} \approx 0.0442$ | … |
# | $\sqrt{2/512} = 0.0625$ | … |
# | 1 | … |

# %%
widgets.signal_through_depth()

# %% [markdown]
# (To be quick, the widget sends 16 inputs; the experiment below sends all 100.) Three places to
# visit:
#
# * **it dies**: ReLU with $s = 0.01$. Move the depth from 1 to 50. Networks usually compute in
#   float32, with numbers of half the length; two level lines mark how large and how small they can
#   be (at full precision). From which layer on does the spread lie below the lower one?
# * **it lives**: ReLU with $s = \sqrt{2/n}$, where $n = 512$ is the number of neurons in a layer.
# * **loud, but deaf**: a sigmoid with $s = 1/\sqrt n$. The spread stays near 0.12, and yet the signal
#   is gone. Look at the dashed line, which says how much of the spread is a difference *between
#   inputs*: about 2e-13 after 20 layers. What is the same for every input tells nothing about the
#   input. (A sigmoid passes on at most a quarter of a difference: section 1.5.)

# %% [markdown]
# ### Why: one layer on paper
#
# Let $n$ be the number of inputs of a neuron, $w$ one of its weights and $h$ one of its inputs. Its
# pre-activation $z$ is a sum of $n$ products $w \cdot h$. The weights are independent with mean 0, so
# in $z^2$ the mixed products cancel on average and the $n$ squares add up. The mean of $w^2$ is $s^2$,
# hence
#
# $$\text{mean}(z^2) = n\, s^2 \cdot \text{mean}(h^2)$$
#
# The $z$ are as often negative as positive. ReLU sets the negative half to 0, and with it half of the
# squares:
#
# $$\text{mean}\big(\text{ReLU}(z)^2\big) = \frac{n\, s^2}{2} \cdot \text{mean}(h^2)$$
#
# So every layer multiplies the typical size (the square root) by the same factor, $s \sqrt{n/2}$. For
# $n = 512$ that is $16\,s$.
#
# **By hand.** The factor, and its twentieth power:
#
# | $s$ | factor $16\,s$ | factor$^{20}$ |
# |---|---|---|
# | 0.01 | 0.16 | 1.2e-16 |
# | $1/\sqrt{512}$ | 0.7071 | 9.8e-04 |
# | $\sqrt{2/512}$ | 1 | 1 |
# | 1 | 16 | 1.2e+24 |
#
# With a factor a little below 1 the signal dies, with one a little above 1 it explodes, and depth is
# the exponent. Only $n s^2 / 2 = 1$ keeps the signal:
#
# $$s^2 = \frac{2}{n}$$
#
# This is the **Kaiming** or **He initialisation**: both are the name of one person, Kaiming He (He
# and others, 2015). The 2 makes up for what ReLU takes away. Tanh takes nothing away near 0, where
# it is nearly the straight line $x$: for tanh you start with the variance $1/n$. $n$ is called
# **fan-in**, the number of inputs of each neuron; the number of neurons in the layer is its
# **fan-out**.
#
# **Exercise 1.12: Kaiming initialisation** (8 minutes, medium, 3 points)
#
# Draw a matrix of normally distributed numbers with mean 0 and *variance* $2 / \text{fan-in}$.
# NumPy's `rng.normal` wants the standard deviation. Which of the two lengths comes first in the
# shape? Section 1.2 has the answer. Randomness comes only from the given `rng`, so that the same seed
# gives the same network.


# %%
def kaiming_init(fan_in, fan_out, rng):
    """A random weight matrix with mean 0 and variance 2 / fan_in, for a ReLU layer.

    fan_in   number of inputs of each neuron
    fan_out  number of neurons
    rng      a numpy.random.Generator, the only source of chance
    Returns (fan_out, fan_in).
    """
    ### BEGIN SOLUTION
    std = np.sqrt(2 / fan_in)
    return rng.normal(0, std, size=(fan_out, fan_in))
    ### END SOLUTION


# %%
check(kaiming_init)

# %% [markdown]
# Its check is of another kind: two draws are never equal, so it looks at the shape, the mean and the
# variance of what you draw, and at whether the neurons differ.
#
# ### The experiment
#
# It uses your `linear`, `relu` and `kaiming_init`, and it draws five million weights for each line,
# which takes a few seconds.


# %%
def draw_layers(scale, depth, width, rng):
    """Random weights (width, width) for each layer, with this standard deviation."""
    return [rng.normal(0, scale, size=(width, width)) for _ in range(depth)]


def spreads_through_layers(x, weights, activation):
    """The standard deviation of the activations after each layer; no biases."""
    spreads = []
    h = x
    for weight in weights:
        h = activation(linear(h, weight, np.zeros(len(weight))))
        spreads.append(h.std())
    return spreads


x = np.random.default_rng(1).normal(size=(100, 512))

spreads = {}
for name, scale in (("0.01", 0.01), ("1/√n", np.sqrt(1 / 512)), ("1", 1.0)):
    weights = draw_layers(scale, 20, 512, np.random.default_rng(0))
    spreads[name] = spreads_through_layers(x, weights, relu)

rng = np.random.default_rng(0)
he_layers = [kaiming_init(512, 512, rng) for _ in range(20)]
spreads["your kaiming_init"] = spreads_through_layers(x, he_layers, relu)

for name, values in spreads.items():
    print(f"{name:18} after layer 1: {values[0]:8.4f}   after layer 20: {values[-1]:.1e}")

fig, ax = plt.subplots(figsize=(8, 4.5))
styles = {
    "1": (VERMILION, "s"),
    "your kaiming_init": (GREEN, "o"),
    "1/√n": (PURPLE, "^"),
    "0.01": (BLUE, "v"),
}
for name, (colour, marker) in styles.items():
    ax.semilogy(range(1, 21), spreads[name], color=colour, marker=marker)
    label = f"s = {name}" if name != "your kaiming_init" else name
    ax.text(20.6, spreads[name][-1], label, color=colour, va="center")
ax.set(xlabel="layer", ylabel="spread of the activations (log scale)")
ax.set(xticks=[1, 5, 10, 15, 20], xlim=(0, 27))
ax.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* four straight lines on a logarithmic axis. Each layer multiplies by its own
# constant factor, and only one of the four factors is 1.
#
# **What you should have seen.** After 20 layers the spread is 8.2e-17 for $s = 0.01$, 6.6e-04 for
# $1/\sqrt n$, 0.68 for your `kaiming_init`, and 8.2e+23 for $s = 1$: forty powers of ten apart, from
# the choice of one number. The factors are those that we computed by hand. (All four values are 0.68
# times those of the table: a factor of about 0.83, because the spread leaves out the mean, which is
# not 0 after ReLU; and the luck of these 20 random matrices.)
#
# With $s = 1$ there is a limit: the largest float32 is 3.4e+38. $16^{32} = 2^{128}$ is just beyond it,
# so at layer 32 the first numbers become `inf`. With $s = 0.01$ it is the other end: in the widget
# the spread lies below the lower line from layer 48 on.
#
# Your own initialisation in the widget, up to 50 layers:

# %%
widgets.signal_through_depth(kaiming_init)

# %% [markdown]
# ### The way back, on real data
#
# The signal has to survive in the other direction, too. Learning needs one number that says how wrong
# the output is, the **loss**, and it needs to know how the loss reacts to a small change of each $z$.
# These reactions are the **gradient**. The gradient starts at the output and travels backwards, layer
# by layer, and in each layer it meets the slopes of section 1.5.
#
# Chapter 2 derives the way back; here it is as code, so that you can watch it on the digits. For
# softmax outputs and their usual loss (cross-entropy), the gradient at the logits is `p - y`: the
# probabilities that the network gave, minus the right answer. To go one layer back, multiply by the
# weights (the same connections, in the other direction) and by the slope at the pre-activation.
# After each layer we note the typical size of the gradient: the square root of the mean square. The
# cell uses your `linear`, `softmax`, `sigmoid` and `relu`, and the slopes of the last two.
#
# **Predict.** Sigmoid networks with 2, 6 and 10 hidden layers of 64 neurons, freshly drawn with
# variance $1/n$. By which factor is the gradient in the *first* hidden layer smaller than in the
# *last*? The largest slope of a sigmoid is 0.25: use it.

# %% [markdown]
# **My prediction:** …


# %%
def gradient_sizes(x, y, weights, activation, activation_grad):
    """The typical size of the gradient at each hidden layer, first layer first.

    x (N, D) are the inputs; y (N, C) is 1 at the right class and 0 elsewhere.
    """
    # forward: keep every pre-activation
    h, pre_activations = x, []
    for weight in weights[:-1]:
        z = linear(h, weight, np.zeros(len(weight)))
        pre_activations.append(z)
        h = activation(z)
    p = softmax(linear(h, weights[-1], np.zeros(len(weights[-1]))))  # (N, C)

    # backward: from the logits to the first hidden layer
    grad = p - y  # (N, C)
    sizes = []
    for weight, z in zip(reversed(weights[1:]), reversed(pre_activations), strict=True):
        grad = (grad @ weight) * activation_grad(z)  # (N, size of this layer)
        sizes.append(np.sqrt(np.mean(grad**2)))
    return sizes[::-1]


def draw_network(depth, variance_times_n, rng):
    """Weights for the digits: 64 inputs, `depth` hidden layers of 64, 10 outputs."""
    std = np.sqrt(variance_times_n / 64)
    weights = []
    for fan_out in [64] * depth + [10]:
        weights.append(rng.normal(0, std, size=(fan_out, 64)))
    return weights


right_class = np.eye(10)[digits.target]  # (1797, 10): 1 at the right class, 0 elsewhere

for depth in (2, 6, 10):
    weights = draw_network(depth, 1, np.random.default_rng(0))
    sizes = gradient_sizes(pixels, right_class, weights, sigmoid, sigmoid_grad)
    ratio = sizes[0] / sizes[-1]
    print(f"sigmoid, {depth:2} hidden layers: first / last = {ratio:.2g}")

weights = draw_network(10, 2, np.random.default_rng(0))
sizes = gradient_sizes(pixels, right_class, weights, relu, relu_grad)
print(f"ReLU with He, 10 hidden layers: first / last = {sizes[0] / sizes[-1]:.2f}")

# %% [markdown]
# **What you should have seen.** The ratio is 0.24 with 2 hidden layers, 6.6e-04 with 6 and 2.1e-06
# with 10. With ReLU and He's variance it is 1.34: the gradient arrives. Ten hidden layers are nine
# steps back, and $0.25^9$ is 3.8e-06: the estimate by the largest slope alone comes close.

# %%
weights = draw_network(10, 2, np.random.default_rng(0))
relu_sizes = gradient_sizes(pixels, right_class, weights, relu, relu_grad)

weights = draw_network(10, 1, np.random.default_rng(0))
sigmoid_sizes = gradient_sizes(pixels, right_class, weights, sigmoid, sigmoid_grad)

fig, ax = plt.subplots(figsize=(8, 4.5))
ax.semilogy(range(1, 11), relu_sizes, color=GREEN, marker="o")
ax.semilogy(range(1, 11), sigmoid_sizes, color=VERMILION, marker="s")
ax.text(4, 0.4, "ReLU, variance 2/n", color=GREEN)
ax.text(5.3, 1e-5, "sigmoid, variance 1/n", color=VERMILION)
ax.set(xlabel="hidden layer (1 sees the pixels)")
ax.set(ylabel="typical size of the gradient (log scale)")
ax.set(xticks=range(1, 11), ylim=(1e-8, 5))
ax.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* read this picture from right to left, as the gradient travels. The ReLU line stays
# level. The sigmoid line falls by the same factor at each step. No single layer kills the gradient:
# each takes a little, and depth is the exponent. The first layers suffer most. They stay nearly as
# random as they were drawn, while the last layers have to learn from what these hand on. This is the
# **vanishing gradient**, and it is one reason why deep networks waited for ReLU and for better initial
# scales. Larger steps of learning are no way out: steps large enough for layer 1 would be far too
# large for the last layer.

# %% [markdown]
# **Question: Where the signal died** (12 minutes, 4 points, graded by a person)
#
# Explain the figure with the four lines to somebody who has not read this section. Which lines die,
# which one explodes, which one lives, and why are all of them straight? Where does the factor of each
# layer come from? For which variance is it 1, and which value in your own run confirms that? And what
# would become of learning in the dead network and in the exploding one?

# %% where_the_signal_died [markdown]
# ### BEGIN SOLUTION
# The axis is logarithmic, so a straight line means: every layer multiplies by the same factor. The
# line for $s = 0.01$ falls by sixteen powers of ten in 20 layers, it dies. The line for $1/\sqrt n$
# dies too, only more slowly. The line for $s = 1$ rises by 24 powers of ten, it explodes. The line
# for `kaiming_init` stays level.
#
# A neuron adds $n$ products of a weight and an input (here $n$ = fan-in = 512). The weights are
# independent with mean 0, so the mean squares add up: the mean of $z^2$ is $n$ times the variance of
# the weights times the mean of $h^2$. ReLU sets the negative half to 0 and keeps half of the mean
# square. So one layer multiplies the mean square by $n \cdot \text{variance} / 2$, and the spread by
# the root of that: 0.16 for $s = 0.01$, and 16 for $s = 1$. Depth is the exponent.
#
# The factor is 1 when the variance is $2 / n$. My run confirms it: with `kaiming_init` the spread is
# 0.82 after the first layer and still 0.68 after the twentieth, but with $s = 0.01$ it is 8.2e-17,
# which is about $0.16^{20}$.
#
# In the dead network the output is next to 0 for every input; a small change of a weight changes next
# to nothing at the output, so there is nothing to learn from. In the exploding one the numbers are so
# large that a softmax says 1 for one class and 0 for the others without any reason, and with more
# layers they overflow to `inf` and then `nan`; every step of learning would be far too large.
# ### END SOLUTION

# %% [markdown]
# ## 1.9 What you take along
#
# In one breath: a neuron weighs, adds and bends; a layer is many neurons as one matrix product;
# without the bend all layers are one; slopes multiply through depth, so the start must keep each
# factor near 1; the output layer is chosen by the task.
#
# | if you see | think of |
# |---|---|
# | a deep network that is no better than one layer | an activation function that is missing |
# | `nan` after a softmax | $e^x$ without subtracting the maximum |
# | rows of probabilities that do not add up to 1 | the wrong `axis` |
# | `-inf` in a loss | the logarithm of a rounded softmax; use `log_softmax` |
# | a shape error in `x @ weight` | the layout (out, in): transpose |
# | all neurons of a layer alike | weights that started equal |
# | early layers that do not learn | saturated sigmoids: slopes that multiply to nothing |
# | activations that grow from layer to layer | the initial scale: variance $2/n$ for ReLU, $1/n$ for tanh |
# | a ReLU neuron that is always 0 | a dead neuron: leaky ReLU, or a gentler start |
#
# ### Where you meet this
#
# | task | output layer | hidden activations you will meet |
# |---|---|---|
# | spam filter, sentiment of a review (binary) | 1 neuron, sigmoid | ReLU |
# | handwritten digits, image classification (multi-class) | one neuron per class, softmax | ReLU, in convolutional networks (chapter 4) |
# | object detection | per box: softmax or sigmoids for the class, identity for the four coordinates | ReLU and its leaky relative (chapter 4) |
# | temperature, time series (regression) | one neuron per number, identity | tanh and sigmoid, in the gates of an LSTM (chapter 5) |
# | the next word of a text | one neuron per word of the vocabulary, softmax | GELU in BERT and GPT-2, a smooth relative of ReLU (chapter 6) |
#
# ### Conventions in force
#
# * **Weights are (out, in)**, one neuron per row, as PyTorch's `nn.Linear` stores them. Many books
#   write $x W$ with (in, out) instead.
# * **ReLU's slope at 0 is 0**, as in PyTorch. Leaky ReLU's slope at 0 is the negative side's.
# * **$\ln$ is the natural logarithm**, `np.log`. Chapter 2 measures losses with it.
# * **Softmax works along the last axis** unless told otherwise: one distribution per row.
# * **Derivatives are functions of $x$**, the place, and not of the height that is already computed.
#   Libraries often keep the height, because it saves work.
# * **`kaiming_init` is normal with variance 2/fan-in**, as PyTorch's `kaiming_normal_` for ReLU. A
#   fresh `nn.Linear` starts smaller: its weights are uniform with variance 1/(3 fan-in).
# * **float64** throughout. Deep-learning libraries use float32 and less, which overflows earlier.
#
# ### New words
#
# | word | meaning |
# |---|---|
# | feature | one measured number of an example |
# | neuron, unit | weighted sum of its inputs plus bias, then an activation function |
# | weight, bias; parameter | the numbers of a neuron; what is learned |
# | pre-activation $z$, activation $a$ or $h$ | before and after the activation function |
# | input, hidden, output layer | holds the features; works in between; gives the answer |
# | shallow, deep | one hidden layer; several |
# | batch | several examples, one per row |
# | logits | pre-activations of the output layer |
# | saturated | so far from 0 that the slope is nearly 0 |
# | dead neuron | a ReLU that is 0 for every input |
# | temperature | what the logits are divided by before a softmax |
# | fully connected network, MLP | every neuron is connected to all neurons of the layer before |
# | forward pass | computing the answer from the input |
# | loss | one number that says how wrong the output is (chapter 2) |
# | gradient | how the loss reacts to a small change, for each number |
# | vanishing gradient | a gradient that every layer makes smaller on its way back |
# | fan-in, fan-out | number of inputs of a neuron; number of neurons in its layer |
# | initial scale | standard deviation of the weights before training |
#
# ### Sources
#
# * F. Rosenblatt, "The perceptron", *Psychological Review* 65, 1958: the neuron with weights that
#   learn.
# * M. Minsky and S. Papert, *Perceptrons*, MIT Press 1969: what one layer cannot do, XOR among it.
# * I. Goodfellow, Y. Bengio and A. Courville, *Deep Learning*, MIT Press 2016, chapter 6:
#   feed-forward networks; section 6.1 solves XOR with the weights of our section 1.3. Free to read at
#   deeplearningbook.org.
# * G. Cybenko, "Approximation by superpositions of a sigmoidal function", 1989; M. Leshno, V. Lin, A.
#   Pinkus and S. Schocken, "Multilayer feedforward networks with a nonpolynomial activation function
#   can approximate any function", *Neural Networks* 6, 1993.
# * V. Nair and G. Hinton, "Rectified linear units improve restricted Boltzmann machines", ICML 2010.
# * A. Maas, A. Hannun and A. Ng, "Rectifier nonlinearities improve neural network acoustic models",
#   2013: leaky ReLU.
# * J. Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990: the
#   name softmax.
# * P. Blanchard, D. Higham and N. Higham, "Accurately computing the log-sum-exp and softmax
#   functions", *IMA Journal of Numerical Analysis*, 2021.
# * Y. LeCun, L. Bottou, G. Orr and K.-R. Müller, "Efficient BackProp", 1998: tanh, and the variance
#   $1/n$.
# * X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural
#   networks", AISTATS 2010: why deep sigmoid networks did not train.
# * K. He, X. Zhang, S. Ren and J. Sun, "Delving deep into rectifiers", ICCV 2015: the variance $2/n$
#   for ReLU.
# * Digits: E. Alpaydin and C. Kaynak, *Optical recognition of handwritten digits*, UCI Machine
#   Learning Repository, 1998; shipped with scikit-learn.
#
# ### Your map

# %%
progress()

# %% [markdown]
# **Next.** You can now compute any fully connected network, forwards. Chapter 2, backpropagation,
# finds out how each of its numbers has to change so that the answer gets better. You have already seen
# the way back once, in section 1.8.
