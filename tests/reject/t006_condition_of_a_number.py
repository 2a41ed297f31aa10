"""A number decides nothing."""

from syncml import Stream, f32, i32, node, where


@node
def main(n: Stream[i32], x: Stream[f32]) -> Stream[f32]:
    return where(n, x, 0.0)  # error: [T006]
