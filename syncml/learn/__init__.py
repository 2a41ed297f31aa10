"""Learning in the language: derivatives of nodes, losses, and optimisers of parameters."""

from syncml.learn.declared import with_tangent
from syncml.learn.optimisers import SGD, Adam, Optimiser, RMSProp, cosine, descend, exponential
from syncml.learn.sums import mean, total
from syncml.learn.transforms import grad, jvp, stop_gradient, value_and_grad, vjp

__all__ = [
    "SGD",
    "Adam",
    "Optimiser",
    "RMSProp",
    "cosine",
    "descend",
    "exponential",
    "grad",
    "jvp",
    "mean",
    "stop_gradient",
    "total",
    "value_and_grad",
    "vjp",
    "with_tangent",
]
