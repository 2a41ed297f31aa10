"""What the user wants to know of the clauses and checks of a node."""

from __future__ import annotations

from functools import cached_property

from syncml.ir.equations.syntax import Property, PropertyKind, Var
from syncml.verify.attempt import Numbers
from syncml.verify.checks import Check, Checked
from syncml.verify.replay import qualified
from syncml.verify.verdicts import VerifyOptions


class Wishes:
    """The wishes about one node, which may be verified for the sake of others that rely on its contract."""

    def __init__(self, checked: Checked, options: VerifyOptions, *, abstract: bool) -> None:
        self._checked = checked
        self._options = options
        self._abstract = abstract

    @cached_property
    def promises(self) -> frozenset[str]:
        """The checks that the contract of an abstract node rests on, by name: that its outputs are numbers."""
        outputs = set(self._checked.node.outputs) if self._abstract else set[Var]()
        checked, kinds = self._checked.checked, self._checked.kinds
        return frozenset(h.name for h, v in checked.items() if v in outputs and kinds[h] is Check.FINITE)

    @cached_property
    def states(self) -> bool:
        """Whether the user stated anything that is asked for."""
        clauses = (p for p in self._checked.node.properties if p.kind is not PropertyKind.ASSUME)
        return any(self.stated(p) and self.asked(p) for p in clauses)

    def asked(self, clause: Property) -> bool:
        """Whether the user asked about ``clause``, or a proof rests on it: the promises of an abstract node."""
        if not self._options.properties or qualified(clause) in self._options.properties:
            return True
        return self._abstract and (clause.kind is PropertyKind.ENSURE or clause.holds.name in self.promises)

    def stated(self, clause: Property) -> bool:
        """Whether the user stated a clause, or asked for a check by its name."""
        named = qualified(clause) in self._options.properties
        return named or (clause.holds not in self._checked.kinds and clause.kind is not PropertyKind.MODE)

    def can_wait(self, clause: Property, numbers: Numbers) -> bool:
        """Whether an attempt is not to go on for a clause alone: a mode, or what the ranges of machine floats show."""
        finite = self._checked.kinds.get(clause.holds) is Check.FINITE
        return clause.kind is PropertyKind.MODE or (numbers is not Numbers.FLOATS and finite)

    def reported(self, clause: Property) -> bool:
        """Of an abstract node the contract counts, and that its outputs are numbers, whatever happens within."""
        finite = self._checked.kinds.get(clause.holds) is Check.FINITE
        return not (self._abstract and finite) or clause.holds.name in self.promises
