"""The office's settings with a state folder and keys of the tests' own."""

import base64
import json
import os
import tempfile

os.environ["QUALWATCH_STATE"] = tempfile.mkdtemp(prefix="qualwatch-tests-")
_key = base64.b64encode(b"k" * 32).decode()
# Also what commands run by tests use
os.environ["QUALWATCH_KEYS"] = json.dumps(
    {"secret": "tests", "identity": {"1": _key}, "lookup": _key, "seal": _key}
)

from qualwatch.config.settings import *  # noqa: E402, F403  # after the environment is set

LAW_SECONDS = 3600  # the queries of a page do not depend on how long the tests run
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # tests log in often
