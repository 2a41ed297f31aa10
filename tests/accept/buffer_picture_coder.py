"""A block of nine in the order of its diagonals: nine buffers, eight places, a delay of three ticks."""

from syncml import Stream, buffer, f32, merge, node, when, word

ORDER = (0, 1, 3, 6, 4, 2, 5, 7, 8)


def in_turn(parts: list[Stream[f32]]) -> Stream[f32]:
    first, *others = parts
    return merge(word(f"(1 0^{len(others)})"), first, in_turn(others)) if others else first


@node
def diagonals(x: Stream[f32]) -> Stream[f32]:
    places = [
        when(x, word(f"(0^{n} 1 0^{8 - n})" if 0 < n < 8 else "(1 0^8)" if n == 0 else "(0^8 1)")) for n in range(9)
    ]
    return in_turn([buffer(places[n]) for n in ORDER])
