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

# %%
import matplotlib.pyplot as plt
import numpy as np

from autograder import check, hint, progress
from course.data import digits
from course.widgets import ch02_backprop as widgets

# %% [markdown]
# ## 2.1 One number that says how wrong
#
# **Exercise 2.1: Mean squared error** (5 minutes, easy, 2 points)


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
# **Exercise 2.2: Cross-entropy from logits** (12 minutes, medium, 3 points)


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
# **Exercise 2.3: The gradient by nudging** (12 minutes, medium, 3 points)


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
# ## 2.3 The chain rule on a graph
#
# ## 2.4 An engine that differentiates anything
#
# **Exercise 2.4: An autograd engine** (45 minutes, hard, 8 points)


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
# ## 2.5 Backward through a layer
#
# **Exercise 2.5: Backward through a linear layer** (15 minutes, medium, 3 points)


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
# **Exercise 2.8: Backward through softmax** (15 minutes, hard, 3 points)


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
# **Exercise 2.9: Backward through cross-entropy** (12 minutes, medium, 3 points)


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
# **Exercise 2.10: Undo broadcasting** (15 minutes, hard, 3 points)


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
# **Exercise 2.11: The loss and all gradients** (30 minutes, hard, 5 points)


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
# ## 2.7 Learning
#
# **Exercise 2.12: One step of training** (10 minutes, medium, 3 points)


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
# **Question: Wrong together** (10 minutes, 4 points, graded by a person)

# %% wrong_together [markdown]
# ### BEGIN SOLUTION
# …
# ### END SOLUTION

# %%
progress()
