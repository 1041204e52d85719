"""The command `qualwatch`."""

from qualwatch.cli.run import main

__all__ = ["main"]
