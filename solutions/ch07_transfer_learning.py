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
# # Chapter 7: Transfer learning
#
# Until now every network of yours began with random numbers. Hardly anybody works like that. One
# takes a network that others have trained on very many examples, keeps most of it, and teaches it
# something new with a few examples of one's own. This chapter is about what to keep, what to train,
# how to prove that what should stay has stayed, and how to find out whether it helped. It does not
# always help, and you will see a case.
#
# **What you need.** Chapters 2 to 4: gradients, the training loop with its validation and test
# sets, and what a convolutional network is; for section 7.7 also chapter 6. Section 7.3 uses the
# batch norm of chapter 8; everything you need of it is repeated here.
#
# | section | afterwards you can | reading | exercises |
# |---|---|---|---|
# | 7.1 A network that somebody else has trained | give a network a new head, and read its answers in your order | 20 min | 18 min |
# | 7.2 Freezing | choose what stays, prove that it stays, and give layers rates of their own | 20 min | 34 min |
# | 7.3 What moves although it is frozen | keep batch norm from drifting | 15 min | 15 min |
# | 7.4 Features, and a linear probe | compute features once, and learn from a handful of labels | 20 min | 35 min |
# | 7.5 How much to train | compare four ways fairly, and recognise a transfer that does not help | 25 min | |
# | 7.6 A network that has seen a million photographs | use a real pretrained network for pictures | 15 min | |
# | 7.7 A network that has read | use a real pretrained network for words, and fine-tune it | 25 min | |
# | 7.8 What is forgotten | measure what a network loses by learning | 15 min | 10 min |
# | 7.9 What you take along | choose a way, and find everything again | 10 min | 12 min |
#
# That is 165 minutes of reading and 124 of exercises: our estimate for a first reading. Sections
# 7.1 to 7.3 make a first day, 7.4 to 7.6 a second, 7.7 to 7.9 a third.

# %% [markdown]
# ## Set-up
#
# Sections 7.6 and 7.7 run two real pretrained networks. Their weights are optional. Where they are
# missing, a cell says so, with the command that installs them, and the chapter goes on.

# %%
import time
from importlib.resources import files

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from autograder import check, hint, progress
from course import cnn, efficientnet, minilm_training
from course.data import digits, mnist, photograph, textures, word_sentiment
from course.minilm import padded, sentence_vectors
from course.tokenizers import WordPiece
from course.weights import HOW, efficientnet_lite0, minilm
from course.widgets import ch07_transfer_learning as widgets

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
plt.rcParams.update({"font.size": 12, "figure.constrained_layout.use": True})

# %% [markdown]
# ## 7.1 A network that somebody else has trained
#
# **Question.** You have ten labelled pictures. What can a network learn from ten pictures?
#
# From nothing, not much. But you did not learn to see from the ten pictures either. You have seen
# millions of things before, and need one look at a new kind of mushroom to know it again. What you
# bring along is not the mushroom. It is a way of seeing: edges, surfaces, round and pointed, thick
# and thin.
#
# A trained network has such a way of seeing, too. We cut it in two:
#
# * the **body** (or **backbone**): all layers but the last. It turns an input into a row of
#   numbers, the **features**. Chapter 4 looked inside: first edges, then corners and strokes, then
#   larger shapes.
# * the **head**: the last layer. It turns features into one score for each class (the logits of
#   section 1.6), and it is the only part that knows which classes there are.
#
# **Transfer learning** keeps the body and exchanges the head. The first training, on many examples,
# is called **pretraining**; the second one, on few, is **fine-tuning**. Somebody pays for the first
# once, and thousands use it. Three families you will meet everywhere:
#
# * **ResNet** (He and others, 2016), for pictures. Its blocks add their input to their output, $y =
#   x + f(x)$, the **residual connection** of section 6.6: so gradients reach the first of a hundred
#   and more layers. For years a ResNet trained on a million photographs was where work on pictures
#   began.
# * **BERT** (Devlin and others, 2019), for understanding text: a Transformer encoder (chapter 6).
# * **GPT** (Radford and others, 2018), for writing text: a Transformer decoder (chapter 6).
#
# We begin with something smaller, and first play the part of that somebody: we train a network on
# 4,000 digits of MNIST. To be quick we shrink them to 8 × 8 pixels. The network has two
# convolutions, a hidden layer and a head (`course/cnn.py`, chapter 4 with everything that you wrote
# there).


# %%
def shrink(pictures):
    """MNIST's pictures (N, 784): a margin of 2 cut off, each 3 x 3 pixels averaged -> (N, 8, 8)."""
    inner = pictures.reshape(-1, 28, 28)[:, 2:26, 2:26]
    return inner.reshape(-1, 8, 3, 8, 3).mean(axis=(2, 4))


DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
their_names = sorted(DIGITS)  # somebody's program read the classes from folders, in the order of the alphabet
their_label = np.array([their_names.index(name) for name in DIGITS])

given = mnist()
x_mnist, y_mnist = shrink(given.x_train), given.y_train
x_mnist_test, y_mnist_test = shrink(given.x_test), given.y_test


def train_plainly(x, labels, num_classes, steps):
    """A network from random numbers: gradient descent with batches of 32 and a rate of 0.1."""
    rng = np.random.default_rng(0)
    parameters = cnn.draw_parameters(8, num_classes, rng)
    for _step in range(steps):
        chosen = rng.integers(0, len(x), 32)
        _, gradients = cnn.loss_and_gradients(parameters, x[chosen], labels[chosen])
        parameters = {name: array - 0.1 * gradients[name] for name, array in parameters.items()}
    return parameters


pretrained = train_plainly(x_mnist, their_label[y_mnist], 10, 1000)
for name, array in pretrained.items():
    print(f"{name:14} {array.shape!s:16} {array.size:6,} numbers")
print(f"{sum(array.size for array in pretrained.values()):,} in all")

# %% [markdown]
# That is what you find in a file of weights: arrays with names, from the input to the output.
#
# ### A new head
#
# Your task has other classes, so the old head is useless. The new one has as many inputs as before
# and as many outputs as you have classes. Its weights are drawn anew, with variance $1/D$ for $D$
# features, so that scores begin at about the size of the features.

# %% [markdown]
# **Exercise 7.1: A new head** (8 minutes, easy, 2 points)
#
# The body is kept, number by number. The head is drawn anew: it has as many inputs as before, and
# as many outputs as the new task has classes.


# %%
def replace_head(parameters, num_classes, rng):
    """The same body with a fresh head for another number of classes.

    parameters   dict name -> array, from input to output; the last layer is "head.weight" (C, D), "head.bias" (C,)
    num_classes  how many classes the new task has
    rng          a numpy random generator; the weights are drawn from it
    Returns a new dict with the names in the same order: the body's arrays as copies, "head.weight" (num_classes, D)
    drawn from a normal distribution with mean 0 and variance 1 / D, and "head.bias" (num_classes,) of zeros.
    The input is left unchanged.
    """
    ### BEGIN SOLUTION
    new = {name: array.copy() for name, array in parameters.items()}
    features = parameters["head.weight"].shape[1]  # D
    new["head.weight"] = rng.normal(0, 1 / np.sqrt(features), size=(num_classes, features))
    new["head.bias"] = np.zeros(num_classes)
    return new
    ### END SOLUTION


# %%
check(replace_head)

# %%
three = replace_head(pretrained, 3, np.random.default_rng(0))
print("head:", three["head.weight"].shape, three["head.bias"].shape)
print("the body is the same:", np.array_equal(three["conv1.weight"], pretrained["conv1.weight"]))

# %% [markdown]
# ### The order of the labels
#
# Sometimes the classes are the same, and the old head is just what you want. Then there is a trap.
# The network does not answer "seven"; it answers 5, a place in a list. Which list?
#
# **Predict.** The network below has learned MNIST well. We compare its answers with the labels. How
# many are right?

# %% [markdown]
# **My prediction:** …


# %%
def confusion(labels, answers):
    """How many pictures of each class (rows) got each answer (columns)."""
    table = np.zeros((10, 10), dtype=int)
    np.add.at(table, (labels, answers), 1)
    return table


answers = cnn.logits(pretrained, x_mnist_test).argmax(axis=1)
print(f"right: {np.mean(answers == y_mnist_test):.1%}")

fig, ax = plt.subplots(figsize=(5.4, 4.6))
image = ax.imshow(confusion(y_mnist_test, answers), cmap="Blues")
ax.set(xlabel="the network's answer", ylabel="label", xticks=range(10), yticks=range(10))
bar = fig.colorbar(image, label="test pictures")

# %% [markdown]
# *What to notice:* each row has one dark cell, and so has each column, but they are not on the
# diagonal. A table of labels against answers is called a **confusion matrix**. One dark cell in
# each row and in each column says that the classes are only renumbered, and a renumbering is called
# a **permutation**.
#
# **What you should have seen.** About one in ten is right, as if the network were guessing. It is
# not. A network that guesses has a grey table. This one knows the digits, and numbers them
# otherwise: somebody's program read the classes in the order of the alphabet, "eight" first. (Nearly
# all of the right answers are sixes. "six" happens to have the number 6 in both lists.)
#
# **By hand.** Old list: cat, dog, fox. New list: dog, cat. The old label 0 is "cat", which has the
# number 1 in the new list. 1 is "dog", now 0. 2 is "fox", which the new list does not have: we
# write -1. So $[0, 1, 2, 0]$ becomes $[1, 0, -1, 1]$. Now you: the same lists, $[2, 1, 1]$?

# %% [markdown]
# **My result:** …

# %% [markdown]
# **Exercise 7.2: The order of the labels** (10 minutes, easy, 2 points)
#
# Both lists hold names of classes. A label is a place in such a list.


# %%
def remap_labels(labels, old_names, new_names):
    """The same classes, numbered as another list numbers them.

    labels     (N,)  integers: places in old_names
    old_names  list of names, each once
    new_names  list of names, each once, in any order; some of the old ones may be missing
    Returns (N,) integers: the place of the same name in new_names, and -1 where it is not there.
    The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    place = {name: k for k, name in enumerate(new_names)}
    table = np.array([place.get(name, -1) for name in old_names])  # (old classes,)
    return table[labels]
    ### END SOLUTION


# %%
check(remap_labels)

# %%
print(remap_labels(np.array([0, 1, 2, 0]), ["cat", "dog", "fox"], ["dog", "cat"]))
print(remap_labels(np.array([2, 1, 1]), ["cat", "dog", "fox"], ["dog", "cat"]))

print(f"MNIST, renumbered: {np.mean(remap_labels(answers, their_names, DIGITS) == y_mnist_test):.1%} right")

# %% [markdown]
# **What you should have seen.** By hand: $[-1, 0, 0]$. Renumbered, about 95 % of the answers are
# right. Nothing was trained for it. Whenever a network that should be good is as bad as guessing,
# print its confusion matrix before you train anything.
#
# ### Other people, another pen
#
# Now your own task: the 8 × 8 digits of earlier chapters. They show the same ten digits, but they
# come from another place: other writers, another pen, another scanner.
#
# **Predict.** The network reads 95 % of MNIST's test pictures. How many of these, without any
# training?

# %% [markdown]
# **My prediction:** …

# %%
own = digits()
x_own, y_own = own.x_train.reshape(-1, 8, 8), own.y_train
x_own_test, y_own_test = own.x_test.reshape(-1, 8, 8), own.y_test


def read_digits(parameters, pictures):
    """Somebody's network, with its answers in our order."""
    return remap_labels(cnn.logits(parameters, pictures).argmax(axis=1), their_names, DIGITS)


print(f"own digits, without training: {np.mean(read_digits(pretrained, x_own_test) == y_own_test):.1%} right")

fig, axes = plt.subplots(2, 8, figsize=(11, 3.2))
axes[0, 0].set_ylabel("MNIST")
axes[1, 0].set_ylabel("your own")
for row, (pictures, labels) in enumerate(((x_mnist, y_mnist), (x_own, y_own))):
    for digit in range(8):
        axes[row, digit].imshow(pictures[labels == digit][0], cmap="Greys", vmin=0, vmax=1)
        axes[row, digit].set(xticks=[], yticks=[])

# %% [markdown]
# *What to notice:* your own digits are darker and fill their frame. Each picture is 8 pixels wide
# and high.
#
# **What you should have seen.** About 60 %. Far better than guessing, and far worse than on MNIST.
# What comes in has changed although the question is the same: this is called a **domain shift**,
# and it is the normal case. The rest of the chapter asks how a few labels of your own close the
# gap.
#
# ## 7.2 Freezing
#
# **Question.** Which of the 18,346 numbers should ten examples be allowed to change?
#
# The fewer, the less can be learned by heart (chapter 8). An array that may not change is
# **frozen**. The first layers are frozen first: strokes and edges are the same for everybody, and
# what is special about your task is near the head. So "how much to freeze" is one number, the last
# layer that is frozen:
#
# | frozen up to | what is trained | is called |
# |---|---|---|
# | `hidden` | the head, 650 numbers | frozen body, or linear probe |
# | `conv2` | the hidden layer and the head, 17,098 | fine-tuning the last layers |
# | nothing | everything, 18,346 | fine-tuning the whole network |
#
# (The order in which you do things matters. If you freeze "all that is there" and then replace the
# head, the new head learns. If you replace the head first and then freeze all that is there,
# nothing learns.)

# %% [markdown]
# **Exercise 7.3: What stays trainable** (10 minutes, easy, 2 points)
#
# A *layer* is the part of the name before the dot: "conv1.weight" and "conv1.bias" are both of the
# layer "conv1".


# %%
def trainable_parameters(parameters, freeze_until):
    """The names of the arrays that go on learning when the first layers are frozen.

    parameters    dict name -> array, from input to output, such as "conv1.weight", "conv1.bias", "head.weight"
    freeze_until  the name of the last layer that is frozen, such as "conv1"; None: nothing is frozen
    Returns a list of names in the order of the dict: all arrays of the layers after freeze_until. The layer "head"
    is never frozen, whatever freeze_until says.
    """
    ### BEGIN SOLUTION
    layers = [name.split(".")[0] for name in parameters]
    last_frozen = -1
    if freeze_until is not None:
        last_frozen = max(k for k, layer in enumerate(layers) if layer == freeze_until)
    return [name for k, name in enumerate(parameters) if k > last_frozen or layers[k] == "head"]
    ### END SOLUTION


# %%
check(trainable_parameters)

# %%
for freeze_until in ("hidden", "conv2", "conv1", None):
    names = trainable_parameters(pretrained, freeze_until)
    print(f"frozen up to {freeze_until!s:7} {sum(pretrained[name].size for name in names):7,} numbers learn")

# %% [markdown]
# ### A zero is not frozen
#
# **Predict.** Somebody freezes a weight of 1 by setting its gradient to 0 in every step, and trains
# with AdamW, an optimiser of chapter 9, with rate 0.1 and **weight decay** 0.1. Weight decay is a
# price on large weights (chapter 8): beside the step for the gradient, AdamW takes rate · decay ·
# weight away from every weight. (In the cell below the step for the gradient is `adam`. Chapter 9
# explains its formula; here all that counts is that it is 0 when all gradients are 0.) What is the
# weight after one step?

# %% [markdown]
# **My prediction:** …

# %%
weight, m, v, rate, decay = 1.0, 0.0, 0.0, 0.1, 0.1
for step in range(1, 101):
    gradient = 0.0  # "frozen"
    m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
    adam = (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    weight = weight - rate * adam - rate * decay * weight  # AdamW
    if step in (1, 10, 100):
        print(f"after step {step:3}: {weight:.4f}")

# %% [markdown]
# **What you should have seen.** 0.99, and 0.366 after a hundred steps. The gradient was 0 all the
# time. Weight decay does not ask for it: it pulls every weight that the optimiser knows towards 0.
# Momentum is a second leak, for it goes on pushing when the gradient is already 0. **Frozen means
# that the optimiser does not touch the array at all.** In PyTorch that is `requires_grad = False`
# (then there is no gradient, not one of 0), or not handing the array to the optimiser.
#
# Our way to say it: each array has a learning rate, by name. A name without a rate is frozen.
#
# Our step puts the decay into the gradient, as PyTorch's SGD does: a weight $p$ with gradient $g$,
# rate $\eta$ and decay $\lambda$ becomes $p - \eta\,(g + \lambda p)$. Biases have no decay; we say
# that they do not pay.
#
# **By hand.** A weight of 2 with gradient 0.5, rate 0.1 and weight decay 0.1:
#
# $$2 - 0.1\,(0.5 + 0.1 \cdot 2) = 1.93$$
#
# The same numbers for a bias, which does not pay: $2 - 0.1 \cdot 0.5 = 1.95$. And for a frozen
# weight: 2. Now you: a weight of -1 with gradient 0.4, the same rate and decay?

# %% [markdown]
# **My result:** …

# %% [markdown]
# **Exercise 7.4: A step that leaves the frozen alone** (12 minutes, medium, 3 points)
#
# Frozen means: not one bit changes. Neither by a gradient, nor by weight decay.


# %%
def fine_tune_step(parameters, gradients, learning_rates, weight_decay):
    """One step of gradient descent in which each array has a rate of its own, or none.

    parameters      dict name -> array
    gradients       dict name -> array of the same shape; it holds every name of learning_rates, and may hold more
    learning_rates  dict name -> rate; an array whose name is missing is frozen
    weight_decay    the price of large weights; arrays with one axis (biases) pay nothing
    Returns a new dict with the names in the same order: p - rate * (gradient + weight_decay * p), and the frozen
    arrays exactly as they were. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    new = {}
    for name, p in parameters.items():
        if name in learning_rates:
            decay = weight_decay if p.ndim > 1 else 0.0
            new[name] = p - learning_rates[name] * (gradients[name] + decay * p)
        else:
            new[name] = p.copy()
    return new
    ### END SOLUTION


# %%
check(fine_tune_step)

# %%
tiny = {"conv1.weight": np.array([[2.0]]), "head.weight": np.array([[2.0, -1.0]]), "head.bias": np.array([2.0])}
slopes = {"conv1.weight": np.array([[0.5]]), "head.weight": np.array([[0.5, 0.4]]), "head.bias": np.array([0.5])}
print(fine_tune_step(tiny, slopes, {"head.weight": 0.1, "head.bias": 0.1}, 0.1))

# %% [markdown]
# By hand: $-1 - 0.1\,(0.4 - 0.1) = -1.03$.
#
# **Trust is good, proof is better.** A network that trains a little less than it should looks like
# any other. So after training, compare the frozen arrays with what they were: not "about equal",
# but equal in every bit.


# %%
def fine_tune(parameters, x, labels, learning_rates, steps, rng, weight_decay=0.0):
    """Steps of fine_tune_step with batches of at most 32, drawn at random; arrays without a rate are frozen.

    The rates shrink to 0 along a straight line, so that the last steps are quiet (linear decay, section 9.6).
    """
    for step in range(steps):
        now = {name: rate * (1 - step / steps) for name, rate in learning_rates.items()}
        chosen = rng.integers(0, len(x), min(32, len(x)))
        _, gradients = cnn.loss_and_gradients(parameters, x[chosen], labels[chosen], learning_rates)
        parameters = fine_tune_step(parameters, gradients, now, weight_decay)
    return parameters


begun = replace_head(pretrained, 10, np.random.default_rng(0))
fine_tune(begun, x_own[:100], y_own[:100], dict.fromkeys(begun, 0.1), 20, np.random.default_rng(0))  # to warm up
durations = {}
for freeze_until in ("hidden", "conv2", None):
    rates = dict.fromkeys(trainable_parameters(begun, freeze_until), 0.1)
    begin = time.perf_counter()
    tuned = fine_tune(begun, x_own[:100], y_own[:100], rates, 150, np.random.default_rng(0), weight_decay=0.001)
    durations[freeze_until] = time.perf_counter() - begin
    same = [name for name in begun if np.array_equal(tuned[name], begun[name])]
    right = cnn.accuracy(tuned, x_own_test, y_own_test)
    print(f"frozen up to {freeze_until!s:6}: {len(same)} arrays equal in every bit, test accuracy {right:.1%}")
relative = {str(key): round(duration / durations["hidden"], 1) for key, duration in durations.items()}
print("time compared with the frozen body:", relative)

# %% [markdown]
# **What you should have seen.** With the body frozen 6 of the 8 arrays are equal in every bit, up
# to `conv2` 4, and without freezing none. A hundred labels (about ten for each digit) bring the
# accuracy from 60 % to about 90 %. And freezing saves time: the way back may end at the first
# layer that learns, so nothing is computed for the layers in front of it.
#
# ### Slower towards the input
#
# Frozen or not is a hard choice. A softer one: all layers learn, the early ones more slowly. The
# head is new and knows nothing, it needs large steps. The first layers know nearly everything, and
# large steps, driven by a head that is still random, would destroy it. So the rate shrinks by a
# constant factor with every layer away from the head (Howard and Ruder, 2018):
#
# $$\eta_k = \eta_{\text{head}} \cdot d^{\,k}$$
#
# | letter | in code | is |
# |---|---|---|
# | $\eta_{\text{head}}$ | `head_rate` | the learning rate of the head |
# | $k$ | | how many layers away from the head; the head itself has $k = 0$ |
# | $d$ | `decay` | the factor for each layer; 1 is the same rate for all, 0 a frozen body |
#
# **By hand.** Four layers, head rate 0.1, factor 0.5: the head has 0.1, `hidden` 0.05, `conv2`
# 0.025, `conv1` 0.0125. Now you: head rate 0.2 and factor 0.1, which rate has `conv1`?

# %% [markdown]
# **My result:** …

# %% [markdown]
# **Exercise 7.5: Slower towards the input** (12 minutes, medium, 3 points)
#
# Distances are counted in layers, and a layer may have one array or several.


# %%
def layerwise_learning_rates(names, head_rate, decay):
    """A learning rate for every array, smaller the further its layer is from the head.

    names      list of names from input to output, such as "conv1.weight", "conv1.bias", "head.weight", "head.bias"
    head_rate  the rate of the last layer
    decay      a layer at distance k from the last one has head_rate * decay ** k
    Returns a dict name -> rate; all arrays of a layer have the same one.
    """
    ### BEGIN SOLUTION
    layers = list(dict.fromkeys(name.split(".")[0] for name in names))  # each once, in order
    rates = {}
    for name in names:
        distance = len(layers) - 1 - layers.index(name.split(".")[0])
        rates[name] = head_rate * decay**distance
    return rates
    ### END SOLUTION


# %%
check(layerwise_learning_rates)

# %%
for head_rate, decay in ((0.1, 0.5), (0.2, 0.1)):
    rates = layerwise_learning_rates(list(pretrained), head_rate, decay)
    print({name: round(rate, 6) for name, rate in rates.items() if name.endswith("weight")})

# %% [markdown]
# By hand: $0.2 \cdot 0.1^3 = 0.0002$. A simpler relative has only two rates, one for the body and a
# ten times larger one for the head. Another one trains the head alone first, and then **thaws** the
# body.
#
# What it does is seen in how far each layer has moved, measured by its own length:


# %%
def moved(before, after):
    """For each layer: the length of the change of its weight, as a share of the weight's length."""
    shares = {}
    for layer in cnn.LAYERS:
        old, new = before[f"{layer}.weight"], after[f"{layer}.weight"]
        shares[layer] = np.linalg.norm(new - old) / np.linalg.norm(old)
    return shares


far = {}
for way, rates in (
    ("one rate for all", dict.fromkeys(begun, 0.1)),
    ("slower towards the input", layerwise_learning_rates(list(begun), 0.1, 0.5)),
):
    tuned = fine_tune(begun, x_own[:100], y_own[:100], rates, 150, np.random.default_rng(0))
    far[way] = moved(begun, tuned)
    print(f"{way:25}", {layer: f"{share:.1%}" for layer, share in far[way].items()})

# %% [markdown]
# **What you should have seen.** The new head moves a long way in both cases, more than half of its
# own length. The layers of the body move little, and with rates that shrink, `conv1` and `conv2`
# move less than half as far as with one rate for all.
#
# ## 7.3 What moves although it is frozen
#
# **Question.** No parameter of the body has a learning rate. Can the body still change?
#
# It can, if there is batch normalisation in it (chapter 8). Such a layer works like the layer norm
# of chapter 6, but its mean $m$ and variance $v$ are taken for each feature over the examples of a
# batch: $y = \gamma\,(x - m) / \sqrt{v + \varepsilon} + \beta$. In training it takes mean and
# variance from the batch, and keeps **running statistics** on the side, averages over the batches,
# which it uses afterwards:
#
# $$m_{\text{run}} \leftarrow 0.9\, m_{\text{run}} + 0.1\, m$$
#
# The running variance moves in the same way, towards the batch's variance divided by $N - 1$
# (inside $y$ it is divided by $N$). Which statistics a layer uses is a switch: in **training mode**
# those of the batch, in **evaluation mode** the running ones. Running statistics are no parameters.
# They have no gradient, no rate, and weight decay does not know them. They move whenever a batch
# goes through in training mode.
#
# **By hand.** A running mean of 0, and a batch whose mean is 4.8. After one batch the running mean
# is $0.9 \cdot 0 + 0.1 \cdot 4.8 = 0.48$. No parameter has changed, no step was taken. Now you: and
# after a second batch with the same mean?

# %% [markdown]
# **My result:** …

# %% [markdown]
# So a frozen layer of batch norm has to be told: *use the running statistics, and leave them
# alone*, even while the head is being trained. In PyTorch that is `body.eval()`, after every
# `model.train()`. The two switches, training mode and `requires_grad`, know nothing of each other.

# %% [markdown]
# **Exercise 7.6: Batch norm that stays as it is** (15 minutes, medium, 4 points)
#
# The formulas are those above; chapter 8 says why they help. Here the point is *which* statistics
# are used, and which are kept.


# %%
def frozen_batch_norm(x, gamma, beta, running_mean, running_var, training, frozen, momentum=0.1, eps=1e-5):
    """Batch normalisation with a switch for a frozen body.

    x                          (N, D)  one example per row; N at least 2 where the batch's statistics are used
    gamma, beta                (D,)    the learned scale and shift
    running_mean, running_var  (D,)    averages of the batches of the first training
    training                   True while the network is being trained
    frozen                     True where this layer belongs to the frozen body
    momentum                   the share of the new batch in the averages
    eps                        added to the variance
    Returns y (N, D), the running mean (D,) and the running variance (D,) afterwards. In training and not frozen:
    y by mean and variance of the batch (divided by N), and the averages take in the mean and the variance that is
    divided by N - 1. Frozen, or not in training: y by the running statistics, which come back exactly as they were.
    The inputs are left unchanged.
    Source: Ioffe and Szegedy 2015, algorithms 1 and 2.
    """
    ### BEGIN SOLUTION
    if training and not frozen:
        n = len(x)
        mean, variance = np.mean(x, axis=0), np.var(x, axis=0)  # (D,)
        new_mean = (1 - momentum) * running_mean + momentum * mean
        new_var = (1 - momentum) * running_var + momentum * variance * n / (n - 1)
    else:
        mean, variance = running_mean, running_var
        new_mean, new_var = running_mean.copy(), running_var.copy()
    y = gamma * (x - mean) / np.sqrt(variance + eps) + beta  # (N, D)
    return y, new_mean, new_var
    ### END SOLUTION


# %%
check(frozen_batch_norm)

# %%
batch, one, zero = np.array([[3.8], [5.8]]), np.ones(1), np.zeros(1)
_, mean, variance = frozen_batch_norm(batch, one, zero, zero, one, training=True, frozen=False)
_, mean, _ = frozen_batch_norm(batch, one, zero, mean, variance, training=True, frozen=False)
print("not frozen, after two batches:", mean)
_, mean, variance = frozen_batch_norm(batch, one, zero, zero, one, training=True, frozen=True)
print("frozen:                       ", mean)

# %% [markdown]
# By hand: $0.9 \cdot 0.48 + 0.48 = 0.912$.
#
# **Predict.** Behind the hidden layer of somebody's network we put a layer of batch norm with
# MNIST's statistics, and choose `gamma` and `beta` so that it changes nothing: still 95 % right on
# MNIST. Now a hundred batches of *your own* digits go through in training mode. Nothing is trained.
# What becomes of MNIST?

# %% [markdown]
# **My prediction:** …

# %%
mnist_features, own_features = cnn.features(pretrained, x_mnist), cnn.features(pretrained, x_own)  # (N, 64)
mnist_test_features = cnn.features(pretrained, x_mnist_test)
gamma = np.sqrt(mnist_features.var(axis=0) + 1e-5)  # with these two the layer gives back what comes in
beta = mnist_features.mean(axis=0)


def mnist_right(mean, variance):
    """The share of MNIST's test pictures that are right with these running statistics."""
    h, _, _ = frozen_batch_norm(mnist_test_features, gamma, beta, mean, variance, training=False, frozen=True)
    scores = h @ pretrained["head.weight"].T + pretrained["head.bias"]
    return np.mean(remap_labels(scores.argmax(axis=1), their_names, DIGITS) == y_mnist_test)


drift = {}
for frozen in (True, False):
    mean, variance = beta, mnist_features.var(axis=0)
    rng, drift[frozen] = np.random.default_rng(0), [mnist_right(mean, variance)]
    for _batch in range(100):
        chosen = rng.integers(0, len(x_own), 32)
        _, mean, variance = frozen_batch_norm(own_features[chosen], gamma, beta, mean, variance, True, frozen)
        drift[frozen].append(mnist_right(mean, variance))

print(
    f"frozen {drift[True][-1]:.1%}, in training mode {drift[False][10]:.1%} after 10 batches, {drift[False][-1]:.1%} after 100"
)

fig, ax = plt.subplots(figsize=(8, 4))
for frozen, colour, style, name in ((True, BLUE, "-", "frozen"), (False, VERMILION, "--", "in training mode")):
    ax.plot(100 * np.array(drift[frozen]), color=colour, ls=style)
    ax.text(102, 100 * drift[frozen][-1], name, color=colour, va="center")
ax.set(xlabel="batches of your own digits", ylabel="MNIST test accuracy in %", xlim=(0, 130), xticks=range(0, 101, 20))
ax.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* the dashed line falls although no parameter has changed by a single bit.
#
# **What you should have seen.** Frozen, MNIST stays where it was. In training mode the statistics
# move over to your digits, which are darker and have larger features, and MNIST loses about ten
# points. (For your own digits the new statistics may be the better ones, and where you train on
# many examples you may *want* them to move. But then on purpose, and not with batches so small that
# they are mostly luck.)
#
# ## 7.4 Features, and a linear probe
#
# **Question.** If the body never changes, why should a picture go through it in every step?
#
# It need not. A frozen body says the same about a picture each time. So compute the features
# *once*, keep them, and train the head on the kept features: the costly part is done after one
# pass. Training a linear layer on 64 numbers takes a blink.
#
# Two conditions. The body must be in **evaluation mode**: with dropout (neurons switched off at
# random, chapter 8) or with batch statistics it says something else each time, and you would keep
# one lucky draw for good. And the pictures must go in just as they will later: if every epoch
# changes them at random (**augmentation**, chapter 8), kept features know only one version of each.

# %% [markdown]
# **Exercise 7.7: Features, once** (8 minutes, easy, 2 points)
#
# `forward` is a function that somebody hands you. In training mode it may drop neurons at random;
# you want what it says in evaluation mode.


# %%
def extract_features(forward, x, batch_size):
    """What a frozen body says about every example, computed once.

    forward     a function forward(x_batch, training) -> features (B, D); training is True or False
    x           (N, ...)  the examples along the first axis
    batch_size  how many of them go through at a time; the last batch may be smaller
    Returns (N, D): the features in evaluation mode, in the order of x. Each example goes through once.
    """
    ### BEGIN SOLUTION
    parts = []
    for start in range(0, len(x), batch_size):
        parts.append(forward(x[start : start + batch_size], False))
    return np.concatenate(parts)
    ### END SOLUTION


# %%
check(extract_features)

# %%
lucky = np.random.default_rng(0)


def body(pictures, training):
    """Somebody's body. In training mode it drops a fifth of its features, as chapter 8 does."""
    h = cnn.features(pretrained, pictures)
    return h * (lucky.random(h.shape) > 0.2) / 0.8 if training else h


print("evaluation mode, twice the same:", np.array_equal(body(x_own[:50], False), body(x_own[:50], False)))
print("training mode, twice the same:  ", np.array_equal(body(x_own[:50], True), body(x_own[:50], True)))
own_features = extract_features(body, x_own, 200)
own_test_features = extract_features(body, x_own_test, 200)
print(own_features.shape, own_test_features.shape)

# %% [markdown]
# ### Few labels, fairly drawn
#
# To find out what few labels can do we act as if most of ours were unknown. (To learn from so few
# is called **few-shot** learning.) Draw at random, but the same number from each class: among ten
# pictures drawn from all, three or four of the digits would be missing on average. (0.9 to the
# power of 10 is 0.35: so likely is it that a digit is missing.)

# %% [markdown]
# **Exercise 7.8: A few labels of each class** (12 minutes, medium, 3 points)
#
# With few labels, chance may leave a class out. So we draw from each class by itself.


# %%
def few_shot_split(labels, per_class, rng):
    """Which examples keep their label: the same number from every class, drawn at random.

    labels     (N,)  integers; every class has at least per_class examples
    per_class  how many of each class
    rng        a numpy random generator
    Returns train, the chosen places in labels, and rest, all others. Both are sorted, no place is in both, and
    together they are 0 to N - 1.
    """
    ### BEGIN SOLUTION
    chosen = [rng.choice(np.flatnonzero(labels == c), per_class, replace=False) for c in np.unique(labels)]
    train = np.sort(np.concatenate(chosen))
    rest = np.setdiff1d(np.arange(len(labels)), train)
    return train, rest
    ### END SOLUTION


# %%
check(few_shot_split)

# %%
chosen, rest = few_shot_split(y_own, 1, np.random.default_rng(0))
print("one of each:", chosen, "labels", y_own[chosen])
print(len(chosen), "+", len(rest), "=", len(y_own))

# %% [markdown]
# ### A linear probe
#
# A linear layer on frozen features is called a **linear probe**, because it probes what the
# features know. It can only draw straight borders (chapter 1). If it separates the classes of
# pictures that it was not trained on, then the body had already laid them apart. (On its training
# pictures it proves nothing: a few pictures with 64 features each can nearly always be separated,
# whatever their labels.)
#
# The loss is the cross-entropy of chapter 2, with a price on large weights if wanted (chapter 8),
# and its gradient at the logits is "softmax minus the right answer", divided by $N$. It may start
# from zeros, for the labels themselves make the classes' rows different. The head of section 7.1
# was drawn because the layers before it may learn, too: through a head of zeros no gradient would reach
# them in the first step.
#
# **By hand.** Two examples with one feature each, $x = 1$ of class 0 and $x = -1$ of class 1. All
# weights are 0, so both classes have probability $\frac12$. The gradient at the logits is $(-0.25,
# 0.25)$ for the first example and $(0.25, -0.25)$ for the second. For the weight of class 0 this
# gives $-0.25 \cdot 1 + 0.25 \cdot (-1) = -0.5$. With rate 1 the weight becomes $0.5$. Now you: the
# weight of class 1, and the two biases?

# %% [markdown]
# **My result:** …

# %% [markdown]
# **Exercise 7.9: A linear probe** (15 minutes, medium, 4 points)
#
# Softmax regression on features: one linear layer, trained by plain gradient descent with all
# examples in every step.


# %%
def linear_probe(features, labels, num_classes, learning_rate, steps, weight_decay=0.0):
    """A linear layer on frozen features, trained by gradient descent on the mean cross-entropy.

    features       (N, D)
    labels         (N,)  integers from 0 to num_classes - 1
    learning_rate  of every step
    steps          how many; every step uses all examples
    weight_decay   the loss has weight_decay / 2 times the sum of the squared weights added; the bias pays nothing
    Returns weight (num_classes, D) and bias (num_classes,), both begun from zeros. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    weight, bias = np.zeros((num_classes, features.shape[1])), np.zeros(num_classes)
    targets = np.eye(num_classes)[labels]  # (N, C)
    for _ in range(steps):
        logits = features @ weight.T + bias  # (N, C)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        grad = (powers / powers.sum(axis=1, keepdims=True) - targets) / len(labels)  # (N, C)
        weight = weight - learning_rate * (grad.T @ features + weight_decay * weight)
        bias = bias - learning_rate * grad.sum(axis=0)
    return weight, bias
    ### END SOLUTION


# %%
check(linear_probe)

# %%
weight, bias = linear_probe(np.array([[1.0], [-1.0]]), np.array([0, 1]), 2, learning_rate=1.0, steps=1)
print("weights", weight.ravel(), "biases", bias)

# %% [markdown]
# By hand: -0.5, and both biases stay 0, for what one example gives the other takes.
#
# **Scaling, without a look at the test.** Features of different bodies have different sizes, and
# one learning rate should suit them all. We subtract the mean and divide by the mean length. Both
# are taken from the *training* pictures. They need no labels, so all training pictures may help.
# The test pictures may not: if mean or length depended on them, they would no longer be unseen.
#
# **Predict.** One, two, five, ten, twenty labels for each digit. We probe the features of
# somebody's body, and the same pictures as plain pixels. Where is the difference largest?

# %% [markdown]
# **My prediction:** …


# %%
def scaled(features, training):
    """Features (N, D), moved and scaled so that those of the training pictures have mean 0 and mean length 1."""
    mean = training.mean(axis=0)
    return (features - mean) / np.mean(np.linalg.norm(training - mean, axis=1))


def probe_accuracies(x, labels, x_test, labels_test, counts, draws=10, rate=3.0):
    """Test accuracies in percent (counts, draws) of linear probes on a few labels of each class."""
    num_classes = len(np.unique(labels))
    train, test = scaled(x, x), scaled(x_test, x)
    found = np.zeros((len(counts), draws))
    for row, count in enumerate(counts):
        for draw in range(draws):
            chosen, _ = few_shot_split(labels, count, np.random.default_rng(draw))
            weight, bias = linear_probe(train[chosen], labels[chosen], num_classes, rate, 200)
            found[row, draw] = 100 * np.mean((test @ weight.T + bias).argmax(axis=1) == labels_test)
    return found


def show(ax, counts, found, marks):
    """Mean and one standard deviation to both sides, for each way; marks: way -> (colour, marker)."""
    ax.set_xscale("log")
    for shift, (way, (colour, marker)) in enumerate(marks.items()):
        at = np.array(counts) * 1.03 ** (shift - len(marks) / 2)  # a little apart, so that the bars do not hide
        mean, spread = found[way].mean(axis=1), found[way].std(axis=1)
        ax.errorbar(at, mean, spread, color=colour, marker=marker, capsize=3, label=way)
    ax.set(xlabel="labels of each class (log scale)", ylabel="test accuracy in %", xticks=counts, xticklabels=counts)
    ax.minorticks_off()
    ax.grid(alpha=0.2)
    ax.legend(loc="lower right", frameon=False)


counts = (1, 2, 5, 10, 20)
probes = {
    "features": probe_accuracies(own_features, y_own, own_test_features, y_own_test, counts),
    "pixels": probe_accuracies(own.x_train, y_own, own.x_test, y_own_test, counts),
}
for way, found in probes.items():
    print(f"{way:9}", "  ".join(f"{m:.0f} ± {s:.0f}" for m, s in zip(found.mean(1), found.std(1), strict=True)))

fig, ax = plt.subplots(figsize=(8, 4.2))
show(ax, counts, probes, {"features": (BLUE, "o"), "pixels": (VERMILION, "s")})

# %% [markdown]
# *What to notice:* the bars are the spread over ten draws of the labels. At the left luck is large.
#
# **What you should have seen.** With one label of each digit the features give about 75 %, the
# pixels about 63 %; with twenty it is 95 % and 94 %. With one label the features are worth a good
# ten points, with twenty about one. The body has learned from MNIST which differences between two
# pictures matter and which do not. With many labels you can learn that yourself.
#
# ## 7.5 How much to train
#
# **Question.** Only the head, the last layers, or everything?
#
# A fair comparison needs an **equal budget**: the same labels, the same number of steps, the same
# rate, several draws, and the spread. We look at the test pictures, because here we only report.
# Whoever *chooses* a way for a task of their own needs validation pictures for that (section 3.6).
# Four ways:
#
# * **from scratch**: random numbers, everything trained. The baseline: without it you do not know
#   whether pretraining helped.
# * **new head**: the body frozen.
# * **last layers**: frozen up to `conv2`.
# * **whole**: everything trained, beginning with the pretrained body.
#
# **Predict.** Which one is best with one label of each digit, and which one with a hundred?

# %% [markdown]
# **My prediction:** …


# %%
def four_ways(source, x, labels, x_test, labels_test, counts, draws=4):
    """Test accuracies in percent (counts, draws) of the four ways, after 150 steps that begin at the rate 0.1."""
    num_classes = len(np.unique(labels))
    ways = {"from scratch": None, "new head": "hidden", "last layers": "conv2", "whole": None}
    found = {way: np.zeros((len(counts), draws)) for way in ways}
    for row, count in enumerate(counts):
        for draw in range(draws):
            rng = np.random.default_rng(draw)
            chosen, _ = few_shot_split(labels, count, rng)
            random, begun = cnn.draw_parameters(8, num_classes, rng), replace_head(source, num_classes, rng)
            for way, freeze_until in ways.items():
                start = random if way == "from scratch" else begun
                rates = dict.fromkeys(trainable_parameters(start, freeze_until), 0.1)
                tuned = fine_tune(start, x[chosen], labels[chosen], rates, 150, rng)
                found[way][row, draw] = 100 * cnn.accuracy(tuned, x_test, labels_test)
    return found


MARKS = {"from scratch": (VERMILION, "s"), "new head": (BLUE, "o"), "last layers": (PURPLE, "^"), "whole": (GREEN, "D")}
helped_counts = (1, 5, 20, 100)
helped = four_ways(pretrained, x_own, y_own, x_own_test, y_own_test, helped_counts)
for way, found in helped.items():
    print(f"{way:13}", "  ".join(f"{m:.1f} ± {s:.1f}" for m, s in zip(found.mean(1), found.std(1), strict=True)))

fig, ax = plt.subplots(figsize=(8, 4.2))
show(ax, helped_counts, helped, MARKS)

# %% [markdown]
# *What to notice:* follow the circles, the frozen body: they begin among the best and are overtaken.
#
# **What you should have seen.** From one label of each digit, the frozen body and the whole network
# reach more than 70 %, and from scratch less than 60 %: that is what the body brings. Which of the
# pretrained ways is best there, four draws cannot decide. With a hundred labels of each, the last
# layers and the whole network reach about 98 %. The frozen body stops a little lower, at about
# 96.5 %: what the body does not see, no head can say. And from scratch comes to about 94 %.
#
# **Is an equal budget fair?** It is fair about the work. But each way may have a best rate of its
# own, and we gave all of them 0.1; chapter 9 tries several rates wherever it compares. And a
# network from scratch has more to learn: with a thousand pictures 150 steps are short. Four times
# as many:

# %%
rng = np.random.default_rng(0)
chosen, _ = few_shot_split(y_own, 100, rng)
random = cnn.draw_parameters(8, 10, rng)
patient = fine_tune(random, x_own[chosen], y_own[chosen], dict.fromkeys(random, 0.1), 600, rng)
print(f"from scratch, 600 steps: {cnn.accuracy(patient, x_own_test, y_own_test):.1%}")

# %% [markdown]
# Now it has caught up with the frozen body. Where labels are many, pretraining saves work. Where
# they are few, it brings what the labels do not hold.
#
# **Does the slower body help?** The same with the rates of `layerwise_learning_rates`, at five
# labels of each digit:

# %%
layerwise = []
for draw in range(4):
    rng = np.random.default_rng(draw)
    chosen, _ = few_shot_split(y_own, 5, rng)
    start = replace_head(pretrained, 10, rng)
    tuned = fine_tune(start, x_own[chosen], y_own[chosen], layerwise_learning_rates(list(start), 0.1, 0.5), 150, rng)
    layerwise.append(100 * cnn.accuracy(tuned, x_own_test, y_own_test))
print(f"slower towards the input {np.mean(layerwise):.1f} ± {np.std(layerwise):.1f}")
print(f"one rate for all         {helped['whole'][1].mean():.1f} ± {helped['whole'][1].std():.1f}")

# %% [markdown]
# No difference that four draws could tell from luck. With four layers and 150 steps there is little
# to be destroyed; with a hundred layers it is another matter.
#
# ### When it does not help
#
# Here is an example that many courses use, and rarely measure. A network learns the digits 0 to 4.
# Surely it has learned about strokes and loops, and will learn 5 to 9 from a few labels? Same
# pictures, same writers, no domain shift at all.
#
# **Predict.** New head on the frozen body, whole network, or from scratch: which one reads 5 to 9
# best?

# %% [markdown]
# **My prediction:** …

# %%
low, high, high_test = y_own < 5, y_own >= 5, y_own_test >= 5
first_five = train_plainly(x_own[low], y_own[low], 5, 600)
print(f"digits 0 to 4: {cnn.accuracy(first_five, x_own_test[~high_test], y_own_test[~high_test]):.1%} right")

useless_counts = (1, 5, 10)
useless = four_ways(
    first_five, x_own[high], y_own[high] - 5, x_own_test[high_test], y_own_test[high_test] - 5, useless_counts
)
for way, found in useless.items():
    print(f"{way:13}", "  ".join(f"{m:.1f} ± {s:.1f}" for m, s in zip(found.mean(1), found.std(1), strict=True)))

fig, ax = plt.subplots(figsize=(8, 4.2))
show(ax, useless_counts, useless, MARKS)

# %% [markdown]
# *What to notice:* nothing is clearly above the squares, from scratch.
#
# **What you should have seen.** With one label of each digit, from scratch reaches about 77 %, a
# new head on the frozen body about 70 %, and training the last layers little more than 50 %. With
# five labels it is about 92 % from scratch and 85 % with the frozen body. **Frozen, the pretrained
# body is worse than none.** Training the whole network is as good as from scratch, and no better
# that four draws could tell. The body has learned to tell five shapes apart, and to overlook
# whatever was not needed for that.
#
# When what was learned before makes the new task go worse than from scratch, it is called
# **negative transfer**. Without the baseline from scratch nobody would have noticed.
#
# What decides, then? How **similar** the tasks are, and how much wider the first one was. MNIST had
# ten digits by many writers, and all ten were asked for again.
#
# The first widget holds recorded runs of a network of this kind: two starts, pretrained and random,
# and the first 0, 1, 2 or 3 of its four layers frozen.

# %%
widgets.freeze_depth()

# %% [markdown]
# Visit **one label, all but the head frozen**, **the same, nothing frozen**, **fifty labels,
# thaw**, **frozen too deep**, and **it does not always help**, and move the frozen layers yourself.
# (The networks are smaller than ours, with pictures of 14 × 14 pixels. They take 150 steps of Adam
# at the rate 0.003, but at 0.03 where only the head learns: at the smaller rate it would not get
# far in so few steps. So this budget is not quite equal, and a part of the frozen body's lead here
# may be its rate.)
#
# **What you should have seen.** The same ten digits, one label of each: with all but the head
# frozen 0.712 of the unseen pictures are right, and 0.495 when everything learns from these ten
# pictures. From scratch it is 0.403. With fifty labels of other people's digits the whole network
# reaches 0.947, and from scratch it is 0.942: five runs cannot tell them apart. Digits on their
# side, twenty labels: the frozen body has 0.700, from scratch has 0.832. A head cannot turn its
# head. And for five other digits the whole network and from scratch are level, 0.849 and 0.849.
#
# **Predict.** The next widget asks the question the other way round. With one label of each digit
# the frozen body had 0.712. How many labels does a network from scratch need for that?

# %% [markdown]
# **My prediction:** …

# %%
widgets.labels_needed()

# %% [markdown]
# Visit **one label is enough**, **where the curves cross**, **many labels**, **too different to
# freeze**, **it does not always help**, **far away, and yet**.
#
# **What you should have seen.** About 4.9 labels of each digit instead of one. For other people's
# digits the frozen body crosses from scratch at about five labels: 0.859 and 0.855. The more
# different the task, the further left the crossing; for digits on their side it is off the left
# edge, and the frozen body loses at ten labels by 0.125. And once it is the other way round:
# surfaces are far from digits, and still the whole network gains 0.081 on scratch at five labels.
# Similarity as we see it is a guess. Measure.
#
# ## 7.6 A network that has seen a million photographs
#
# **Question.** Does a network that was trained on dogs, cups and mushrooms know anything about
# surfaces?
#
# **EfficientNet-lite0**, a simplified relative of the EfficientNets of Tan and Le (2019), has 4.7
# million weights and was trained on ImageNet: 1.3 million photographs of a thousand kinds of
# things. It is a convolutional network like yours, deeper, with sixteen blocks and with residual
# connections where the shapes allow it. `course/efficientnet.py` runs it in plain NumPy. First its
# own task, with its own head:

# %%
eye = efficientnet_lite0()
NAMES = {652: "military uniform", 667: "mortarboard", 906: "Windsor tie", 834: "suit"}  # four of the thousand classes
portrait = photograph("portrait", 224)[19:243]  # Grace Hopper again, 224 x 224
if eye is None:
    print(f"The pretrained weights are not installed. You can read on without them. To install them: {HOW}")
else:
    scores = efficientnet.logits(eye, portrait.transpose(2, 0, 1)[None])[0]
    powers = np.exp(scores - scores.max())
    probabilities = powers / powers.sum()
    for k in probabilities.argsort()[::-1][:4]:
        print(f"{probabilities[k]:.2f}  class {k}: {NAMES.get(int(k), '')}")

# %% [markdown]
# **What you should have seen** (with the weights). "Military uniform", with a probability of 0.40.
# The officer herself is not one of the thousand classes. Her uniform is.
#
# Now a task that has nothing to do with these classes: three surfaces, brick, grass and gravel, cut
# into grey patches of 32 × 32 pixels. The training patches come from the left halves of three
# photographs, the test patches from the right halves. We take forty of each on both sides.

# %%
surfaces = textures()
left_half, _ = few_shot_split(surfaces.y_train, 40, np.random.default_rng(0))
right_half, _ = few_shot_split(surfaces.y_test, 40, np.random.default_rng(1))
patches, y_patches = surfaces.x_train[left_half], surfaces.y_train[left_half]  # (120, 32, 32)
patches_test, y_patches_test = surfaces.x_test[right_half], surfaces.y_test[right_half]

fig, axes = plt.subplots(2, 6, figsize=(10, 3.6))
for column, (kind, sample) in enumerate((kind, sample) for kind in range(3) for sample in range(2)):
    axes[0, column].imshow(patches[y_patches == kind][sample], cmap="Greys_r", vmin=0, vmax=1)
    axes[1, column].imshow(patches_test[y_patches_test == kind][sample], cmap="Greys_r", vmin=0, vmax=1)
    axes[0, column].set_title(("brick", "grass", "gravel")[kind])
axes[0, 0].set_ylabel("training")
axes[1, 0].set_ylabel("test")
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])

# %% [markdown]
# *What to notice:* some of them are hard for you, too. A patch holds less than one brick.
#
# The network wants colour pictures that are not too small. So each patch is enlarged to 64 × 64,
# with smooth transitions, and its grey goes into all three channels. The 240 patches go through the
# frozen body once; what is kept are 1,280 features each.
#
# **Predict.** One label of each surface: three pictures in all. What can be reached: with the
# network's features, with plain pixels, with a small network of our own from scratch? (Guessing
# gives 33 %.) And a fourth: the *same* large network with random weights, how much is it worth?

# %% [markdown]
# **My prediction:** …


# %%
def enlarged(pictures, size):
    """Grey pictures (N, H, W) of numbers from 0 to 1 as (N, 3, size, size), with smooth transitions."""
    larger = []
    for picture in pictures:
        image = Image.fromarray(picture.astype(np.float32)).resize((size, size), Image.Resampling.BILINEAR)
        larger.append(np.asarray(image))
    return np.repeat(np.array(larger)[:, None], 3, axis=1)


def surface_features(weights):
    """Features of the training and of the test patches, in batches of 20."""

    def look(pictures, training):
        return efficientnet.features(weights, enlarged(pictures, 64))  # batch norm folded in: always evaluation mode

    return [extract_features(look, pictures, 20).astype(float) for pictures in (patches, patches_test)]


def own_network(counts, draws=4, steps=100):
    """From scratch on patches of 16 x 16, in percent (counts, draws): the small network of this chapter."""
    small, small_test = (2 * p.reshape(-1, 16, 2, 16, 2).mean(axis=(2, 4)) - 1 for p in (patches, patches_test))
    found = np.zeros((len(counts), draws))
    for row, count in enumerate(counts):
        for draw in range(draws):
            rng = np.random.default_rng(draw)
            chosen, _ = few_shot_split(y_patches, count, rng)
            network = cnn.draw_parameters(16, 3, rng)
            for _step in range(steps):
                batch = rng.choice(chosen, min(len(chosen), 12), replace=False)
                _, gradients = cnn.loss_and_gradients(network, small[batch], y_patches[batch])
                network = fine_tune_step(network, gradients, dict.fromkeys(network, 0.03), 0.0)
            found[row, draw] = 100 * cnn.accuracy(network, small_test, y_patches_test)
    return found


surface_counts = (1, 2, 5, 10)
flat_patches = patches.reshape(len(patches), -1), patches_test.reshape(len(patches_test), -1)
on_surfaces = {
    "pixels": probe_accuracies(flat_patches[0], y_patches, flat_patches[1], y_patches_test, surface_counts),
    "own network from scratch": own_network(surface_counts),
}
if eye is None:
    print(f"Without the pretrained weights there are two of the four lines. To install them: {HOW}")
else:
    begin = time.perf_counter()
    known, known_test = surface_features(eye)
    print(f"features of {len(known) + len(known_test)} patches, once: {time.perf_counter() - begin:.1f} s")
    blind, blind_test = surface_features(efficientnet.draw_weights(eye, np.random.default_rng(0)))
    on_surfaces["random body"] = probe_accuracies(blind, y_patches, blind_test, y_patches_test, surface_counts)
    on_surfaces["EfficientNet, frozen"] = probe_accuracies(known, y_patches, known_test, y_patches_test, surface_counts)
for way, found in on_surfaces.items():
    print(f"{way:25}", "  ".join(f"{m:.0f} ± {s:.0f}" for m, s in zip(found.mean(1), found.std(1), strict=True)))

fig, ax = plt.subplots(figsize=(8, 4.4))
marks = {
    "EfficientNet, frozen": (BLUE, "o"),
    "own network from scratch": (VERMILION, "s"),
    "random body": (GREEN, "D"),
    "pixels": (PURPLE, "^"),
}
show(ax, surface_counts, on_surfaces, {way: mark for way, mark in marks.items() if way in on_surfaces})
ax.set_ylim(20, 102)
legend = ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)

# %% [markdown]
# *What to notice:* the blue line (with the weights) is in another world, already with one label of
# each.
#
# **What you should have seen** (with the weights). From one label of each surface the features of
# the frozen network give about 96 %; plain pixels and our own network from scratch give about 39 %,
# little more than guessing. With ten labels of each it is practically all, against about 60 % from
# scratch. With three labelled pictures the frozen network knows more than the others know with
# thirty. It has never been told about gravel. But whoever tells a thousand kinds of things apart
# has to know surfaces, and what it knows about them lies in the features, ready to be read by a
# straight line.
#
# **And it is what it learned**, not how it is built: with random weights the same network is worth
# no more than plain pixels.
#
# The widget shows such features on a plane, of a pretrained and of a random network.

# %%
widgets.feature_maps_2d()

# %% [markdown]
# Visit **one label a class**, **features of digits are no help**, **digits it has learned** and
# **digits it has not**. Below is the share of right answers if each picture gets the class of the
# nearest labelled one: an even simpler head, without any training.
#
# **What you should have seen.** Behind EfficientNet the three surfaces lie in three heaps, and one
# label of each is right for 0.94 of the unseen patches; behind the same network with random
# weights for 0.35. Behind a small network of digits, surfaces are mixed up: 20 labels of each give
# 0.54, hardly more than random weights, 0.50. Digits that it has learned lie apart, digits that
# it has not learned do not: there the bare pixels, 0.92, beat the features, 0.81.
#
# (A plane shows a part of it: 1,280 numbers do not fit on paper. The accuracies use all of them.)
#
# ## 7.7 A network that has read
#
# **Question.** Can you tell from the letters alone whether a word is friendly?
#
# `word_sentiment` has about 5,500 English words, each with 1 if people found it positive and 0 if
# negative: what is called **sentiment**. Take "delight" and "blight": they look alike. The spelling
# says little. You have to *know* the words, and there is a network that has met them.
#
# **MiniLM** (Wang and others, 2020) is a small member of the BERT family: six encoder layers of
# chapter 6, 22.7 million weights. It learned by imitating a larger network of that family, which had
# been trained on text with hidden words, and then from pairs of sentences that belong together.
# `course/minilm.py` runs it in NumPy: a word goes in as pieces (chapter 6), each piece comes out as
# 384 numbers, and their mean stands for the word.

# %%
rated = word_sentiment()
order = np.random.default_rng(0).permutation(len(rated))[:600]
words = np.array([rated[k][0] for k in order])
y_words = np.array([rated[k][1] for k in order])
print(
    "\n".join(f"{word:15} {'positive' if mark else 'negative'}" for word, mark in zip(words[:5], y_words, strict=False))
)
print(f"negative: {np.mean(y_words == 0):.0%} of {len(words)} words, {np.mean(y_words[300:] == 0):.0%} of the last 300")


def spelling(words, known):
    """For each word which pieces of 1 to 4 letters are in it, (N, pieces); the pieces of the known words."""

    def pieces(word):
        framed = f"<{word}>"
        return {framed[k : k + n] for n in (1, 2, 3, 4) for k in range(len(framed) - n + 1)}

    place = {piece: k for k, piece in enumerate(sorted(set().union(*map(pieces, known))))}
    table = np.zeros((len(words), len(place)))
    for row, word in enumerate(words):
        table[row, [place[piece] for piece in pieces(word) if piece in place]] = 1
    return table / np.linalg.norm(table, axis=1, keepdims=True)


# %% [markdown]
# Half of the words are for training, half for the test. Two kinds of features, the same probe: which
# pieces of letters are in the word, and what the frozen MiniLM says.
#
# **Predict.** 32 labelled words, 16 of each kind. How often is a new word right, by its letters and
# by MiniLM? (Guessing gives 50 %, and calling every word negative 54 %.)

# %% [markdown]
# **My prediction:** …

# %%
word_counts = (1, 4, 16, 64)
half = 300
letters = spelling(words, words[:half])
on_words = {
    "letters": probe_accuracies(letters[:half], y_words[:half], letters[half:], y_words[half:], word_counts),
}
reader = minilm()
if reader is None:
    print(f"The pretrained weights are not installed. You can read on without them. To install them: {HOW}")
else:
    encoder = WordPiece(reader.vocabulary)

    def read(batch, training):
        return sentence_vectors(reader, [encoder.encode(word) for word in batch])  # no dropout here: evaluation mode

    begin = time.perf_counter()
    meaning = extract_features(read, words, 50).astype(float)  # (600, 384)
    print(f"features of {len(words)} words, once: {time.perf_counter() - begin:.1f} s")
    on_words["MiniLM, frozen"] = probe_accuracies(
        meaning[:half], y_words[:half], meaning[half:], y_words[half:], word_counts
    )
for way, found in on_words.items():
    print(f"{way:15}", "  ".join(f"{m:.0f} ± {s:.0f}" for m, s in zip(found.mean(1), found.std(1), strict=True)))

fig, ax = plt.subplots(figsize=(8, 4.2))
marks = {"MiniLM, frozen": (BLUE, "o"), "letters": (VERMILION, "s")}
show(ax, word_counts, on_words, {way: mark for way, mark in marks.items() if way in on_words})
legend = ax.legend(loc="upper left", frameon=False)

# %% [markdown]
# *What to notice:* the horizontal axis has the labels *of each kind*. 16 means 32 words.
#
# **What you should have seen** (with the weights). From 32 labelled words, the letters make about
# 55 % right, no more than calling every word negative. MiniLM makes about 80 % right. From 128
# words it is about 60 % and 87 %. The letters of 128 words do not hold what MiniLM brings along.
#
# Which test words does the probe find most positive and most negative? It has seen 128 labelled
# words, none of these.

# %%
if reader is not None:
    train, test = scaled(meaning[:half], meaning[:half]), scaled(meaning[half:], meaning[:half])
    chosen, _ = few_shot_split(y_words[:half], 64, np.random.default_rng(0))
    weight, bias = linear_probe(train[chosen], y_words[chosen], 2, 3.0, 200)
    friendly = (test @ weight.T + bias) @ np.array([-1, 1])  # the score of positive minus that of negative
    by_score = friendly.argsort()
    print("most negative:", ", ".join(words[half:][by_score[:8]]))
    print("most positive:", ", ".join(words[half:][by_score[::-1][:8]]))

# %% [markdown]
# ### The reader itself
#
# So far MiniLM has stayed as it was. Now it may learn, too. Its way back is chapter 6 taken backwards
# six times; `course/minilm_training.py` has it in NumPy, and a test compares every gradient with
# PyTorch's. The network is a dict again, from `embeddings` over `layer0` to `layer5` and the `head`,
# so your own functions work on it. The steps are those of Adam, an optimiser of chapter 9.

# %%
FROZEN_UP_TO = {"from scratch": None, "new head": "layer5", "last layers": "layer3", "whole": None}
if reader is not None:
    with_head = minilm_training.begin(reader, 2, np.random.default_rng(0))  # a new head for two classes
    for way, freeze_until in FROZEN_UP_TO.items():
        names = trainable_parameters(with_head, freeze_until)
        print(f"{way:13}{sum(with_head[name].size for name in names):12,} numbers learn")

# %% [markdown]
# The last layers are the last two of six. From scratch is the *same* network with random numbers.
#
# **Which words are new?** The list has "intellect", "intellectual", "intellectualize" and many more
# of this family. Who has learned one of them and is tested on another is tested on what was learned.
# So we split all 5,586 words by their first four letters: words that begin alike are on the same side.
# 4,075 may be learned from, 969 are for the test, and 542 are for choosing the learning rate. Each way
# has one rate for all numbers of labels, the best of four that were tried.
#
# One draw first: 4 words of each kind, 60 steps, and the three ways that begin with MiniLM.


# %%
recorded = np.load(files("course.widgets") / "ch07_transfer_learning" / "words.npz")
text_rates = dict(zip(FROZEN_UP_TO, recorded["rate"].tolist(), strict=True))
side = recorded["side"]  # of every word: 0 to learn from, 1 to choose the rate, 2 for the test
print("words on each side:", np.bincount(side).tolist())
print({way: f"{rate:.0e}" for way, rate in text_rates.items()})


def teach(way, count, draw):
    """The network before and after 60 steps on so many words of each kind, and the places of these words."""
    rng = np.random.default_rng(draw)
    chosen, _ = few_shot_split(y_rated[side == 0], count, rng)
    places = np.flatnonzero(side == 0)[chosen]
    start = minilm_training.begin(reader, 2, rng)
    if way == "from scratch":
        start = minilm_training.draw_parameters(start, rng)
    rates = dict.fromkeys(trainable_parameters(start, FROZEN_UP_TO[way]), text_rates[way])
    learned = pieces[places], real[places], y_rated[places]
    return start, minilm_training.fine_tune(start, *learned, rates, 60, rng), places


def right_words(network, places):
    """How many of these words are right, in percent."""
    return 100 * minilm_training.accuracy(network, pieces[places], real[places], y_rated[places])


one_draw, equal_arrays = {}, {}
if reader is None:
    print(f"Without the pretrained weights there are only the recorded runs below. To install them: {HOW}")
else:
    y_rated = np.array([mark for _, mark in rated])
    pieces, real = padded([encoder.encode(word) for word, _ in rated])  # (5586, 8): tokens, and True where they are
    for way in ("new head", "last layers", "whole"):
        begin = time.perf_counter()
        start, tuned, places = teach(way, 4, 0)
        seconds = time.perf_counter() - begin
        at_home, abroad = right_words(tuned, places), right_words(tuned, side == 2)
        same = sum(np.array_equal(tuned[name], start[name]) for name in start)
        one_draw[way], equal_arrays[way] = (at_home, abroad), same
        print(
            f"{way:13}{seconds:5.1f} s   right: {at_home:.0f} % of the learned words, {abroad:.0f} % of the unseen ones"
        )
        print(f"{'':13}{same} of {len(start)} arrays are equal in every bit")

# %% [markdown]
# **What you should have seen** (with the weights). Frozen is frozen here, too: with a new head 101 of
# the 103 arrays are equal in every bit, with the last layers 69, with the whole network none. All three
# know the 8 words that they have learned. Of the unseen ones the network with the new head gets 67 %
# right, the last layers 64 %, and the whole network 60 %. Compare the seconds, too.
#
# But that is one draw, and one draw is no result. All of it, four ways and five draws with 4 to 256
# words of each kind, takes about half an hour, so these runs are recorded (`record_words.py`, beside the
# widgets of this chapter).
#
# **Predict.** Which way is best with 4 words of each kind, and which with 256? And how far does the
# network from scratch come with its 512 words? (Calling every word negative gives 53 %.)

# %% [markdown]
# **My prediction:** …

# %%
tuned_counts = (4, 16, 64, 256)
tuned_words = {way: 100 * found for way, found in zip(FROZEN_UP_TO, recorded["accuracy"], strict=True)}
for way, found in tuned_words.items():
    print(f"{way:13}", "  ".join(f"{m:.1f} ± {s:.1f}" for m, s in zip(found.mean(1), found.std(1), strict=True)))
probe_words = 100 * recorded["probe"]
print(
    "linear probe ",
    "  ".join(f"{m:.1f} ± {s:.1f}" for m, s in zip(probe_words.mean(1), probe_words.std(1), strict=True)),
)
patient_words = 100 * recorded["patient"]
print(f"from scratch, 240 steps, 256 of each kind: {patient_words.mean():.1f} ± {patient_words.std():.1f}")

fig, ax = plt.subplots(figsize=(8, 4.2))
show(ax, tuned_counts, tuned_words, MARKS)
legend = ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)

# %% [markdown]
# *What to notice:* the three pretrained lines lie close together. On the left the bars are longer than
# the differences; on the right the diamonds are on top. The fourth line is flat.
#
# **What you should have seen.** With 4 words of each kind the new head has the highest mean, 64 %, and
# the whole network has 61 %: three points, where it was eight in the draw above, and five draws are too
# few to be sure. With 16 all three are near 79 %. With 64 the whole network has 88 % and the new head
# 86 %. With 256 it is 90.3 % and 88.8 %, and here the whole network is ahead in each of the five draws.
# So against the new head fine-tuning everything does pay, late and little: 22.6 million numbers win one
# and a half points over 770. The last layers are nowhere more than a point ahead of the head.
#
# The linear probe of section 7.4, with the same words and 200 steps of its own on their features, has
# 66 %, 80 %, 86 % and 90 %. With 4 words of each kind it is surely ahead of the whole network, and with
# more of them five draws cannot tell the two apart: most of what is needed lies in the features already.
#
# And from scratch? 51 %, with 8 words and with 512, which is a coin. None of the four rates was better
# than a coin, and neither are four times as many steps. Its 32 words, 16 of each kind, it knew by heart
# in each of the five draws. But it has never read another word, and the letters hold little of what a
# word means. Here pretraining does not save work: it brings nearly everything.
#
# On whole sentences, with thousands of labels, fine-tuning the whole network is usual. **Detection**
# (chapter 4) works the same way for pictures: a body pretrained on ImageNet, and new heads that give
# boxes and classes.
#
# ## 7.8 What is forgotten
#
# **Question.** The network has learned your task. Does it still know its old one?
#
# Whoever fine-tunes the whole network writes over what was there. How much is lost is easy to
# measure, if one thinks of it: keep test examples of the *old* task, and look at them before and
# after.
#
# **By hand.** Four old examples. Before: right, right, right, wrong, an accuracy of 0.75. After:
# right, wrong, wrong, right: 0.5. The drop is 0.25. But of the three that were right, two are now
# wrong: $\frac23$ of what was known is **forgotten**. The drop does not show it, because something
# else was won. Now you: before right, wrong, right, wrong; after wrong, right, right, wrong?

# %% [markdown]
# **My result:** …

# %% [markdown]
# **Exercise 7.10: What was forgotten** (10 minutes, easy, 2 points)
#
# Logits of the same examples of the *old* task, before and after fine-tuning for the new one.


# %%
def forgetting(logits_before, logits_after, labels):
    """How much of an old task is lost by learning a new one.

    logits_before, logits_after  (N, C)  the network's scores for the old task's examples
    labels                       (N,)    the right classes
    Returns a dict with "accuracy_before", "accuracy_after", "drop" (before minus after), and "forgotten": the share
    of the examples answered right before that are answered wrong after; 0 if none was right before.
    """
    ### BEGIN SOLUTION
    before = logits_before.argmax(axis=1) == labels  # (N,) right or not
    after = logits_after.argmax(axis=1) == labels
    lost = np.sum(before & ~after)
    return {
        "accuracy_before": np.mean(before),
        "accuracy_after": np.mean(after),
        "drop": np.mean(before) - np.mean(after),
        "forgotten": lost / max(1, np.sum(before)),
    }
    ### END SOLUTION


# %%
check(forgetting)


# %%
def as_logits(right):
    """Scores of two classes; class 0 wins where it is right."""
    return np.array([[1.0, 0.0] if one else [0.0, 1.0] for one in right])


all_zero = np.zeros(4, dtype=int)
for before_them, after_them in (([1, 1, 1, 0], [1, 0, 0, 1]), ([1, 0, 1, 0], [0, 1, 1, 0])):
    told = forgetting(as_logits(before_them), as_logits(after_them), all_zero)
    print("   ".join(f"{name} {share:.2f}" for name, share in told.items()))

# %% [markdown]
# By hand: both accuracies are 0.5, the drop is 0, and half of what was known is forgotten.
#
# ### New digits over old ones
#
# A hard case first. A network with ten outputs learns the digits 0 to 4. Then it goes on with 5 to
# 9, and with nothing else. Three ways: at the rate 0.1; at a tenth of it; and at 0.1 with half of
# every batch drawn from fifty *old* examples, ten of each digit, that we have kept.
#
# **Predict.** At the rate 0.1: after how many steps is half of the old knowledge gone?

# %% [markdown]
# **My prediction:** …

# %%
low_places, high_places = np.flatnonzero(low), np.flatnonzero(high)
kept = low_places[few_shot_split(y_own[low], 10, np.random.default_rng(0))[0]]  # fifty old examples
x_old_test, y_old_test = x_own_test[~high_test], y_own_test[~high_test]
knows_low = train_plainly(x_own[low], y_own[low], 10, 300)
before = cnn.logits(knows_low, x_old_test)
WATCHED, TICKS = (0, 2, 5, 10, 20, 50, 100, 200), (0, 2, 10, 50, 200)


def go_on(rate, with_old):
    """Learn 5 to 9, and watch: (moments, 2) accuracies in percent on the old and on the new test digits."""
    parameters, rng, seen = knows_low, np.random.default_rng(1), []
    for step in range(WATCHED[-1] + 1):
        if step in WATCHED:
            lost = forgetting(before, cnn.logits(parameters, x_old_test), y_old_test)
            new = cnn.accuracy(parameters, x_own_test[high_test], y_own_test[high_test])
            seen.append([100 * lost["accuracy_after"], 100 * new])
        chosen = rng.choice(high_places, 32)
        if with_old:
            chosen[:16] = rng.choice(kept, 16)
        _, gradients = cnn.loss_and_gradients(parameters, x_own[chosen], y_own[chosen])
        parameters = fine_tune_step(parameters, gradients, dict.fromkeys(parameters, rate), 0.0)
    return np.array(seen)


going_on = {
    "rate 0.1": go_on(0.1, with_old=False),
    "rate 0.01": go_on(0.01, with_old=False),
    "rate 0.1, old examples mixed in": go_on(0.1, with_old=True),
}
for name, seen in going_on.items():
    print(
        f"{name}: " + ", ".join(f"{step}: {old:.0f}/{new:.0f}" for step, (old, new) in zip(WATCHED, seen, strict=True))
    )

fig, axes = plt.subplots(1, 3, figsize=(12, 3.8), sharey=True)
for ax, (name, seen) in zip(axes, going_on.items(), strict=True):
    ax.plot(WATCHED, seen[:, 0], color=VERMILION, marker="s", label="old digits, 0 to 4")
    ax.plot(WATCHED, seen[:, 1], color=BLUE, marker="o", label="new digits, 5 to 9")
    ax.set_xscale("symlog", linthresh=2)
    ax.set(title=name, xlabel="steps (log scale)", xticks=TICKS, xticklabels=TICKS, ylim=(-3, 103))
    ax.minorticks_off()
    ax.grid(alpha=0.2)
axes[0].set_ylabel("test accuracy in %")
legend = axes[1].legend(loc="center left", frameon=False)

# %% [markdown]
# *What to notice:* on the left the two lines change places; in the middle they do, too, only later;
# on the right the old one stays.
#
# **What you should have seen.** At the rate 0.1 most of it is gone after two steps, and after ten
# the network reads *not one* of the old digits, which it had read at 99 %. At a tenth of the rate
# it takes longer, and ends nearly there: after 200 steps 8 % are left. With old examples mixed in,
# about 95 % of the old digits stay right, and the new ones are learned as well as without. Nobody
# told it to unlearn anything. But in every batch all right answers were 5 to 9, and the quickest
# way to a smaller loss is to lower the outputs of 0 to 4. This is called
# **catastrophic forgetting** (McCloskey and Cohen, 1989). A smaller rate is only slower. What helps
# is to be reminded: fifty kept examples are enough to hold nearly everything.
#
# ### A mild case
#
# Most cases are milder: the classes stay, and only the domain shifts. Somebody's network, with its
# own head, is fine-tuned on a hundred of your digits, ten of each.
#
# **Predict.** How much of MNIST is lost: a twentieth, a fifth, or half?

# %% [markdown]
# **My prediction:** …

# %%
few, _ = few_shot_split(y_own, 10, np.random.default_rng(0))
mnist_before = cnn.logits(pretrained, x_mnist_test)
old_kept, _ = few_shot_split(y_mnist, 5, np.random.default_rng(0))
mild = {}
for rate, with_old in ((0.1, False), (0.01, False), (0.1, True)):
    pictures, labels = x_own[few], their_label[y_own[few]]  # their head, their order
    if with_old:  # a hundred of yours, a hundred of MNIST (fifty pictures, each twice)
        pictures = np.concatenate([pictures, x_mnist[old_kept], x_mnist[old_kept]])
        labels = np.concatenate([labels, their_label[y_mnist[old_kept]], their_label[y_mnist[old_kept]]])
    tuned = fine_tune(pretrained, pictures, labels, dict.fromkeys(pretrained, rate), 150, np.random.default_rng(0))
    lost = forgetting(mnist_before, cnn.logits(tuned, x_mnist_test), their_label[y_mnist_test])
    new = np.mean(read_digits(tuned, x_own_test) == y_own_test)
    mild[rate, with_old] = lost | {"new": new}
    mnist_now = (
        f"MNIST {lost['accuracy_before']:.1%} -> {lost['accuracy_after']:.1%}, forgotten {lost['forgotten']:.1%}"
    )
    print(f"rate {rate:4}, {'old and new' if with_old else 'new only   '}: your digits {new:.1%}, {mnist_now}")

# %% [markdown]
# **What you should have seen.** Your digits rise from 59 % to about 94 %, and MNIST falls from 96 %
# to about 77 %: a fifth of what was known is forgotten. With a tenth of the rate your digits come
# out the same, and MNIST a few points better. With fifty pictures of MNIST mixed in it stays at
# about 92 %, and your digits are about as good. Kept examples are cheap.
#
# The widget holds recorded runs of another small network, trained with Adam: digits 5 to 9 after 0
# to 4, or all ten digits in dark ink on light paper after light on dark, with several rates and
# shares of old pictures.

# %%
widgets.forgetting_curve(forgetting)

# %% [markdown]
# Visit **all forgotten**, **a small rate is only slower**, **four old pictures in a batch**, **half
# old, half new**, and **the same classes, new look**, and move the step. (The four numbers are those
# of your function.)
#
# **What you should have seen.** Learning 5 to 9, the old digits fall from 0.98 to 0.00 in 30 steps,
# before the new ones are even half learned (0.44). A tenth of the rate still leaves 0.34 after 200
# steps. Four old pictures in a batch of 32 hold 0.82, sixteen hold 0.94, and the new digits pay a
# little for it: 0.92 and 0.86. The same ten digits, dark on light (each pixel $p$ becomes $1 - p$;
# the widget calls 0 dark): the accuracy on their old look falls from 0.91 to 0.55, although no
# label is new.
#
# ## 7.9 What you take along
#
# In one breath: a pretrained body has a way of seeing; a head costs little and is yours; frozen is
# what equals itself in every bit, running statistics included; features of a frozen body are
# computed once; with few labels train little, with many train all; compare with scratch, several
# times; and measure what is forgotten.
#
# | | few labels | many labels |
# |---|---|---|
# | **similar to the first task** | frozen body, new head | the last layers, or everything with small rates |
# | **far from the first task** | no rule: compare the frozen body, the whole network, scratch and plain inputs | everything; perhaps from scratch |
#
# What "few" is depends on the size of what you train. A head of 650 numbers learned from ten
# pictures; all of MiniLM was surely better than its new head only with 512 words.
#
# | if you see | think of |
# |---|---|
# | a good network that is as bad as guessing | the order of the labels: print the confusion matrix |
# | a training loss that does not move at all | the head frozen too, or not handed to the optimiser |
# | frozen weights that shrink | weight decay: zero gradients are not frozen |
# | a frozen body whose answers change | batch norm or dropout in training mode |
# | kept features that differ from freshly computed ones | evaluation mode, augmentation, another order |
# | a good start that gets worse in the first steps | the rate is too large for the body: slower, or the head first |
# | a fine-tuned network no better than from scratch | the tasks are too different, or you have enough labels |
# | results that jump from draw to draw | few labels: more draws, and the spread |
# | an old task that has become bad | forgetting: freeze more, or mix in old examples |
#
# ### Where you meet this
#
# | task | pretrained body | what is added |
# |---|---|---|
# | kinds of plants, X-rays, faults in a product | ResNet, EfficientNet, a vision Transformer | a head for the classes |
# | **detection** of things in pictures | a ResNet without its head | heads that give boxes and classes (chapter 4) |
# | **sentiment**, topics, spam | BERT and its family | a head on the text's vector |
# | names and places in a text | BERT | a head on every token |
# | answers, summaries, programs | GPT and its family | often no new head: the same task, next token, on chosen texts |
# | speech | a network pretrained on unlabelled sound | a head for letters or words |
#
# For very large networks one often trains a few added numbers instead of any layer: **adapters**,
# or **LoRA** (Hu and others, 2022). The body stays frozen in every bit, and serves many tasks at
# once.
#
# **Whose data?** With a body you take over what its data held, and what they did not. ImageNet
# knows more than a hundred breeds of dogs, and shows people of some skin colours far more rarely
# than others; texts from the web have the web's prejudices. Test on those for whom it will be used.

# %% [markdown]
# **Question: Freeze or not?** (12 minutes, 4 points, graded by a person)
#
# Three people have the same network, trained on a million photographs of everyday things, and ask
# you what to do with it.
#
# 1. Ana has 60 labelled photographs of leaves, of three kinds of plants.
# 2. Ben has 40,000 labelled X-ray pictures, grey, and nothing in them looks like a cup or a dog.
# 3. Chi has 3,000 labelled photographs of goods in a shop, and the network must go on recognising
#    the everyday things that it knows today.
#
# Say for each of them what you would freeze, what you would train, and with which learning rates.
# What do you compare it with, and how do you find out whether you were wrong?

# %% freeze_or_not [markdown]
# ### BEGIN SOLUTION
# Ana: few labels, and pictures like those of the first training. I would freeze the whole body, in
# evaluation mode so that batch norm stays as it is, compute the features of her 60 pictures once,
# and train a new head on them. 60 labels cannot hold millions of parameters; fine-tuning everything
# would learn them by heart. If I have a validation set to judge by, I would try the last layers,
# with a rate ten times smaller than the head's.
#
# Ben: many labels, and pictures that are far from the first training. I would train everything,
# beginning with the pretrained body, with smaller rates towards the input, and let batch norm learn
# the statistics of X-ray pictures. The early layers may still help. It may also be that from scratch
# is as good or better, because he has enough labels: transfer can be negative, so both must be run.
#
# Chi: the old task must stay. The safe way is a frozen body with the old head and a second, new one
# beside it: then the old answers are equal in every bit. If that is not good enough for the goods,
# train the last layers or everything with small rates, and mix old photographs into every batch.
# The old task is measured on its own test set before and after, and so is the share that was
# forgotten.
#
# For all three: compare with training from scratch and with the frozen body, with the same labels
# and the same number of steps, over several draws, and look at the spread. Choose by validation
# examples, and use the test set once, at the end. I was wrong if a baseline is as good.
# ### END SOLUTION

# %% [markdown]
# ### Conventions in force
#
# * **A network is a dict** from names to arrays, from input to output. A *layer* is the part of the
#   name before the dot; PyTorch's names may have several dots.
# * **Frozen means without a learning rate**, and equal in every bit afterwards. In PyTorch:
#   `requires_grad = False`, or not handed to the optimiser.
# * **Weight decay is L2 inside the step**, $p - \eta\,(g + \lambda p)$, and biases pay nothing.
#   AdamW takes $\eta \lambda p$ away beside its own step.
# * **A new head** has weights with variance $1/D$ and biases of 0. PyTorch draws both uniformly
#   between $\pm 1/\sqrt{D}$, which is a third of that variance.
# * **Layer-wise rates** count layers from the head, which has $k = 0$. Some books count blocks.
#   Howard and Ruder divide the rate by 2.6 from each layer to the one before it: our $d$ is then
#   0.385.
# * **Batch norm's `momentum`** is the share of the new batch, 0.1, as in PyTorch.
# * **A label that has no place** in the new list is -1.
# * **"k-shot"** in books means $k$ labels *of each class*, as our `per_class`.
# * **Forgotten** is a share of what was right before; the drop is a difference of accuracies.
#
# ### New words
#
# | word | meaning |
# |---|---|
# | transfer learning | using what was learned for one task in another |
# | pretraining, fine-tuning | the first training, on many examples; the second, on few |
# | body, backbone, head | all layers but the last; the same; the last |
# | features | what the body says about an input |
# | freezing | keeping arrays as they are, in every bit |
# | layer-wise learning rates | smaller ones towards the input |
# | linear probe | a linear layer on frozen features |
# | few-shot, k-shot | few labels; k labels of each class |
# | domain shift | the same question about other inputs |
# | confusion matrix | a table of labels against answers |
# | negative transfer | what was learned before makes the new task go worse than from scratch |
# | catastrophic forgetting | losing the old task by learning a new one |
# | residual connection | adding a block's input to its output |
# | sentiment | whether words or texts are friendly or not |
#
# ### Sources
#
# * J. Yosinski, J. Clune, Y. Bengio and H. Lipson, "How transferable are features in deep neural
#   networks?", NIPS 2014: which layers are general, and which belong to their task.
# * S. Kornblith, J. Shlens and Q. Le, "Do better ImageNet models transfer better?", CVPR 2019:
#   frozen, fine-tuned and from scratch, compared.
# * G. Alain and Y. Bengio, "Understanding intermediate layers using linear classifier probes", ICLR
#   2017 workshop.
# * J. Howard and S. Ruder, "Universal language model fine-tuning for text classification", ACL 2018:
#   rates that shrink towards the input by 2.6.
# * S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network training by reducing
#   internal covariate shift", ICML 2015.
# * Z. Wang, Z. Dai, B. Póczos and J. Carbonell, "Characterizing and avoiding negative transfer",
#   CVPR 2019.
# * M. McCloskey and N. Cohen, "Catastrophic interference in connectionist networks: the sequential
#   learning problem", *Psychology of Learning and Motivation* 24, 1989.
# * K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image recognition", CVPR 2016.
# * M. Tan and Q. Le, "EfficientNet: rethinking model scaling for convolutional neural networks",
#   ICML 2019.
# * J. Devlin, M.-W. Chang, K. Lee and K. Toutanova, "BERT: pre-training of deep bidirectional
#   transformers for language understanding", NAACL 2019.
# * A. Radford, K. Narasimhan, T. Salimans and I. Sutskever, "Improving language understanding by
#   generative pre-training", OpenAI 2018.
# * W. Wang, F. Wei, L. Dong, H. Bao, N. Yang and M. Zhou, "MiniLM: deep self-attention distillation
#   for task-agnostic compression of pre-trained transformers", NeurIPS 2020; N. Reimers and I.
#   Gurevych, "Sentence-BERT: sentence embeddings using Siamese BERT-networks", EMNLP 2019, for the
#   pairs of sentences and the mean.
# * C. Hutto and E. Gilbert, "VADER: a parsimonious rule-based model for sentiment analysis of social
#   media text", ICWSM 2014: the words of section 7.7.
# * E. Hu and others, "LoRA: low-rank adaptation of large language models", ICLR 2022.
#
# ### Your map

# %%
progress()

# %% [markdown]
# **Next.** Chapter 8 is about the difference between learning and learning by heart, which is what
# makes few labels dangerous, and about what is done against it.
