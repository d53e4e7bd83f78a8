import pytest

from portal.devices import device_label


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        pytest.param(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)", "iPhone", id="iPhone"
        ),
        pytest.param("Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X)", "iPad", id="iPad"),
        pytest.param(
            "Mozilla/5.0 (Linux; Android 16; Pixel 11)", "Android phone", id="Android is no Linux"
        ),
        pytest.param("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "Windows computer", id="Windows"),
        pytest.param("Mozilla/5.0 (Macintosh; Intel Mac OS X 15_0)", "Mac", id="Mac"),
        pytest.param("Mozilla/5.0 (X11; CrOS x86_64 16000.0.0)", "Chromebook", id="Chromebook"),
        pytest.param("Mozilla/5.0 (X11; Linux x86_64)", "Linux computer", id="Linux"),
        pytest.param("", "A browser", id="nothing said"),
        pytest.param("curl/8.5", "A browser", id="something else"),
        pytest.param("<script>alert(1)</script>" * 999, "A browser", id="hostile and long"),
    ],
)
def test_a_device_has_a_name_that_a_patient_knows(user_agent, label):
    assert device_label(user_agent) == label
