"""The programs of the comparison: each with its program, its weights as C arrays, and recorded inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.export_c import recurrent, trackers
from benchmarks.export_c.controller import weights
from syncml.ir.equations.syntax import Call, Var
from syncml.ir.operators import Op
from syncml.networks.weights import load_weights
from syncml.pipeline import check_file
from syncml.scenario.load import load_scenario
from syncml.scenario.values import inputs_of, ticks_of
from syncml.sim.compiled import compile_program

HERE = Path(__file__).parent
FLAGSHIP = HERE.parents[1] / "scenarios" / "highway_acc"
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Contest:
    """One controller, exported and written by hand.

    Attributes:
        name: For the report.
        target: The program, as the command line takes it.
        by_hand: The stem of the two hand-written files.
        functions: The elementary functions that the hand-written code calls.
        weights: The constant arrays that it includes.
        inputs: Recorded inputs of the node, for a number of ticks.
    """

    name: str
    target: str
    by_hand: str
    functions: tuple[Op, ...]
    weights: Callable[[], Arrays]
    inputs: Callable[[int], Arrays]


def _controller_weights() -> Arrays:
    tensors = weights()
    layers = {f"w{k}": tensors[f"{k}.weight"].T for k in (0, 1)} | {f"b{k}": tensors[f"{k}.bias"] for k in (0, 1)}
    return layers | {"w2": tensors["2.weight"][0], "b2": tensors["2.bias"][0]}


def _controller_inputs(ticks: int) -> Arrays:
    """A set point that steps, and a noisy measurement."""
    noise = np.random.default_rng(1).random(ticks)
    target = 3.0 * (np.arange(ticks) // 500 % 2)
    return {"target": target.astype(np.float32), "actual": (1.6 * noise).astype(np.float32)}


def _filters_inputs(ticks: int) -> Arrays:
    return {"x": np.random.default_rng(2).random(ticks).astype(np.float32)}


def _trackers_inputs(ticks: int) -> Arrays:
    generator = np.random.default_rng(4)
    gaps = generator.random((ticks, trackers.TRACKERS)).astype(np.float32)
    return {"gaps": gaps, "valid": generator.random((ticks, trackers.TRACKERS)) < 0.9}


def _recurrent_weights() -> Arrays:
    tensors = recurrent.weights()
    matrices = {"w": tensors["input"].T, "u": tensors["recurrent"].T, "v": tensors["output"].T}
    return matrices | {"b": tensors["bias"], "c": tensors["output_bias"]}


def _recurrent_inputs(ticks: int) -> Arrays:
    return {"x": np.random.default_rng(3).normal(size=(ticks, recurrent.INPUTS)).astype(np.float32)}


def _flagship_weights() -> Arrays:
    tensors = load_weights(FLAGSHIP / "weights.safetensors")
    return {
        "gru_input": tensors["tracker.gru.weight_ih"].T,
        "gru_input_bias": tensors["tracker.gru.bias_ih"],
        "gru_recurrent": tensors["tracker.gru.weight_hh"].T,
        "gru_recurrent_bias": tensors["tracker.gru.bias_hh"],
        "gain_weight": tensors["tracker.gain.weight"].T,
        "gain_bias": tensors["tracker.gain.bias"],
        "policy_0": tensors["policy.0.weight"].T,
        "policy_0_bias": tensors["policy.0.bias"],
        "policy_1": tensors["policy.1.weight"].T,
        "policy_1_bias": tensors["policy.1.bias"],
        "policy_2": tensors["policy.2.weight"][0],
        "policy_2_bias": tensors["policy.2.bias"][0],
    }


def _flagship_inputs(ticks: int) -> Arrays:
    """What the node ``acc`` receives in the closed loop, in the scenario of hard braking."""
    checked = check_file(str(FLAGSHIP / "pipeline.py"))
    scenario = load_scenario(FLAGSHIP / "hard_braking.yaml")
    if ticks > ticks_of(scenario, checked.main):
        raise SystemExit(f"the scenario has {ticks_of(scenario, checked.main)} ticks")
    (call,) = (e.rhs for e in checked.main.equations if isinstance(e.rhs, Call) and e.rhs.node == "acc")
    arguments = [a for a in call.arguments if isinstance(a, Var)]
    names = [var.name for var in checked.program.node("acc").inputs]
    loop = compile_program(checked.program, frozenset(a.name for a in arguments))
    trace = loop.run(inputs_of(scenario, checked.main, ticks), ticks)
    return {name: trace.column(a.name).values for name, a in zip(names, arguments, strict=True)}


CONTESTS = (
    Contest(
        "PID, 20 filters, 3-32-32-1 network",
        f"{HERE / 'controller.py'}:bench",
        "controller_by_hand",
        (Op.TANH,),
        _controller_weights,
        _controller_inputs,
    ),
    Contest(
        "flagship, the part in the car",
        f"{FLAGSHIP / 'pipeline.py'}:acc",
        "flagship_by_hand",
        (Op.TANH, Op.SIGMOID),
        _flagship_weights,
        _flagship_inputs,
    ),
    Contest("64 trackers", f"{HERE / 'trackers.py'}:trackers", "trackers_by_hand", (), dict, _trackers_inputs),
    Contest("20 filters", f"{HERE / 'filters.py'}:filters", "filters_by_hand", (), dict, _filters_inputs),
    Contest(
        "32-32-8 network with memory",
        f"{HERE / 'recurrent.py'}:network",
        "recurrent_by_hand",
        (Op.TANH,),
        _recurrent_weights,
        _recurrent_inputs,
    ),
)
