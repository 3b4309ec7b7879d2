import django.db.models.deletion
import jenk.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SessionOwner',
            fields=[
                ('user', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='+', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('locked_at', models.DateTimeField(null=True)),
                ('valid_after', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Session',
            fields=[
                ('handle', jenk.models.HandleField(max_length=25, primary_key=True, serialize=False, verbose_name='handle')),
                ('secret_hash', models.CharField(editable=False, max_length=22)),
                ('previous_secret_hash', models.CharField(blank=True, default='', editable=False, max_length=22)),
                ('rotated_at', models.DateTimeField(editable=False, null=True, verbose_name='key renewed')),
                ('authenticated_at', models.DateTimeField(null=True, verbose_name='signed in')),
                ('auth_tag', models.CharField(blank=True, default='', editable=False, max_length=22)),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('last_activity', models.DateTimeField(verbose_name='last active')),
                ('expire_date', models.DateTimeField(db_index=True, verbose_name='expires')),
                ('address', models.GenericIPAddressField(null=True, verbose_name='address')),
                ('user_agent', models.CharField(blank=True, default='', max_length=256, verbose_name='browser')),
                ('payload', models.TextField(blank=True, default='', editable=False)),
                ('payload_mac', models.CharField(blank=True, default='', editable=False, max_length=22)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('seal', models.CharField(blank=True, default='', editable=False, max_length=22)),
                ('expiry', models.CharField(editable=False, max_length=40, null=True)),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended')),
                ('end_reason', models.CharField(blank=True, default='', max_length=20, verbose_name='reason')),
                ('ended_by', models.CharField(blank=True, default='', max_length=255, verbose_name='ended by')),
                ('operation', models.CharField(blank=True, default='', max_length=25)),
                ('user', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'session',
                'verbose_name_plural': 'sessions',
                'indexes': [models.Index(fields=['user', 'ended_at'], name='jenk_session_user')],
            },
        ),
        migrations.CreateModel(
            name='SessionEvent',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField(db_index=True, verbose_name='time')),
                ('kind', models.CharField(choices=[('started', 'started'), ('rotated', 'key renewed'), ('ended', 'ended'), ('refused', 'refused'), ('reauthenticated', 'signed in again')], max_length=16, verbose_name='event')),
                ('handle', jenk.models.HandleField(db_index=True, max_length=25, verbose_name='session')),
                ('reason', models.CharField(blank=True, default='', max_length=20, verbose_name='reason')),
                ('actor', models.CharField(blank=True, default='', max_length=255, verbose_name='by')),
                ('address', models.GenericIPAddressField(null=True, verbose_name='address')),
                ('user', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'session event',
                'verbose_name_plural': 'session events',
                'indexes': [models.Index(fields=['user', 'at'], name='jenk_event_user')],
            },
        ),
    ]
