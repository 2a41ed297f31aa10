"""Windows along an axis: strides, dilations, axes of a matrix, pooling, convolution, as state that is overwritten."""

from typing import Literal as L

import numpy as np

from syncml import Mat, Stream, Vec, concat, constant, einsum, node, state, vec, zeros

KERNEL = constant(np.arange(12).reshape(2, 3, 2) / 8, name="kernel")


@node
def convolved(m: Stream[Mat[L[7], L[2]]]) -> Stream[Mat[L[3], L[2]]]:
    return einsum("wkc,okc->wo", m.windows(3, stride=2), KERNEL)


@node
def main(v: Stream[Vec[L[6]]], m: Stream[Mat[L[7], L[2]]]) -> Stream[Vec[L[39]]]:
    memory = state(init=zeros(6))
    pairs = memory.windows(2)
    memory.next = vec(pairs.max(axis=1), v[0])
    every = m.windows(2, axis=-1).reshape(14)
    dilated = (v * 2.0).windows(3, dilation=2)
    both = m.windows(2, stride=3).windows(2, axis=2)
    best = both.max(axis=3).max(axis=1).reshape(2)
    one_of_one = v.windows(1, stride=5)[:, 0]
    return concat(every, dilated.reshape(6), best, one_of_one, convolved(m).reshape(6), pairs[1:4].sum(axis=1), memory)
