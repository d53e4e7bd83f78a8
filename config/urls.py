from allauth.account import views as account
from django.urls import include, path, re_path

from prescriptions.views import design, overview

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
        account.PasswordSetView.as_view(template_name="account/password_change.html"),
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

urlpatterns = [
    path("", overview.home, name="home"),
    path("patients/<int:pk>/", overview.patient, name="patient"),
    path("design/", design.design, name="design"),
    path("accounts/", include(accounts)),
    path("clinics/", include("clinics.urls")),
    path("exercises/", include("exercises.urls")),
    path("patients/", include("patients.urls")),
    path("prescriptions/", include("prescriptions.urls")),
    path("my/", include("portal.urls")),
]

handler400 = "portal.failures.not_understood"
handler403 = "portal.failures.forbidden"
handler404 = "portal.failures.not_found"
handler500 = "portal.failures.broken"
handler429 = "portal.failures.too_many"
