"""Interpretability with ground truth: variables of a network are written, and the program says what follows."""

from lsrl.interp import circuit_methods, methods
from lsrl.interp.causal_model import CausalModel, Unrolled
from lsrl.interp.changed_weights import with_weights
from lsrl.interp.circuit_graph import CircuitGraph, circuit_graph
from lsrl.interp.circuit_methods import CircuitMethod
from lsrl.interp.circuit_scores import CircuitScore, score_circuit
from lsrl.interp.counterfactuals import Counterfactuals, counterfactuals
from lsrl.interp.decoy import with_decoy
from lsrl.interp.disguise import Disguise
from lsrl.interp.disguise_key import Key
from lsrl.interp.fine_tuning import FineTuning, Tuned
from lsrl.interp.from_scratch import trained_from_scratch
from lsrl.interp.interchange import Interchange, interchange
from lsrl.interp.localization import Score, score
from lsrl.interp.realism import Realism, realism_of
from lsrl.interp.site_check import SiteCheck, check_site
from lsrl.interp.task import Exchange, Method, Task
from lsrl.interp.tool_names import named
from lsrl.interp.writing import Write, run_with

__all__ = [
    "CausalModel",
    "CircuitGraph",
    "CircuitMethod",
    "CircuitScore",
    "Counterfactuals",
    "Disguise",
    "Exchange",
    "FineTuning",
    "Interchange",
    "Key",
    "Method",
    "Realism",
    "Score",
    "SiteCheck",
    "Task",
    "Tuned",
    "Unrolled",
    "Write",
    "check_site",
    "circuit_graph",
    "circuit_methods",
    "counterfactuals",
    "interchange",
    "methods",
    "named",
    "realism_of",
    "run_with",
    "score",
    "score_circuit",
    "trained_from_scratch",
    "with_decoy",
    "with_weights",
]
