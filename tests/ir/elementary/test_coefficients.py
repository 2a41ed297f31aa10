"""The coefficients are what the tool computes."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from syncml.ir.elementary import coefficients

TOOL = Path(__file__).parents[3] / "tools" / "elementary_coefficients.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("elementary_coefficients", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["exp", "log", "sin", "cos"])
def test_polynomials_for_f32(tool: ModuleType, name: str) -> None:
    stored: tuple[float, ...] = getattr(coefficients.F32, name)
    fitted = getattr(tool, name.upper()).fit([24] * len(stored))
    assert tuple(float(number) for (number,) in fitted) == stored


def test_two_over_pi(tool: ModuleType) -> None:
    assert tool.exact_two_over_pi(coefficients.TWO_OVER_PI_BITS) == coefficients.TWO_OVER_PI


def test_the_first_word_of_ln2_times_any_exponent_is_exact() -> None:
    for stored, precision, exponents in ((coefficients.F32, 24, 151), (coefficients.F64, 53, 1075)):
        digits = int(stored.ln2_split[0] * 2**60)
        significant = digits // (digits & -digits)
        assert (significant * exponents).bit_length() <= precision
