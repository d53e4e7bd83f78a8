"""Bearing's records as FHIR R4 (4.0.1), to be read by other systems; see docs/fhir.md."""
