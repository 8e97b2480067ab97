"""What other languages call what this one has: hints for names that are not there."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

OTHER_NAMES = {
    **dict.fromkeys(("sum", "reduce_sum"), "total(x) of the components, or cumsum(x) over time"),
    **dict.fromkeys(("mean", "average", "avg"), "total(x) / x.dim, or quotient(cumsum(x), counter(1), n) over time"),
    **dict.fromkeys(("where", "if_", "if_else", "ite", "cond", "iif"), "ifelse(cond, a, b)"),
    **dict.fromkeys(("case", "match", "piecewise", "choose"), "switch(x, {0: a, 1: b}, default)"),
    **dict.fromkeys(("max", "amax", "fmax"), "maximum(x, y)"),
    **dict.fromkeys(("min", "amin", "fmin"), "minimum(x, y)"),
    **dict.fromkeys(("abs", "fabs"), "absolute(x)"),
    **dict.fromkeys(("clamp", "saturate", "hardtanh"), "clip(x, low, high)"),
    **dict.fromkeys(("mod", "remainder", "rem", "fmod"), "modulo(x, n), or x % n"),
    **dict.fromkeys(("floor_divide", "floordiv", "intdiv"), "x // n, for whole x"),
    **dict.fromkeys(("div", "divide", "true_divide", "reciprocal"), "x / 3 by a number, quotient(x, y, n) by a value"),
    **dict.fromkeys(("add", "plus"), "x + y"),
    **dict.fromkeys(("sub", "subtract", "minus"), "x - y"),
    **dict.fromkeys(("mul", "multiply", "times", "prod"), "x * y"),
    **dict.fromkeys(("neg", "negative"), "-x"),
    **dict.fromkeys(("pow", "power", "square"), "x * x"),
    **dict.fromkeys(("dot", "matmul", "affine", "dense"), "Linear(x, A, b)"),
    **dict.fromkeys(("sqrt", "exp", "log", "sin", "cos", "tanh", "sigmoid"), "lookup(x, table), for whole x"),
    **dict.fromkeys(("concatenate", "cat", "stack", "hstack"), "Concat([x, y])"),
    **dict.fromkeys(("take", "gather", "index", "read"), "select(x, index, parts), or x[index]"),
    **dict.fromkeys(("memory", "array", "write"), "register_file(x, address, slots)"),
    **dict.fromkeys(("table", "embedding", "map"), "lookup(x, table)"),
    **dict.fromkeys(("eq", "is_equal"), "equal(x, y)"),
    **dict.fromkeys(("ne", "neq", "xor", "logical_xor"), "not_equal(x, y)"),
    **dict.fromkeys(("gt", "greater"), "larger(x, y), or x > y"),
    **dict.fromkeys(("ge", "gte", "greater_equal"), "at_least(x, y), or x >= y"),
    **dict.fromkeys(("lt", "less"), "smaller(x, y), or x < y"),
    **dict.fromkeys(("le", "lte", "less_equal"), "at_most(x, y), or x <= y"),
    **dict.fromkeys(("all", "logical_and"), "and_(x, y), or x & y"),
    **dict.fromkeys(("any", "logical_or"), "or_(x, y), or x | y"),
    **dict.fromkeys(("logical_not", "invert"), "not_(x), or ~x"),
    **dict.fromkeys(("prev", "lag", "last", "shift", "roll"), "delay(x, steps)"),
    **dict.fromkeys(("window", "conv", "conv1d", "history"), "shift_register(x, length)"),
    **dict.fromkeys(("accumulate", "running_sum", "prefix_sum", "integrate"), "cumsum(x)"),
    **dict.fromkeys(("hold", "sample_and_hold", "flip_flop", "store"), "latch(x, write)"),
    **dict.fromkeys(("ema", "leaky", "decay"), 'LinState(x, "9/10")'),
    **dict.fromkeys(("scan", "fold", "loop", "reduce"), "recur(step, init)"),
    **dict.fromkeys(("const", "zeros", "ones", "full"), "constant(numbers, dim=n)"),
    **dict.fromkeys(("repeat", "tile", "expand"), "broadcast(x, dim)"),
    **dict.fromkeys(("arange", "range", "time", "position"), "counter()"),
    **dict.fromkeys(("variable", "placeholder", "parameter", "tokens"), "Input(dim, range=(low, high))"),
}
"""What to write instead of names that people bring along."""


def instead_of(name: str, known: Iterable[str]) -> str:
    """The end of a message on a name that is not known: what to write for it, if anything comes near.

    >>> instead_of("where", []), instead_of("maximun", ["maximum", "minimum"]), instead_of("_slice", ["Slice"])
    ('; write ifelse(cond, a, b)', '; did you mean maximum?', '')
    """
    if name.startswith("_"):
        return ""
    by_lower_case = {other.lower(): other for other in known}
    plain = name.lower()
    if plain in OTHER_NAMES and plain not in by_lower_case:
        return f"; write {OTHER_NAMES[plain]}"
    close = get_close_matches(plain, by_lower_case, n=1, cutoff=0.75)
    return f"; did you mean {by_lower_case[close[0]]}?" if close else ""
