from django.db import migrations


def rename_permission(apps, schema_editor):
    """Keep the permission of everybody who has it under its new name."""
    rows = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="recognizer")
    rows.filter(codename="promote_models").update(codename="trainer", name="Can train, promote and take back models")


def restore_permission(apps, schema_editor):
    rows = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="recognizer")
    rows.filter(codename="trainer").update(
        codename="promote_models", name="Can promote models and go back to earlier ones"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("recognizer", "0040_training_base"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="modelversion",
            options={"permissions": [("trainer", "Can train, promote and take back models")]},
        ),
        migrations.RunPython(rename_permission, restore_permission),
    ]
