"""The Celery application. Tasks are found by name, so nothing here imports the layers above."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

app = Celery("sundial")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["tasks"], related_name=None)  # type: ignore[arg-type]  # the stubs lag
