"""Disguises: the same answers from other weights, and a key that says where everything went."""

from fractions import Fraction

import numpy as np
import pytest

import lsrl
from lsrl import zoo
from lsrl.backends.registry import TARGETS
from lsrl.backends.sites import Coordinate, Site
from lsrl.errors import FormatError, ProgramError, ShapeError, UnsupportedProgram
from lsrl.interp import Disguise, Key, Write, counterfactuals, methods, run_with, score
from lsrl.interp.disguise import CHANGES
from strategies import HUB, rotated

PROGRAMS = ["bracket_balance", "shuffle_dyck", "moving_sum", "s3", "flip_flop"]


def compiled(name, target, **options):
    return lsrl.compile(zoo.get(name).program, target, max_length=32, **options)


@pytest.mark.parametrize(("name", "target"), rotated(PROGRAMS, TARGETS, 4))
def test_answers_are_the_same_in_full_passes_and_steps(name, target):
    sample = zoo.get(name).sample
    try:
        model = compiled(name, target)
    except lsrl.UnsupportedProgram:
        pytest.skip(f"{name} is not for {target}")
    disguised, key = Disguise(seed=1).applied(model, sample)
    x = np.stack([sample(np.random.default_rng(i), 32) for i in range(6)])
    expected = model.run(x)
    assert np.array_equal(disguised.run(x), expected)
    first, state = disguised.step(x[:, 0])
    assert np.array_equal(first, expected[:, 0])
    assert np.array_equal(disguised.step(x[:, 1], state)[0], expected[:, 1])
    before, after = (network.network.arrays for network in (model, disguised))
    assert any(not np.array_equal(before[tensor], after[tensor]) for tensor in before)
    assert key.nonzeros == (model.sizes.nonzeros, disguised.sizes.nonzeros)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("target", ["linear-rnn", "rnn-relu", "lstm", "mamba", "hawk"])
def test_activations_are_where_the_key_says(target, change):
    model = compiled("shuffle_dyck", target)
    sample = zoo.get("shuffle_dyck").sample
    try:
        disguised, key = Disguise(seed=5, changes=(change,)).applied(model, sample)
    except UnsupportedProgram:
        pytest.skip(f"{target} has no units that allow {change}")
    x = sample(np.random.default_rng(0), 12)[None]
    seen = [outputs_of(network, x, key.columns) for network in (model, disguised)]
    for module in seen[0]:
        plain, changed = seen[0][module], seen[1][module]
        matrix = key.directions(module, range(plain.shape[-1]))
        read = np.flatnonzero((plain != 0).reshape(-1, plain.shape[-1]).any(axis=0))
        recovered = changed @ np.linalg.inv(matrix).T
        scale = np.abs(plain).max(axis=tuple(range(plain.ndim - 1)))
        # Idle units, 0 before, compute anything now; rounded inverses of powers of two and of halves are exact.
        assert (np.abs(recovered - plain)[..., read] <= 1e-6 * scale[read]).all(), module


def outputs_of(model, x, modules):
    """What modules put out, those of a stream's sublayers and of hidden units."""
    import torch

    network, seen, handles = model.hooked(), {}, []
    for name in modules:
        if name.startswith("states."):
            continue

        def note(_, __, output, name=name):
            first = output[0] if isinstance(output, tuple) else output
            seen.setdefault(name, []).append(first.detach().double().numpy())

        handles.append(network.get_submodule(name).register_forward_hook(note))
    with torch.no_grad():
        network(torch.tensor(x.astype(model.dtype)))
    return {name: np.stack(found) for name, found in seen.items()}


@pytest.mark.parametrize("target", ["linear-rnn", "rnn-relu", "rnn-tanh", "lstm", "gru", "mamba", "mamba2", "hawk"])
def test_a_variable_is_written_where_the_key_says(target):
    program, sample = zoo.get("bracket_balance").program, zoo.get("bracket_balance").sample
    model = compiled("bracket_balance", target, variables=["depth"])
    disguised, key = Disguise(seed=2, changes=("permutation", "signs", "powers", "idle")).applied(model, sample)
    x = sample(np.random.default_rng(4), 10)[None]
    sites = model.sites["depth"]
    for kind, places in (("value", [sites.value]), ("continuing", [sites.state, sites.value])):
        writes = [Write(key.site(place), [3], np.full((1, 1, 1), 2.0)) for place in places]
        expected = program.run(x, do={"depth": (3, 2)}, kind=kind)
        assert np.array_equal(run_with(disguised, x, writes), expected), kind


@pytest.mark.parametrize("target", HUB)
def test_at_the_site_no_single_unit_is_left_and_the_key_finds_all(target):
    entry = zoo.get("bracket_balance")
    model = compiled("bracket_balance", target, variables=["depth"])
    disguised, key = Disguise(changes=("mixing",)).applied(model, entry.sample)
    train, test = (
        counterfactuals(entry.program, entry.sample, "depth", n=20, steps=12, split=split)
        for split in ("train", "test")
    )
    site = model.sites["depth"].value
    assert score(model, methods.SingleUnit(), train, test).at_site == 1
    assert score(disguised, methods.SingleUnit(), train, test, site=site).at_site < 0.2
    assert score(disguised, methods.Oracle(site, key), train, test, site=site, key=key).at_site == 1
    with pytest.raises(UnsupportedProgram, match="'depth' is mixed with other channels"):
        key.site(site)


def test_a_rounded_delay_is_not_mixed():
    """Its constant of millions would round the channels that it is mixed with."""
    z = lsrl.Input(2, range=(-3, 3), integer=True, name="z")
    model = lsrl.compile(lsrl.Program(lsrl.Concat([lsrl.delay(z, 1), lsrl.delay(z, 3)])), "xlstm", max_length=40)

    def sample(rng, length):
        return rng.integers(-3, 4, (length, 2)).astype(float)

    with pytest.raises(UnsupportedProgram, match="mixing"):
        Disguise(changes=("mixing",)).applied(model, sample)
    disguised, _ = Disguise(changes=("permutation", "signs", "powers"), seed=1).applied(model, sample)
    x = np.stack([sample(np.random.default_rng(i), 40) for i in range(3)])
    assert np.array_equal(disguised.run(x), model.run(x))


def test_units_that_nothing_reads_get_weights_and_others_keep_theirs():
    model = compiled("shuffle_dyck", "lstm")
    disguised, key = Disguise(changes=("idle",)).applied(model, zoo.get("shuffle_dyck").sample)
    before, after = model.network.arrays, disguised.network.arrays
    assert all(np.array_equal(after[name][before[name] != 0], before[name][before[name] != 0]) for name in before)
    assert key.nonzeros[1] > 2 * key.nonzeros[0]


def test_a_disguised_model_tells_nothing_and_promises_nothing(tmp_path):
    entry = zoo.get("bracket_balance")
    model = compiled("bracket_balance", "mamba", variables=["depth"])
    disguised, _ = Disguise().applied(model, entry.sample)
    assert not disguised.sites
    assert not disguised.layout.reads
    assert "no proof" in str(disguised.guarantee)
    disguised.save(tmp_path / "model")
    x = entry.sample(np.random.default_rng(0), 32)
    assert np.array_equal(lsrl.load(tmp_path / "model").run(x), model.run(x))


def test_a_seed_is_a_disguise():
    model, sample = compiled("bracket_balance", "gru"), zoo.get("bracket_balance").sample
    first, again, other = (Disguise(seed).applied(model, sample)[0].network.arrays for seed in (1, 1, 2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert any(not np.array_equal(first[name], other[name]) for name in first)


def test_a_key_is_a_file_of_its_own(tmp_path):
    model = compiled("bracket_balance", "mamba", variables=["depth"])
    _, key = Disguise().applied(model, zoo.get("bracket_balance").sample)
    key.save(tmp_path / "key.json")
    read = Key.load(tmp_path / "key.json")
    assert read.columns == key.columns
    assert str(read) == str(key)
    for content in ("", "[]", "{}", '{"format": "lsrl-disguise-key"}'):
        (tmp_path / "key.json").write_text(content)
        with pytest.raises(FormatError, match="is no key"):
            Key.load(tmp_path / "key.json")


def test_what_a_language_model_answers_is_the_same(tmp_path):
    """Its head adds up larger numbers than what `run` reads: it is in no check, so nothing may change there."""
    import torch
    import transformers

    entry = zoo.get("turnstile")
    for target in ("mamba", "hawk"):
        model = lsrl.compile(entry.program, target, max_length=32)
        disguised, key = Disguise(seed=1).applied(model, entry.sample)
        assert "mixing" not in key.changes
        ids = torch.tensor([[2] + [4, 5] * 10 + [5, 5, 4, 4]])
        logits = []
        for one in (model, disguised):
            one.save(tmp_path / "model")
            network = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "model").eval()
            with torch.no_grad():
                logits.append(network(ids).logits)
        assert torch.equal(*logits), target


@pytest.mark.filterwarnings("ignore::lsrl.UselessGuaranteeWarning")
def test_sums_that_grow_until_four_of_them_are_no_longer_exact_are_noticed():
    x = lsrl.Input(2, range=(-1, 1), grid=Fraction(1, 512))
    a, b = lsrl.cumsum(x[0], name="a"), lsrl.cumsum(x[1], name="b")
    model = lsrl.compile(lsrl.Program(lsrl.Concat([a > b, a, b])), "mamba", max_length=4096)

    def near_the_ends(rng, steps):
        return np.round(rng.choice([-1, 1], (1, 2)) * rng.choice([511, 1], (steps, 2))) / 512

    def is_noticed(seed):
        try:
            Disguise(seed).applied(model, near_the_ends)
        except UnsupportedProgram as refusal:
            return "answers of program on mamba differ after" in str(refusal)
        return False

    assert any(map(is_noticed, range(4)))  # some happen to be exact


@pytest.mark.parametrize("target", ["rnn-relu", "lstm", "mamba", "hawk"])
def test_units_that_nothing_reads_are_read_by_none_of_them_either(target):
    model = compiled("shuffle_dyck", target)
    disguised, _ = Disguise(changes=("idle",)).applied(model, zoo.get("shuffle_dyck").sample)
    for group in (group for group in model.network.unit_groups if "idle" in group.allows):
        unread = ~group.is_read(model.network.arrays)
        assert not group.is_read(disguised.network.arrays)[unread].any()


def test_a_half_that_has_another_sign_is_refused_and_not_written_as_if_it_had_not():
    key = Key(0, ("signs",), {"layers.0.hidden": (((0, -1.0),),)}, (1, 1), 1, 1)
    half = Coordinate(0, ("layers.0.hidden",), 0, 1.0, 0.0, clipped=True)
    with pytest.raises(UnsupportedProgram, match="'depth' is in two halves, and one has another sign"):
        key.site(Site("depth", "value", 1, (half,)))


def test_what_cannot_be_done_is_refused_in_a_line():
    model, sample = compiled("bracket_balance", "lstm"), zoo.get("bracket_balance").sample
    with pytest.raises(UnsupportedProgram, match="bracket_balance on lstm has no units that allow mixing"):
        Disguise(changes=("mixing",)).applied(model, sample)
    with pytest.raises(UnsupportedProgram, match="is disguised already"):
        Disguise().applied(Disguise().applied(model, sample)[0], sample)
    with pytest.raises(UnsupportedProgram, match="expected some of permutation, signs, powers, mixing"):
        Disguise(changes=("colours",))
    with pytest.raises(UnsupportedProgram, match="changes=5; expected some of"):
        Disguise(changes=5)
    with pytest.raises(ShapeError, match="seed of Disguise is -1"):
        Disguise(seed=-1)
    with pytest.raises(ShapeError, match="steps of Disguise is 0"):
        Disguise(steps=0)
    with pytest.raises(ProgramError, match="inputs of None; expected a compiled model and a function"):
        Disguise().applied(model, None)
    with pytest.raises(ProgramError, match="'layers.9.hidden' is in no key"):
        Disguise().applied(model, sample)[1].directions("layers.9.hidden", [0])
    with pytest.raises(ProgramError, match="indices .* of layers.0.hidden; expected some from 0 to"):
        Disguise().applied(model, sample)[1].directions("layers.0.hidden", [-1])
