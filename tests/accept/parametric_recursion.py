"""A Python recursion builds a balanced tree of nodes; the depth is fixed when the program is traced."""

from typing import Literal as L

from syncml import Stream, Vec, f32, maximum, node


@node
def join(a: Stream[f32], b: Stream[f32]) -> Stream[f32]:
    return maximum(a, b) + 0.5


def tree(leaves: list[Stream[f32]]) -> Stream[f32]:
    """Combine in pairs."""
    if len(leaves) == 1:
        return leaves[0]
    middle = len(leaves) // 2
    return join(tree(leaves[:middle]), tree(leaves[middle:]))


@node
def main(v: Stream[Vec[L[7]]]) -> Stream[f32]:
    return tree(list(v))
