"""The values of inputs in many runs at once, as arrays that say what the runs share.

Rule: each run gets the values that `syncml.scenario.values` gives it, bit for bit. An input that no parameter and no
random number bears on has one course for all runs; a constant over the parameters, and a seed, one value for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.diagnostics.model import DiagnosticError
from syncml.ir.constants import dtype
from syncml.ir.equations.syntax import Node, Var
from syncml.ir.step.lowering.arithmetic import machine_element
from syncml.ir.types import element, shape
from syncml.scenario.expressions import Values
from syncml.scenario.points import Bits
from syncml.scenario.quantities import in_unit
from syncml.scenario.signals import Chance, Normal, Points, Seed, Signal, Sum, Uniform
from syncml.scenario.values import base_rate, misfit, seeds_of, signal_values, values_of
from syncml.sim.inputs import fitted, prepare


def many_values(
    signals: Mapping[str, Signal], node: Node, ticks: int, seeds: Bits, numbers: Values, *, own_seeds: bool = True
) -> dict[str, NDArray[Any]]:
    """The values of each input: ``[runs]``, ``[1, ticks, ...]`` for all runs, or ``[runs, ticks, ...]``.

    Args:
        signals: The signals by input.
        node: The main node.
        ticks: The length of all runs.
        seeds: The seed of each.
        numbers: The parameters that are numbers, a column each.
        own_seeds: Whether they may differ.

    Raises:
        DiagnosticError: S001 to S003, a signal does not fit; S007, an expression has no value.
    """
    first = {name: column[0] for name, column in numbers.items()}
    # The first run shows what does not fit.
    columns = prepare(node, signal_values(signals, node, ticks, int(seeds[0]), first), ticks)
    found: dict[str, NDArray[Any]] = {}
    for var, column in columns.items():
        signal = signals[var.name]
        if varies(signal, own_seeds=own_seeds):
            try:
                found[var.name] = _of_runs(signal, var, ticks, float(base_rate(node)), seeds, numbers)
            except ValueError as fault:
                raise DiagnosticError(misfit(var, fault)) from None
        else:
            found[var.name] = _machine(column.values[None], var)
    return found


def _of_runs(signal: Any, var: Var, ticks: int, rate: float, seeds: Bits, numbers: Values) -> NDArray[Any]:
    if isinstance(signal, Seed):
        return seeds_of(var, seeds)
    if isinstance(signal, str) and not shape(var.type):
        value = np.broadcast_to(in_unit(signal, var.unit).value(numbers), seeds.shape)
        for extreme in (value.min(), value.max()):
            fitted(float(extreme), var.type)
        return value.astype(dtype(element(var.type)))
    found = np.empty((len(seeds), ticks, *shape(var.type)), dtype(element(var.type)))
    reads = _reads_parameters(signal)
    for run, seed in enumerate(seeds.tolist()):
        own = {name: column[run] for name, column in numbers.items()} if reads else {}
        found[run] = values_of(signal, var, ticks, rate, seed, own)
    return _machine(found, var)


def _machine(values: NDArray[Any], var: Var) -> NDArray[Any]:
    """Mathematical numbers as the numbers that a machine has for them."""
    return values.astype(dtype(machine_element(element(var.type)))) if values.dtype == object else values


def varies(signal: Any, *, own_seeds: bool) -> bool:
    """Whether a signal differs between runs, whose seeds may differ too."""
    return (own_seeds and is_random(signal)) or _reads_parameters(signal)


def is_random(signal: Any) -> bool:
    """Whether a signal depends on the seed of its run."""
    if isinstance(signal, Sum):
        return any(map(is_random, signal.sum))
    return isinstance(signal, Normal | Uniform | Chance | Seed)


def _reads_parameters(signal: Any) -> bool:
    """Whether an expression over the parameters stands in a signal; texts that are none have no dollar sign."""
    match signal:
        case Points():
            return any(_reads_parameters(value) for _, value in signal.points)
        case Sum():
            return any(map(_reads_parameters, signal.sum))
        case str():
            return "$" in signal
        case _:
            return False
