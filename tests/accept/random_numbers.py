"""Random numbers as functions of a seed and a count."""

from syncml import Stream, f64, node, state, u64
from syncml.nodes.random import bell, random_bits, uniform


@node
def main(seed: Stream[u64]) -> tuple[Stream[u64], Stream[f64], Stream[f64]]:
    count = state(init=1, type=u64)
    count.next = count + 1
    bits = random_bits(seed, count)
    return bits, uniform(bits), bell(bits)
