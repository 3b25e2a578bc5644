from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from service.settings import Settings


def test_the_models_of_the_current_folder_go_before_the_shipped_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = Settings().models_dir
    assert shipped.is_dir()
    assert tmp_path not in shipped.parents
    (tmp_path / "models").mkdir()
    assert Settings().models_dir.resolve() == tmp_path / "models"


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
        ("port", 65536),
        ("port", -1),
        ("workers", 0),
        ("workers", 65),
        ("body_limit", 0),
        ("log_bodies", "some"),
        ("log_durability", "none"),
        ("log_on_failure", "ignore"),
        ("log_commit_timeout", 0),
        ("log_queue_rows", 0),
        ("log_body_limit", -1),
        ("models_dir", "/no/such/folder"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({name: value})
    assert refused.value.errors()[0]["loc"] == (name,)
