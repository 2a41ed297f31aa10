"""The elements of a matrix are its rows."""

from typing import Literal as L

from syncml import Mat, Stream, Vec, each, f32, fold, mapfold, node, pre, shared


@node
def layer(row: Stream[Vec[L[3]]], weights: Stream[Mat[L[2], L[3]]]) -> Stream[Vec[L[2]]]:
    return weights @ row + pre(weights @ row, init=[0.5, -0.5])


@node
def gather(acc: Stream[Vec[L[2]]], row: Stream[Vec[L[2]]]) -> tuple[Stream[Vec[L[2]]], Stream[f32]]:
    return pre(acc, init=[0.0, 0.0]) + row, acc @ row


@node
def main(
    xs: Stream[Mat[L[4], L[3]]], w: Stream[Mat[L[2], L[3]]]
) -> tuple[Stream[Mat[L[4], L[2]]], Stream[Vec[L[2]]], Stream[Vec[L[4]]], Stream[Vec[L[3]]]]:
    ys = each(layer)(xs, shared(w))
    total, products = mapfold(gather, [0.0, 0.0])(ys)
    columns = fold(lambda acc, row: acc + row, [0.0, 0.0, 0.0], backwards=True)(xs)
    return ys, total, products, columns
