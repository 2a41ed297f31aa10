"""A state that a matrix turns; the inverse and the determinant of a 2x2 matrix by hand."""

from typing import Literal as L

from syncml import Mat, Stream, Vec, constant, f32, node, stack, state, vec, where

TURN = constant([[0.8, -0.6], [0.6, 0.8]], name="turn")


@node
def inverse(m: Stream[Mat[L[2], L[2]]]) -> tuple[Stream[Mat[L[2], L[2]]], Stream[f32]]:
    determinant = m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0]
    adjugate = stack(vec(m[1, 1], -m[0, 1]), vec(-m[1, 0], m[0, 0]))
    return where(abs(determinant) > 1e-6, adjugate / determinant, adjugate), determinant


@node
def main(push: Stream[Vec[L[2]]]) -> tuple[Stream[Vec[L[2]]], Stream[f32]]:
    x = state(init=constant([1.0, 0.0]))
    x.next = TURN @ x + 0.01 * push
    product = TURN @ TURN.T + stack(push, 2.0 * push[::-1])
    back, determinant = inverse(product)
    return back @ x, determinant
