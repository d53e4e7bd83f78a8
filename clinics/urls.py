from django.urls import path

from clinics import api_tokens_views, people_views, views
from clinics import security_views as security

app_name = "clinics"

urlpatterns = [
    path("", views.choose, name="choose"),
    path("settings/", views.settings, name="settings"),
    path("settings/sign-in/", security.sign_in_rules, name="sign_in_rules"),
    path("settings/sign-in/change/", security.change_sign_in_rules, name="change_sign_in_rules"),
    path("audit/", views.audit_trail, name="audit"),
    path("roles/", people_views.roles, name="roles"),
    path("people/", people_views.people, name="people"),
    path("people/invite/", people_views.invite, name="invite"),
    path("people/<int:pk>/", people_views.member, name="member"),
    path("invitations/<int:pk>/send/", people_views.send_again, name="send_again"),
    path("invitations/<int:pk>/withdraw/", people_views.withdraw, name="withdraw"),
    path("connections/", api_tokens_views.connections, name="connections"),
    path("connections/make/", api_tokens_views.connect, name="connect"),
    path("connections/<int:pk>/revoke/", api_tokens_views.revoke, name="revoke_token"),
    path("join/<str:token>/", people_views.join, name="join"),
    path("audit/export/", views.audit_export, name="audit_export"),
    path("security/", security.security, name="security"),
    path("security/second-step/", security.second_step, name="second_step"),
    path("security/sign-out/", security.end_session, name="end_session"),
    path("security/sign-out-elsewhere/", security.end_other_sessions, name="end_other_sessions"),
    path("locked/", security.locked, name="locked"),
    path("locked/now/", security.lock, name="lock"),
    path("locked/not-yet/", security.active, name="active"),
]
