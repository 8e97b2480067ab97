"""The language: what you write."""

from lsrl.lang.arithmetic import absolute, clip, constant, maximum, minimum, modulo, total
from lsrl.lang.broadcasting import broadcast
from lsrl.lang.constants import Constant
from lsrl.lang.feedback import Previous, Recur
from lsrl.lang.logic import (
    and_,
    at_least,
    at_most,
    bump,
    equal,
    ifelse,
    ifequal,
    larger,
    not_,
    not_equal,
    or_,
    smaller,
    step,
)
from lsrl.lang.loops import recur
from lsrl.lang.matrix import Matrix
from lsrl.lang.primitives import Concat, GatedState, Linear, LinState, Modulo, Multi, ReLU, Slice
from lsrl.lang.program import ForEach, Program
from lsrl.lang.recurrence import (
    counter,
    cumsum,
    cyclic,
    delay,
    latch,
    mod_counter,
    register_file,
    reset_sum,
    shift_register,
)
from lsrl.lang.stream import Input
from lsrl.lang.tables import lookup, one_hot, quotient, select, switch
from lsrl.lang.values import Value
from lsrl.lang.vocabulary import Vocabulary

__all__ = [
    "Concat",
    "Constant",
    "ForEach",
    "GatedState",
    "Input",
    "LinState",
    "Linear",
    "Matrix",
    "Modulo",
    "Multi",
    "Previous",
    "Program",
    "ReLU",
    "Recur",
    "Slice",
    "Value",
    "Vocabulary",
    "absolute",
    "and_",
    "at_least",
    "at_most",
    "broadcast",
    "bump",
    "clip",
    "constant",
    "counter",
    "cumsum",
    "cyclic",
    "delay",
    "equal",
    "ifelse",
    "ifequal",
    "larger",
    "latch",
    "lookup",
    "maximum",
    "minimum",
    "mod_counter",
    "modulo",
    "not_",
    "not_equal",
    "one_hot",
    "or_",
    "quotient",
    "recur",
    "register_file",
    "reset_sum",
    "select",
    "shift_register",
    "smaller",
    "step",
    "switch",
    "total",
]
