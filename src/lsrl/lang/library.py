"""The library as it is called from outside: values remember the calls. Its functions call one another plainly."""

from __future__ import annotations

from collections.abc import Callable

from lsrl.lang import arithmetic, broadcasting, logic, recurrence, tables
from lsrl.lang.calls import P, remembered
from lsrl.lang.values import Value


def _called(function: Callable[P, Value]) -> Callable[P, Value]:
    return remembered(function, home=__name__)


absolute = _called(arithmetic.absolute)
clip = _called(arithmetic.clip)
constant = _called(arithmetic.constant)
maximum = _called(arithmetic.maximum)
minimum = _called(arithmetic.minimum)
modulo = _called(arithmetic.modulo)
total = _called(arithmetic.total)

broadcast = _called(broadcasting.broadcast)

and_ = _called(logic.and_)
at_least = _called(logic.at_least)
at_most = _called(logic.at_most)
bump = _called(logic.bump)
equal = _called(logic.equal)
ifelse = _called(logic.ifelse)
ifequal = _called(logic.ifequal)
larger = _called(logic.larger)
not_ = _called(logic.not_)
not_equal = _called(logic.not_equal)
or_ = _called(logic.or_)
smaller = _called(logic.smaller)
step = _called(logic.step)

counter = _called(recurrence.counter)
cumsum = _called(recurrence.cumsum)
cyclic = _called(recurrence.cyclic)
delay = _called(recurrence.delay)
latch = _called(recurrence.latch)
mod_counter = _called(recurrence.mod_counter)
register_file = _called(recurrence.register_file)
reset_sum = _called(recurrence.reset_sum)
shift_register = _called(recurrence.shift_register)

lookup = _called(tables.lookup)
one_hot = _called(tables.one_hot)
quotient = _called(tables.quotient)
select = _called(tables.select)
switch = _called(tables.switch)
