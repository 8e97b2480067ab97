"""`python -m lsrl` is the command line."""

from lsrl.cli.commands import main

main()
