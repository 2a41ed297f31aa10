"""The controller as it is built into a vehicle: with the ranges that its sensors keep.

    syncml export scenarios/highway_acc/vehicle.py -o build/vehicle --tests
    make -C build/vehicle check evidence

`pipeline.acc` takes any number from its sensors, and the closed loop proves what it does among the errors that sensors
have. What a sensor cannot give at all is declared here, where the code leaves the program: the evidence beside the
exported C then shows that nothing in it overflows.
"""

from pipeline import Command, Frame, acc
from shield import RADAR_RANGE, TOP_SPEED, Acceleration, Bounds, MetresPerSecond

from syncml import Hz, Stream, assume, node


@node(rate=Hz(100), at={"frame": Hz(25)})
def vehicle(
    frame: Frame, speed: Stream[MetresPerSecond], acceleration: Stream[Acceleration], v_set: Stream[MetresPerSecond]
) -> tuple[Command, Bounds]:
    """The controller behind the ranges of its sensors."""
    assume((frame.range >= -1.0) & (frame.range <= RADAR_RANGE + 1.0), "the radar's range")
    assume(abs(frame.range_rate) <= 2.0 * TOP_SPEED, "the radar's range rate")
    assume((speed >= -1.0) & (speed <= TOP_SPEED + 1.0), "the wheel speed sensor's range")
    assume(abs(acceleration) <= 20.0, "the acceleration sensor's range")
    assume((v_set >= 0.0) & (v_set <= TOP_SPEED), "the set speed's range")
    return acc(frame, speed, acceleration, v_set)
