"""linear-rnn: linear states with a ReLU layer between them (Petrov et al. 2024, section 2).

    sₜ = A sₜ₋₁ + B xₜ + b,   yₜ = relu(C sₜ + d),   next layer's xₜ is yₜ

- A linear state of the program is a block of A; values that only pass through have A = 0, s = x.
- A ReLU is a row of C.
- A signed value v travels as relu(v) and relu(−v), or lifted by its lowest value as one line.
- boolean · value is big-M: relu(v − M(1 − c)) is v where c = 1 and 0 where c = 0, M ≥ |v|.
- There is no product of two values, and no state whose matrix depends on the input.
"""

from lsrl.backends.linear.target import linear_target
from lsrl.lowering.rules import WITHOUT_PRODUCTS

TARGET = linear_target(
    "linear-rnn",
    "layers of a linear state and ReLUs; selection by big-M, no products",
    abilities=frozenset({"any_matrix"}),
    rules=WITHOUT_PRODUCTS,
)
