from django.urls import path

from portal import comfort, entering, handout, offline, outbox, reminders, views

app_name = "portal"

urlpatterns = [
    path("", views.today, name="today"),
    path("play/", views.player, name="player"),
    path("enter/<str:token>/", entering.enter, name="enter"),
    path("code/", entering.code, name="code"),
    path("new-phone/", entering.new_phone, name="new_phone"),
    path("new-phone/code/", entering.mailed_code, name="mailed_code"),
    path("people/", entering.people, name="people"),
    path("phones/", entering.phones, name="phones"),
    path("phones/<int:pk>/sign-out/", entering.sign_out_phone, name="sign_out_phone"),
    path("phones/sign-out-others/", entering.sign_out_others, name="sign_out_others"),
    path("pin/", entering.choose_pin, name="choose_pin"),
    path("pin/type/", entering.type_pin, name="type_pin"),
    path("log/<int:pk>/", views.log, name="log"),
    path("logs/", views.logs, name="logs"),
    path("logs/<int:pk>/", views.saved, name="saved"),
    path("logs/<int:pk>/correct/", views.correct, name="correct"),
    path("logs/<int:pk>/take-back/", views.take_back, name="take_back"),
    path("still-worse/<int:pk>/", views.follow_up, name="follow_up"),
    path("understood/", views.understood, name="understood"),
    path("handout/", handout.handout, name="handout"),
    path("outbox/", outbox.outbox, name="outbox"),
    path("manifest.webmanifest", offline.manifest, name="manifest"),
    path("worker.js", offline.worker, name="worker"),
    path("kept.json", offline.kept_pages, name="kept_pages"),
    path("not-kept/", offline.not_kept, name="not_kept"),
    path("settings/", comfort.comfort, name="comfort"),
    path("reminders/", reminders.choose, name="reminders"),
    path("reminders/off/", reminders.turn_off, name="turn_off"),
    path("reminders/phone/", reminders.phone, name="phone"),
    path("reminders/phone/<int:pk>/off/", reminders.phone_off, name="phone_off"),
    path("reminders/calendar/", reminders.make_calendar, name="make_calendar"),
    path("reminders/calendar/close/", reminders.close_calendar, name="close_calendar"),
    path("reminders/stop/<str:token>/", reminders.stop_mail, name="stop_mail"),
    path("calendar/<str:secret>.ics", reminders.calendar, name="calendar"),
    path("help/", views.when_to_get_help, name="help"),
    path("leave/", entering.leave, name="leave"),
]
