"""What the streams of a node are to an agent.

Rule: each input is an action, the seed, or fixed; each output is an observation, the reward or the end of an episode.
All of them are on the base clock of the node, so that one step is a whole number of its instants.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, DiagnosticError, error
from syncml.ir.clocks import BASE
from syncml.ir.constants import Array, Const
from syncml.ir.equations.syntax import Node, Var
from syncml.ir.types import BOOL, F32, F64, FLOATS, EnumType, Scalar, TensorType, element, shape

SEED, REWARD, TERMINATED = "seed", "reward", "terminated"


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles of the streams of a main node.

    Attributes:
        actions: The inputs that the agent chooses.
        seed: The input that takes a number of 64 bits for each episode, if there is one.
        fixed: The values of the other inputs.
        observations: The outputs that the agent sees.
        reward: The output that it wants to be large.
        terminated: The output that ends an episode, if one does.
    """

    actions: tuple[Var, ...]
    seed: Var | None
    fixed: Mapping[str, Const]
    observations: tuple[Var, ...]
    reward: Var
    terminated: Var | None


def roles_of(node: Node, observation: Sequence[str] | None, fixed: Mapping[str, Any]) -> Roles:
    """The roles of the streams of a clocked node.

    Args:
        node: The main node.
        observation: The outputs that the agent sees; all that are neither reward nor end if None.
        fixed: Values of inputs that are no actions.

    Raises:
        DiagnosticError: S001, a stream is missing, has the wrong type, or is not on the base clock; U001, an output is
            seen twice.
    """
    inputs, outputs = {v.name: v for v in node.inputs}, {v.name: v for v in node.outputs}
    faults = [
        *(_missing(node, "input", name, inputs) for name in fixed if name not in inputs),
        *(_missing(node, "output", name, outputs) for name in (*(observation or ()), REWARD) if name not in outputs),
    ]
    if faults:
        raise DiagnosticError(*faults)
    seed = inputs.get(SEED) if SEED not in fixed else None
    reward, terminated = outputs[REWARD], outputs.get(TERMINATED)
    twice = sorted({name for name in observation or () if (observation or ()).count(name) > 1})
    if twice:
        raise DiagnosticError(*(error("U001", f"the agent sees {name!r} twice", outputs[name].span) for name in twice))
    names = observation or [name for name in outputs if name not in (REWARD, TERMINATED)]
    roles = Roles(
        tuple(v for v in node.inputs if v.name not in fixed and v is not seed),
        seed,
        {name: _constant(inputs[name], value) for name, value in fixed.items()},
        tuple(outputs[name] for name in names),
        reward,
        terminated,
    )
    faults = [*_slow(node, roles), *_types(roles)]
    if not roles.actions or not roles.observations:
        what = "input that the agent could choose" if not roles.actions else "output that the agent could see"
        faults.append(error("S001", f"`{node.label}` has no {what}", node.span))
    if faults:
        raise DiagnosticError(*faults)
    return roles


def common(observations: Sequence[Var]) -> Scalar:
    """The kind of floats that holds all that the agent sees."""
    return F64 if any(element(v.type) is F64 for v in observations) else F32


def _missing(node: Node, what: str, name: str, there: Collection[str]) -> Diagnostic:
    listed = ", ".join(there) or "none"
    return error("S001", f"`{node.label}` has no {what} {name!r}", node.span, help=f"its {what}s are: {listed}")


def _slow(node: Node, roles: Roles) -> list[Diagnostic]:
    """S001 for each stream that is absent at some instants."""
    ends = (roles.seed, roles.reward, roles.terminated)
    used = (*roles.actions, *roles.observations, *(v for v in ends if v is not None))
    text = "is absent at some ticks of"
    return [
        error("S001", f"{v.name!r} {text} `{node.label}`", v.span, help="take it to the base clock: `hold`, `sample`")
        for v in used
        if node.clocks[v] != BASE
    ]


def _types(roles: Roles) -> list[Diagnostic]:
    """S001 for each stream whose values do not suit its role."""
    faults: list[Diagnostic] = []

    def demand(v: Var | None, suits: bool, what: str) -> None:
        if v is not None and not suits:
            faults.append(error("S001", f"{v.name!r} is {v.type}; {what}", v.span))

    demand(roles.seed, roles.seed is None or roles.seed.type is Scalar.U64, "a seed is u64")
    demand(roles.reward, roles.reward.type in FLOATS, "a reward is a float")
    demand(roles.terminated, roles.terminated is None or roles.terminated.type is BOOL, "what ends an episode is bool")
    for v in roles.observations:
        demand(v, element(v.type) in FLOATS, "an agent sees floats; `cast` takes numbers and Booleans to them")
    return faults


def _constant(v: Var, value: Any) -> Const:
    """A value that the user gave an input.

    Raises:
        DiagnosticError: S003, it does not fit.
    """
    kind = element(v.type)
    try:
        if isinstance(kind, EnumType):
            name = str(getattr(value, "name", value))
            if name not in kind.constructors:
                raise ValueError
            return Const(name, kind)
        values = np.asarray(value)
        if values.shape != shape(v.type) or (kind is not BOOL and not np.all(np.isfinite(values.astype(np.float64)))):
            raise ValueError
        if isinstance(v.type, TensorType):
            return Const(Array.of(values, kind), kind)
        return Const(values.item(), kind)
    except (TypeError, ValueError):
        raise DiagnosticError(
            error("S003", f"{value!r} is no value of {v.name!r}, which is {v.type}", v.span)
        ) from None
