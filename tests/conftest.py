"""Shared by all tests."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))
settings.register_profile("patient", deadline=None, print_blob=True)  # machines are noisy: time is no verdict
settings.load_profile("patient")
