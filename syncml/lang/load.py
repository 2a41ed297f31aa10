"""Programs from files: import the file, find its main node, trace all that it needs.

Rule: the main node is the one that ``file.py:node`` names, else the attribute ``main``, else the only node of the
file that no other node of the file calls. The file is imported under a name of its own with its folder first on the
path; modules of the process that have the name of one there are out of sight meanwhile, and those found there are
forgotten afterwards, so that two programs with equally named helpers do not meet.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from syncml.diagnostics.model import Diagnostic, DiagnosticError, Span, error
from syncml.ir.equations.syntax import Call, Iterate, Program
from syncml.ir.equations.syntax import Node as IrNode
from syncml.lang import source
from syncml.lang.building import is_borrower, is_learner, make
from syncml.lang.instances import types_of
from syncml.lang.mishaps import diagnostic_of
from syncml.lang.node import Interface, Node
from syncml.lang.parameters import Parameter, read, unknown
from syncml.lang.trace import Abandoned, Session, Unplaced, building


def load_program(target: str | Path, settings: Mapping[str, str] | None = None, seed: int = 0) -> Program:
    """The program of a file.

    Args:
        target: ``FILE`` or ``FILE:NODE``.
        settings: Values for parameters: those of `param`, and the Python-valued ones of the main node.
        seed: What the first values of what is learned are drawn from.

    Raises:
        DiagnosticError: every fault of the program that tracing finds.
    """
    path, name = split_target(str(target))
    source.refresh()
    session = Session(dict(settings or {}), seed=seed)
    with _imports_of(path.parent), building(session, None):
        module = _import(path, session)
        return _program(session, _candidates(module, path, name), path, name)


def split_target(target: str) -> tuple[Path, str]:
    """The file and the node that ``FILE[:NODE]`` names; the node is empty if none is."""
    file, colon, name = target.rpartition(":")
    if colon and (name.isidentifier() or not name) and not Path(target).exists():
        return Path(file).resolve(), name
    return Path(target).resolve(), ""


def program_of(node: Node[..., Any], **statics: object) -> Program:
    """The program whose main node is ``node``, with the given Python-valued arguments.

    Raises:
        DiagnosticError: every fault that tracing finds.
    """
    source.refresh()
    node.reset_cache()
    session = Session()
    with building(session, None):
        try:
            made = _make_main(session, node, statics)
        except Unplaced as open_:
            raise DiagnosticError(*open_.diagnostics) from None
        known = dict.fromkeys(p.name for p in node.interface.statics)
        session.collector.extend(unknown(name, known) for name in statics if name not in known)
    return _finished(session, made)


@contextmanager
def _imports_of(folder: Path) -> Generator[None]:
    """Let ``import`` find the modules of ``folder``, before those of the host process, and forget them afterwards."""
    own = {path.stem for path in folder.glob("*") if path.suffix in ("", ".py")} - {"__main__"}
    hidden = {
        name: module
        for name, module in sys.modules.items()
        # The standard library and installed packages are the host's and the program's alike.
        if name.partition(".")[0] in own and any(source.is_users(file) for file in _files(module))
    }
    for name in hidden:
        del sys.modules[name]
    before = set(sys.modules)
    saved = list(sys.path)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path[:] = saved
        for name in set(sys.modules) - before:
            if _lies_in(sys.modules[name], folder):
                del sys.modules[name]
        sys.modules.update(hidden)


def _lies_in(module: ModuleType, folder: Path) -> bool:
    return any(Path(file).is_relative_to(folder) and "site-packages" not in file for file in _files(module))


def _files(module: ModuleType) -> list[str]:
    """The file of a module, or the folders of a package without one."""
    file = getattr(module, "__file__", None)
    folders: Iterable[object] = () if file else getattr(module, "__path__", ())
    return [place for place in (file, *folders) if isinstance(place, str)]


def _import(path: Path, session: Session) -> ModuleType:
    """Run the file as a module.

    Raises:
        DiagnosticError: it is not there, is no Python, or raises.
    """
    try:
        text = path.read_bytes()
    except OSError as wrong:
        reason = wrong.strerror or str(wrong)
        raise DiagnosticError(
            error("D001", f"{path} cannot be read: {reason}", help="give the path of a Python file")
        ) from wrong
    if path.suffix != ".py":
        raise DiagnosticError(
            error("U002", f"{path.name} is not a program", help="give a Python file, FILE.py or FILE.py:NODE")
        )
    module = ModuleType(f"_syncml_program_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    start = Span.point(str(path))
    try:
        # Compiled here, since a cached compilation could be older than a file changed within a second.
        code = compile(text, str(path), "exec", dont_inherit=True)
        exec(code, module.__dict__)
    except DiagnosticError as wrong:
        session.collector.extend(wrong.diagnostics)
    except Abandoned:
        pass  # Reported where it was raised.
    except (Exception, SystemExit) as wrong:
        session.collector.add(diagnostic_of(wrong, start, "the file was imported"))
    session.collector.raise_if_errors()
    return module


def _candidates(module: ModuleType, path: Path, name: str) -> dict[str, Node[..., Any]]:
    """The nodes that may be the main one, by attribute.

    Raises:
        DiagnosticError: L009, there is none.
    """
    found = vars(module).items()
    nodes = {key: cast("Node[..., Any]", value) for key, value in found if isinstance(value, Node)}
    for node in nodes.values():
        node.reset_cache()
    start = Span.point(str(path))
    if name:
        if name in nodes:
            return {name: nodes[name]}
        close = get_close_matches(name, list(nodes), 1)
        raise DiagnosticError(
            error(
                "L009",
                f"{path.name} has no node `{name}`",
                start,
                notes=[f"its nodes: {', '.join(sorted(nodes))}"] if nodes else [],
                help=f"did you mean `{close[0]}`?" if close else None,
            )
        )
    if "main" in nodes:
        return {"main": nodes["main"]}
    own = {key: node for key, node in nodes.items() if node.function.__code__.co_filename == str(path)} or nodes
    if not own:
        raise DiagnosticError(
            error(
                "L009",
                f"{path.name} has no node",
                start,
                "no function here has the decorator @node",
                help="write @node above a function of streams",
            )
        )
    return own


def _program(session: Session, candidates: Mapping[str, Node[..., Any]], path: Path, name: str) -> Program:
    """Trace the candidates; the main node is the one that no other calls."""
    made: dict[str, tuple[IrNode, Node[..., Any]]] = {}
    distinct = list({id(node): (key, node) for key, node in candidates.items()}.values())
    closed = [(key, node) for key, node in distinct if len(distinct) == 1 or _is_closed(node)]
    unplaced: list[tuple[Node[..., Any], tuple[Diagnostic, ...]]] = []
    for key, node in closed or distinct[:1]:
        try:
            ir = _make_main(session, node, _statics(session, node))
        except Unplaced as open_:
            unplaced.append((node, open_.diagnostics))
            continue
        if ir is not None:
            made[key] = (ir, node)
    called = {e.rhs.node for ir in session.nodes for e in ir.equations if isinstance(e.rhs, Call | Iterate)}
    called |= session.derived
    left = [found for node, diagnostics in unplaced if not is_borrower(node, session) for found in diagnostics]
    session.collector.extend(found for number, found in enumerate(left) if found not in left[:number])
    # A node with a declared derivative stands for its two parts.
    parts = {part.function for _, n in distinct if (rule := n.options.tangent) for part in (n, rule)}
    roots = {
        key: (ir, n)
        for key, (ir, n) in made.items()
        if ir.name not in called
        and (n.options.tangent is not None or n.function not in parts)
        and not (len(made) > 1 and is_learner(n, session))
    }
    session.collector.raise_if_errors()
    if len(roots) > 1:
        names = ", ".join(f"`{key}`" for key in roots)
        raise DiagnosticError(
            error(
                "L009",
                f"{path.name} has several nodes that no other calls: {names}",
                Span.point(str(path)),
                help=f"name one: {path.name}:{next(iter(roots))}, or call one of them `main`",
            )
        )
    _check_settings(session, [node for _, node in (roots or made).values()])
    (main, _), *_ = (roots or made).values()
    return _finished(session, main)


def _is_closed(node: Node[..., Any]) -> bool:
    """Whether a node can be the main one: nothing about it is left to its callers."""
    try:
        interface = node.interface
    except DiagnosticError:
        return True  # The fault is to be reported.
    return types_of(interface) is not None and all(
        interface.signature.parameters[p.name].default is not inspect.Parameter.empty for p in interface.statics
    )


def _statics(session: Session, node: Node[..., Any]) -> dict[str, object]:
    """The Python-valued arguments of the main node that are set."""
    try:
        interface = node.interface
    except DiagnosticError as wrong:
        session.collector.extend(wrong.diagnostics)
        return {}
    values: dict[str, object] = {}
    for parameter in interface.statics:
        text = session.settings.get(parameter.name)
        if text is None:
            continue
        default = interface.signature.parameters[parameter.name].default
        like = _example(node, parameter.name) if default is inspect.Parameter.empty else default
        try:
            values[parameter.name] = read(text, like)
        except ValueError as wrong:
            session.collector.add(
                error("L015", f"the setting `{parameter.name}={text}` has the wrong value: {wrong}", parameter.span)
            )
    return values


def _example(node: Node[..., Any], name: str) -> object:
    """A value of the annotated type of a parameter without a default."""
    examples: dict[object, object] = {bool: False, int: 0, float: 0.0, "bool": False, "int": 0, "float": 0.0}
    return examples.get(node.function.__annotations__.get(name))


def _check_settings(session: Session, mains: list[Node[..., Any]]) -> None:
    known: dict[str, object] = {
        name: found.default for name, found in session.parameters.items() if isinstance(found, Parameter)
    }
    for node in mains:
        for parameter in node.interface.statics:
            default = node.interface.signature.parameters[parameter.name].default
            known[parameter.name] = None if default is inspect.Parameter.empty else default
    for name in session.settings:
        if name not in known:
            session.collector.add(unknown(name, known))
    session.collector.raise_if_errors()


def _make_main(session: Session, node: Node[..., Any], statics: Mapping[str, object]) -> IrNode | None:
    """Trace a node without a caller."""
    try:
        interface = node.interface
    except DiagnosticError as wrong:
        session.collector.extend(wrong.diagnostics)
        return None
    values = dict(zip((p.name for p in interface.parameters), node.bound, strict=False)) | dict(statics)
    missing = _missing(interface, values)
    for name in missing:
        what = f"`{node.label}` needs a value for `{name}`"
        help_ = f"give it a default, or set it: --set {name}=...; the annotation of a stream is Stream[...]"
        session.collector.add(error("L015", what, node.span, help=help_))
    types = types_of(interface)
    if types is None:
        session.collector.add(_open_type(node, interface))
    return None if types is None or missing else make(node, session, values, types, None).ir


def _missing(interface: Interface, values: dict[str, object]) -> list[str]:
    """The Python-valued parameters without a value; defaults are filled in."""
    missing: list[str] = []
    for parameter in interface.statics:
        default = interface.signature.parameters[parameter.name].default
        if parameter.name not in values and default is inspect.Parameter.empty:
            missing.append(parameter.name)
        values.setdefault(parameter.name, default)
    return missing


def _open_type(node: Node[..., Any], interface: Interface) -> Diagnostic:
    open_ = next(p for p in interface.parameters if p.field is not None and types_of(_only(interface, p.name)) is None)
    message = f"the type of `{open_.name}` is open, and `{node.label}` has no caller that fixes it"
    return error("L014", message, open_.span, help="write its size or type, or call the node from another one")


def _only(interface: Interface, name: str) -> Interface:
    return Interface(tuple(p for p in interface.parameters if p.name == name), (), interface.signature)


def _finished(session: Session, main: IrNode | None) -> Program:
    """The nodes that ``main`` needs, callees first.

    Raises:
        DiagnosticError: whatever was reported.
    """
    session.collector.raise_if_errors()
    assert main is not None
    needed = {main.name}
    kept: list[IrNode] = []
    for node in reversed(session.nodes):
        if node.name in needed:
            kept.append(node)
            needed |= {e.rhs.node for e in node.equations if isinstance(e.rhs, Call | Iterate)}
    return Program(tuple(reversed(kept)), main.name)
