"""A row is returned where a matrix is announced."""

from typing import Literal as L

from syncml import Mat, Stream, node


@node
def main(m: Stream[Mat[L[3], L[2]]]) -> Stream[Mat[L[3], L[2]]]:
    return m[0]  # error: [L013]
