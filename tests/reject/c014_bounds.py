"""Bounds that are no number of instants: not a multiple of the period, negative, of another type."""

from syncml import Hz, Stream, leads_to, ms, node, once, sample, since


@node(rate=Hz(100))
def main(p: Stream[bool], q: Stream[bool]) -> Stream[bool]:
    between = once(p, within=ms(25))  # error: [C014]
    slow = leads_to(sample(p, to=Hz(10)), sample(q, to=Hz(10)), within=ms(250))  # error: [C014]
    before = since(p, q, within=-1)  # error: [C014]
    bare = once(p, within=0.3)  # error: [C014]
    return p
