"""The C compilers that tests use, and the strictest warnings that exported code must pass."""

import pytest

from tests.support.tools import needs

COMPILERS = [pytest.param(name, marks=needs(name)) for name in ("gcc", "clang")]

STRICT = (
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wdouble-promotion",
    "-Wshadow",
    "-pedantic",
    "-Werror",
    "-ffp-contract=off",
)
