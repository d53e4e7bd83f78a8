from django.urls import path

from prescriptions.views import (
    alerts,
    desk_answers,
    drafts,
    handout,
    messages,
    programmes,
    progress,
    templates,
    timeline,
)

app_name = "prescriptions"

urlpatterns = [
    path("patients/<int:pk>/", programmes.of_patient, name="of_patient"),
    path("patients/<int:pk>/timeline/", timeline.timeline, name="timeline"),
    path("patients/<int:pk>/progress/", progress.progress, name="progress"),
    path("messages/", messages.unread, name="unread"),
    path("patients/<int:pk>/messages/", messages.thread, name="messages"),
    path("patients/<int:pk>/messages/answer/", messages.answer, name="answer"),
    path("patients/<int:pk>/messages/read/", messages.mark_read, name="mark_read"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/<int:pk>/", alerts.alert, name="alert"),
    path("alerts/<int:pk>/open/", alerts.look, name="open_alert"),
    path("alerts/<int:pk>/close/", alerts.close, name="close_alert"),
    path("pauses/<int:pk>/lift/", alerts.lift, name="lift"),
    path("patients/<int:pk>/draft/", drafts.start, name="start"),
    path("exercises/<int:pk>/", drafts.for_whom, name="for_whom"),
    path("drafts/<int:pk>/", drafts.edit, name="edit"),
    path("drafts/<int:pk>/exercises/", desk_answers.picker, name="picker"),
    path("drafts/<int:pk>/line/", desk_answers.line, name="line"),
    path("drafts/<int:pk>/keep/", drafts.keep, name="keep"),
    path("drafts/<int:pk>/patients/", desk_answers.others, name="others"),
    path("drafts/<int:pk>/findings/", desk_answers.findings, name="findings"),
    path("drafts/<int:pk>/discard/", drafts.discard, name="discard"),
    path("templates/", templates.templates, name="templates"),
    path("templates/<int:pk>/", templates.rename, name="rename_template"),
    path("templates/<int:pk>/archive/", templates.archive, name="archive_template"),
    path("templates/<int:pk>/restore/", templates.restore, name="restore_template"),
    path("editions/<int:pk>/", programmes.edition, name="edition"),
    path("editions/<int:pk>/handout/", handout.handout, name="handout"),
    path("editions/<int:pk>/note/", handout.note, name="note"),
    path("<int:pk>/", programmes.detail, name="detail"),
    path("<int:pk>/end/", programmes.end, name="end"),
]
