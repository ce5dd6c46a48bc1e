"""WSGI entry point, served by gunicorn under `manage.py up`."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

application = get_wsgi_application()

# A page makes some ten thousand objects and keeps none. By default the collector looks at all that the process
# holds, catalogs included, again and again while a page is made: about a tenth of its time.
gc.freeze()
gc.set_threshold(50_000, 20, 50)
