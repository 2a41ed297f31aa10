"""Hold a speed: a PI controller with anti-windup, and the car that it drives.

syncml check pipeline.py
syncml verify pipeline.py:cruise
syncml sim pipeline.py --scenario hill.yaml --plot hill.html
syncml export pipeline.py:cruise -o build/cruise
"""

from syncml import Hz, Stream, assume, clip, ensure, f32, node, state, where

RATE = Hz(100)
PERIOD_S = 0.01

# Gains per second, tuned for the car below.
KP = 0.8
KI = 0.2

STRONGEST_BRAKING = -4.0
STRONGEST_ACCELERATION = 2.0
FASTEST = 100.0


@node(rate=RATE)
def cruise(v_set: Stream[f32], v: Stream[f32]) -> Stream[f32]:
    """Return the acceleration, in m/s², that brings the speed `v` to `v_set`."""
    assume((v_set >= 0.0) & (v_set <= FASTEST), "set speed in range")
    assume((v >= 0.0) & (v <= FASTEST), "speed in range")
    err = v_set - v
    integral = state(init=0.0)
    wanted = KP * err + KI * integral
    cmd = clip(wanted, STRONGEST_BRAKING, STRONGEST_ACCELERATION)
    # At a limit the integral waits, or it would wind up and overshoot later.
    integral.next = where(wanted == cmd, clip(integral + err * PERIOD_S, -FASTEST, FASTEST), integral)
    ensure((cmd >= STRONGEST_BRAKING) & (cmd <= STRONGEST_ACCELERATION), "within the limits")
    return cmd


@node(rate=RATE)
def car(v_set: Stream[f32], slope: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    """Close the loop: the speed of a car on a road with a slope (in m/s²), and the command it gets."""
    v = state(init=20.0)
    cmd = cruise(v_set, v)
    v.next = clip(v + (cmd - slope) * PERIOD_S, 0.0, FASTEST)
    return v, cmd
