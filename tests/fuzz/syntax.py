"""Programs as the fuzzer writes them: nodes that know their dimension and print as code of the public interface."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Number = int | Fraction
Dims = Sequence[int]
Params = Mapping[str, Any]

LONGEST_INLINE = 60
"""A value that is read once is printed where it is read, unless it is longer than this."""


class MalformedError(ValueError):
    """A node whose parts do not fit; the generators and the minimiser try another."""


@dataclass(frozen=True, eq=False)
class Node:
    """A value of a program. Nodes are compared by identity: what is read twice is one node."""

    op: str
    args: tuple[Node, ...]
    params: Params
    dim: int
    name: str | None = None


def make(op: str, *args: Node, name: str | None = None, **params: Any) -> Node:
    """The node of that operation; raises `MalformedError` where dimensions do not fit."""
    dim = OPERATIONS[op].dim([arg.dim for arg in args], params)
    if dim < 1:
        raise MalformedError(f"{op} of dimension {dim}")
    if op == "recur" and (args[1].op != "previous" or args[1] not in ordered(args[:1])):
        raise MalformedError("a state that is no function of what it was")
    return Node(op, args, params, dim, name)


def number(value: Number) -> Node:
    """A number in the place of a value, printed as a literal."""
    return make("number", value=value)


def ordered(outputs: Iterable[Node]) -> list[Node]:
    """All nodes that the outputs depend on, arguments first."""
    found: dict[Node, None] = {}
    waiting: list[tuple[Node, bool]] = [(node, False) for node in reversed(list(outputs))]
    while waiting:
        node, entered = waiting.pop()
        if node in found:
            continue
        if entered:
            found[node] = None
        else:
            waiting.append((node, True))
            waiting.extend((arg, False) for arg in reversed(node.args))
    return list(found)


def literal(value: Any) -> str:
    """The number, text, or nested tuple of them as Python code."""
    if isinstance(value, Fraction):
        whole = value.denominator == 1
        return str(value.numerator) if whole else f"Fraction({value.numerator}, {value.denominator})"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(literal, value)) + "]"
    return repr(value)


def lines_of(outputs: Sequence[Node]) -> tuple[list[str], list[str]]:
    """Assignments, one a line, and the expressions of the outputs after them."""
    nodes = ordered(outputs)
    readers = Counter(arg for node in nodes for arg in node.args)
    readers.update(outputs)
    lines: list[str] = []
    written: dict[Node, str] = {}
    for node in nodes:
        code = _code(node, [written[arg] for arg in node.args])
        if node.op == "number" or (readers[node] == 1 and len(code) <= LONGEST_INLINE and node.op != "input"):
            written[node] = code
        else:
            written[node] = "x" if node.op == "input" else f"v{len(lines)}"
            lines.append(f"{written[node]} = {code}")
    return lines, [written[node] for node in outputs]


def _code(node: Node, arguments: Sequence[str]) -> str:
    template = OPERATIONS[node.op].code
    named = f", name={node.name!r}" if node.name else ""
    fields = {key: literal(value) for key, value in node.params.items()}
    return template.format(*arguments, all=", ".join(arguments), named=named, **fields)


@dataclass(frozen=True)
class Operation:
    """How an operation prints, and the dimension that it gives its value."""

    code: str
    dim: Callable[[Dims, Params], int]


def _together(dims: Dims, _: Params) -> int:
    """The dimension of values taken component by component; those of dimension 1 fit any."""
    wide = {dim for dim in dims if dim != 1} or {1}
    if len(wide) > 1:
        raise MalformedError(f"dimensions {sorted(wide)}")
    return wide.pop()


def _first(dims: Dims, _: Params) -> int:
    return dims[0]


def _only_first(dims: Dims, _: Params) -> int:
    """The first argument's dimension, which another may have or be 1."""
    if any(dim not in {1, dims[0]} for dim in dims):
        raise MalformedError(f"dimensions {list(dims)}")
    return dims[0]


def _scalar(result: Callable[[Params], int]) -> Callable[[Dims, Params], int]:
    def dim(dims: Dims, params: Params) -> int:
        if any(given != 1 for given in dims):
            raise MalformedError("expected dimension 1")
        return result(params)

    return dim


def _matrix_rows(matrix: Any, columns: int) -> int:
    """The rows of a matrix that is given as tuples, or as one number."""
    if not isinstance(matrix, tuple):
        return columns
    if not matrix or any(len(row) != columns for row in matrix):
        raise MalformedError("a matrix of another width")
    return len(matrix)


def _fits(vector: Any, dim: int) -> None:
    if isinstance(vector, tuple) and len(vector) != dim:
        raise MalformedError("a vector of another length")


def _linear(dims: Dims, params: Params) -> int:
    dim = _matrix_rows(params["A"], dims[0])
    _fits(params["b"], dim)
    return dim


def _lin_state(dims: Dims, params: Params) -> int:
    dim = _matrix_rows(params["B"], dims[0])
    if _matrix_rows(params["A"], dim) != dim:
        raise MalformedError("a state matrix that is not square")
    _fits(params["init"], dim)
    _fits(params["bias"], dim)
    return dim


def _with_init(dims: Dims, params: Params) -> int:
    dim = _only_first(dims, params)
    _fits(params["init"], dim)
    return dim


def _input(_: Dims, params: Params) -> int:
    ends = params["range"] or (0, 0)
    if len(ends) != 2:
        raise MalformedError("a range of more or less than two ends")
    for end in ends:
        _fits(end, params["dim"])
    return int(params["dim"])


def _half(dims: Dims, _: Params) -> int:
    if dims[0] % 2:
        raise MalformedError("an odd dimension")
    return dims[0] // 2


def _part(dims: Dims, params: Params) -> int:
    if not 0 <= params["start"] < params["stop"] <= dims[0]:
        raise MalformedError("a slice beyond the value")
    return int(params["stop"]) - int(params["start"])


def _item(dims: Dims, params: Params) -> int:
    if not -dims[0] <= params["index"] < dims[0]:
        raise MalformedError("an index beyond the value")
    return 1


def _broadcast(dims: Dims, params: Params) -> int:
    if dims[0] not in {1, params["dim"]}:
        raise MalformedError("broadcast of another dimension")
    return int(params["dim"])


def _lookup(params: Params) -> int:
    sizes = {len(entry) if isinstance(entry, tuple) else 1 for entry in params["table"]}
    if len(sizes) != 1:
        raise MalformedError("entries of different dimensions")
    return sizes.pop()


def _positive(key: str) -> Callable[[Params], int]:
    return lambda params: int(params[key])


def _recur(dims: Dims, _: Params) -> int:
    """What a state is now, and what it was."""
    if dims[0] != dims[1]:
        raise MalformedError(f"a step from {dims[1]} numbers to {dims[0]}")
    return dims[0]


def _one(_: Params) -> int:
    return 1


OPERATIONS: dict[str, Operation] = {
    "input": Operation("lsrl.Input({dim}, range={range}, grid={grid}{named})", _input),
    "number": Operation("{value}", lambda dims, params: 1),
    "constant": Operation("lsrl.Constant({numbers}{named})", lambda dims, params: len(params["numbers"])),
    "linear": Operation("lsrl.Linear({0}, {A}, {b}{named})", _linear),
    "claim": Operation("lsrl.ReLU({0}, comparison=True{named})", _first),
    "lin_state": Operation("lsrl.LinState({0}, {A}, {B}, {init}, {bias}{named})", _lin_state),
    "gated_state": Operation("lsrl.GatedState({0}, {1}, {init}{named})", _with_init),
    "relu": Operation("lsrl.ReLU({0}{named})", _first),
    "multi": Operation("lsrl.Multi({0}, via={via}{named})", _half),
    "concat": Operation("lsrl.Concat([{all}]{named})", lambda dims, params: sum(dims)),
    "item": Operation("{0}[{index}]", _item),
    "part": Operation("{0}[{start}:{stop}]", _part),
    "add": Operation("({0} + {1})", _together),
    "sub": Operation("({0} - {1})", _together),
    "mul": Operation("({0} * {1})", _together),
    "div": Operation("({0} / {by})", _first),
    "neg": Operation("(-{0})", _first),
    "mod": Operation("({0} % {n})", _first),
    "modulo": Operation("lsrl.modulo({0}, {n}, below={below}{named})", _first),
    "maximum": Operation("lsrl.maximum({0}, {1}{named})", _together),
    "minimum": Operation("lsrl.minimum({0}, {1}{named})", _together),
    "absolute": Operation("lsrl.absolute({0}{named})", _first),
    "clip": Operation("lsrl.clip({0}, {low}, {high}{named})", _first),
    "total": Operation("lsrl.total({0}{named})", lambda dims, params: 1),
    "broadcast": Operation("lsrl.broadcast({0}, {dim}{named})", _broadcast),
    "gt": Operation("({0} > {1})", _together),
    "ge": Operation("({0} >= {1})", _together),
    "lt": Operation("({0} < {1})", _together),
    "le": Operation("({0} <= {1})", _together),
    "larger": Operation("lsrl.larger({0}, {1}, width={width}{named})", _together),
    "smaller": Operation("lsrl.smaller({0}, {1}, width={width}{named})", _together),
    "at_least": Operation("lsrl.at_least({0}, {1}, width={width}{named})", _together),
    "at_most": Operation("lsrl.at_most({0}, {1}, width={width}{named})", _together),
    "equal": Operation("lsrl.equal({0}, {1}, width={width}{named})", _together),
    "not_equal": Operation("lsrl.not_equal({0}, {1}, width={width}{named})", _together),
    "step": Operation("lsrl.step({0}, width={width}, form={form}{named})", _first),
    "bump": Operation("lsrl.bump({0}, {1}, {2}, width={width}{named})", _together),
    "and": Operation("lsrl.and_({all}{named})", _together),
    "or": Operation("lsrl.or_({all}{named})", _together),
    "not": Operation("lsrl.not_({0}{named})", _first),
    "both": Operation("({0} & {1})", _together),
    "either": Operation("({0} | {1})", _together),
    "invert": Operation("(~{0})", _first),
    "ifelse": Operation("lsrl.ifelse({0}, {1}, {2}, via={via}, short={short}{named})", _together),
    "ifequal": Operation("lsrl.ifequal({0}, {1}, {2}, {3}, via={via}{named})", _together),
    "one_hot": Operation("lsrl.one_hot({0}, {n}, width={width}{named})", _scalar(_positive("n"))),
    "lookup": Operation("lsrl.lookup({0}, {table}, width={width}{named})", _scalar(_lookup)),
    "cumsum": Operation("lsrl.cumsum({0}, init={init}{named})", _with_init),
    "counter": Operation("lsrl.counter({start}, by={by}{named})", _scalar(_one)),
    "mod_counter": Operation("lsrl.mod_counter({n}, {start}{named})", _scalar(_one)),
    "cyclic": Operation("lsrl.cyclic({n}, {start}{named})", _scalar(_positive("n"))),
    "delay": Operation("lsrl.delay({0}, {steps}, init={init}{named})", _with_init),
    "shift_register": Operation(
        "lsrl.shift_register({0}, {length}, init={init}{named})", lambda dims, params: dims[0] * int(params["length"])
    ),
    "latch": Operation("lsrl.latch({0}, {1}, init={init}{named})", _with_init),
    "reset_sum": Operation("lsrl.reset_sum({0}, {1}, init={init}{named})", _with_init),
    "previous": Operation("lsrl.Previous({init})", lambda dims, params: len(params["init"])),
    "recur": Operation("lsrl.Recur({0}, {1}{named})", _recur),
}
"""All of the language: every primitive and library function, and the operators."""
