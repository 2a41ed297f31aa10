"""The flagship with the policy from an ONNX file: `--set policy=FILE`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml.diagnostics import DiagnosticError
from syncml.networks.weights import load_weights
from syncml.pipeline import check_file
from tests.support.flagship import FOLDER, PIPELINE, Monitored, scenario_inputs

onnx: Any = pytest.importorskip("onnx")


def write_policy(path: Path, inputs: int = 4) -> Path:
    """The committed policy as PyTorch would export it; the last layer scales tanh to 1.0 s .. 2.5 s."""
    weights = load_weights(FOLDER / "weights.safetensors")
    tensors = {f"{name}{i}": weights[f"policy.{i}.{name}"] for i in range(3) for name in ("weight", "bias")}
    if inputs != 4:
        tensors["weight0"] = np.zeros((32, inputs), dtype=np.float32)
    tensors |= {"scale": np.array([[0.75]], dtype=np.float32), "offset": np.array([1.75], dtype=np.float32)}
    node = onnx.helper.make_node
    layers: list[Any] = []
    x = "features"
    for i in range(3):
        layers += [
            node("Gemm", [x, f"weight{i}", f"bias{i}"], [f"sum{i}"], transB=1, name=f"gemm{i}"),
            node("Tanh", [f"sum{i}"], [f"out{i}"], name=f"tanh{i}"),
        ]
        x = f"out{i}"
    layers.append(node("Gemm", [x, "scale", "offset"], ["headway"], name="seconds"))
    value = onnx.helper.make_tensor_value_info
    kind = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        layers,
        "policy",
        [value("features", kind, [1, inputs])],
        [value("headway", kind, [1, 1])],
        [onnx.numpy_helper.from_array(tensor, name) for name, tensor in tensors.items()],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)])
    path.write_bytes(model.SerializeToString())
    return path


def test_the_same_policy_from_onnx_gives_nearly_the_same_trace(tmp_path: Path) -> None:
    file = write_policy(tmp_path / "policy.onnx")
    runs = []
    for name, settings in (("own", {}), ("onnx", {"policy": str(file)})):
        (tmp_path / name).mkdir()
        pipeline = Monitored.of(check_file(str(PIPELINE), settings), tmp_path / name)
        streams = pipeline.run(*scenario_inputs(pipeline.node, "cut_in"))
        assert pipeline.broken(streams) == {}
        runs.append(streams)
    own, swapped = runs
    assert swapped["command.headway"] == pytest.approx(own["command.headway"], abs=1e-5)
    assert swapped["gap"] == pytest.approx(own["gap"], abs=1e-3)
    assert len(set(swapped["command.headway"].tolist())) > 100, "the network is in use"


def test_another_policy_changes_the_trace_but_breaks_no_contract(tmp_path: Path) -> None:
    """A policy that asks for a time gap of 0.25 s is clipped to 1.0 s, and the shield holds."""
    file = tmp_path / "policy.onnx"
    write_policy(file)
    model = onnx.load(str(file))
    for tensor in model.graph.initializer:
        if tensor.name == "offset":
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.array([0.25], dtype=np.float32), "offset"))
    onnx.save(model, str(file))
    pipeline = Monitored.of(check_file(str(PIPELINE), {"policy": str(file)}), tmp_path)
    streams = pipeline.run(*scenario_inputs(pipeline.node, "hard_braking"))
    assert pipeline.broken(streams) == {}
    assert float(streams["command.headway"][1:].max()) == pytest.approx(1.0)
    assert streams["command.shielded"].any()


def test_a_policy_of_the_wrong_size_is_a_diagnostic(tmp_path: Path) -> None:
    file = write_policy(tmp_path / "policy.onnx", inputs=5)
    with pytest.raises(DiagnosticError) as caught:
        check_file(str(PIPELINE), {"policy": str(file)})
    (found,) = caught.value.diagnostics
    assert found.code == "D003"
    assert "5 inputs" in found.message
    assert "4" in found.message


def test_a_policy_that_is_cut_short_is_reported_on_the_command_line(tmp_path: Path) -> None:
    file = write_policy(tmp_path / "policy.onnx")
    file.write_bytes(file.read_bytes()[:-100])
    command = [sys.executable, "-m", "syncml", "check", str(PIPELINE), "--set", f"policy={file}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "D004" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
