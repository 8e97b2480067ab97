"""A compiled Mamba and a compiled Hawk in nnsight: a variable is read and exchanged where the compiler says that it is.

Run: python examples/tools/mamba_and_hawk_in_nnsight.py
"""

import tempfile

import torch
from nnsight import TransformersModel
from transformers import AutoModelForCausalLM

import lsrl
from lsrl.interp import named

# Are the brackets balanced so far? Their depth is to have a place of its own in the network.
words = lsrl.Vocabulary({")": -1, "(": 1, "no": 0, "yes": 2})
depth = lsrl.cumsum(lsrl.Input(1, range=(-1, 1), integer=True, name="bracket"), name="depth")
program = lsrl.Program(lsrl.ifelse(lsrl.equal(depth, 0), 2, 0), name="balanced", vocabulary=words)

BASE, SOURCE, STEP = "( ( ) ( ) )", "( ) ( ) ( (", 3
x, other = ([[words.number_of(word)] for word in text.split()] for text in (BASE, SOURCE))
expected = program.run(x, do={"depth": (STEP, program.trace(other)["depth"][STEP])})

for target in ("mamba", "hawk"):
    model = lsrl.compile(program, target, max_length=64, variables=["depth"])
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/balanced")
        network = TransformersModel(f"{folder}/balanced", task="text-generation", dispatch=True)
        stock = AutoModelForCausalLM.from_pretrained(f"{folder}/balanced")
    site = named(model.sites["depth"].value, model, "nnsight")
    ((name,), index) = (site.coordinates[0].modules, site.coordinates[0].index)

    # nnsight has the logits that transformers has, bit for bit. The depth is read from its site, from position 1 on.
    with torch.no_grad(), network.trace(SOURCE):
        there = network.get(name).save()
        logits = network.output.logits.save()
    assert torch.equal(logits, stock(network.tokenizer(SOURCE, return_tensors="pt")["input_ids"]).logits)
    print(f"{target}: number {index} of {name} says on the source", site.read({name: there})[0][0, 1:].tolist())

    # An interchange: the base runs with the depth that the source has at step 3, which is position 4.
    with torch.no_grad(), network.trace(BASE):
        network.get(name)[:, STEP + 1, index] = there[:, STEP + 1, index]
        found = network.output.logits[0, 1:].argmax(dim=-1).save()
    answers = network.tokenizer.convert_ids_to_tokens(found)
    assert answers == [words.text_of(int(number)) for number in expected.ravel()]
    print("the base then answers, as the program says:", *answers)
