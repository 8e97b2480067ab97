"""gated-linear-rnn: a linear RNN whose layers multiply by a gate (Petrov et al. 2024, section 2).

    sₜ = A sₜ₋₁ + B xₜ + b,   yₜ = (G xₜ + g) ⊙ relu(C sₜ + d),   next layer's xₜ is yₜ

- States, ReLUs and passing on as in linear-rnn, with gate 1.
- a · b with b ≥ 0 is one unit: gate a, ReLU argument b. With both signed it is two:
  a · relu(b) − a · relu(−b).
- boolean · value needs no range: 0 · v and 1 · v are exact.
- There is no state whose matrix depends on the input.
"""

from lsrl.backends.linear.target import linear_target
from lsrl.lowering.rules import BY_GATES

TARGET = linear_target(
    "gated-linear-rnn",
    "a linear RNN whose layers multiply by a gate; any product",
    abilities=frozenset({"products", "selection", "any_matrix"}),
    rules=BY_GATES,
)
