"""What holds for the trained policy and not for every other: how it chooses the time gap.

syncml verify scenarios/highway_acc/trained.py
syncml verify scenarios/highway_acc/trained.py --concrete policy

The guarantees of the pipeline hold for every policy. These are about the weights: the first command refutes them with
another policy that meets the contract, the second one proves them of this network, cell by cell of its inputs.
"""

from pipeline import Metres, MetresPerSecond, Seconds, Track, policy
from shield import RADAR_RANGE, TOP_SPEED

from syncml import Hz, Stream, assume, ensure, node


@node(rate=Hz(10))
def trained(speed: Stream[MetresPerSecond], gap: Stream[Metres], closing: Stream[MetresPerSecond]) -> Stream[Seconds]:
    """The policy on all that the tracker may say; more than 36 km/h or 72 km/h ask for more than the contract does."""
    assume((speed >= 0.0) & (speed <= TOP_SPEED), "speed in range")
    assume((gap >= 0.0) & (gap <= RADAR_RANGE), "gap in range")
    assume((closing >= -TOP_SPEED) & (closing <= TOP_SPEED), "closing speed in range")
    headway = policy(speed, Track(gap=gap, closing=closing))
    ensure(headway <= 2.4, "never further than 2.4 s")
    ensure((speed < 10.0) | (headway >= 1.3), "1.3 s above 36 km/h")
    ensure((speed < 20.0) | (headway >= 1.6), "1.6 s above 72 km/h")
    return headway
