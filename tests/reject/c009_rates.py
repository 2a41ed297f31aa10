"""Two ways between the same ends with different rates, three buffers apart."""

from syncml import Stream, buffer, f32, node, when, word


@node
def main(x: Stream[f32]) -> Stream[f32]:
    a = buffer(when(x, word("(110)")))  # error: [C009]
    b = buffer(when(a, word("(10)")))
    return buffer(b) + buffer(x)
