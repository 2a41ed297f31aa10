"""Learning in the language: parameters, derivatives of nodes, losses, and optimisers."""

from syncml.learn.declared import with_tangent
from syncml.learn.initialisers import Initialiser, glorot, he, normal, orthogonal, uniform
from syncml.learn.memories import Remembered, remember
from syncml.learn.optimisers import SGD, Adam, Optimiser, RMSProp, cosine, descend, exponential, limited, linear
from syncml.learn.parameters import Parameter, parameter
from syncml.learn.sums import mean, total
from syncml.learn.transforms import grad, jvp, stop_gradient, value_and_grad, vjp

__all__ = [
    "SGD",
    "Adam",
    "Initialiser",
    "Optimiser",
    "Parameter",
    "RMSProp",
    "Remembered",
    "cosine",
    "descend",
    "exponential",
    "glorot",
    "grad",
    "he",
    "jvp",
    "limited",
    "linear",
    "mean",
    "normal",
    "orthogonal",
    "parameter",
    "remember",
    "stop_gradient",
    "total",
    "uniform",
    "value_and_grad",
    "vjp",
    "with_tangent",
]
