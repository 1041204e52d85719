"""What a web server loads."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qualwatch.config.settings")
application = get_wsgi_application()
gc.freeze()  # what is loaded stays: the collector need not look through it again while somebody waits
