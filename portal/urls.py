from django.urls import path

from portal import comfort, handout, views

app_name = "portal"

urlpatterns = [
    path("", views.today, name="today"),
    path("play/", views.player, name="player"),
    path("enter/<str:token>/", views.enter, name="enter"),
    path("log/<int:pk>/", views.log, name="log"),
    path("logs/", views.logs, name="logs"),
    path("logs/<int:pk>/", views.saved, name="saved"),
    path("logs/<int:pk>/correct/", views.correct, name="correct"),
    path("logs/<int:pk>/take-back/", views.take_back, name="take_back"),
    path("still-worse/<int:pk>/", views.follow_up, name="follow_up"),
    path("understood/", views.understood, name="understood"),
    path("handout/", handout.handout, name="handout"),
    path("settings/", comfort.comfort, name="comfort"),
    path("help/", views.when_to_get_help, name="help"),
    path("leave/", views.leave, name="leave"),
]
