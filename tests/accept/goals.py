"""Goals: on the base clock, on a sampled one, of a constant, of a callee, with a requirement."""

from syncml import Hz, Stream, cover, i32, node, sample, state, where


@node
def counter(up: Stream[bool]) -> Stream[i32]:
    n = state(init=0)
    n.next = where(up & (n < 9), n + 1, 0)
    cover(n == 3, "three", req="SR-3")
    return n


@node(rate=Hz(100))
def goals(up: Stream[bool]) -> tuple[Stream[i32], Stream[i32]]:
    fast = counter(up)
    slow = counter(sample(up, to=Hz(25)))
    cover(slow > 1)
    cover(True)
    return fast, slow
