"""Directed graphs over numbers: strongly connected components and shortest cycles, without recursion.

A graph is a list of successors: ``graph[n]`` are the nodes that ``n`` points to. Both functions see only what lies
within ``nodes``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from typing import TypeAlias

Graph: TypeAlias = Sequence[Collection[int]]

SEARCH_BUDGET = 3_000_000
"""How many edges `shortest_cycle` follows before it settles for the shortest cycle found so far."""


def components(graph: Graph, nodes: Collection[int] | None = None) -> list[list[int]]:
    """Tarjan's strongly connected components, each after the components that it points to."""
    within = range(len(graph)) if nodes is None else nodes
    inside = None if nodes is None else frozenset(nodes)
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    result: list[list[int]] = []
    for start in within:
        if start in index:
            continue
        work = [(start, iter(graph[start]))]
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        while work:
            node, successors = work[-1]
            for successor in successors:
                if inside is not None and successor not in inside:
                    continue
                if successor not in index:
                    index[successor] = low[successor] = len(index)
                    stack.append(successor)
                    on_stack.add(successor)
                    work.append((successor, iter(graph[successor])))
                    break
                if successor in on_stack:
                    low[node] = min(low[node], index[successor])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component = [stack.pop()]
                    while component[-1] != node:
                        component.append(stack.pop())
                    on_stack.difference_update(component)
                    result.append(component)
    return result


def cycles(graph: Graph, nodes: Collection[int] | None = None) -> list[list[int]]:
    """The components that contain a cycle."""
    return [c for c in components(graph, nodes) if len(c) > 1 or c[0] in graph[c[0]]]


def shortest_path(graph: Graph, start: int, goal: int, inside: Collection[int], limit: int) -> tuple[list[int], int]:
    """A shortest path of at least one and at most ``limit`` edges, and the number of edges followed.

    Returns:
        The nodes from ``start`` up to but not including ``goal``; none where there is no such path.
    """
    came_from: dict[int, int] = {}
    level = deque([start])
    followed = 0
    for _ in range(limit):
        following: deque[int] = deque()
        for node in level:
            for successor in graph[node]:
                followed += 1
                if successor == goal:
                    path = [node]
                    while path[-1] != start:
                        path.append(came_from[path[-1]])
                    return path[::-1], followed
                if successor in inside and successor not in came_from and successor != start:
                    came_from[successor] = node
                    following.append(successor)
        if not following:
            break
        level = following
    return [], followed


def shortest_cycle(graph: Graph, component: Collection[int]) -> list[int]:
    """A shortest cycle of a strongly connected component, from its node with the least number on."""
    remaining = set(component)
    best: list[int] = []
    removed, next_split, spent = 0, 1, 0
    order = deque(sorted(remaining))
    while order and spent < SEARCH_BUDGET:
        start = order.popleft()
        if start not in remaining:
            continue
        limit = len(best) - 1 if best else len(remaining)
        path, followed = shortest_path(graph, start, start, remaining, limit)
        spent += followed
        best = path or best
        if len(best) == 1:
            break
        # Every cycle through this node has been seen; what falls apart without it has none left.
        remaining.discard(start)
        removed += 1
        if removed == next_split:
            remaining = {node for c in cycles(graph, remaining) for node in c}
            next_split *= 2
    first = best.index(min(best))
    return best[first:] + best[:first]
