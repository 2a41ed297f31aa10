"""Losses: one number from what a network says and what is right, and the averages that go with them."""

from __future__ import annotations

from typing import Any

from syncml.lang.functions import exp, log, maximum, where
from syncml.lang.stream import Stream


def squared_error(y: Stream[Any], target: Any) -> Stream[Any]:
    """The mean of ``(y - target)^2`` over the elements."""
    difference = y - target
    square: Any = difference * difference
    return square.mean() if square.shape else square


def absolute_error(y: Stream[Any], target: Any) -> Stream[Any]:
    """The mean of ``|y - target|`` over the elements."""
    distance: Any = abs(y - target)
    return distance.mean() if distance.shape else distance


def huber(y: Stream[Any], target: Any, delta: float = 1.0) -> Stream[Any]:
    """Half the square up to a distance of ``delta``, a line beyond (Huber 1964); the mean over the elements."""
    distance: Any = abs(y - target)
    loss: Any = where(distance < delta, 0.5 * distance * distance, delta * (distance - 0.5 * delta))
    return loss.mean() if loss.shape else loss


def log_softmax(scores: Stream[Any]) -> Stream[Any]:
    """``s - log sum exp s`` of a vector, computed from the differences to the greatest so that nothing overflows."""
    shifted: Any = scores - scores.max()
    return shifted - log(exp(shifted).sum())


def cross_entropy(scores: Stream[Any], label: Stream[int]) -> Stream[Any]:
    """``-log_softmax(scores)[label]``; the label is the number of the right class."""
    chosen: Any = log_softmax(scores)
    return -chosen[label]


def binary_cross_entropy(score: Stream[Any], truth: Any) -> Stream[Any]:
    """``-t log sigmoid(s) - (1 - t) log(1 - sigmoid(s))`` of a score, in the form that does not overflow.

    Args:
        score: The number before the sigmoid.
        truth: A float from 0 to 1.
    """
    return maximum(score, 0.0) - score * truth + log(1.0 + exp(-abs(score)))
