from django.urls import path

from patients.views import directions, erasures, measures, records

app_name = "patients"

urlpatterns = [
    path("new/", records.create, name="create"),
    path("archived/", records.archived, name="archived"),
    path("erasures/", erasures.erasures, name="erasures"),
    path("erasures/<int:pk>/", erasures.certificate, name="certificate"),
    path("erasures/<int:pk>/file/", erasures.certificate_file, name="certificate_file"),
    path("<int:pk>/erase/", erasures.erase, name="erase"),
    path("<int:pk>/erase/ask/", erasures.ask, name="ask_for_erasure"),
    path("<int:pk>/erase/take-back/", erasures.take_back, name="take_back_erasure"),
    path("measures/", measures.measures, name="measures"),
    path("measures/add/", measures.add_measure, name="add_measure"),
    path("measures/<int:pk>/", measures.measure, name="measure"),
    path("<int:pk>/record/", records.record, name="record"),
    path("<int:pk>/record/edit/", records.edit, name="edit"),
    path("<int:pk>/record/note/", records.note, name="note"),
    path("<int:pk>/archive/", records.archive, name="archive"),
    path("<int:pk>/restore/", records.restore, name="restore"),
    path("<int:pk>/portal/", records.portal, name="portal"),
    path("<int:pk>/portal/invite/", records.invite, name="invite"),
    path("invitations/<int:pk>/revoke/", records.revoke, name="revoke"),
    path("devices/<int:pk>/sign-out/", records.sign_out, name="sign_out"),
    path("<int:pk>/direction/", directions.direction, name="direction"),
    path("<int:pk>/direction/begin/", directions.begin_episode, name="begin_episode"),
    path("<int:pk>/direction/condition/", directions.add_condition, name="add_condition"),
    path("direction/conditions/<int:pk>/end/", directions.end_condition, name="end_condition"),
    path("direction/episodes/<int:pk>/close/", directions.close_episode, name="close_episode"),
    path("direction/episodes/<int:pk>/phase/", directions.change_phase, name="change_phase"),
    path(
        "direction/episodes/<int:pk>/preference/", directions.set_preference, name="set_preference"
    ),
    path("direction/episodes/<int:pk>/event/", directions.note_event, name="note_event"),
    path("direction/episodes/<int:pk>/screen/", directions.screen, name="screen"),
    path("direction/episodes/<int:pk>/test/", directions.direction_test, name="direction_test"),
    path("direction/flags/<int:pk>/clear/", directions.clear_flag, name="clear_flag"),
]
