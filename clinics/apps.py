from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate


class ClinicsConfig(AppConfig):
    name = "clinics"

    def ready(self) -> None:
        from allauth.account import signals as account

        from clinics import checks, ownership, reads, sessions, sign_ins

        register(checks.runtime_login_is_powerless, Tags.database)
        post_migrate.connect(ownership.hand_over, sender=self)
        user_logged_in.connect(sessions.choose_the_only_clinic)
        account.user_logged_in.connect(sign_ins.signed_in)
        account.user_logged_out.connect(sign_ins.signed_out)
        user_login_failed.connect(sign_ins.failed)
        reads.pages("looked at the audit trail", None, "clinics:audit")
