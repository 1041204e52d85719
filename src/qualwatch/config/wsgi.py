"""What a web server loads."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from qualwatch.config import NotReady, state_folder
from qualwatch.config.keys import has_keys

try:
    is_prepared = has_keys(state_folder())
except OSError as error:
    raise NotReady(f"the state folder cannot be read: {error}") from error
if not is_prepared:
    raise NotReady("no keys: run qualwatch manage prepare first")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qualwatch.config.settings")
application = get_wsgi_application()
gc.freeze()  # what is loaded stays: collecting it again would delay answers
