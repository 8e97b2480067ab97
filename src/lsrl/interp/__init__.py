"""Interpretability with ground truth: variables of a network are written, and the program says what follows."""

from lsrl.interp import methods
from lsrl.interp.causal_model import CausalModel, Unrolled
from lsrl.interp.counterfactuals import Counterfactuals, counterfactuals
from lsrl.interp.interchange import Interchange, interchange
from lsrl.interp.localization import Method, Score, Task, score
from lsrl.interp.mixing import Mixing, mixed
from lsrl.interp.writing import Write, run_with

__all__ = [
    "CausalModel",
    "Counterfactuals",
    "Interchange",
    "Method",
    "Mixing",
    "Score",
    "Task",
    "Unrolled",
    "Write",
    "counterfactuals",
    "interchange",
    "methods",
    "mixed",
    "run_with",
    "score",
]
