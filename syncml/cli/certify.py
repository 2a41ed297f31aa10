"""`syncml certify`: the proofs that `syncml verify -o DIR` wrote, checked again by another solver."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from syncml.cli.declared import Argument, Option
from syncml.cli.exit import ExitCode
from syncml.cli.options import FormatOption, QuietOption
from syncml.cli.output import echo, run
from syncml.diagnostics import DiagnosticError, error
from syncml.diagnostics.render import Format

if TYPE_CHECKING:
    from syncml.cli.certify_json import CheckedModel

TINTS = {"accepted": "green", "refuted": "bold red", "unknown": "yellow"}


def certify(
    folder: Annotated[Path, Argument(metavar="DIR", help="The folder that `verify -o` wrote.", show_default=False)],
    solver: Annotated[
        list[str] | None,
        Option(
            metavar="z3|cvc5", help="Check with this solver; may be given twice. z3 by default.", show_default=False
        ),
    ] = None,
    timeout: Annotated[float, Option(metavar="S", help="Seconds for each certificate and solver.")] = 60.0,
    form: FormatOption = Format.TEXT,
    quiet: QuietOption = False,
) -> None:
    """Check the proofs of a verification again with another solver.

    A certificate is accepted if the solver gives every answer that the file announces.
    """

    def body() -> ExitCode:
        from syncml.cli.certify_json import check_all, render_certify

        solvers = _solvers(solver or ["z3"])
        found = check_all(folder, solvers, timeout)
        if form is Format.JSON:
            sys.stdout.write(render_certify(str(folder), found))
        elif form is Format.TEXT:
            _print(found, quiet=quiet)
        else:
            raise DiagnosticError(error("U001", f"there is no {form.value} of certificates", help="use text or json"))
        outcomes = {each.outcome for each in found}
        return (
            ExitCode.REJECTED if "refuted" in outcomes else ExitCode.UNDECIDED if "unknown" in outcomes else ExitCode.OK
        )

    run(form, body)


def _solvers(names: list[str]) -> list[str]:
    from syncml.extras import optional
    from syncml.verify.recheck import SOLVERS

    for name in names:
        if name not in SOLVERS:
            raise DiagnosticError(
                error("U001", f"there is no solver {name!r}", help=f"the solvers are {', '.join(SOLVERS)}")
            )
        if name == "cvc5":
            optional("cvc5", "checking certificates with cvc5", "cvc5")
    return list(dict.fromkeys(names))


def _print(found: list[CheckedModel], *, quiet: bool) -> None:
    from syncml.cli.tables import print_table

    rows = [
        (each.file, each.solver, each.outcome, f"{each.answered}/{each.expected}", f"{each.time_s:.1f} s", each.detail)
        for each in found
        if not (quiet and each.outcome == "accepted")
    ]
    if rows:
        print_table(("certificate", "solver", "outcome", "queries", "time", ""), rows, TINTS)
    if not quiet:
        accepted = sum(each.outcome == "accepted" for each in found)
        echo(f"{accepted} of {len(found)} checks accepted")
