"""What the transformers targets take for granted of torch's functions on this machine."""

import numpy as np
import pytest

from lsrl.backends.transformers.passing import SETTLED

torch = pytest.importorskip("torch")
silu, softplus = torch.nn.functional.silu, torch.nn.functional.softplus


def magnitudes(low, high, dtype):
    """Random numbers of every size from 2^low to 2^high, as many as make several vectors and a rest."""
    drawn = np.random.default_rng(0).uniform(low, high, 100_003)
    return torch.tensor(2.0**drawn, dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_silu_is_a_relu_of_large_numbers(dtype):
    x = magnitudes(8, 60, dtype)
    assert torch.equal(silu(x), x)
    assert (silu(-x).double().abs() < 2.0**-360).all()  # which is 0 in float32, and nothing beside 1 in float64


def test_silu_is_off_by_little_of_itself_and_settles():
    """As `passing.py` has it: two activations of ±z differ by z, whatever they are fed with."""
    x = magnitudes(-60, 8, torch.float32)
    for z in (x, -x):
        exact = z.double() * torch.sigmoid(z.double())
        allowed = 2.0**-22 * exact.abs().clamp(max=SETTLED) + 2.0**-40 * x.double().clamp(max=1)
        assert ((silu(z).double() - exact).abs() <= allowed).all()
    difference = (silu(x) - silu(-x)).double() - x.double()
    assert difference.abs().max() <= 2.0**-21 * SETTLED


def test_gelu_is_a_relu_of_large_numbers():
    """As RecurrentGemma has it, by tanh."""
    x = magnitudes(5, 60, torch.float32)
    assert torch.equal(torch.nn.functional.gelu(x, approximate="tanh"), x)
    assert not torch.nn.functional.gelu(-x, approximate="tanh").any()


@pytest.mark.parametrize(("dtype", "small"), [(torch.float32, -30), (torch.float64, -60)])
def test_silu_halves_small_numbers(dtype, small):
    x = magnitudes(-120, small, dtype)
    assert torch.equal(silu(x), x / 2)
    assert torch.equal(silu(-x), -x / 2)


def test_softplus_is_the_number_or_zero():
    x = magnitudes(5, 60, torch.float32)
    assert torch.equal(softplus(x), x)
    assert not softplus(-magnitudes(7, 60, torch.float32)).any()


def test_a_norm_divides_by_powers_of_two_whatever_the_numbers_beside_it():
    beside = magnitudes(-120, -81, torch.float32)  # mean squares of numbers that are small enough
    assert (torch.rsqrt(beside + 2.0**-40) == 2.0**20).all()
    for width in (4, 16, 64, 256, 1024):
        assert (torch.rsqrt(1 / width + magnitudes(-120, -40, torch.float32)) == width**0.5).all()


def test_sums_of_decays_round_once():
    """A decay over k steps is exp of a sum that torch adds up in float64: `mamba2.decay_errors` counts on it."""
    terms = magnitudes(-8, 2, torch.float32)[:4096]
    exact = np.cumsum(terms.double().numpy())
    assert (torch.cumsum(terms, 0).double().numpy() == exact.astype(np.float32)).all()
