from django.urls import path

from exercises.views import editing, reading, translating

app_name = "exercises"

urlpatterns = [
    path("", reading.library, name="library"),
    path("learn/", reading.education, name="education"),
    path("learn/<slug:slug>/", reading.education_page, name="education_page"),
    path(
        "learn/<slug:slug>/<str:language>/",
        translating.education_translation,
        name="education_translation",
    ),
    path(
        "learn/<slug:slug>/<str:language>/sign/", translating.sign_education, name="sign_education"
    ),
    path("own/", editing.own, name="own"),
    path("figure/", editing.figure_preview, name="figure_preview"),
    path("new/", editing.create, name="create"),
    path("<int:pk>/", reading.detail, name="detail"),
    path("<int:pk>/editions/<int:number>/", reading.edition, name="edition"),
    path(
        "<int:pk>/editions/<int:number>/<str:language>/",
        translating.translation,
        name="translation",
    ),
    path(
        "<int:pk>/editions/<int:number>/<str:language>/sign/",
        translating.sign,
        name="sign_translation",
    ),
    path(
        "<int:pk>/editions/<int:number>/<str:language>/write/",
        translating.translate,
        name="translate",
    ),
    path("<int:pk>/copy/", editing.copy, name="copy"),
    path("<int:pk>/edit/", editing.edit, name="edit"),
    path("<int:pk>/publish/", editing.publish, name="publish"),
    path("<int:pk>/discard/", editing.discard, name="discard"),
    path("<int:pk>/archive/", editing.archive, name="archive"),
    path("<int:pk>/restore/", editing.restore, name="restore"),
]
