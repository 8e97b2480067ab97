"""The universal in-context approximators: one network, whose prompt says what it computes."""

from lsrl.incontext.functions import FunctionApproximator
from lsrl.incontext.sequences import SequenceMap, read_pairs
from lsrl.incontext.token_maps import TokenMap

__all__ = ["FunctionApproximator", "SequenceMap", "TokenMap", "read_pairs"]
