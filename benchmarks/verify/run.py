"""`syncml verify` against other verifiers, on a random sample of the Lustre files of a folder.

    python -m benchmarks.verify.run SUITE [--kind2 PATH] [--jkind PATH] [--count 300] [--limit 20] [--seed 0]

Each file goes to each tool in a fresh process, one after the other, so that all see the same machine. A table says how
many files each decides, as valid or invalid, and how long it takes; any property that two tools judge differently is
named. Everything is written as CSV: one row for each run, and one for each property.
"""

from __future__ import annotations

import argparse
import csv
import random
import re
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.verify.tools import Run, Tool, jkind, kind2, syncml

STATES = re.compile(r"--%PROPERTY|--!PROPERTY|\(\*[!@]\s*contract|--[!@]\s*contract|\bcheck\b|--%MAIN")
"""What a file has that states properties."""

MACHINE = re.compile(r"\bu?int(8|16|32|64)\b")
"""A type of machine integers."""


def candidates(suite: Path, *, machine: bool) -> list[Path]:
    """The files of ``suite`` that state properties, in a fixed order; only those on machine integers if so wished."""
    found: list[Path] = []
    for path in sorted(suite.rglob("*.lus")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if STATES.search(text) and (not machine or MACHINE.search(text)):
            found.append(path)
    return found


def contradictions(runs: dict[str, Run]) -> Iterator[str]:
    """The properties of one file that one tool proves and another refutes."""
    for line in sorted({line for run in runs.values() for line in run.verdicts}):
        said = {name: run.verdicts[line] for name, run in runs.items() if line in run.verdicts}
        if {"valid", "invalid"} <= set(said.values()):
            yield f"line {line}: {', '.join(f'{name} {verdict}' for name, verdict in said.items())}"


def summary(results: Sequence[dict[str, Run]]) -> Iterator[str]:
    """A line for each tool, over all files."""
    yield f"{'':<10}{'decided':>8}{'valid':>7}{'invalid':>9}{'unknown':>9}{'not read':>10}{'median s':>10}{'cpu s':>8}"
    names = list(results[0])
    medians: dict[str, float] = {}
    for name in names:
        runs = [by_tool[name] for by_tool in results]
        count = [run.outcome for run in runs].count
        medians[name] = statistics.median(run.wall for run in runs)
        yield (
            f"{name:<10}{count('valid') + count('invalid'):>8}{count('valid'):>7}{count('invalid'):>9}"
            f"{count('unknown'):>9}{count('not read'):>10}{medians[name]:>10.2f}"
            f"{statistics.median(run.used for run in runs):>8.2f}"
        )
    for name in names[1:]:
        yield f"median wall time: {medians[names[0]] / medians[name]:.2f} of that of {name}"


def write(folder: Path, suite: Path, results: dict[Path, dict[str, Run]]) -> None:
    """Write `runs.csv` and `properties.csv`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "runs.csv").open("w", newline="", encoding="utf-8") as table:
        rows = csv.writer(table)
        rows.writerow(("file", "tool", "outcome", "properties", "checks_not_proved", "wall_s", "cpu_s", "note"))
        for path, runs in results.items():
            for name, run in runs.items():
                figures = len(run.verdicts), run.added, f"{run.wall:.3f}", f"{run.used:.3f}", run.note
                rows.writerow((path.relative_to(suite), name, run.outcome, *figures))
    with (folder / "properties.csv").open("w", newline="", encoding="utf-8") as table:
        rows = csv.writer(table)
        rows.writerow(("file", "line", "tool", "verdict"))
        for path, runs in results.items():
            for name, run in runs.items():
                for line, verdict in sorted(run.verdicts.items()):
                    rows.writerow((path.relative_to(suite), line, name, verdict))


def main(arguments: Sequence[str] | None = None) -> int:
    """1 if two tools contradict each other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verify.run", description=__doc__)
    parser.add_argument("suite", type=Path, help="a folder of Lustre files")
    parser.add_argument("--kind2", help="the program Kind 2")
    parser.add_argument("--jkind", help="the program JKind")
    parser.add_argument("--count", type=int, default=300, help="files to draw; 0 stands for all")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds for a file")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--only", default="", help="files whose path contains this")
    parser.add_argument("--without", action="append", default=[], metavar="TEXT", help="no files whose path has this")
    parser.add_argument("--machine-integers", action="store_true", help="files with machine integers")
    parser.add_argument("--list", type=Path, help="a file that names the files to take, one a line, from SUITE")
    parser.add_argument("--output", type=Path, default=Path("bench-verify"), help="the folder for the tables")
    options = parser.parse_args(arguments)
    suite: Path = options.suite
    if options.list is not None:
        files = [suite / name for name in options.list.read_text(encoding="utf-8").split()]
    else:
        files = candidates(suite, machine=options.machine_integers)
        files = [path for path in files if options.only in str(path.relative_to(suite))]
        files = [path for path in files if not any(text in str(path.relative_to(suite)) for text in options.without)]
        if 0 < options.count < len(files):
            files = random.Random(options.seed).sample(files, options.count)
    if not files:
        parser.error(f"{suite} has no such files")
    with tempfile.TemporaryDirectory() as cache:
        tools = [syncml(options.limit, Path(cache))]
        tools += [kind2(options.kind2, options.limit)] if options.kind2 else []
        tools += [jkind(options.jkind, options.limit)] if options.jkind else []
        # The first run compiles the modules.
        tools[0].run(files[0], options.limit)
        results = compared(tools, files, suite, options.limit)
    write(options.output, suite, results)
    print("", *summary(list(results.values())), sep="\n")
    differing = [f"{p.relative_to(suite)} {said}" for p, runs in results.items() for said in contradictions(runs)]
    print(*(f"CONTRADICTION {each}" for each in differing), sep="\n")
    print(f"{len(files)} files, {len(differing)} contradictions; tables in {options.output}")
    return 1 if differing else 0


def compared(tools: Sequence[Tool], files: Sequence[Path], suite: Path, limit: float) -> dict[Path, dict[str, Run]]:
    """Run every tool on every file, and say so."""
    results: dict[Path, dict[str, Run]] = {}
    for number, path in enumerate(files, 1):
        results[path] = {tool.name: tool.run(path, limit) for tool in tools}
        said = ", ".join(f"{name} {run.outcome} {run.wall:.2f} s" for name, run in results[path].items())
        print(f"{number}/{len(files)} {path.relative_to(suite)}: {said}", flush=True)
    return results


if __name__ == "__main__":
    sys.exit(main())
