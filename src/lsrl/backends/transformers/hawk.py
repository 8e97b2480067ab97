"""hawk: `transformers.RecurrentGemmaForCausalLM` or `RecurrentGemmaModel` with recurrent blocks only.

How its layers compute is described in `recurrent_gemma.py`. In transformers 5.23 a model
without attention cannot generate with a cache, so its configuration says `use_cache: false`.
"""

from lsrl.backends.transformers.recurrent_gemma import RECURRENT, architecture
from lsrl.backends.transformers.target import hub_target

TARGET = hub_target(
    "hawk",
    "transformers' RecurrentGemma without attention; latches, products of reals, cycles up to max_length",
    architecture((RECURRENT,), use_cache=False),
)
