"""A compiled Hawk in TransformerLens, which gets a hook inside its layers first.

Run: python examples/tools/hawk_in_transformer_lens.py
"""

import tempfile

import torch
from transformer_lens.factories.architecture_adapter_factory import ArchitectureAdapterFactory
from transformer_lens.model_bridge import TransformerBridge
from transformer_lens.model_bridge.generalized_components import LinearBridge
from transformer_lens.model_bridge.supported_architectures.recurrent_gemma import RecurrentGemmaArchitectureAdapter
from transformers import AutoModelForCausalLM, AutoTokenizer

import lsrl


class HookedInside(RecurrentGemmaArchitectureAdapter):
    """TransformerLens hooks what is between layers. A variable is inside one: behind the recurrence, before the MLP."""

    def __init__(self, cfg):
        super().__init__(cfg)
        inside = LinearBridge("temporal_block.linear_out", optional=True)  # Griffin's attention layers have none
        self.component_mapping["blocks"].submodules["temporal_block"] = inside


ArchitectureAdapterFactory.register_adapter("RecurrentGemmaForCausalLM", HookedInside)

# Are the brackets balanced so far? Their depth is to have a place of its own in the network.
words = lsrl.Vocabulary({")": -1, "(": 1, "no": 0, "yes": 2})
depth = lsrl.cumsum(lsrl.Input(1, range=(-1, 1), integer=True, name="bracket"), name="depth")
program = lsrl.Program(lsrl.ifelse(lsrl.equal(depth, 0), 2, 0), name="balanced", vocabulary=words)
model = lsrl.compile(program, "hawk", max_length=64, variables=["depth"])
with tempfile.TemporaryDirectory() as folder:
    model.save(f"{folder}/balanced")
    bridge = TransformerBridge.boot_transformers(f"{folder}/balanced")
    stock = AutoModelForCausalLM.from_pretrained(f"{folder}/balanced")
    tokenizer = AutoTokenizer.from_pretrained(f"{folder}/balanced")

# The tokenizer puts <bos> in front, where `bridge.to_tokens` leaves it out for this architecture.
texts = ("( ( ) ( ) )", "( ) ( ) ( (")
base, source = (tokenizer(text, return_tensors="pt")["input_ids"] for text in texts)
logits, cache = bridge.run_with_cache(source)
assert torch.equal(logits, stock(source).logits)

# The base runs with the depth that the source has at step 3, which is position 4.
place, STEP = model.sites["depth"].value.coordinates[0], 3
hook = place.modules[0].replace("model.layers", "blocks") + ".hook_out"
print(f"number {place.index} of {hook} says on the source", (place.scale * cache[hook][0, 1:, place.index]).tolist())


def exchange(output, hook):
    output[:, STEP + 1, place.index] = cache[hook.name][:, STEP + 1, place.index]
    return output


found = bridge.run_with_hooks(base, fwd_hooks=[(hook, exchange)])[0, 1:].argmax(dim=-1)
x, other = ([[words.number_of(word)] for word in text.split()] for text in texts)
expected = program.run(x, do={"depth": (STEP, program.trace(other)["depth"][STEP])})
assert tokenizer.convert_ids_to_tokens(found) == [words.text_of(int(number)) for number in expected.ravel()]
print("the base then answers, as the program says:", *tokenizer.convert_ids_to_tokens(found))
