"""Exported networks, policies and controllers in the runtimes that are there, and read back."""

from __future__ import annotations

import enum
import json
from pathlib import Path
from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import (
    Hz,
    Stream,
    Vec,
    clip,
    constant,
    each,
    ensure,
    every,
    f32,
    first,
    fold,
    hold,
    i32,
    merge,
    minimum,
    node,
    reset_every,
    sample,
    segment,
    shared,
    state,
    tanh,
    vec,
    when,
    where,
    window,
)
from syncml.diagnostics.model import DiagnosticError
from syncml.learn import SGD, descend, parameter, value_and_grad
from syncml.networks.onnx_node import load_onnx
from syncml.networks.sb3 import load_sb3
from syncml.nodes.activations import relu, silu
from syncml.nodes.attention import Attention
from syncml.nodes.convolution import Conv1d
from syncml.nodes.neural import GRU, LSTM, MLP, RNN, Dense
from syncml.nodes.normalisation import LayerNorm
from syncml.pipeline import check_file, on_machine
from tests.docs.pages import ROOT
from tests.export_onnx.running import RUNTIMES, agrees, checked_of, drawn, exported, interpreted, onnx, streamed
from tests.networks.sb3_files import policy_file, statistics_file

RNG = np.random.default_rng(3)


def weights(*shape: int) -> Any:
    return (RNG.normal(size=shape) * 0.4).astype(np.float32)


def network(layer: Any, inputs: int = 4) -> Any:
    @node
    def top(x: Stream[Vec[L[inputs]]]) -> Stream[Any]:  # type: ignore[valid-type]
        return layer(x)

    return top


FIRST = Conv1d(weights(6, 4, 3), weights(6), stride=2, channels_last=True, activation=silu)
SECOND = Conv1d(weights(5, 6, 3), weights(5), padding="causal", dilation=2, channels_last=True)
HEAD = Dense(weights(2, 6), weights(2), tanh, "head")
NETWORKS: dict[str, Any] = {
    "mlp": network(MLP((Dense(weights(8, 4), weights(8), relu), Dense(weights(3, 8), weights(3))))),
    "normalised": network(LayerNorm(weights(4), weights(4))),
    "rnn": network(RNN(weights(6, 4), weights(6, 6), weights(6), weights(6), weights(6))),
    "gru": network(GRU(weights(18, 4), weights(18, 6), weights(18), weights(18))),
    "lstm": network(LSTM(weights(24, 4), weights(24, 6), weights(24), weights(24))),
    "convolutions": network(lambda x: SECOND(FIRST(window(x, 12)))[-1]),
    "attention": network(Attention(weights(12, 4), weights(12), weights(4, 4), weights(4), heads=2, window=5)),
}


def sb3(folder: Path) -> Any:
    """Soft actor-critic on normalised observations: tanh, stretched to the bounds."""
    named = {
        f"actor.{name}.{kind}": weights(*((rows, columns) if kind == "weight" else (rows,)))
        for name, rows, columns in (("latent_pi.0", 8, 4), ("latent_pi.2", 8, 8), ("mu", 2, 8), ("log_std", 2, 8))
        for kind in ("weight", "bias")
    }
    policy = policy_file(folder / "agent.zip", named, ([-2.0, 0.0], [2.0, 1.0]))
    statistics = folder / "norm.pkl"
    statistics_file(statistics, weights(4), abs(weights(4)) + 0.5)
    return network(load_sb3(policy, statistics))


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", [*NETWORKS, "sb3"])
def test_a_network_gives_what_the_interpreter_gives(name: str, runtime: str, tmp_path: Path) -> None:
    agrees(sb3(tmp_path) if name == "sb3" else NETWORKS[name], runtime)


@pytest.mark.parametrize("name", [*NETWORKS, "sb3"])
def test_what_is_read_back_has_the_same_bits(name: str, tmp_path: Path) -> None:
    """`load_onnx` makes the same equations, or others with the same operations in the same order."""
    checked = checked_of(sb3(tmp_path) if name == "sb3" else NETWORKS[name])
    path = tmp_path / "network.onnx"
    path.write_bytes(exported(checked))
    again = checked_of(network(load_onnx(path)))
    inputs = drawn(checked, 20, 1)
    ((wanted,), (found,)) = (tuple(interpreted(c, inputs).values()) for c in (checked, again))
    assert found.tobytes() == wanted.astype(np.float32).tobytes()


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_flagship_leaves_as_a_whole(runtime: str) -> None:
    """Three rates, modes, a tracker with a GRU, a policy, a shield and the car."""
    checked = on_machine(check_file(str(ROOT / "scenarios/highway_acc/pipeline.py")))
    inputs = drawn(checked, 60, 2)
    content = exported(checked)
    found, wanted = streamed(content, RUNTIMES[runtime](content), inputs, 2), interpreted(checked, inputs)
    for name, values in wanted.items():
        assert found[name] == pytest.approx(values, abs=1e-5), name


class Gear(enum.Enum):
    LOW = enum.auto()
    HIGH = enum.auto()
    TOP = enum.auto()


@node
def counted(x: Stream[f32]) -> Stream[f32]:
    total = state(init=0.5)
    total.next = total + x
    return total


@node
def clocks(
    x: Stream[f32], go: Stream[bool], n: Stream[i32]
) -> tuple[Stream[Any], Stream[f32], Stream[f32], Stream[bool], Stream[Gear]]:
    """States on slow clocks, resets while they are absent, selections by truth values and constructors."""
    gear = where(n % 3 == 0, Gear.LOW, where(n % 3 == 1, Gear.HIGH, Gear.TOP))
    slow = hold(counted(when(x, go)), init=-1.0)
    chosen = merge(
        gear,
        {Gear.LOW: counted(when(x, gear, Gear.LOW)), Gear.HIGH: when(x * 2.0, gear, Gear.HIGH),
         Gear.TOP: counted(when(-x, gear, Gear.TOP))},
    )  # fmt: skip
    kept = state(init=Gear.HIGH)
    kept.next = gear
    with reset_every(n % 5 == 0):
        again = counted(x)
        later = hold(counted(when(x, every(3))), init=0.0)
    with reset_every(when(n % 3 == 0, go)):
        # Where there is no reset, there is no value of it either.
        seldom = counted(when(x, go))
    numbers = vec(slow, chosen, again, later, hold(seldom, init=0.0))
    return numbers, where(first(), x, 0.0), where(kept == gear, 1.0, x), where(go, kept == Gear.LOW, go), kept


@node(rate=Hz(100))
def rates(x: Stream[Vec[L[4]]], scale: Stream[f32]) -> tuple[Stream[Any], Stream[f32]]:
    fast = clip(x[0] * scale, -1.0, 1.0)
    return hold(
        HEAD(GRU(weights(18, 4), weights(18, 6), weights(18), weights(18))(sample(x, to=Hz(25)))), [0.0] * 2
    ), fast


@node
def lane(x: Stream[f32], gain: Stream[f32]) -> Stream[f32]:
    level = state(init=0.0)
    level.next = level + gain * (x - level)
    return level.next


@node
def arrays(x: Stream[Vec[L[4]]], gain: Stream[f32]) -> tuple[Stream[Any], Stream[f32]]:
    """Instances for the elements of an array, and a fold over them."""
    levels = each(lane)(x, shared(0.5 * gain))
    return levels, fold(lambda least, level: minimum(least, level), constant(9.0, f32))(levels)


@node
def unread(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32], Stream[f32], Stream[Any]]:
    """Outputs that are an input, a state, one thing twice and a constant."""
    last = state(init=2.0)
    last.next = x
    ensure(last < 1e9, "nothing of this leaves")
    twice = x + last
    return x, last, twice, vec(1.0, 2.0)


@node
def squared(w: Stream[f32], x: Stream[f32]) -> Stream[f32]:
    return (w * x - 1.0) ** 2


@node
def learner(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    """A gradient that no memory delays is summed forwards, so what learns can leave, too."""
    with segment(every=4) as batch:
        w = parameter(batch, init=0.5)
        error, d_w = value_and_grad(squared, wrt="w")(w, x)
        descend(batch, SGD(0.1), (w, d_w))
    return error, w


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("top", [clocks, rates, arrays, unread, learner], ids=lambda top: top.__name__)
def test_clocks_states_and_arrays(top: Any, runtime: str) -> None:
    agrees(top, runtime, ticks=40)


def test_the_file_tells_what_its_states_are() -> None:
    @node(rate=Hz(50))
    def controller(error: Stream[f32]) -> Stream[f32]:
        """A sum."""
        total = state(init=0.25)
        total.next = total + 0.1 * error
        return total.next

    model = onnx.load_model_from_string(exported(checked_of(controller)))
    (about,) = (json.loads(p.value) for p in model.metadata_props if p.key == "syncml")
    states = {"total": {"next": "total.next", "initial": 0.25}}
    assert about == {"node": "controller", "rate": "50", "states": states}
    assert [i.name for i in model.graph.input] == ["error", "total"]
    assert [o.name for o in model.graph.output][1:] == ["total.next"]
    assert model.graph.doc_string == "A sum."
    assert {n.doc_string.partition(":")[0] for n in model.graph.node} == {Path(__file__).name}
    assert [d.dim_param or d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim] == ["batch"]


def test_the_file_tells_the_numbers_of_constructors() -> None:
    model = onnx.load_model_from_string(exported(checked_of(clocks)))
    (about,) = (json.loads(p.value) for p in model.metadata_props if p.key == "syncml")
    assert about["constructors"] == {name: ["LOW", "HIGH", "TOP"] for name in ("kept", "kept.before")}


def test_equal_programs_are_equal_files() -> None:
    assert exported(checked_of(clocks)) == exported(checked_of(clocks))


@node
def slow_output(x: Stream[f32], go: Stream[bool]) -> Stream[f32]:
    return when(x, go)


def test_what_has_no_form_is_refused() -> None:
    with pytest.raises(DiagnosticError) as caught:
        exported(checked_of(slow_output))
    (fault,) = caught.value.diagnostics
    assert fault.code == "X007" and "not there at every tick" in fault.message and "hold(" in (fault.help or "")
    assert fault.span is not None and Path(fault.span.file).name == Path(__file__).name


def test_inputs_that_come_and_go_are_refused_each() -> None:
    with pytest.raises(DiagnosticError) as caught:
        exported(on_machine(check_file(str(ROOT / "examples/multirate.py"))))
    faults = caught.value.diagnostics
    assert faults and {fault.code for fault in faults} == {"X007"}
    assert all("the input `" in fault.message and "sample it" in (fault.help or "") for fault in faults)


def test_metadata_of_another_form_are_a_damaged_file(tmp_path: Path) -> None:
    model = onnx.load_model_from_string(exported(checked_of(NETWORKS["rnn"])))
    model.metadata_props[0].value = '{"states": {"rnn.h": 3}}'
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(DiagnosticError) as caught:
        load_onnx(path)
    assert caught.value.diagnostics[0].code == "D004"
