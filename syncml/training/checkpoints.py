"""Weights in files: the parameters of a program by name, as safetensors.

Rule: a file has one tensor for each parameter, of its type and shape, and says how many updates made them and what the
layout is: a hash of names, types and shapes. A program that starts from a file has its numbers as the first values of
its parameters, so every command works on the trained program.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, DiagnosticError, Span, error
from syncml.ir.constants import Array, Const, dtype
from syncml.ir.equations.parameters import parameters_of, with_first_values
from syncml.ir.equations.syntax import Parameter, Program
from syncml.ir.types import element, shape
from syncml.networks.weights import read_tensors, save_weights

Tensors = Mapping[str, NDArray[Any]]
_KEY = "syncml"


@dataclass(frozen=True, slots=True)
class Weights:
    """What a file of weights holds; ``updates`` is None, and ``layout`` empty, in one of another origin."""

    path: Path
    tensors: Tensors
    updates: int | None = None
    layout: str = ""


def layout_of(tensors: Tensors) -> str:
    """The hash of names, types and shapes."""
    lines = [f"{name} {tensors[name].dtype.str} {tensors[name].shape}\n" for name in sorted(tensors)]
    return sha256("".join(lines).encode()).hexdigest()


def read_weights(path: Path) -> Weights:
    """The tensors of a ``.safetensors`` or ``.npz`` file.

    Raises:
        DiagnosticError: D001, it cannot be read; D004, it is damaged.
    """
    tensors = read_tensors(path)
    about = _about(path)
    updates, layout = about.get("updates"), str(about.get("layout", ""))
    if layout and layout != layout_of(tensors):
        message = f"{path.name} does not have the tensors that it was written with"
        raise DiagnosticError(error("D004", message, Span.point(str(path)), help="copy it again"))
    return Weights(path, tensors, updates if isinstance(updates, int) else None, layout)


def _about(path: Path) -> Mapping[str, Any]:
    """What `write_weights` wrote into the header of a safetensors file, which has been read before and so is sound."""
    if path.suffix != ".safetensors":
        return {}
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    try:
        found = json.loads(header.get("__metadata__", {}).get(_KEY, "{}"))
    except ValueError:
        return {}  # Of another origin.
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}


def write_weights(path: Path, tensors: Tensors, updates: int) -> None:
    """Write a file of weights, whole or not at all.

    Raises:
        DiagnosticError: D001, it cannot be written.
    """
    # One text, since several would be in no order, and equal weights are equal files.
    save_weights(path, tensors, {_KEY: json.dumps({"layout": layout_of(tensors), "updates": updates})})


def started_from(program: Program, weights: Weights) -> Program:
    """The program whose parameters start with the numbers of a file.

    Raises:
        DiagnosticError: D003, a tensor is missing or superfluous, has another type or shape, or is not finite.
    """
    wanted = {parameter.name: parameter for parameter in parameters_of(program)}
    faults: list[Diagnostic] = []
    values: dict[str, Const] = {}
    for name, parameter in wanted.items():
        found = weights.tensors.get(name)
        wrong = _wrong(weights, parameter, found)
        if wrong is not None:
            faults.append(wrong)
        elif found is not None:
            values[name] = _constant(parameter, found)
    for name in sorted(weights.tensors.keys() - wanted.keys()):
        close = get_close_matches(name, list(wanted), 1)
        has = ", ".join(f"`{known}`" for known in wanted) or "none"
        faults.append(
            error(
                "D003", f"{weights.path.name} has a tensor `{name}`, and the program no such parameter",
                Span.point(str(weights.path)), notes=[f"its parameters: {has}"],
                help=f"is `{close[0]}` meant? Names are those of the variables" if close
                else "load it into the program that it was trained by",
            )
        )  # fmt: skip
    if faults:
        raise DiagnosticError(*faults)
    return with_first_values(program, values)


def _wrong(weights: Weights, parameter: Parameter, found: NDArray[Any] | None) -> Diagnostic | None:
    """What keeps a tensor from being the value of a parameter."""
    var, file = parameter.var, weights.path.name
    kind = dtype(element(var.type))
    if found is None:
        has = ", ".join(sorted(weights.tensors)) or "nothing"
        return error("D003", f"{file} has no tensor for the parameter `{parameter.name}`", var.span,
                     notes=[f"it has: {has}"], help="load the file that this program was trained to")  # fmt: skip
    if found.shape != shape(var.type):
        message = f"`{parameter.name}` in {file} has shape {found.shape}, not {shape(var.type)}"
        return error("D003", message, var.span, "it is declared here",
                     help="train with these sizes, or change the sizes in the program")  # fmt: skip
    if found.dtype != kind:
        message = f"`{parameter.name}` in {file} is {found.dtype}, not {kind}"
        return error("D003", message, var.span, "it is declared here", help="write the file in the type of the program")
    if not np.isfinite(found).all():
        message = f"`{parameter.name}` in {file} has values that are not finite"
        return error("D003", message, var.span, help="take an earlier checkpoint of the training run")
    return None


def _constant(parameter: Parameter, found: NDArray[Any]) -> Const:
    kind = element(parameter.var.type)
    return Const(Array.of(found, kind) if found.shape else float(found), kind)
