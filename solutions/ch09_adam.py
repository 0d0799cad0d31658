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

# %%
import matplotlib.pyplot as plt
import numpy as np

from autograder import check, hint, progress
from course.data import digits
from course.widgets import ch09_adam as widgets

# %% [markdown]
# ## 9.1 A rate for every parameter
#
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
# ## 9.2 Forgetting the past
#
# **Exercise 9.2: The exponential moving average** (8 minutes, easy, 2 points)


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

# %% [markdown]
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
# ## 9.3 Momentum and decay
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
# **Exercise 9.5: One step of Adam** (15 minutes, medium, 4 points)


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

# %% [markdown]
# **Exercise 9.6: Adam for a whole network** (20 minutes, hard, 5 points)


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
# ## 9.5 Weight decay that deserves its name
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

# %% [markdown]
# ## 9.6 Schedules
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
# **Question: The first step** (10 minutes, 4 points, graded by a person)

# %% the_first_step [markdown]
# ### BEGIN SOLUTION
# …
# ### END SOLUTION

# %%
progress()
