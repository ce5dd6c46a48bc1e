"""Fill the sums above traffic from the traffic that there is; days that are stale follow with the next scan."""

from django.db import migrations

FILL = (
    """
    INSERT INTO findings_entrytraffic (day, entry_id, calls, errors, gone, input_tokens, output_tokens, cost_nano)
    SELECT day, entry_id, SUM(calls), SUM(errors), SUM(gone), SUM(input_tokens), SUM(output_tokens), SUM(cost_nano)
    FROM findings_traffic GROUP BY day, entry_id
    """,
    """
    INSERT INTO findings_nametraffic (day, name_id, calls)
    SELECT day, name_id, SUM(calls) FROM usage_dailyrollup GROUP BY day, name_id
    """,
    """
    INSERT INTO findings_caller (application_id, entry_id, first_on, last_on)
    SELECT application_id, entry_id, MIN(day), MAX(day) FROM findings_traffic
    WHERE entry_id IS NOT NULL GROUP BY application_id, entry_id
    """,
)
EMPTY = ("DELETE FROM findings_entrytraffic", "DELETE FROM findings_nametraffic", "DELETE FROM findings_caller")


class Migration(migrations.Migration):
    dependencies = [("findings", "0006_sums")]

    operations = [migrations.RunSQL(fill, empty) for fill, empty in zip(FILL, EMPTY, strict=True)]
