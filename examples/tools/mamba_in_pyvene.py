"""A compiled Mamba in pyvene: a variable is read and exchanged where the compiler says that it is.

Run: python examples/tools/mamba_in_pyvene.py
"""

import tempfile

import pyvene
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import lsrl
from lsrl.interp import named

# Are the brackets balanced so far? Their depth is to have a place of its own in the network.
words = lsrl.Vocabulary({")": -1, "(": 1, "no": 0, "yes": 2})
depth = lsrl.cumsum(lsrl.Input(1, range=(-1, 1), integer=True, name="bracket"), name="depth")
program = lsrl.Program(lsrl.ifelse(lsrl.equal(depth, 0), 2, 0), name="balanced", vocabulary=words)
model = lsrl.compile(program, "mamba", max_length=64, variables=["depth"])
with tempfile.TemporaryDirectory() as folder:
    model.save(f"{folder}/balanced")
    stock = AutoModelForCausalLM.from_pretrained(f"{folder}/balanced")
    tokenizer = AutoTokenizer.from_pretrained(f"{folder}/balanced")
texts = ("( ( ) ( ) )", "( ) ( ) ( (")
base, source = ({"input_ids": tokenizer(text, return_tensors="pt")["input_ids"]} for text in texts)
plain = stock(**base).logits

# The depth is read from its site. Position 0 is <bos>: step t is position t + 1.
site = named(model.sites["depth"].value, model, "pyvene")
((component,), index) = (site.coordinates[0].modules, site.coordinates[0].index)
collecting = pyvene.IntervenableModel({"component": component, "intervention": pyvene.CollectIntervention()}, stock)
(_, (there,)), _ = collecting(source)
print(f"number {index} of {component} says on the source", site.read({component: there})[0][0, 1:].tolist())

# An interchange: the base runs with the depth that the source has at step 3. Without, logits are bit for bit the same.
# Mamba is in none of pyvene's tables, so it gets an intervention that is made already.
STEP = 3
exchange = pyvene.IntervenableModel({"component": component, "intervention": pyvene.VanillaIntervention()}, stock)
at = {"sources->base": (STEP + 1, STEP + 1)}
before, after = exchange(base, [source], unit_locations=at, subspaces=[index], output_original_output=True)
assert torch.equal(before.logits, plain)
x, other = ([[words.number_of(word)] for word in text.split()] for text in texts)
expected = program.run(x, do={"depth": (STEP, program.trace(other)["depth"][STEP])})
answers = tokenizer.convert_ids_to_tokens(after.logits[0, 1:].argmax(dim=-1))
assert answers == [words.text_of(int(number)) for number in expected.ravel()]
print("the base then answers, as the program says:", *answers)
