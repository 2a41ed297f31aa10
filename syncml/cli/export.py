"""`syncml export`: C99 with a self-checking harness."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from syncml.cli.declared import Argument, Option
from syncml.cli.exit import ExitCode
from syncml.cli.folding import Choice, FoldOption, costs_of, folded, summary
from syncml.cli.options import (
    DumpOption,
    FormatOption,
    NodeOption,
    QuietOption,
    SeedOption,
    SetOption,
    WeightsOption,
)
from syncml.cli.output import echo, emit, run, working
from syncml.cli.quantising import (
    FloatOption,
    Int8Option,
    Int16Option,
    Interface,
    InterfaceOption,
    Ranges,
    RangesOption,
    meanings,
    part_of,
    quantised,
    told,
)
from syncml.cli.request import Request
from syncml.cli.stimulus import InputOption, ScenarioOption, StepsOption
from syncml.diagnostics import DiagnosticError, error
from syncml.diagnostics.render import Format

if TYPE_CHECKING:
    from syncml.export_c.evidence import RecordedRun
    from syncml.ir.step.lowering import Executive
    from syncml.ir.step.syntax import StepProgram
    from syncml.pipeline import Checked
    from syncml.quantise.program import Quantisation
    from syncml.sim.inputs import Raw

RANDOM_TICKS = range(100, 1001)
"""The length of the recorded run where no file gives one: as many of these ticks as the work below allows."""
RANDOM_WORK = 1_000_000
"""Equations times ticks, at some microseconds each in the interpreter; ten times that for a segment to end."""


LUSTRE, ONNX = "lustre", "onnx"
"""The targets that are no machines."""


def export(
    file: Annotated[
        str | None,
        Argument(metavar="FILE[:NODE]", help="A Python or Lustre program, and the node in it.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, Option("--output", "-o", metavar="DIR", help="The folder to write to.", show_default=False)
    ] = None,
    idioms: Annotated[
        Path | None,
        Option(metavar="DIR", help="Write programs that test a compiler on every construct.", show_default=False),
    ] = None,
    node: NodeOption = None,
    scenario: ScenarioOption = None,
    table: InputOption = None,
    steps: StepsOption = None,
    seed: SeedOption = 0,
    target: Annotated[
        str, Option(metavar="T", help="The machine: host, cortex-m4f, cortex-m3 or generic-c99; or lustre, onnx.")
    ] = "host",
    schedule: Annotated[
        str,
        Option(
            metavar="single|cyclic|tasks",
            help="Rates as tests of counters, as a table of straight code, or as tasks beside the step.",
        ),
    ] = "single",
    inline: Annotated[bool, Option("--inline", help="One function, in the place of one for each node.")] = False,
    semantics: Annotated[
        str, Option(metavar="ideal|machine", help="What numbers mean in Lustre: exact, or as they are.")
    ] = "machine",
    fold: FoldOption = Choice.AUTO,
    batch: Annotated[
        bool, Option("--batch", help="A node for each element of an array becomes operations on the array.")
    ] = False,
    int8: Int8Option = None,
    int16: Int16Option = None,
    ranges: RangesOption = Ranges.MINMAX,
    floats: FloatOption = None,
    interface: InterfaceOption = Interface.INTEGER,
    costs: Annotated[
        bool, Option("--report", help="Show what the C costs: operations of a tick, bytes of RAM, ROM and stack.")
    ] = False,
    tests: Annotated[
        bool, Option("--tests", help="Add runs that reach every condition and mode, found by solvers.")
    ] = False,
    prove: Annotated[
        bool, Option("--prove", help="Verify, and put verdicts and certificates beside the code.")
    ] = False,
    timeout: Annotated[
        float, Option(metavar="S", help="Seconds for the solvers of --tests and for those of --prove.")
    ] = 60.0,
    region: Annotated[
        str | None, Option(metavar="NAME=SIZE,...", help="Where state and constants may lie, the fastest region first.")
    ] = None,
    stack: Annotated[
        str | None, Option(metavar="SIZE", help="The most bytes of local variables on the stack, as 4096 or 16K.")
    ] = None,
    form: FormatOption = Format.TEXT,
    given: SetOption = None,
    weights: WeightsOption = None,
    dump: DumpOption = None,
    quiet: QuietOption = False,
) -> None:
    """Write C99 with a self-checking harness, Lustre, or ONNX.

    The C needs no heap and no libm. The harness replays a run that the interpreter recorded: that of the scenario or
    the input file, or else a random one.
    """

    def body() -> ExitCode:
        from syncml import export_c, pipeline
        from syncml.cli.export_evidence import Asked, subject
        from syncml.cli.export_schedule import drawn_schedule
        from syncml.cli.memory_options import memory_of
        from syncml.cli.remarks import machine_numbers, without_body
        from syncml.export_c.evidence import evidence
        from syncml.export_c.report.document import REPORT
        from syncml.export_c.report.folding import weigh
        from syncml.export_c.targets import target_machine
        from syncml.ir.equations.folding import Fold
        from syncml.ir.step.lowering import Observe

        if idioms is not None:
            _write_idioms(idioms, quiet=quiet)
            return ExitCode.OK
        if file is None or out is None:
            missing = "FILE" if file is None else "--output DIR"
            raise DiagnosticError(error("U001", f"{missing} is missing", help="write `syncml export FILE -o DIR`"))
        request = Request.start(file, node, given, dump, form, quiet=quiet, verbose=False, weights=weights)
        if target == LUSTRE:
            _report(request, out, (_write_lustre(request.checked(), out, semantics),), 0)
            return ExitCode.OK
        if target == ONNX:
            _refuse_meaningless(
                {"--int8": int8, "--int16": int16, "--batch": batch, "--inline": inline, "--report": costs,
                 "--tests": tests, "--prove": prove, "--region": region, "--stack": stack, "--scenario": scenario,
                 "--input": table, "--steps": steps, "--schedule": schedule != "single", "--float": floats,
                 "--ranges": ranges is not Ranges.MINMAX, "--interface": interface is not Interface.INTEGER}
            )  # fmt: skip
            checked = request.checked()
            emit(without_body(checked, run=True, where="the graph"), stream=sys.stderr)
            _report(request, out, (_write_onnx(checked, out),), 0)
            if form is Format.TEXT and not quiet and checked.main.properties:
                echo("contracts are left out; `syncml verify` proves them of this program")
            return ExitCode.OK
        machine = target_machine(target)
        memory = memory_of(machine, stack, region)
        machine = replace(machine, loops=replace(machine.loops, lines=memory.stack))
        request = replace(request, loops=machine.loops, memory=memory.large)
        executive = _executive(schedule)
        integers = quantised(request, int8, int16, ranges, floats, interface)
        checked = request.checked() if integers is None else integers.checked
        emit(without_body(checked, run=False), stream=sys.stderr)
        with working(f"exporting {request.target}", quiet=quiet):
            if not quiet:
                emit(machine_numbers(checked, Observe.OUTPUTS), stream=sys.stderr)
            # The recorded run is that of machine numbers, which the harness compares bit by bit.
            checked = pipeline.on_machine(checked)
            whole = pipeline.batched(checked) if batch else checked
            streaming, done = folded(whole, fold)

            def steps_of(program: Checked) -> StepProgram:
                return pipeline.step_code(program, flat=inline, fold=Fold.NEVER, executive=executive)

            code, unfolded = steps_of(streaming), steps_of(checked) if done.shared else None
            declined = None
            if fold is Choice.AUTO and unfolded is not None:
                weighed = weigh(unfolded, code, memory, machine)
                declined = None if weighed.worth else weighed
            refused = None if declined is None else code
            if declined is not None:
                streaming, code = whole, steps_of(whole)
            # The unfolded program says what must come out.
            main = _main_run(request, checked, scenario, table, steps, seed, integers)
            asked = Asked(tests=tests, prove=prove, timeout=timeout, seed=seed)
            parts = (evidence(subject(checked, streaming, main, asked)),)
            parts += drawn_schedule(streaming)
            parts += () if integers is None else (part_of(integers.report),)
            costs_of_windows = costs_of(checked, done, unfolded, refused)
            options = export_c.Options(main.vectors, machine, memory, costs_of_windows,
                                         meanings(None if integers is None else integers.report), parts)  # fmt: skip
            written = export_c.export(code, out, options)
        if form is Format.TEXT and not quiet:
            for line in (*summary(checked, done, declined), *(() if integers is None else told(integers.report))):
                echo(line)
        report = json.loads((out / REPORT).read_text(encoding="utf-8")) if costs else None
        _report(request, out, written.files, main.vectors.steps, written.removed, report)
        return ExitCode.OK

    run(form, body)


def _refuse_meaningless(given: Mapping[str, object]) -> None:
    """Refuse options of C that say nothing of a graph.

    Raises:
        DiagnosticError: U001, one is given.
    """
    for name, value in given.items():
        if value:
            message = f"`{name}` is of exported C, and has no meaning with --target {ONNX}"
            raise DiagnosticError(error("U001", message, help="leave it out, or leave --target out"))


def _executive(schedule: str) -> Executive:
    """The executive that ``--schedule`` names.

    Raises:
        DiagnosticError: U001, there is none of this name.
    """
    from syncml.ir.step.lowering import Executive

    known = {each.value: each for each in Executive}
    if schedule not in known:
        advice = f"write `--schedule {'` or `--schedule '.join(known)}`"
        raise DiagnosticError(error("U001", f"there is no schedule {schedule!r}", help=advice))
    return known[schedule]


def _write_idioms(folder: Path, *, quiet: bool) -> None:
    """Write the idiom suite.

    Raises:
        DiagnosticError: X001, the folder cannot be written.
    """
    from syncml.export_c.evidence.idioms import idiom_files, idioms
    from syncml.export_c.writing import write_files

    write_files(idiom_files(), folder)
    if not quiet:
        echo(f"wrote {len(idioms())} programs to {folder}")
        echo(
            f"Next: make -C {folder} check CC=... RUN=...   (with the compiler and on the machine that are to be used)"
        )


def _write_lustre(checked: Checked, folder: Path, semantics: str) -> Path:
    """Write the program as a file that Kind 2 reads.

    Raises:
        DiagnosticError: U001 for a semantics that is none, R006 for what has no form in Lustre, D001 if the file cannot
            be written.
    """
    from syncml.files import write_whole
    from syncml.lustre.writer import write_lustre

    if semantics not in ("ideal", "machine"):
        raise DiagnosticError(error("U001", f"there is no semantics {semantics!r}", help="write ideal or machine"))
    path = folder / f"{checked.main.label}.lus"
    write_whole(path, write_lustre(checked.program, ideal=semantics == "ideal").encode())
    return path


def _write_onnx(checked: Checked, folder: Path) -> Path:
    """Write one tick of the program as a file of operators for runtimes of networks.

    Raises:
        DiagnosticError: X007 for what has no form in ONNX, D001 if the file cannot be written, D006 if the package
            `onnx` is missing.
    """
    from syncml import pipeline
    from syncml.export_onnx.program import onnx_program
    from syncml.export_onnx.writing import write_onnx

    path = folder / f"{checked.main.label}.onnx"
    write_onnx(onnx_program(pipeline.on_machine(checked).program), path)
    return path


def _main_run(
    request: Request,
    checked: Checked,
    scenario: Path | None,
    table: Path | None,
    steps: int | None,
    seed: int,
    integers: Quantisation | None,
) -> RecordedRun:
    """The run that the harness replays: of ``checked``, whose inputs may be the integers of those in a file."""
    from syncml.cli.export_evidence import main_run
    from syncml.cli.recording import random_inputs, ticks_of_a_round
    from syncml.cli.stimulus import stimulus
    from syncml.quantise.host import converted_inputs
    from syncml.scenario.templates import find_connection

    def run_of(source: str, raw: Raw, ticks: int) -> RecordedRun:
        if integers is not None:
            raw = converted_inputs(raw, integers.floats, integers.report.interface, ticks)
        return main_run(checked, source, raw, ticks)

    if scenario is None and table is None:
        affordable = RANDOM_WORK // max(1, len(checked.flat.equations))
        enough = max(RANDOM_TICKS[0], min(ticks_of_a_round(checked.flat), 10 * affordable))
        ticks = steps or max(enough, min(affordable, RANDOM_TICKS[-1]))
        if integers is not None:
            recording = integers.report.recording
            return run_of(f"recorded, {integers.report.file}", recording.inputs, min(ticks, recording.ticks))
        return run_of(f"random, seed {seed}", random_inputs(checked.main, ticks, seed), ticks)
    # What files give are numbers of the program as it is written.
    written = checked if integers is None else request.checked()
    meets = None if scenario is None else find_connection(None, Path(checked.main.span.file))
    driven = stimulus(written.main, scenario, table, steps, seed, meets)
    files = " and ".join(
        f"{what} {path.name}" for what, path in (("scenario", scenario), ("input file", table)) if path
    )
    if driven.scene is None:
        return run_of(files, driven.values, driven.ticks)
    # What the actors make the program sense is recorded, so that the harness needs no actors.
    from syncml.cli.engines import Engine, runner

    trace = runner(written, Engine.INTERP, every_stream=False)(driven.values, driven.ticks, driven.scene).trace
    return run_of(files, {v.name: trace.column(v.name).values for v in written.main.inputs}, trace.ticks)


def _report(
    request: Request,
    folder: Path,
    files: tuple[Path, ...],
    ticks: int,
    removed: tuple[Path, ...] = (),
    costs: Mapping[str, Any] | None = None,
) -> None:
    match request.form:
        case Format.TEXT | Format.CONCISE:
            if not request.quiet:
                for path in files:
                    echo(f"wrote {path} ({path.stat().st_size} bytes)")
                for path in removed:
                    echo(f"removed {path} (of an earlier export)")
            if costs is not None:
                from syncml.export_c.report.document import report_text

                echo(report_text(costs).rstrip())
            if ticks and not request.quiet:
                echo(f"Next: make -C {folder} check   (compiles, and replays {ticks} recorded ticks)")
                echo(f"      make -C {folder} evidence   (re-runs what the tools of this machine can show)")
        case Format.JSON:
            from syncml.cli.export_json import render_export

            sys.stdout.write(render_export(folder, files, ticks, costs))
        case Format.SARIF | Format.GITHUB:
            emit([], request.form)
