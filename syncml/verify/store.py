"""Verdicts that are kept from one run to the next, so that what has not changed is not decided again.

Rule: the key of a goal is a hash of all that its verdict depends on: the part of the transition system that it and the
assumptions read, with constants named by their position, so that a change elsewhere in the program changes nothing;
the engines that were asked for, and the versions of syncml, its verifier and Z3. An entry of a proof has every goal
that the proof rests on, by its key, and counts only where the system has all of them. An entry of a violation has the
inputs of the run, which is replayed before it is believed. What was not decided is not kept. That a goal holds depends
on its key alone; the goals that its proof rests on are there for its certificate.

An entry has a checksum. One that is damaged, or about something else than its name says, is passed over in silence, and
so is a folder that cannot be read or written: the store saves time, and is never needed. Entries appear in one step.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import asdict, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError
from syncml.files import write_whole
from syncml.verify.derivation import Reads, renamed, symbols
from syncml.verify.proof import Proof
from syncml.verify.session import Session
from syncml.verify.smt import z3
from syncml.verify.system import System

LARGEST = 1_000_000
"""From this product of goals and characters on, every goal is taken to depend on the whole system."""

_SCHEMA = "syncml/verdicts/1"


@contextmanager
def remembered(session: Session, folder: Path) -> Generator[None]:
    """Begin with what the store in ``folder`` knows, if the session has not run, and keep what it finds out."""
    store = Store(folder, session.system, session.engines)
    if not session.tried:
        store.load(session)
    yield
    store.save(session)


@dataclass(slots=True)
class Store:
    """The entries in a folder that are about one system."""

    folder: Path
    system: System
    engines: frozenset[str]
    _reads: Reads | None = None
    _scopes: dict[frozenset[str], _Scope] = field(default_factory=dict[frozenset[str], "_Scope"])
    _keys: dict[str, str] = field(default_factory=dict[str, str])
    _names: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    def load(self, session: Session) -> None:
        """Give ``session`` the proofs and violations that the store has of its goals."""
        known = {self._key(g): g for g in self.system.goals}
        for goal in self.system.goals:
            entry = self._read(goal)
            if goal in session.proofs or entry is None:
                continue
            if "proofs" in entry:
                session.proofs |= {g: p for g, p in self._proofs(entry, known).items() if g not in session.proofs}
            elif goal in session.wanted:
                names = self._scope([goal]).names
                back = {short: name for name, short in names.items()}
                trace = [{back[n]: v for n, v in instant.items() if n in back} for instant in entry["trace"]]
                session.replay(goal, trace)

    def save(self, session: Session) -> None:
        """Keep what ``session`` found out; nothing where no run meets the assumptions."""
        if session.vacuous is not None:
            return
        for goal, proof in session.proofs.items():
            if not proof.cached and (entry := self._entry(session.proofs, goal)) is not None:
                self._write(goal, entry)
        for goal, trace in session.traces.items():
            names = self._scope([goal]).names
            kept = [{names[n]: v for n, v in instant.items() if n in names} for instant in trace]
            self._write(goal, {"trace": kept})

    # Proofs.

    def _entry(self, proofs: Mapping[str, Proof], goal: str) -> dict[str, Any] | None:
        """All that the proof of ``goal`` rests on, in the order in which it was found."""
        support: set[str] = set()
        pending = [goal]
        while pending:
            current = pending.pop()
            if current not in support:
                support.add(current)
                pending += proofs[current].using
        related = self._related(goal, support)
        chosen = [g for g in proofs if g in related]
        scope = self._scope(chosen)
        names = scope.names
        formulas = [f for g in chosen for f in (proofs[g].invariant, *proofs[g].auxiliary)]
        known = {x.name for x in (*self.system.inputs, *self.system.states, *self.system.definitions)}
        if any(symbols(f) & known - names.keys() for f in formulas):
            # An invariant that speaks of what the goals do not depend on has no name in their part of the system.
            return None
        return {"scope": scope.digest, "proofs": [self._packed(g, proofs[g], related, names) for g in chosen]}

    def _related(self, goal: str, support: set[str]) -> set[str]:
        """Those of ``support`` that speak, directly or through others of them, of what ``goal`` speaks of.

        Goals that are proved together are said to use each other; those with other streams do not help.
        """
        found, others = {goal}, support - {goal}
        known = set(self._own(goal))
        while near := {g for g in others if self._own(g) & known}:
            found |= near
            others -= near
            known.update(*(self._own(g) for g in near))
        return found

    def _own(self, goal: str) -> frozenset[str]:
        """The inputs and states that a goal depends on, without the assumptions."""
        if goal not in self._names:
            variables = {x.name for x in (*self.system.inputs, *self.system.states)}
            self._names[goal] = frozenset(self._text().needed([goal]) & variables)
        return self._names[goal]

    def _packed(self, goal: str, proof: Proof, related: set[str], names: Mapping[str, str]) -> dict[str, Any]:
        formulas = [renamed(f, names) for f in proof.auxiliary]
        return asdict(proof) | {
            "goal": self._key(goal), "using": [self._key(g) for g in proof.using if g in related],
            "invariant": renamed(proof.invariant, names), "auxiliary": formulas,
            "roundings": [renamed(r, _at_instants(names)) for r in proof.roundings],
        }  # fmt: skip

    def _proofs(self, entry: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Proof]:
        """The proofs of an entry; none where the system lacks a goal that they rest on."""
        keys = [p["goal"] for p in entry["proofs"]]
        if not all(k in known for k in keys):
            return {}
        scope = self._scope(known[k] for k in keys)
        if scope.digest != entry["scope"]:
            return {}
        back = {short: name for name, short in scope.names.items()}
        result: dict[str, Proof] = {}
        for packed in entry["proofs"]:
            result[known[packed["goal"]]] = Proof(
                packed["method"], packed["k"], tuple(known[k] for k in packed["using"]),
                renamed(packed["invariant"], back), 0.0, packed["distinct"],
                tuple(renamed(f, back) for f in packed["auxiliary"]), cached=True,
                roundings=tuple(renamed(r, _at_instants(back)) for r in packed["roundings"]),
            )  # fmt: skip
        return result

    # Keys.

    def _scope(self, goals: Iterable[str]) -> _Scope:
        chosen = frozenset(goals)
        if chosen not in self._scopes:
            self._scopes[chosen] = _Scope.of(self._text().cone(chosen))
        return self._scopes[chosen]

    def _text(self) -> Reads:
        if self._reads is None:
            self._reads = Reads.of(self.system)
        return self._reads

    def _key(self, goal: str) -> str:
        if not self._keys:
            system, seen = self.system, Counter[str]()
            size = sum(len(d.term) for d in system.definitions) + sum(len(s.following) for s in system.states)
            whole = self._scope(system.goals).digest if size * len(system.goals) > LARGEST else None
            for position, each in enumerate(system.goals):
                about = self._scope([each]).digest if whole is None else f"{whole} {position}"
                # Goals of equal instances are told apart by their order.
                seen[about] += 1
                parts = [_SCHEMA, versions(), sorted(self.engines), about, seen[about]]
                self._keys[each] = sha256(json.dumps(parts).encode()).hexdigest()
        return self._keys[goal]

    # Files.

    def _path(self, goal: str) -> Path:
        key = self._key(goal)
        return self.folder / key[:2] / f"{key}.json"

    def _read(self, goal: str) -> dict[str, Any] | None:
        try:
            document = json.loads(self._path(goal).read_text("utf-8"))
            body = document["body"]
            if document["key"] == self._key(goal) and document["checksum"] == _checksum(body):
                return body
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return None

    def _write(self, goal: str, body: dict[str, Any]) -> None:
        document = {"schema": _SCHEMA, "key": self._key(goal), "checksum": _checksum(body), "body": body}
        try:
            write_whole(self._path(goal), json.dumps(document).encode())
        except DiagnosticError:
            return


def _at_instants(names: Mapping[str, str]) -> dict[str, str]:
    """The names at the two instants of an induction."""
    return {f"{name}@{k}": f"{other}@{k}" for name, other in names.items() for k in (0, 1)}


def _checksum(body: Any) -> str:
    return sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Scope:
    """A part of the system: a hash of its text with constants named by position, and these names."""

    digest: str
    names: Mapping[str, str]

    @staticmethod
    def of(part: System) -> _Scope:
        """Name the constants of ``part``."""
        items = [(k, x) for k, xs in (("i", part.inputs), ("s", part.states), ("d", part.definitions)) for x in xs]
        names = {x.name: f"{kind}{number}" for number, (kind, x) in enumerate(items)}
        lines = [f"{names[i.name]} {i.sort}" for i in part.inputs]
        lines += [f"{names[s.name]} {s.sort} {s.initial} {renamed(s.following, names)}" for s in part.states]
        lines += [f"{names[d.name]} {d.sort} {renamed(d.term, names)}" for d in part.definitions]
        lines += [renamed(fact, names) for fact in part.facts]
        lines += [renamed(f"{n.exact} {n.result} {n.format} {n.relative} {n.tiny}", names) for n in part.nearest]
        lines += [" ".join(names[a] for a in part.assumptions), " ".join(names[g] for g in part.goals)]
        text = "\n".join(" ".join(line.split()) for line in lines)
        return _Scope(sha256(text.encode()).hexdigest(), names)


@cache
def versions() -> tuple[str, ...]:
    """What a verdict depends on beside the program: the verifier's own text, and the solver."""
    digest = sha256()
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return (digest.hexdigest(), z3.get_version_string())
