"""Learning in the language: derivatives of nodes."""

from syncml.learn.transforms import grad, jvp, stop_gradient, value_and_grad, vjp

__all__ = ["grad", "jvp", "stop_gradient", "value_and_grad", "vjp"]
