from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate


class ClinicsConfig(AppConfig):
    name = "clinics"

    def ready(self) -> None:
        from allauth.account import signals as account
        from allauth.mfa import signals as mfa

        from clinics import checks, ownership, reads, second_factor, sessions, sign_ins

        register(checks.runtime_login_is_powerless, Tags.database)
        post_migrate.connect(ownership.hand_over, sender=self)
        user_logged_in.connect(sessions.begin)
        account.user_logged_in.connect(sign_ins.signed_in)
        account.user_logged_out.connect(sign_ins.signed_out)
        user_login_failed.connect(sign_ins.failed)
        account.authentication_step_completed.connect(sessions.renew)
        account.password_changed.connect(second_factor.note_new_password)
        account.password_set.connect(second_factor.note_new_password)
        account.password_reset.connect(second_factor.note_new_password)
        mfa.authentication_failed.connect(sign_ins.second_step_failed)
        mfa.authenticator_used.connect(second_factor.note_used)
        mfa.authenticator_added.connect(second_factor.note_added)
        mfa.authenticator_removed.connect(second_factor.note_changed)
        mfa.authenticator_reset.connect(second_factor.note_changed)
        reads.pages("looked at the audit trail", None, "clinics:audit")
