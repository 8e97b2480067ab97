"""Circuits as graphs: the nodes and edges of a network that compute its answer, from what the compiler knows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from lsrl.errors import FormatError, ProgramError, shortened
from lsrl.files import read_file, write_whole
from lsrl.interp.circuit_channels import channel_parts, output_modules
from lsrl.interp.circuit_units import Kind, Part, unit_parts
from lsrl.model.assembled_from import placement_of
from lsrl.model.compiled_network import CompiledNetwork
from lsrl.placement.residual import ResidualStack

Granularity: TypeAlias = Literal["unit", "channel", "layer"]
"""What a node is: a unit of the circuit, a number that a layer puts out, or all of these."""


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a network. `value` is the source-level name of what it computes or helps to compute.

    `meaning` says in a line what it computes, over source-level names.
    """

    name: str
    in_graph: bool
    value: str
    kind: Kind
    meaning: str


class Edge(NamedTuple):
    """One node is read by another, in the same step or a later one."""

    start: str
    end: str
    in_graph: bool


@dataclass(frozen=True)
class CircuitGraph:
    """What is in a network, and what of that its answer needs.

    A node is in the graph if the answer reads it, or what is in the graph does; so is the edge by which it is read. A
    state is read by itself. What is only read to be taken out of a residual stream is not in the graph. The answer is
    what `model.run` returns; what only the head of a language model reads is not in the graph either.
    """

    program: str
    target: str
    granularity: Granularity
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @cached_property
    def in_graph(self) -> frozenset[str]:
        """The names of the nodes that the answer needs."""
        return frozenset(node.name for node in self.nodes if node.in_graph)

    def __getitem__(self, name: str) -> Node:
        """The node with this name. Raises `ProgramError` if there is none."""
        found = next((node for node in self.nodes if node.name == name), None)
        if found is None:
            raise ProgramError(f"no node of {self.program} on {self.target} is named {shortened(name)}")
        return found

    def as_mib(self, scores: Mapping[str, float] | None = None) -> dict[str, Any]:
        """The graph as circuits are given to MIB (Mueller et al. 2025), in plain JSON types.

        `scores` are a method's of the nodes, an edge having that of the node it leads to; without them, they are 1 in
        the graph and 0 elsewhere. Nodes also have their value, kind and meaning.
        """
        found = {node.name: float(node.in_graph) for node in self.nodes} if scores is None else scores
        cfg = {"program": self.program, "target": self.target, "granularity": self.granularity}
        nodes = {
            node.name: {"in_graph": node.in_graph, "score": found.get(node.name, 0.0)}
            | {"value": node.value, "kind": node.kind, "meaning": node.meaning}
            for node in self.nodes
        }
        edges = {
            f"{edge.start}->{edge.end}": {"in_graph": edge.in_graph, "score": found.get(edge.end, 0.0)}
            for edge in self.edges
        }
        return {"cfg": cfg, "nodes": nodes, "edges": edges}

    def save(self, path: str | Path) -> None:
        """Write `as_mib` as a JSON file."""
        write_whole(Path(path), json.dumps(self.as_mib(), ensure_ascii=False, indent=1).encode())

    @staticmethod
    def load(path: str | Path) -> CircuitGraph:
        """What `save` wrote. Raises `FormatError` for anything else."""
        content = read_file(Path(path), "a circuit in MIB's JSON")
        try:
            return _graph_in(json.loads(content))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
            reason = shortened(f"{type(problem).__name__}: {problem}", 80)
            raise FormatError(f"{path} holds no circuit ({reason}); expected a file that save wrote") from None


def circuit_graph(model: CompiledNetwork, granularity: Granularity = "channel") -> CircuitGraph:
    """The graph of a compiled model: what its parts compute, read, and are needed for.

    "unit" has a node for every unit of the legalised circuit (`%3`), "channel" one for every number that a layer puts
    out, those that nothing uses included (`layers.1.hidden[0]`, the module being one of `model.hooked()`), "layer" one
    for each of these modules. What a layer passes on for later ones is a node, too.
    Raises `ProgramError` for another granularity, and `FormatError` for a model whose weights are not those that its
    program is compiled to: one that is disguised or trained.

    >>> import lsrl
    >>> depth = lsrl.cumsum(lsrl.Input(1, range=(-1, 1), integer=True, name="x"), name="depth")
    >>> model = lsrl.compile(lsrl.Program(depth > 1), "lstm", max_length=9)
    >>> for node in circuit_graph(model).nodes:
    ...     print(node.name, node.in_graph, node.kind, node.value, "|", node.meaning)
    input[0] True input x | component 0 of the input
    output[0] True output output | larger
    layers.0.hidden[0] True state depth | (depth) one step ago + x; 0 before the first
    layers.1.hidden[0] True comparison larger | whether depth - 3/2 is above 0
    """
    if granularity not in get_args(Granularity):
        raise ProgramError(f"granularity={shortened(granularity)}; expected one of {', '.join(get_args(Granularity))}")
    placement = placement_of(model)
    if granularity == "unit":
        stack = placement.stack  # of a language model, it has the units of the head, too
        parts = unit_parts(stack.circuit if isinstance(stack, ResidualStack) else placement.circuit)
    else:
        modules = output_modules(model.network)
        sizes = dict(zip(modules, _widths(model, modules), strict=True))
        parts = channel_parts(placement, modules, [sizes[module] for module in modules])
    graph = _graph_of(parts, model.program.name, str(model.target), granularity)
    return _merged(graph) if granularity == "layer" else graph


def _widths(model: CompiledNetwork, modules: Sequence[str]) -> list[int]:
    """How many channels every module has."""
    per_layer = len(modules) // max(model.sizes.layers, 1)
    sizes = [width for _, width in model.network.layer_sizes]
    return [sizes[at // per_layer] for at in range(len(modules))]


def _graph_of(parts: Iterable[Part], program: str, target: str, granularity: Granularity) -> CircuitGraph:
    by_name = {part.name: part for part in parts}
    needed, waiting = set[str](), [name for name, part in by_name.items() if part.kind == "output"]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            if by_name[name].kind != "erased":  # whatever it takes away, it is gone
                waiting.extend(by_name[name].reads)
    nodes = tuple(Node(name, name in needed, part.value, part.kind, part.meaning) for name, part in by_name.items())
    edges = tuple(Edge(start, end, {start, end} <= needed) for end, part in by_name.items() for start in part.reads)
    return CircuitGraph(program, target, granularity, nodes, edges)


def _merged(graph: CircuitGraph) -> CircuitGraph:
    """The same with one node for all channels of a module, and one each for input and output."""
    groups: dict[str, list[Node]] = {}
    for node in graph.nodes:
        groups.setdefault(_module(node.name), []).append(node)
    nodes = []
    for name, members in groups.items():
        kind: Kind = members[0].kind if name in ("input", "output") else "several"
        computing = [node for node in members if node.kind != "idle"]
        values = ", ".join(dict.fromkeys(node.value for node in computing))
        kinds = ", ".join(dict.fromkeys(node.kind for node in computing))
        meaning = f"{len(computing)} of {len(members)} channels compute or pass on {values or 'nothing'}"
        nodes.append(Node(name, any(node.in_graph for node in members), values, kind, f"{meaning} ({kinds or 'idle'})"))
    edges: dict[tuple[str, str], bool] = {}
    for start, end, in_graph in graph.edges:
        ends = _module(start), _module(end)
        edges[ends] = edges.get(ends, False) or in_graph
    merged = tuple(Edge(*ends, in_graph) for ends, in_graph in edges.items())
    return CircuitGraph(graph.program, graph.target, "layer", tuple(nodes), merged)


def _module(channel: str) -> str:
    return channel.rpartition("[")[0]


def _graph_in(given: Mapping[str, Any]) -> CircuitGraph:
    cfg, kinds = given["cfg"], get_args(Kind)
    nodes = []
    for name, found in given["nodes"].items():
        texts = found["value"], found["kind"], found["meaning"]
        if not isinstance(found["in_graph"], bool) or not all(isinstance(text, str) for text in texts):
            raise ValueError(f"node {name} is {found}")
        if found["kind"] not in kinds:
            raise ValueError(f"node {name} is of kind {found['kind']}")
        nodes.append(Node(name, found["in_graph"], *texts))
    there = {node.name for node in nodes}
    edges = []
    for name, found in given["edges"].items():
        start, _, end = name.partition("->")
        if not {start, end} <= there or not isinstance(found["in_graph"], bool):
            raise ValueError(f"edge {name} is {found}, or between nodes that are not there")
        edges.append(Edge(start, end, found["in_graph"]))
    texts = cfg["program"], cfg["target"], cfg["granularity"]
    if not all(isinstance(text, str) for text in texts) or texts[2] not in get_args(Granularity):
        raise ValueError(f"cfg is {cfg}")
    return CircuitGraph(*texts, tuple(nodes), tuple(edges))
