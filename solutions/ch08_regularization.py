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
# # Chapter 8: Regularisation
#
# A network that knows its training examples by heart has learned nothing yet. This chapter is about
# the difference between learning and learning by heart, and about everything that is done to keep a
# network from the second: stopping in time, dropout, a price on large weights, more pictures than
# you have, less certain answers. Batch normalisation is in it too, which is often counted among
# them and turns out to be something else. At the end you compare all of them on real data, with
# their spread, and some of them lose.
#
# **What you need.** Chapters 1 to 3: layers, gradients, the training loop, and what a validation
# set is for. The optimiser of chapter 9, Adam, is used here ready-made.
#
# | section | afterwards you can | reading | exercises |
# |---|---|---|---|
# | 8.1 Learned by heart | see overfitting in two curves, and stop in time | 20 min | 12 min |
# | 8.2 Dropout | write it, backwards too, and say what it is against | 20 min | 16 min |
# | 8.3 A price on large weights | take L2 into a gradient, and say what it does to a weight | 15 min | 6 min |
# | 8.4 Batch normalisation | write it for training and for use, and derive its way back | 30 min | 55 min |
# | 8.5 More pictures than you have | turn, scale and flip pictures, and say when the label dies | 25 min | 56 min |
# | 8.6 Less certain answers | smooth labels, and say what the smallest loss then is | 10 min | 10 min |
# | 8.7 A trade, not a charm | compare remedies fairly, and say what each of them assumes | 25 min | 12 min |
# | 8.8 What you take along | find everything again | 10 min | |
#
# That is 155 minutes of reading and 167 of exercises: our estimate for a first reading. Sections
# 8.1 to 8.3 make a first day, 8.4 a second, 8.5 to 8.7 a third.

# %% [markdown]
# ## Set-up

# %%
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

from autograder import check, hint, progress
from course import mlp
from course.adam import Adam
from course.data import digits, mnist, photograph
from course.widgets import ch08_regularization as widgets

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
plt.rcParams.update({"font.size": 12, "figure.constrained_layout.use": True})

# %% [markdown]
# ## 8.1 Learned by heart
#
# **Question.** A network answers every training example right. How much has it learned?
#
# Let us make a case in which we know the answer. We take 700 of the handwritten digits, throw their
# labels away, and give each picture a random one. There is nothing to be learned here. A picture of
# a 3 may be called 7, the next one 0.
#
# **Predict.** A network 64-128-128-10 has 26,122 parameters. It trains for 60 epochs on these 700
# pictures. How many of its random labels does it answer right in the end: about 10 %, about 50 %,
# or all? And how many of the test pictures?

# %% [markdown]
# **My prediction:** …


# %%
def fit_plainly(x, y, epochs, after_each_epoch=None):
    """A network 64-128-128-10 without any remedy, trained by Adam in batches of 32.

    after_each_epoch  a function that gets the parameters, to watch them
    """
    rng = np.random.default_rng(0)
    parameters = mlp.draw_parameters([64, 128, 128, 10], rng)
    adam = Adam(parameters, 0.005)
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), 32):
            chosen = order[start : start + 32]
            _, gradients = mlp.loss_and_gradients(parameters, x[chosen], y[chosen])
            adam.step(gradients)
        if after_each_epoch is not None:
            after_each_epoch(parameters)
    return parameters


data = digits()
x_val, x_train = data.x_train[:287], data.x_train[287:987]  # validation and training pictures
x_test, y_test = data.x_test, data.y_test

random_labels = np.random.default_rng(0).integers(0, 10, 700)
by_heart = fit_plainly(x_train, random_labels, 60)
print(f"random labels: training accuracy {mlp.accuracy(by_heart, x_train, random_labels):.1%}")
print(f"               test accuracy     {mlp.accuracy(by_heart, x_test, y_test):.1%}")

# %% [markdown]
# **What you should have seen.** It answers practically all of the random labels, and on the test
# pictures it is as good as guessing. The network has room enough to keep 700 pictures in mind one
# by one. **A training accuracy of 100 % says nothing about learning**: it says that the network is
# large enough. (Zhang and others did this in 2017 with well-known large networks of their time, and
# with a million pictures. It worked there, too.)
#
# Real data lie in between. There is something to learn, and there is chance beside it: labels that
# somebody clicked too fast, a smudge that only one picture has. A network that goes on training
# learns the first and then keeps the second by heart. That is **overfitting**, which you saw at the
# end of chapter 3: the training loss still falls, and the loss on new examples rises. The
# difference between the two is the **generalisation gap**. Whatever makes that gap smaller is
# called **regularisation**.
#
# Now a case in between. We keep the true labels, and replace 30 % of them by wrong ones, in the
# training set and in the validation set alike, as they would be in life. Only the test labels are
# all true.


# %%
def with_wrong_labels(y, share, rng):
    """A copy of the labels, of which about this share is replaced by one of the nine wrong ones."""
    wrong = rng.random(len(y)) < share
    return np.where(wrong, (y + rng.integers(1, 10, len(y))) % 10, y)


noisy = with_wrong_labels(data.y_train, 0.3, np.random.default_rng(0))
y_val, y_train = noisy[:287], noisy[287:987]
watched = []


def watch(parameters):
    """Keep the losses on training and validation examples, and the accuracies on given and on true labels."""
    train_loss, _ = mlp.loss_and_gradients(parameters, x_train, y_train)
    val_loss, _ = mlp.loss_and_gradients(parameters, x_val, y_val)
    given = mlp.accuracy(parameters, x_train, y_train)
    watched.append([train_loss, val_loss, given, mlp.accuracy(parameters, x_test, y_test)])


fit_plainly(x_train, y_train, 40, watch)
train_losses, val_losses, given_accuracies, test_accuracies = np.array(watched).T

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
epochs = np.arange(40)
left.semilogy(epochs, train_losses, color=BLUE)
left.semilogy(epochs, val_losses, color=VERMILION, ls="--")
left.text(40, train_losses[-1], "training", color=BLUE, va="center")
left.text(40, val_losses[-1], "validation", color=VERMILION, va="center")
left.set(xlabel="epoch", ylabel="loss in nats (log scale)", xlim=(0, 52))
right.plot(epochs, 100 * given_accuracies, color=BLUE)
right.plot(epochs, 100 * test_accuracies, color=GREEN, ls="--")
right.text(40, 100 * given_accuracies[-1], "training,\n30 % wrong", color=BLUE, va="center")
right.text(40, 100 * test_accuracies[-1], "test, all true", color=GREEN, va="center")
right.set(xlabel="epoch", ylabel="accuracy in %", xlim=(0, 55), ylim=(50, 107), yticks=[50, 60, 70, 80, 90, 100])
left.grid(alpha=0.2)
right.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* on the left the two losses part after a few epochs. On the right the price:
# while the network learns more and more of the wrong labels by heart, it forgets how digits look.
# In the first epochs it had understood more than at the end.
#
# ### Stop in time
#
# So the first remedy costs nothing: **early stopping**. After each epoch, look at the validation
# loss. Keep the parameters of the best epoch so far. If for some epochs in a row nothing better
# comes, stop, and go back to the best. How many epochs one waits is called the **patience**: losses
# jump up and down, and one bad epoch proves nothing.
#
# **By hand.** Losses 3, 2, 1, 2, 2 with patience 2. Epoch 2 (we count from 0) is the best. Epoch 3
# brings no new low, epoch 4 brings none: that is two in a row, so training stops at epoch 4 and the
# parameters of epoch 2 are kept. Now you: 5, 4, 4.5, 3.9, 4, 4.2, 3.8, patience 2.

# %% [markdown]
# **My result:** …

# %% [markdown]
# **Exercise 8.1: When to stop** (12 minutes, medium, 3 points)
#
# The losses are given as if training had gone on; your function must not look beyond the stop.


# %%
def early_stopping(losses, patience):
    """When training should have stopped, and which epoch's parameters to keep.

    losses    (E,)  the validation loss after each epoch
    patience  how many epochs in a row may pass without a new lowest loss, at least 1
    Returns best_epoch, the epoch with the lowest loss seen until the stop, and stop_epoch, the first epoch at
    which `patience` epochs in a row brought no new lowest loss; the last epoch if that never happens.
    Epochs count from 0. A loss equal to the lowest is no new lowest loss. The input is left unchanged.
    """
    ### BEGIN SOLUTION
    best_epoch = 0
    for epoch in range(len(losses)):
        if losses[epoch] < losses[best_epoch]:
            best_epoch = epoch
        if epoch - best_epoch == patience:
            return best_epoch, epoch
    return best_epoch, len(losses) - 1
    ### END SOLUTION


# %%
check(early_stopping)

# %%
print(early_stopping(np.array([5, 4, 4.5, 3.9, 4, 4.2, 3.8]), 2))

best, stop = early_stopping(val_losses, 10)
print(f"digits: best epoch {best}, stopped at epoch {stop}")
print(f"test accuracy of the best epoch {test_accuracies[best]:.1%}, of the last {test_accuracies[-1]:.1%}")

# %% [markdown]
# **What you should have seen.** By hand: the best epoch is 3, and training stops at 5. The 3.8 of
# epoch 6 would have been better, and nobody will ever know. On the digits the best epoch is one of
# the first, and its parameters read more than 90 % of the test pictures. In the last ten epochs the
# test accuracy is about 80 %. More than thirty epochs of work made the network worse.
#
# The widget holds a hundred recorded runs of a network of this size, with 1077 of the digits or 200
# pictures of MNIST, a second collection: five for each setting, so that you see how much is luck.
# (It counts its epochs from 1.) For now leave the remedy at "none".
#
# **Predict.** How long should one wait? What happens with patience 1?

# %% [markdown]
# **My prediction:** …

# %%
widgets.overfitting_bench()

# %% [markdown]
# Visit **learnt by heart**, then move the patience. And visit **stopped too early**: 200 pictures
# of MNIST, 30 % of the labels wrong, patience 1. (This one runs with dropout, the remedy of the
# next section.)
#
# **What you should have seen.** In **learnt by heart** the five runs end at 0.769 of the test
# digits, give or take 0.024; stopped with patience 5 they reach 0.948. In **stopped too early**
# some runs take the first stumble for the end: their mean is 0.516, and it would have been 0.627
# after the last epoch. The worst of them keeps the network of its first epoch, which reads 0.145 of
# the test pictures, and pulls the mean down. Patience is a price, too: short saves time, long is
# safe.
#
# ## 8.2 Dropout
#
# **Question.** Can a network be kept from relying on single neurons?
#
# Learning by heart needs teamwork of a special kind. A hidden neuron that reacts to one training
# picture alone is useless in itself; it becomes useful when other neurons make up for what it
# spoils everywhere else. Neurons that work only in the company of certain others are called
# **co-adapted**. In training this looks fine. On a new picture the company does not fit together,
# and everything falls apart.
#
# **Dropout** (Srivastava, Hinton and others, 2014) forbids such company. In every training step,
# and for every example, each hidden neuron is set to 0 with probability $p$. No neuron can rely on
# another one: the other may be gone. Each has to become useful by itself, or in many companies.
#
# Every draw leaves another **thinned network**. A hidden layer of 256 neurons has $2^{256}$, about
# 1e77, of them, and they share their weights. After training we use all neurons at once, which
# comes close to a vote of all of them.
#
# **The size must fit.** Take ten neurons that give 1 each, whose sum goes to the next layer, and $p
# = 0.2$. In training about eight are left: the sum is 8. In use all ten are there: the sum is 10.
# The next layer would see a signal that it has never met. So in training we divide what is left by
# $1 - p$: eight times $1/0.8 = 1.25$ is 10 again. With a **mask** $m$ of 0 and $1/(1-p)$:
#
# $$y = x \cdot m, \qquad m_i = \begin{cases} 0 & \text{with probability } p \\ \dfrac{1}{1-p} & \text{otherwise} \end{cases}$$
#
# This is called *inverted* dropout. In use there is nothing left to be done: $y = x$. So a network
# with dropout has two modes, which differ in one switch: **training mode**, with masks, and
# **evaluation mode**, without.
#
# **Exercise 8.2: Dropout** (12 minutes, medium, 4 points)
#
# The mask goes back to the caller, because the way back needs it.


# %%
def dropout(x, p, rng, training=True):
    """Each number becomes 0 with probability p; what is left grows, so that the mean stays.

    x         an array of any shape
    p         the probability of being dropped, from 0 to 1
    rng       a numpy.random.Generator, the only source of chance
    training  if False nothing is dropped
    Returns y and mask, both of the shape of x: y = x * mask. In training the mask holds 0 where a number is
    dropped and 1 / (1 - p) elsewhere (zeros if p = 1), otherwise ones. The input is left unchanged.
    Source: Srivastava et al. 2014, section 10, the scaling during training.
    """
    ### BEGIN SOLUTION
    if not training:
        mask = np.ones(x.shape)
    elif p == 1:
        mask = np.zeros(x.shape)
    else:
        kept = rng.random(x.shape) >= p
        mask = kept / (1 - p)
    return x * mask, mask
    ### END SOLUTION


# %%
check(dropout)

# %%
ones = np.ones(100_000)
rng = np.random.default_rng(0)
for p in (0.2, 0.5, 0.8):
    y, mask = dropout(ones, p, rng)
    print(f"p = {p}: {np.mean(mask == 0):.1%} dropped, the rest times {mask.max():.2f}, mean {y.mean():.3f}")

# %% [markdown]
# The mean stays 1, whatever $p$ is.
#
# **The way back.** $y_i = m_i x_i$, and the mask is a constant. So the slope of $y_i$ is $m_i$: a
# dropped neuron gets no gradient in this step, and learns nothing from it; the others get theirs
# larger by $1/(1-p)$.
#
# **Exercise 8.3: Backward through dropout** (4 minutes, easy, 2 points)


# %%
def dropout_backward(grad_y, mask):
    """The gradient at the input of dropout.

    grad_y  the gradient at its output, any shape
    mask    what dropout returned, of the same shape
    Returns the gradient at x. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    return grad_y * mask
    ### END SOLUTION


# %%
check(dropout_backward)

# %% [markdown]
# **Predict.** A small network under two hundred masks. Is the mean of its outputs exactly the
# output without dropout? Think of a ReLU *behind* a dropout.

# %% [markdown]
# **My prediction:** …

# %%
widgets.dropout_masks(dropout)

# %% [markdown]
# Play it, then visit **one thinned network**, **the mean of two hundred**, **without the
# division**, **hardly anything left**, **evaluation mode**. (The masks are those that your function
# draws.)
#
# **What you should have seen.** With dropout behind the last hidden layer alone, the mean over all
# masks *is* the output in use, 2.38. Without the division it is 1.24, because half of the sum is
# missing (the bias of 0.1 is not dropped). With dropout in both layers it is 2.42 and no longer
# exact: there is a ReLU in between, and the mean of a ReLU is not the ReLU of the mean. Using all
# neurons at once is an approximation of the vote, and a good one, as long as $p$ is not close to 1:
# with $p = 0.9$ the mean over all masks is 2.67.
#
# ### Is it about company? A test
#
# If dropout works against co-adaptation, we can see it: train two networks, one with and one
# without dropout, and then, *after* training, take hidden neurons away (what is left grows as in
# dropout, so that the size fits). Whoever has learned to rely on company will miss it.
#
# **Predict.** 80 % of the hidden neurons are taken away at random. What is left of an accuracy of
# 98 %: without dropout in training, and with it ($p = 0.5$)?

# %% [markdown]
# **My prediction:** …


# %%
def logits_gradient(logits, y):
    """The gradient of the mean cross-entropy at the logits (N, C), as in chapter 2: softmax minus the right answer."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    grad = powers / powers.sum(axis=1, keepdims=True)
    grad[np.arange(len(y)), y] -= 1
    return grad / len(y)


def fit_with_dropout(x, y, p, epochs):
    """A network 64-256-10 with dropout behind its hidden layer."""
    rng = np.random.default_rng(0)
    parameters = mlp.draw_parameters([64, 256, 10], rng)
    weight_1, bias_1, weight_2, bias_2 = parameters
    adam = Adam(parameters, 0.005)
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), 32):
            chosen = order[start : start + 32]
            z = x[chosen] @ weight_1.T + bias_1  # (B, 256)
            h, mask = dropout(np.maximum(z, 0), p, rng)
            grad = logits_gradient(h @ weight_2.T + bias_2, y[chosen])  # (B, 10)
            grad_z = dropout_backward(grad @ weight_2, mask) * (z > 0)  # (B, 256)
            adam.step([grad_z.T @ x[chosen], grad_z.sum(axis=0), grad.T @ h, grad.sum(axis=0)])
    return parameters


def accuracy_without(parameters, share, rng):
    """The mean test accuracy over ten draws, when this share of the hidden neurons is taken away."""
    weight_1, bias_1, weight_2, bias_2 = parameters
    hidden = np.maximum(x_test @ weight_1.T + bias_1, 0)
    hits = []
    for _ in range(10):
        h, _ = dropout(hidden, share, rng)
        hits.append(np.mean((h @ weight_2.T + bias_2).argmax(axis=1) == y_test))
    return np.mean(hits)


true_labels = data.y_train[287:987]
shares = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9)
company = {}
for p in (0.0, 0.5):
    parameters = fit_with_dropout(x_train, true_labels, p, 40)
    company[p] = [accuracy_without(parameters, share, np.random.default_rng(1)) for share in shares]
    print(f"trained with p = {p}: whole {company[p][0]:.1%}, 80 % taken away {company[p][4]:.1%}")

fig, ax = plt.subplots(figsize=(8, 4))
for p, colour, name in ((0.0, VERMILION, "trained without dropout"), (0.5, BLUE, "trained with dropout")):
    ax.plot(100 * np.array(shares), 100 * np.array(company[p]), color=colour, marker="o")
    ax.text(92, 100 * company[p][-1], name, color=colour, va="center")
ax.set(xlabel="hidden neurons taken away after training, in %", ylabel="test accuracy in %", xlim=(0, 130))
ax.set(xticks=[0, 20, 40, 60, 80])
ax.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* the lines start together and part: the one of the network that was trained with
# dropout stays high for longer.
#
# **What you should have seen.** Whole, the two networks are equally good, about 98 %. Without 80 %
# of their hidden neurons, the one that was trained without dropout reads about three quarters of
# the test pictures, the other one about nine tenths. Its neurons have learned to be useful in any
# company. (Note the first half of that result, too: on these clean labels dropout has *not* made
# the whole network better.)
#
# ## 8.3 A price on large weights
#
# **Question.** What distinguishes a network that has learned a rule from one that keeps exceptions?
#
# **Predict.** Three networks of one size train for 40 epochs from the same start: one on the true
# labels of the 700 pictures, one on those of which 30 % are wrong, one on the random ones. Measure
# the length of all weights together, as chapter 3 measured the gradient's before clipping. Whose
# weights are the longest?

# %% [markdown]
# **My prediction:** …


# %%
def length_of_weights(parameters):
    """The root of the sum of all squared weights, without the biases."""
    return np.sqrt(sum(np.sum(parameter**2) for parameter in parameters if parameter.ndim > 1))


lengths = {"the start": length_of_weights(mlp.draw_parameters([64, 128, 128, 10], np.random.default_rng(0)))}
for name, labels in (("true labels", true_labels), ("30 % wrong", y_train), ("random labels", random_labels)):
    lengths[name] = length_of_weights(fit_plainly(x_train, labels, 40))
for name, length in lengths.items():
    print(f"{name:13} {length:.1f}")

# %% [markdown]
# **What you should have seen.** The weights start with length 23. The true labels, where there is a
# rule to be learned, bring them to 28, the wrong ones among them to 41, the random ones to 46. To
# answer one odd example against all its neighbours, the output has to change steeply over a short
# distance, and that takes large weights.
#
# So put a price on them: add to the loss a **penalty** that grows with their squares.
#
# $$L_{\text{total}} = L + \frac{\lambda}{2} \sum w^2$$
#
# $\lambda$ (lambda) is the price, called **weight decay** in code. The sum of squares is the square
# of the length that we have just measured; this length is also called the L2 norm, so this is **L2
# regularisation**. Its gradient is short:
#
# $$\frac{\partial}{\partial w}\, \frac{\lambda}{2} w^2 = \lambda w$$
#
# **By hand.** $w = 2$ and $\lambda = 0.1$: the penalty is $0.05 \cdot 4 = 0.2$, its gradient $0.2$.
# In a step of gradient descent with rate $\eta$ the weight becomes
#
# $$w - \eta\,(g + \lambda w) = (1 - \eta\lambda)\, w - \eta\, g$$
#
# It shrinks by a constant factor and then does what the data want. With $\eta = \lambda = 0.1$ the
# factor is 0.99; a weight that no example asks for is down to 37 % after a hundred steps
# ($0.99^{100} = 0.366$). Only what is asked for again and again stays large.
#
# Two customs. The **half** is there so that no 2 is left in the gradient; whoever leaves it out has
# $2 \lambda w$, and a $\lambda$ that means something else. And **biases pay nothing** (nor do
# $\gamma$ and $\beta$ of the next section): there are few of them, they set levels and make nothing
# steep.
#
# **Exercise 8.4: The gradient of the penalty** (6 minutes, easy, 2 points)
#
# Biases have one axis, weights have two or, in a convolution, four.


# %%
def l2_penalty_gradient(parameters, weight_decay):
    """The gradient of weight_decay / 2 times the sum of all squared weights.

    parameters    a list of arrays. Those with one axis (biases, gamma and beta) are free of charge
    weight_decay  the price, a number
    Returns a list of arrays of the same shapes, 0 for the arrays with one axis. The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    slopes = []
    for parameter in parameters:
        price = weight_decay if parameter.ndim > 1 else 0.0
        slopes.append(price * parameter)
    return slopes
    ### END SOLUTION


# %%
check(l2_penalty_gradient)

# %%
weight, bias = np.array([[2.0, -1.0]]), np.array([5.0])
print(l2_penalty_gradient([weight, bias], 0.1))

shrinking = weight
for _step in range(100):
    shrinking = shrinking - 0.1 * l2_penalty_gradient([shrinking], 0.1)[0]
print("after 100 steps without data:", shrinking)

# %% [markdown]
# **What you should have seen.** The bias pays nothing. After a hundred steps 0.732 and $-0.366$ are
# left: 37 % of 2 and of $-1$, as computed by hand.
#
# (With Adam there is a difference between adding this gradient and shrinking the weights directly.
# It has a section of its own in chapter 9, under the name AdamW. And there is a relative, **L1**,
# whose price is $\lambda |w|$: its slope does not fade with $w$, so it drives weights to exactly
# 0.)
#
# ## 8.4 Batch normalisation
#
# **Question.** Chapter 1 chose the initial scale so that signals live. Who keeps them alive during
# training?
#
# Nobody: as soon as the weights move, spreads drift. **Batch normalisation** (Ioffe and Szegedy,
# 2015) repairs the scale in every step. Before each ReLU it takes the batch as it is, and brings
# every feature to mean 0 and variance 1:
#
# $$\hat x = \frac{x - m}{\sqrt{v + \varepsilon}}, \qquad y = \gamma\, \hat x + \beta$$
#
# | letter | in code | shape | holds |
# |---|---|---|---|
# | $x$ | `x` | $(N, D)$ | a batch, before the ReLU |
# | $m, v$ | | $(D,)$ | mean and variance of each feature, *over the batch* |
# | $\varepsilon$ | `eps` | one tiny number | keeps us from dividing by 0 |
# | $\gamma, \beta$ | `gamma`, `beta` | $(D,)$ | a scale and a shift that are *learned* |
#
# This is `standardize` of chapter 3 inside the network, with two differences: it measures anew in
# every batch, and it is part of what is differentiated. $\gamma$ and $\beta$ give the layer its
# freedom back: mean 0 and variance 1 need not be what the next layer likes best. They start at 1
# and 0. (A bias in front of it is useless: the mean takes it away again.)
#
# **By hand.** One feature, a batch of two: 1 and 3. Mean 2, variance 1 (the mean of $1^2$ and
# $1^2$), so $\hat x = -1, 1$. With $\gamma = 3$, $\beta = 0.5$: $y = -2.5, 3.5$. Now you: 10 and
# 30.

# %% [markdown]
# **My result:** …

# %% [markdown]
# ### One example alone
#
# In use, a single example may come. Its own mean is itself, and nothing would be left of it. So in
# training we keep **running statistics**, which section 7.3 already met: averages of the means and
# variances of all batches, which move a little towards each new batch.
#
# $$m_{\text{run}} \leftarrow 0.9\, m_{\text{run}} + 0.1\, m, \qquad v_{\text{run}} \leftarrow 0.9\, v_{\text{run}} + 0.1\, v\,\frac{N}{N-1}$$
#
# The 0.1 is called `momentum` in PyTorch: the share of the *new*. (It has little to do with chapter
# 3's momentum, where 0.9 is the share of the old. Some books use it that way here, too.) And there
# are two variances: the batch itself is normalised with the one that divides by $N$; the running
# average is an estimate for examples to come, and takes the one that divides by $N - 1$. **By
# hand.** Begun at $m_{\text{run}} = 0$ and $v_{\text{run}} = 1$, the batch 1 and 3 gives
# $m_{\text{run}} = 0.2$ and $v_{\text{run}} = 0.9 + 0.1 \cdot 2 = 1.1$.
#
# **Exercise 8.5: Batch normalisation in training** (15 minutes, medium, 4 points)
#
# Three arrays go back: what the next layer gets, and the two running statistics for the next batch.


# %%
def batch_norm_forward(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    """Batch normalisation in training: by the statistics of the batch.

    x                          (N, D)  one example per row, N at least 2
    gamma, beta                (D,)    the learned scale and shift
    running_mean, running_var  (D,)    averages of the batches before
    momentum                   the share of the new batch in these averages
    eps                        added to the variance, so that the root is never 0
    Returns y (N, D), the new running mean (D,) and the new running variance (D,). y is made with the variance
    that divides by N, the running variance takes in the one that divides by N - 1, as in PyTorch.
    The inputs are left unchanged.
    Source: Ioffe and Szegedy 2015, algorithm 1.
    """
    ### BEGIN SOLUTION
    n = len(x)
    mean = np.mean(x, axis=0)  # (D,)
    variance = np.var(x, axis=0)  # (D,)
    x_hat = (x - mean) / np.sqrt(variance + eps)  # (N, D)
    unbiased = variance * n / (n - 1)
    new_running_mean = (1 - momentum) * running_mean + momentum * mean
    new_running_var = (1 - momentum) * running_var + momentum * unbiased
    return gamma * x_hat + beta, new_running_mean, new_running_var
    ### END SOLUTION


# %%
check(batch_norm_forward)

# %%
batch = np.array([[1.0], [3.0]])
y, mean, variance = batch_norm_forward(batch, np.array([3.0]), np.array([0.5]), np.zeros(1), np.ones(1))
print(f"y = {y.ravel().round(4)}, running mean {mean[0]:.2f}, running variance {variance[0]:.2f}")
y, mean, variance = batch_norm_forward(10 * batch, np.array([3.0]), np.array([0.5]), np.zeros(1), np.ones(1))
print(f"y = {y.ravel().round(4)}, running mean {mean[0]:.2f}, running variance {variance[0]:.2f}")

# %% [markdown]
# For 10 and 30 the $y$ are the same but for `eps`: **the scale of what comes in no longer
# matters**. Only the running statistics know it: 2 and 20.9.
#
# **Exercise 8.6: Batch normalisation in use** (5 minutes, easy, 2 points)
#
# The same formula, with the running statistics. It must work for a single example.


# %%
def batch_norm_eval(x, gamma, beta, running_mean, running_var, eps=1e-5):
    """Batch normalisation in use: by the running statistics, so that no example looks at the others.

    x                          (N, D)  one example per row, N may be 1
    gamma, beta                (D,)    the learned scale and shift
    running_mean, running_var  (D,)    collected in training
    Returns y (N, D). The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    x_hat = (x - running_mean) / np.sqrt(running_var + eps)  # (N, D)
    return gamma * x_hat + beta
    ### END SOLUTION


# %%
check(batch_norm_eval)

# %% [markdown]
# **Predict.** Eight layers, weights 0.7 times as large as the He initialisation of section 1.8
# draws them. Chapter 1 says what becomes of the spread. And with batch norm? Then: one and the same
# picture, in 24 batches of four with other pictures. Is its value the same each time?

# %% [markdown]
# **My prediction:** …

# %%
widgets.batch_norm_layers(batch_norm_forward)

# %% [markdown]
# Visit **weights too small**, **weights too large**, **a batch of four**, **a batch of one**,
# **one, in evaluation mode**.
#
# **What you should have seen.** With weights 0.7 times as large as He's the spread in layer 8 is
# 0.041, with 1.4 times it is 11; with batch norm it is 1 both times. The price is in the green
# panel: **what a picture gives depends on who shares its batch**. In batches of four the values of
# one and the same picture vary by 0.93 in layer 8, nearly as much as different pictures do; in
# batches of 64 still by 0.67. A batch of one erases everything. In evaluation mode, with running
# statistics, each picture is by itself again. So batch norm, like dropout, has a training mode and
# an evaluation mode, and to forget the switch is a famous bug.
#
# ### Three ways back
#
# How does the loss react to one $x_n$? Write $g_n$ for the gradient at $\hat x_n$; it is the
# incoming gradient times $\gamma$. Let $s = \sqrt{v + \varepsilon}$. A small change of $x_n$
# reaches the loss by three ways:
#
# 1. **by itself**: $\hat x_n$ has the slope $1/s$. Contribution $g_n / s$.
# 2. **by the mean**: $m$ moves by $1/N$ of the change, and every $\hat x_k$ falls by $1/s$ of that.
#    Contribution $-\frac{1}{s} \cdot \frac1N \sum_k g_k$.
# 3. **by the variance**: $v$ has the slope $\frac{2}{N}(x_n - m)$, and each $\hat x_k$ has in $v$
#    the slope $-\frac{1}{2}\, \hat x_k / s^2$. Multiplied and added up, with $x_n - m = s\, \hat
#    x_n$: contribution $-\frac1s\, \hat x_n \cdot \frac1N \sum_k g_k \hat x_k$. (The mean moves
#    too, but at the mean the variance is flat.)
#
# Together
#
# $$\frac{\partial L}{\partial x_n} = \frac1s \Big( g_n - \operatorname{mean}(g) - \hat x_n \cdot \operatorname{mean}(g\, \hat x) \Big)$$
#
# with means over the batch, for each feature by itself. $\gamma$ and $\beta$ are as in a linear
# layer: they are used once for each example, so their gradients add up over the batch: for $\gamma$
# the incoming gradient times $\hat x_n$, for $\beta$ the incoming gradient alone.
#
# **A check without a computer.** Add 1 to a whole column of $x$: $y$ does not change. So each
# column of the gradient must add up to 0. And for a batch of two, $\hat x$ is $-1$ and $1$,
# whatever the two numbers are (if not equal): so their gradient must be 0 altogether, but for
# $\varepsilon$.
#
# **Exercise 8.7: Backward through batch normalisation** (25 minutes, hard, 6 points)
#
# Compute $\hat x$ again from `x`; the incoming gradient is the one at $y$.


# %%
def batch_norm_backward(grad_y, x, gamma, eps=1e-5):
    """The gradients of batch normalisation in training.

    grad_y  (N, D)  the gradient at its output
    x       (N, D)  what went in
    gamma   (D,)    the scale
    eps     as in the forward pass
    Returns grad_x (N, D), grad_gamma (D,) and grad_beta (D,). The inputs are left unchanged.
    Source: derived in section 8.4.
    """
    ### BEGIN SOLUTION
    std = np.sqrt(np.var(x, axis=0) + eps)  # (D,)
    x_hat = (x - np.mean(x, axis=0)) / std  # (N, D)
    grad_x_hat = grad_y * gamma
    through_mean = np.mean(grad_x_hat, axis=0)  # (D,)
    through_variance = x_hat * np.mean(grad_x_hat * x_hat, axis=0)  # (N, D)
    grad_x = (grad_x_hat - through_mean - through_variance) / std
    return grad_x, np.sum(grad_y * x_hat, axis=0), np.sum(grad_y, axis=0)
    ### END SOLUTION


# %%
check(batch_norm_backward)

# %%
rng = np.random.default_rng(0)
grad_y, x, gamma = rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), np.array([1.0, 2.0, 3.0])
grad_x, grad_gamma, grad_beta = batch_norm_backward(grad_y, x, gamma)
print("columns of the gradient add up to", grad_x.sum(axis=0).round(12))
print("a batch of two:", np.abs(batch_norm_backward(grad_y[:2], x[:2], gamma)[0]).max().round(4))

# %% [markdown]
# ### Pictures
#
# In a convolutional network a channel is one feature, looked for at all places by one kernel. So it
# has *one* mean and *one* variance, over all pictures of the batch and over all places.
#
# **Exercise 8.8: Batch normalisation of pictures** (10 minutes, medium, 3 points)
#
# NumPy lines shapes up from the right. $\gamma$ has the shape $(C,)$, and the channels are the
# second axis of four.


# %%
def batch_norm2d(x, gamma, beta, eps=1e-5):
    """Batch normalisation of pictures, in training: one mean and one variance for each channel.

    x            (N, C, H, W)
    gamma, beta  (C,)
    eps          added to the variance
    Returns y (N, C, H, W). The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    mean = np.mean(x, axis=(0, 2, 3), keepdims=True)  # (1, C, 1, 1)
    variance = np.var(x, axis=(0, 2, 3), keepdims=True)  # (1, C, 1, 1)
    x_hat = (x - mean) / np.sqrt(variance + eps)
    return gamma[:, None, None] * x_hat + beta[:, None, None]
    ### END SOLUTION


# %%
check(batch_norm2d)

# %% [markdown]
# ### What it is good for
#
# A network with everything: linear layers, and behind each hidden one batch norm (if wanted), ReLU,
# dropout (if wanted). It uses your functions, forward and backward.


# %%
def draw_network(sizes, rng):
    """Parameters, a flat list: weight, bias, gamma, beta of each hidden layer, then weight and bias of the last.

    Also the running mean and variance of each hidden layer, a list of pairs.
    """
    parameters, running = [], []
    for fan_in, fan_out in pairwise(sizes):
        parameters += [rng.normal(0, np.sqrt(2 / fan_in), (fan_out, fan_in)), np.zeros(fan_out)]
        parameters += [np.ones(fan_out), np.zeros(fan_out)]
        running.append((np.zeros(fan_out), np.ones(fan_out)))
    return parameters[:-2], running[:-1]


def forward(parameters, running, x, norm=False, p=0.0, rng=None, training=False):
    """The logits, and what the way back needs. In training, the running statistics are moved."""
    kept, h = [], x
    for k in range(len(running)):
        weight, bias, gamma, beta = parameters[4 * k : 4 * k + 4]
        z = h @ weight.T + bias
        entering = z  # what enters the ReLU
        if norm and training:
            entering, *running[k] = batch_norm_forward(z, gamma, beta, *running[k])
        elif norm:
            entering = batch_norm_eval(z, gamma, beta, *running[k])
        a, mask = np.maximum(entering, 0), 1.0
        if p > 0 and training:
            a, mask = dropout(a, p, rng)
        kept.append((h, z, entering, mask))
        h = a
    kept.append(h)
    return h @ parameters[-2].T + parameters[-1], kept


def backward(parameters, kept, grad, norm=False):
    """The gradients of all parameters, from the gradient at the logits."""
    *hidden, h = kept
    gradients = [grad.T @ h, grad.sum(axis=0)]
    weight = parameters[-2]
    for k in reversed(range(len(hidden))):
        h, z, entering, mask = hidden[k]
        gamma, beta = parameters[4 * k + 2 : 4 * k + 4]
        grad = dropout_backward(grad @ weight, mask) * (entering > 0)
        grad_gamma, grad_beta = np.zeros_like(gamma), np.zeros_like(beta)
        if norm:
            grad, grad_gamma, grad_beta = batch_norm_backward(grad, z, gamma)
        gradients = [grad.T @ h, grad.sum(axis=0), grad_gamma, grad_beta, *gradients]
        weight = parameters[4 * k]
    return gradients


def accuracy(network, x, y, norm=False):
    """The share of right answers, in use: running statistics, no dropout."""
    logits, _ = forward(*network, x, norm)
    return np.mean(logits.argmax(axis=1) == y)


# %% [markdown]
# Six hidden layers of 64, plain gradient descent in batches of 32, five epochs, with and without
# batch norm and nothing else.
#
# **Predict.** Chapter 3 found the cliff of the learning rate. Does batch norm move it?

# %% [markdown]
# **My prediction:** …


# %%
def five_epochs(learning_rate, norm):
    """The validation accuracy after each of five epochs."""
    rng = np.random.default_rng(0)
    parameters, running = draw_network([64] + [64] * 6 + [10], rng)
    accuracies = []
    for _ in range(5):
        order = rng.permutation(1150)  # 35 full batches; the last 30 are left out
        for start in range(0, 1120, 32):
            chosen = 287 + order[start : start + 32]
            logits, kept = forward(parameters, running, data.x_train[chosen], norm, training=True)
            gradients = backward(parameters, kept, logits_gradient(logits, data.y_train[chosen]), norm)
            for parameter, grad in zip(parameters, gradients, strict=True):
                parameter -= learning_rate * grad
        accuracies.append(accuracy((parameters, running), x_val, data.y_train[:287], norm))
    return accuracies


rates = (0.01, 0.03, 0.1, 0.5, 1.0)
converged = {}
with np.errstate(all="ignore"):  # the largest rate overflows
    for norm in (False, True):
        converged[norm] = [five_epochs(rate, norm) for rate in rates]

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
for norm, colour, name in ((False, VERMILION, "without"), (True, BLUE, "with batch norm")):
    ends = [100 * run[-1] for run in converged[norm]]
    left.semilogx(rates, ends, color=colour, marker="o")
    left.text(1.2, ends[-1], name, color=colour, va="center")
    best = int(np.argmax(ends))
    right.plot(range(1, 6), 100 * np.array(converged[norm][best]), color=colour, marker="o")
    right.text(5.1, ends[best], f"{name},\nrate {rates[best]:g}", color=colour, va="bottom" if norm else "top")
    print(f"{name:16}", "  ".join(f"rate {rate:g}: {end:.1f} %" for rate, end in zip(rates, ends, strict=True)))
left.set(xlabel="learning rate (log scale)", ylabel="validation accuracy after 5 epochs, in %", xlim=(0.008, 12))
right.set(xlabel="epoch", ylabel="validation accuracy in %", xlim=(0.8, 7.4), xticks=range(1, 6))
right.set(ylim=(45, 107), yticks=[50, 60, 70, 80, 90, 100])
left.grid(alpha=0.2)
right.grid(alpha=0.2)

# %% [markdown]
# *What to notice:* on the left, both begin at the same height. The network with batch norm still
# reads well at ten times the rate at which the other one is best. On the right, the best run of
# each.
#
# **What you should have seen.** With rate 0.5 the plain network has fallen off the cliff, and with
# rate 1 it overflows and guesses. The network with batch norm takes both, with more than 90 %. At
# its best rate it is further after one epoch than the plain one, at *its* best rate, after two.
# **That** is what batch norm is for: deep networks become easy to train, with large rates, from
# nearly any initial scale.
#
# Why it works is less clear than that it works. The first paper says that layers no longer chase
# inputs whose distribution moves. Santurkar and others (2018) added noise behind batch norm, so
# that the distributions moved again, and it still helped; they measured that the loss becomes
# smoother, its gradient a better guide for longer steps.
#
# And is it a remedy against overfitting? It adds noise, as the green panel showed, and noise makes
# learning by heart harder. But fast training also learns by heart fast. Section 8.7 measures which
# of the two wins here.
#
# ## 8.5 More pictures than you have
#
# **Question.** What is the best thing against overfitting?
#
# More data. And of pictures there is a way to get more for nothing: a photograph of a temple that
# is mirrored, a little turned or a little larger is another photograph of a temple. **Data
# augmentation** gives the network a new version of every training picture in every epoch. What it
# says is: *these differences do not matter*. The network cannot learn a picture by heart that it
# never sees twice.
#
# Whether they matter is for *you* to know. We come back to that.
#
# **Exercise 8.9: Left and right** (3 minutes, easy, 2 points)
#
# For one picture, or for any batch of them.


# %%
def horizontal_flip(images):
    """Pictures as in a mirror: left and right are exchanged.

    images  (..., H, W)
    Returns the same shape. The input is left unchanged.
    """
    ### BEGIN SOLUTION
    return images[..., ::-1].copy()
    ### END SOLUTION


# %%
check(horizontal_flip)

# %% [markdown]
# ### Turning a picture
#
# Send every pixel to its new place? Try that with an enlargement by 2: pixel $(r, c)$ goes to $(2r,
# 2c)$.

# %%
portrait = photograph("portrait", 64).mean(axis=2)  # in grey

sent = np.zeros((2 * portrait.shape[0], 2 * portrait.shape[1]))
sent[::2, ::2] = portrait

fig, (left, right) = plt.subplots(1, 2, figsize=(8, 4.2))
left.imshow(portrait, cmap="gray", vmin=0, vmax=1)
left.set(title="the portrait, 64 pixels wide", xlabel="pixel column", ylabel="pixel row")
right.imshow(sent[:80, 24:104], cmap="gray", vmin=0, vmax=1)
right.set(title="pixels sent to twice their place", xlabel="pixel column", ylabel="pixel row")
print(f"{np.mean(sent == 0):.0%} of the pixels got nothing")

# %% [markdown]
# *What to notice:* the picture is full of holes. Nobody was sent to three of four pixels.
#
# So we ask the other way round, pixel by pixel of the *result*: **where did you come from?** This
# is the **inverse mapping**. Every pixel gets an answer, and the answer is a place between pixels,
# like row 3.5 and column 7.2. What is the value there?
#
# **Bilinear interpolation** mixes the four pixels around the place, by nearness. **By hand.** In a
# row, 10 and 20 are neighbours; a quarter of the way from the one to the other the value is $0.75
# \cdot 10 + 0.25 \cdot 20 = 12.5$. With two rows: first mix along both rows, then mix the two
# results.
#
# $$(1 - u)\big((1 - v)\,a + v\,b\big) + u\,\big((1 - v)\,c + v\,d\big)$$
#
# $u$ is how far the place is below the upper row, $v$ how far it is to the right of the left
# column; $a$ and $b$ are the upper pixels, $c$ and $d$ the lower ones.
#
# **Outside** everything is 0, so half a pixel beyond the rim the value is half of the rim's.
#
# **Exercise 8.10: Read between the pixels** (20 minutes, medium, 4 points)
#
# Indices that are negative count from the end in NumPy, and too large ones are an error. A frame of
# zeros around the picture saves you from both at the rim; places that are farther out, `np.clip`
# brings onto the frame.


# %%
def bilinear(image, rows, columns):
    """The values of a picture at any places, also between its pixels.

    image          (H, W)  pixel (r, c) is the value at row r and column c; outside the picture all is 0
    rows, columns  the places, two arrays of one shape: real numbers of any size
    Returns an array of that shape: the mean of the four pixels around each place, each weighted by its nearness.
    The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    height, width = image.shape
    framed = np.pad(image, 1)  # (H + 2, W + 2): a frame of zeros
    rows = np.clip(rows + 1, 0, height + 1)  # in the framed picture; what is far outside is on the frame
    columns = np.clip(columns + 1, 0, width + 1)
    top = np.minimum(rows.astype(int), height)  # the pixel above
    left = np.minimum(columns.astype(int), width)  # the pixel to the left
    down, right = rows - top, columns - left  # how far beyond it, 0 to 1
    upper = (1 - right) * framed[top, left] + right * framed[top, left + 1]
    lower = (1 - right) * framed[top + 1, left] + right * framed[top + 1, left + 1]
    return (1 - down) * upper + down * lower
    ### END SOLUTION


# %%
check(bilinear)

# %%
small = np.array([[10.0, 20.0], [30.0, 40.0]])
print(bilinear(small, np.array([0.0, 0.5, -0.5]), np.array([0.25, 0.25, 0.0])))

# %% [markdown]
# 12.5 as by hand; half a row further down 22.5, the mean of 12.5 and 32.5; half a pixel above the
# 10 it is 5.
#
# **Now the turn.** Count from the centre, at row $(H-1)/2$ and column $(W-1)/2$: a pixel lies $d$
# below and $r$ to the right of it ($d$ and the angle $a$ are new letters here, not the pixels of
# the last formula). Counter-clockwise as we see it, a turn by the angle $a$ brings it here from
#
# $$d' = d \cos a + r \sin a, \qquad r' = r \cos a - d \sin a$$
#
# **By hand.** A quarter turn has $\cos a = 0$, $\sin a = 1$: $d' = r$, $r' = -d$. The upper left
# corner of a 3 × 3 picture has $d = r = -1$. It came from $d' = -1$, $r' = 1$: the upper *right*
# corner. So
#
# $$\begin{pmatrix} 0 & 1 & 2 \\ 3 & 4 & 5 \\ 6 & 7 & 8 \end{pmatrix} \quad\text{becomes}\quad \begin{pmatrix} 2 & 5 & 8 \\ 1 & 4 & 7 \\ 0 & 3 & 6 \end{pmatrix}$$
#
# In mathematics the second axis points up. In pictures rows count *downwards*, and that turns the
# signs round: the usual formula, used unchanged, turns clockwise.
#
# **Exercise 8.11: Rotate** (15 minutes, medium, 4 points)
#
# `np.indices(image.shape)` gives the rows and the columns of all pixels at once.


# %%
def rotate(image, degrees):
    """A picture turned about its centre, counter-clockwise as seen.

    image    (H, W)  the centre is at row (H - 1) / 2 and column (W - 1) / 2
    degrees  the angle
    Returns (H, W): each pixel is read, bilinearly, where it came from; 0 where that is outside.
    The input is left unchanged.
    """
    ### BEGIN SOLUTION
    height, width = image.shape
    middle_row, middle_column = (height - 1) / 2, (width - 1) / 2
    rows, columns = np.indices(image.shape)  # (H, W) each
    down, right = rows - middle_row, columns - middle_column
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    from_down = cos * down + sin * right
    from_right = cos * right - sin * down
    return bilinear(image, middle_row + from_down, middle_column + from_right)
    ### END SOLUTION


# %%
check(rotate)

# %%
print(rotate(np.arange(9.0).reshape(3, 3), 90).round(6))

# %% [markdown]
# **Exercise 8.12: Scale** (6 minutes, easy, 2 points)
#
# What appears twice as far from the centre came from half as far. The frame stays as it is: what
# grows out of it is lost.


# %%
def scale(image, factor):
    """A picture enlarged or shrunk about its centre; its shape stays.

    image   (H, W)
    factor  2 shows everything twice as large, 0.5 half as large; positive
    Returns (H, W), read bilinearly; 0 where it comes from outside. The input is left unchanged.
    """
    ### BEGIN SOLUTION
    height, width = image.shape
    middle_row, middle_column = (height - 1) / 2, (width - 1) / 2
    rows, columns = np.indices(image.shape)  # (H, W) each
    down, right = rows - middle_row, columns - middle_column
    return bilinear(image, middle_row + down / factor, middle_column + right / factor)
    ### END SOLUTION


# %%
check(scale)

# %%
shown = {
    "as it is": portrait,
    "flipped": horizontal_flip(portrait),
    "turned by 25°": rotate(portrait, 25),
    "scaled by 1.5": scale(portrait, 1.5),
    "scaled by 0.7": scale(portrait, 0.7),
}
fig, axes = plt.subplots(1, 5, figsize=(13, 3.8))
axes[0].set(ylabel="pixel row")
for ax, (name, picture) in zip(axes, shown.items(), strict=True):
    ax.imshow(picture, cmap="gray", vmin=0, vmax=1)
    ax.set(title=name, xlabel="pixel column", xticks=[0, 30, 60], yticks=[0, 30, 60])

# %% [markdown]
# *What to notice:* five pictures of Grace Hopper. The black corners are the 0 from outside. (For a
# colour picture, do the same to each of the three channels, with the same angle for all of them.)
#
# ### By chance, and every time anew
#
# Each picture, in each epoch, gets a draw of its own: an angle, a factor, and a coin. Three things
# go wrong easily:
#
# * **one draw for the whole batch**: then a batch is turned as a block, and its gradient leans to
#   one side;
# * **augmenting once, before training**: then there are only as many new pictures as you stored;
# * **augmenting the validation or test set**: then you measure something else than what will come.
#
# **Exercise 8.13: A new version of every picture** (12 minutes, medium, 4 points)
#
# Use your three functions. The check looks at eighty copies of one picture, and reads angle, factor
# and flip off each.


# %%
def random_augment(images, max_degrees, max_factor, flip_probability, rng):
    """Each picture turned, scaled and perhaps flipped, by a draw of its own.

    images            (N, H, W)
    max_degrees       the angle is uniform from -max_degrees to max_degrees
    max_factor        the factor is uniform from 1 / max_factor to max_factor
    flip_probability  how often a picture is flipped
    rng               a numpy.random.Generator, the only source of chance
    Returns (N, H, W). The inputs are left unchanged.
    """
    ### BEGIN SOLUTION
    augmented = []
    for image in images:
        image = rotate(image, rng.uniform(-max_degrees, max_degrees))
        image = scale(image, rng.uniform(1 / max_factor, max_factor))
        if rng.random() < flip_probability:
            image = horizontal_flip(image)
        augmented.append(image)
    return np.array(augmented)
    ### END SOLUTION


# %%
check(random_augment)

# %%
digits_28 = mnist()
six = digits_28.x_train[np.flatnonzero(digits_28.y_train == 6)[0]].reshape(28, 28)
versions = random_augment(np.repeat(six[None], 12, axis=0), 20, 1.2, 0.0, np.random.default_rng(0))

fig, axes = plt.subplots(2, 6, figsize=(10, 3.6))
fig.supxlabel("one 6 of MNIST in twelve epochs: up to 20 degrees, factors from 1/1.2 to 1.2")
for ax, version in zip(axes.ravel(), versions, strict=True):
    ax.imshow(version, cmap="Greys", vmin=0, vmax=1)
    ax.set(xticks=[], yticks=[])

# %% [markdown]
# *What to notice:* twelve sixes, and no two of them are alike.
#
# ### When the label dies
#
# **Predict.** A 6 turned by 180 degrees. What will a network read that knows upright digits only?
# Which of the ten digits may be mirrored?

# %% [markdown]
# **My prediction:** …

# %%
widgets.augmentation_gallery(rotate, scale, horizontal_flip)

# %% [markdown]
# Visit **a little**, **a 6 becomes a 9**, **a 9 becomes a 6**, **a mirrored 3**, **too large**, **a
# mirrored temple**.
#
# **What you should have seen.** A few degrees change nothing. By 180 degrees, 54 % of all test
# sixes are read as 9, and 72 % of the nines as 6; and that is no mistake of the network. A picture
# that looks like a 9 and is labelled 6 is a *wrong label*, and you made it. The same for the flip:
# a mirrored temple is a temple, a mirrored 3 is nothing. (Zero, one and eight would survive it,
# more or less.) **Every augmentation is a claim about the world**: this change leaves the label as
# it is. For satellite pictures all angles are right, for digits twenty degrees, for letters no
# mirror. Nobody but you can know that; it is not in the data.
#
# ### When the label has a place
#
# In object detection (chapter 4) the label is a box, in segmentation a mask that says for each
# pixel what it shows. These labels *must* move: flip the picture, and the box must be flipped,
# $x_0, x_1$ become $W - x_1, W - x_0$; turn the picture, and the mask is turned with the same angle
# (reading the nearest pixel, for half a class is none). A network that is trained on mirrored
# pictures with boxes left behind learns to look in the wrong place. A left hand that is mirrored is
# a right hand: the *name* of a label may have to move as well.
#
# ## 8.6 Less certain answers
#
# **Question.** Cross-entropy is never content. What does it still want when all answers are right?
#
# Certainty: $-\ln p$ is 0 only for $p = 1$, and for that the logits must grow for ever. On a wrong
# label that is the worst that can happen. **Label smoothing** (Szegedy and others, 2016) asks for a
# little less: take the share $\varepsilon$ of every label (not the tiny $\varepsilon$ of section
# 8.4) and spread it over all $C$ classes.
#
# **By hand.** Ten classes, $\varepsilon = 0.1$: the right class has the target $0.9 + 0.01 = 0.91$,
# every other one 0.01. The cross-entropy against such a target is
#
# $$L = (1 - \varepsilon) \cdot \big(-\ln p_{\text{label}}\big) + \varepsilon \cdot \Big(-\frac1C \sum_c \ln p_c\Big)$$
#
# It is smallest when $p$ *is* the target, and then it is not 0: $-0.91 \ln 0.91 - 9 \cdot 0.01 \ln
# 0.01 = 0.500$. The logits are content with a distance of $\ln(0.91/0.01) = 4.51$, and stop
# growing.
#
# **Exercise 8.14: Label smoothing** (10 minutes, medium, 3 points)
#
# Some texts spread $\varepsilon$ over the $C - 1$ other classes. We do as PyTorch does.


# %%
def label_smoothing(logits, labels, epsilon):
    """Cross-entropy with smoothed labels: the share epsilon of every label is spread over all classes.

    logits   (N, C)
    labels   (N,)  integers from 0 to C - 1
    epsilon  from 0 to 1; 0 is the usual cross-entropy
    Returns the mean loss over the examples, in nats. The right class has the target 1 - epsilon + epsilon / C,
    every other one epsilon / C, as in PyTorch. The inputs are left unchanged.
    Source: Szegedy et al. 2016, section 7.
    """
    ### BEGIN SOLUTION
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))  # (N, C)
    hard = -log_p[np.arange(len(labels)), labels]  # (N,) against the label
    uniform = -np.mean(log_p, axis=1)  # (N,) against all classes alike
    return np.mean((1 - epsilon) * hard + epsilon * uniform)
    ### END SOLUTION


# %%
check(label_smoothing)

# %%
target = np.full((1, 10), 0.01)
target[0, 0] = 0.91
print(f"logits of the target itself: {label_smoothing(np.log(target), np.array([0]), 0.1):.3f}")
for height in (2.0, 4.51, 10.0, 100.0):
    logits = np.array([[height] + [0.0] * 9])
    print(f"label {height:5} above the rest: {label_smoothing(logits, np.array([0]), 0.1):.3f}")

# %% [markdown]
# **What you should have seen.** The loss falls to 0.500 and *rises* again: who is too certain pays.
# When you read a training loss of 0.5 somewhere and wonder, look for label smoothing.
#
# The gradient at the logits is softmax minus the target, as before:


# %%
def smoothed_gradient(logits, y, epsilon):
    """The gradient of label_smoothing at the logits (N, C)."""
    # softmax - (1 - epsilon) * (1 at the label) - epsilon / C
    at_label = np.eye(logits.shape[1])[y] / len(y)
    return logits_gradient(logits, y) + epsilon * (at_label - 1 / logits.size)


# %% [markdown]
# ## 8.7 A trade, not a charm
#
# **Question.** Which of all these remedies helps?
#
# We measure with three seeds each, because one run proves nothing, and we measure on the test set.
# That is allowed here, because we only report and choose nothing; whoever wants to *choose* a
# remedy needs the validation set for it. First the 700 digits with 30 % wrong labels: two hidden
# layers of 128, 40 epochs (early stopping: at most 25), each remedy alone.
#
# **Predict.** Put in order: nothing, dropout ($p = 0.5$), batch norm, L2 ($\lambda = 0.01$), label
# smoothing ($\varepsilon = 0.2$), early stopping.

# %% [markdown]
# **My prediction:** …


# %%
def train(x, y, seed, epochs, watch=None, norm=False, p=0.0, weight_decay=0.0, epsilon=0.0, augment=None):
    """A trained network with two hidden layers of 128, by Adam in batches of 32.

    watch    a function that gets the network after each epoch
    augment  a function: all training pictures (N, D) and an rng in, new versions of them out; called in every epoch
    """
    rng = np.random.default_rng(seed)
    network = draw_network([x.shape[1], 128, 128, 10], rng)
    parameters, _ = network
    adam = Adam(parameters, 0.005)
    for _ in range(epochs):
        pictures = x if augment is None else augment(x, rng)
        order = rng.permutation(len(x))
        for start in range(0, len(x) - 1, 32):  # no batch of one
            chosen = order[start : start + 32]
            logits, kept = forward(*network, pictures[chosen], norm, p, rng, training=True)
            gradients = backward(parameters, kept, smoothed_gradient(logits, y[chosen], epsilon), norm)
            if weight_decay > 0:
                penalties = l2_penalty_gradient(parameters, weight_decay)
                gradients = [grad + penalty for grad, penalty in zip(gradients, penalties, strict=True)]
            adam.step(gradients)
        if watch is not None:
            watch(network)
    return network


def three_runs(x, y, x_new, y_new, epochs, norm=False, **remedy):
    """The accuracies on new examples of three seeds, in %."""
    found = []
    for seed in range(3):
        network = train(x, y, seed, epochs, norm=norm, **remedy)
        found.append(100 * accuracy(network, x_new, y_new, norm))
    return np.array(found)


def stopped_runs(patience):
    """The same of three plain runs on the wrong labels, each at the epoch that early stopping keeps."""
    found = []
    for seed in range(3):
        losses, tests = [], []

        def watch_one(network, losses=losses, tests=tests):
            logits, _ = forward(*network, x_val)
            losses.append(label_smoothing(logits, y_val, 0.0))
            tests.append(100 * accuracy(network, x_test, y_test))

        train(x_train, y_train, seed, 25, watch_one)
        best, _ = early_stopping(np.array(losses), patience)
        found.append(tests[best])
    return np.array(found)


def show(results, low):
    """One row for each remedy: three runs as dots, their mean as a line; printed, too."""
    _, ax = plt.subplots(figsize=(8, 0.5 * len(results) + 1.2))
    for row, (name, found) in enumerate(results.items()):
        ax.plot(found.mean(), row, "|", color=VERMILION, ms=20, mew=2)
        ax.plot(found, [row] * len(found), "o", color=BLUE, ms=5)
        print(f"{name:18} {found.mean():5.1f} %   from {found.min():.1f} to {found.max():.1f}")
    ax.set(xlabel="test accuracy in %", xlim=(low, 100), yticks=range(len(results)), yticklabels=list(results))
    ax.set_ylim(len(results) - 0.4, -0.6)
    ax.grid(alpha=0.2)


wrong_labels = {
    "nothing": three_runs(x_train, y_train, x_test, y_test, 40),
    "dropout": three_runs(x_train, y_train, x_test, y_test, 40, p=0.5),
    "batch norm": three_runs(x_train, y_train, x_test, y_test, 40, norm=True),
    "L2": three_runs(x_train, y_train, x_test, y_test, 40, weight_decay=0.01),
    "label smoothing": three_runs(x_train, y_train, x_test, y_test, 40, epsilon=0.2),
    "early stopping": stopped_runs(10),
}
show(wrong_labels, 65)

# %% [markdown]
# *What to notice:* first the dots of a row: so much is luck. A difference between two means says
# something only when it is larger than that.

# %% [markdown]
# **What you should have seen.** Without a remedy about 82 % of the test digits are read. Dropout,
# L2 and early stopping reach about 93 %, each alone: they keep the network from learning the wrong
# labels by heart. Label smoothing does nothing here that these three seeds could tell from luck.
# And **batch norm is no remedy**: with about 78 % it even ends below the plain network here. A
# network that trains faster learns wrong labels by heart faster, too. Stopped in time, batch norm
# would lose little: in the bench of section 8.1, stopping lifts it from 0.794 to 0.921.
#
# Now with all labels right, for 20 epochs: nothing, dropout, batch norm. And one more: pictures
# shifted by up to one pixel.
#
# **Predict.** Does anything help? Does anything hurt?

# %% [markdown]
# **My prediction:** …


# %%
def shifted(x, rng):
    """Pictures of 8 x 8, each moved by -1, 0 or 1 pixels along both axes; 0 comes in."""
    framed = np.pad(x.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    moved = []
    for picture, (row, column) in zip(framed, rng.integers(0, 3, (len(x), 2)), strict=True):
        moved.append(picture[row : row + 8, column : column + 8].ravel())
    return np.array(moved)


right_labels = {
    "nothing": three_runs(x_train, true_labels, x_test, y_test, 20),
    "dropout": three_runs(x_train, true_labels, x_test, y_test, 20, p=0.5),
    "batch norm": three_runs(x_train, true_labels, x_test, y_test, 20, norm=True),
    "shifted": three_runs(x_train, true_labels, x_test, y_test, 20, augment=shifted),
}
show(right_labels, 90)

# %% [markdown]
# *What to notice:* the axis begins at 90 %. All dots but the lowest row's lie close together.
#
# **What you should have seen.** With right labels the remedies hardly show: nothing, dropout and
# batch norm are all near 98 %, and their differences are as small as those between seeds. There is
# little to be learned by heart that would do harm. **Shifting hurts**, by about three points. These
# digits fill their 8 × 8 pixels; one pixel is an eighth of the picture, a shifted digit has lost a
# row or a column of itself, and no test picture looks like that. An augmentation must be a change
# that *will occur*.
#
# ### Few pictures
#
# Where is data augmentation strong, then? Where data are scarce and the claim is true. 200 pictures
# of MNIST, twenty of each digit on average, 28 × 28 pixels with a margin; 1000 test pictures.
#
# **Predict.** Nothing, dropout, L2, turned and scaled, mirrored: which of them helps, and which one
# hurts?

# %% [markdown]
# **My prediction:** …


# %%
chosen = np.random.default_rng(0).permutation(4000)[:200]
x_few, y_few = digits_28.x_train[chosen], digits_28.y_train[chosen]


def turned_and_scaled(x, rng):
    """New versions of MNIST's pictures: up to 15 degrees, factors from 1/1.2 to 1.2."""
    return random_augment(x.reshape(-1, 28, 28), 15, 1.2, 0.0, rng).reshape(len(x), -1)


def mirrored(x, rng):
    """Every other picture of MNIST, at random, flipped."""
    flipped = horizontal_flip(x.reshape(-1, 28, 28)).reshape(len(x), -1)
    return np.where(rng.random((len(x), 1)) < 0.5, flipped, x)


few_pictures = {
    "nothing": three_runs(x_few, y_few, digits_28.x_test, digits_28.y_test, 25),
    "dropout": three_runs(x_few, y_few, digits_28.x_test, digits_28.y_test, 25, p=0.5),
    "L2": three_runs(x_few, y_few, digits_28.x_test, digits_28.y_test, 25, weight_decay=0.01),
    "turned and scaled": three_runs(x_few, y_few, digits_28.x_test, digits_28.y_test, 25, augment=turned_and_scaled),
    "mirrored": three_runs(x_few, y_few, digits_28.x_test, digits_28.y_test, 25, augment=mirrored),
}
show(few_pictures, 65)

# %% [markdown]
# *What to notice:* two rows leave the field, one to the right and one to the left.
#
# **What you should have seen.** Turning and scaling gain about four points. Mirroring loses about
# five, with the same pictures, the same network and the same effort: half of what the network
# learned were signs that do not exist. Dropout and L2 do not help here. That is not a mistake in
# your code. They are answers to another question: these 200 labels are right, the network has not
# seen enough.
#
# ### A hundred runs
#
# Three seeds are few. The bench has five for each setting, with a network of its own, and its
# sentence says what five runs can tell apart and what they cannot.

# %%
widgets.overfitting_bench()

# %% [markdown]
# Visit **dropout holds it back**, **batch norm does not**, **all labels right**, **few pictures,
# turned**, and read the sentence under the picture each time.
#
# **What you should have seen.** The same story, with other numbers. With 30 % wrong labels dropout
# ends at 0.944 where no remedy ends at 0.769; batch norm ends at 0.794, *and five runs cannot tell
# that from none*. (Our three runs above put it below the plain network, these five put it above.
# Believe neither too firmly: what both agree on is that it is no remedy.) With all labels right
# dropout gains 0.007. For the 200 pictures of MNIST, turning and scaling gain nearly 0.04.
#
# ### What each of them believes
#
# | remedy | what it says about the world | it hurts when |
# |---|---|---|
# | early stopping | what is general is learned first | the patience is short; there is no validation set to spare |
# | dropout | no neuron should be needed | the network is too small for its task, or trains too briefly |
# | L2 | rules need small weights, exceptions large ones | the price is too high: everything is flattened |
# | augmentation | this change leaves the label as it is | it does not, or it never occurs |
# | label smoothing | no label is quite certain | the small probabilities are needed too: a second network that is to learn from them (distillation) finds less in them |
# | batch norm | (that scales should be repaired) | batches are small, or differ from what comes later |
#
# **Regularisation is a trade, not a charm.** Each remedy gives away some of the network's freedom
# for an assumption about the data. When the assumption is true, it pays. To turn all of them on at
# once is no plan: their prices add up, whether or not the assumptions are true. So look first. A
# gap between training and validation calls for a remedy; *two bad curves side by side do not*: that
# is **underfitting**, and the remedy there is a larger network, a longer training, or a weaker
# remedy. Then change one thing at a time, with several seeds, judge by the validation set, and keep
# the test set for the end.
#
# **Question: A remedy that hurts** (12 minutes, 4 points, graded by a person)
#
# A colleague trains a network that reads handwritten letters. It answers 100 % of its training
# pictures and 84 % of the validation pictures. "Overfitting," he says, and turns on everything he
# has read about: every other picture mirrored, dropout with $p = 0.8$, L2 with a high price. Now it
# is 71 % in training and 70 % in validation. "The gap is gone," he says.
#
# What has happened, and what do you say to him? Which assumption does each of his three remedies
# make, and which of them cannot be true for letters? What would you try instead, and how would you
# find out, fairly, whether it helps?

# %% a_remedy_that_hurts [markdown]
# ### BEGIN SOLUTION
# The gap was not the goal. He wanted a network that reads new letters better, and it reads them
# worse: 70 % instead of 84 %. The gap closed because the training accuracy fell from 100 % to 71 %.
# That is underfitting: the remedies have taken so much freedom that the network cannot even learn
# what it is shown.
#
# Mirroring assumes that a mirrored letter keeps its label. It does not: a mirrored b is a d, and a
# mirrored R is no letter that will ever come. Half of the training pictures were wrong or useless.
# It must go. Dropout assumes that no neuron should be needed by itself, and with p = 0.8 only a
# fifth of them is there in each step, which a small network cannot afford; 0.2 to 0.5 is usual. L2
# assumes that the rule needs small weights only; with a high price even those that the rule needs
# are pressed towards 0.
#
# I would go back to the network without remedies, and stop it in time by the validation loss. Then
# I would try, one at a time: small turns, small factors and shifts, which do occur in handwriting;
# dropout with p = 0.3; L2 with several small prices. Each with several seeds, and I would compare
# the validation accuracies with their spread: a difference smaller than that between seeds says
# nothing. More real pictures would be better than all of it. The best setting is measured on the
# test set, once, at the end.
# ### END SOLUTION

# %% [markdown]
# ## 8.8 What you take along
#
# In one breath: a large network can learn anything by heart, so training accuracy proves nothing;
# stop in time; dropout forbids company, L2 makes exceptions dear, augmentation tells the network
# what does not matter, smoothing asks for less certainty; batch norm makes deep networks trainable
# and is no remedy; and every remedy is an assumption that can be wrong.
#
# | if you see | think of |
# |---|---|
# | a validation loss that rises while the training loss falls | overfitting: stop, then a remedy |
# | training and validation both bad | underfitting: fewer remedies, a larger network |
# | a network whose answers change from call to call | dropout, or batch norm, still in training mode |
# | good in training, bad with single examples | batch norm without running statistics |
# | running statistics that make it worse | batches too small, or data that differ from the training data |
# | a training accuracy *below* the validation accuracy | dropout or augmentation: training is made harder than use |
# | a training loss that never falls below 0.5 | label smoothing |
# | an augmentation that makes it worse | a label that dies, or a change that never occurs |
# | gradients of batch norm whose columns do not add up to 0 | a way back that is missing |
# | remedies that differ by half a point | another seed |
#
# ### Where you meet this
#
# | where | what is used |
# |---|---|
# | convolutional networks for images (ResNet) | batch norm behind every convolution, flips, crops and scales, L2 |
# | Transformers (chapter 6) | dropout of about 0.1, layer norm instead of batch norm, label smoothing for translation |
# | very large language models | often no dropout at all: each text is seen about once |
# | fine-tuning on few examples (chapter 7) | early stopping, augmentation, frozen batch norm |
# | recurrent networks (chapter 5) | dropout between layers, not through time |
#
# ### Conventions in force
#
# * **$p$ is the probability of being dropped**, and the rest grows during training (inverted
#   dropout), as in PyTorch. The first paper has $p$ for *keeping*, and shrinks the weights in use.
# * **Batch norm's `momentum`** is the share of the new batch, 0.1. Several books use 0.9 for the
#   share of the old.
# * **Two variances**: $y$ is made with the one that divides by $N$; the running variance takes in
#   the one that divides by $N - 1$.
# * **`eps` is under the root**, added to the variance.
# * **L2 has the half**: penalty $\frac{\lambda}{2} \sum w^2$, gradient $\lambda w$, as
#   `weight_decay` in PyTorch's SGD. Here biases, $\gamma$ and $\beta$ pay nothing; PyTorch's
#   optimisers let every parameter pay that you hand them with a `weight_decay`.
# * **Angles are counter-clockwise as seen, in degrees**, about the centre of the pixels $((H-1)/2,
#   (W-1)/2)$; outside is 0.
# * **Label smoothing** spreads $\varepsilon$ over all $C$ classes, the right one included.
# * **Epochs count from 0** in `early_stopping`; an equal loss is no new low.
#
# ### New words
#
# | word | meaning |
# |---|---|
# | overfitting, underfitting | keeping chance by heart; not even learning what is shown |
# | generalisation gap | how much worse it is on new examples than on those of the training |
# | regularisation | whatever makes that gap smaller |
# | early stopping, patience | going back to the best epoch; how long one waits for a better one |
# | dropout, mask, thinned network | setting neurons to 0 at random; which ones; what is left |
# | co-adaptation | neurons that are useful in certain company only |
# | penalty, L2, weight decay | a price on large weights; on their squares; its size |
# | batch normalisation, running statistics | mean 0, variance 1 over the batch; averages for the time afterwards |
# | training mode, evaluation mode | by the batch and with masks; by running statistics and without |
# | data augmentation | new versions of the training examples |
# | inverse mapping, bilinear interpolation | asking each pixel where it came from; mixing the four nearest |
# | label smoothing | targets a little less certain than 1 and 0 |
#
# ### Sources
#
# * C. Zhang, S. Bengio, M. Hardt, B. Recht and O. Vinyals, "Understanding deep learning requires
#   rethinking generalization", ICLR 2017: random labels.
# * L. Prechelt, "Early stopping – but when?", in *Neural Networks: Tricks of the Trade*, Springer
#   1998.
# * N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, "Dropout: a simple
#   way to prevent neural networks from overfitting", *Journal of Machine Learning Research* 15,
#   2014.
# * A. Krogh and J. Hertz, "A simple weight decay can improve generalization", NIPS 1991.
# * S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network training by reducing
#   internal covariate shift", ICML 2015.
# * S. Santurkar, D. Tsipras, A. Ilyas and A. Madry, "How does batch normalization help
#   optimization?", NeurIPS 2018.
# * P. Simard, D. Steinkraus and J. Platt, "Best practices for convolutional neural networks applied
#   to visual document analysis", ICDAR 2003: turned and bent digits.
# * A. Krizhevsky, I. Sutskever and G. Hinton, "ImageNet classification with deep convolutional
#   neural networks", NIPS 2012: flips and crops.
# * C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens and Z. Wojna, "Rethinking the Inception
#   architecture for computer vision", CVPR 2016: label smoothing.
# * R. Müller, S. Kornblith and G. Hinton, "When does label smoothing help?", NeurIPS 2019: and when
#   it hurts.
# * R. Szeliski, *Computer Vision: Algorithms and Applications*, Springer 2022, section 3.6: turning
#   and scaling pictures.
# * I. Goodfellow, Y. Bengio and A. Courville, *Deep Learning*, MIT Press 2016, chapter 7:
#   regularisation.
#
# ### Your map

# %%
progress()

# %% [markdown]
# **Next.** Chapter 9 opens the optimiser that you have used here ready-made: Adam, the schedules
# that go with it, and what becomes of weight decay inside it.
