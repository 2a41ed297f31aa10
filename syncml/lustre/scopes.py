"""Names of a file: what constants, types, nodes and constructors stand for, package by package.

Rule: a name stands for a static parameter, else for a declaration of its package, else for one of a package that this
one uses, else for one of the file. ``package::name`` names one directly, ``Lustre::name`` an operator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TypeAlias, TypeVar

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.lustre.syntax import (
    ConstantDeclaration,
    Declaration,
    EnumOf,
    File,
    Instance,
    NodeDeclaration,
    Package,
    StaticArgument,
    TypeDeclaration,
)
from syncml.lustre.types import LustreType, Value

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Scope:
    """The declarations of a package, or of a file outside of packages."""

    name: str = ""
    constants: dict[str, ConstantDeclaration] = field(default_factory=dict[str, ConstantDeclaration])
    types: dict[str, TypeDeclaration] = field(default_factory=dict[str, TypeDeclaration])
    nodes: dict[str, NodeDeclaration] = field(default_factory=dict[str, NodeDeclaration])
    contracts: dict[str, NodeDeclaration] = field(default_factory=dict[str, NodeDeclaration])
    constructors: dict[str, TypeDeclaration] = field(default_factory=dict[str, TypeDeclaration])
    uses: list[Scope] = field(default_factory=list["Scope"])
    packages: dict[str, Scope] = field(default_factory=dict[str, "Scope"])
    """All packages of the file, shared by its scopes."""
    provides: tuple[Declaration, ...] = ()
    """What a package says it has."""
    needs: dict[str, tuple[StaticArgument, Scope]] = field(default_factory=dict[str, "tuple[StaticArgument, Scope]"])
    """What the parameters of a model are in this instance of it, and where that is written."""

    def near(self) -> Iterable[Scope]:
        """This scope and those that it uses, in the order in which names are looked up."""
        return (self, *self.uses)


@dataclass(frozen=True, slots=True)
class NodeRef:
    """A node with values for its static parameters; an operator has no declaration, and numbers for their names."""

    name: str
    declaration: NodeDeclaration | None
    scope: Scope
    statics: tuple[tuple[str, Static], ...] = ()


Static: TypeAlias = "Value | LustreType | NodeRef"


@dataclass(frozen=True, slots=True, eq=False)
class Env:
    """Where an expression stands: its scope, the static parameters of its node, and its streams."""

    scope: Scope
    statics: Mapping[str, Static]
    streams: dict[str, Value]
    modes: dict[str, Value]
    indices: Mapping[str, Value] = field(default_factory=dict[str, Value])
    """Running indices of arrays; where there are some, only the selected branch of a conditional counts."""


def scope_of(file: File) -> Scope:
    """The scope of a file.

    Raises:
        DiagnosticError: R003, a name is declared twice, or there is no such package.
    """
    top = Scope()
    _declare(top, (*file.declarations, *file.contracts), file.contracts)
    models = {p.name: p for p in file.packages if isinstance(p, Package) and p.model}
    for package in file.packages:
        if isinstance(package, Package) and package.model:
            continue
        if package.name in top.packages:
            raise _twice(package.name, package.span)
        if isinstance(package, Instance):
            if package.model not in models:
                raise DiagnosticError(error("R003", f"there is no model `{package.model}`", package.span))
            body = models[package.model]
            if missing := {n.name for n in body.needs} - {name for name, _ in package.arguments}:
                names = ", ".join(f"`{name}`" for name in sorted(missing))
                raise DiagnosticError(error("R003", f"`{package.name}` gives no {names} to its model", package.span))
        else:
            body = package
        scope = Scope(package.name, packages=top.packages, provides=body.provides)
        _declare(scope, body.declarations, ())
        if isinstance(package, Instance):
            scope.needs = {name: (argument, top) for name, argument in package.arguments}
        top.packages[package.name] = scope
    bodies = {p.name: models[p.model] if isinstance(p, Instance) else p for p in file.packages}
    for name, scope in top.packages.items():
        for used, span in bodies[name].uses:
            if used not in top.packages:
                raise DiagnosticError(error("R003", f"there is no package `{used}`", span))
            scope.uses.append(top.packages[used])
        scope.uses.append(top)
    # A file of packages names their declarations from anywhere, as an instance of a model does.
    top.uses = list(top.packages.values())
    return top


def _declare(scope: Scope, declarations: Iterable[Declaration], contracts: tuple[NodeDeclaration, ...]) -> None:
    for found in declarations:
        match found:
            case ConstantDeclaration():
                _add(scope.constants, found.name, found, found.span)
            case TypeDeclaration():
                _add(scope.types, found.name, found, found.span)
                if isinstance(found.definition, EnumOf):
                    for constructor, span in found.definition.constructors:
                        _add(scope.constructors, constructor, found, span)
            case NodeDeclaration():
                known = scope.contracts if found in contracts else scope.nodes
                old = known.get(found.name)
                if old is not None and old.external and not found.external:
                    known[found.name] = found
                elif old is None or not found.external:
                    _add(known, found.name, found, found.span)


def _add(table: dict[str, T], name: str, value: T, span: Span) -> None:
    if name in table:
        raise _twice(name, span)
    table[name] = value


def _twice(name: str, span: Span) -> DiagnosticError:
    return DiagnosticError(error("R003", f"`{name}` is declared twice", span, help="rename one of the two"))
