"""Hold a set speed: a PI controller with anti-windup, and the car that it drives.

syncml verify examples/cruise.py
syncml sim    examples/cruise.py --scenario examples/hill.yaml --plot cruise.html
syncml export examples/cruise.py:cruise -o build/cruise && make -C build/cruise check
"""

from typing import Annotated

from syncml import Hz, Stream, Unit, assume, clip, ensure, f32, invariant, node, state, where

TICK = 0.01
MetresPerSecond = Annotated[f32, Unit("m/s")]
Acceleration = Annotated[f32, Unit("m/s²")]


@node(rate=Hz(100))
def cruise(v_set: Stream[MetresPerSecond], v: Stream[MetresPerSecond]) -> Stream[Acceleration]:
    """The acceleration that brings the speed to the set speed."""
    error = v_set - v
    integral = state(init=0.0)
    wanted = 0.8 * error + 0.2 * integral
    command = clip(wanted, -4.0, 2.0)
    integral.next = where(wanted == command, clip(integral + TICK * error, -20.0, 20.0), integral)
    invariant((integral >= -20.0) & (integral <= 20.0), "integral in range")
    ensure((command >= -4.0) & (command <= 2.0), "within the limits of the actuator", req="CC-1")
    return command


@node(rate=Hz(100))
def main(v_set: Stream[MetresPerSecond], slope: Stream[Acceleration]) -> Stream[MetresPerSecond]:
    """The loop: the speed of the car on a slope that slows it down."""
    assume((v_set >= 0.0) & (v_set <= 50.0), "set speed in range")
    assume((slope >= -1.0) & (slope <= 1.0), "slope in range")
    v = state(init=20.0)
    v.next = clip(v + TICK * (cruise(v_set, v) - slope), 0.0, 60.0)
    ensure((v >= 0.0) & (v <= 60.0), "speed in range")
    return v
