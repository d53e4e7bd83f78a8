from clinics.telling import Particular, particulars


def test_what_changed_is_told_with_both_values():
    detail = {"changed": {"time_zone": ["America/New_York", "Europe/Vienna"]}}
    assert particulars(detail) == [Particular("Time zone", "Europe/Vienna", "America/New_York")]


def test_nothing_is_told_as_nothing():
    assert particulars({"changed": {"phone": ["", "555"]}}) == [Particular("Phone", "555", "")]
    assert particulars({"changed": {"therapist": ["Ana", None]}}) == [
        Particular("Therapist", "", "Ana")
    ]


def test_the_rest_is_told_as_it_is():
    assert particulars({"role": "therapist", "number": 2}) == [
        Particular("Role", "therapist"),
        Particular("Number", "2"),
    ]
