"""The index of background jobs: importing it registers every task and hands beat its schedule."""

from importlib.util import find_spec

from dashboard.celery import app
from tasks.schedule import SCHEDULE

for _name in ("heartbeat", "notify", "poll", "scan"):
    if find_spec(f"tasks.{_name}"):
        __import__(f"tasks.{_name}")

app.conf.beat_schedule = {k: v for k, v in SCHEDULE.items()}
