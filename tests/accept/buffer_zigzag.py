"""The values of each group of four in another order."""

from syncml import Stream, buffer, f32, merge, node, when, word


@node
def reorder(x: Stream[f32]) -> Stream[f32]:
    first, last = when(x, word("(1^2 0^2)")), when(x, word("(0^2 1^2)"))
    a, b = when(first, word("(10)")), when(first, word("(01)"))
    c, d = when(last, word("(10)")), when(last, word("(01)"))
    front = merge(word("(10)"), buffer(d), buffer(b))
    back = merge(word("(10)"), buffer(c), buffer(a))
    return merge(word("(1^2 0^2)"), front, back)
