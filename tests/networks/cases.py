"""The node test cases of the onnx package, where the operator has equations: ``make onnx-cases``.

Each case is a model of one operator, or few, with inputs and outputs. The first input of real numbers becomes the
stream, the others constants. Cases of another kind (text, sequences, several inputs that have to vary, integers of
inputs, random numbers) are counted by the reason why they are left out; a case that is read and gives another number is
a fault.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

from syncml.diagnostics.model import DiagnosticError
from syncml.networks.onnx_graph import NEWEST_OPSET, graph_of
from syncml.networks.onnx_node import Network
from syncml.networks.onnx_operators import OPERATORS
from tests.networks.models import outputs

RECURRENT = frozenset({"RNN", "GRU", "LSTM", "Scan"})


def main() -> int:
    """Run the cases; 1 if one of them gives another number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = [c for c in collect_testcases(None) if {n.op_type for n in c.model.graph.node} <= set(OPERATORS)]
    left_out: Counter[str] = Counter()
    wrong: list[str] = []
    passed: Counter[str] = Counter()
    for case in cases:
        name = case.model.graph.node[0].op_type
        why = verdict(case)
        if why is None:
            passed[name] += 1
        elif why.startswith("wrong"):
            wrong.append(f"{case.name}: {why}")
        else:
            left_out[why] += 1
    print(f"{sum(passed.values())} cases of {len(passed)} operators agree, {len(wrong)} do not, of {len(cases)}")
    for why, count in left_out.most_common():
        print(f"  left out: {count:4} {why}")
    print("\n".join(f"  {text}" for text in wrong))
    return int(bool(wrong))


def verdict(case: Any) -> str | None:
    """None if the case passes, ``wrong..`` if it gives another number, else why it is left out."""
    model = case.model
    inputs, expected = case.data_sets[0]
    if not all(isinstance(value, np.ndarray | np.generic) for value in (*inputs, *expected)):
        return "sequences or optional values"
    inputs, expected = ([np.asarray(value) for value in values] for values in (inputs, expected))
    if model.opset_import[0].version > NEWEST_OPSET:
        model.opset_import[0].version = NEWEST_OPSET
    names = [i.name for i in model.graph.input]
    free = next((i for i, value in enumerate(inputs) if value.dtype == np.float32), None)
    if free is None:
        return "no input of f32"
    if not inputs[free].size:
        return "an empty tensor"
    for position in reversed(range(len(inputs))):
        if position != free:
            model.graph.initializer.append(numpy_helper.from_array(inputs[position], names[position]))
            del model.graph.input[position]
    ports = list(model.graph.output)
    for port, wanted in zip(ports, expected, strict=True):
        # A network gives its first output.
        del model.graph.output[:]
        model.graph.output.extend([port])
        try:
            found = outputs(Network(graph_of(model, Path(f"{case.name}.onnx"))), inputs[free].reshape(1, -1))
        except DiagnosticError as fault:
            return f"refused: {fault.diagnostics[0].code} {reason(fault.diagnostics[0].message)}"
        wanted = wanted.reshape(1, -1)
        error = 1e-5 if {n.op_type for n in model.graph.node} & RECURRENT else 1e-4
        close = found.shape == wanted.shape and np.allclose(found, wanted, rtol=error, atol=error, equal_nan=True)
        if not close:
            return f"wrong: {port.name} {found.reshape(-1)[:4]} and not {wanted.reshape(-1)[:4]}"
    return None


def reason(message: str) -> str:
    """A message without the name of the file and of the node."""
    return message.partition(": ")[2].replace("(node number 1) ", "")[:90] or message[:90]


if __name__ == "__main__":
    sys.exit(main())
