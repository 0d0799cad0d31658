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

# %%
import matplotlib.pyplot as plt
import numpy as np

from autograder import check, hint, progress
from course.data import digits
from course.widgets import ch03_gradient_descent as widgets

# %% [markdown]
# ## 3.1 Downhill
#
# **Exercise 3.1: One step downhill** (3 minutes, easy, 1 point)


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
# ## 3.2 How long a step
#
# **Exercise 3.2: A whole descent** (10 minutes, medium, 3 points)


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
# **Exercise 3.3: The largest stable learning rate** (8 minutes, medium, 2 points)


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

# %% [markdown]
# ## 3.3 Landscapes
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

# %% [markdown]
# ## 3.4 A loss made of data
#
# **Exercise 3.5: Logistic regression** (15 minutes, medium, 4 points)


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
# **Exercise 3.6: Standardise the features** (10 minutes, medium, 3 points)


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

# %% [markdown]
# ## 3.5 A few examples at a time
#
# **Exercise 3.7: Mini-batches** (12 minutes, medium, 3 points)


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
# **Exercise 3.10: The training loop** (25 minutes, hard, 5 points)


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
# **Question: One rate for two directions** (10 minutes, 4 points, graded by a person)

# %% one_rate_for_two_directions [markdown]
# ### BEGIN SOLUTION
# …
# ### END SOLUTION

# %%
progress()
