"""Parameters of a scenario, and the sets of values that its runs take.

Rule: a variation is a product of factors; a factor has rows that give values to some parameters at once. Run number i
takes one row of each factor, the last factor running fastest. A grid has one factor for each parameter; Latin
hypercube, Sobol and random samples are one factor with all parameters, whose rows are functions of the seed and their
number: a parameter with listed values takes each of them equally often, one with a distribution takes the value at a
sample of its distribution function.

A row that a constraint rules out is counted and not run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import product
from typing import Annotated, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Discriminator, Field, Tag, model_validator

from syncml.dataclass import dataclass
from syncml.extras import optional
from syncml.scenario.expressions import Expression
from syncml.scenario.points import Method, points
from syncml.scenario.quantities import factor, si
from syncml.scenario.written import Written

Setting: TypeAlias = float | str
"""The value of a parameter in a run: a number in units of the SI, or text."""

MOST_RUNS = 100_000_000


class _Number(Written):
    """A parameter that is a number, in ``unit``."""

    unit: str = "1"

    @property
    def scale(self) -> float:
        """What a written number is multiplied by."""
        return factor(self.unit, si(self.unit))


class Choice(_Number):
    """One of the listed values; texts (a road, a vehicle) or numbers."""

    values: Annotated[list[Setting], Field(min_length=1)]

    @model_validator(mode="after")
    def _of_one_kind(self) -> Choice:
        if len({isinstance(value, str) for value in self.values}) > 1:
            raise ValueError("values are all numbers or all texts")
        if any(not isinstance(value, str) and not math.isfinite(value) for value in self.values):
            raise ValueError("a value is not finite")
        _ = self.scale
        return self


class Steps(_Number):
    """The numbers from ``first`` to ``last`` in steps of ``step``; the last one only if a step reaches it."""

    first: float
    last: float
    step: Annotated[float, Field(gt=0.0)]

    @model_validator(mode="after")
    def _ordered(self) -> Steps:
        if self.first > self.last:
            raise ValueError("first is above last")
        if (self.last - self.first) / self.step > 1e6:
            raise ValueError("more than a million steps")
        _ = self.scale
        return self


class Even(_Number):
    """Evenly distributed from ``low`` to ``high``."""

    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Even:
        if self.low > self.high:
            raise ValueError("low is above high")
        _ = self.scale
        return self


class Bell(_Number):
    """Normally distributed, clipped to ``mean`` plus or minus ``bound``."""

    mean: float = 0.0
    sigma: Annotated[float, Field(gt=0.0)]
    bound: Annotated[float, Field(ge=0.0)]

    @model_validator(mode="after")
    def _measurable(self) -> Bell:
        _ = self.scale
        return self


def _kind(raw: Any) -> str:
    fields: Any = type(raw).model_fields if isinstance(raw, Written) else raw
    for key in ("values", "first", "low", "sigma"):
        if isinstance(fields, dict) and key in fields:
            return key
    return "value"


Parameter: TypeAlias = Annotated[
    Annotated[Choice, Tag("values")]
    | Annotated[Steps, Tag("first")]
    | Annotated[Even, Tag("low")]
    | Annotated[Bell, Tag("sigma")]
    | Annotated[Setting, Tag("value")],
    Discriminator(_kind),
]


class Sampling(Written):
    """How runs choose the values of parameters."""

    method: Method
    count: Annotated[int, Field(gt=0, le=MOST_RUNS)]


@dataclass(frozen=True, slots=True)
class Factor:
    """Rows of values for some parameters."""

    names: tuple[str, ...]
    rows: tuple[tuple[Setting, ...], ...]

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def columns(self, places: NDArray[np.int64]) -> list[NDArray[Any]]:
        """The values of each parameter in some rows: numbers in binary64, texts as objects."""
        if self.count <= len(places):
            rows, which = self.rows, places
        else:
            different, which = np.unique(places, return_inverse=True)
            rows = [self.rows[int(place)] for place in different]
        return [column_of([row[i] for row in rows])[which] for i in range(len(self.names))]


@dataclass(frozen=True, slots=True)
class Sample:
    """Points of a sample, each computed when it is asked for."""

    parameters: Mapping[str, Choice | Steps | Even | Bell]
    method: Method
    count: int
    seed: int

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters."""
        return tuple(self.parameters)

    def columns(self, places: NDArray[np.int64]) -> list[NDArray[Any]]:
        """The values of each parameter at some points: numbers in binary64, texts as objects.

        Raises:
            DiagnosticError: D006, some samples need SciPy.
        """
        at = points(self.method, self.count, len(self.parameters), self.seed, places)
        return [_quantile(p, at[:, i]) for i, p in enumerate(self.parameters.values())]


@dataclass(frozen=True, slots=True)
class Variation:
    """The runs of a scenario.

    Attributes:
        factors: Their product gives the runs.
        fixed: Parameters with one value.
        constraints: Of each run, every one of these has to be true.
    """

    factors: tuple[Factor | Sample, ...] = ()
    fixed: Mapping[str, Setting] = field(default_factory=dict[str, Setting])
    constraints: tuple[Expression, ...] = ()

    @property
    def count(self) -> int:
        """How many runs there are, those that constraints rule out included."""
        return math.prod(factor.count for factor in self.factors)

    def settings(self, run: int) -> dict[str, Setting]:
        """The values of all parameters in one run."""
        columns = replace(self, fixed={}).columns(np.array([run]))
        varied = {name: c[0] if isinstance(c[0], str) else float(c[0]) for name, c in columns.items()}
        return {**self.fixed, **varied}

    def columns(self, runs: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """The values of all parameters in several runs: numbers in binary64, texts as objects."""
        found: dict[str, NDArray[Any]] = {}
        for name, value in self.fixed.items():
            found[name] = np.full(len(runs), value, dtype=object if isinstance(value, str) else np.float64)
        shape = tuple(factor.count for factor in self.factors)
        places = np.unravel_index(runs, shape) if shape else ()
        for factor_, place in zip(self.factors, places, strict=True):
            found |= zip(factor_.names, factor_.columns(place), strict=True)
        return found

    @property
    def dimensions(self) -> int:
        """How many numbers choose a run: one for each parameter of a sample, one for the row of any other factor."""
        return sum(len(f.names) if isinstance(f, Sample) else 1 for f in self.factors)

    def at(self, points: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
        """The values of all parameters at points of the unit cube, a row each: what varies is had by its quantile.

        Raises:
            DiagnosticError: D006, a normal distribution needs SciPy.
        """
        found = replace(self, factors=()).columns(np.zeros(len(points), dtype=np.int64))
        column = 0
        for factor_ in self.factors:
            if isinstance(factor_, Sample):
                for name, parameter in factor_.parameters.items():
                    found[name] = _quantile(parameter, points[:, column])
                    column += 1
            else:
                places = np.minimum((points[:, column] * factor_.count).astype(np.int64), factor_.count - 1)
                found |= zip(factor_.names, factor_.columns(places), strict=True)
                column += 1
        return found

    def limits(self) -> dict[str, tuple[float, float]]:
        """The least and the greatest value of each parameter that has a distribution."""
        drawn = (each for f in self.factors if isinstance(f, Sample) for each in f.parameters.items())
        ends = np.array([0.0, 1.0])
        found = {name: _quantile(p, ends) for name, p in drawn if isinstance(p, Even | Bell)}
        return {name: (float(low), float(high)) for name, (low, high) in found.items()}

    def sampled(self, count: int | None, seed: int) -> Variation:
        """The same runs with ``count`` points of a sample, drawn from another seed; a grid stays as it is."""
        factors = tuple(
            replace(f, count=count or f.count, seed=seed) if isinstance(f, Sample) else f for f in self.factors
        )
        return replace(self, factors=factors)

    def texts(self) -> Iterator[dict[str, str]]:
        """Each choice of values for the parameters that are texts and not fixed."""
        choices: list[list[dict[str, str]]] = []
        for factor_ in self.factors:
            if isinstance(factor_, Sample):
                for name, parameter in factor_.parameters.items():
                    values = [v for v in _listed(parameter) if isinstance(v, str)]
                    choices += [[{name: v} for v in values]] if values else []
            else:
                rows = (
                    tuple((n, v) for n, v in zip(factor_.names, row, strict=True) if isinstance(v, str))
                    for row in factor_.rows
                )
                choices.append([dict(row) for row in dict.fromkeys(rows)])
        for chosen in product(*choices):
            yield {name: value for each in chosen for name, value in each.items()}

    def numeric_columns(self, runs: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
        """The parameters that are numbers in several runs."""
        return numeric(self.columns(runs))

    def admitted(self, runs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which runs their constraints admit."""
        return self.admits(self.numeric_columns(runs) if self.constraints else {}, len(runs))

    def admits(self, numbers: Mapping[str, NDArray[np.float64]], count: int) -> NDArray[np.bool_]:
        """Which of ``count`` runs the constraints admit, from the parameters that are numbers."""
        admitted = np.ones(count, dtype=np.bool_)
        for constraint in self.constraints:
            admitted &= np.broadcast_to(constraint.value(numbers) != 0.0, admitted.shape)
        return admitted

    def numbers(self, run: int) -> dict[str, NDArray[np.float64]]:
        """The parameters that are numbers in one run."""
        found = {name: as_number(value) for name, value in self.settings(run).items()}
        return {name: np.asarray(value, dtype=np.float64) for name, value in found.items() if value is not None}

    def chunks(self, size: int = 65_536) -> Iterator[NDArray[np.int64]]:
        """The numbers of all runs, some at a time."""
        for start in range(0, self.count, size):
            yield np.arange(start, min(start + size, self.count))


def column_of(values: Sequence[Setting]) -> NDArray[Any]:
    """Settings as an array: numbers in binary64, texts as objects."""
    kind = object if any(isinstance(value, str) for value in values) else np.float64
    return np.array(values, dtype=kind)


def as_number(value: Setting) -> float | None:
    """A setting as a number; None for a text that does not read as one."""
    try:
        return float(value)
    except ValueError:
        return None


def numeric(columns: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float64]]:
    """Those of some columns that are numbers."""
    found = {name: _numbers(column) for name, column in columns.items()}
    return {name: column for name, column in found.items() if column is not None}


def _numbers(column: NDArray[Any]) -> NDArray[np.float64] | None:
    """A column as numbers, if all of it reads as numbers."""
    if column.dtype != object:
        return column
    known = {value: as_number(value) for value in set(column.tolist())}
    if None in known.values():
        return None
    return np.array([known[value] for value in column.tolist()], dtype=np.float64)


def variation(
    parameters: Mapping[str, Parameter], sampling: Sampling | None, seed: int, constraints: Sequence[Expression] = ()
) -> Variation:
    """The runs that declared parameters make.

    Raises:
        ValueError: a distribution without a sampling, or too many runs.
    """
    fixed: dict[str, Setting] = {n: p for n, p in parameters.items() if isinstance(p, float | int | str)}
    varied = {n: p for n, p in parameters.items() if not isinstance(p, float | int | str)}
    if sampling is not None:
        drawn = Sample(varied, sampling.method, sampling.count, seed)
        return Variation((drawn,) if varied else (), fixed, tuple(constraints))
    for name, parameter in varied.items():
        if isinstance(parameter, Even | Bell):
            raise ValueError(f"parameter {name!r} has a distribution: say `sampling: {{method: sobol, count: 64}}`")
    factors = tuple(Factor((n,), tuple((v,) for v in _listed(p))) for n, p in varied.items())
    found = Variation(factors, fixed, tuple(constraints))
    if found.count > MOST_RUNS:
        raise ValueError(f"{found.count:,} runs; the most are {MOST_RUNS:,}")
    return found


def steps(first: float, last: float, step: float) -> list[float]:
    """The numbers from ``first`` to ``last``; rounding does not lose the last one."""
    return [first + i * step for i in range(1 + math.floor((last - first) / step + 1e-9))]


def _listed(parameter: Choice | Steps | Even | Bell) -> list[Setting]:
    """The values of a parameter that has a list of them."""
    match parameter:
        case Choice():
            return [v if isinstance(v, str) else v * parameter.scale for v in parameter.values]
        case Steps():
            return [v * parameter.scale for v in steps(parameter.first, parameter.last, parameter.step)]
        case Even() | Bell():
            return []


def _quantile(parameter: Choice | Steps | Even | Bell, at: NDArray[np.float64]) -> NDArray[Any]:
    """The values at which the distribution function of a parameter is ``at``."""
    match parameter:
        case Even():
            return (parameter.low + at * (parameter.high - parameter.low)) * parameter.scale
        case Bell():
            ndtri = optional("scipy.special", "a normal distribution", "scenarios").ndtri
            offsets = np.clip(parameter.sigma * ndtri(at), -parameter.bound, parameter.bound)
            return (parameter.mean + offsets) * parameter.scale
        case Choice() | Steps():
            values = column_of(_listed(parameter))
            return values[np.minimum((at * len(values)).astype(np.int64), len(values) - 1)]
