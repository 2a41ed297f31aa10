"""The values of inputs at each tick, from the signals of a scenario.

Rule: random numbers depend on the seed and the input's name alone. A constant or a point of a stream of floats may be a
quantity: it counts in the unit of the stream, or in units of the SI where the stream has none.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.diagnostics.model import Diagnostic, DiagnosticError, error
from syncml.ir.constants import dtype
from syncml.ir.equations.syntax import Node, Var
from syncml.ir.types import BOOL, FLOATS, EnumType, Scalar, Type, element, shape
from syncml.scenario.connection import TRUTHS
from syncml.scenario.expressions import Values, parse
from syncml.scenario.model import Scenario
from syncml.scenario.parameters import Setting, Variation, as_number, variation
from syncml.scenario.points import Bits, random_bits
from syncml.scenario.quantities import in_unit, read
from syncml.scenario.signals import Chance, Normal, Points, Seed, Sense, Signal, Sum, Uniform
from syncml.sim.inputs import fitted


def inputs_of(
    scenario: Scenario, node: Node, ticks: int, seed: int | None = None, settings: Mapping[str, Setting] | None = None
) -> dict[str, Any]:
    """The values of each input of ``node`` at each tick; what an input senses of the road is zero.

    Args:
        scenario: The signals.
        node: The main node.
        ticks: The length of the run.
        seed: Instead of the scenario's own.
        settings: The values of parameters; those of the scenario's first run by default.

    Raises:
        DiagnosticError: S001 the node has no rate; or a signal does not fit its input.
    """
    numbers = numeric(settings if settings is not None else runs_of(scenario).settings(0))
    return signal_values(scenario.inputs, node, ticks, scenario.seed if seed is None else seed, numbers)


def signal_values(signals: Mapping[str, Signal], node: Node, ticks: int, seed: int, numbers: Values) -> dict[str, Any]:
    """The values of each input at each tick, for the values of parameters; see `inputs_of`."""
    rate = base_rate(node)
    values: dict[str, Any] = {}
    faults: list[Diagnostic] = []
    types = {v.name: v for v in node.inputs}
    for name, signal in signals.items():
        if name not in types:
            values[name] = []  # reported by `prepare`, which knows all inputs
            continue
        try:
            values[name] = values_of(signal, types[name], ticks, float(rate), seed, numbers)
        except ValueError as fault:
            faults.append(misfit(types[name], fault))
    if faults:
        raise DiagnosticError(*faults)
    return values


def misfit(var: Var, fault: ValueError) -> Diagnostic:
    """S003: the values of an input do not fit it."""
    return error("S003", f"input {var.name!r}: {fault}", var.span, help=_advice(var.type))


def values_of(signal: Signal, var: Var, ticks: int, rate: float, seed: int, numbers: Values) -> Any:
    """The values of one input at each tick of a run.

    Raises:
        ValueError: the signal does not fit the input.
        DiagnosticError: S007, an expression has no value.
    """
    if isinstance(signal, Seed):
        return np.full(ticks, seeds_of(var, seed))
    sequence = np.random.SeedSequence([seed, _number(var)])
    return _values(signal, var, ticks, rate, np.random.Generator(np.random.Philox(sequence)), numbers)


def seeds_of(var: Var, seed: int | Bits) -> Bits:
    """The value of an input that is a seed, for the seeds of runs; two inputs get different ones.

    Raises:
        ValueError: the input is no ``u64``.
    """
    if var.type is not Scalar.U64:
        raise ValueError("a seed is a u64")
    return random_bits(seed, _number(var))


def _number(var: Var) -> int:
    return zlib.crc32(var.name.encode())


def _advice(type_: Type) -> str:
    kind = element(type_)
    if isinstance(kind, EnumType):
        return f"its type is {type_}: write {', '.join(kind.constructors)}"
    return f"its type is {type_}: write true or false" if kind is BOOL else f"its type is {type_}"


def base_rate(node: Node) -> Fraction:
    """The rate of the node's base clock; S001 if it has none."""
    if node.rate is None:
        message = f"{node.label} has no rate, so a scenario in seconds cannot drive it"
        raise DiagnosticError(error("S001", message, node.span, help="declare it: @node(rate=Hz(100))"))
    return node.rate


def ticks_of(scenario: Scenario, node: Node) -> int:
    """The number of base ticks of the scenario."""
    seconds = read(scenario.duration, "s").value(numeric(runs_of(scenario).settings(0)))
    return round(float(seconds) * base_rate(node))


def runs_of(scenario: Scenario) -> Variation:
    """The runs that the parameters of a scenario make; loading has checked that they do."""
    return variation(scenario.parameters, scenario.sampling, scenario.seed, [parse(text) for text in scenario.require])


def numeric(settings: Mapping[str, Setting]) -> Values:
    """The parameters that are numbers, or texts that read as one, for expressions."""
    numbers = {name: as_number(value) for name, value in settings.items()}
    return {name: np.asarray(value, dtype=np.float64) for name, value in numbers.items() if value is not None}


def _values(signal: Any, var: Var, ticks: int, rate: float, generator: np.random.Generator, numbers: Values) -> Any:
    kind = element(var.type)
    extent = (ticks, *shape(var.type))
    if isinstance(signal, Normal | Uniform | Sum) and kind not in FLOATS:
        raise ValueError(f"noise is no {kind}")
    if isinstance(signal, Chance) and kind is not BOOL:
        raise ValueError(f"a chance is a Boolean, the input is {kind}")
    match signal:
        case Points():
            return _points(signal, var, ticks, rate, numbers)
        case Normal():
            noise = generator.normal(0.0, signal.sigma, extent).clip(-signal.bound, signal.bound)
            return _floats(signal.mean + noise, var)
        case Uniform():
            return _floats(generator.uniform(signal.low, signal.high, extent), var)
        case Chance():
            drawn = generator.random(extent) < signal.probability
            time = np.arange(ticks) / rate
            for start, end in signal.false_during:
                drawn[(time >= start) & (time < end)] = False
            return drawn
        case Sum():
            parts = [_values(part, var, ticks, rate, generator, numbers) for part in signal.sum]
            total = np.zeros(extent)
            for part in parts:
                total = total + np.asarray(part, dtype=np.float64)
            return _floats(total, var)
        case Sense():
            if extent[1:]:
                raise ValueError("a vector senses nothing")
            if kind is BOOL and signal.sense not in TRUTHS:
                raise ValueError(f"{signal.sense} is a number")
            if kind is not BOOL and (kind not in FLOATS or signal.sense in TRUTHS):
                raise ValueError(f"{signal.sense} is no {kind}")
            return np.zeros(ticks, dtype=dtype(kind))
        case _:
            return np.broadcast_to(_value(signal, var, numbers), extent).copy()


def _value(given: Any, var: Var, numbers: Values) -> Any:
    """One value of a stream; a text for a stream of floats is a quantity."""
    if isinstance(given, str) and element(var.type) in FLOATS:
        given = float(in_unit(given, var.unit).value(numbers))
    return fitted(given, var.type)


def _floats(values: NDArray[Any], var: Var) -> NDArray[Any]:
    return values.astype(dtype(element(var.type)))


def _points(signal: Points, var: Var, ticks: int, rate: float, numbers: Values) -> Any:
    times = np.array([time for time, _ in signal.points])
    now = np.arange(ticks) / rate
    if signal.between == "held":
        # A point at 0.3 s takes effect at the tick at 0.3 s, whatever the rounding of the division.
        chosen = np.searchsorted(times - 1e-9, now, side="right") - 1
        return np.stack([_value(value, var, numbers) for _, value in signal.points])[np.maximum(chosen, 0)]
    if isinstance(element(var.type), EnumType) or element(var.type) not in FLOATS:
        raise ValueError(f"cannot interpolate {var.type}")
    given = np.stack([_value(value, var, numbers) for _, value in signal.points]).astype(np.float64)
    flat = given.reshape(len(times), -1)
    lines = [np.interp(now, times, flat[:, i]) for i in range(flat.shape[1])]
    return _floats(np.stack(lines, axis=1).reshape(ticks, *given.shape[1:]), var)
