"""Three rates: a smoothed radar at 25 Hz, a slow average at 5 Hz, a command at 100 Hz.

syncml check  examples/multirate.py
syncml graph  examples/multirate.py -o multirate.svg
syncml verify examples/multirate.py
syncml sim    examples/multirate.py --scenario examples/multirate.yaml --out multirate.vcd
"""

from syncml import Hz, Stream, assume, clip, ensure, f32, hold, invariant, node, sample, state


@node
def smooth(x: Stream[f32], weight: float) -> Stream[f32]:
    """A first-order low pass; it runs at the rate of its input."""
    y = state(init=0.0)
    now = y + weight * (x - y)
    y.next = now
    invariant((y >= -1.0) & (y <= 1.0), "state in range")
    return now


@node(rate=Hz(100), at={"radar": Hz(25)})
def main(radar: Stream[f32], speed: Stream[f32]) -> Stream[f32]:
    """A correction from the radar around what the speed was on average."""
    assume((radar >= -1.0) & (radar <= 1.0), "radar in range")
    assume((speed >= -1.0) & (speed <= 1.0), "speed in range")
    near = hold(smooth(radar, 0.5))
    usual = hold(smooth(sample(speed, to=Hz(5)), 0.1))
    command = clip(near - usual, -2.0, 2.0)
    ensure((command >= -2.0) & (command <= 2.0), "within the limits")
    return command
