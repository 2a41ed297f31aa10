"""A segment is on the clock of what it is used on, also where its start and its end are used on different clocks."""

from syncml import Stream, f32, merge, node, pack, segment, state, when


@node
def epochs(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    with segment(every=3) as batch:
        mean = pack(x).sum() / 3.0
    with segment(every=2) as epoch:
        total, product = state(init=0.0), state(init=1.0)
        total.next, product.next = total + mean, product * when(x, batch.last)
        result = when(total.next, epoch.last)
    return result, product


@node
def busy(x: Stream[f32], c: Stream[bool]) -> Stream[f32]:
    with segment(every=4) as block:
        count = state(init=0.0)
        count.next = count + when(x, c)
        busy = merge(c, count.next, when(x, ~c))
        at_the_end = when(busy, block.last)
    return at_the_end


@node
def top(x: Stream[f32], c: Stream[bool]) -> tuple[Stream[f32], Stream[f32], Stream[f32]]:
    return (*epochs(x), busy(x, c))
