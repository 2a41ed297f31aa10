"""What a certificate believes of networks, and the check of that without the solvers and without the engine's bounds.

    ; network {"assumptions": ["assumption!2", ..], "network": name, "type": "f32", "inputs": n, "layers": [..]}

Rule: each of these assumptions has to be, in the text that the solver reads,

    [present =>]  not (l1 <= t1 and t1 <= h1 and ..)  or  (a1 <= s1 and s1 <= b1 and ..)

with the same terms ``t`` and ``s`` in all of them: the inputs and outputs of the network, in order. It is true if the
network on the line has outputs from ``a`` to ``b`` for all inputs from ``l`` to ``h``, which `networks.enclosure`
shows in another way than the engine did. That the network on the line is the one of the program is not checked.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.operators import Op
from syncml.ir.types import F32, F64
from syncml.verify.networks.enclosure import Box, Claim, checked
from syncml.verify.networks.layers import Activation, Affine, Layer, Network
from syncml.verify.networks.rounding import Floats

PREFIX = "; network "

_TOKEN = re.compile(r"\(|\)|\|[^|]*\||[^\s()|]+")
_ACTIVATIONS = {"relu": Op.MAX, "tanh": Op.TANH, "sigmoid": Op.SIGMOID}

Tree: TypeAlias = "str | list[Tree]"


def network_line(name: str, network: Network, assumptions: Iterable[str]) -> str:
    """The line of a certificate about one network."""
    names = {op: name for name, op in _ACTIVATIONS.items()}
    layers: list[dict[str, Any]] = [
        {"weight": [[x.hex() for x in row] for row in layer.weight.tolist()],
         "bias": [x.hex() for x in layer.bias.tolist()]}
        if isinstance(layer, Affine) else {"activation": names[layer.op]}
        for layer in network.layers
    ]  # fmt: skip
    data = {
        "assumptions": list(assumptions), "network": name, "type": str(network.scalar), "inputs": network.inputs,
        "layers": layers,
    }  # fmt: skip
    return PREFIX + json.dumps(data)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many statements about networks a certificate has, how many were shown, and what is wrong with another."""

    stated: int
    shown: int
    false: bool
    detail: str


def check_lemmas(text: str, seconds: float) -> Outcome | None:
    """Check what a certificate believes of networks; None if that is nothing."""
    deadline = time.monotonic() + seconds
    lines = [line for line in text.splitlines() if line.startswith(PREFIX)]
    if not lines:
        return None
    definitions = {m[1]: m[2] for m in re.finditer(r"^\(define-fun \|([^|]*)\| \(\) Bool (.*)\)$", text, re.MULTILINE)}
    stated = shown = 0
    detail, false = "", False
    for line in lines:
        data = json.loads(line.removeprefix(PREFIX))
        network, terms = _network(data), set[tuple[str, ...]]()
        for name in data["assumptions"]:
            stated += 1
            found = _lemma(name, definitions, network)
            if found is None:
                detail = f"{name} is no statement about {data['network']}"
                continue
            box, read = found
            terms.add(read)
            claim = checked(network, box, deadline) if len(terms) == 1 else Claim.OPEN
            shown += claim is Claim.HOLDS
            if claim is Claim.FALSE:
                false, detail = True, f"{name} is false of {data['network']}"
            elif claim is Claim.OPEN and not false:
                detail = f"{name} of {data['network']} is not shown"
    return Outcome(stated, shown, false, detail)


def _network(data: Mapping[str, Any]) -> Network:
    layers: list[Layer] = []
    for each in data["layers"]:
        if "activation" in each:
            layers.append(Activation(_ACTIVATIONS[each["activation"]]))
        else:
            weight = np.array([[float.fromhex(x) for x in row] for row in each["weight"]], dtype=np.float64)
            bias = np.array([float.fromhex(x) for x in each["bias"]], dtype=np.float64)
            layers.append(Affine(weight, bias, ordered=False))
    return Network(tuple(layers), F32 if data["type"] == str(F32) else F64, int(data["inputs"]))


def _lemma(name: str, definitions: Mapping[str, str], network: Network) -> tuple[Box, tuple[str, ...]] | None:
    """The box and the terms of an assumption at the first instant."""
    tree = _expanded(f"|{name}@0|", definitions)
    if _head(tree) == "=>":
        tree = _expanded(tree[2], definitions)
    if _head(tree) != "or" or len(tree) != 3:
        return None
    outside, inside = (_expanded(part, definitions) for part in tree[1:])
    if _head(outside) != "not":
        return None
    inputs = list(_comparisons(outside[1], definitions))
    outputs = list(_comparisons(inside, definitions))
    if len(inputs) != 2 * network.inputs or len(outputs) != 2 * network.outputs:
        return None
    ends: list[Floats] = []
    terms: list[str] = []
    for bounds, outward in ((inputs, 1.0), (outputs, -1.0)):
        low, high = bounds[::2], bounds[1::2]
        if any(a[0] != "<=" or b[0] != ">=" or a[2] != b[2] for a, b in zip(low, high, strict=True)):
            return None
        ends.append(np.array([_beyond(a[1], -outward) for a in low]))
        ends.append(np.array([_beyond(b[1], outward) for b in high]))
        terms += [a[2] for a in low]
    return Box(*ends), tuple(terms)


def _beyond(number: Fraction, direction: float) -> float:
    """A float that is no less (or no more, for a negative direction) than a number."""
    near = float(number)
    wrong = Fraction(near) < number if direction > 0 else Fraction(near) > number
    return float(np.nextafter(near, direction * np.inf)) if wrong else near


def _comparisons(tree: Tree, definitions: Mapping[str, str]) -> Iterator[tuple[str, Fraction, str]]:
    """The comparisons of a conjunction, in order, each with a number on its left."""
    pending: list[Tree] = [tree]
    while pending:
        current = _expanded(pending.pop(), definitions)
        if _head(current) == "and":
            pending += reversed(current[1:])
        elif _head(current) in ("<=", ">=") and (number := _number(current[1])) is not None:
            yield str(current[0]), number, _text(current[2])
        else:
            yield "", Fraction(0), ""


def _head(tree: Tree) -> str:
    return tree[0] if isinstance(tree, list) and tree and isinstance(tree[0], str) else ""


def _expanded(tree: Tree, definitions: Mapping[str, str]) -> Tree:
    """The definition of a name, as far as it is one."""
    while isinstance(tree, str) and tree.strip("|") in definitions:
        tree = _parsed(definitions[tree.strip("|")])
    return tree


def _parsed(text: str) -> Tree:
    stack: list[list[Tree]] = [[]]
    for token in _TOKEN.findall(text):
        if token == "(":
            stack.append([])
        elif token == ")" and len(stack) > 1:
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(token)
    # What is no term is no statement either.
    return stack[0][0] if len(stack) == 1 and len(stack[0]) == 1 else []


def _number(tree: Tree) -> Fraction | None:
    match tree:
        case str() if re.fullmatch(r"\d+(\.\d+)?", tree):
            return Fraction(tree)
        case ["-", inner]:
            value = _number(inner)
            return None if value is None else -value
        case ["/", top, bottom]:
            parts = _number(top), _number(bottom)
            return None if parts[0] is None or not parts[1] else parts[0] / parts[1]
        case _:
            return None


def _text(tree: Tree) -> str:
    """The text of a small term."""
    return tree if isinstance(tree, str) else f"({' '.join(map(_text, tree))})"
