"""What programs mean: the exact and the float interpreter, traces, interventions."""

from lsrl.semantics.evaluation import Undecided
from lsrl.semantics.interpreter import Trace, report_undecided, run, trace
from lsrl.semantics.interventions import Do, Kind

__all__ = ["Do", "Kind", "Trace", "Undecided", "report_undecided", "run", "trace"]
