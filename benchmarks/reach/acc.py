"""Adaptive cruise control: the distance to a lead that brakes stays safe for 5 s.

Plant, sets and specification: AINNCS category of ARCH-COMP 2024, scenario "ACC" with the tanh controller. There the
plant is continuous and the controller sampled at 10 Hz; here the plant is a step of 0.02 s of Runge and Kutta's rule.
"""

from plant import Real, decided, ticks, within

from syncml import Hz, constant, ensure, f64, hold, node, param, sample, state
from syncml.networks.onnx_node import load_onnx
from syncml.nodes.integration import runge_kutta

NETWORK = load_onnx(param("policy", "acc.onnx", "the controller: 8 inputs, of which it uses 5, and 1 output"))
DT = 0.02


@node(rate=Hz(50))
def acc(x_lead0: Real, v_lead0: Real, x_ego0: Real, v_ego0: Real) -> tuple[Real, Real]:
    """The loop; its inputs at the first tick are the initial state."""
    within(x_lead0, 90.0, 110.0)
    within(v_lead0, 32.0, 32.2)
    within(x_ego0, 10.0, 11.0)
    within(v_ego0, 30.0, 30.2)
    zero = constant(0.0, f64)
    start = [x_lead0, v_lead0, zero, x_ego0, v_ego0, zero]
    x = [state(init=each, type=f64) for each in start]
    x_lead, v_lead, a_lead, x_ego, v_ego, a_ego = x

    seen = [30.0, 1.4, *(sample(s, to=Hz(10)) for s in (x_lead, x_ego, v_lead, v_ego, a_lead, a_ego))]
    command = hold(decided(NETWORK, seen)[0], init=0.0)

    def plant(_p: Real, v: Real, a: Real, _q: Real, w: Real, b: Real) -> tuple[Real, ...]:
        return v, a, -2.0 * a - 4.0 - 0.0001 * v * v, w, b, 2.0 * (command - b) - 0.0001 * w * w

    for register, after in zip(x, runge_kutta(plant, x, DT), strict=True):
        register.next = after
    gap = x_lead - x_ego
    ensure((ticks(251) > 250) | (gap >= 10.0 + 1.4 * v_ego), "safe distance for 5 s")
    return gap, v_ego
