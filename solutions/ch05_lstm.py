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
# # Chapter 5: Recurrent networks and the LSTM
#
# "Dog bites man" and "man bites dog" are made of the same words. The networks of the chapters before
# see all their inputs at once and have no notion of before and after. In this chapter a network reads
# one thing after the other and keeps a memory. You build that memory, find out why it fades after a
# few steps, repair it, and train it: to remember a bit for fifty steps, to invent names, to forecast
# the sun. At the end a network that others have trained pronounces English words, run by your code.
#
# **What you need.** Chapters 1 and 2: layers, the chain rule, gradients of a layer; from chapter 3 the
# training loop. Chapter 9's optimiser, Adam, is used ready-made.
#
# | section | afterwards you can | reading | exercises |
# |---|---|---|---|
# | 5.1 Order matters | turn a sequence of symbols into an array | 15 min | 10 min |
# | 5.2 A network with a memory | compute a recurrent network by hand and in NumPy | 15 min | 18 min |
# | 5.3 Backward through time | take its gradients, and check them | 15 min | 30 min |
# | 5.4 The gradient that vanishes | say how much of a gradient arrives fifty steps earlier | 15 min | 12 min |
# | 5.5 The LSTM: a memory with doors | write an LSTM with PyTorch's conventions, and say what each gate does | 20 min | 21 min |
# | 5.6 Backward through the LSTM | take its gradients, and see why they last | 10 min | 40 min |
# | 5.7 Fifty steps ago | predict from a gradient what training will achieve | 15 min | 10 min |
# | 5.8 A model of names | train a language model, judge it, and let it write | 25 min | 22 min |
# | 5.9 A real time series | forecast, and compare honestly with simple methods | 10 min | |
# | 5.10 A leaner cell, and a network that speaks | write a GRU, and run a pretrained one | 15 min | 12 min |
# | 5.11 What you take along | find everything again | 10 min | |
#
# That is 165 minutes of reading and 175 of exercises: our estimate for a first reading. Sections
# 5.1 to 5.4 make a first day, 5.5 to 5.7 a second, the rest a third.

# %% [markdown]
# ## Set-up
#
# As before: run the cells from top to bottom. Section 5.10 runs a pretrained network. Its weights
# are optional: `python -m autograder weights` installs them. Without them you read there what the
# network gave when we ran it.

# %%
import matplotlib.pyplot as plt
import numpy as np

from autograder import check, hint, progress
from course import weights
from course.adam import Adam
from course.data import first_names, sunspots
from course.widgets import ch05_lstm as widgets

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
plt.rcParams.update({"font.size": 12, "figure.constrained_layout.use": True})

# %% [markdown]
# ## 5.1 Order matters
#
# **Question.** How does a text become numbers, and what does a network lose that takes them all at
# once?
#
# Text, speech, stock prices, the heartbeat: data that come **one after the other**. The order carries
# the meaning, the length varies, and what comes next depends on what came before.
#
# We cut a sequence into **tokens**, the pieces that are read one at a time. In this chapter a token is
# a letter. Each token of the **vocabulary** (all tokens that there are) gets a number. Ours has 27
# symbols, the full stop for "begin and end" and the letters:
#
# | symbol | . | a | b | c | … | z |
# |---|---|---|---|---|---|---|
# | token | 0 | 1 | 2 | 3 | … | 26 |
#
# "cab" is the tokens 3, 1, 2. But $c = 3$ is not three times $a = 1$: the numbers are names, not
# amounts. So a layer must not calculate with them. Give each symbol a feature of its own instead, 1
# where the token is that symbol, 0 elsewhere. That is a **one-hot** vector.
#
# **By hand.** Four symbols, tokens 2, 0, 2:
#
# $$\begin{pmatrix} 0 & 0 & 1 & 0 \\ 1 & 0 & 0 & 0 \\ 0 & 0 & 1 & 0 \end{pmatrix}$$
#
# A batch of $N$ sequences of $T$ steps with $D$ features each is an array of the shape $(N, T, D)$:
# **batch first, then time, then features**.
#
# **Exercise 5.1: One-hot vectors** (5 minutes, easy, 2 points)
#
# Any shape of tokens is possible: one token, a sequence, a batch of sequences.


# %%
def one_hot(tokens, size):
    """A row of zeros with a single one for each token, at the token's number.

    tokens  an array of integers from 0 to size - 1, of any shape
    size    the number of symbols
    Returns an array of floats of the shape of tokens, with one more axis (size,) at the end.
    """
    ### BEGIN SOLUTION
    return np.eye(size)[tokens]  # row k of the identity matrix has its one at place k
    ### END SOLUTION


# %%
check(one_hot)

# %% [markdown]
# What does a layer do with a one-hot vector $x$? It computes $x W^\top$, and a single 1 in $x$
# picks one row of $W^\top$. So we can spare the zeros and pick the row directly. We store these
# rows as a table, called an **embedding**: one row of learned numbers for each symbol, as short or
# long as we like. Symbols that behave alike can then get rows that are alike.
#
# **Exercise 5.2: Look up a table** (5 minutes, easy, 2 points)
#
# The result must be the same as `one_hot(tokens, V) @ table`, without the zeros.


# %%
def embed(tokens, table):
    """The row of the table for each token.

    tokens  an array of integers from 0 to V - 1, of any shape
    table   (V, E)  one row of learned numbers for each of the V symbols
    Returns an array of the shape of tokens, with one more axis (E,) at the end.
    """
    ### BEGIN SOLUTION
    return table[tokens]
    ### END SOLUTION


# %%
check(embed)

# %%
tokens = np.array([3, 1, 2])  # "cab"
table = np.random.default_rng(0).normal(size=(27, 5))  # five numbers for each symbol
print("one-hot:", one_hot(tokens, 27).shape, "  embedded:", embed(tokens, table).shape)
print("the same, by the long way:", np.allclose(one_hot(tokens, 27) @ table, embed(tokens, table)))

# %% [markdown]
# **Predict.** You add up the rows of "cab", and those of "abc", and give only the sum to a network.
# Can it tell the two words apart?

# %% [markdown]
# **My prediction:** …

# %%
for word in ([3, 1, 2], [1, 2, 3]):
    print(one_hot(np.array(word), 27).sum(axis=0)[:5])

# %% [markdown]
# **What you should have seen.** A sum has no order: both words give the same numbers. One could join
# the rows to one long row, as chapter 1 did with the pixels of a digit. Then the network has a length
# that is built in, and what it learned about the first place it does not know about the second. We
# want one set of weights that reads any place.
#
# ## 5.2 A network with a memory
#
# **Question.** How can a network of fixed size read a sequence of any length?
#
# Like you: one token after the other, with something kept in mind. The network has a **hidden state**
# $h$, a row of $H$ numbers. At each step it makes a new state from the input of this step and the
# state of the step before:
#
# $$h_t = \tanh\big(W_{ih}\, x_t + b_{ih} + W_{hh}\, h_{t-1} + b_{hh}\big)$$
#
# That is a **recurrent neural network**, RNN: a layer whose output comes back as an input. $W_{ih}$
# leads from the input to the hidden state, $W_{hh}$ from the hidden state to the next. (One bias
# would do. That there are two is PyTorch's form; section 5.5 says why.) **The same weights serve at
# every step**, so their number does not depend on the length.
#
# **By hand.** One hidden number, one feature, $w_{ih} = 1$, $w_{hh} = 0.9$, no biases, $h_0 = 0$. The
# input is a single knock, $x = (1, 0, 0)$:
#
# | step | $x_t$ | $x_t + 0.9\, h_{t-1}$ | $h_t$ |
# |---|---|---|---|
# | 1 | 1 | 1 | tanh(1) = 0.762 |
# | 2 | 0 | 0.685 | 0.595 |
# | 3 | 0 | 0.536 | 0.490 |
#
# Long after the knock something of it is still there. That is the memory, and it fades. Now you: what
# is $h_3$ for $x = (0, 1, 0)$?

# %% [markdown]
# **My result:** …

# %% [markdown]
# **Exercise 5.3: One step of a recurrent network** (8 minutes, easy, 3 points)
#
# All examples of a batch at once. Two layers of chapter 1, added, and a tanh.


# %%
def rnn_cell(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """One time step of a recurrent network: tanh of what comes in and what was remembered.

    x          (N, D)  the inputs of this step
    h          (N, H)  the hidden state after the step before
    weight_ih  (H, D)  from the input to the hidden state
    weight_hh  (H, H)  from the hidden state to the hidden state
    bias_ih, bias_hh  (H,)
    Returns the new hidden state (N, H). The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    return np.tanh(x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh)
    ### END SOLUTION


# %%
check(rnn_cell)

# %% [markdown]
# **Unrolled.** Draw the network once for each step, and you have a deep network: $T$ layers that all
# share their weights, each with an input of its own.
#
# $$h_0 \to \underset{\uparrow\, x_1}{h_1} \to \underset{\uparrow\, x_2}{h_2} \to \cdots \to \underset{\uparrow\, x_T}{h_T}$$
#
# What we take out of it depends on the task: the last state, when one answer belongs to the whole
# sequence (who is it from?); every state, when there is an answer at each step (what comes next?). So
# we keep all of them.
#
# **Exercise 5.4: A whole sequence** (10 minutes, medium, 3 points)
#
# Step by step; the state after one step is the state before the next.


# %%
def rnn_forward(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    """The hidden states of a recurrent network at every step of a batch of sequences.

    x   (N, T, D)  N sequences of T steps
    h0  (N, H)     the hidden state before the first step
    weight_ih (H, D), weight_hh (H, H), bias_ih (H,), bias_hh (H,) as in rnn_cell
    Returns (N, T, H): hs[:, t] is the hidden state after step t. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    h, hs = h0, []
    for t in range(x.shape[1]):
        h = rnn_cell(x[:, t], h, weight_ih, weight_hh, bias_ih, bias_hh)
        hs.append(h)
    return np.stack(hs, axis=1)  # T arrays (N, H) -> (N, T, H)
    ### END SOLUTION


# %%
check(rnn_forward)

# %%
one, keep, nothing = np.array([[1.0]]), np.array([[0.9]]), np.zeros(1)
knocks = np.zeros((2, 20, 1))
knocks[0, 0] = 1.0  # the first sequence: a knock at step 1
knocks[1, 1] = 1.0  # the second: at step 2
states = rnn_forward(knocks, np.zeros((2, 1)), one, keep, nothing, nothing)[:, :, 0]
print("after three steps:", states[:, 2].round(3))

fig, ax = plt.subplots(figsize=(8, 3.5))
ax.plot(range(1, 21), states[0], color=BLUE, marker="o", label="a knock at step 1")
ax.plot(range(1, 21), states[1], color=VERMILION, marker="s", ls="--", label="a knock at step 2")
ax.set(xlabel="step", ylabel="hidden state $h$", xticks=[1, 5, 10, 15, 20])
ax.legend()
ax.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* the two sequences hold the same numbers in another order, and every state after
# them differs. The state knows *when*.
#
# **What you should have seen.** For $x = (0, 1, 0)$, $h_3 = 0.595$: the same fading, one step later. A
# state that leaks a tenth a step, and a little more through the tanh, has forgotten most after ten.
#
# ## 5.3 Backward through time
#
# **Question.** The same weight works at every step. What is its gradient?
#
# Unrolled, it is a deep network, and chapter 2 says what to do: go backwards, layer by layer. Two
# things are new.
#
# 1. **A state has two sources of gradient.** $h_t$ is used twice: by the loss, if it looks at step
#    $t$, and by the next step. Two paths, so add both.
# 2. **A weight is used $T$ times.** Its gradient is the sum over all steps.
#
# Let $z_t = W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh}$, and let $d_t$ be the gradient that the
# loss sends to $h_t$ directly. The slope of tanh is $1 - h_t^2$, number by number. As in section
# 2.5, states and gradients are rows here, one for each example; at the last step the second term is
# missing:
#
# $$\frac{\partial L}{\partial z_t} = \Big(\underbrace{d_t}_{\text{the loss, directly}} + \underbrace{\frac{\partial L}{\partial z_{t+1}} W_{hh}}_{\text{the next step}}\Big)\,(1 - h_t^2)$$
#
# $$\frac{\partial L}{\partial W_{hh}} = \sum_t \Big(\frac{\partial L}{\partial z_t}\Big)^{\!\top} h_{t-1}, \qquad \frac{\partial L}{\partial W_{ih}} = \sum_t \Big(\frac{\partial L}{\partial z_t}\Big)^{\!\top} x_t, \qquad \frac{\partial L}{\partial b} = \sum_t \frac{\partial L}{\partial z_t}$$
#
# This is **backpropagation through time**, BPTT.
#
# **By hand.** The network of section 5.2 after two steps, $x = (1, 0)$, $h = (0.762, 0.595)$, and
# the loss is $h_2$ itself. So $d_2 = 1$, and $d_1 = 0$.
#
# * Step 2: $\partial L / \partial z_2 = 1 - 0.595^2 = 0.646$. It gives $w_{hh}$ the gradient $0.646
#   \cdot 0.762 = 0.492$, and sends $0.646 \cdot 0.9 = 0.581$ back to $h_1$.
# * Step 1: $\partial L / \partial z_1 = 0.581 \cdot (1 - 0.762^2) = 0.244$. It gives $w_{ih}$ the
#   gradient $0.244 \cdot 1$, and $w_{hh}$ nothing, because $h_0 = 0$.
#
# **Exercise 5.5: Backward through time** (30 minutes, hard, 6 points)
#
# Here the loss may look at every step: `grad_hs[:, t]` is $d_t$, what it sends to $h_t$ directly.
# Start at the last step, where nothing comes from later, and go back.


# %%
def rnn_backward(grad_hs, x, h0, hs, weight_ih, weight_hh):
    """The gradients of a loss that depends on all hidden states, for everything that went into rnn_forward.

    grad_hs  (N, T, H)  the gradient that reaches each hidden state from outside, not through later steps
    x        (N, T, D)
    h0       (N, H)
    hs       (N, T, H)  what rnn_forward gave
    weight_ih (H, D), weight_hh (H, H)
    Returns grad_x, grad_h0, grad_weight_ih, grad_weight_hh, each shaped like what it belongs to, and
    grad_bias (H,), which is the gradient of each of the two biases. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    grad_x = np.empty_like(x)
    grad_weight_ih, grad_weight_hh = np.zeros_like(weight_ih), np.zeros_like(weight_hh)
    grad_bias = np.zeros(len(weight_hh))
    grad_h = np.zeros_like(h0)  # nothing comes from after the last step
    for t in reversed(range(x.shape[1])):
        before = hs[:, t - 1] if t > 0 else h0
        grad_z = (grad_h + grad_hs[:, t]) * (1 - hs[:, t] ** 2)  # two sources, then through the tanh
        grad_x[:, t] = grad_z @ weight_ih
        grad_h = grad_z @ weight_hh  # on to the step before
        grad_weight_ih += grad_z.T @ x[:, t]  # the weights serve at every step: add up
        grad_weight_hh += grad_z.T @ before
        grad_bias += grad_z.sum(axis=0)
    return grad_x, grad_h, grad_weight_ih, grad_weight_hh, grad_bias
    ### END SOLUTION


# %%
check(rnn_backward)

# %% [markdown]
# Trust, but measure: nudge every weight of $W_{hh}$ up and down (section 2.2), and compare.

# %%
rng = np.random.default_rng(0)
x, h0 = rng.normal(size=(2, 7, 3)), rng.normal(size=(2, 4))  # 2 sequences, 7 steps, 3 features, 4 hidden
weight_ih, weight_hh = 0.5 * rng.normal(size=(4, 3)), 0.5 * rng.normal(size=(4, 4))
bias = rng.normal(size=4)
wishes = rng.normal(size=(2, 7, 4))  # the loss is the sum of wishes * hs, so this is its gradient at hs


def loss_of(weight_hh):
    return np.sum(wishes * rnn_forward(x, h0, weight_ih, weight_hh, bias, bias))


hs = rnn_forward(x, h0, weight_ih, weight_hh, bias, bias)
grad_weight_hh = rnn_backward(wishes, x, h0, hs, weight_ih, weight_hh)[3]
measured = np.empty_like(weight_hh)
for place in np.ndindex(weight_hh.shape):
    nudge = np.zeros_like(weight_hh)
    nudge[place] = 1e-5
    measured[place] = (loss_of(weight_hh + nudge) - loss_of(weight_hh - nudge)) / 2e-5
print(f"largest difference between computed and measured: {np.abs(grad_weight_hh - measured).max():.0e}")

# %% [markdown]
# **When the sequence is a whole book**, nobody unrolls a million steps. Cut it into pieces of, say,
# 50 steps. Carry the state from one piece into the next, as plain numbers, and send no gradient
# back across the cut. That is **truncated backpropagation through time**: the network still *reads*
# with its whole memory, and *learns* from the last 50 steps only. And when the next text begins,
# the state is set back; otherwise the last text leaks into it.
#
# ## 5.4 The gradient that vanishes
#
# **Question.** A clue stands at step 1, the answer is due at step 51. Can the network learn the
# connection?
#
# On its way back the gradient is multiplied once for each step, by $W_{hh}$ and by the slope of tanh.
# With one hidden number and small states (slope 1) that is $w_{hh}$ fifty times:
#
# | $w_{hh}$ | what arrives fifty steps earlier |
# |---|---|
# | 0.9 | $0.9^{50} = 0.005$ |
# | 1.0 | 1 |
# | 1.1 | $1.1^{50} = 117$ |
#
# Ten per cent less or more, and the gradient **vanishes** or **explodes**. You met the same in
# section 1.8, with depth in place of time. There each layer could have weights of its own; here it
# is one matrix, again and again. With many hidden numbers the **spectral radius** plays the part of
# $w_{hh}$: the largest size of an eigenvalue of $W_{hh}$. (Section 3.2 had symmetric matrices, with
# real eigenvalues. Those of other matrices may be complex numbers; their size is the absolute
# value.) Over many steps it decides. (In the widget below $W_{hh}$ is a rotation or reflection
# times the radius, so every direction changes by exactly this factor; a matrix drawn at random can
# grow a gradient for some steps before it shrinks it.)
#
# And the slope of tanh is at most 1, reached only at $h = 0$. Every state that holds something makes
# the product smaller. For states near 0.5 the slope is 0.75.
#
# **Exercise 5.6: How much of the gradient arrives** (12 minutes, medium, 3 points)
#
# One sequence, and a loss that looks at the last state only. Write down the length
# (`np.linalg.norm`) of the gradient at every state.


# %%
def gradient_norms_through_time(grad_last, hs, weight_hh):
    """The length of the gradient at every hidden state of one sequence, when the loss looks at the last one only.

    grad_last  (H,)    the gradient at the last hidden state
    hs         (T, H)  the hidden states of one sequence, as rnn_forward gives them
    weight_hh  (H, H)
    Returns (T,): entry t is the length of the gradient at hs[t]; the last entry is that of grad_last.
    The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    norms = np.empty(len(hs))
    grad_h = grad_last
    for t in reversed(range(len(hs))):
        norms[t] = np.linalg.norm(grad_h)
        grad_h = (grad_h * (1 - hs[t] ** 2)) @ weight_hh  # at hs[t - 1]
    return norms
    ### END SOLUTION


# %%
check(gradient_norms_through_time)

# %%
for w in (0.9, 1.0, 1.1):
    norms = gradient_norms_through_time(np.ones(1), np.zeros((51, 1)), np.array([[w]]))
    print(f"w = {w}: after fifty steps back {norms[0]:.3g}")

# %% [markdown]
# **Predict.** A spectral radius of exactly 1 keeps the gradient as it is. Does it still, when there
# are inputs to be read?

# %% [markdown]
# **My prediction:** …

# %%
widgets.gradient_through_time(gradient_norms_through_time)

# %% [markdown]
# Blue is the recurrent network, by your function. Look at it first:
#
# * **0.9 fifty times**, **1.1 fifty times**, **exactly 1**: the table above, for 16 hidden numbers;
# * **1, and something to read**: the states are no longer 0;
# * **1.3, tamed by tanh**: large inputs.
#
# The orange line belongs to the network of the next section. In section 5.6 the widget comes again.
#
# **What you should have seen.** On the logarithmic axis every line is nearly straight: a constant
# factor for each step. With radius 1 and *no* inputs everything arrives. With inputs, 0.00055 of
# it: to hold something, the states must leave 0, and there the slope of tanh eats the gradient.
# Even with radius 1.3, large inputs leave only 0.000013 of it. Reading and remembering are at odds,
# and no choice of the radius repairs that.
#
# **An exploding gradient** has a simple remedy, clipping (section 3.5): the direction is good, only
# the length is mad. **A vanished gradient** has none. Multiplying it by a large number does not help,
# because it is added up with the gradients of recent steps, which are larger by many powers of ten:
# the network learns what depends on the last few steps, and of the rest it does not hear.
#
# ## 5.5 The LSTM: a memory with doors
#
# **Question.** How must a memory be built, so that fifty steps do not wear it away?
#
# The trouble was the multiplication at every step. So *add*. The **long short-term memory**, LSTM,
# of Hochreiter and Schmidhuber (1997; its forget gate came in 2000) has a second state, the **cell
# state** $c$. It is the memory, and it passes from step to step without a matrix and without a
# tanh:
#
# $$c_t = f_t\, c_{t-1} + i_t\, g_t$$
#
# * $g_t$, the **candidate**, is what could be written: a tanh, as in the RNN, from −1 to 1.
# * $i_t$, the **input gate**, from 0 to 1: how much of it is written.
# * $f_t$, the **forget gate**, from 0 to 1: how much of the old memory is kept. 1 keeps everything
#   (the name is odd: at 1 it does *not* forget).
#
# What the network shows to the outside, and to itself at the next step, is the **hidden state**:
#
# $$h_t = o_t \tanh(c_t)$$
#
# * $o_t$, the **output gate**: how much of the memory is shown now.
#
# All products are number by number: each of the $H$ numbers of $c$, a **memory cell**, has three
# gates of its own. And what opens the gates? The network itself: each gate is a small layer with a
# sigmoid that looks at the input and at $h_{t-1}$:
#
# $$\begin{aligned} i_t &= \sigma(W_{ii} x_t + b_{ii} + W_{hi} h_{t-1} + b_{hi}) \\ f_t &= \sigma(W_{if} x_t + b_{if} + W_{hf} h_{t-1} + b_{hf}) \\ g_t &= \tanh(W_{ig} x_t + b_{ig} + W_{hg} h_{t-1} + b_{hg}) \\ o_t &= \sigma(W_{io} x_t + b_{io} + W_{ho} h_{t-1} + b_{ho}) \end{aligned}$$
#
# The first index says where the numbers come from (i: the input, h: the hidden state), the second
# one where they go (i, f, g, o).
#
# **PyTorch's conventions**, which we use, so that weights can be exchanged:
#
# * the four blocks lie below each other in one matrix, **in the order i, f, g, o**: `weight_ih` is
#   $(4H, D)$, `weight_hh` is $(4H, H)$. One product makes all four, and `np.split` cuts them;
# * there are **two biases** of $4H$ numbers, and both are added. (One would do; cuDNN, NVIDIA's
#   library, has two, and PyTorch follows.)
#
# **By hand.** One cell. Before their sigmoids the gates are $i: 0$, $f: 2$, $o: 0$, the candidate
# before its tanh is 1, and the memory holds $c_{t-1} = 2$.
#
# $$i = 0.5,\quad f = 0.881,\quad g = 0.762,\quad o = 0.5$$
#
# $$c_t = 0.881 \cdot 2 + 0.5 \cdot 0.762 = 2.142, \qquad h_t = 0.5 \cdot \tanh(2.142) = 0.486$$
#
# Note that $c$ may be larger than 1, and $h$ never is.


# %%
def sigmoid(z):
    """The sigmoid of chapter 1 in one line: half a tanh of half the input, moved up. Safe for any size."""
    return 0.5 * (1 + np.tanh(0.5 * z))


# %% [markdown]
# **Exercise 5.7: One step of an LSTM** (15 minutes, medium, 4 points)
#
# `sigmoid` is ready to use.


# %%
def lstm_cell(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """One time step of an LSTM.

    x          (N, D)   the inputs of this step
    h, c       (N, H)   the hidden state and the cell state after the step before
    weight_ih  (4H, D)  four blocks of H rows: input gate i, forget gate f, candidate g, output gate o
    weight_hh  (4H, H)  the same four blocks, in the same order
    bias_ih, bias_hh  (4H,)
    Returns the new hidden state and the new cell state, both (N, H). The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    z = x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh  # (N, 4H)
    i, f, g, o = np.split(z, 4, axis=1)  # each (N, H)
    i, f, o = [0.5 * (1 + np.tanh(0.5 * gate)) for gate in (i, f, o)]  # the sigmoid, safe for any size
    c_new = f * c + i * np.tanh(g)
    h_new = o * np.tanh(c_new)
    return h_new, c_new
    ### END SOLUTION


# %%
check(lstm_cell)

# %%
gates = np.array([0.0, 2.0, 1.0, 0.0])  # i, f, g, o before their sigmoids and the tanh, given as biases
h_new, c_new = lstm_cell(
    np.zeros((1, 1)), np.zeros((1, 1)), np.array([[2.0]]), np.zeros((4, 1)), np.zeros((4, 1)), gates, np.zeros(4)
)
print(f"c = {c_new[0, 0]:.3f}   h = {h_new[0, 0]:.3f}")

# %% [markdown]
# **Predict.** The forget gate stays at 0.9. A pulse is written at step 3. How much of it is left in
# the memory at step 20: three quarters, about half, or less than a fifth?

# %% [markdown]
# **My prediction:** …

# %%
widgets.gate_player(lstm_cell)

# %% [markdown]
# Here the gates are in your hands. From top to bottom: what comes in, input gate, forget gate, the
# memory, output gate, what is shown. Play it, or drag the step, and visit:
#
# * **forget 1 remembers**, **forget 0.9 fades**, **forget 0 is no memory**;
# * **it adds up**: three pulses; then **wiped at step 10**;
# * **noise gets in**: the forget gate is 1, and everything is kept, noise too. Then **open for the pulse
#   alone**: the input gate protects the memory;
# * **output shut hides**: the memory is there all the time, and nobody sees it.
#
# **What you should have seen.** $0.9^{17} = 0.17$: less than a fifth. With the forget gate at 1 the
# memory is a shelf: what was put there lies there. The input gate decides what is put there, the
# output gate when it is taken out. A plain recurrent network has one set of weights for all three.
#
# **Exercise 5.8: An LSTM along a sequence** (6 minutes, easy, 2 points)
#
# As `rnn_forward`, with two states to carry.


# %%
def lstm_forward(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """The hidden states and the cell states of an LSTM at every step of a batch of sequences.

    x       (N, T, D)  N sequences of T steps
    h0, c0  (N, H)     the states before the first step
    weight_ih (4H, D), weight_hh (4H, H), bias_ih (4H,), bias_hh (4H,) as in lstm_cell
    Returns hs and cs, both (N, T, H): the states after each step. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    h, c, hs, cs = h0, c0, [], []
    for t in range(x.shape[1]):
        h, c = lstm_cell(x[:, t], h, c, weight_ih, weight_hh, bias_ih, bias_hh)
        hs.append(h)
        cs.append(c)
    return np.stack(hs, axis=1), np.stack(cs, axis=1)  # T arrays (N, H) -> (N, T, H)
    ### END SOLUTION


# %%
check(lstm_forward)

# %% [markdown]
# **Stacked, and both ways.** The hidden states of one LSTM have the shape $(N, T, H)$: they can be the
# inputs of a second one. And where the whole sequence is there before the answer is due, a second LSTM
# may read it from behind, and the hidden states of both are joined: a **bidirectional** network. "Paris
# Hilton": whether *Paris* is a town one sees only afterwards.
#
# ## 5.6 Backward through the LSTM
#
# **Question.** What happens to a gradient on its way through the memory?
#
# One step at a time. Two gradients arrive, at $h_t$ and at $c_t$. First through $h_t = o_t
# \tanh(c_t)$: the cell state has **two sources** again, the next step and its own $h_t$.
#
# $$\frac{\partial L}{\partial c_t} \mathrel{+}= \frac{\partial L}{\partial h_t}\; o_t\, (1 - \tanh^2 c_t)$$
#
# Then through $c_t = f_t c_{t-1} + i_t g_t$. A product sends to each factor the gradient times the
# other factor, and each sigmoid has the slope $s(1 - s)$. Let $\delta_c$ be the whole gradient at
# $c_t$, and $\delta_h$ that at $h_t$. Then the gradient at what each block gave, before its sigmoid
# or tanh, is:
#
# | block | gradient |
# |---|---|
# | i | $\delta_c\; g\; i(1-i)$ |
# | f | $\delta_c\; c_{t-1}\; f(1-f)$ |
# | g | $\delta_c\; i\; (1-g^2)$ |
# | o | $\delta_h\; \tanh(c_t)\; o(1-o)$ |
#
# Put side by side they are $\partial L / \partial z$, of the shape $(N, 4H)$, and from there it is a
# linear layer (section 2.5). And the line for which all this was built:
#
# $$\frac{\partial L}{\partial c_{t-1}} = \frac{\partial L}{\partial c_t}\; f_t$$
#
# **Along the memory the gradient is multiplied by the forget gate, and by nothing else**: no matrix, no
# slope of tanh. (There are other ways back, through $h$ and the gates; they fade as in the RNN.)
#
# **By hand.** The cell of section 5.5, with gradient 1 at $h_t$ and none at $c_t$. $\tanh(2.142) =
# 0.973$, so $\delta_c = 0.5 \cdot (1 - 0.973^2) = 0.027$ and the memory before gets $0.881 \cdot 0.027
# = 0.024$. The output gate gets $0.973 \cdot 0.25 = 0.243$.
#
# **Exercise 5.9: Backward through one step** (25 minutes, hard, 5 points)
#
# Compute the gates again from what went in, then follow the table.


# %%
def lstm_cell_backward(grad_h, grad_c, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """The gradients for everything that went into one lstm_cell.

    grad_h, grad_c  (N, H)  the gradients at the new hidden state and at the new cell state, from outside
    x (N, D), h (N, H), c (N, H), weight_ih (4H, D), weight_hh (4H, H), bias_ih (4H,), bias_hh (4H,):
    what went into lstm_cell
    Returns grad_x, the gradients at the h and at the c that went in, grad_weight_ih, grad_weight_hh, and
    grad_bias (4H,), which is the gradient of each of the two biases. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    z = x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh
    i, f, g, o = np.split(z, 4, axis=1)
    i, f, o = [0.5 * (1 + np.tanh(0.5 * gate)) for gate in (i, f, o)]
    g = np.tanh(g)
    tanh_c = np.tanh(f * c + i * g)

    grad_c = grad_c + grad_h * o * (1 - tanh_c**2)  # two sources: from outside, and through h
    grad_i = grad_c * g * i * (1 - i)
    grad_f = grad_c * c * f * (1 - f)
    grad_g = grad_c * i * (1 - g**2)
    grad_o = grad_h * tanh_c * o * (1 - o)
    grad_z = np.concatenate([grad_i, grad_f, grad_g, grad_o], axis=1)  # (N, 4H)
    return grad_z @ weight_ih, grad_z @ weight_hh, grad_c * f, grad_z.T @ x, grad_z.T @ h, grad_z.sum(axis=0)
    ### END SOLUTION


# %%
check(lstm_cell_backward)

# %% [markdown]
# **Exercise 5.10: Backward through all steps** (15 minutes, medium, 4 points)
#
# Run forward to know all states, then go back: both gradients pass from step to step, and the
# gradients of the weights add up.


# %%
def lstm_backward(grad_hs, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
    """The gradients of a loss that depends on all hidden states, for everything that went into lstm_forward.

    grad_hs  (N, T, H)  the gradient that reaches each hidden state from outside, not through later steps
    x (N, T, D), h0 (N, H), c0 (N, H), weight_ih (4H, D), weight_hh (4H, H), bias_ih (4H,), bias_hh (4H,):
    what went into lstm_forward
    Returns grad_x, grad_h0, grad_c0, grad_weight_ih, grad_weight_hh, each shaped like what it belongs to, and
    grad_bias (4H,), which is the gradient of each of the two biases. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    parameters = weight_ih, weight_hh, bias_ih, bias_hh
    hs, cs = lstm_forward(x, h0, c0, *parameters)
    grad_x = np.empty_like(x)
    grad_h, grad_c = np.zeros_like(h0), np.zeros_like(c0)
    sums = np.zeros_like(weight_ih), np.zeros_like(weight_hh), np.zeros_like(bias_ih)
    for t in reversed(range(x.shape[1])):
        h, c = (hs[:, t - 1], cs[:, t - 1]) if t > 0 else (h0, c0)  # the states before step t
        grads = lstm_cell_backward(grad_h + grad_hs[:, t], grad_c, x[:, t], h, c, *parameters)
        grad_x[:, t], grad_h, grad_c, *of_this_step = grads
        for total, part in zip(sums, of_this_step, strict=True):
            total += part
    return grad_x, grad_h, grad_c, *sums
    ### END SOLUTION


# %%
check(lstm_backward)

# %% [markdown]
# Here is the widget of section 5.4 again. This time look at the orange line, the gradient along the
# memory of an LSTM. Visit **a half-shut forget gate** (bias 0), **0.9 fifty times** (bias 3) and
# **forget bias 5**.

# %%
widgets.gradient_through_time(gradient_norms_through_time)

# %% [markdown]
# **What you should have seen.** A bias of 0 means $f = 0.5$, and $0.5^{50}$ is 9e−16: far worse than
# the RNN's 0.005, and the line leaves the picture half way. With bias 3 the gate stands at 0.953, and
# 0.09 of the gradient arrives; with bias 5, 0.74. (The gate alone would give $\sigma(5)^{50} =
# 0.71$. The line also holds the ways back through $h$, which add a little; that is why it is
# slightly higher than the powers.)
#
# (Truncated backpropagation, section 5.3, has to cut *both* ways back here. Whoever cuts at $h$ and
# forgets $c$ has cut the narrow path and left the wide one open.)
#
# ## 5.7 Fifty steps ago
#
# **Question.** Can we predict from the gradients, before any training, which network will learn?
#
# The task: at the first step comes a bit, +1 or −1, with a mark: *remember this*. Then come fifty steps
# of noise. Then: which bit was it? Guessing is right in half of the cases.


# %%
def bits_to_remember(count, rng):
    """Sequences (count, 51, 2) of a signal and a mark, and the bits (count,), 0 or 1, that stood at the mark."""
    bit = rng.integers(0, 2, count)
    x = np.zeros((count, 51, 2))
    x[:, :, 0] = rng.normal(0, 0.2, (count, 51))  # noise
    x[:, 0, 0] = 2 * bit - 1  # the bit, 50 steps before the end
    x[:, 0, 1] = 1  # the mark
    return x, bit


def draw_network(blocks, inputs, hidden, outputs, forget_bias, rng):
    """weight_ih, weight_hh, bias_ih, bias_hh, and weight_out, bias_out of the layer behind it; uniform, as in PyTorch.

    blocks  1 for the RNN, 4 for the LSTM
    """
    shapes = [(blocks * hidden, inputs), (blocks * hidden, hidden), (blocks * hidden,), (blocks * hidden,)]
    shapes += [(outputs, hidden), (outputs,)]
    parameters = [rng.uniform(-1, 1, shape) / np.sqrt(hidden) for shape in shapes]
    if blocks == 4:
        parameters[2][hidden : 2 * hidden] += forget_bias  # block f
    return parameters


def hidden_states(parameters, x):
    """hs (N, T, H) of an RNN or an LSTM that starts from zeros."""
    weight_ih, weight_hh, bias_ih, bias_hh = parameters[:4]
    zeros = np.zeros((len(x), weight_hh.shape[1]))
    if len(weight_hh) == weight_hh.shape[1]:
        return rnn_forward(x, zeros, weight_ih, weight_hh, bias_ih, bias_hh)
    return lstm_forward(x, zeros, zeros, weight_ih, weight_hh, bias_ih, bias_hh)[0]


def backward_through_time(parameters, grad_hs, x, hs):
    """grad_x, and the gradients of weight_ih, weight_hh, bias_ih and bias_hh."""
    weight_ih, weight_hh, bias_ih, bias_hh = parameters[:4]
    zeros = np.zeros((len(x), weight_hh.shape[1]))
    if len(weight_hh) == weight_hh.shape[1]:
        grad_x, _, *grads, grad_bias = rnn_backward(grad_hs, x, zeros, hs, weight_ih, weight_hh)
    else:
        grad_x, _, _, *grads, grad_bias = lstm_backward(
            grad_hs, x, zeros, zeros, weight_ih, weight_hh, bias_ih, bias_hh
        )
    return grad_x, [*grads, grad_bias, grad_bias]


# %% [markdown]
# Behind the last state stands one logit with a sigmoid, and its loss is the binary cross-entropy of
# section 3.4, with the gradient $(p - y)/N$.


# %%
def bit_loss_and_gradients(parameters, x, bit):
    """Mean loss in nats, the gradients of the parameters, grad_x, and the share of right answers."""
    weight_out, bias_out = parameters[4:]
    hs = hidden_states(parameters, x)
    logits = hs[:, -1] @ weight_out.T + bias_out  # (N, 1)
    y = bit[:, None]
    loss = np.mean(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits))))
    grad_logits = (sigmoid(logits) - y) / len(x)
    grad_hs = np.zeros_like(hs)
    grad_hs[:, -1] = grad_logits @ weight_out  # the loss looks at the last state only
    grad_x, grads = backward_through_time(parameters, grad_hs, x, hs)
    grads += [grad_logits.T @ hs[:, -1], grad_logits.sum(axis=0)]
    return loss, grads, grad_x, np.mean((logits > 0) == y)


networks = {
    "RNN": draw_network(1, 2, 16, 1, 0, np.random.default_rng(0)),
    "LSTM, forget bias 0": draw_network(4, 2, 16, 1, 0, np.random.default_rng(0)),
    "LSTM, forget bias 3": draw_network(4, 2, 16, 1, 3, np.random.default_rng(0)),
}
colours = {"RNN": BLUE, "LSTM, forget bias 0": GREEN, "LSTM, forget bias 3": VERMILION}

fig, ax = plt.subplots(figsize=(8, 4))
x, bit = bits_to_remember(64, np.random.default_rng(1))
arrives = {}
for name, parameters in networks.items():
    grad_x = bit_loss_and_gradients(parameters, x, bit)[2]
    norms = np.linalg.norm(grad_x, axis=2).mean(axis=0)  # (51,) how much the loss depends on the input of each step
    arrives[name] = norms[0] / norms[-1]
    print(f"{name:20} at the first step, in parts of the last: {arrives[name]:.0e}")
    ax.semilogy(range(50, -1, -1), norms / norms[-1], color=colours[name], label=name)
ax.set(xlabel="steps before the end", ylabel="gradient at the input (log scale)")
ax.invert_xaxis()
ax.legend()
ax.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* nothing is trained yet. On the left, where the bit stands, the gradient of the
# LSTM with forget bias 3 is larger than those of the two others by eight powers of ten and more.
# (Why is the green line, bias 0, not even lower? As in PyTorch the biases are drawn at random
# *around* 0, so some of the 16 forget gates stand above one half, and the ways through $h$ add a
# little.)
#
# **Predict.** All three get 120 steps of 64 fresh sequences each. What share of right answers does each
# reach?

# %% [markdown]
# **My prediction:** …

# %%
right_answers = {}
for name, parameters in networks.items():
    rng = np.random.default_rng(2)
    adam = Adam(parameters, 0.003)
    for _step in range(120):
        _, grads, _, _ = bit_loss_and_gradients(parameters, *bits_to_remember(64, rng))
        adam.step(grads)
    right_answers[name] = bit_loss_and_gradients(parameters, *bits_to_remember(1000, rng))[3]
    print(f"{name:20} right on 1000 new sequences: {right_answers[name]:.2f}")

# %% [markdown]
# **What you should have seen.** The RNN guesses. The LSTM with forget bias 0 guesses, too: an LSTM
# is not a good memory by itself. With forget bias 3 it answers all the new sequences right, 1.00,
# or next to all. The same cell, the same data, the same optimiser; one number at the start decides
# whether the gradient arrives, and the curve said so before the training. (PyTorch's LSTM starts
# near bias 0, Keras's at 1. For long memories, set the bias yourself.)
#
# Two honest remarks. The curve says what training gets to hear *at the start*: a plain RNN of 32 hidden
# numbers, drawn in the same way, sometimes stumbles on a solution in spite of it. And a gate of 0.953
# is good for fifty steps, not for a thousand: $0.953^{1000}$ is 1e−21.
#
# **Question: What the forget gate keeps** (10 minutes, 4 points, graded by a person)
#
# A colleague wants to recognise in a log of 50 lines whether the *first* line was an alarm, and says:
# "I have used an LSTM instead of an RNN, and it still guesses. So LSTMs are no better." Explain with
# numbers what happens to the gradient on its way to the first line, in the RNN and in the LSTM, for a
# forget bias of 0 and of 3. Say what you would change, and where your remedy ends.

# %% what_the_forget_gate_keeps [markdown]
# ### BEGIN SOLUTION
# Going back one step along the memory multiplies the gradient by the forget gate and by nothing else,
# since c_new = f c + i g. Over 50 steps that is f^50. A forget bias of 0 makes f about sigmoid(0) =
# 0.5, and 0.5^50 is 9e−16: nothing arrives, and the network cannot learn what the first line has to do
# with the answer. With a bias of 3, f = sigmoid(3) = 0.953 and 0.953^50 = 0.09: small, but it arrives,
# and training can make more of it.
#
# In the RNN each step multiplies by weight_hh and by the slope of tanh. With a spectral radius of 0.9
# that is 0.9^50 = 0.005 at best, less as soon as the states leave 0; with 1.1 it can explode (117).
# The same matrix must also do the reading and calculating, so it cannot be held at 1 for the memory
# alone. The LSTM *can* hold its factor near 1, by a number of its own, but it does not do so by itself.
#
# I would start the forget bias at 3 (or higher). The limits: 0.953^1000 is 1e−21, so for a thousand
# lines the bias would have to be much larger or the way shorter (attention, chapter 6); and a gate near
# 1 keeps everything, noise too, until the network has learned to shut the input gate and to forget
# when it should.
# ### END SOLUTION

# %% [markdown]
# ## 5.8 A model of names
#
# **Question.** Can a network learn what English first names sound like, letter by letter?
#
# A **language model** answers one question: *what comes next?* It reads a beginning and gives a
# probability to each token of the vocabulary. Everything else follows from that: it can judge a text
# (how probable was it?) and write one (draw the next token, append it, ask again). No person has to
# label anything: **the text itself is the answer**, one step later.
#
# "." begins and ends a name. For "amy":
#
# | input | . | a | m | y |
# |---|---|---|---|---|
# | target | a | m | y | . |
#
# **Exercise 5.11: What comes next** (4 minutes, easy, 1 point)


# %%
def next_step_targets(tokens):
    """Inputs and targets for a model that predicts the next token.

    tokens  (N, T)  N sequences of integers
    Returns inputs and targets, both (N, T - 1): the target of each place is the token one step later.
    The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    return tokens[:, :-1], tokens[:, 1:]
    ### END SOLUTION


# %%
check(next_step_targets)

# %% [markdown]
# If the target is not shifted, the network is asked for the letter that it has just read. It learns to
# copy, its loss falls to 0 in no time, and it can write nothing. A loss that is too good is a bug.
#
# ### Sequences of different lengths
#
# A batch is an array, and its rows have one length. Short names are filled up at the end with a
# token that means nothing there; that is **padding**. We take the full stop again, so the tokens
# alone do not tell the real end from the padding: the lengths do. Two places must know of it:
#
# * the **loss** counts the real steps only (a **mask** of True and False says which);
# * the **last state** of a sequence is the one after its last *real* step. In the last column there
#   stands what the network made of the padding.
#
# **Exercise 5.12: The last step that counts** (6 minutes, medium, 2 points)
#
# Each row has its own length. Choose one step from each row, without a loop, as exercise 2.2 picked
# the right class in each row.


# %%
def last_valid_step(hs, lengths):
    """The hidden state after the last real step of each sequence; what comes later is padding.

    hs       (N, T, H)  hidden states
    lengths  (N,)       the number of real steps of each sequence, from 1 to T
    Returns (N, H). The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    return hs[np.arange(len(hs)), lengths - 1]
    ### END SOLUTION


# %%
check(last_valid_step)

# %%
SYMBOLS = ".abcdefghijklmnopqrstuvwxyz"


def encode(names):
    """Tokens (N, T) of names between full stops, padded with full stops, and the number of predictions in each."""
    longest = max(len(name) for name in names)
    tokens = np.zeros((len(names), longest + 2), dtype=int)
    for row, name in zip(tokens, names, strict=True):
        row[1 : len(name) + 1] = [SYMBOLS.index(letter) for letter in name]
    return tokens, np.array([len(name) + 1 for name in names])  # each letter, and the full stop at the end


names = first_names()
order = np.random.default_rng(0).permutation(len(names))
tokens, lengths = encode([names[k] for k in order])
test_tokens, test_lengths = tokens[:800], lengths[:800]
train_tokens, train_lengths = tokens[800:], lengths[800:]
print(len(names), "names, such as", ", ".join(names[k] for k in order[:5]))

reader = draw_network(4, 27, 16, 27, 1, np.random.default_rng(0))
together, sizes = encode(["amy", "alexandria"])
beside = hidden_states(reader, one_hot(together[:, :-1], 27))
alone = hidden_states(reader, one_hot(encode(["amy"])[0][:, :-1], 27))[0, -1]
print("amy beside alexandria, last column:    ", np.abs(beside[0, -1] - alone).max().round(3), "away from amy alone")
print("amy beside alexandria, last valid step:", np.abs(last_valid_step(beside, sizes)[0] - alone).max().round(3))

# %% [markdown]
# **What you should have seen.** Beside a longer name the last column holds another state than *amy*
# alone has: the network, here an untrained one, has read on into the padding. The last valid step
# is the state of *amy* alone.
#
# We **shuffle before we split**. The list is sorted: its last 800 names go from sophie to z, and a test
# on them would ask for beginnings that the training never showed.
#
# ### How good is good?
#
# The loss is the cross-entropy of chapter 2, in **nats a letter**. Two simple models give the scale:
#
# * **uniform**: every symbol has the probability 1/27. $\ln 27 = 3.30$ nats.
# * **bigram**: count in the training names how often each letter follows each other letter. The model
#   remembers one letter.
#
# $e^{\text{loss}}$ is called the **perplexity**: the number of equally likely letters among which it
# would be as hard to guess. For the uniform model, 27.

# %%
inputs, targets = next_step_targets(train_tokens)
valid = np.arange(inputs.shape[1]) < train_lengths[:, None]  # (N, T) True for real steps
counts = np.full((27, 27), 0.1)  # a little for pairs that never occur: nothing is impossible
np.add.at(counts, (inputs[valid], targets[valid]), 1)
bigram = counts / counts.sum(axis=1, keepdims=True)  # row: this letter; column: the next

inputs, targets = next_step_targets(test_tokens)
valid = np.arange(inputs.shape[1]) < test_lengths[:, None]
bigram_loss = -np.mean(np.log(bigram[inputs[valid], targets[valid]]))
print(f"uniform: {np.log(27):.2f} nats a letter, bigram: {bigram_loss:.2f} nats a letter")
print(f"perplexity: 27 and {np.exp(bigram_loss):.1f}")

# %% [markdown]
# **Predict.** An LSTM remembers the whole beginning of the name. How far below the bigram's 2.41 will
# it get on names that it has never seen: 2.3, 2.1, 1.5?

# %% [markdown]
# **My prediction:** …


# %%
def letter_loss_and_gradients(parameters, tokens, lengths):
    """Mean nats a letter of a language model, and the gradients of its parameters."""
    inputs, targets = next_step_targets(tokens[:, : lengths.max() + 1])
    valid = np.arange(inputs.shape[1]) < lengths[:, None]  # (N, T)
    x = one_hot(inputs, 27)
    hs = hidden_states(parameters, x)
    weight_out, bias_out = parameters[4:]
    logits = hs @ weight_out.T + bias_out  # (N, T, 27)
    shifted = logits - logits.max(axis=2, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
    loss = -np.mean(log_p[valid, targets[valid]])

    grad_logits = (np.exp(log_p) - one_hot(targets, 27)) * valid[:, :, None] / valid.sum()
    grads = backward_through_time(parameters, grad_logits @ weight_out, x, hs)[1]
    flat = grad_logits.reshape(-1, 27)  # all steps of all names below each other
    return loss, [*grads, flat.T @ hs.reshape(len(flat), -1), flat.sum(axis=0)]


rng = np.random.default_rng(0)
speller = draw_network(4, 27, 48, 27, 1, rng)  # an LSTM of 48 cells, forget bias 1
adam = Adam(speller, 0.01)
speller_losses = [letter_loss_and_gradients(speller, test_tokens, test_lengths)[0]]
for epoch in range(6):
    adam.learning_rate = 0.01 * (1 - epoch / 6)  # smaller steps towards the end
    order = rng.permutation(len(train_tokens))
    for begin in range(0, len(order), 32):
        chosen = order[begin : begin + 32]
        adam.step(letter_loss_and_gradients(speller, train_tokens[chosen], train_lengths[chosen])[1])
    speller_losses.append(letter_loss_and_gradients(speller, test_tokens, test_lengths)[0])
    print(f"epoch {epoch + 1}: {speller_losses[-1]:.2f} nats a letter on names never seen")

# %%
fig, ax = plt.subplots(figsize=(8, 4))
ax.plot(range(7), speller_losses, color=VERMILION, marker="o")
ax.axhline(np.log(27), color=PURPLE, ls=":")
ax.axhline(bigram_loss, color=BLUE, ls="--")
ax.text(6.1, np.log(27), "uniform", color=PURPLE, va="top")
ax.text(6.1, bigram_loss, "bigram", color=BLUE, va="bottom")
ax.text(6.1, speller_losses[-1], "LSTM", color=VERMILION, va="center")
ax.set(xlabel="epoch", ylabel="loss on unseen names, nats a letter", xlim=(-0.2, 6.9))
ax.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* the LSTM passes the bigram in its first epoch.
#
# **What you should have seen.** About 2.1 nats: a perplexity near 8 where the bigram has 11. The rest
# is real surprise; nobody can know the next letter of a name.
#
# ### It writes
#
# Draw a letter from the probabilities, feed it back, draw the next. Before the softmax the logits
# are divided by a number, the temperature of section 1.6. Below 1 the large ones win more often,
# and the result is safe and dull; above 1 the small ones get a chance, and the result is wild. At 1
# the model says what it believes.
#
# **By hand.** Logits $(2, 0)$. For two logits $(z, 0)$ the softmax is the sigmoid of $z$ (section
# 1.6), so at temperature 1 the first symbol has the probability $\sigma(2) = 0.88$; at 0.5 it has
# $\sigma(4) = 0.98$, and at 2, $\sigma(1) = 0.73$.
#
# **Exercise 5.13: Write a sequence** (12 minutes, medium, 3 points)
#
# `step` may be any model; all you know is what goes in and what comes out. Shift the logits before the
# exponential (section 1.6), and draw with `rng.choice`.


# %%
def sample_sequence(step, state, start, length, temperature, rng):
    """Tokens drawn one after the other; each is fed back to draw the next.

    step         a function: (token, state) in, logits (V,) of the next token and the new state out
    state        the state before the first step
    start        the first token that is fed in; it is not part of the result
    length       how many tokens to draw
    temperature  a positive number by which the logits are divided before the softmax
    rng          a numpy.random.Generator
    Returns an array (length,) of integers. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    tokens, token = [], start
    for _ in range(length):
        logits, state = step(token, state)
        scaled = (logits - np.max(logits)) / temperature
        p = np.exp(scaled)
        token = rng.choice(len(p), p=p / p.sum())
        tokens.append(token)
    return np.array(tokens)
    ### END SOLUTION


# %%
check(sample_sequence)


# %%
def speller_step(token, state):
    """One step of the trained network: the logits of the next letter, and the new state (h, c)."""
    h, c = lstm_cell(one_hot(np.array([token]), 27), *state, *speller[:4])
    return (h @ speller[4].T + speller[5])[0], (h, c)


def invent(count, temperature, rng):
    """Names that the network makes up."""
    rest = np.zeros((1, 48)), np.zeros((1, 48))
    written = []
    for _ in range(count):
        tokens = sample_sequence(speller_step, rest, 0, 14, temperature, rng)
        written.append("".join(SYMBOLS[token] for token in tokens).split(".")[0])  # up to the first full stop
    return written


known = set(names)
shares = {}
for temperature in (0.3, 1.0, 2.0):
    invented = invent(200, temperature, np.random.default_rng(0))
    shares[temperature] = np.mean([name in known for name in invented])
    print(f"temperature {temperature}: {', '.join(invented[:8])}")
    print(f"    {shares[temperature]:.0%} of 200 are in the list")

# %% [markdown]
# **What you should have seen.** At 0.3 many are real names from the list, or nearly. At 1 they sound
# like names, and few of them exist. At 2 they can hardly be pronounced. Nothing in the network holds a
# rule about vowels; it learned what comes next.
#
# **Predict.** 48 memory cells. Did one of them learn to count letters? To notice vowels?

# %% [markdown]
# **My prediction:** …

# %%
called = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_out", "bias_out")
widgets.cell_memory(dict(zip(called, speller, strict=True)))

# %% [markdown]
# It is *your* network. Each letter has the colour of one cell's memory just after it was read. Visit
# **it counts**, **vowels**, **after a vowel**, **an l came by**, and **the end, in vain**.
#
# **What you should have seen.** The presets search the cells for the one that goes with a property most
# closely. Some cells follow the place in the name or the vowels closely. No cell knows that a letter is
# the last: the full stop has not been read yet. Be careful with such stories, though: among 48 cells
# the best one always looks meaningful, and most cells follow nothing that has a name.
#
# ## 5.9 A real time series
#
# **Question.** Does an LSTM forecast better than a simple formula?
#
# The number of sunspots has been counted since 1700. It goes up and down in about eleven years. Forecast
# each of the last 69 years from the 20 years before it, in three ways:
#
# * **persistence**: next year will be as this year. Every forecast has to beat that.
# * **autoregression**, AR(20): a weighted sum of the last 20 years; the weights by least squares, in
#   one line.
# * an LSTM of 16 cells that reads the 20 years.
#
# A time series is split **by time**, never shuffled: the test is the future. And the scale (mean and
# standard deviation) is measured on the training years alone.
#
# **Predict.** Which of the three comes closest? And the LSTM: far ahead of the weighted sum, level
# with it, or far behind?

# %% [markdown]
# **My prediction:** …

# %%
year, number = sunspots()
mean, std = number[:-69].mean(), number[:-69].std()
z = (number - mean) / std
windows = np.lib.stride_tricks.sliding_window_view(z[:-1], 20)  # (289, 20): years t - 20 to t - 1
following = z[20:]  # (289,): year t
x_train, y_train, x_test, y_test = windows[:-69], following[:-69], windows[-69:], following[-69:]


def typical_miss(y_hat):
    """Root mean squared error on the test years, in sunspots."""
    return std * np.sqrt(np.mean((y_hat - y_test) ** 2))


columns = np.column_stack([x_train, np.ones(len(x_train))])
weights_of_years = np.linalg.lstsq(columns, y_train, rcond=None)[0]
autoregression = np.column_stack([x_test, np.ones(69)]) @ weights_of_years
print(f"persistence:    {typical_miss(x_test[:, -1]):.1f}")
print(f"autoregression: {typical_miss(autoregression):.1f}")


# %%
def forecast(parameters, x):
    """The next number (N,) after the windows (N, T), and the states that lead to it."""
    hs = hidden_states(parameters, x[:, :, None])
    return (hs[:, -1] @ parameters[4].T + parameters[5])[:, 0], hs


def trained_forecaster(seed):
    """An LSTM of 16 cells after 25 passes through the training years."""
    rng = np.random.default_rng(seed)
    parameters = draw_network(4, 1, 16, 1, 1, rng)
    adam = Adam(parameters, 0.01)
    for epoch in range(25):
        adam.learning_rate = 0.01 * (1 - epoch / 25)
        for chosen in np.split(rng.permutation(220), range(32, 220, 32)):
            y_hat, hs = forecast(parameters, x_train[chosen])
            grad = 2 * (y_hat - y_train[chosen])[:, None] / len(chosen)  # (N, 1), of the mean squared error
            grad_hs = np.zeros_like(hs)
            grad_hs[:, -1] = grad @ parameters[4]
            grads = backward_through_time(parameters, grad_hs, x_train[chosen][:, :, None], hs)[1]
            adam.step([*grads, grad.T @ hs[:, -1], grad.sum(axis=0)])
    return parameters


forecasts = [forecast(trained_forecaster(seed), x_test)[0] for seed in range(5)]
misses = [typical_miss(y_hat) for y_hat in forecasts]
print("LSTM, five starts:", ", ".join(f"{miss:.1f}" for miss in misses))

# %%
fig, ax = plt.subplots(figsize=(10, 4))
ax.plot(year[-69:], number[-69:], color="0.3", lw=2, label="counted")
ax.plot(year[-69:], mean + std * autoregression, color=BLUE, ls="--", label="AR(20)")
ax.plot(year[-69:], mean + std * forecasts[0], color=VERMILION, ls=":", lw=2, label="LSTM, first start")
ax.set(xlabel="year", ylabel="mean number of sunspots")
ax.legend(loc="upper right")
ax.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* both forecasts go with the cycle, and the steep rise of 1956 surprises both. In 1957
# come 190 sunspots; no training year had more than 154. The weighted sum dares to say 182. The LSTM stays
# near what it has seen, about 155: its gates and its tanh saturate. A network inside the range of its
# data and a network outside are two things.
#
# **What you should have seen.** Persistence misses by 32.8 sunspots, the weighted sum by 19.9. The
# LSTM's five starts all lie within 3 of that, most a little better, one a little worse: **level
# with AR(20)**, with far more parameters and far more work. With 220 training years that is no
# surprise, and it is common. So always compare with the simple method, show all starts and not the
# best one, and do not choose between them on the test years. LSTMs earn their keep when there are
# many series, many features, and much data.

# %%
widgets.forecaster(lstm_forward)

# %% [markdown]
# A network of the same kind, trained by the course on the years before 1940, run by your
# `lstm_forward`. To look farther ahead than one year, AR(20) and the LSTM read their own forecasts
# as if they were years that were counted; persistence repeats the last counted year. Visit **one
# year ahead**, **the highest peak**, **a whole cycle ahead**, **free for twenty years**, and drag
# the number of years with an eye on the bars.
#
# **What you should have seen.** One year ahead, 18.9 against 19.9: level. The highest peak was
# called too low by both. Eleven years ahead persistence is a good forecast, because a cycle has
# gone by, and AR(20) is worse than that. There the LSTM keeps the beat better than both, and it
# misses by 33 sunspots all the same. Twenty years ahead all three are poor: 48, 51 and, by the
# LSTM, 36.5.
#
# ## 5.10 A leaner cell, and a network that speaks
#
# **Question.** Does a memory need three gates and two states?
#
# The **gated recurrent unit**, GRU, makes do with two gates and one state:
#
# $$\begin{aligned} r &= \sigma(W_{ir} x + b_{ir} + W_{hr} h + b_{hr}) & &\text{the reset gate} \\ z &= \sigma(W_{iz} x + b_{iz} + W_{hz} h + b_{hz}) & &\text{the update gate} \\ n &= \tanh\big(W_{in} x + b_{in} + r\,(W_{hn} h + b_{hn})\big) & &\text{the candidate} \\ h_{\text{new}} &= (1 - z)\, n + z\, h & & \end{aligned}$$
#
# (Here $h$ is the state before the step, without its index, and $z$ is a gate, not a
# pre-activation.) The update gate is input gate and forget gate in one: what is not kept is
# written. Along $h$ the gradient has a way back that is multiplied by $z$ alone. The reset gate
# says how much of the old state the candidate gets to see. The GRU has 3 blocks where the LSTM has
# 4, so three quarters of the weights, and in practice the two are about equally good.
#
# **By hand.** $h = 2$, $z = 0.75$, and the candidate is $n = -0.4$: $h_{\text{new}} = 0.25 \cdot
# (-0.4) + 0.75 \cdot 2 = 1.4$. (The 2 is for easy sums: a state that begins at 0 stays between −1
# and 1.)
#
# **Beware of the books.** In the first paper the reset gate multiplies $h$ *before* the product,
# $W_{hn} (r\, h)$. PyTorch multiplies the product, its bias included, $r\,(W_{hn} h + b_{hn})$. And
# some books swap the parts of $z$ and $1 - z$. Weights trained for one form are useless in another.
#
# **Exercise 5.14: A step of a GRU** (12 minutes, medium, 3 points)
#
# PyTorch's form; blocks in the order r, z, n.


# %%
def gru_cell(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """One time step of a GRU, in PyTorch's form.

    x          (N, D)   the inputs of this step
    h          (N, H)   the hidden state after the step before
    weight_ih  (3H, D)  three blocks of H rows: reset gate r, update gate z, candidate n
    weight_hh  (3H, H)  the same three blocks, in the same order
    bias_ih, bias_hh  (3H,)
    Returns the new hidden state (N, H). The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    r_x, z_x, n_x = np.split(x @ weight_ih.T + bias_ih, 3, axis=1)  # each (N, H)
    r_h, z_h, n_h = np.split(h @ weight_hh.T + bias_hh, 3, axis=1)
    r = 0.5 * (1 + np.tanh(0.5 * (r_x + r_h)))  # sigmoids
    z = 0.5 * (1 + np.tanh(0.5 * (z_x + z_h)))
    n = np.tanh(n_x + r * n_h)  # the reset gate works on the product, bias and all
    return (1 - z) * n + z * h
    ### END SOLUTION


# %%
check(gru_cell)

# %%
for name, blocks in (("RNN", 1), ("GRU", 3), ("LSTM", 4)):
    print(f"{name:4}  256 features, 256 hidden: {blocks * (256 * 256 + 256 * 256 + 256 + 256):,} parameters")

# %% [markdown]
# ### From spelling to sound
#
# English spelling is a poor guide to its sound: *though*, *through*, *rough*. The package `g2p-en` holds
# a network that was trained on a dictionary of pronunciations and guesses how *any* word sounds, new
# words too. Speech programs need that. It is made of two GRUs, each with 256 hidden numbers:
#
# * the **encoder** reads the letters, one after the other, and a sign for the end. Its last state is all
#   that is passed on: 256 numbers that hold the whole word;
# * the **decoder** starts from that state and writes **phonemes**, the sounds of the language, each fed
#   back to get the next, until it writes its own sign for the end.
#
# One network that reads a sequence and one that writes another: that is called **sequence to
# sequence**. The words are read in one batch, padded; so the last *valid* state counts. And it is your
# functions that run it: `embed`, `gru_cell`, `last_valid_step`.

# %%
LETTERS = ["<pad>", "<unk>", "</s>", *"abcdefghijklmnopqrstuvwxyz"]
signs = """<pad> <unk> <s> </s> AA0 AA1 AA2 AE0 AE1 AE2 AH0 AH1 AH2 AO0 AO1 AO2 AW0 AW1 AW2 AY0 AY1 AY2 B CH D DH
    EH0 EH1 EH2 ER0 ER1 ER2 EY0 EY1 EY2 F G HH IH0 IH1 IH2 IY0 IY1 IY2 JH K L M N NG OW0 OW1 OW2 OY0 OY1 OY2 P R S SH
    T TH UH0 UH1 UH2 UW UW0 UW1 UW2 V W Y Z ZH"""
PHONEMES = signs.split()


def pronounce(words, trained, read_from=last_valid_step):
    """The phonemes of each word, as one string each.

    trained    the weights, by name
    read_from  which of the encoder's states is passed on: a function of all states and the lengths
    """
    encoder = [trained[f"enc_{name}"] for name in ("w_ih", "w_hh", "b_ih", "b_hh")]
    decoder = [trained[f"dec_{name}"] for name in ("w_ih", "w_hh", "b_ih", "b_hh")]
    lengths = np.array([len(word) + 1 for word in words])
    tokens = np.zeros((len(words), lengths.max()), dtype=int)
    for row, word in zip(tokens, words, strict=True):
        row[: len(word) + 1] = [LETTERS.index(sign) for sign in [*word, "</s>"]]

    x = embed(tokens, trained["enc_emb"])  # (N, T, 256)
    h, hs = np.zeros((len(words), 256)), []
    for step in range(lengths.max()):
        h = gru_cell(x[:, step], h, *encoder)
        hs.append(h)
    h = read_from(np.stack(hs, axis=1), lengths)  # (N, 256)

    token, written = np.full(len(words), PHONEMES.index("<s>")), []
    for _ in range(20):
        h = gru_cell(embed(token, trained["dec_emb"]), h, *decoder)
        token = np.argmax(h @ trained["fc_w"].T + trained["fc_b"], axis=1)  # the most probable one
        written.append(token)
    sounds = [" ".join(PHONEMES[k] for k in row) for row in np.array(written).T]
    return [sound.split(" </s>")[0] for sound in sounds]


def last_column(hs, lengths):
    """The mistake of section 5.8: the state after the padding."""
    return hs[:, -1]


WORDS = ["knight", "phone", "rough", "through", "though", "python", "neuron", "softmax", "backpropagation"]
trained = weights.g2p()
if trained is None:
    print(f"The pretrained weights are not installed. You can read on without them. To install them: {weights.HOW}")
else:
    print(f"{sum(array.size for array in trained.values()):,} weights")
    for word, sound in zip(WORDS, pronounce(WORDS, trained), strict=True):
        print(f"{word:16} {sound}")
    print("phone, read from the last column of this batch:", pronounce(WORDS, trained, last_column)[1])

# %% [markdown]
# **What you should have seen** (or would see with the weights installed; the numbers at the vowels are
# the stress, 1 for the main one):
#
# | word | its phonemes, by your `gru_cell` |
# |---|---|
# | knight | N AY1 T |
# | phone | F OW1 N |
# | rough | R AH1 F |
# | through | TH R UW1 |
# | though | TH AO1 |
# | softmax | S AO1 F T M AE2 K S |
# | backpropagation | B AE2 K P R AH0 G P EY1 SH AH0 N |
#
# A silent k, an f written ph, an f written gh: 834,890 weights know that, and nobody wrote a rule.
# *Though* is wrong (it is DH OW1); the network is good and no dictionary. And read from the last column
# instead of the last valid step, *phone* becomes F AH0 N IY1 JH IH0 S: the encoder goes on reading the
# padding, and the state drifts away.
#
# All of a word has to go through one state of 256 numbers. For a name that is enough. For a sentence
# that is to be translated it is a bottleneck, and its remedy, to look back at *all* the states, is the
# subject of chapter 6.
#
# ## 5.11 What you take along
#
# In one breath: a recurrent network applies one cell at every step and carries a state; its gradient
# goes back through time and is multiplied at every step; the LSTM adds to its memory instead, so that
# the gradient along it is multiplied by the forget gate alone; that gate has to stand near 1 for the
# network to learn what happened long ago; and a simple model belongs beside every recurrent one.
#
# | if you see | think of |
# |---|---|
# | a network that learns the last few steps and nothing older | a vanished gradient: LSTM, forget bias 1 to 3 or more |
# | a loss that jumps to `nan` on long sequences | an exploded gradient: clip |
# | a language model with a loss near 0 | targets that are not shifted |
# | good results alone, bad ones in a batch | padding: the mask of the loss, the last valid step |
# | results that depend on the batch before | a state that was not set back |
# | weights from elsewhere that give nonsense | the order of the gates, the second bias, the GRU's reset gate |
# | a test that is far too easy, or far too hard | a sorted list that was split without shuffling; a time series that was shuffled |
# | samples that are dull, or wild | the temperature |
#
# ### Where you meet this
#
# | field | task | what comes out |
# |---|---|---|
# | language | the next letter or word; sentiment of a review; names and places in a text; translation | each step; last state; each step; sequence to sequence |
# | time series | demand for electricity, weather, machines that are about to fail | the next number |
# | speech | sound to text, text to sound, wake words on small devices | sequence to sequence, or each step |
#
# In large language models Transformers (chapter 6) have taken the place of recurrent networks, since
# they train all steps at once. Where data arrive step by step and memory is short, on a phone or in a
# sensor, recurrent cells are at home: their state has one size, however long the sequence.
#
# ### Conventions in force
#
# * **Batch first**: $(N, T, D)$. PyTorch's own default is time first, $(T, N, D)$; we always mean
#   `batch_first=True`.
# * **The gates are i, f, g, o** (LSTM) **and r, z, n** (GRU), as in PyTorch. Keras has i, f, g, o too, and
#   z, r, n for the GRU. Papers use any order, and call the candidate $\tilde c$.
# * **Two biases**, added. Both get the same gradient. The forget bias of this chapter is put into one of
#   them.
# * **The reset gate** of the GRU multiplies the product and its bias.
# * **Weights are (out, in)**, as everywhere in this course.
# * **Nats a letter**, the full stop at the end counted. Books often give bits: divide by $\ln 2$.
#
# ### Letters
#
# | letter | in code | shape | holds |
# |---|---|---|---|
# | $N$, $T$, $D$ | | | how many sequences, steps of each, features of a step |
# | $H$ | | | how many hidden numbers |
# | $V$, $E$ | | | how many symbols, and how many numbers in a symbol's row |
# | $t$ | `t` | | which step |
# | $x$ | `x` | $(N, T, D)$ | the inputs; $x_t$, of the shape $(N, D)$, those of one step |
# | $h$ | `h`, `hs` | $(N, H)$, $(N, T, H)$ | the hidden state after one step, after each; before the first: $h_0$, `h0` |
# | $c$ | `c`, `cs` | $(N, H)$, $(N, T, H)$ | the cell state of an LSTM, its memory |
# | $W_{ih}, W_{hh}$ | `weight_ih`, `weight_hh` | $(H, D)$, $(H, H)$ | from the input and from the hidden state to the next hidden state |
# | $b_{ih}, b_{hh}$ | `bias_ih`, `bias_hh` | $(H,)$ | the two biases |
# | $w_{ih}, w_{hh}$ | | one number each | $W_{ih}$ and $W_{hh}$ of a network with one hidden number |
# | $z$ | `z` | $(N, H)$, LSTM: $(N, 4H)$ | what stands before a tanh or sigmoid |
# | $\sigma$ | `sigmoid` | a function | the sigmoid; $s$ is what it gives |
# | $i, f, o$ | `i`, `f`, `o` | $(N, H)$ each | input gate, forget gate, output gate |
# | $g$ | `g` | $(N, H)$ | the candidate of the LSTM |
# | $r, z$ | `r`, `z` | $(N, H)$ each | reset gate and update gate of the GRU |
# | $n$ | `n` | $(N, H)$ | the candidate of the GRU |
# | $W_{ii}, \dots, W_{hn}$ | in `weight_ih`, `weight_hh` | $(H, D)$, $(H, H)$ | the blocks of gates and candidate: 4 in the LSTM, 3 in the GRU; biases alike |
# | $L$ | `loss` | one number | how wrong the answers are |
# | $d$ | `grad_hs` | $(N, T, H)$ | the gradient that the loss sends to each hidden state directly |
# | $\delta_h, \delta_c$ | `grad_h`, `grad_c` | $(N, H)$ each | the whole gradients at the new $h$ and $c$ |
# | $y, p$ | `y`, `sigmoid(logits)` | $(N, 1)$ each | the bit to remember, and its probability, in section 5.7 |
#
# ### New words
#
# | word | meaning |
# |---|---|
# | token, vocabulary | a piece of a sequence; all pieces that there are |
# | one-hot, embedding | a row with a single 1; a row of learned numbers for each token |
# | recurrent network, hidden state | a network that gets its own last output as an input; that output |
# | unrolled | drawn once for each step |
# | backpropagation through time, BPTT | the chain rule through all steps; *truncated*: through the last few |
# | vanishing, exploding gradient | shrinking or growing by a factor at every step |
# | spectral radius | the largest size of an eigenvalue |
# | cell state | the memory of an LSTM |
# | bidirectional | read from both ends, by two networks |
# | input, forget, output gate; candidate | what is written, kept, shown; what could be written |
# | language model | a model that gives probabilities to what comes next |
# | bigram | a language model that remembers one token |
# | perplexity | e to the loss |
# | padding, mask | filling up to one length; what says which steps are real |
# | persistence, autoregression | the forecast "as now"; a weighted sum of past values |
# | GRU; reset gate, update gate | a cell with one state and two gates |
# | encoder, decoder; sequence to sequence | a network that reads, one that writes; both together |
#
# ### Sources
#
# * J. Elman, "Finding structure in time", *Cognitive Science* 14, 1990: the plain recurrent network.
# * P. Werbos, "Backpropagation through time: what it does and how to do it", *Proceedings of the IEEE*
#   78, 1990.
# * Y. Bengio, P. Simard and P. Frasconi, "Learning long-term dependencies with gradient descent is
#   difficult", *IEEE Transactions on Neural Networks* 5, 1994.
# * S. Hochreiter and J. Schmidhuber, "Long short-term memory", *Neural Computation* 9, 1997: the memory
#   with input and output gate.
# * F. Gers, J. Schmidhuber and F. Cummins, "Learning to forget: continual prediction with LSTM",
#   *Neural Computation* 12, 2000: the forget gate.
# * R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural networks",
#   ICML 2013: spectral radius, vanishing and exploding, clipping.
# * A. Graves, "Generating sequences with recurrent neural networks", 2013.
# * K. Cho and others, "Learning phrase representations using RNN encoder-decoder for statistical machine
#   translation", EMNLP 2014: the GRU, and encoder and decoder.
# * I. Sutskever, O. Vinyals and Q. Le, "Sequence to sequence learning with neural networks", NIPS 2014.
# * R. Jozefowicz, W. Zaremba and I. Sutskever, "An empirical exploration of recurrent network
#   architectures", ICML 2015: the forget bias.
# * A. Karpathy, J. Johnson and L. Fei-Fei, "Visualizing and understanding recurrent networks", 2015:
#   what single cells follow.
# * Data: Faker's English first names; yearly sunspots 1700 to 2008, National Geophysical Data Center,
#   from statsmodels. Weights: K. Park and J. Kim, g2p-en (Apache 2.0).
#
# ### Your map

# %%
progress()

# %% [markdown]
# **Next.** Chapter 6 gives up the step-by-step reading: every place looks at every other place at once.
# That is attention, and from it come BERT and GPT.
