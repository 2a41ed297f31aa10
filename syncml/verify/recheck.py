"""Checking a certificate with another run of Z3, or with cvc5, in a process of its own.

Rule: a certificate is accepted iff the solver answers each ``(check-sat)`` as the line before it says, without an
error. Nothing of this package but this module takes part: the solver reads the text of the file.

The process gets the text as its input and writes one answer a line; it is ended when its time is over.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import Enum
from importlib import import_module
from typing import Any

from syncml.dataclass import dataclass

_CHECK = "(check-sat)"
_STATUS = "(set-info :status "

SOLVERS = ("z3", "cvc5")
"""The solvers by the names of their Python packages."""


class Outcome(Enum):
    """What a solver says to a certificate."""

    ACCEPTED = "accepted"
    REFUTED = "refuted"
    """Some answer is the opposite of the one that is announced, or the text is wrong."""
    UNKNOWN = "unknown"
    """The solver gave up on some query, ran out of time or ended without an answer."""


@dataclass(frozen=True, slots=True)
class Recheck:
    """One certificate and one solver; ``detail`` says what is wrong, ``answered`` how many answers were right."""

    outcome: Outcome
    detail: str
    answered: int
    expected: int
    time_s: float


def queries(text: str) -> list[tuple[str, str]]:
    """The text up to each query, and the answer that is announced; both empty of commands that only end it."""
    parts: list[tuple[str, str]] = []
    lines: list[str] = []
    status = ""
    for line in text.splitlines():
        if line.startswith(_STATUS):
            # Solvers warn about an answer that they do not expect; it is compared here.
            status = line.removeprefix(_STATUS).rstrip(")")
            continue
        lines.append(line)
        if line == _CHECK:
            parts.append(("\n".join(lines) + "\n", status))
            lines, status = [], ""
    return parts


def recheck(text: str, solver: str, seconds: float) -> Recheck:
    """Check a certificate with a solver of `SOLVERS`, for at most ``seconds``."""
    started = time.monotonic()
    expected = [status for _, status in queries(text)]
    command = (sys.executable, "-m", "syncml.verify.recheck", solver, str(seconds))
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=seconds + 5.0, check=False)
        said = "".join(f": {line}" for line in done.stderr.splitlines()[-1:])
        output, ended = done.stdout, f"the solver ended with code {done.returncode}{said}"
    except subprocess.TimeoutExpired as late:
        output, ended = _decoded(late.stdout), "time is up"
    outcome, detail, answered = _judged(output.splitlines(), expected, ended)
    return Recheck(outcome, detail, answered, len(expected), time.monotonic() - started)


def _decoded(output: bytes | str | None) -> str:
    return output.decode() if isinstance(output, bytes) else output or ""


def _judged(answers: list[str], expected: list[str], ended: str) -> tuple[Outcome, str, int]:
    if not expected or "" in expected:
        return Outcome.REFUTED, "it is no certificate: a query without an announced answer, or none at all", 0
    for number, (answer, wanted) in enumerate(zip(answers, expected, strict=False)):
        if answer == wanted:
            continue
        detail = f"query {number + 1}: {answer}, not {wanted}"
        gave_up = answer.startswith(("unknown", "timeout"))
        return Outcome.UNKNOWN if gave_up else Outcome.REFUTED, detail, number
    if len(answers) < len(expected):
        return Outcome.UNKNOWN, f"query {len(answers) + 1}: {ended}", len(answers)
    return Outcome.ACCEPTED, "", len(expected)


_STAGES = (("smt", 3.0), ("qfnra", 10.0), ("(using-params smt :arith.solver 2)", 5.0), ("default", 60.0))
"""Z3's other solvers, and seconds: each may decide products on which the incremental one gives up."""


def _z3() -> Callable[[str, float], str]:
    z3: Any = import_module("z3")
    context: Any = z3.Context()

    def ask(text: str, left: float) -> str:
        deadline = time.monotonic() + left
        answer = evaluated(text, min(left, 2.0))
        for tactic, seconds in _STAGES:
            if answer != "unknown" or time.monotonic() >= deadline:
                return answer
            # A solver that does not apply, as one for reals to integers, says nothing.
            with suppress(z3.Z3Exception):
                found = evaluated(f"(check-sat-using {tactic})", min(seconds, deadline - time.monotonic()))
                answer = found if found in ("sat", "unsat") else answer
        return answer

    def evaluated(text: str, seconds: float) -> str:
        limit = f"(set-option :timeout {max(1, int(1000 * seconds))})\n"
        return str(z3.Z3_eval_smtlib2_string(context.ref(), limit + text)).strip()

    return ask


def _cvc5(seconds: float) -> Callable[[str, float], str]:
    cvc5: Any = import_module("cvc5")
    solver: Any = cvc5.Solver()
    solver.setOption("incremental", "true")
    solver.setOption("tlimit-per", str(max(1, int(1000 * seconds))))
    names: Any = cvc5.SymbolManager(solver)

    def ask(text: str, _left: float) -> str:
        # A parser that has read its text to the end takes no more.
        parser: Any = cvc5.InputParser(solver, names)
        parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "certificate")
        answer = ""
        while True:
            command: Any = parser.nextCommand()
            if command.isNull():
                return answer
            answer += str(command.invoke(solver, names)).strip()

    return ask


def _answers(text: str, solver: str, seconds: float) -> Iterator[str]:
    deadline = time.monotonic() + seconds
    ask = _z3() if solver == "z3" else _cvc5(seconds)
    for query, _ in queries(text):
        left = deadline - time.monotonic()
        if left <= 0:
            yield "timeout"
            return
        try:
            yield " ".join(ask(query, left).split())
        except Exception as fault:  # Each solver has exceptions of its own for text that it does not understand.
            yield " ".join(f"error {fault}".split())
            return


def main() -> None:
    """Answer the queries of the text on standard input."""
    _, solver, seconds = sys.argv
    for answer in _answers(sys.stdin.read(), solver, float(seconds)):
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
