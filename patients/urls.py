from django.urls import path

from patients import views

app_name = "patients"

urlpatterns = [
    path("new/", views.create, name="create"),
    path("archived/", views.archived, name="archived"),
    path("<int:pk>/record/", views.record, name="record"),
    path("<int:pk>/record/edit/", views.edit, name="edit"),
    path("<int:pk>/record/note/", views.note, name="note"),
    path("<int:pk>/archive/", views.archive, name="archive"),
    path("<int:pk>/restore/", views.restore, name="restore"),
    path("<int:pk>/portal/", views.portal, name="portal"),
    path("<int:pk>/portal/invite/", views.invite, name="invite"),
    path("invitations/<int:pk>/revoke/", views.revoke, name="revoke"),
    path("devices/<int:pk>/sign-out/", views.sign_out, name="sign_out"),
]
