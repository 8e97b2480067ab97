"""griffin: `transformers.RecurrentGemmaForCausalLM` or `RecurrentGemmaModel` as it comes: every third block attends.

How its layers compute is described in `recurrent_gemma.py`. Its attention writes zero; the
MLPs of those layers compute like the others.
"""

from lsrl.backends.transformers.recurrent_gemma import ATTENTION, RECURRENT, architecture
from lsrl.backends.transformers.target import hub_target

TARGET = hub_target(
    "griffin",
    "transformers' RecurrentGemma as it comes; latches, products of reals, cycles up to max_length",
    architecture((RECURRENT, RECURRENT, ATTENTION), use_cache=True),
)
