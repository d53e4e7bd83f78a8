from django.urls import path

from clinics import people_views, views

app_name = "clinics"

urlpatterns = [
    path("", views.choose, name="choose"),
    path("settings/", views.settings, name="settings"),
    path("audit/", views.audit_trail, name="audit"),
    path("roles/", people_views.roles, name="roles"),
    path("people/", people_views.people, name="people"),
    path("people/invite/", people_views.invite, name="invite"),
    path("people/<int:pk>/", people_views.member, name="member"),
    path("invitations/<int:pk>/send/", people_views.send_again, name="send_again"),
    path("invitations/<int:pk>/withdraw/", people_views.withdraw, name="withdraw"),
    path("join/<str:token>/", people_views.join, name="join"),
    path("audit/export/", views.audit_export, name="audit_export"),
]
