"""Parameters: grids, samples, constraints; the same for every order in which runs are asked for."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from syncml.scenario.expressions import parse
from syncml.scenario.parameters import Factor, Parameter, Sampling, Variation, steps, variation

PARAMETERS = TypeAdapter(dict[str, Parameter])


def runs(text: dict[str, object], sampling: Sampling | None = None, seed: int = 0) -> Variation:
    return variation(PARAMETERS.validate_python(text), sampling, seed)


def test_a_grid_has_every_combination_and_the_last_factor_runs_fastest() -> None:
    found = runs({"v": {"values": [36, 72], "unit": "km/h"}, "dx": {"first": 0, "last": 1, "step": 0.1}, "road": "arc"})
    assert found.count == 22
    expected = itertools.product([10.0, 20.0], steps(0, 1, 0.1))
    for number, (v, dx) in enumerate(expected):
        assert found.settings(number) == {"v": v, "dx": dx, "road": "arc"}


def test_rounding_does_not_lose_the_last_step() -> None:
    assert len(steps(0.5, 3.0, 0.5)) == 6
    assert len(steps(0.0, 0.3, 0.1)) == 4
    assert len(steps(0.0, 0.35, 0.1)) == 4


@given(st.lists(st.lists(st.floats(-9, 9), min_size=1, max_size=4), min_size=0, max_size=4))
def test_columns_and_settings_agree(values: list[list[float]]) -> None:
    factors = tuple(Factor((f"p{i}",), tuple((v,) for v in column)) for i, column in enumerate(values))
    found = Variation(factors, {"name": "text"})
    columns = found.columns(np.arange(found.count))
    for number in range(found.count):
        assert found.settings(number) == {name: column[number] for name, column in columns.items()}


@pytest.mark.parametrize("method", ["latin_hypercube", "sobol", "random"])
def test_samples_depend_on_the_seed_alone_and_cover_their_ranges(method: str) -> None:
    text = {
        "v": {"low": 36, "high": 72, "unit": "km/h"},
        "n": {"mean": 1.0, "sigma": 2.0, "bound": 3.0},
        "road": {"values": ["a", "b"]},
    }
    sampling = Sampling.model_validate({"method": method, "count": 256})
    found = runs(text, sampling, 7)
    columns = found.columns(np.arange(256))
    assert found.count == 256
    assert (columns["v"] >= 10).all() and (columns["v"] <= 20).all()
    assert abs(columns["v"].mean() - 15.0) < (0.05 if method != "random" else 0.6)
    assert (abs(columns["n"] - 1.0) <= 3.0).all() and abs(columns["n"].mean() - 1.0) < 0.4
    assert sorted(set(columns["road"])) == ["a", "b"]
    again, other = runs(text, sampling, 7), runs(text, sampling, 8)
    assert [again.settings(i) for i in range(256)] == [found.settings(i) for i in range(256)]
    assert other.settings(0) != found.settings(0)


def test_a_latin_hypercube_has_one_value_in_each_part() -> None:
    found = runs({"x": {"low": 0, "high": 1}}, Sampling(method="latin_hypercube", count=50))
    parts = sorted(int(v * 50) for v in found.columns(np.arange(50))["x"])
    assert parts == list(range(50))


def test_constraints_leave_runs_out() -> None:
    factors = (Factor(("a",), ((1.0,), (2.0,))), Factor(("b",), (("1",), ("2",))))
    found = Variation(factors, {"name": "x"}, (parse("a >= b"),))
    assert found.admitted(np.arange(4)).tolist() == [True, False, True, True]
    assert [list(chunk) for chunk in found.chunks(3)] == [[0, 1, 2], [3]]


@pytest.mark.parametrize(
    "text",
    [
        {"v": {"first": 2, "last": 1, "step": 1}},
        {"v": {"first": 0, "last": 1, "step": 0}},
        {"v": {"first": 0, "last": 1, "step": 1e-9}},
        {"v": {"values": []}},
        {"v": {"values": [1, "x"]}},
        {"v": {"values": [float("nan")]}},
        {"v": {"low": 2, "high": 1}},
        {"v": {"low": 0, "high": 1, "unit": "parsec"}},
        {"v": {"sigma": -1, "bound": 1}},
    ],
)
def test_what_is_no_parameter_is_refused(text: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PARAMETERS.validate_python(text)


def test_a_distribution_needs_a_sampling() -> None:
    with pytest.raises(ValueError, match="sampling"):
        runs({"v": {"low": 0, "high": 1}})
