"""`syncml verify`: a verdict on every contract clause and run-time check."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from syncml.cli.declared import Option
from syncml.cli.exit import ExitCode
from syncml.cli.options import (
    DumpOption,
    FormatOption,
    NodeOption,
    QuietOption,
    SeedOption,
    SetOption,
    Target,
    VerboseOption,
    WeightsOption,
)
from syncml.cli.output import echo, emit, run, working
from syncml.cli.request import Request
from syncml.diagnostics import DiagnosticError, error
from syncml.diagnostics.render import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncml.pipeline import Checked
    from syncml.verify import Semantics, VerificationReport

DEFAULT_TIMEOUT_S = 60.0

LATER = ("syncml.sim.interpreter", "syncml.verify.minimise", "syncml.verify.forcing")
"""Modules that a worker needs where a property is violated."""


def verify(
    file: Target,
    node: NodeOption = None,
    timeout: Annotated[float, Option(metavar="S", help="Seconds in all.")] = DEFAULT_TIMEOUT_S,
    jobs: Annotated[
        int | None, Option(metavar="N", min=1, help="Solvers at a time; the number of cores.", show_default=False)
    ] = None,
    memory: Annotated[
        int | None,
        Option(metavar="MIB", min=64, help="Memory of a solver in MiB; a share of the machine's.", show_default=False),
    ] = None,
    properties: Annotated[
        list[str] | None,
        Option("--property", metavar="NAME", help="Report this property only.", show_default=False),
    ] = None,
    first: Annotated[
        bool, Option("--first", help="Stop at the first violation of a clause that is no invariant.")
    ] = False,
    vacuity: Annotated[bool, Option("--vacuity", help="Then look for conditions that never change.")] = False,
    core: Annotated[bool, Option("--core", help="Find out which equations each proof needs.")] = False,
    engines: Annotated[
        list[str] | None, Option("--engine", metavar="NAME", help="Run this engine only.", show_default=False)
    ] = None,
    equal: Annotated[
        tuple[str, str] | None,
        Option(
            "--equal",
            metavar="A B",
            help="Prove that two nodes have the same outputs; B may be FILE:NODE.",
            show_default=False,
        ),
    ] = None,
    vnnlib: Annotated[
        Path | None,
        Option(metavar="FILE", help="Verify a network against a VNN-LIB specification.", show_default=False),
    ] = None,
    abstract: Annotated[
        list[str] | None,
        Option("--abstract", metavar="NODE", help="Put a node's contract in its place.", show_default=False),
    ] = None,
    concrete: Annotated[
        list[str] | None,
        Option("--concrete", metavar="NODE", help="Verify with an abstract node's body.", show_default=False),
    ] = None,
    modular: Annotated[
        bool | None,
        Option("--modular/--monolithic", help="Contracts for the bodies of callees at once, or never; as needed."),
    ] = None,
    semantics: Annotated[
        str, Option(metavar="strongest|ideal|reals|machine", help="What numbers mean in a proof.")
    ] = "strongest",
    out: Annotated[
        Path | None,
        Option("--output", "-o", metavar="DIR", help="Write the report and the counterexamples there."),
    ] = None,
    no_cache: Annotated[
        bool, Option("--no-cache", help="Decide everything anew, and keep nothing for the next run.")
    ] = False,
    seed: SeedOption = 0,
    form: FormatOption = Format.TEXT,
    given: SetOption = None,
    weights: WeightsOption = None,
    dump: DumpOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Prove every contract, or show what breaks it.

    Each contract clause and run-time check gets a verdict: proved, violated (with a run that was replayed), or unknown.
    """

    def body() -> ExitCode:
        # Started before anything is loaded, so that it can load the solver meanwhile.
        from syncml.verify.early import early_worker

        with early_worker(jobs or os.cpu_count() or 1, memory or 0, LATER):
            return decided()

    def decided() -> ExitCode:
        from syncml.sim.interpreter import replay
        from syncml.verify import Proofs, VerifyOptions, constant_conditions, verify_network, with_cores
        from syncml.verify import verify as decide

        request = Request.start(
            file, _named(node, equal), given, dump, form, quiet=quiet, verbose=verbose, weights=weights
        )
        options = VerifyOptions(
            timeout=timeout,
            jobs=jobs or os.cpu_count() or 1,
            memory=memory or 0,
            properties=tuple(properties or ()),
            first=first,
            engines=tuple(engines or ()),
            semantics=_semantics(semantics),
            seed=seed,
            abstract=tuple(abstract or ()),
            proofs=Proofs.AUTO if modular is None else Proofs.MODULAR if modular else Proofs.MONOLITHIC,
            cache=None if no_cache else _cache(),
            explain=out is not None or form in (Format.TEXT, Format.JSON),
        )
        chosen = tuple(concrete or ())
        checked = _concrete(request.checked(), chosen)
        with working(f"verifying {request.target}", quiet=quiet):
            if vnnlib is not None:
                report = verify_network(checked.flat, vnnlib, options, replay)
            else:
                report = decide(checked.program, options, replay)
            if vacuity and not report.interrupted:
                found = constant_conditions(checked.program, options, replay)
                report = replace(report, warnings=(*report.warnings, *found))
            if core and not report.interrupted:
                report = with_cores(report)
        _show(request, report)
        if out is not None:
            from syncml.cli.evidence import Subject, opened_nodes, replay_commands, write_evidence

            opened = opened_nodes(checked.program, options.abstract)
            subject = Subject(request.target, checked.main.label, request.settings, options.abstract, chosen, opened)
            written = list(write_evidence(subject, report, out, checked.program))
            if form is Format.TEXT and not quiet:
                for path in written:
                    echo(f"wrote {path}")
                for command in replay_commands(subject, report, out).values():
                    echo(f"run it again: {command}")
        return ExitCode.INTERRUPTED if report.interrupted else ExitCode(report.exit_code)

    run(form, body)


def _concrete(checked: Checked, chosen: Sequence[str]) -> Checked:
    """The program with the bodies of the chosen nodes.

    Raises:
        DiagnosticError: U001 for a name of no node.
    """
    if not chosen:
        return checked
    from syncml.verify import concretised, unknown_nodes

    faults = [replace(f, message=f.message.replace("leave abstract", "verify with its body"))
              for f in unknown_nodes(checked.program, chosen)]  # fmt: skip
    if faults:
        raise DiagnosticError(*faults)
    return replace(checked, program=concretised(checked.program, chosen))


def _cache() -> Path | None:
    """The folder of verdicts: as `SYNCML_VERDICTS` says, where `off` is none, or a part of the cache."""
    from syncml.files import cache_folder

    chosen = os.environ.get("SYNCML_VERDICTS", "")
    if chosen == "off":
        return None
    return Path(chosen) if chosen else cache_folder() / "verdicts"


def _named(node: str | None, equal: tuple[str, str] | None) -> str | None:
    """The node of the command line, or the comparison of two."""
    if equal is None:
        return node
    if node is not None:
        raise DiagnosticError(error("U001", "--node and --equal both name a node", help="give one of them"))
    from syncml.ir.equations.product import EQUAL

    return EQUAL.join(equal)


def _semantics(name: str) -> Semantics:
    from syncml.verify import Semantics

    try:
        return Semantics(name)
    except ValueError:
        known = ", ".join(each.value for each in Semantics)
        raise DiagnosticError(error("U001", f"there is no semantics {name!r}", help=f"write {known}")) from None


def _show(request: Request, report: VerificationReport) -> None:
    from syncml.cli.verdicts import diagnostics_of, print_report

    match request.form:
        case Format.TEXT:
            print_report(report, quiet=request.quiet, verbose=request.verbose)
        case Format.JSON:
            from syncml.cli.verify_json import render_verify

            sys.stdout.write(render_verify(report))
        case Format.CONCISE | Format.SARIF | Format.GITHUB:
            emit(diagnostics_of(report), request.form)
