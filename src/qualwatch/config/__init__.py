"""Settings, addresses, and Django made ready for a command."""

import os


def make_ready() -> None:
    """Loads Django with the office's settings; commands that need no database never call it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qualwatch.config.settings")
    import django  # slow to load, and most commands do without it

    django.setup()
