from django.urls import path

from exercises.views import editing, reading

app_name = "exercises"

urlpatterns = [
    path("", reading.library, name="library"),
    path("learn/", reading.education, name="education"),
    path("learn/<slug:slug>/", reading.education_page, name="education_page"),
    path("own/", editing.own, name="own"),
    path("figure/", editing.figure_preview, name="figure_preview"),
    path("new/", editing.create, name="create"),
    path("<int:pk>/", reading.detail, name="detail"),
    path("<int:pk>/editions/<int:number>/", reading.edition, name="edition"),
    path("<int:pk>/copy/", editing.copy, name="copy"),
    path("<int:pk>/edit/", editing.edit, name="edit"),
    path("<int:pk>/publish/", editing.publish, name="publish"),
    path("<int:pk>/discard/", editing.discard, name="discard"),
    path("<int:pk>/archive/", editing.archive, name="archive"),
    path("<int:pk>/restore/", editing.restore, name="restore"),
]
