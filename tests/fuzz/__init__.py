"""A fuzzer that shares no code with the compiler: its own syntax, interpreter, generators, checks and minimiser.

It knows of LSRL what a user does: the documentation, and what `import lsrl` gives. `python -m tests.fuzz 1000` runs it.
"""
