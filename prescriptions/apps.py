from django.apps import AppConfig


class PrescriptionsConfig(AppConfig):
    name = "prescriptions"

    def ready(self) -> None:
        from patients.signals import facts_changed
        from prescriptions import receivers

        facts_changed.connect(receivers.check_again)
