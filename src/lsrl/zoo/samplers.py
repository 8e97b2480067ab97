"""Inputs that show what a program does: where symbols that are all alike would soon have one answer for ever."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lsrl.zoo.streams import FINE, Sampler, Stream

FADING = 4
"""Sequences in which a component fades, each through a part of all levels."""


def phrases(stream: Stream, *texts: Sequence[str | int], slip: float = 0.02) -> Sampler:
    """Random phrases one after the other, in which one symbol in so many (`slip`) is another."""
    numbers = [[stream.texts.index(s) if isinstance(s, str) else s for s in text] for text in texts]

    def sample(rng: np.random.Generator, length: int) -> np.ndarray:
        drawn: list[int] = []
        while len(drawn) < length:
            drawn += numbers[rng.integers(len(numbers))]
        x = np.array(drawn[:length], dtype=np.float64)[:, None]
        return np.where(rng.random((length, 1)) < slip, stream.sample(rng, length), x)

    return sample


def ordered(stream: Stream, *blocks: str | int, slip: float = 0.0) -> Sampler:
    """Runs of each of the symbols, in this order, that share out the length at random."""
    numbers = [stream.texts.index(s) if isinstance(s, str) else s for s in blocks]

    def sample(rng: np.random.Generator, length: int) -> np.ndarray:
        ends = np.sort(rng.integers(0, length + 1, len(numbers) - 1))
        x = np.repeat(numbers, np.diff([0, *ends, length])).astype(np.float64)[:, None]
        return np.where(rng.random((length, 1)) < slip, stream.sample(rng, length), x)

    return sample


def rarely(stream: Stream, *usual: float, times: float = 2.0) -> Sampler:
    """The usual symbols, and about so many times in a sequence (`times`) any other."""

    def sample(rng: np.random.Generator, length: int) -> np.ndarray:
        x = rng.choice(usual, (length, 1)).astype(np.float64)
        return np.where(rng.random((length, 1)) < times / length, stream.sample(rng, length), x)

    return sample


def sticky(stream: Stream, stay: float) -> Sampler:
    """Inputs that stay what they were with this chance."""

    def sample(rng: np.random.Generator, length: int) -> np.ndarray:
        x = stream.sample(rng, length)
        moved = np.flatnonzero(np.concatenate([[True], rng.random(length - 1) >= stay]))
        return np.repeat(x[moved], np.diff([*moved, length]), axis=0)

    return sample


def wandering(stream: Stream, step: float) -> Sampler:
    """A random walk of reals that is reflected at the ends of their range."""

    def sample(rng: np.random.Generator, length: int) -> np.ndarray:
        low, span = stream.low[0], stream.high[0] - stream.low[0]
        walk = np.cumsum(rng.normal(0, step, (length, stream.dim)), axis=0) + span * rng.random()
        folded = span - np.abs(walk % (2 * span) - span) + low
        return np.asarray(np.rint(folded * FINE) / FINE)

    return sample


def waves(stream: Stream, period: float, noise: float = 0.1) -> Sampler:
    """A sine of about this period over the range of reals, with noise."""

    def sample(rng: np.random.Generator, length: int) -> np.ndarray:
        low, high = np.array(stream.low), np.array(stream.high)
        phase = 2 * np.pi * (np.arange(length)[:, None] / period + rng.random((1, stream.dim)))
        level = np.sin(phase) / (1 + noise) + rng.uniform(-noise, noise, (length, stream.dim)) / (1 + noise)
        x = (low + high) / 2 + (high - low) / 2 * level
        return np.asarray(np.clip(np.rint(x * FINE) / FINE, low, high))

    return sample


def fading(stream: Stream, dtype: str, steps: int, rng: np.random.Generator) -> np.ndarray:
    """Sequences (…, steps, dim) in which one component fades through all levels of a float format, four for each.

    The others are quarters, so that what is compared with is hardly missed by little.
    """
    low, high = np.array(stream.low, dtype=float), np.array(stream.high, dtype=float)
    x = rng.uniform(low, high, (stream.dim, FADING, steps, stream.dim))
    levels = 2.0 ** np.linspace(0, np.finfo(dtype).minexp, FADING * steps).reshape(FADING, steps, 1)
    alone = np.eye(stream.dim, dtype=bool)[:, None, None]
    return np.where(alone, x * levels, np.rint(x * 4) / 4).astype(dtype).reshape(-1, steps, stream.dim)


def rounding(stream: Stream) -> Sampler:
    """Reals on which rounding shows: of all their bits, at a level drawn from the whole range down to 2⁻¹⁶ of it.

    They are drawn anew, stay what they are for ever or for a while, turn their signs over, or rise and fall slowly:
    what rounds one way at one step does so at the next. Or one of them fades to nothing, down to the smallest floats.
    """
    low, high = np.array(stream.low, dtype=float), np.array(stream.high, dtype=float)
    largest = np.maximum(abs(low), abs(high))

    def sample(rng: np.random.Generator, length: int) -> np.ndarray:
        steps = np.arange(length)[:, None]
        level = largest * rng.choice([1, 2.0 ** -rng.uniform(0, 16)])
        anew, near = rng.uniform(-1, 1, (length, stream.dim)), 1 - rng.random((length, stream.dim)) / 1024
        since = np.maximum.accumulate(np.where(rng.random(length) < 1 / 64, steps[:, 0], 0))
        period = length / rng.choice([1, 2, 8, 32])
        slope = np.abs((steps / period + rng.random()) % 1 * 4 - 2) - 1
        fading = np.arange(stream.dim) == rng.integers(stream.dim)
        faded = np.where(fading, 2.0 ** (-rng.choice([64, 160, 1100]) * steps / length), largest / level)
        shapes = [
            anew,
            anew[:1] + 0 * anew,
            anew[since],
            near * (-1.0) ** steps,
            near * np.sign(anew),
            slope * near[:1],
            faded * anew,
        ]
        return np.asarray(np.clip(level * shapes[rng.integers(len(shapes))], low, high))

    return sample
