from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='job',
            name='actor_permissions',
            # What was asked for before was allowed to do everything.
            field=models.JSONField(default=['read', 'numbers', 'licenses', 'admin']),
        ),
        migrations.AlterField(
            model_name='job',
            name='actor_permissions',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='job',
            name='reason',
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name='job',
            name='request_id',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AlterField(
            model_name='event',
            name='actor_kind',
            field=models.CharField(choices=[('user', 'Member'), ('api_key', 'API key'), ('support', 'Numberdesk support'), ('carrier', 'Twilio and other callers'), ('system', 'Numberdesk')], max_length=10),
        ),
        migrations.AlterField(
            model_name='idempotencykey',
            name='actor_kind',
            field=models.CharField(choices=[('user', 'Member'), ('api_key', 'API key'), ('support', 'Numberdesk support'), ('carrier', 'Twilio and other callers'), ('system', 'Numberdesk')], max_length=10),
        ),
        migrations.AlterField(
            model_name='job',
            name='actor_kind',
            field=models.CharField(choices=[('user', 'Member'), ('api_key', 'API key'), ('support', 'Numberdesk support'), ('carrier', 'Twilio and other callers'), ('system', 'Numberdesk')], max_length=10),
        ),
    ]
