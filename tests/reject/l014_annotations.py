"""Annotations that are missing or say too little."""

from syncml import Stream, Vec, f32, node


@node
def missing(x, y: Stream[f32]) -> Stream[f32]:  # error: [L014]
    return x + y


@node
def vague(x: Stream[float], n: Stream[int]) -> Stream[f32]:  # error: [L014] [L014]
    return x


@node
def unsized(x: Stream[Vec]) -> Stream[f32]:  # error: [L014]
    return x[0]


@node
def result(x: Stream[f32]):  # error: [L014]
    return x
