"""One settings file. Everything that differs between machines comes from the environment."""

import os
import sys
from pathlib import Path

from csp.constants import NONCE, NONE, SELF
from django.contrib.messages import constants as message_levels
from django.core.exceptions import ImproperlyConfigured

from config import database, logs, production

BASE_DIR = Path(__file__).resolve().parent.parent
TESTING = "pytest" in sys.modules


def env(name: str, default: str | None = None) -> str:
    """Read one variable; a missing one without a default stops the start, loudly."""
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"Set {name} (see .env.example).")
    return value


def listed(name: str, default: str = "") -> list[str]:
    """Several values in one variable, with commas between them."""
    return [word.strip() for word in env(name, default).split(",") if word.strip()]


SECRET_KEY = env("SECRET_KEY", "for tests only" if TESTING else None)
# Older keys: what they have signed still counts, nothing is signed with them any more.
SECRET_KEY_FALLBACKS = listed("SECRET_KEY_FALLBACKS")
DEBUG = env("DEBUG", "off") == "on"
ALLOWED_HOSTS = listed("ALLOWED_HOSTS", "localhost,127.0.0.1")
# Where the outside world finds us: links that leave the browser never use the Host header.
SITE_URL = env("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
IS_HTTPS = SITE_URL.startswith("https://")
if IS_HTTPS:
    # Whoever is reached by the world does not start half set up.
    production.require(
        secret_keys=[SECRET_KEY, *SECRET_KEY_FALLBACKS],
        second_factor_keys=listed("SECOND_FACTOR_KEYS"),
        debug=DEBUG,
        site_url=SITE_URL,
        hosts=listed("ALLOWED_HOSTS"),
        is_embedded=database.is_embedded(),
    )

INSTALLED_APPS = [
    "clinics",
    "exercises",
    "patients",
    "prescriptions",
    "portal",
    "config",
    "procrastinate.contrib.django",
    "crispy_forms",
    "lucide",
    "django_htmx",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
]

MIDDLEWARE = [
    "config.logs.RequestLog",
    "config.headers.Headers",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.health.Probes",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Four drawn loops on a phone need it. What BREACH would guess is masked (the CSRF token) or
    # never in a page, cookies are SameSite, and Django blurs the length of each answer.
    "django.middleware.gzip.GZipMiddleware",
    # Before whatever may write a line into the audit trail.
    "clinics.origin.OriginMiddleware",
    "config.headers.HostOnlyCookies",
    "config.limits.Limits",
    "config.limits.Readable",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "config.headers.WithheldOrigin",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "clinics.middleware.StaffSessionMiddleware",
    "clinics.middleware.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.headers.nonce",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"
CRISPY_TEMPLATE_PACK = "bearing"
CRISPY_ALLOWED_TEMPLATE_PACKS = ("bearing",)
MESSAGE_TAGS = {message_levels.ERROR: "danger"}

# The login is "app" for the web and "migrator" for migrations and the catalogue.
DATABASES = {
    "default": database.connection_settings(env("BEARING_LOGIN", "app"), testing=TESTING),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "bearing_cache",
        # Tries are counted here. Beyond the default of 300 rows a flood of addresses would push
        # the count of somebody's guesses out.
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    }
}

AUTH_USER_MODEL = "clinics.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "clinics.passwords.CommonWordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "clinics.adapters.StaffAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 5 * 60  # seconds that a confirmation of who it is holds
MFA_ADAPTER = "clinics.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "clinics.second_factor_forms.CodeForm",
    "reauthenticate": "clinics.second_factor_forms.CodeAgainForm",
    "activate_totp": "clinics.second_factor_forms.AppForm",
    "add_webauthn": "clinics.second_factor_forms.PasskeyForm",
    "login_webauthn": "clinics.second_factor_forms.PasskeySignInForm",
    "authenticate_webauthn": "clinics.second_factor_forms.PasskeyStepForm",
    "reauthenticate_webauthn": "clinics.second_factor_forms.PasskeyAgainForm",
    "edit_webauthn": "clinics.second_factor_forms.PasskeyNameForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
# A passkey is two factors only if its device asks for a finger, a face or a number.
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_TOTP_ISSUER = "Bearing"
MFA_TOTP_TOLERANCE = 1  # steps of 30 seconds that the clock of a phone may be off
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Seal the secrets of authenticator apps: the first one seals, each of them opens.
SECOND_FACTOR_KEYS = listed("SECOND_FACTOR_KEYS")

EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if os.environ.get("EMAIL_HOST")
    else "django.core.mail.backends.console.EmailBackend"
)
EMAIL_HOST = env("EMAIL_HOST", "")
EMAIL_PORT = int(env("EMAIL_PORT", "587"))
EMAIL_HOST_USER = env("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env("EMAIL_USE_TLS", "on") == "on"
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", "Bearing <no-reply@localhost>")
EMAIL_TIMEOUT = 10  # seconds: a mail server that hangs must not hold a worker for ever

# Signs messages to phones; without it there are none.
VAPID_PRIVATE_KEY = env("VAPID_PRIVATE_KEY", "")
# Only for tests, which have a push service of their own.
PUSH_MAY_REACH_LOOPBACK = False

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
# What patients may read in; staff pages are in English.
LANGUAGES = [("en", "English"), ("es", "Español"), ("ar", "العربية")]
FORMAT_MODULE_PATH = "config.formats"
USE_I18N = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "var" / "static"
# With COLLECTED_STATIC the files are those of `collectstatic`, hashed and compressed.
COLLECTED_STATIC = env("COLLECTED_STATIC", "off") == "on"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "config.storage.HashedStorage"
        if COLLECTED_STATIC
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not COLLECTED_STATIC
WHITENOISE_AUTOREFRESH = not COLLECTED_STATIC

# Nothing is allowed but what is named: scripts by the nonce of this very answer, everything else
# from this very site. Style elements, inline scripts, frames, plug-ins, other sites: no way in.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [NONCE],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "upgrade-insecure-requests": IS_HTTPS,
    }
}
WHITENOISE_ALLOW_ALL_ORIGINS = False
# How many proxies of our own stand before us; each adds one hop to X-Forwarded-For.
TRUSTED_PROXIES = int(env("TRUSTED_PROXIES", "0"))
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SECURE_HSTS_PRELOAD = IS_HTTPS
# Probes ask from inside, where nothing is encrypted.
SECURE_REDIRECT_EXEMPT = ["^(healthz|readyz|metrics)$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_ENGINE = "clinics.session_store"
SESSION_COOKIE_AGE = 12 * 60 * 60  # seconds: one working day, whether used or not
CSRF_FAILURE_VIEW = "portal.failures.open_too_long"
CSRF_TRUSTED_ORIGINS = [SITE_URL] if IS_HTTPS else []
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000  # bytes: a programme of text is far below
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
FILE_UPLOAD_HANDLERS = ["config.limits.NoUploads"]
# First by account: what is refused there does not count against the address, which a whole clinic
# may share. Beyond these stand the limits of config/limits.py.
ACCOUNT_RATE_LIMITS = {
    "login": "200/m/ip",
    "login_failed": "5/5m/key,60/m/ip",
    "reauthenticate": "5/m/user,30/h/user",
}

# What the codes and extensions of ours are named by over FHIR: kept when the server moves.
FHIR_CANONICAL = env("FHIR_CANONICAL", f"{SITE_URL}/fhir").rstrip("/")
# For how long the files of a bulk export are kept.
BULK_EXPORT_DAYS = int(env("BULK_EXPORT_DAYS", "3"))

# Who may read /metrics: networks, or whoever shows the token.
METRICS_FROM = listed("METRICS_FROM", "127.0.0.1/32,::1/128")
METRICS_TOKEN = env("METRICS_TOKEN", "")
LOGGING = logs.configuration(env("LOG_LEVEL", "INFO" if IS_HTTPS else "WARNING"))

if TESTING:
    # Argon2 is slow on purpose; tests sign in hundreds of times.
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    # A connection kept by a live server's thread would stop the test database from being dropped.
    DATABASES["default"]["CONN_MAX_AGE"] = 0
