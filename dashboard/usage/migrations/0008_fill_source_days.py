"""Fill the sums per source and day from the rollups that there are; of stale days the rollups tell until a scan."""

from django.db import migrations

FILL = """
INSERT INTO usage_sourceday (source_id, day, calls, input_tokens)
SELECT source_id, day, SUM(calls), SUM(input_tokens) FROM usage_dailyrollup GROUP BY source_id, day
"""


class Migration(migrations.Migration):
    dependencies = [("usage", "0007_source_days")]

    operations = [migrations.RunSQL(FILL, "DELETE FROM usage_sourceday")]
