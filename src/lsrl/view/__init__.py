"""What a person looks at: drawings of programs and stacks, plots, the demo's report."""

from lsrl.errors import MissingPackage

try:
    import igraph  # noqa: F401
    import jinja2  # noqa: F401
    import matplotlib  # noqa: F401
except ImportError as problem:
    raise MissingPackage(str(problem.name), "drawing", "view") from None
