"""Times in a node without a rate, and of streams that do not tick evenly."""

from syncml import Hz, Stream, leads_to, ms, node, once, when


@node
def timeless(p: Stream[bool]) -> Stream[bool]:
    return once(p, within=ms(30))  # error: [C004]


@node(rate=Hz(100))
def main(p: Stream[bool], q: Stream[bool]) -> Stream[bool]:
    uneven = leads_to(when(p, q), when(p, q), within=ms(30))  # error: [C004]
    return timeless(p)
