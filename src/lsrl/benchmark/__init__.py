"""A benchmark of ground truth: folders of networks in which everything is known, and methods scored on them."""

from lsrl.benchmark.building import Built, build
from lsrl.benchmark.case import Benchmark, Case
from lsrl.benchmark.leaderboard import Leaderboard, score_methods
from lsrl.benchmark.methods import PUBLISHED
from lsrl.benchmark.standings import standings

__all__ = ["PUBLISHED", "Benchmark", "Built", "Case", "Leaderboard", "build", "score_methods", "standings"]
