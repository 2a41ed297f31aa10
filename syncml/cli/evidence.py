"""What `syncml verify -o DIR` leaves behind.

report.json                the report, with the schema `verify`
certificates/NAME.smt2     a proof for another solver; one file may prove several properties
NAME.csv, test_NAME.py     a counterexample: its inputs, and a test that replays them
reach.svg                  what reachability found, and runs in it
"""

from __future__ import annotations

import csv
import io
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import syncml
from syncml.cli.junit import render_junit
from syncml.cli.report_html import render_html
from syncml.cli.trace_svg import drawing
from syncml.cli.values import cells, leaf_names
from syncml.cli.verdicts import diagnostics_of
from syncml.cli.verify_json import render_verify
from syncml.dataclass import dataclass
from syncml.diagnostics.render import Format, render
from syncml.files import write_whole
from syncml.ir.equations.syntax import Call, Iterate, Program
from syncml.pipeline import split_target
from syncml.verify import (
    Counterexample,
    Proved,
    Reached,
    Result,
    Tube,
    Unreachable,
    VerificationReport,
    Violated,
    opened,
)
from syncml.verify.abstraction import abstract_nodes
from syncml.verify.certificate import Certificate, certificates
from syncml.verify.lengthen import certifiable

REPORT = "report.json"

CERTIFICATES = "certificates"

Key: TypeAlias = tuple[str, str]
"""A property: the label of its node, and its name."""

TEST = """\
\"\"\"A run that `syncml verify` found, replayed. The test passes once the program keeps the property.\"\"\"

from pathlib import Path

from syncml.testing import first_failure

HERE = Path(__file__).parent
PROGRAM = HERE / {program!r}


def test_{name}() -> None:
    failure = first_failure(
        f"{{PROGRAM}}{node}",
        {property!r},
        HERE / {inputs!r},
        settings={settings!r},
        abstract={abstract!r},
        concrete={concrete!r},
    )
    assert failure is None, f"false at tick {{failure}}"
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """What was verified: the program, and the options that change what its inputs are.

    `main` is the label of the main node; abstract nodes that it calls are verified by themselves. `opened` has for each
    of them the abstract nodes whose outputs are among the inputs of its counterexamples.
    """

    target: str
    main: str
    settings: Mapping[str, str]
    abstract: tuple[str, ...]
    concrete: tuple[str, ...]
    opened: Mapping[str, tuple[str, ...]]

    @property
    def program(self) -> str:
        """The command line that names the program."""
        options = [f"--set {name}={value}" for name, value in self.settings.items()]
        options += [f"--abstract {name}" for name in self.abstract] + [f"--concrete {name}" for name in self.concrete]
        return " ".join([self.target, *options])


def write_evidence(subject: Subject, report: VerificationReport, folder: Path, program: Program) -> Iterator[Path]:
    """Write the reports, a certificate for each proof, and what there is to each counterexample.

    Of what reachability proved the tube is drawn, with runs of ``program`` if it is about the main node. Of each goal
    that is reached the inputs are written, too.

    Raises:
        DiagnosticError: D001 if a file cannot be written.
    """
    files: dict[Key, dict[str, str]] = {(r.node, r.name): {} for r in report.results}
    for name, certificate in _certificates(subject.program, report):
        for each in certificate.properties:
            files[certificate.node, each]["certificate"] = name
        yield _write(folder / name, certificate.text)
    for result in report.results:
        match result.verdict:
            case (Proved() as proof) | Unreachable(proof) if proof.modular is not None and proof.modular.alone:
                # Its proof is that of the node; that its requirements are kept has proofs of its own.
                files[result.node, result.name] |= files.get((proof.modular.alone, proof.modular.clause), {})
            case _:
                continue
    names = stems(report)
    for result, found in shown_runs(report):
        name = names[result.node, result.name]
        kinds = {"inputs": f"{name}.csv", "picture": f"{name}.svg"}
        yield _write(folder / f"{name}.csv", inputs_csv(found))
        yield _write(folder / f"{name}.svg", drawing(found, result.name))
        if isinstance(result.verdict, Violated):
            kinds["test"] = f"test_{name}.py"
            yield _write(folder / f"test_{name}.py", test_source(subject, result, folder, name))
        files[result.node, result.name] = kinds
    for number, tube in enumerate(report.tubes):
        yield _write(folder / f"reach{number or ''}.svg", _tube(subject, tube, program))
    proofs = {key: each["certificate"] for key, each in files.items() if "certificate" in each}
    commands = replay_commands(subject, report, folder)
    yield _write(folder / REPORT, render_verify(report, proofs))
    yield _write(folder / "report.html", render_html(report, subject.program, files, commands))
    yield _write(folder / "report.xml", render_junit(report))
    yield _write(folder / "report.sarif", render(diagnostics_of(report), Format.SARIF, version=syncml.__version__))


def _tube(subject: Subject, tube: Tube, program: Program) -> str:
    from syncml.cli.tube_svg import sampled, tube_drawing

    if tube.node != subject.main:
        return tube_drawing(tube, {})
    return tube_drawing(tube, sampled(opened(program, frozenset(subject.abstract)), tube))


def replay_commands(subject: Subject, report: VerificationReport, folder: Path) -> dict[Key, str]:
    """The command line that runs each counterexample, and each run to a goal, in `folder` again."""
    names = stems(report)
    chosen = split_target(subject.target)[1]
    file = subject.target.removesuffix(f":{chosen}") if chosen else subject.target
    commands: dict[Key, str] = {}
    for result, _ in shown_runs(report):
        target = subject.target if result.node == subject.main else f"{file}:{result.node}"
        options = [x for name, value in subject.settings.items() for x in ("--set", f"{name}={value}")]
        options += [x for name in subject.opened.get(result.node, ()) for x in ("--abstract", name)]
        inputs = folder / f"{names[result.node, result.name]}.csv"
        command = ["syncml", "sim", target, "--input", str(inputs), *options]
        commands[result.node, result.name] = shlex.join(command)
    return commands


def shown_runs(report: VerificationReport) -> Iterator[tuple[Result, Counterexample]]:
    """The results with a run that is worth keeping: violations, and goals that the user asked for."""
    for result in report.results:
        match result.verdict:
            case Violated(found):
                yield result, found
            case Reached(found) if result.kind == "cover":
                yield result, found
            case _:
                continue


def opened_nodes(program: Program, chosen: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """For each node by its label the labels of the abstract nodes that it calls, itself or through others."""
    abstract = {n.name for n in abstract_nodes(program, frozenset(chosen))}
    found: dict[str, frozenset[str]] = {}
    for node in program.nodes:
        called = {e.rhs.node for e in node.equations if isinstance(e.rhs, Call | Iterate)}
        deeper = {x for c in called - abstract for x in found.get(c, ())}
        found[node.name] = frozenset((called & abstract) | deeper)
    return {n.label: tuple(sorted(program.node(x).label for x in found[n.name])) for n in program.nodes}


def certificate_files(program: str, report: VerificationReport) -> tuple[dict[str, str], dict[Key, str]]:
    """The text of each certificate by its path, and the path for each property that has one."""
    texts: dict[str, str] = {}
    paths: dict[Key, str] = {}
    for path, certificate in _certificates(program, report):
        texts[path] = certificate.text
        paths |= {(certificate.node, each): path for each in certificate.properties}
    return texts, paths


def _certificates(program: str, report: VerificationReport) -> Iterator[tuple[str, Certificate]]:
    """The certificates of what is reported as proved, each with the path of its file."""
    proved = {(r.node, r.name) for r in report.results if isinstance(r.verdict, Proved | Unreachable)}
    names = stems(report)
    for derivation in report.derivations:
        wanted = [g for g, c in derivation.claims.items() if (derivation.node, c.name) in proved]
        settled, certified = certifiable(derivation, [g for g in wanted if g in derivation.reported])
        for certificate in certificates(settled, program, certified):
            stem = names[certificate.node, certificate.properties[0]]
            yield f"{CERTIFICATES}/{stem}.smt2", certificate


def stems(report: VerificationReport) -> dict[Key, str]:
    """The name that the files of each property begin with; no two have the same."""
    result: dict[Key, str] = {}
    used: set[str] = set()
    for each in report.results:
        stem = base = file_name(each.name)
        number = 1
        # Some file systems do not tell capitals from small letters.
        while stem.lower() in used:
            number += 1
            stem = f"{base}_{number}"
        used.add(stem.lower())
        result.setdefault((each.node, each.name), stem)
    return result


def test_source(subject: Subject, result: Result, folder: Path, name: str) -> str:
    """Return a test, to stand in `folder`, that replays the counterexample of `result` from `name`.csv."""
    path, chosen = split_target(subject.target)
    node = chosen if result.node == subject.main else result.node
    return TEST.format(
        program=os.path.relpath(path, folder.resolve()).replace(os.sep, "/"),
        name=name,
        node=f":{node}" if node else "",
        property=result.name,
        inputs=f"{name}.csv",
        settings=dict(subject.settings),
        abstract=subject.abstract,
        concrete=subject.concrete,
    )


def file_name(property_name: str) -> str:
    """Return the name of a property as a name of a file."""
    return re.sub(r"[^A-Za-z0-9]+", "_", property_name).strip("_") or "property"


def inputs_csv(found: Counterexample) -> str:
    """Return the inputs of a counterexample, one row for each tick."""
    inputs = [stream for stream in found.streams if stream.input]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [leaf_names(stream) for stream in inputs]
    writer.writerow(name for each in names for name in each)
    for tick in range(found.ticks):
        writer.writerow(
            cell
            for stream, leaves in zip(inputs, names, strict=True)
            for cell in cells(stream.values[tick], stream.type, len(leaves))
        )
    return text.getvalue()


def _write(path: Path, text: str) -> Path:
    write_whole(path, text.encode())
    return path
