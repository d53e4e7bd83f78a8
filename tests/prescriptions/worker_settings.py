"""The settings of a worker that a test starts: its push service runs on this computer."""

from config.settings import *  # noqa: F403

PUSH_MAY_REACH_LOOPBACK = True
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
