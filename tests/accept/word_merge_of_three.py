"""Three words that share out all instants; a merge in a merge puts their parts together."""

from syncml import Stream, i32, merge, node, pre, when, word


@node
def main(x: Stream[i32]) -> Stream[i32]:
    a = word("(100)")
    first = when(x, a)
    rest = when(x, ~a)
    b = when(word("(010)"), ~a)
    second = when(rest, b) * 10
    third = when(rest, ~b)
    counted = third - pre(third, init=0)
    return merge(a, first, merge(b, second, counted))
