from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate


class ClinicsConfig(AppConfig):
    name = "clinics"

    def ready(self) -> None:
        from clinics import checks, ownership, sessions

        register(checks.runtime_login_is_powerless, Tags.database)
        post_migrate.connect(ownership.hand_over, sender=self)
        user_logged_in.connect(sessions.choose_the_only_clinic)
