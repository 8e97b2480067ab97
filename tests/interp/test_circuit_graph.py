"""The graph says what answers need: all else can be changed, what is in it can not, and nothing acts past its edges."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

import lsrl
from lsrl import Concat, Linear, Program, zoo
from lsrl.backends.registry import TARGETS
from lsrl.errors import FormatError, ProgramError
from lsrl.interp import Disguise
from lsrl.interp.circuit_ablation import activations_of, answers_patched, by_module, changed, channel_names, moving
from lsrl.interp.circuit_channels import output_modules
from lsrl.interp.circuit_graph import CircuitGraph, circuit_graph
from lsrl.interp.task import Task
from lsrl.model.assembled_from import placement_of
from strategies import rotated

RESIDUAL = ["mamba", "mamba2", "hawk", "griffin"]


def beside_decoy(program):
    """The program with a counter of the same input and what it is compared with, of which the answer reads nothing."""
    counter = lsrl.cumsum(program.input[0] + 1, name="decoy.counter")
    met = lsrl.equal(counter, 3, name="decoy.met")
    weights = [[int(i == j) for j in range(program.output.dim + 1)] for i in range(program.output.dim)]
    return Program(Linear(Concat([program.output, met]), weights), name=program.name)


class Case:
    """A compiled program, its graph, and pairs of inputs with all that their runs show."""

    def __init__(self, name, target, decoy=False, pairs=4):
        entry = zoo.get(name)
        program = beside_decoy(entry.program) if decoy else entry.program
        self.model = lsrl.compile(program, target, max_length=64)
        self.graph = circuit_graph(self.model)
        rng = np.random.default_rng(1)
        self.x, other = (np.stack([entry.sample(rng, 12) for _ in range(pairs)]) for _ in range(2))
        self.task = SimpleNamespace(model=self.model, network=self.model.hooked())
        self.base, self.answers = activations_of(self.task, self.x)
        self.source, _ = activations_of(self.task, other)
        self.names = channel_names(self.base)
        self.needed = np.array([name in self.graph.in_graph for name in self.names])
        self.moving = moving(self.base, self.source)

    def moved_with(self, channel):
        """The channels that are not as on the base when this one is as on the source."""
        rows = by_module(np.arange(len(self.names)) == channel, self.source)
        seen = {module: [] for module in self.base}

        def put(module, position, output):
            source = self.source[module][:, position : position + output.shape[1]]
            return source.where(rows[module], output)

        def note(module, _, output):
            seen[module].append(output.detach().clone())
            return output

        modules = list(self.base)
        with changed(self.task.network, modules, put), changed(self.task.network, modules, note):
            activations_of(self.task, self.x)
        found = {module: np.concatenate([o.numpy() for o in outputs], axis=1) for module, outputs in seen.items()}
        differ = [(found[m] != self.base[m].numpy()).any(axis=(0, 1)) for m in modules]
        return {self.names[i] for i in np.flatnonzero(np.concatenate(differ))}


CASES = [("bracket_balance", True), ("median_of_3", False), ("a_n_b_n_c_n", True)]


@pytest.mark.parametrize(("named", "target"), rotated(CASES, TARGETS, 2))
def test_answers_need_nothing_else_and_all_that_is_in_the_graph(named, target):
    case = Case(named[0], target, decoy=named[1], pairs=32)
    assert set(case.names) == {node.name for node in case.graph.nodes if node.kind not in ("input", "output")}
    for others in (case.source, {module: output * 0 for module, output in case.source.items()}):
        assert np.array_equal(answers_patched(case.task, case.x, others, ~case.needed[None])[0], case.answers)
    inside = np.flatnonzero(case.moving & case.needed)
    found = answers_patched(case.task, case.x, case.source, np.eye(len(case.names), dtype=bool)[inside])
    # What takes a value out of the stream can be changed where the next one in its place decides as before.
    assert (found != case.answers).any(axis=(1, 2, 3)).mean() >= 0.9


@pytest.mark.parametrize("target", ["gated-linear-rnn", "rnn-tanh", "gru", "mamba", "hawk"])
def test_nothing_acts_past_the_edges(target):
    case = Case("a_n_b_n_c_n", target, decoy=True)
    after = {name: {edge.end for edge in case.graph.edges if edge.start == name} for name in case.names}
    for channel in np.flatnonzero(case.moving).tolist():
        reached, waiting = set(), [case.names[channel]]
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting.extend(after.get(name, ()))
        assert case.moved_with(channel) <= reached, case.names[channel]


@pytest.mark.parametrize("target", ["rnn-relu", "lstm", *RESIDUAL])
def test_decoys_move_and_are_not_in_the_graph(target):
    case = Case("bracket_balance", target, decoy=True)
    decoys = [node for node in case.graph.nodes if node.value.startswith("decoy")]
    assert decoys
    assert not any(node.in_graph for node in decoys)
    moving = {name for name, moves in zip(case.names, case.moving, strict=True) if moves}
    assert {node.name for node in decoys} & moving
    units = {node.value: node.in_graph for node in circuit_graph(case.model, "unit").nodes}
    assert units["depth"]
    assert not units["decoy.counter"]


@pytest.mark.parametrize("target", ["rnn-relu", "gru", "mamba", "hawk"])
def test_a_unit_is_in_the_graph_where_its_channels_are(target):
    case = Case("bracket_balance", target, decoy=True)
    units = {node.name: node for node in circuit_graph(case.model, "unit").nodes}
    modules, placement = output_modules(case.model.network), placement_of(case.model)
    for unit_id, place in placement.places().items():
        if place.part == "output":
            channels = [
                case.graph[f"{module}[{i}]"] for module in modules for i, _ in place.weights if computes(module, place)
            ]
            own = [node for node in channels if node.value == units[f"%{unit_id}"].value]
            assert own
            assert {node.in_graph for node in own} == {units[f"%{unit_id}"].in_graph}


def computes(module, place):
    return f"layers.{place.layer}." in module


def test_nodes_say_what_they_compute():
    graph = Case("bracket_balance", "gru").graph
    assert graph["layers.1.hidden[0]"].meaning == "whether depth - 1/2 is above 0"
    assert graph["layers.0.hidden[1]"].kind == "idle"
    assert (graph["layers.2.hidden[1]"].kind, graph["layers.2.hidden[1]"].value) == (
        "carried",
        "equal.above + equal.below",
    )
    with pytest.raises(ProgramError, match=r"no node of bracket_balance on gru is named 'h'"):
        graph["h"]


@pytest.mark.parametrize("target", ["lstm", "hawk"])
def test_layers_are_their_channels_together(target):
    case = Case("bracket_balance", target, decoy=True)
    layers = circuit_graph(case.model, "layer")
    modules = [node.name for node in layers.nodes if node.name not in ("input", "output")]
    assert tuple(modules) == output_modules(case.model.network) == Task(case.model, None).modules
    for node in layers.nodes:
        assert node.in_graph == any(name.startswith(f"{node.name}[") for name in case.graph.in_graph)
    ends = {(a.rpartition("[")[0], b.rpartition("[")[0]) for a, b, _ in case.graph.edges}
    assert {(a, b) for a, b, _ in layers.edges} == ends


def test_a_loaded_model_has_the_same_graph_and_a_disguised_one_has_none(tmp_path):
    entry = zoo.get("bracket_balance")
    model = lsrl.compile(entry.program, "mamba", max_length=64, variables=["depth"])
    model.save(tmp_path / "model")
    assert circuit_graph(lsrl.load(tmp_path / "model")) == circuit_graph(model)
    with pytest.raises(FormatError, match=r"the weights of bracket_balance are no longer what mamba compiles it to"):
        circuit_graph(Disguise().applied(model, entry.sample)[0])
    with pytest.raises(ProgramError, match=r"granularity='head'; expected one of unit, channel, layer"):
        circuit_graph(model, "head")


def test_graphs_are_written_as_mib_does(tmp_path):
    graph = Case("bracket_balance", "lstm", decoy=True).graph
    graph.save(tmp_path / "circuit.json")
    assert CircuitGraph.load(tmp_path / "circuit.json") == graph
    found = json.loads((tmp_path / "circuit.json").read_text())
    assert found.keys() == {"cfg", "nodes", "edges"}
    assert found["nodes"].keys() >= {"input[0]", "output[0]"}
    assert {tuple(edge) for edge in found["edges"].values()} == {("in_graph", "score")}
    assert all(node["in_graph"] == (node["score"] == 1) for node in found["nodes"].values())
    scored = graph.as_mib({"layers.0.hidden[0]": 0.5})
    assert scored["nodes"]["layers.0.hidden[0]"]["score"] == 0.5


@pytest.mark.parametrize(
    "change",
    [
        lambda graph: [],
        lambda graph: graph.pop("cfg") and graph,
        lambda graph: graph["nodes"].popitem() and graph,
        lambda graph: graph["nodes"]["input[0]"].update(in_graph=1) or graph,
        lambda graph: graph["nodes"]["input[0]"].update(kind="head") or graph,
        lambda graph: graph["cfg"].update(granularity="head") or graph,
        lambda graph: graph["edges"].update({"a->b": {}}) or graph,
    ],
)
def test_other_files_are_refused_in_a_line(change, tmp_path):
    depth = lsrl.cumsum(lsrl.Input(1, range=(-1, 1), integer=True), name="depth")
    graph = circuit_graph(lsrl.compile(Program(depth > 1), "lstm", max_length=9)).as_mib()
    (tmp_path / "circuit.json").write_text(json.dumps(change(graph)))
    with pytest.raises(FormatError, match=r"circuit.json holds no circuit \(.*\); expected a file that save wrote"):
        CircuitGraph.load(tmp_path / "circuit.json")
