from datetime import date

import django.db.models.deletion
from django.db import migrations, models

import dashboard.core.fields


class Migration(migrations.Migration):
    """Room for several meanings of a name, each on its own days: beside the table that holds one per name."""

    dependencies = [
        ("catalog", "0001_initial"),
        ("usage", "0001_initial"),
        ("findings", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Meaning",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_day", dashboard.core.fields.DayField(default=date.min)),
                ("to_day", dashboard.core.fields.DayField(default=date.max)),
                ("platform", models.CharField(help_text='As told or as the name says; "(unknown)"', max_length=60)),
                ("model", models.CharField(help_text='The name without known wrappers; "(unknown)"', max_length=300)),
                ("how", models.CharField(max_length=20)),
                ("region", models.CharField(blank=True, help_text='Where the name says it is served; "" untold', max_length=40)),
                ("catalog", models.PositiveIntegerField(db_index=True)),
                ("entry", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="catalog.entry")),
                ("name", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="resolutions", to="usage.calledname")),
            ],
            options={
                "indexes": [models.Index(fields=["name", "from_day", "to_day", "entry", "region"], name="resolution_on_day")],
                "constraints": [models.UniqueConstraint(fields=("name", "from_day"), name="resolution_once_per_day")],
            },
        ),
    ]  # fmt: skip
