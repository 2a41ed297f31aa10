"""YAML as its version 1.2 reads it (the core schema).

Rule: a plain scalar is a truth value only if it is ``true`` or ``false``, a number if it is written as one, nothing if
it is empty, ``~`` or ``null``, and else text. So a stream may be called ``on`` and a constructor ``OFF``, which YAML
1.1 takes for truth values, and ``1e-3`` is a number, which YAML 1.1 takes for text. A key is always text.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

import yaml

_YAML: Any = yaml
"""PyYAML's node interface carries no types."""

_PLAIN: tuple[tuple[str, str], ...] = (
    ("bool", r"true|True|TRUE|false|False|FALSE"),
    ("null", r"~|null|Null|NULL|"),
    ("int", r"[-+]?[0-9]+"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"),
    ("merge", r"<<"),
)


class _Loader(_YAML.SafeLoader):  # type: ignore[misc]
    """The safe loader, with the plain scalars of version 1.2."""

    yaml_implicit_resolvers: ClassVar[dict[Any, Any]] = {}


for _name, _form in _PLAIN:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(rf"(?:{_form})\Z"), None)


def parse(text: str) -> tuple[Any, Any]:
    """The syntax tree of ``text`` and its value; ``(None, None)`` if it is empty.

    Raises:
        yaml.YAMLError: it is no YAML.
    """
    loader = _Loader(text)
    try:
        document: Any = loader.get_single_node()
        _keys_are_text(document)
        return document, None if document is None else loader.construct_document(document)
    finally:
        loader.dispose()


def _integer(_loader: Any, node: Any) -> int:
    return int(node.value)


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


def _keys_are_text(document: Any) -> None:
    pending, seen = [document], set[int]()
    while pending:
        node = pending.pop()
        if id(node) in seen:  # An alias may lead back.
            continue
        seen.add(id(node))
        match node:
            case yaml.MappingNode():
                for key, value in node.value:
                    pending.append(value)
                    if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                        key.tag = "tag:yaml.org,2002:str"
            case yaml.SequenceNode():
                pending.extend(node.value)
            case _:
                pass
