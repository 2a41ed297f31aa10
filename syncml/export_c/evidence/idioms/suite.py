"""The idiom suite: files to compile with the compiler that is to be used, and to run where the code is to run.

Rule: one program for each idiom, which exits with 0 if all results are those of the table in it. The makefile builds
and runs all of them, by ``RUN`` on another machine, and goes on after a failure to tell of all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

from syncml.export_c.ctree import Text
from syncml.export_c.draft import Files, template
from syncml.export_c.evidence.idioms.catalogue import Idiom, choices, conversions, operators
from syncml.export_c.evidence.idioms.constructs import constructs
from syncml.export_c.evidence.idioms.statements import statements
from syncml.export_c.evidence.value_tests import function_suite, helper_suite, test_program
from syncml.export_c.functions import print_functions
from syncml.export_c.helpers import HELPERS
from syncml.export_c.printer import print_top, text_of
from syncml.ir.elementary import ELEMENTARY, function
from syncml.ir.types import F32, F64

SCHEMA = "syncml/c-idioms/1"
_HEADERS = (
    "#include <math.h>",
    "#include <stdbool.h>",
    "#include <stddef.h>",
    "#include <stdint.h>",
    "#include <string.h>",
)


@cache
def idioms() -> tuple[Idiom, ...]:
    """Every idiom: trees of the printer, the helpers, and the elementary functions."""
    return (*operators(), *conversions(), *choices(), *statements(), *_helpers(), *_elementary())


def _helpers() -> Iterator[Idiom]:
    for name, text in HELPERS.items():
        yield Idiom(f"helper_{name}", f"the inline function {name}", (text,), (helper_suite(name),))


def _elementary() -> Iterator[Idiom]:
    for op in sorted(ELEMENTARY, key=lambda op: op.value):
        for kind in (F32, F64):
            each = function(op, kind)
            found = function_suite(each.name, each)
            if found is None:
                raise ValueError(f"{each.name} has no arguments to be tried")
            about = f"the elementary function {each.name}"
            yield Idiom(f"function_{each.name}", about, (Text(()),), (found,), print_functions((each,)))


def idiom_files() -> Files:
    """The whole suite."""
    found: dict[str, bytes] = {}
    listed: list[dict[str, object]] = []
    for idiom in idioms():
        path = f"src/{idiom.name}.c"
        tops = (idiom.functions.rstrip() or text_of(print_top(idiom.tops)).rstrip()).splitlines()
        lines = test_program(f"{idiom.about[0].upper()}{idiom.about[1:]}.", (*_HEADERS, "", *tops), idiom.suites)
        found[path] = ("\n".join(lines) + "\n").encode()
        listed.append(
            {
                "name": idiom.name,
                "about": idiom.about,
                "file": path,
                "constructs": sorted(constructs(idiom.tops)),
                "cases": sum(len(each.rows) for each in idiom.suites),
            }
        )
    document = {"schema": SCHEMA, "idioms": listed}
    names = " \\\n    ".join(idiom.name for idiom in idioms())
    return {
        **found,
        "idioms.json": (json.dumps(document, indent=1) + "\n").encode(),
        "Makefile": template("idioms.mk", {"NAMES": names}),
        "README.md": template(
            "idioms.md", {"COUNT": str(len(listed)), "CASES": str(sum(int(str(x["cases"])) for x in listed))}
        ),
    }
