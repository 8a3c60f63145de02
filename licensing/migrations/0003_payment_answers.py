import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('licensing', '0002_who_acts'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='paymentattempt',
            name='payment_attempt_state_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='paymentattempt',
            name='payment_attempt_is_pending_once',
        ),
        migrations.RemoveIndex(
            model_name='paymentattempt',
            name='payment_attempt_pending',
        ),
        migrations.AddField(
            model_name='charge',
            name='attempt',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='charge', to='licensing.paymentattempt'),
        ),
        migrations.AddField(
            model_name='graceperiod',
            name='settled_by_missing',
            field=models.BooleanField(default=False, help_text='Only because numbers were missing; they take it up again.'),
        ),
        migrations.AddField(
            model_name='paymentattempt',
            name='asks',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='paymentattempt',
            name='next_ask_at',
            # A payment that had no answer before is looked up at once.
            field=models.DateTimeField(blank=True, default=django.utils.timezone.now, null=True),
        ),
        migrations.AlterField(
            model_name='paymentattempt',
            name='next_ask_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='renew_not_before',
            field=models.DateTimeField(blank=True, help_text='A renewal that failed is not tried again before.', null=True),
        ),
        migrations.AlterField(
            model_name='graceperiod',
            name='held_at_open',
            field=models.PositiveIntegerField(help_text='What left in the period can come back until its end, up to as many numbers.'),
        ),
        migrations.AlterField(
            model_name='paymentattempt',
            name='state',
            field=models.CharField(choices=[('pending', 'Being asked for'), ('unanswered', 'No answer yet'), ('accepted', 'Accepted'), ('refused', 'Refused')], default='pending', max_length=10),
        ),
        migrations.AddIndex(
            model_name='paymentattempt',
            index=models.Index(condition=models.Q(('state__in', ('pending', 'unanswered'))), fields=['next_ask_at'], name='payment_attempt_to_ask'),
        ),
        migrations.AddIndex(
            model_name='paymentattempt',
            index=models.Index(fields=['account', '-id'], name='payment_attempt_recent'),
        ),
        migrations.AddConstraint(
            model_name='paymentattempt',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'unanswered', 'accepted', 'refused'])), name='payment_attempt_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='paymentattempt',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ('pending', 'unanswered'))), fields=('account',), name='payment_attempt_is_open_once'),
        ),
        migrations.AddConstraint(
            model_name='paymentattempt',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ('pending', 'unanswered')), _negated=True), ('next_ask_at__isnull', False), _connector='OR'), name='payment_attempt_without_an_answer_is_asked_again'),
        ),
    ]
