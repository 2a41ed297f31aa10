"""The channel coding of speech: of 260 bits in three classes 50 have a checksum, 182 a convolution, 78 neither."""

from syncml import Stream, buffer, merge, node, pre, when, wire, word


def checked(bits: Stream[bool]) -> Stream[bool]:
    """Fifty bits, then the three of a register."""
    third = wire(bool)
    first = pre(bits ^ third, init=False)
    second = pre(first ^ third, init=False)
    third.define(pre(second, init=False))
    a, b, c = (buffer(when(bit, word("(0^49 1)"))) for bit in (first, second, third))
    register = merge(word("(100)"), a, merge(word("(10)"), b, c))
    return merge(word("(1^50 0^3)"), bits, register)


def convolved(bits: Stream[bool]) -> Stream[bool]:
    """Two results for each bit and for the four zeros behind them."""
    x = merge(word("(1^185 0^4)"), bits, False)
    late = merge(word("1^4(0)"), False, buffer(x))
    one, three = (when(late, word(f"0^{n}(1)")) for n in (3, 1))
    left = x ^ buffer(one) ^ buffer(three) ^ buffer(late)
    right = x ^ buffer(three) ^ buffer(late)
    return merge(word("(10)"), buffer(left), buffer(right))


@node
def coder(frame: Stream[bool]) -> Stream[bool]:
    best, good, rest = (when(frame, word(w)) for w in ("(1^50 0^210)", "(0^50 1^132 0^78)", "(0^182 1^78)"))
    return merge(word("(1^378 0^78)"), convolved(merge(word("(1^53 0^132)"), checked(best), good)), rest)
