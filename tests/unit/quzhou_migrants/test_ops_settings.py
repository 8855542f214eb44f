"""Settings from the environment."""

from pathlib import Path

import pytest

from quzhou_migrants.settings import Settings, SettingsError, load, rows


def test_an_empty_environment_gives_working_defaults() -> None:
    assert load({}) == Settings()


def test_every_wrong_value_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        load({"QM_PORT": "80000", "QM_WORKERS": "many", "QM_PUBLIC_URL": "ftp://x", "QM_PROT": "1"})
    assert [variable for variable, _ in error.value.problems] == [
        "QM_PROT",
        "QM_PORT",
        "QM_PUBLIC_URL",
        "QM_WORKERS",
    ]


def test_values_are_read_as_their_kind() -> None:
    settings = load({"QM_DATA": "/srv/qm", "QM_PORT": "9000", "QM_LOG_LEVEL": "debug"})
    assert (settings.data_dir, settings.port, settings.log_level) == (Path("/srv/qm"), 9000, "debug")


def test_the_public_address_follows_the_port() -> None:
    assert load({"QM_PORT": "9000"}).public_url == "http://127.0.0.1:9000"
    assert load({"QM_PORT": "9000", "QM_PUBLIC_URL": "https://ymj.example"}).public_url == "https://ymj.example"


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load({"DATABASE_URL": "", "QM_PORT": " "}) == Settings()


def test_a_password_is_never_printed() -> None:
    settings = load({"DATABASE_URL": "postgresql://qm_owner:s3cret@db.example:5432/qm"})
    shown = dict(rows(settings))
    assert shown["DATABASE_URL"] == "postgresql://qm_owner:***@db.example:5432/qm"
    assert not [value for value in shown.values() if "s3cret" in value]
