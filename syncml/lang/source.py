"""Where the user's code is: the expression that runs, and the name its value is given.

Rule: the innermost frame outside of this package is the user's. Its current instruction has exact columns (PEP 657);
the expression at those columns in the file's syntax tree tells what is assigned to which name. Without a source
(a frozen program, ``python -c``) the columns remain and the names are left to the caller. One look-up per place:
a place is remembered by code object and instruction.
"""

from __future__ import annotations

import ast
import linecache
import os
import sys
import sysconfig
from dataclasses import field, replace
from pathlib import Path
from types import CodeType, FrameType
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span

_HERE = tuple(str(Path(__file__).parents[1] / part) + os.sep for part in ("lang", "learn"))
"""What the language is made of: derivatives are as much a part of it as operators."""
_ENTRY = _HERE[0] + "load.py"
_NOT_USERS = (
    str(Path(__file__).parents[1]) + os.sep,
    "<frozen",
    *{sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")},
)

Position: TypeAlias = tuple[int, int, int, int]
"""First line, first byte, last line, last byte; lines from 1, bytes from 0."""


@dataclass(slots=True)
class Tree:
    """The syntax tree of a file, with the way from a position to a node and from a node to its parent."""

    file: str
    lines: list[str]
    nodes: dict[Position, ast.AST] = field(default_factory=dict[Position, ast.AST])
    ends: dict[tuple[int, int], list[ast.Call]] = field(default_factory=dict[tuple[int, int], list[ast.Call]])
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict[ast.AST, ast.AST])
    functions: dict[tuple[str, int], ast.FunctionDef] = field(default_factory=dict[tuple[str, int], ast.FunctionDef])

    @staticmethod
    def of(file: str, lines: list[str]) -> Tree | None:
        """Parse ``lines``; None where they are no Python."""
        try:
            root = ast.parse("".join(lines))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        tree = Tree(file, lines)
        pending: list[ast.AST] = [root]
        while pending:
            parent = pending.pop()
            for child in ast.iter_child_nodes(parent):
                pending.append(child)
                tree._enter(child, parent)
        return tree

    def _enter(self, node: ast.AST, parent: ast.AST) -> None:
        self.parents[node] = parent
        if isinstance(node, ast.expr | ast.stmt):
            position = position_of(node)
            # A statement that is one expression has the position of the expression, which counts.
            if position not in self.nodes or isinstance(node, ast.expr):
                self.nodes[position] = node
            if isinstance(node, ast.Call):
                self.ends.setdefault(position[2:], []).append(node)
        if isinstance(node, ast.FunctionDef):
            first = node.decorator_list[0] if node.decorator_list else node
            self.functions[node.name, first.lineno] = node

    def find(self, position: Position) -> ast.AST | None:
        """The expression or statement at ``position``."""
        found = self.nodes.get(position)
        if found is None:
            # A call of a method on a line of its own is placed at the line of the method's name.
            calls = self.ends.get(position[2:], ())
            found = next((c for c in calls if isinstance(c.func, ast.Attribute)), None)
        return found

    def text(self, node: ast.AST) -> str:
        """The source of ``node`` on one line."""
        segment = ast.get_source_segment("".join(self.lines), node) or ""
        return " ".join(segment.split())

    def operand(self, node: ast.expr) -> str:
        """The source of ``node`` as an operand of ``&``: in parentheses unless it is a name, a call or the like."""
        text = self.text(node)
        simple = isinstance(node, ast.Name | ast.Call | ast.Attribute | ast.Subscript | ast.Constant)
        return text if simple else f"({text})"

    def span(self, node: ast.expr | ast.stmt | ast.arg) -> Span:
        """The place of ``node``."""
        return self.span_at(position_of(node))

    def span_at(self, position: Position) -> Span:
        """The span of ``position``, in characters."""
        line, start, end_line, end = position
        return Span(self.file, line, self._column(line, start), end_line, self._column(end_line, end))

    def _column(self, line: int, offset: int) -> int:
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return 1 + (offset if text.isascii() else len(text.encode()[:offset].decode(errors="replace")))


def position_of(node: ast.expr | ast.stmt | ast.arg) -> Position:
    """Where ``node`` stands."""
    return (node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the user's program is.

    ``names`` are the targets that the value is assigned to (several for an unpacked tuple), empty if it is a part of
    a larger expression; ``base`` then is the name which that larger expression is assigned to. ``returned`` says that
    the value is what a function returns, ``derived`` that the name is made from a user's one.
    """

    span: Span
    code: CodeType | None = None
    tree: Tree | None = None
    node: ast.AST | None = None
    names: tuple[str, ...] = ()
    base: str = ""
    returned: bool = False
    derived: bool = False


def inner(place: Place) -> Place:
    """The place of a part of what is computed at ``place``, which does not take its name."""
    return replace(place, names=(), base=place.names[0] if len(place.names) == 1 else place.base, returned=False)


_trees: dict[str, Tree | None] = {}
_places: dict[tuple[int, int], Place] = {}
_codes: dict[int, CodeType] = {}
_positions: dict[int, list[tuple[int | None, int | None, int | None, int | None]]] = {}


def refresh() -> None:
    """Forget what was read: files may have changed since the last program was loaded."""
    linecache.checkcache()
    for cache in (_trees, _places, _codes, _positions):
        cache.clear()


def tree_of(file: str) -> Tree | None:
    """The syntax tree of a file or a cell; None without a source."""
    if file not in _trees:
        lines = linecache.getlines(file)
        _trees[file] = Tree.of(file, lines) if lines else None
    return _trees[file]


def user_frame() -> FrameType:
    """The innermost frame outside of this package."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    while frame.f_code.co_filename.startswith(_HERE) and frame.f_back is not None:
        frame = frame.f_back
    return frame


def outer_frame(frame: FrameType) -> FrameType | None:
    """The next frame outside of this package that called ``frame``."""
    outer = frame.f_back
    while outer is not None and outer.f_code.co_filename.startswith(_HERE):
        outer = outer.f_back
    return outer


def is_users(file: str) -> bool:
    """Whether code of ``file`` is the user's: not of this project, the standard library or an installed package."""
    return not file.startswith(_NOT_USERS)


def users_place() -> Place | None:
    """The innermost place in a file of the user's; None if the program being loaded has none on the way here."""
    frame: FrameType | None = user_frame()
    while frame is not None and frame.f_code.co_filename != _ENTRY:
        if is_users(frame.f_code.co_filename):
            return place_of(frame)
        frame = frame.f_back
    return None


def here() -> Place:
    """The place that the user's program is at."""
    return place_of(user_frame())


def place_of(frame: FrameType) -> Place:
    """The place that ``frame`` is at."""
    code, instruction = frame.f_code, frame.f_lasti
    key = (id(code), instruction)
    place = _places.get(key)
    if place is None:
        _codes[key[0]] = code  # Keeps the identity from being used again.
        # Not the frame's line: Python counts it anew from the first instruction of the function.
        place = _places[key] = _place(code, instruction, None)
    return place


def place_in(code: CodeType, instruction: int, line: int | None) -> Place:
    """The place of an instruction, for a frame that has ended."""
    return _place(code, instruction, line)


def _place(code: CodeType, instruction: int, line: int | None) -> Place:
    file = code.co_filename
    if id(code) not in _positions or id(code) not in _codes:
        _codes[id(code)] = code
        _positions[id(code)] = list(code.co_positions())
    first, last, start, end = _positions[id(code)][instruction // 2] if instruction >= 0 else (line, None, None, None)
    if first is None or last is None or start is None or end is None:
        return Place(Span.point(file, first or line or code.co_firstlineno), code)
    position = (first, start, last, end)
    tree = tree_of(file)
    if tree is None:
        return Place(Span(file, first, start + 1, last, end + 1), code)
    node = tree.find(position)
    if node is None:
        return Place(tree.span_at(position), code, tree)
    return _named(tree, node, tree.span_at(position), code)


def _named(tree: Tree, node: ast.AST, span: Span, code: CodeType) -> Place:
    """Follow the parents of ``node`` up to its statement."""
    names: tuple[str, ...] = ()
    whole: ast.AST = node
    direct = True
    index: int | None = None
    while True:
        parent = tree.parents.get(whole)
        match parent:
            case ast.Assign(targets=[target, *_], value=value) | ast.AnnAssign(target=target, value=value):
                if value is not whole:
                    # The target itself: unpacking happens there.
                    names = _targets(whole, None) if isinstance(whole, ast.Tuple | ast.List) else ()
                    break
                names = _targets(target, index)
                break
            case ast.AugAssign(target=target):
                names, direct = _targets(target, None), False
                break
            case ast.NamedExpr(target=target):
                names = _targets(target, None)
                break
            case ast.Return():
                return Place(span, code, tree, node, (), "", direct)
            case ast.Tuple(elts=elements) if direct and index is None:
                index = elements.index(whole) if isinstance(whole, ast.expr) else None
            case ast.expr() | ast.keyword() | ast.comprehension():
                direct = False
            case _:
                if isinstance(whole, ast.AugAssign):
                    names = _targets(whole.target, None)
                break
        whole = parent
    if direct:
        return Place(span, code, tree, node, names, derived=isinstance(_target_of(parent), ast.Attribute))
    return Place(span, code, tree, node, (), names[0] if len(names) == 1 else "")


def _unpacked(elements: list[ast.expr]) -> tuple[str, ...]:
    """The names of an unpacked tuple, and of the tuples in it, in their order."""
    names: list[str] = []
    for each in elements:
        if isinstance(each, ast.Tuple | ast.List):
            names += _unpacked(each.elts)
        else:
            names.append(each.id if isinstance(each, ast.Name) and each.id != "_" else "")
    return tuple(names)


def _target_of(statement: ast.AST | None) -> ast.expr | None:
    return statement.targets[0] if isinstance(statement, ast.Assign) else None


def _targets(target: ast.expr, index: int | None) -> tuple[str, ...]:
    """The names in an assignment's target; ``index`` selects one of an unpacked tuple."""
    match target:
        case ast.Attribute(value=ast.Name(id=name), attr="next"):
            return (f"{name}_next",)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return (name,)
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            if index is None:
                return _unpacked(elements)
            names = tuple(e.id if isinstance(e, ast.Name) else "" for e in elements)
            return (names[index],) if index < len(names) else ()
        case ast.Subscript(value=ast.Name(id=name)):
            return (name,)
        case _:
            return ()


def text_at(span: Span, longest: int = 40) -> str:
    """The source at ``span`` if it is short and on one line, else nothing."""
    tree = tree_of(span.file)
    if tree is None or span.line != span.end_line or span.line > len(tree.lines):
        return ""
    text = tree.lines[span.line - 1][span.column - 1 : span.end_column - 1]
    return text if len(text) <= longest else ""


def definition(code: CodeType) -> tuple[Tree, ast.FunctionDef] | None:
    """The ``def`` that ``code`` was compiled from."""
    tree = tree_of(code.co_filename)
    found = None if tree is None else tree.functions.get((code.co_name, code.co_firstlineno))
    return None if tree is None or found is None else (tree, found)


def outer_place(place: Place) -> Place | None:
    """The place of the call whose function is at ``place``; None if it is not running."""
    frame: FrameType | None = user_frame()
    while frame is not None and frame.f_code is not place.code:
        frame = frame.f_back
    outer = None if frame is None else outer_frame(frame)
    return None if outer is None else place_of(outer)
