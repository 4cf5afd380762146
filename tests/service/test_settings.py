"""Settings: read from the environment when asked, nonsense refused in words that help."""

from __future__ import annotations

import os

import pytest

from service.settings import SettingsError, read_settings, refuse_unknown


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in [name for name in os.environ if name.upper().startswith("ADAMML_")]:
        monkeypatch.delenv(name)


def test_defaults():
    settings = read_settings()

    assert (settings.host, settings.port, settings.model) == ("127.0.0.1", 8000, None)
    assert settings.max_upload_bytes == 256 * 1024**2


def test_environment_and_overrides(monkeypatch):
    monkeypatch.setenv("ADAMML_PORT", "9000")
    monkeypatch.setenv("ADAMML_HOST", "0.0.0.0")  # noqa: S104 - nothing listens here
    monkeypatch.setenv("ADAMML_MAX_UPLOAD_BYTES", "10 MiB")
    monkeypatch.setenv("ADAMML_MODEL", "")

    settings = read_settings(port=9001, host=None)

    assert (settings.host, settings.port) == ("0.0.0.0", 9001)  # noqa: S104
    assert settings.max_upload_bytes == 10 * 1024**2
    assert settings.model is None


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PORT", "70000", "less than or equal to 65535"),
        ("PORT", "http", "valid integer"),
        ("MODEL", "/nowhere.zip", "there is no such file"),
        ("TEMP_DIR", "/nowhere", "not a directory"),
        ("MAX_UPLOAD_BYTES", "10", "greater than or equal to 1024"),
        ("MAX_CONCURRENCY", "0", "greater than or equal to 1"),
        ("REQUEST_DEADLINE_SECONDS", "inf", "finite"),
        ("REQUEST_DEADLINE_SECONDS", "nan", "finite"),
        ("METRICS_PORT", "8000", "service's own port"),
        ("API_KEYS_FILE", "/nowhere", "there is no such file"),
        ("PRECISION", "int4", "'f32' or 'bf16'"),
        ("LOG_FORMAT", "xml", "'json' or 'text'"),
        ("DRAIN_GRACE_SECONDS", "-1", "greater than or equal to 0"),
    ],
)
def test_nonsense_is_refused(monkeypatch, name, value, told):
    monkeypatch.setenv(f"ADAMML_{name}", value)

    with pytest.raises(SettingsError) as refused:
        read_settings()

    message = str(refused.value)
    assert f"ADAMML_{name} is {value!r}: " in message
    assert told in message
    assert "\n" not in message


def test_an_option_is_named_as_such():
    with pytest.raises(SettingsError, match=r"^--port is '70000': "):
        read_settings(port=70000)


def test_several_errors_make_one_line(monkeypatch):
    monkeypatch.setenv("ADAMML_THREADS", "0")

    with pytest.raises(SettingsError, match=r"--port .*; ADAMML_THREADS"):
        read_settings(port=-1)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ADAMML_WORKRES", "ADAMML_WORKRES is not a setting; did you mean ADAMML_WORKERS?"),
        ("adamml_max_que", "adamml_max_que is not a setting; did you mean ADAMML_MAX_QUEUE?"),
        ("ADAMML_X", "ADAMML_X is not a setting"),
    ],
)
def test_a_misspelt_variable_is_refused(monkeypatch, name, told):
    monkeypatch.setenv(name, "")

    with pytest.raises(SettingsError) as refused:
        read_settings()

    assert str(refused.value) == told


def test_any_case_and_other_programs_variables_are_accepted(monkeypatch):
    monkeypatch.setenv("adamml_workers", "3")
    monkeypatch.setenv("MY_ADAMML_WORKRES", "3")

    assert read_settings().workers == 3


KUBERNETES = {
    "ADAMML_SERVICE_HOST": "10.0.0.1",
    "ADAMML_SERVICE_PORT": "8000",
    "ADAMML_SERVICE_PORT_HTTP": "8000",
    "ADAMML_PORT_8000_TCP": "tcp://10.0.0.1:8000",
    "ADAMML_PORT_8000_TCP_ADDR": "10.0.0.1",
    "ADAMML_PORT_8000_TCP_PROTO": "tcp",
    "ADAMML_GPU_SERVICE_HOST": "10.0.0.2",
    "ADAMML_GPU_PORT": "tcp://10.0.0.2:80",
    "ADAMML_GPU_PORT_80_TCP_PORT": "80",
    "ADAMML_BIND": "127.0.0.2",
    "ADAMML_CONTAINER_ENGINE": "podman",
}


def test_what_kubernetes_and_the_compose_files_set_does_not_stop_the_start():
    refuse_unknown(KUBERNETES)


def test_the_address_that_kubernetes_calls_a_port_is_no_port(monkeypatch):
    monkeypatch.setenv("ADAMML_PORT", "tcp://10.0.0.1:8000")

    assert read_settings().port == 8000


def test_a_misspelt_setting_is_still_refused():
    with pytest.raises(SettingsError, match="did you mean ADAMML_WORKERS"):
        refuse_unknown(["ADAMML_WORKER"])
