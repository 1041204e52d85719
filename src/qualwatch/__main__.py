"""`python -m qualwatch` is the command `qualwatch`."""

from qualwatch.cli import main

main()
