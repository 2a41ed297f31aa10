"""A car that a network parks: after 10 s it is near the origin, whatever the disturbance.

Plant, sets and specification: AINNCS category of ARCH-COMP 2024, "Unicycle". There the plant is continuous and the
controller sampled at 5 Hz; here the plant is a step of 0.05 s of Runge and Kutta's rule, and the disturbance may be
another one at each step.
"""

from plant import Real, decided, ticks, within

from syncml import Hz, cos, ensure, f64, hold, node, param, sample, sin, state
from syncml.networks.onnx_node import load_onnx
from syncml.nodes.integration import runge_kutta

NETWORK = load_onnx(param("policy", "unicycle.onnx", "the controller: 4 states to 2 commands, to which 20 is added"))
DT = 0.05


@node(rate=Hz(20))
def unicycle(x0: Real, y0: Real, heading0: Real, speed0: Real, disturbance: Real) -> tuple[Real, Real, Real, Real]:
    """The loop; its inputs at the first tick are the initial state, the disturbance acts at every tick."""
    within(x0, 9.5, 9.55)
    within(y0, -4.5, -4.45)
    within(heading0, 2.1, 2.11)
    within(speed0, 1.5, 1.51)
    within(disturbance, -0.0001, 0.0001)
    s = [state(init=each, type=f64) for each in (x0, y0, heading0, speed0)]
    commands = decided(NETWORK, [sample(each, to=Hz(5)) for each in s])
    push = hold(commands[0] - 20.0, init=0.0)
    turn = hold(commands[1] - 20.0, init=0.0)

    def plant(_x: Real, _y: Real, heading: Real, speed: Real) -> tuple[Real, ...]:
        return speed * cos(heading), speed * sin(heading), turn, push + disturbance

    for register, after in zip(s, runge_kutta(plant, s, DT), strict=True):
        register.next = after
    x, y, heading, speed = s
    parked = (abs(x) <= 0.6) & (abs(y) <= 0.2) & (abs(heading) <= 0.06) & (abs(speed) <= 0.3)
    ensure((ticks(201) != 200) | parked, "parked after 10 s")
    return x, y, heading, speed
