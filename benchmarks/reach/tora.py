"""A cart with an eccentric mass: all states stay within 2 of the origin for 20 s.

Plant, sets and specification: AINNCS category of ARCH-COMP 2024, "TORA" with the ReLU controller. There the plant is
continuous and the controller sampled at 1 Hz; here the plant is a step of 0.1 s of Runge and Kutta's rule.
"""

from plant import Real, decided, ticks, within

from syncml import Hz, ensure, f64, hold, node, param, sample, sin, state
from syncml.networks.onnx_node import load_onnx
from syncml.nodes.integration import runge_kutta

NETWORK = load_onnx(param("policy", "tora.onnx", "the controller: 4 states to a force, to which 10 is added"))
DT = 0.1


@node(rate=Hz(10))
def tora(a0: Real, b0: Real, c0: Real, d0: Real) -> tuple[Real, Real, Real, Real]:
    """The loop; its inputs at the first tick are the initial state."""
    within(a0, 0.6, 0.7)
    within(b0, -0.7, -0.6)
    within(c0, -0.4, -0.3)
    within(d0, 0.5, 0.6)
    x = [state(init=each, type=f64) for each in (a0, b0, c0, d0)]
    force = hold(decided(NETWORK, [sample(each, to=Hz(1)) for each in x])[0] - 10.0, init=0.0)

    def plant(a: Real, b: Real, c: Real, d: Real) -> tuple[Real, ...]:
        return b, -a + 0.1 * sin(c), d, force

    for register, after in zip(x, runge_kutta(plant, x, DT), strict=True):
        register.next = after
    a, b, c, d = x
    safe = (abs(a) <= 2.0) & (abs(b) <= 2.0) & (abs(c) <= 2.0) & (abs(d) <= 2.0)
    ensure((ticks(201) > 200) | safe, "within 2 for 20 s")
    return a, b, c, d
