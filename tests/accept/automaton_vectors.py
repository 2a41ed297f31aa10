"""Vectors as shared variables, with a default that is a stream."""

import enum
from typing import Literal as L

from syncml import Stream, Vec, automaton, node, pre, vec


class Mode(enum.Enum):
    OFF = 0
    ON = 1
    FAULT = 2


@node
def main(x: Stream[Vec[L[3]]], go: Stream[bool]) -> Stream[Vec[L[3]]]:
    mode = automaton(Mode)
    y = mode.shared(Vec[L[3]], default=x * 2.0)
    with mode(Mode.OFF):
        y.define(pre(x, init=0.0) + 1.0)
        mode.go(Mode.ON, when=go)
    with mode(Mode.ON):
        mode.go(Mode.FAULT, when=go & (x.sum() > 0.0))
    with mode(Mode.FAULT):
        y.define(vec(x[0], 0.0, 1.0))
        mode.go(Mode.OFF, when=go)
    return y
