"""Graph algorithms against networkx."""

from __future__ import annotations

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from syncml.ir.graphs import components, cycles, shortest_cycle, shortest_path

GRAPHS = st.integers(1, 9).flatmap(
    lambda n: st.lists(st.sets(st.integers(0, n - 1), max_size=3).map(sorted), min_size=n, max_size=n)
)


def reference(graph: list[list[int]]) -> nx.DiGraph:
    result = nx.DiGraph()
    result.add_nodes_from(range(len(graph)))
    result.add_edges_from((a, b) for a, successors in enumerate(graph) for b in successors)
    return result


@given(GRAPHS)
def test_components_are_those_of_networkx_and_come_after_what_they_point_to(graph: list[list[int]]) -> None:
    found = components(graph)
    assert {frozenset(c) for c in found} == {frozenset(c) for c in nx.strongly_connected_components(reference(graph))}
    place = {node: i for i, c in enumerate(found) for node in c}
    assert all(place[b] <= place[a] for a, successors in enumerate(graph) for b in successors)


@given(GRAPHS, st.sets(st.integers(0, 8)))
def test_components_within_some_nodes(graph: list[list[int]], some: set[int]) -> None:
    within = [n for n in range(len(graph)) if n in some]
    expected = nx.strongly_connected_components(reference(graph).subgraph(within))
    assert {frozenset(c) for c in components(graph, within)} == {frozenset(c) for c in expected}


@given(GRAPHS)
def test_a_shortest_cycle_is_a_cycle_and_none_is_shorter(graph: list[list[int]]) -> None:
    whole = reference(graph)
    for component in cycles(graph):
        found = shortest_cycle(graph, component)
        assert all(b in graph[a] for a, b in zip(found, [*found[1:], found[0]], strict=True))
        assert len(set(found)) == len(found)
        assert found[0] == min(found)
        assert len(found) == min(map(len, nx.simple_cycles(whole.subgraph(component))))


@given(GRAPHS, st.integers(0, 8), st.integers(0, 8))
def test_a_shortest_path(graph: list[list[int]], start: int, goal: int) -> None:
    start, goal = start % len(graph), goal % len(graph)
    path, _ = shortest_path(graph, start, goal, range(len(graph)), len(graph))
    whole = reference(graph)
    if start == goal:
        through = [nx.shortest_path_length(whole, s, goal) for s in graph[start] if nx.has_path(whole, s, goal)]
        expected = 1 + min(through) if through else None
    else:
        expected = nx.shortest_path_length(whole, start, goal) if nx.has_path(whole, start, goal) else None
    assert (len(path) or None) == expected
    assert all(b in graph[a] for a, b in zip(path, [*path[1:], goal], strict=False))


def test_large_graphs_need_neither_recursion_nor_quadratic_time() -> None:
    size = 100_000
    ring = [[(i + 1) % size] for i in range(size)]
    assert len(components(ring)) == 1
    assert len(shortest_cycle(ring, range(size))) == size
