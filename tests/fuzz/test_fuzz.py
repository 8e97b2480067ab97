"""Random cases with fixed seeds; `make fuzz N=10000` runs as many others as there is time for."""

import os

import pytest

from .campaign import case_of
from .cases import HUB, TARGETS
from .check import check
from .minimise import minimised, report

os.environ.setdefault("OMP_NUM_THREADS", "1")

PLAIN = tuple(target for target in TARGETS if target not in HUB)
CHUNKS = 16
CASES = 8
"""In each chunk, of the targets that compile fast."""

HUB_CASES = 2


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_random_programs_are_what_the_oracle_says(chunk: int) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    seeds = [(chunk * CASES + i, PLAIN) for i in range(CASES)]
    seeds += [(10_000 + chunk * HUB_CASES + i, HUB) for i in range(HUB_CASES)]
    for seed, targets in seeds:
        case = case_of(seed, targets)
        failure = check(case).failure
        if failure:
            small = minimised(case, failure, check, seconds=30)
            pytest.fail(f"seed {seed}, target {case.target}\n{report(small, check(small).failure or failure)}")
