#!/usr/bin/env python3
"""Re-run the evidence of an exported package with the tools of this machine, and say what it lacks.

    python3 evidence/collect.py [--strict] [misra|stack|eva|vectors|coverage ...]      all checks by default

Rule: a check that finds a fault makes the exit code 1. A tool that is missing makes its check `not run`, and outcomes
of decisions that neither a vector has nor a proof excludes make it `open`: the report says so, neither is a pass, and
with --strict both are faults. What was found goes into evidence/results.json and evidence/results.md. This program
needs Python 3.10 and nothing else; what it checks against is in evidence/evidence.json.

The package is designed to be verified as hand-written code, with the evidence generated; syncml is not a qualified
tool.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EVIDENCE = ROOT / "evidence"
PASSED, OPEN, FAILED, NOT_RUN = "passed", "open", "FAILED", "not run"
WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wdouble-promotion", "-Wshadow", "-pedantic", "-Werror"]
FLAGS = ["-std=c99", "-ffp-contract=off", "-Iinclude"]

Json = dict[str, Any]


class Missing(Exception):
    """A tool that this machine lacks."""


def tool(*names: str) -> str:
    """The first of some programs that is installed; an environment variable of the first one's name goes before."""
    chosen = os.environ.get(re.sub(r"\W", "_", names[0]).upper())
    for name in (chosen, *names) if chosen else names:
        if shutil.which(name):
            return name
    raise Missing(names[0])


def run(command: list[str], environment: dict[str, str] | None = None) -> tuple[int, str]:
    """Exit code and output of a command in the package's folder, with some variables besides."""
    # frama-c takes its folder from PWD.
    variables = {**os.environ, "PWD": str(ROOT), **(environment or {})}
    done = subprocess.run(command, cwd=str(ROOT), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=variables)
    return done.returncode, done.stdout.decode(errors="replace")


def misra(config: Json) -> Json:
    """Findings of cppcheck's MISRA addon, those of the deviation list apart."""
    command = [tool("cppcheck"), "--addon=misra", "--std=c99", "--enable=style", "--quiet", "-Iinclude"]
    command += [f"-D{define}" for define in config["misra"]["defines"]]
    code, output = run([*command, "--template={file}|{line}|{severity}|{id}|{message}", *config["sources"]])
    found: Json = {}
    outside: list[str] = []
    for line in output.splitlines():
        parts = line.split("|", 4)
        if len(parts) < 5:
            continue
        file, number, severity, name = parts[:4]
        rule = name[len("misra-c2012-") :] if name.startswith("misra-c2012-") else ""
        if not rule and severity != "error" and name != "preprocessorErrorDirective":
            continue
        text = (ROOT / file).read_text().splitlines()[int(number) - 1].strip() if int(number) else ""
        found[rule or name] = found.get(rule or name, 0) + 1
        if not any(
            d["rule"] == rule and d["pattern"] and re.search(d["pattern"], text) for d in config["misra"]["deviations"]
        ):
            outside.append(f"{file}:{number}: {rule or name}: {text}")
    failed = code != 0 or bool(outside)
    inside = ", ".join(f"{n} of rule {rule}" for rule, n in sorted(found.items())) or "none"
    return {
        "status": FAILED if failed else PASSED,
        "summary": f"{len(outside)} findings outside of the deviation list; all findings: {inside}",
        "findings": found,
        "outside": outside if outside else output.splitlines()[:20] if code else [],
    }


def stack(config: Json) -> Json:
    """The stack that each entry point needs, by gcc's own account of frames and calls."""
    compiler = tool("CC", "gcc")
    if "clang" in run([compiler, "--version"])[1]:
        raise Missing(f"gcc ({compiler} is clang, which writes no call graph)")
    frames: dict[str, int] = {}
    calls: dict[str, list[str]] = {}
    dynamic: list[str] = []
    extra = os.environ.get("TARGET_FLAGS", "").split()
    with tempfile.TemporaryDirectory() as folder:
        for source in config["sources"]:
            name = Path(source).stem
            command = [compiler, *FLAGS, "-O2", *extra, "-fstack-usage", "-fcallgraph-info=su", "-c", source]
            code, output = run([*command, "-o", f"{folder}/{name}.o"])
            if code:
                return {"status": FAILED, "summary": "the code does not compile", "outside": output.splitlines()}
            for graph in Path(folder).glob("*.ci"):
                read_graph(graph.read_text(errors="replace"), frames, calls, dynamic)
                graph.unlink()
    entries = {entry: depth(entry, frames, calls) for entry in config["entries"]}
    unknown = sorted({c for each in calls.values() for c in each if c not in frames})
    worst = ", ".join(f"{entry} {size} bytes" for entry, size in entries.items())
    return {
        "status": FAILED if dynamic else PASSED,
        "summary": f"{worst} ({compiler} -O2{' ' if extra else ''}{' '.join(extra)})",
        "entries": entries,
        "frames": frames,
        "outside": [f"{name}: the frame is not constant" for name in dynamic],
        "not_counted": unknown,
    }


def read_graph(text: str, frames: dict[str, int], calls: dict[str, list[str]], dynamic: list[str]) -> None:
    """Add the nodes and edges of a file of -fcallgraph-info."""
    for match in re.finditer(r'node: \{ title: "([^"]+)" label: "([^"]*)"', text):
        name, label = plain(match.group(1)), match.group(2)
        size = re.search(r"(\d+) bytes \(([^)]*)\)", label)
        if size:
            frames[name] = int(size.group(1))
            if size.group(2) not in ("static", "dynamic,bounded"):
                dynamic.append(name)
    for match in re.finditer(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"', text):
        calls.setdefault(plain(match.group(1)), []).append(plain(match.group(2)))


def plain(title: str) -> str:
    """The name of a function without the file that gcc puts before a static one."""
    return title.rsplit(":", 1)[-1]


def depth(entry: str, frames: dict[str, int], calls: dict[str, list[str]]) -> int:
    """The deepest stack below and with a function; the code has no recursion."""
    best: dict[str, int] = {}
    pending = [entry]
    while pending:
        name = pending[-1]
        waiting = [c for c in calls.get(name, []) if c not in best and c != name]
        if waiting and name not in best:
            best[name] = -1
            pending += waiting
            continue
        best[name] = frames.get(name, 0) + max((best.get(c, 0) for c in calls.get(name, [])), default=0)
        pending.pop()
    return best[entry]


def eva(config: Json) -> Json:
    """Alarms of Frama-C's EVA on the step in an endless loop, and on each elementary function."""
    given = config["eva"]
    runs = [("step", given["step"], "non-finite" if given["finite"] else "none", given["specified"])]
    if given["specified"]:
        runs.append(("elementary functions", given["functions"], "none", []))
    others = [source for source in config["sources"] if source != config["main_source"]]
    results: Json = {}
    outside: list[str] = []
    for title, entry, special, specified in runs:
        command = [tool("frama-c"), "-eva", "-eva-precision", "1", "-eva-auto-loop-unroll", str(given["unroll"])]
        command += ["-eva-msg-key=-initial-state,-final-states", "-warn-special-float", special, "-main", entry]
        command += ["-cpp-extra-args=-Iinclude"] + (["-eva-use-spec", ",".join(specified)] if specified else [])
        code, output = run([*command, given["driver"], *others])
        alarms = re.search(r"(\d+) alarms? generated", output)
        open_ = re.search(r"Preconditions\s+\d+ valid\s+(\d+) unknown\s+(\d+) invalid", output)
        if code or alarms is None or open_ is None:
            outside += [f"{title}: frama-c failed", *output.splitlines()[-5:]]
            continue
        undecided = int(open_.group(1)) + int(open_.group(2))
        results[title] = {"alarms": int(alarms.group(1)), "preconditions_open": undecided, "command": " ".join(command)}
        if int(alarms.group(1)) or undecided:
            outside += [f"{title}: {line}" for line in output.splitlines() if "eva:alarm" in line] or [
                f"{title}: {undecided} preconditions open"
            ]
    counted = ", ".join(f"{r['alarms']} alarms on the {title}" for title, r in results.items())
    about = "overflow and NaN are alarms" if given["finite"] else "an input has no range: only undefined behaviour is"
    return {
        "status": FAILED if outside else PASSED,
        "summary": f"{counted}; {about}",
        "runs": results,
        "outside": outside,
    }


def vectors(config: Json) -> Json:
    """Every recorded run and every table of function values, on code that the compiler made."""
    compiler = tool("CC", "gcc", "clang")
    failed: list[str] = []
    runs, cases = len(config["vectors"]), config["function_cases"]
    with tempfile.TemporaryDirectory() as folder:
        built = build(compiler, ["-O2", *WARNINGS], config, folder)
        if isinstance(built, str):
            return {"status": FAILED, "summary": "the code does not compile", "outside": built.splitlines()}
        for command in built:
            code, output = run(command)
            if code:
                failed += [f"{' '.join(command[1:]) or 'functions'}: exit code {code}", *output.splitlines()[:10]]
    return {
        "status": FAILED if failed else PASSED,
        "summary": f"{runs} recorded runs and {cases} values of functions, with {compiler} -O2",
        "outside": failed,
    }


def build(compiler: str, options: list[str], config: Json, folder: str) -> Any:
    """Build the harness and the function tests; the commands to run, or what the compiler said."""
    harness, functions = f"{folder}/harness", f"{folder}/functions"
    external = (os.environ.get("EXTERNAL") or str(config["external"])).split()
    jobs = [(harness, [*config["sources"], *external, "harness/harness.c"])]
    others = [source for source in config["sources"] if source != config["main_source"]]
    if config["function_cases"]:
        jobs.append((functions, ["evidence/functions.c", *others, *external]))
    for target, sources in jobs:
        code, output = run([compiler, *FLAGS, *options, "-o", target, *sources, *config["libraries"]])
        if code:
            return output
    return [[harness, path] for path in config["vectors"]] + ([[functions]] if config["function_cases"] else [])


def coverage(config: Json) -> Json:
    """Decision coverage and MC/DC of the node's code over all recorded runs and function values, by clang."""
    compiler = tool("clang-19", "clang-20", "clang-21", "clang")
    suffix = compiler[len("clang") :] if compiler.startswith("clang") else ""
    merge, report = tool(f"llvm-profdata{suffix}", "llvm-profdata"), tool(f"llvm-cov{suffix}", "llvm-cov")
    options = ["-O0", "-fprofile-instr-generate", "-fcoverage-mapping"]
    with tempfile.TemporaryDirectory() as folder:
        built = build(compiler, [*options, "-fcoverage-mcdc"], config, folder)
        if isinstance(built, str):
            if "-fcoverage-mcdc" in built:
                raise Missing("clang-19 (this clang does not measure MC/DC)")
            return {"status": FAILED, "summary": "the code does not compile", "outside": built.splitlines()}
        profiles: list[str] = []
        for number, command in enumerate(built):
            profiles.append(f"{folder}/{number}.profraw")
            run(command, {"LLVM_PROFILE_FILE": profiles[-1]})
        run([merge, "merge", "-o", f"{folder}/all.profdata", *profiles])
        binaries = list(dict.fromkeys(command[0] for command in built))
        objects = [part for binary in binaries[1:] for part in ("-object", binary)]
        code, output = run([report, "export", binaries[0], *objects, f"-instr-profile={folder}/all.profdata"])
    if code:
        return {"status": FAILED, "summary": "llvm-cov failed", "outside": output.splitlines()[:10]}
    return covered(json.loads(output[output.index("{") :]), config)


def covered(document: Json, config: Json) -> Json:
    """What llvm-cov found of the node's code, with the outcomes that no run has; of its other files the totals."""
    totals = {"decisions": [0, 0], "conditions_mcdc": [0, 0], "lines": [0, 0]}
    justified: list[str] = []
    open_: list[str] = []
    others: list[str] = []
    for file in document["data"][0]["files"]:
        path = os.path.relpath(file["filename"], str(ROOT))
        if path not in config["sources"]:
            continue
        missed, count = missed_outcomes(file["branches"])
        if path != config["main_source"]:
            others.append(f"{path}: {count - len(missed)}/{count} outcomes")
            continue
        text = (ROOT / path).read_text().splitlines()
        for (line, column, outcome), reason in explained(missed, path, config["justified"]).items():
            where = f"{path}:{line}:{column}: never {outcome}: "
            (justified if reason else open_).append(where + (reason or text[line - 1].strip()))
        totals["decisions"] = [count - len(missed), count]
        for key, name in (("conditions_mcdc", "mcdc"), ("lines", "lines")):
            totals[key] = [file["summary"][name]["covered"], file["summary"][name]["count"]]
    shares = {key: (100.0 * hit / all_ if all_ else 100.0) for key, (hit, all_) in totals.items()}
    texts = [f"{key.replace('_', ' ')} {totals[key][0]}/{totals[key][1]} ({shares[key]:.1f} %)" for key in totals]
    return {
        "status": OPEN if open_ else PASSED,
        "summary": f"{', '.join(texts)}; {len(justified)} outcomes justified by a proof, {len(open_)} open",
        "totals": totals,
        "justified": justified,
        "outside": open_,
        "other_files": others,
    }


def missed_outcomes(branches: list[list[int]]) -> tuple[list[tuple[int, int, str]], int]:
    """The outcomes of conditions that never were, by line and column, and the number of all."""
    counts: dict[tuple[int, int, int, int, str], int] = {}
    for line, column, end, last, true, false in (branch[:6] for branch in branches):
        for outcome, count in (("true", true), ("false", false)):
            key = (line, column, end, last, outcome)
            counts[key] = counts.get(key, 0) + count
    return [(key[0], key[1], key[4]) for key, count in sorted(counts.items()) if not count], len(counts)


def explained(missed: list[tuple[int, int, str]], path: str, known: list[Json]) -> dict[tuple[int, int, str], str]:
    """For each missed outcome the proof that it cannot be, or nothing.

    A proof speaks of a condition of the program; it counts for a statement of C whose missed outcomes of that value are
    no more than the proofs about it, which are then about just these.
    """
    found = dict.fromkeys(missed, "")
    groups: dict[tuple[int, int, str], list[str]] = {}
    for entry in known:
        if entry["file"] == path:
            groups.setdefault((entry["first"], entry["last"], entry["outcome"]), []).append(entry["reason"])
    for (first, last, outcome), reasons in groups.items():
        here = [each for each in missed if first <= each[0] <= last and each[2] == outcome]
        if len(here) <= len(reasons):
            found.update(zip(here, reasons, strict=False))
    return found


CHECKS: dict[str, Callable[[Json], Json]] = {
    "vectors": vectors,
    "misra": misra,
    "stack": stack,
    "eva": eva,
    "coverage": coverage,
}
VERSIONS = (("gcc",), ("clang-19", "clang"), ("llvm-cov-19", "llvm-cov"), ("cppcheck",), ("frama-c",))


def versions() -> Json:
    """What the tools say of themselves, in one line each; null for one that is missing."""
    found: Json = {"python": sys.version.split()[0]}
    for names in VERSIONS:
        try:
            name = tool(*names)
            lines = run([name, "--version" if name != "frama-c" else "-version"])[1].splitlines()
            found[names[0]] = next((x.strip() for x in lines if re.search(r"\d", x)), "")
        except Missing:
            found[names[0]] = None
    return found


def main(names: list[str]) -> int:
    """Run checks, write the results, and tell them."""
    faults = [FAILED, OPEN, NOT_RUN] if "--strict" in names else [FAILED]
    names = [name for name in names if name != "--strict"]
    wrong = [name for name in names if name not in CHECKS]
    if wrong:
        sys.stderr.write(f"collect.py: no check {', '.join(wrong)}; there are {', '.join(CHECKS)}\n")
        return 2
    config = json.loads((EVIDENCE / "evidence.json").read_text(encoding="utf-8"))
    results: Json = {}
    for name in names or list(CHECKS):
        try:
            results[name] = CHECKS[name](config)
        except Missing as missing:
            results[name] = {"status": NOT_RUN, "summary": f"{missing} is not installed", "outside": []}
        tell(f"{name:9} {results[name]['status']:8} {results[name]['summary']}")
        for line in results[name]["outside"][:20]:
            tell(f"          {line}")
    document = {"schema": "syncml/c-evidence-results/1", "node": config["node"], "tools": versions(), "checks": results}
    (EVIDENCE / "results.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (EVIDENCE / "results.md").write_text(readable(document), encoding="utf-8")
    return 1 if any(result["status"] in faults for result in results.values()) else 0


def tell(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def readable(document: Json) -> str:
    """The results as a page."""
    lines = [f"# Evidence of {document['node']}, re-run", "", "| check | status | result |", "|---|---|---|"]
    lines += [f"| {name} | {r['status']} | {r['summary']} |" for name, r in document["checks"].items()]
    for name, result in document["checks"].items():
        details = [*result.get("outside", []), *result.get("justified", [])]
        if details:
            lines += ["", f"## {name}", "", *(f"    {line}" for line in details)]
    lines += ["", "## Tools", "", "| tool | version |", "|---|---|"]
    lines += [f"| {name} | {version or 'not installed'} |" for name, version in document["tools"].items()]
    lines += [
        "",
        "Designed to be verified as hand-written code, with the evidence generated; not a qualified tool.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
