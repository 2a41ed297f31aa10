"""`syncml testgen`: a test suite that reaches every condition, mode and transition of a program that can be reached."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated

from syncml.cli.declared import Option
from syncml.cli.exit import ExitCode
from syncml.cli.options import (
    DumpOption,
    FolderOption,
    FormatOption,
    NodeOption,
    QuietOption,
    SeedOption,
    SetOption,
    Target,
    VerboseOption,
)
from syncml.cli.output import echo, run, working
from syncml.cli.request import Request
from syncml.diagnostics import DiagnosticError, error
from syncml.diagnostics.render import Format

if TYPE_CHECKING:
    from syncml.cli.testgen_json import GoalModel, TestgenModel

DEFAULT_TIMEOUT_S = 60.0


def testgen(
    file: Target,
    out: FolderOption,
    node: NodeOption = None,
    timeout: Annotated[float, Option(metavar="S", help="Seconds for the solvers in all.")] = DEFAULT_TIMEOUT_S,
    jobs: Annotated[
        int, Option(metavar="N", min=1, help="Solvers at a time; with one, the suite is the same each time.")
    ] = 1,
    seed: SeedOption = 0,
    form: FormatOption = Format.TEXT,
    given: SetOption = None,
    dump: DumpOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Make a test suite from a program.

    Its few runs make every condition true and false, enter every mode and take every transition, as far as that is
    possible; what is impossible is proved to be so.
    """

    def body() -> ExitCode:
        from syncml.cli.testgen_json import document, render
        from syncml.cli.testgen_suite import write_suite
        from syncml.sim.interpreter import replay
        from syncml.verify import Semantics, VerifyOptions
        from syncml.verify.testgen import generate

        if form not in (Format.TEXT, Format.JSON):
            raise DiagnosticError(error("U001", f"there is no {form.value} of a test suite", help="use text or json"))
        request = Request.start(file, node, given, dump, form, quiet=quiet, verbose=verbose)
        checked = request.checked()
        with working(f"making tests for {request.target}", quiet=quiet):
            options = VerifyOptions(timeout=timeout, jobs=jobs, seed=seed, semantics=Semantics.REALS)
            suite = generate(checked.program, options, replay)
        found = document(checked.main.label, suite, seed)
        written = write_suite(request.target, request.settings, checked, suite, found, out)
        if form is Format.JSON:
            sys.stdout.write(render(found))
        else:
            _print(found, quiet=quiet, verbose=verbose)
            for path in written if not quiet else ():
                echo(f"wrote {path}")
        return ExitCode.UNDECIDED if suite.open else ExitCode.OK

    run(form, body)


def _print(found: TestgenModel, *, quiet: bool, verbose: bool) -> None:
    from syncml.cli.tables import print_table

    shown = [g for g in found.goals if verbose or g.status != "covered"]
    if shown and not quiet:
        rows = [(g.aspect, g.value, g.text, g.status.replace("_", " "), _note(g), str(g.place.line)) for g in shown]
        print_table(("goal", "value", "of", "", "", "line"), rows, {"unreachable": "yellow", "not reached": "bold red"})
    counts = Counter((g.aspect, g.status) for g in found.goals)
    for aspect in dict.fromkeys(g.aspect for g in found.goals):
        total = sum(n for (a, _), n in counts.items() if a == aspect)
        unreachable = counts[aspect, "unreachable"]
        beyond = f", {unreachable} unreachable" if unreachable else ""
        echo(f"{aspect}s: {counts[aspect, 'covered']} of {total} covered{beyond}")
    ticks = sum(t.ticks for t in found.tests)
    echo(f"{len(found.tests)} test{'s' * (len(found.tests) != 1)} of {ticks} ticks in all")


def _note(goal: GoalModel) -> str:
    if goal.test is not None:
        return f"{goal.test}, tick {goal.tick}"
    return goal.method or f"not within {goal.depth} ticks: {goal.reason}"
