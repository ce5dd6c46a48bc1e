from datetime import date

from django.db import migrations

from dashboard.core.fields import day_number

COLUMNS = "name_id, platform, model, entry_id, how, catalog"


def copy(apps, schema_editor):
    """What a name meant holds for all days; the next scan parts those whose alias moved."""
    # Version 0 makes it look again. Names that turn out to mean the same leave their days alone.
    schema_editor.execute(
        f"INSERT INTO findings_meaning ({COLUMNS}, region, from_day, to_day)"
        f" SELECT name_id, platform, model, entry_id, how, 0, '', {day_number(date.min)}, {day_number(date.max)}"
        " FROM findings_resolution"
    )


class Migration(migrations.Migration):
    dependencies = [("findings", "0002_meanings_by_day")]

    operations = [migrations.RunPython(copy, migrations.RunPython.noop)]
