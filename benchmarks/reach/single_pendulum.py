"""A pendulum that a network turns upright: between 0.5 s and 1 s the angle is from 0 to 1.

Plant, sets and specification: AINNCS category of ARCH-COMP 2024, "Single Pendulum". There the plant is continuous and
the controller sampled at 20 Hz; here the plant is a step of 0.01 s of Runge and Kutta's rule, and the angle is
bounded at each.
"""

from plant import Real, decided, ticks, within

from syncml import Hz, ensure, f64, hold, node, param, sample, sin, state
from syncml.networks.onnx_node import load_onnx
from syncml.nodes.integration import runge_kutta

NETWORK = load_onnx(param("policy", "single_pendulum.onnx", "the controller: angle and rate to torque"))
DT = 0.01


@node(rate=Hz(100))
def single_pendulum(angle0: Real, rate0: Real) -> tuple[Real, Real]:
    """The loop; its inputs at the first tick are the initial state."""
    within(angle0, 1.0, 1.175)
    within(rate0, 0.0, 0.2)
    angle, rate = state(init=angle0, type=f64), state(init=rate0, type=f64)
    torque = hold(decided(NETWORK, [sample(angle, to=Hz(20)), sample(rate, to=Hz(20))])[0], init=0.0)

    def plant(a: Real, r: Real) -> tuple[Real, ...]:
        return r, 2.0 * sin(a) + 8.0 * torque

    angle.next, rate.next = runge_kutta(plant, [angle, rate], DT)
    tick = ticks(101)
    ensure((tick < 50) | (tick > 100) | ((angle >= 0.0) & (angle <= 1.0)), "upright between 0.5 s and 1 s")
    return angle, rate
