"""The index of background jobs: importing it registers every task and hands beat its schedule."""

from dashboard.celery import app
from tasks import heartbeat, notify, outcomes, poll, prune, scan, sync_catalog
from tasks.schedule import SCHEDULE

__all__ = ["heartbeat", "notify", "outcomes", "poll", "prune", "scan", "sync_catalog"]

app.conf.beat_schedule = SCHEDULE
