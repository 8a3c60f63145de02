from django.db import migrations, models

import config.fields


class Migration(migrations.Migration):

    dependencies = [
        ('telephony', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='agent',
            name='search_name',
            field=config.fields.FoldedField('name'),
        ),
        migrations.AddIndex(
            model_name='agent',
            index=models.Index(fields=['account', 'search_name', 'id'], name='agent_by_name'),
        ),
    ]
