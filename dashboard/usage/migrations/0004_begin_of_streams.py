"""Tables and endpoints that were asked before: from which second on everything is told.

Every bucket that was told is still kept as a row when this runs. The first of them, or the first day that was
wanted if that is later, is where the telling began; what may have been asked before it is asked again and
replaces itself.
"""

from datetime import UTC, date, datetime

from django.db import migrations
from django.db.models import Min

DAY = 86400


def fill(apps, schema_editor):
    Stream = apps.get_model("usage", "Stream")
    AggregateRow = apps.get_model("usage", "AggregateRow")
    asked = Stream.objects.filter(head__in=["sql", "http"], offset__gt=0, begin=0)
    for stream in asked.select_related("source"):
        first = AggregateRow.objects.filter(source=stream.source).aggregate(first=Min("start"))["first"]
        begin = int(first.timestamp()) // DAY * DAY if first else stream.offset
        stream.begin = min(stream.offset, max(begin, _since(stream.source.config)))
        stream.save(update_fields=["begin"])


def _since(config):
    try:
        day = date.fromisoformat(str(config.get("since")))
        return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    except (AttributeError, ValueError):
        return 0


class Migration(migrations.Migration):

    dependencies = [
        ('usage', '0003_asked_again_and_objects'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
