"""The explorer: one HTML file in which a compiled network is stepped, edited and looked into, without a server."""

from lsrl.errors import MissingPackage

try:
    import jinja2  # noqa: F401
except ImportError as problem:
    raise MissingPackage(str(problem.name), "the explorer", "view") from None
