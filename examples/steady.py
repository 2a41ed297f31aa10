"""A lidar that sends four scans in a burst, read at a steady pace: the compiler finds the size of the buffer.

syncml check examples/steady.py        the clocks, and the buffer: its size and the longest wait
syncml schedule examples/steady.py     the operations of each tick
syncml verify examples/steady.py
syncml sim examples/steady.py --scenario examples/steady.yaml
"""

from syncml import Hz, Stream, buffer, clip, ensure, f32, hold, node, pre, when, word


@node(rate=Hz(80))
def main(scan: Stream[f32]) -> Stream[f32]:
    """Four scans in 50 ms, then none for 50 ms; the filter takes one every 25 ms, and the two never meet in a tick."""
    burst = when(clip(scan, 0.0, 100.0), word("(1^4 0^4)"))
    paced = buffer(burst, at=word("(01)"))
    smooth = 0.5 * (paced + pre(paced, init=0.0))
    distance = hold(smooth, init=0.0)
    ensure((distance >= 0.0) & (distance <= 100.0), "distance within the range of the lidar")
    return distance
