from allauth.account import views as account
from allauth.account.decorators import reauthentication_required
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as app
from allauth.mfa.webauthn import views as passkeys
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from clinics.security_views import passkey_again
from prescriptions.views import design, overview, today

# Of django-allauth only the pages that staff need: nobody signs up, addresses are the clinic's.
accounts = [
    path("sign-in/", account.login, name="account_login"),
    path("sign-out/", account.logout, name="account_logout"),
    path("sign-up/", account.signup, name="account_signup"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("password/", account.password_change, name="account_change_password"),
    # For somebody who has none yet; the same page without the question for the old one.
    path(
        "password/set/",
        reauthentication_required(
            account.PasswordSetView.as_view(template_name="account/password_change.html")
        ),
        name="account_set_password",
    ),
    path("password/forgotten/", account.password_reset, name="account_reset_password"),
    path("password/sent/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/changed/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
]

# Second factors, in the names that django-allauth knows them by; what it would list, our page does.
to_security = RedirectView.as_view(pattern_name="clinics:security")
accounts += [
    path("security/", to_security, name="mfa_index"),
    path("second-step/", mfa.authenticate, name="mfa_authenticate"),
    path("confirm/code/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("confirm/passkey/", passkey_again, name="mfa_reauthenticate_webauthn"),
    path("app/", app.activate_totp, name="mfa_activate_totp"),
    path("app/remove/", app.deactivate_totp, name="mfa_deactivate_totp"),
    path("codes/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("codes/new/", recovery.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("passkeys/", to_security, name="mfa_list_webauthn"),
    path("passkeys/add/", passkeys.add_webauthn, name="mfa_add_webauthn"),
    path("passkeys/<int:pk>/name/", passkeys.edit_webauthn, name="mfa_edit_webauthn"),
    path("passkeys/<int:pk>/remove/", passkeys.remove_webauthn, name="mfa_remove_webauthn"),
    path("sign-in/passkey/", passkeys.login_webauthn, name="mfa_login_webauthn"),
]

urlpatterns = [
    path("", today.today, name="home"),
    path("patients/", overview.patients, name="patients"),
    path("patients/<int:pk>/", overview.patient, name="patient"),
    path("design/", design.design, name="design"),
    path("accounts/", include(accounts)),
    path("clinics/", include("clinics.urls")),
    path("exercises/", include("exercises.urls")),
    path("patients/", include("patients.urls")),
    path("prescriptions/", include("prescriptions.urls")),
    path("my/", include("portal.urls")),
    path("fhir/", include("prescriptions.fhir.urls")),
    path("api/v1/", include("prescriptions.api.urls")),
]

handler400 = "portal.failures.not_understood"
handler403 = "portal.failures.forbidden"
handler404 = "portal.failures.not_found"
handler500 = "portal.failures.broken"
handler429 = "portal.failures.too_many"
