import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_hook_delivery'),
    ]

    operations = [
        migrations.AddField(
            model_name='idempotencykey',
            name='acted_at',
            # Of a request that had no answer before nobody knows whether it acted.
            field=models.DateTimeField(blank=True, default=django.utils.timezone.now, null=True),
        ),
        migrations.AlterField(
            model_name='idempotencykey',
            name='acted_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='idempotencykey',
            name='claim',
            field=models.CharField(blank=True, max_length=32),
        ),
        migrations.AddField(
            model_name='idempotencykey',
            name='claimed_at',
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.AddField(
            model_name='idempotencykey',
            name='request_id',
            field=models.CharField(blank=True, max_length=64),
        ),
    ]
