from tests.prescriptions.conftest import clock, patient

__all__ = ["clock", "patient"]
