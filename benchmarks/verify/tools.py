"""How each verifier is run on a Lustre file, and what it says about the file's properties.

Rule: a property is known by the line that states it, for the tools name it differently. One that is stated in a node
with several instances is violated if it is in any of them, and proved if it is in all. Only what the file states
counts: run-time checks that a tool adds are apart, and what a tool claims for its own use is left out.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, TypeAlias

ROOT = Path(__file__).resolve().parents[2]

Verdict: TypeAlias = Literal["valid", "invalid", "unknown"]
Outcome: TypeAlias = Literal["valid", "invalid", "unknown", "not read"]

GRACE = 5.0
"""Seconds after its limit at which a tool is ended."""

ADDED = frozenset({"overflow", "division", "index", "domain", "narrowing", "range", "finite"})
"""Kinds of the run-time checks that syncml adds to a program."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one tool made of one file.

    Attributes:
        verdicts: By the line that states the property.
        added: How many run-time checks were not proved.
        wall: Seconds by the clock.
        used: Seconds of processor time.
        note: What it said if it read nothing.
    """

    verdicts: Mapping[int, Verdict]
    added: int
    wall: float
    used: float
    note: str

    @property
    def outcome(self) -> Outcome:
        """The file in one word: it is decided if each of its properties is."""
        found = set(self.verdicts.values())
        if not found:
            return "not read"
        return "unknown" if "unknown" in found else "invalid" if "invalid" in found else "valid"


@dataclass(frozen=True, slots=True)
class Tool:
    """A verifier.

    Attributes:
        name: For the report.
        command: Words before the name of the file.
        read: Its output on a file as verdicts by line, and the number of added checks that are not proved.
        environment: Variables that differ from those of this process.
    """

    name: str
    command: tuple[str, ...]
    read: Callable[[str, Path], tuple[dict[int, Verdict], int]]
    environment: Mapping[str, str]

    def run(self, file: Path, limit: float) -> Run:
        """Verify ``file`` in a fresh process; whatever it started is ended with it."""
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        with _scratch() as said, _scratch() as complained:
            process = subprocess.Popen(
                (*self.command, str(file)), stdin=subprocess.DEVNULL, stdout=said, stderr=complained,
                env=dict(self.environment), start_new_session=True,
            )  # fmt: skip
            # A wait with a limit looks at the process only now and then, which would be part of the time.
            alarm = threading.Timer(limit + GRACE, os.killpg, (process.pid, signal.SIGKILL))
            alarm.start()
            process.wait()
            alarm.cancel()
            wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
            said.seek(0)
            complained.seek(0)
            text, complaint = said.read(), complained.read()
        verdicts, added = self.read(text, file)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        note = "" if verdicts else " ".join((complaint or text).split())[:200]
        return Run(verdicts, added, wall, used, note)


def syncml(limit: float, cache: Path) -> Tool:
    """This project, as it runs where it is installed: its modules are compiled once, into ``cache``."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(cache), "SYNCML_VERDICTS": "off"}
    command = (sys.executable, "-m", "syncml", "verify", "--timeout", str(limit))
    return Tool("syncml", command, read_syncml, environment)


def kind2(path: str, limit: float) -> Tool:
    """Kind 2, with its usual engines."""
    return Tool("Kind 2", (path, "-json", "--timeout", str(limit)), read_kind2, os.environ)


def jkind(path: str, limit: float) -> Tool:
    """JKind, with its usual engines."""
    return Tool("JKind", (path, "-timeout", str(round(limit))), read_jkind, os.environ)


def _scratch() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


def joined(found: Iterable[tuple[int, Verdict]]) -> dict[int, Verdict]:
    """One verdict for each line."""
    lines: defaultdict[int, set[Verdict]] = defaultdict(set)
    for line, verdict in found:
        lines[line].add(verdict)
    return {
        line: "invalid" if "invalid" in all_ else "unknown" if "unknown" in all_ else "valid"
        for line, all_ in lines.items()
    }


def read_syncml(text: str, _file: Path) -> tuple[dict[int, Verdict], int]:
    """What the table of `syncml verify` says; that a mode is ever active is a question of its own."""
    words: dict[str, Verdict] = {
        "proved": "valid",
        "reached": "valid",
        "violated": "invalid",
        "unreachable": "invalid",
        "unknown": "unknown",
    }
    found: list[tuple[int, Verdict]] = []
    added = 0
    starts: list[int] = []
    for line in text.splitlines():
        if line.split()[:2] == ["property", "kind"]:
            starts = [match.start() for match in re.finditer(r"\S+", line)]
        elif starts:
            cells = [line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]
            if cells[3] not in words or not cells[-1].isdigit():
                break
            if cells[1] in ADDED:
                added += cells[3] != "proved"
            elif cells[1] != "mode":
                found.append((int(cells[-1]), words[cells[3]]))
    return joined(found), added


def read_kind2(text: str, _file: Path) -> tuple[dict[int, Verdict], int]:
    """What the document of Kind 2 says."""
    words: dict[str, Verdict] = {"valid": "valid", "falsifiable": "invalid", "unknown": "unknown"}
    found: list[tuple[int, Verdict]] = []
    # The document is not always well-formed, so each property is read by itself.
    for part in text.split('"objectType" : "property"')[1:]:
        candidate = re.search(r'"isCandidate" : "true"', part)
        line = re.search(r'"line" : (\d+)', part)
        answer = re.search(r'"answer" : \{[^}]*"value" : "(\w+)"', part)
        if answer is not None and line is not None and candidate is None:
            found.append((int(line[1]), words[answer[1]]))
    return joined(found), 0


def read_jkind(text: str, file: Path) -> tuple[dict[int, Verdict], int]:
    """What the summary of JKind says."""
    words: dict[str, Verdict] = {"VALID": "valid", "INVALID": "invalid", "UNKNOWN": "unknown"}
    _, _, summary = text.rpartition("SUMMARY")
    lines: defaultdict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        for name in re.findall(r"--%PROPERTY\s+([\w~]+)\s*;", line):
            lines[name].append(number)
    found: list[tuple[int, Verdict]] = []
    for word, names in re.findall(r"^(VALID|INVALID|UNKNOWN) PROPERTIES: \[(.*)\]", summary, re.MULTILINE):
        for name in names.split(","):
            # It verifies the main node, which comes last.
            found.extend((line, words[word]) for line in lines[name.strip()][-1:])
    return joined(found), 0
