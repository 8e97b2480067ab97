"""What is known of a state that reads itself: remainders, what the longest sequence adds up, linear steps."""

import numpy as np
import pytest

import lsrl
from lsrl import Concat, Input, LinState, Program, RangeError, ReLU
from lsrl.backends.registry import TARGETS
from lsrl.circuit import finite_loops
from lsrl.semantics.evaluation import one_step
from strategies import rotated

STEP = Input(1, range=(-1, 1), integer=True, name="step")
GROWING = {
    "reflected walk": (lambda s: ReLU(s + STEP), 0, lambda s, x: max(s + x, 0)),
    "held count": (lambda s: lsrl.ifelse(STEP > 0, s + STEP, s), 5, lambda s, x: s + x if x > 0 else s),
    "steps since": (lambda s: lsrl.ifelse(STEP > 0, 0, s + 1), 3, lambda s, x: 0 if x > 0 else s + 1),
    "falling": (lambda s: lsrl.minimum(s + STEP, 2), -1, lambda s, x: min(s + x, 2)),
}


@pytest.mark.parametrize("target", ["rnn-relu", "lstm"])
@pytest.mark.parametrize("name", GROWING)
def test_what_grows_by_a_step_is_known_for_the_longest_sequence(name, target):
    step, init, specified = GROWING[name]
    program = Program(lsrl.recur(step, init, name="state"))
    model = lsrl.compile(program, target, max_length=700)
    assert model.guarantee.kind == "exact"
    stream = np.random.default_rng(0).integers(-1, 2, 700)
    stream[:300], expected, state = 1 if name == "reflected walk" else -1, [], init
    for x in stream:
        state = specified(state, x)
        expected.append(state)
    assert model.run(stream[:, None]).ravel().tolist() == expected
    with pytest.raises(RangeError, match="max_length"):
        lsrl.compile(program, "lstm")


LINEAR = {
    "a sum": (lambda s: s + STEP, 3, (1, 1)),
    "a decay": (lambda s: s / 2 + 3 * STEP, "1/2", ("1/2", 3)),
    "delays": (lambda s: Concat([STEP, s[0], s[1]]), [0, 1, 2], ([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[1], [0], [0]])),
}


@pytest.mark.parametrize(("name", "target"), rotated(LINEAR, TARGETS, 2))
def test_a_linear_step_is_a_linear_state_on_every_target(name, target):
    step, init, (A, B) = LINEAR[name]
    loop, state = Program(lsrl.recur(step, init)), Program(LinState(STEP, A, B, init))
    stream = np.random.default_rng(0).integers(-1, 2, (40, 1))
    model, other = (lsrl.compile(program, target, max_length=40) for program in (loop, state))
    assert model.network.sizes == other.network.sizes
    assert model.guarantee == other.guarantee
    np.testing.assert_array_equal(model.run(stream), other.run(stream))
    assert (np.abs(model.run(stream) - loop.run(stream)) <= model.guarantee.bound).all()


@pytest.mark.parametrize("init", [0, 1, 6999])
def test_a_remainder_holds_what_it_is_added_to_wherever_that_begins(init):
    program = Program(lsrl.recur(lambda s: (s + 3 + STEP) % 7000, init))
    stream = np.random.default_rng(0).integers(-1, 2, (5000, 1))
    for target in ("rnn-relu", "lstm", "gru"):
        model = lsrl.compile(program, target)
        assert str(model.guarantee) == "exact: bit for bit, any length"
        np.testing.assert_array_equal(model.run(stream), program.run(stream))


MEMORY = {
    "a delay": lambda s: lsrl.delay(s + STEP, 5),
    "a register": lambda s: lsrl.shift_register(s[0] + STEP, 3),
    "a sum": lambda s: lsrl.cumsum(STEP + s / 2),
    "a latch": lambda s: lsrl.latch(STEP - s, STEP > 0),
    "a loop": lambda s: lsrl.recur(lambda inner: lsrl.clip(inner + s + STEP, -3, 3)),
    "a linear loop": lambda s: lsrl.recur(lambda inner: inner / 2 + STEP - s / 4),
    "a delay of a ReLU": lambda s: lsrl.delay(ReLU(s + STEP), 2),
}


@pytest.mark.filterwarnings("ignore::lsrl.UselessGuaranteeWarning")
@pytest.mark.parametrize(("memory", "target"), rotated(MEMORY, TARGETS, 2))
def test_a_step_that_remembers_by_itself_is_right_or_refused(memory, target):
    init = [1, 0, 2] if memory == "a register" else 1
    program = Program(lsrl.recur(MEMORY[memory], init, name="state"))
    stream = np.random.default_rng(1).integers(-1, 2, (20, 1))
    try:
        model = lsrl.compile(program, target, max_length=20)
    except lsrl.LsrlError:
        return
    if model.guarantee.kind != "none":
        off = np.abs(model.run(stream) - program.run(stream, exact=True).astype(float))
        assert (off <= np.array(model.guarantee.bounds)).all()


@pytest.mark.filterwarnings("ignore::lsrl.UselessGuaranteeWarning")
@pytest.mark.parametrize("target", TARGETS)
def test_numbers_that_get_finer_for_ever_are_no_automaton_and_soon_seen_to_be_none(target, monkeypatch):
    steps = []
    monkeypatch.setattr(finite_loops, "one_step", lambda *given: steps.append(1) or one_step(*given))
    halved = lsrl.recur(lambda s: lsrl.ifelse(s / 2 + (STEP > 0) >= 2, 0, s / 2 + (STEP > 0)), init="1/3")
    program = Program(halved)
    try:
        model = lsrl.compile(program, target, max_length=20)
    except lsrl.UnsupportedProgram:
        return
    finally:
        assert 0 < len(steps) < 100
    stream = np.random.default_rng(1).integers(-1, 2, (20, 1))
    off = np.abs(model.run(stream) - program.run(stream, exact=True).astype(float))
    assert (off <= np.array(model.guarantee.bounds)).all()
