"""Batches in epochs: a memory of the batch, one of the epoch, one of the batches and one of the epochs."""

from syncml import Stream, f32, node, post, segment, state, when, where, wire


@node
def epochs(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32], Stream[f32]]:
    with segment(every=12) as epoch:
        seen = state(init=0.0)
        seen.next = seen + x
        rate = epoch.carry(init=1.0)
        rate.next = when(rate, epoch.last) * 0.5
        with segment(every=4) as batch:
            g = wire(f32)
            g.define(x + 0.5 * post(g, init=0.0))
            total = state(init=0.0)
            total.next = total + g
            w = batch.carry(init=0.0)
            w.next = when(w, batch.last) - when(rate, batch.last) * when(total.next, batch.last)
    return w, seen, where(epoch.first, rate, 0.0)
