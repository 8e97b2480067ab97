"""What programs mean: the exact and the float interpreter, traces."""

from lsrl.semantics.evaluation import Undecided
from lsrl.semantics.interpreter import Trace, report_undecided, run, trace

__all__ = ["Trace", "Undecided", "report_undecided", "run", "trace"]
