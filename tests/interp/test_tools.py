"""Sites in the names of TransformerLens, nnsight and pyvene: the same tensors, read and written there."""

import re
import runpy
from itertools import count
from pathlib import Path

import numpy as np
import pytest

import lsrl
from lsrl import ProgramError, UnsupportedProgram
from lsrl.backends.registry import TARGETS, target_named
from lsrl.interp.tool_names import named

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "tools").glob("*.py"))
STREAMS = tuple(name for name in TARGETS if target_named(name).tokens)
OTHERS = tuple(name for name in TARGETS if name not in STREAMS)
BRIDGED = ("mamba", "falcon-mamba", "mamba2")
WORDS = lsrl.Vocabulary({")": -1, "(": 1, "no": 0, "yes": 2})
STEPS, STEP = 9, 5


def compiled(target, vocabulary=None):
    depth = lsrl.cumsum(lsrl.Input(1, range=(-1, 1), integer=True), name="depth")
    program = lsrl.Program(lsrl.ifelse(depth > 0, 2, 0), vocabulary=vocabulary)
    return lsrl.compile(program, target, max_length=32, variables=["depth"])


def inputs():
    """A base and a source of each of a batch of pairs."""
    return np.random.default_rng(0).choice([-1.0, 1.0], size=(2, 8, STEPS, 1))


def what_the_program_says(model, kind="value"):
    """The depth at all steps of the sources, and the answers on the bases, with it at one step: some change."""
    base, source = inputs()
    numbers = model.program.trace(source)["depth"][..., 0]
    answers = model.program.run(base, do={"depth": (STEP, numbers[:, STEP, None, None])}, kind=kind)
    assert (answers != model.program.run(base)).any()
    return numbers, answers[..., 0]


def in_transformer_lens(folder, base, source, name, index):
    """The logits on the sources, what the site has there, and the logits on the bases with it at one step."""
    from transformer_lens.model_bridge import TransformerBridge

    bridge = TransformerBridge.boot_transformers(folder)

    def write(output, hook):
        output[:, STEP + 1, index] = cache[hook.name][:, STEP + 1, index]
        return output

    logits, cache = bridge.run_with_cache(source)
    return logits, cache[name], bridge.run_with_hooks(base, fwd_hooks=[(name, write)])


def in_nnsight(folder, base, source, name, index):
    from nnsight import TransformersModel

    envoy = TransformersModel(folder, task="text-generation", dispatch=True)
    with envoy.trace(source):
        there, logits = envoy.get(name).save(), envoy.output.logits.save()
    with envoy.trace(base):
        envoy.get(name)[:, STEP + 1, index] = there[:, STEP + 1, index]
        exchanged = envoy.output.logits.save()
    return logits, there, exchanged


def in_pyvene(folder, base, source, name, index):
    import pyvene
    from transformers import AutoModelForCausalLM

    network, base, source = AutoModelForCausalLM.from_pretrained(folder), {"input_ids": base}, {"input_ids": source}
    collecting = pyvene.IntervenableModel({"component": name, "intervention": pyvene.CollectIntervention()}, network)
    (_, (there,)), outputs = collecting(source)
    exchange = pyvene.IntervenableModel({"component": name, "intervention": pyvene.VanillaIntervention()}, network)
    _, exchanged = exchange(base, [source], unit_locations={"sources->base": (STEP + 1, STEP + 1)}, subspaces=[index])
    return outputs.logits, there, exchanged.logits


IN_TOOL = {"transformer_lens": in_transformer_lens, "nnsight": in_nnsight, "pyvene": in_pyvene}
LANGUAGE_MODELS = [(tool, name) for tool in IN_TOOL for name in (BRIDGED if tool == "transformer_lens" else STREAMS)]


@pytest.mark.parametrize(("tool", "target"), LANGUAGE_MODELS)
def test_an_exchange_in_a_language_model_does_what_the_program_says(tool, target, tmp_path):
    pytest.importorskip(tool)
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, folder = compiled(target, WORDS), str(tmp_path / "model")
    model.save(folder)
    stock, tokenizer = (kind.from_pretrained(folder) for kind in (AutoModelForCausalLM, AutoTokenizer))
    texts = [[" ".join(WORDS.text_of(int(n)) for n in x.ravel()) for x in batch] for batch in inputs()]
    base, source = (torch.tensor(tokenizer(batch)["input_ids"]) for batch in texts)
    site = named(model.sites["depth"].value, model, tool)
    ((name,), index) = (site.coordinates[0].modules, site.coordinates[0].index)
    with torch.no_grad():
        logits, there, exchanged = IN_TOOL[tool](folder, base, source, name, index)
        assert torch.equal(logits, stock(source).logits)
    depths, answers = what_the_program_says(model)
    assert (site.read({name: there})[0][:, 1:].numpy() == depths).all()
    told = [tokenizer.convert_ids_to_tokens(row) for row in exchanged[:, 1:].argmax(dim=-1)]
    assert told == [[WORDS.text_of(int(number)) for number in row] for row in answers]


def unrolled_in_nnsight(network, x, sites, numbers):
    """The outputs for x with numbers at sites, at one step; every module is called once a step."""
    from nnsight import NNsight

    envoy = NNsight(network)
    with envoy.trace(x) as tracer:
        for _ in tracer.iter[STEP : STEP + 1]:
            for site in sites:
                for place in site.coordinates:
                    for name in place.modules:
                        envoy.get(name)[:, place.index] = place.stored(numbers)
        outputs = envoy.output.save()
    return outputs  # noqa: RET504 (there is nothing to return before the trace has run)


def unrolled_in_pyvene(network, x, sites, numbers):
    import pyvene

    def writing(place):
        calls = count()

        def write(output, _):
            if next(calls) == STEP:
                output[:, place.index] = place.stored(numbers)
            return output

        return write

    places = [(name, place) for site in sites for place in site.coordinates for name in place.modules]
    writes = [{"component": name, "intervention": writing(place)} for name, place in places]
    intervenable = pyvene.IntervenableModel(writes, network)
    intervenable.is_model_stateless = False
    return intervenable({"x": x})[1]


@pytest.mark.filterwarnings("ignore:Module '.*' has a submodule named 'output'")  # which nnsight then renames
@pytest.mark.parametrize("target", OTHERS)
@pytest.mark.parametrize("tool", ["nnsight", "pyvene"])
def test_an_exchange_in_an_unrolled_network_does_what_the_program_says(tool, target):
    pytest.importorskip(tool)
    import torch

    model = compiled(target)
    value, state = (named(s, model, tool) for s in (model.sites["depth"].value, model.sites["depth"].state))
    run = {"nnsight": unrolled_in_nnsight, "pyvene": unrolled_in_pyvene}[tool]
    x = torch.tensor(inputs()[0].astype(model.dtype))
    for kind, sites in (("value", [value]), ("continuing", [state, value])):
        depths, answers = what_the_program_says(model, kind)
        with torch.no_grad():
            outputs = run(model.hooked(), x, sites, torch.tensor(depths[:, STEP].astype(model.dtype)))
        assert (outputs[..., 0].numpy() == answers).all()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples_say_that_an_exchange_does_what_the_program_says(example, capsys):
    pytest.importorskip(example.stem.partition("_in_")[2])
    runpy.run_path(str(example), run_name="__main__")
    assert "as the program says" in capsys.readouterr().out


@pytest.mark.parametrize("vocabulary", [WORDS, None], ids=["tokens", "numbers"])
@pytest.mark.parametrize("target", STREAMS)
def test_a_stock_model_has_what_the_hooked_one_has_under_the_name(target, vocabulary):
    """Without any tool: the name is a module's of what is saved, which puts out what the site's module does."""
    import torch

    model = compiled(target, vocabulary)
    site = model.sites["depth"].value
    path = named(site, model, "nnsight").coordinates[0].modules[0].removesuffix(".output")
    assert path in dict(model.module.named_modules())
    hooked, seen = model.hooked(), []
    for name in (site.coordinates[0].modules[0], f"model.{re.search(r'(layers|blocks)[.].*', path)[0]}"):
        hooked.get_submodule(name).register_forward_hook(lambda _, __, output: seen.append(output))
    hooked(torch.ones((1, 3, 1)))
    inner, outer = seen
    assert torch.equal(inner, outer[0] if isinstance(outer, tuple) else outer)


def test_what_has_no_place_in_a_tool_is_refused():
    mamba, hawk, lstm = compiled("mamba", WORDS), compiled("hawk", WORDS), compiled("lstm")
    with pytest.raises(UnsupportedProgram, match=r"'depth' of .* inside a scan of MambaForCausalLM.*value site"):
        named(mamba.sites["depth"].state, mamba, "nnsight")
    with pytest.raises(UnsupportedProgram, match=r"no hook at model.layers.1.temporal_block .* on hawk; expected"):
        named(hawk.sites["depth"].value, hawk, "transformer_lens")
    with pytest.raises(UnsupportedProgram, match=r"no hook at layers.\d.hidden .* on lstm; expected"):
        named(lstm.sites["depth"].value, lstm, "transformer_lens")
    with pytest.raises(UnsupportedProgram, match="TransformerLens has no hook"):  # a MambaModel, which has no head
        named(compiled("mamba").sites["depth"].value, compiled("mamba"), "transformer_lens")
    with pytest.raises(ProgramError, match="not one of program on lstm; expected one of model.sites"):
        named(mamba.sites["depth"].value, lstm, "pyvene")
    with pytest.raises(ProgramError, match="tool is 'captum'; expected one of transformer_lens, nnsight, pyvene"):
        named(mamba.sites["depth"].value, mamba, "captum")
