"""WSGI entry point, served by gunicorn under `manage.py up`."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from dashboard.web.system.mount import accept_full_paths

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

application = accept_full_paths(get_wsgi_application())

# A page makes some ten thousand objects and keeps none. By default the collector looks at all that the process
# holds, catalogs included, again and again while a page is made: about a tenth of its time.
gc.freeze()
gc.set_threshold(50_000, 20, 50)
