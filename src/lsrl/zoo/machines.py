"""Small machines: what scanners and protocols remember, and automata that are known for something."""

from __future__ import annotations

from lsrl.automata import accepts, moore
from lsrl.lang import Value, clip, cumsum, cyclic, equal, ifelse, latch, lookup, modulo, not_, recur
from lsrl.zoo.entry import Family
from lsrl.zoo.samplers import phrases
from lsrl.zoo.specifications import of_prefixes, remembering
from lsrl.zoo.streams import BITS, letters, symbols, tokens

FAMILY = Family("machines", "scanners, protocols, and automata that are known for something")

AB, ABC = letters("ab"), letters("abc")

COMMENTED = letters("/*a")


def _in_comments(word: list[str]) -> list[int]:
    text, answers, end = "".join(word), [0] * len(word), 0
    while (start := text.find("/*", end)) >= 0:
        closing = text.find("*/", start + 2)
        end = closing + 2 if closing >= 0 else len(text)
        # It begins when its * is read, and is over when its last / is.
        answers[start + 1 : end - (closing >= 0)] = [1] * (end - (closing >= 0) - start - 1)
    return answers


@FAMILY.program(
    "inside a comment of C, from /* to */",
    COMMENTED,
    _in_comments,
    difficulty=2,
    sampler=phrases(COMMENTED, "a", "/*", "*/", "a", "*"),
    references=("Kernighan and Ritchie 1978",),
)
def comment(symbol: Value) -> Value:
    """Outside, after a /, inside, after a * there."""
    return accepts(symbol, [[1, 0, 0], [1, 2, 0], [2, 3, 2], [0, 3, 2]], accepting=[2, 3], name="inside")


QUOTED = letters("a'\\")


def _in_strings(word: list[str]) -> list[int]:
    answers: list[int] = []
    inside = escaped = False
    for symbol in word:
        if symbol == "'" and not escaped:
            inside = not inside
        escaped = inside and symbol == "\\" and not escaped
        answers.append(int(inside))
    return answers


@FAMILY.program(
    "inside a string between quotes, in which a backslash takes the next symbol as it is",
    QUOTED,
    _in_strings,
    difficulty=3,
)
def quoted(symbol: Value) -> Value:
    """Outside, inside, after a backslash inside."""
    return accepts(symbol, [[0, 1, 0], [1, 0, 2], [1, 1, 1]], accepting=[1, 2], name="inside")


@FAMILY.program(
    "every request (r) has been granted (g)",
    letters("rgo", (0.2, 0.2, 0.6)),
    of_prefixes(lambda word: "r" not in "".join(word).rpartition("g")[2]),
    difficulty=2,
    references=("Pnueli 1977, The temporal logic of programs",),
)
def granted(symbol: Value) -> Value:
    """A latch of which of the two came last."""
    return not_(latch(equal(symbol, 0), symbol <= 1, name="pending"), name="granted")


SECTION = letters("exo")


def _exclusive(word: list[str]) -> bool:
    inside = 0
    for symbol in word:
        inside += {"e": 1, "x": -1, "o": 0}[symbol]
        if inside not in (0, 1):
            return False
    return True


@FAMILY.program(
    "mutual exclusion: enter (e) and exit (x) in turn, others (o) between",
    SECTION,
    of_prefixes(_exclusive),
    difficulty=2,
    sampler=phrases(SECTION, "eox", "ex", "o", slip=0.02),
)
def exclusive(symbol: Value) -> Value:
    """Outside, inside, and too late."""
    return accepts(symbol, [[1, 2, 0], [2, 0, 1], [2, 2, 2]], accepting=[0, 1], name="exclusive")


@FAMILY.program(
    "as many symbols as three goes into, whatever they are",
    ABC,
    lambda x: [int((t + 1) % 3 == 0) for t in range(len(x))],
    difficulty=3,
)
def length_divisible_by_3(symbol: Value) -> Value:
    """A clock."""
    return cyclic(3, start=1, name="place")[0] + 0 * symbol


@FAMILY.program(
    "a binary number is a multiple of 5, the highest bit first",
    BITS,
    of_prefixes(lambda x: int("".join(map(str, x)), 2) % 5 == 0),
    difficulty=3,
)
def multiple_of_5(bit: Value) -> Value:
    """The remainder: a permutation of five numbers for each bit."""
    return equal(recur(lambda r: modulo(2 * r + bit, 5), name="remainder"), 0, name="divisible")


@FAMILY.program(
    "Černý’s automaton of four states: a turns them on, b takes the last to the first; its state",
    AB,
    remembering(0, lambda q, symbol: ((q + 1) % 4 if symbol == "a" else 0 if q == 3 else q,) * 2),
    difficulty=3,
    references=("Černý 1964",),
)
def cerny(symbol: Value) -> Value:
    """Nine symbols at least bring all its states together."""
    return moore(symbol, [[1, 0], [2, 1], [3, 2], [0, 0]], range(4), name="state")


def drawn_table(states: int, count: int) -> list[list[int]]:
    """The transitions of an automaton by Lehmer’s generator: the same for ever."""
    seed, table = 1, []
    for _ in range(states):
        row = []
        for _ in range(count):
            seed = seed * 16807 % (2**31 - 1)
            row.append(seed % states)
        table.append(row)
    return table


def _followed(x: list[int]) -> list[int]:
    table, state, answers = drawn_table(20, 4), 0, []
    for symbol in x:
        state = table[state][symbol]
        answers.append(state)
    return answers


@FAMILY.program("the state of a random automaton, of 20 states and 4 symbols", symbols(4), _followed, difficulty=3)
def random_automaton(symbol: Value) -> Value:
    """Nothing is to be understood here."""
    return moore(symbol, drawn_table(20, 4), range(20), name="state")


LIGHTS = tokens(["tick", "wait"], ["red", "green", "yellow"])


@FAMILY.program(
    "a traffic light that goes on with every tick: red, green, yellow",
    LIGHTS,
    of_prefixes(lambda word: ("red", "green", "yellow")[word.count("tick") % 3]),
    difficulty=3,
)
def traffic_light(token: Value) -> Value:
    """Ticks modulo 3."""
    return 2 + modulo(cumsum(1 - token), 3)


GATE = tokens(["push", "coin"], ["locked", "open"])


@FAMILY.program(
    "a turnstile that a coin opens and a push locks",
    GATE,
    lambda word: ["open" if token == "coin" else "locked" for token in word],
    difficulty=1,
)
def turnstile(token: Value) -> Value:
    """The state is the last token."""
    return token + 2


COINS = tokens(["5", "10", "20"], ["wait", "sold"])


def _vending(word: list[str]) -> list[str]:
    paid, answers = 0, []
    for coin in word:
        paid += int(coin)
        answers.append("sold" if paid >= 25 else "wait")
        if paid >= 25:
            paid = 0
    return answers


@FAMILY.program("a machine that sells for 25 and gives no change", COINS, _vending, difficulty=3)
def vending_machine(token: Value) -> Value:
    """What was paid, in fives; nothing after a sale."""
    fives = lookup(token, [1, 2, 4])
    paid = recur(lambda last: ifelse(last >= 5, 0, last) + fives, name="paid")
    return 3 + (paid >= 5)


LIFT = tokens(["up", "down"], ["ground", "first", "second", "third"])


def _lift(word: list[str]) -> list[str]:
    floor, answers = 0, []
    for token in word:
        floor = min(floor + 1, 3) if token == "up" else max(floor - 1, 0)
        answers.append(("ground", "first", "second", "third")[floor])
    return answers


@FAMILY.program("a lift between four floors", LIFT, _lift, difficulty=2)
def lift(token: Value) -> Value:
    """A sum that is clipped at every step."""
    return 2 + recur(lambda floor: clip(floor + 1 - 2 * token, 0, 3), name="floor")
