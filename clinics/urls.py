from django.urls import path

from clinics import views

app_name = "clinics"

urlpatterns = [
    path("", views.choose, name="choose"),
    path("settings/", views.settings, name="settings"),
    path("audit/", views.audit_trail, name="audit"),
]
