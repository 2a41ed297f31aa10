"""From declarations to a program: one node for each instance of a node, and the main node.

Rule: a node is elaborated once for each combination of its static arguments. The main node is the one that is named,
else the one marked ``--%MAIN``, else the last one that no other node calls. All nodes without static parameters are
elaborated, so that faults anywhere in the file are found; constructs that are not read matter only where the main
node needs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncml.diagnostics.model import Collector, Diagnostic, DiagnosticError, Span, error
from syncml.ir.equations.syntax import Call, Iterate, Node, Program
from syncml.ir.types import Element
from syncml.lustre.bodies import Body
from syncml.lustre.context import Interface, Rules
from syncml.lustre.cursor import unread
from syncml.lustre.declarations import Declarations
from syncml.lustre.free import FreeNodes
from syncml.lustre.profiles import check_provided, has_memory, memory_in
from syncml.lustre.scopes import Env, NodeRef
from syncml.lustre.syntax import (
    File,
    MainMark,
)
from syncml.lustre.tokens import Dialect
from syncml.lustre.types import LustreType, Value
from syncml.lustre.walk import Walk, run
from syncml.lustre.wrappers import Wrapper

_INSTANCES = 5_000
"""How many nodes a program may have; recursion that does not end has more."""


class Elaboration(Declarations):
    """A file under elaboration; the context of its expressions."""

    def __init__(self, file: File, dialect: Dialect, rules: Rules, settings: Mapping[str, str]) -> None:
        super().__init__(file, dialect, rules, settings)
        self._instances: dict[object, Interface | DiagnosticError | None] = {}
        self._nodes: list[Node] = []
        self._names: set[str] = set()
        self._remembering: set[str] = set()
        """The nodes with memory."""
        self._free = FreeNodes(self._unique, self._nodes)

    def program(self, wanted: str, place: Span) -> Program:
        """The program whose main node is ``wanted``, or the one that the file says.

        Raises:
            DiagnosticError: every fault of the file.
        """
        collector = Collector()
        beyond: dict[str, tuple[Diagnostic, ...]] = {}
        open_: list[Diagnostic] = []
        found: dict[str, str] = {}
        candidates = self._candidates(wanted, place)
        if not wanted:
            self._check_declarations(collector)
        for name, ref in candidates.items():
            try:
                interface: Interface = run(self._main(ref))
                found[name] = interface.node.name
            except DiagnosticError as fault:
                codes = {d.code for d in fault.diagnostics}
                if codes == {"R002"}:
                    beyond[name] = fault.diagnostics
                elif codes == {"L014"} and not wanted:
                    open_ += fault.diagnostics
                else:
                    collector.extend(fault.diagnostics)
        collector.raise_if_errors()
        called = {e.rhs.node for n in self._nodes for e in n.equations if isinstance(e.rhs, Call | Iterate)}
        roots = [name for name in candidates if name in beyond or (name in found and found[name] not in called)]
        marked = [
            name for name in candidates if (name in found or name in beyond) and self._is_marked(candidates[name])
        ]
        main = (marked or roots or [""])[-1]
        if main not in found:
            raise DiagnosticError(*(beyond.get(main) or open_ or [_no_node(place)]))
        if unknown := self._settings.keys() - self._used:
            raise DiagnosticError(*(_no_constant(name, place) for name in sorted(unknown)))
        return _reachable(self._nodes, found[main])

    def _check_declarations(self, collector: Collector) -> None:
        """Report the faults of constants and types that no node may need."""
        for scope in (*self._top.packages.values(), self._top):
            walks: list[Walk[Value] | Walk[LustreType] | Walk[None]] = [
                self._constant(c, scope) for c in scope.constants.values() if c.value is not None
            ]
            walks += [
                self._declared_type(t, scope)
                for t in scope.types.values()
                if t.definition is not None and not t.parameters
            ]
            walks += [check_provided(self, scope, declared) for declared in scope.provides]
            for walk in walks:
                try:
                    run(walk)
                except DiagnosticError as fault:
                    # What lacks the value of a free constant, or is not read, matters where it is used.
                    if not any((d.code in ("R002", "R005") and "has no value" in d.message) or d.code == "R002"
                               for d in fault.diagnostics):  # fmt: skip
                        collector.extend(fault.diagnostics)

    def free(self, kind: Element, span: Span) -> Node:
        """The node without inputs whose output is any value of a type."""
        return self._free.of(kind, span)

    def instance(self, ref: NodeRef, arguments: Sequence[LustreType], span: Span) -> Walk[Interface]:
        """The node of the intermediate language for a reference."""
        declaration = ref.declaration
        assert declaration is not None
        key = (id(declaration), id(ref.scope), ref.statics)
        known = self._instances.get(key)
        if isinstance(known, Interface):
            return known
        if isinstance(known, DiagnosticError):
            raise known
        if key in self._instances:
            raise DiagnosticError(error("L010", f"`{ref.name}` calls itself", span, "it needs itself at one instant"))
        if len(self._instances) > _INSTANCES:
            raise DiagnosticError(error("R005", f"the static recursion of `{ref.name}` does not end", span))
        self._instances[key] = None
        try:
            env = Env(ref.scope, dict(ref.statics), {}, {})
            for constant in declaration.constants:
                value: Value = yield self._defined(constant, env)
                env = Env(ref.scope, {**env.statics, constant.name: value}, {}, {})
            interface: Interface = yield Body(self, declaration, env, self._dialect).node(
                self._unique(declaration.name)
            )
            if (memory := memory_in(interface.node, self._remembering)) is not None:
                if declaration.function:
                    raise has_memory(declaration, memory)
                self._remembering.add(interface.node.name)
        except DiagnosticError as fault:
            self._instances[key] = fault
            raise
        self._instances[key] = interface
        self._nodes.append(interface.node)
        return interface

    def _unique(self, name: str) -> str:
        found, count = name, 1
        while found in self._names:
            count += 1
            found = f"{name}_{count}"
        self._names.add(found)
        return found

    def _candidates(self, wanted: str, place: Span) -> dict[str, NodeRef]:
        """The nodes that can be the main one."""
        every: dict[str, NodeRef] = {}
        for scope in (*self._top.packages.values(), self._top):
            prefix = f"{scope.name}::" if scope.name else ""
            for name, declaration in scope.nodes.items():
                every[prefix + name] = NodeRef(name, declaration, scope)
        if wanted:
            chosen = [key for key in every if wanted in (key, key.rpartition("::")[2])]
            if not chosen:
                raise DiagnosticError(_no_such_node(wanted, sorted(every), place))
            return {chosen[-1]: every[chosen[-1]]}
        closed = {key: ref for key, ref in every.items() if _is_closed(ref, imported=False)}
        # A file of specifications has imported nodes alone: the contract of the last one is read.
        closed = closed or {key: ref for key, ref in every.items() if _is_closed(ref, imported=True)}
        if not closed:
            if every and self._dialect is Dialect.KIND2:
                span = next(ref.declaration.span for ref in every.values() if ref.declaration is not None)
                raise unread("a file whose nodes all have parameters", span, "call one of them with types")
            raise DiagnosticError(_no_node(place))
        return closed

    def _is_marked(self, ref: NodeRef) -> bool:
        return ref.declaration is not None and any(isinstance(i, MainMark) for i in ref.declaration.items)

    def _main(self, ref: NodeRef) -> Walk[Interface]:
        """The node of a reference; another name of a node is that node."""
        declaration = ref.declaration
        assert declaration is not None
        if declaration.statics:
            message = f"`{ref.name}` has static parameters and cannot be the main node"
            raise DiagnosticError(error("L015", message, declaration.span, help="call it from a node without any"))
        for _ in range(_INSTANCES):
            if declaration.alias is None:
                break
            env = Env(ref.scope, dict(ref.statics), {}, {})
            target: NodeRef = yield self._alias(declaration, declaration.alias, env)
            if target.declaration is None:
                wrapper = Wrapper(self, declaration)
                wrapped: Interface = yield wrapper.node(target, self._unique(declaration.name))
                self._nodes.append(wrapped.node)
                return wrapped
            ref, declaration = target, target.declaration
        interface: Interface = yield self.instance(ref, (), declaration.span)
        return interface


def _is_closed(ref: NodeRef, *, imported: bool) -> bool:
    """Whether a node can be the main one: it has a body, or a contract, and nothing is left to its callers."""
    declaration = ref.declaration
    if declaration is None or declaration.statics or declaration.external:
        return False
    return declaration.imported is imported


def _reachable(nodes: Sequence[Node], main: str) -> Program:
    """The nodes that ``main`` needs, callees first."""
    needed = {main}
    kept: list[Node] = []
    for node in reversed(nodes):
        if node.name in needed:
            kept.append(node)
            needed |= {e.rhs.node for e in node.equations if isinstance(e.rhs, Call | Iterate)}
    return Program(tuple(reversed(kept)), main, undefined_first=True)


def _no_node(place: Span) -> Diagnostic:
    return error("L009", "the file has no node that can be the main one", place,
                 help="write a node with a body and without static parameters")  # fmt: skip


def _no_such_node(name: str, known: Sequence[str], place: Span) -> Diagnostic:
    # Loaded where it is needed.
    from difflib import get_close_matches

    close = get_close_matches(name, known, 1)
    return error("L009", f"the file has no node `{name}`", place,
                 notes=[f"its nodes: {', '.join(known)}"] if known else [],
                 help=f"did you mean `{close[0]}`?" if close else None)  # fmt: skip


def _no_constant(name: str, place: Span) -> Diagnostic:
    return error("L015", f"the file has no constant `{name}` that a setting can give", place,
                 help="a setting names a constant with a type, or is `dialect` or `division`")  # fmt: skip
