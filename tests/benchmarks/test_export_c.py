"""The comparison with C written by hand runs, and it sees a difference of one bit. No test looks at the times."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.export_c.build import Unequal, compile_race, prepare, race
from benchmarks.export_c.contests import CONTESTS, Contest
from benchmarks.export_c.run import compare, main
from syncml.ir.step.lowering import Observe
from syncml.pipeline import check_file
from syncml.sim.compiled import compile_program

TICKS = 400
FLAGS = "gcc -O1"


def test_exported_simulated_and_hand_written_code_agree(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rounds", "1", "--passes", "1", "--ticks", str(TICKS), "--compilers", FLAGS]) == 0
    printed = capsys.readouterr().out
    assert printed.count("all outputs equal bit for bit") == len(CONTESTS)
    assert printed.count(FLAGS) == len(CONTESTS)


@pytest.mark.parametrize(
    ("contest", "right", "wrong"),
    [(CONTESTS[0], "0.05f", "0.050000004f"), (CONTESTS[1], "0.18f", "0.18000002f")],
    ids=["controller", "flagship"],
)
def test_a_difference_of_one_bit_is_found(contest: Contest, right: str, wrong: str, tmp_path: Path) -> None:
    checked = check_file(contest.target)
    inputs = contest.inputs(TICKS)
    exported = prepare(contest, checked, inputs, TICKS, tmp_path)
    compile_race(tmp_path, FLAGS)
    race(tmp_path, FLAGS, 1)
    outputs = (tmp_path / "outputs.bin").read_bytes()
    names = [leaf.name for leaf in exported.leaves.outputs]
    simulation = compile_program(checked.program, Observe.OUTPUTS)
    compare(simulation, names, inputs, TICKS, outputs)
    with pytest.raises(Unequal, match=names[0]):
        compare(simulation, names, inputs, TICKS, bytes([outputs[0] ^ 1]) + outputs[1:])

    source = tmp_path / f"{contest.by_hand}.c"
    text = source.read_text()
    assert text.count(right) == 1
    source.write_text(text.replace(right, wrong))
    compile_race(tmp_path, FLAGS)
    with pytest.raises(Unequal, match="differs at tick"):
        race(tmp_path, FLAGS, 1)
