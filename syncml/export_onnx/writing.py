"""ONNX files: a graph in protobuf, checked before it is written.

Rule: equal programs are equal files. The extents of the batch are free. The metadata `syncml` tells, as JSON, the name
of the node, its rate in hertz if it has one, for each state the output that is its next value and its first value, and
the constructors of enumerations in the order of their numbers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from syncml.diagnostics.model import InternalFault
from syncml.export_onnx.draft import Operation, Tensor, element_type
from syncml.export_onnx.operators import OPSET
from syncml.export_onnx.program import OnnxProgram
from syncml.extras import optional
from syncml.files import write_whole
from syncml.ir.types import EnumType

METADATA = "syncml"
IR_VERSION = 8
"""The form of files that came with opset 18, so that older runtimes read it."""


def write_onnx(program: OnnxProgram, path: Path) -> None:
    """Write a file, whole or not at all.

    Raises:
        DiagnosticError: D001, it cannot be written; D006, the package ``onnx`` is missing.
    """
    write_whole(path, onnx_bytes(program))


def onnx_bytes(program: OnnxProgram) -> bytes:
    """The content of the file.

    Raises:
        DiagnosticError: D006, the package ``onnx`` is missing.
    """
    onnx = optional("onnx", "writing an ONNX file", "onnx")
    helper, arrays = onnx.helper, optional("onnx.numpy_helper", "writing an ONNX file", "onnx")
    before = [*program.inputs, *(state.before for state in program.states)]
    after = [*program.outputs, *(state.after for state in program.states)]
    graph = helper.make_graph(
        [_node(helper, operation) for operation in program.operations],
        program.node.label,
        [_port(helper, tensor) for tensor in before],
        [_port(helper, tensor) for tensor in after],
        [arrays.from_array(array, name) for name, array in program.arrays.items()],
        doc_string=program.node.documentation,
    )
    model = helper.make_model(
        graph, producer_name="syncml", ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    helper.set_model_props(model, {METADATA: json.dumps(_about(program))})
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as wrong:  # the checker and shape inference have exceptions of their own
        raise InternalFault(f"the graph of {program.node.label} is no valid ONNX: {wrong}") from wrong
    return model.SerializeToString(deterministic=True)


def _node(helper: Any, operation: Operation) -> Any:
    where = f"{Path(operation.span.file).name}:{operation.span.line}"
    return helper.make_node(
        operation.operator,
        operation.inputs,
        [operation.output],
        name=operation.output,
        doc_string=where,
        **operation.attributes,
    )


def _port(helper: Any, tensor: Tensor) -> Any:
    extents = (*("batch",) * tensor.before, *tensor.shape)
    return helper.make_tensor_value_info(tensor.name, element_type(tensor.kind), extents)


def _about(program: OnnxProgram) -> dict[str, Any]:
    states = {s.before.name: {"next": s.after.name, "initial": s.initial.tolist()} for s in program.states}
    rate = {} if program.node.rate is None else {"rate": str(program.node.rate)}
    ports = (*program.inputs, *program.outputs, *(s.before for s in program.states))
    named = {p.name: list(p.kind.constructors) for p in ports if isinstance(p.kind, EnumType)}
    return {"node": program.node.label, **rate, "states": states, **({"constructors": named} if named else {})}
