"""The C compilers that tests use, and the strictest warnings that exported code must pass."""

import shutil

import pytest

COMPILERS = [
    pytest.param(name, marks=pytest.mark.skipif(not shutil.which(name), reason=f"{name} is not installed"))
    for name in ("gcc", "clang")
]

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
