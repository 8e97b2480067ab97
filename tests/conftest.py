"""What all tests share: one thread each, since they run side by side."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser):
    parser.addoption(
        "--integer-programs", type=int, default=15, help="random integer programs for each target and dtype"
    )
    parser.addoption("--steps", type=int, default=300, help="steps that each of them runs")
