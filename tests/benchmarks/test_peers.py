"""The networks of the comparison with other exporters: exported and written by hand they give the same bits."""

from __future__ import annotations

from pathlib import Path

from benchmarks.export_c.peers import networks
from benchmarks.export_c.peers.run import Bench
from syncml.export_c.targets import HOST
from syncml.lang.load import program_of
from syncml.pipeline import check
from tests.support.tools import needs


@needs("gcc")
def test_exported_and_hand_written_networks_agree(tmp_path: Path) -> None:
    bench = Bench(tmp_path, None)
    found: list[bytes] = []
    for sources in (bench.exported("tanh", check(program_of(networks.mlp_tanh)), HOST), bench.by_hand("tanh_f32", 32)):
        bench.timed(sources, ["gcc", "-O1"], 1)()
        found.append(bench.output[:2].tobytes())
    assert found[0] == found[1] != bytes(8)
