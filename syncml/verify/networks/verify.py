"""A specification in VNN-LIB form against a program that is one feed-forward network.

Rule: the specification is met if for each of its cases no input of the box satisfies it together with the outputs that
the program computes in its own floats; one input that does, confirmed by the interpreter, violates it.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.ir.constants import dtype
from syncml.ir.equations.syntax import Node, Program
from syncml.ir.types import element, shape, size
from syncml.verify.networks.extract import Found, network_at
from syncml.verify.networks.problem import Problem, problem
from syncml.verify.networks.rounding import Floats
from syncml.verify.networks.search import Outcome, search
from syncml.verify.networks.vnnlib import read_vnnlib
from syncml.verify.replay import Replay, plain
from syncml.verify.verdicts import (
    Counterexample,
    Proved,
    Result,
    Stream,
    Unknown,
    Verdict,
    VerificationReport,
    VerifyOptions,
    Violated,
)


def verify_network(flat: Node, path: Path, options: VerifyOptions, replay: Replay) -> VerificationReport:
    """Decide the specification in the file ``path`` about a flat node of one input and one output.

    Raises:
        DiagnosticError: D001 the file cannot be read, D007 it is malformed or does not fit the network, V008 the node
            is no feed-forward network.
    """
    started = time.monotonic()
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as fault:
        raise DiagnosticError(error("D001", f"cannot read {path}: {fault}", Span.point(str(path)))) from fault
    specification = read_vnnlib(text, str(path))
    found = _network(flat)
    scalar = found.network.scalar
    for letter, declared, actual in (
        ("X", specification.inputs, found.network.inputs), ("Y", specification.outputs, size(flat.outputs[0].type)),
    ):  # fmt: skip
        if declared != actual:
            message = f"{path.name} declares {declared} variables {letter}_i, the network has {actual}"
            raise DiagnosticError(error("D007", message, Span.point(str(path))))
    cases = [problem(c, specification.inputs, specification.outputs, scalar, str(path)) for c in specification.cases]
    run = _Run(flat, found, options, replay, started + options.timeout)
    verdict = run.verdict(cases)
    result = Result(
        path.name, "specification", flat.label, Span.point(str(path)), "", verdict, time.monotonic() - started
    )
    return VerificationReport(flat.span.file, (result,), (), time.monotonic() - started)


def _network(flat: Node) -> Found:
    definitions = {t: e for e in flat.equations for t in e.targets}
    if len(flat.inputs) == 1 and len(flat.outputs) == 1:
        found = network_at(flat.outputs[0], definitions)
        if found is not None and found.source is flat.inputs[0]:
            return found
    raise DiagnosticError(error(
        "V008", f"{flat.label} is no feed-forward network", flat.span,
        help="a VNN-LIB specification needs one vector in, one vector out, and dense layers, convolutions that cover "
        "their input, ReLU, tanh or sigmoid in between",
    ))  # fmt: skip


class _Run:
    """The search for one specification."""

    def __init__(self, flat: Node, found: Found, options: VerifyOptions, replay: Replay, deadline: float) -> None:
        self._flat = flat
        self._program = Program((flat,), flat.name)
        self._network = found.network
        self._options = options
        self._replay = replay
        self._deadline = deadline

    def verdict(self, cases: list[Problem]) -> Verdict:
        """Proved if every case is excluded."""
        boxes, exact, undecided = 0, 0, 0
        for i, case in enumerate(cases):
            now = time.monotonic()
            share = now + (self._deadline - now) / (len(cases) - i)
            outcome = search(
                self._network, case, lambda x, c=case: self._confirms(c, x), now + 0.8 * (share - now),
                self._options.seed,
            )  # fmt: skip
            witness = outcome.witness
            if witness is None and outcome.left:
                decided = self._exactly(case, outcome, share)
                if isinstance(decided, bool):
                    exact, undecided = exact + decided, undecided + (not decided)
                else:
                    witness = decided
            if witness is not None:
                return Violated(self._counterexample(witness), "machine floats (replayed)")
            boxes += outcome.done
        if undecided:
            return Unknown(
                f"{undecided} of {len(cases)} cases are left after {boxes} boxes", 0, "give more time with --timeout"
            )
        method = f"linear bounds, {boxes} boxes" + (f", {exact} cases exactly" if exact else "")
        # What is decided exactly is decided over the reals.
        floats = "reals" if exact else "machine"
        return Proved(method, 0, (), "machine floats, and real arithmetic", floats=floats)

    def _exactly(self, case: Problem, outcome: Outcome, deadline: float) -> bool | Floats:
        """Whether no input in the boxes that are left violates, or one that does."""
        from syncml.verify.networks.exact import decide_exactly

        low = np.min([low for low, _ in outcome.left], axis=0)
        high = np.max([high for _, high in outcome.left], axis=0)
        answer = decide_exactly(self._network, case, low, high, max(1.0, deadline - time.monotonic()))
        if isinstance(answer, np.ndarray):
            near = answer.astype(dtype(self._network.scalar)).astype(np.float64)
            return near if self._confirms(case, near) else False
        return answer is True

    def _outputs(self, x: Floats) -> Floats:
        source, target = self._flat.inputs[0], self._flat.outputs[0]
        value = x.astype(dtype(element(source.type))).reshape(shape(source.type))
        run = self._replay(self._program, {source.name: [value]}, 1)
        return np.asarray(run.column(target.name).at(0), dtype=np.float64).reshape(-1)

    def _confirms(self, case: Problem, x: Floats) -> bool:
        return case.holds(x, self._outputs(x), self._network.scalar)

    def _counterexample(self, x: Floats) -> Counterexample:
        source, target = self._flat.inputs[0], self._flat.outputs[0]
        value = plain(x.astype(dtype(element(source.type))).reshape(shape(source.type)))
        outputs = plain(self._outputs(x).astype(dtype(element(target.type))).reshape(shape(target.type)))
        return Counterexample(0, (
            Stream(source.name, str(source.type), source.unit, (value,), input=True, user=True),
            Stream(target.name, str(target.type), target.unit, (outputs,), user=True),
        ))  # fmt: skip
