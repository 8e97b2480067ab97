"""A compiled Mamba in TransformerLens: a variable is read and exchanged where the compiler says that it is.

Run: python examples/tools/mamba_in_transformer_lens.py
"""

import tempfile

import torch
from transformer_lens.model_bridge import TransformerBridge
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
    bridge = TransformerBridge.boot_transformers(f"{folder}/balanced")
    stock = AutoModelForCausalLM.from_pretrained(f"{folder}/balanced")
    tokenizer = AutoTokenizer.from_pretrained(f"{folder}/balanced")

# TransformerLens has the logits that transformers has, bit for bit.
texts = ("( ( ) ( ) )", "( ) ( ) ( (")
base, source = (tokenizer(text, return_tensors="pt")["input_ids"] for text in texts)
logits, cache = bridge.run_with_cache(source)
assert torch.equal(logits, stock(source).logits)

# The depth is read from its site. Position 0 is <bos>: step t is position t + 1.
site = named(model.sites["depth"].value, model, "transformer_lens")
((hook,), index) = (site.coordinates[0].modules, site.coordinates[0].index)
print(f"number {index} of {hook} says on the source", site.read(cache)[0][0, 1:].tolist())

# An interchange: the base runs with the depth that the source has at step 3.
STEP = 3


def exchange(output, hook):
    output[:, STEP + 1, index] = cache[hook.name][:, STEP + 1, index]
    return output


found = bridge.run_with_hooks(base, fwd_hooks=[(hook, exchange)])[0, 1:].argmax(dim=-1)
x, other = ([[words.number_of(word)] for word in text.split()] for text in texts)
expected = program.run(x, do={"depth": (STEP, program.trace(other)["depth"][STEP])})
assert tokenizer.convert_ids_to_tokens(found) == [words.text_of(int(number)) for number in expected.ravel()]
print("the base then answers, as the program says:", *tokenizer.convert_ids_to_tokens(found))
