"""States written with `LinState`: sums, counters, delays; and with `GatedState`: latches, sums that start anew."""

from __future__ import annotations

from typing import Any

from lsrl.errors import ShapeError
from lsrl.lang.broadcasting import same_dimension
from lsrl.lang.constants import Constant, as_value
from lsrl.lang.logic import and_, not_
from lsrl.lang.matrix import Matrix, cycle, identity, shift, zeros
from lsrl.lang.numbers import MOST, ONE, exact_vector, whole_number
from lsrl.lang.primitives import Concat, GatedState, Linear, LinState, Multi, claimed
from lsrl.lang.tables import one_hot
from lsrl.lang.values import Value


def cumsum(x: Any, *, init: Any = 0, name: str | None = None) -> Value:
    """init + x₁ + … + xₜ, component by component.

    >>> from lsrl import Input, Program
    >>> Program(cumsum(Input(1))).run([[1], [2], [3]]).ravel().tolist()
    [1.0, 3.0, 6.0]
    """
    return LinState(as_value(x, "cumsum"), 1, 1, init, name=name, hint="cumsum")


def counter(start: Any = 0, *, by: Any = 1, name: str | None = None) -> Value:
    """start, start + by, start + 2 by, …: `start` at the first step.

    >>> from lsrl import Input, Program
    >>> Program(counter() + 0 * Input(1)).run([[7], [7], [7]]).ravel().tolist()
    [0.0, 1.0, 2.0]
    """
    one = Constant(1, hint="one")
    (first,), (increment,) = exact_vector(start, 1, "start"), exact_vector(by, 1, "by")
    return LinState(one, 1, [[increment]], first - increment, name=name, hint="counter")


def cyclic(n: int, start: int = 0, *, name: str | None = None) -> Value:
    """The one-hot vector of (start + t) mod n, t counting steps from 0.

    The state is a permutation, exact in floating point; the paper's rotation matrix is not.

    >>> from lsrl import Input, Program
    >>> Program(cyclic(3) + 0 * Input(1)).run([[0]] * 4).tolist()[-2:]
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    n, start = whole_number(n, "length of cyclic"), whole_number(start, "start of cyclic", 0, MOST)
    init = [int(i == (start - 1) % n) for i in range(n)]
    return LinState(Constant(1, hint="one"), cycle(n), zeros(n, 1), init, name=name, hint="cyclic")


def mod_counter(n: int, start: int = 0, *, name: str | None = None) -> Value:
    """(start + t) mod n at step t, t counting from 0.

    >>> from lsrl import Input, Program
    >>> Program(mod_counter(3) + 0 * Input(1)).run([[0]] * 5).ravel().tolist()
    [0.0, 1.0, 2.0, 0.0, 1.0]
    """
    state = cyclic(n, start, name=f"{name}.one_hot" if name else None)
    return Linear(state, [list(range(state.dim))], name=name, hint="mod_counter")


def delay(x: Any, steps: int = 1, *, init: Any = 0, name: str | None = None) -> Value:
    """x as it was `steps` steps ago; `init` before that.

    >>> from lsrl import Input, Program
    >>> Program(delay(Input(1), 2)).run([[1], [2], [3]]).ravel().tolist()
    [0.0, 0.0, 1.0]
    """
    x, steps = as_value(x, "delay"), whole_number(steps, "steps of delay")
    label = name or "delay"
    history = shift_register(x, steps + 1, init=init, name=f"{label}.history" if name else None)
    last = Matrix(tuple(((steps * x.dim + i, ONE),) for i in range(x.dim)), history.dim)
    return Linear(history, last, name=name, hint="delay")


def shift_register(x: Any, length: int, *, init: Any = 0, name: str | None = None) -> Value:
    """The last `length` values of x, newest first; `init` stands for those before the first step.

    >>> from lsrl import Input, Program
    >>> Program(shift_register(Input(1), 2)).run([[1], [2], [3]]).tolist()
    [[1.0, 0.0], [2.0, 1.0], [3.0, 2.0]]
    """
    x, length = as_value(x, "shift_register"), whole_number(length, "length of shift_register")
    dim = whole_number(length * x.dim, f"dimension of {name or 'shift_register'}")
    newest = Matrix(identity(x.dim).rows + ((),) * (dim - x.dim), x.dim)
    start = exact_vector(init, x.dim, "init") * length
    return LinState(x, shift(dim, x.dim), newest, start, name=name, hint="shift_register")


def latch(x: Any, write: Any, *, init: Any = 0, name: str | None = None) -> Value:
    """x as it was when `write` was last 1, this step included; `init` before that.

    `write` is 0 or 1; any other is reported as an undecided comparison. Needs a target with gates.

    >>> from lsrl import Input, Program
    >>> x = Input(1, range=(0, 9), integer=True)
    >>> Program(latch(x, x > 4)).run([[3], [7], [2], [5]]).ravel().tolist()
    [0.0, 7.0, 7.0, 5.0]
    """
    x, write = _with_boolean(x, write, "latch", "write", name)
    taken = Multi(Concat(same_dimension(write, x)), hint=f"{name or 'latch'}.taken")
    return GatedState(taken, not_(write), init, name=name, hint="latch")


def reset_sum(x: Any, reset: Any, *, init: Any = 0, name: str | None = None) -> Value:
    """The sum of x since `reset` was last 1, that step's x included; init + x₁ + … + xₜ before that.

    `reset` is 0 or 1; any other is reported as an undecided comparison. Needs a target with gates.

    >>> from lsrl import Input, Program
    >>> x = Input(1, range=(0, 9), integer=True)
    >>> Program(reset_sum(x, x > 4)).run([[3], [1], [5], [2]]).ravel().tolist()
    [3.0, 4.0, 5.0, 7.0]
    """
    x, reset = _with_boolean(x, reset, "reset_sum", "reset", name)
    return GatedState(x, not_(reset), init, name=name, hint="reset_sum")


def register_file(x: Any, address: Any, slots: int, *, write: Any = 1, init: Any = 0, name: str | None = None) -> Value:
    """`slots` registers, one after the other: register i is x as it was when last `address` was i and `write` was 1.

    This step is included; `init`, one number or one for each component of all registers, is there before that. An
    address that is not 0 … slots − 1 writes nothing. `select(registers, index, slots)` reads the register at an index,
    `registers[index]` where x has one component; of `delay(registers)` they read what was there before this step.
    Needs a target with gates. Raises `ShapeError` for an address or a `write` of several components.

    >>> from lsrl import Input, Program
    >>> x = Input(2, range=(0, 9), integer=True)
    >>> Program(register_file(x[1], x[0], 3)).run([[0, 7], [2, 5], [0, 1]]).tolist()
    [[7.0, 0.0, 0.0], [7.0, 0.0, 5.0], [1.0, 0.0, 5.0]]
    """
    label, slots = name or "register_file", whole_number(slots, "slots of register_file")
    x, address = as_value(x, "register_file"), as_value(address, "register_file with an address")
    write = as_value(write, "register_file with a write")
    for role, value in (("address", address), ("write", write)):
        if value.dim != 1:
            raise ShapeError(f"{role} of {label} is {value.label}, which has dimension {value.dim}; expected 1")
    dim = whole_number(slots * x.dim, f"dimension of {label}")
    here = and_(one_hot(address, slots), claimed(write, f"{label}.write"))
    each = Matrix.from_entries((dim, slots), {(i, i // x.dim): 1 for i in range(dim)})
    writes = Linear(here, each, comparison=True, hint=f"{label}.writes")
    taken = Multi(Concat([writes, *[x] * slots]), hint=f"{label}.taken")
    return GatedState(taken, not_(writes), init, name=name, hint="register_file")


def _with_boolean(x: Any, boolean: Any, function: str, role: str, name: str | None) -> tuple[Value, Value]:
    """Both, x as long as the boolean; a boolean of dimension 1 stays so, since it gates every component."""
    x = as_value(x, function)
    boolean = as_value(boolean, f"{function}({x.label}) with a {role}")
    return same_dimension(x, boolean)[0], claimed(boolean, f"{name or function}.{role}")
