from django.urls import path

from prescriptions.fhir import bulk_views, views

app_name = "fhir"

# FHIR's own addresses: no slash at the end.
urlpatterns = [
    path("metadata", views.metadata, name="metadata"),
    path("$export", bulk_views.begin, name="export"),
    path("Patient/$export", bulk_views.begin, name="export_patients"),
    path("bulk/<uuid:uuid>", bulk_views.status, name="bulk"),
    path("bulk/<uuid:uuid>/<str:kind>.ndjson", bulk_views.file, name="bulk_file"),
    path("Patient/<str:key>/$everything", views.everything, name="everything"),
    path("<str:kind>/<str:key>", views.read, name="read"),
    path("<str:kind>", views.search_type, name="search"),
    path("<path:path>", views.unknown, name="unknown"),
]
