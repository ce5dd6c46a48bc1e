from django.db import migrations


class Migration(migrations.Migration):
    """The table with all that was known takes the place of the one that held a meaning per name."""

    dependencies = [("findings", "0003_copy_resolutions")]

    operations = [
        migrations.DeleteModel(name="Resolution"),
        migrations.RenameModel(old_name="Meaning", new_name="Resolution"),
    ]
