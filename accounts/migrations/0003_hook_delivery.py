import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_who_acts'),
    ]

    operations = [
        migrations.CreateModel(
            name='HookDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=40)),
                ('key', models.CharField(max_length=200)),
                ('address', models.TextField()),
                ('content_type', models.CharField(blank=True, max_length=100)),
                ('body', models.BinaryField()),
                ('request_id', models.CharField(blank=True, max_length=64)),
                ('state', models.CharField(choices=[('received', 'Received'), ('answered', 'Answered'), ('failed', 'Failed')], default='received', max_length=10)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('answer_status', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('answer_type', models.CharField(blank=True, max_length=100)),
                ('answer_body', models.TextField(blank=True)),
                ('error', models.CharField(blank=True, max_length=500)),
                ('received_at', models.DateTimeField()),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='hook_deliveries', to='accounts.account')),
            ],
            options={
                'verbose_name_plural': 'hook deliveries',
                'indexes': [models.Index(fields=['received_at'], name='hook_delivery_age'), models.Index(condition=models.Q(('state', 'answered'), _negated=True), fields=['received_at'], name='hook_delivery_unhandled')],
                'constraints': [models.UniqueConstraint(fields=('account', 'source', 'key'), name='hook_delivery_is_unique'), models.CheckConstraint(condition=models.Q(('state__in', ['received', 'answered', 'failed'])), name='hook_delivery_state_is_known')],
            },
        ),
    ]
