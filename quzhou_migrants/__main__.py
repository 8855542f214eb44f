"""`python -m quzhou_migrants` is the command line."""

from quzhou_migrants.cli import main

main()
