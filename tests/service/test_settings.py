from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from service.settings import Settings

NUMBERS = [name for name, field in Settings.model_fields.items() if field.annotation in (int, float, float | None)]
MAY_BE_NONE = {"port", "drain_seconds", "models_poll_seconds", "log_body_limit"}


def test_own_models_go_before_the_published_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own, published = Settings().models_folders
    assert own.absolute() == tmp_path / "models"  # also before it is there
    assert (published / "sine-gru" / "1" / "card.json").is_file()
    assert Settings(models_dir=tmp_path).models_folders == (tmp_path, published)
    assert Settings(models_dir=tmp_path, published_models=False).models_folders == (tmp_path,)


def test_an_environment_variable_sets_each_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLL_PORT", "8123")
    monkeypatch.setenv("UNROLL_LOG_BODIES", "shape")
    monkeypatch.setenv("PORT", "1")
    settings = Settings()
    assert (settings.port, settings.log_bodies) == (8123, "shape")


def test_settings_cannot_be_changed_once_made() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[(name, bound) for name in NUMBERS for bound in ("inf", "-inf", "nan", "1e400", "-1", "1e300")],
        *[(name, 1e-300) for name in NUMBERS if name != "log_keep_days"],
        *[(name, 0) for name in NUMBERS if name not in MAY_BE_NONE],
        ("port", 65536),
        ("port", -1),
        ("host", "[::1]"),
        ("host", ""),
        ("workers", 0),
        ("workers", 65),
        ("log_bodies", "some"),
        ("log_durability", "none"),
        ("log_on_failure", "ignore"),
        ("models_dir", "/no/such/folder"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({name: value})
    assert refused.value.errors()[0]["loc"] == (name,)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("cors_origins", "https://example.org/", "no slash or path after it"),
        ("cors_origins", "https://example.net, https://example.org/page", "no slash or path after it"),
        ("cors_origins", "https://Example.org", "in lower case"),
        ("cors_origins", "https://example.org:443", "unless it is the scheme's own"),
        ("cors_origins", "example.org", "scheme://host"),
        ("cors_origins", "null", "scheme://host"),
        ("cors_origins", "*, https://example.org", "scheme://host"),
        ("trusted_proxies", "nginx", "names are not looked up"),
        ("trusted_proxies", "10.0.0.0/8, 300.0.0.1", "addresses or networks"),
        ("trusted_proxies", "10.0.0.1/8", "so 10.0.0.0/8"),
        ("trusted_proxies", "*, 10.0.0.1", "addresses or networks"),
        ("trusted_proxies", "10.0.0.0/33", "addresses or networks"),
        ("allowed_hosts", "https://unroll.example.org", "without scheme"),
        ("allowed_hosts", "unroll.example.org:8000", "without scheme, port"),
        ("allowed_hosts", "*", "names or addresses"),
    ],
)
def test_an_entry_that_could_never_match_is_refused_with_what_was_expected(
    name: str, value: str, expected: str
) -> None:
    with pytest.raises(ValidationError, match=re.escape(expected)) as refused:
        Settings.model_validate({name: value})
    assert refused.value.errors()[0]["loc"] == (name,)


@pytest.mark.parametrize(
    ("name", "value", "entries"),
    [
        ("cors_origins", " https://example.org , http://localhost:3000,", "https://example.org,http://localhost:3000"),
        (
            "cors_origins",
            "http://[::1]:3000,https://a.org:8443,app://b",
            "http://[::1]:3000,https://a.org:8443,app://b",
        ),
        ("cors_origins", " * ", "*"),
        ("trusted_proxies", "10.0.0.7, fd00::/8,::1", "10.0.0.7,fd00::/8,::1"),
        ("trusted_proxies", "*", "*"),
        (
            "allowed_hosts",
            "unroll, Unroll.example.org,192.0.2.1,[::1],::1",
            "unroll,Unroll.example.org,192.0.2.1,[::1],::1",
        ),
        ("allowed_hosts", "", ""),
    ],
)
def test_lists_take_what_can_match(name: str, value: str, entries: str) -> None:
    assert getattr(Settings.model_validate({name: value}), name) == entries


def test_every_number_is_tried() -> None:
    assert {"port", "drain_seconds", "read_timeout", "log_keep_days", "large_bytes"} <= set(NUMBERS)
    assert set(NUMBERS) >= MAY_BE_NONE
    for name in MAY_BE_NONE:
        assert getattr(Settings.model_validate({name: 0}), name) == 0
