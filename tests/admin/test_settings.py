"""Where settings come from, and what is refused."""

import json
import re
from pathlib import Path

import pytest

from streams import people_key, settings, settings_sources
from streams.refusals import SettingsRefused


def _local_stack(root: Path, **endpoints: str) -> None:
    (root / ".local").mkdir()
    (root / ".local" / "endpoints.json").write_text(json.dumps(endpoints))


def test_without_anything_the_usual_ports_are_used(bare: pytest.MonkeyPatch) -> None:
    found = settings.read()
    assert found.connections.kafka == "127.0.0.1:9092"
    assert found.connections.clickhouse == "http://127.0.0.1:8123"
    assert found.connections.redis == "redis://127.0.0.1:6379/0"
    assert (found.space.space, found.floor.partitions) == ("live", 4)


def test_a_running_local_stack_wins_over_the_usual_ports(
    bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _local_stack(tmp_path, kafka="127.0.0.1:19", clickhouse="http://127.0.0.1:20")
    found = settings.read().connections
    assert (found.kafka, found.clickhouse) == ("127.0.0.1:19", "http://127.0.0.1:20")
    assert found.redis == "redis://127.0.0.1:6379/0"


def test_the_environment_wins_over_the_local_stack(
    bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _local_stack(tmp_path, kafka="127.0.0.1:19")
    bare.setenv("WATCHFLOOR_KAFKA", "a:1,b:2")
    assert settings.read().connections.kafka == "a:1,b:2"


def test_the_space_option_wins_over_the_environment(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("WATCHFLOOR_SPACE", "june")
    assert settings.read().space.space == "june"
    assert settings.read("july").space.space == "july"


def test_an_empty_variable_counts_as_unset(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("WATCHFLOOR_PARTITIONS", "")
    assert settings.read().floor.partitions == 4


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("WATCHFLOOR_PARTITION", "WATCHFLOOR_PARTITIONS"),
        ("WATCHFLOOR_PEOPLEKEY", "WATCHFLOOR_PEOPLE_KEY"),
        ("WATCHFLOOR_HEALTHPORT", "WATCHFLOOR_HEALTH_PORT"),
        ("WATCHFLOOR_KAFKA_URL", "WATCHFLOOR_KAFKA"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_nearest_ones(
    bare: pytest.MonkeyPatch, typo: str, meant: str
) -> None:
    bare.setenv(typo, "1")
    with pytest.raises(SettingsRefused, match=typo) as refused:
        settings.read()
    assert meant in re.split(r"[ ?]", refused.value.remedy)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WATCHFLOOR_PARTITIONS", "0"),
        ("WATCHFLOOR_PARTITIONS", "four"),
        ("WATCHFLOOR_PARTITIONER", "md5"),
        ("WATCHFLOOR_KAFKA", "kafka://broker:9092"),
        ("WATCHFLOOR_KAFKA", "broker"),
        ("WATCHFLOOR_CLICKHOUSE", "http://user:secret@host:8123"),
        ("WATCHFLOOR_REDIS", "localhost:6379"),
        ("WATCHFLOOR_SPACE", "June 2025"),
        ("WATCHFLOOR_HEALTH_PORT", "70000"),
        ("WATCHFLOOR_FLUSH_INTERVAL_S", "0"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_its_variable(
    bare: pytest.MonkeyPatch, name: str, value: str
) -> None:
    bare.setenv(name, value)
    with pytest.raises(SettingsRefused, match=name) as refused:
        settings.read()
    assert "secret" not in str(refused.value)


def test_every_setting_says_what_it_is_for() -> None:
    silent = [
        name
        for group in settings.GROUPS
        for name, field in group.model_fields.items()
        if not field.description
    ]
    assert silent == []


def test_no_two_settings_share_a_variable() -> None:
    names = [name for group in settings.GROUPS for name in settings_sources.variables(group)]
    assert len(names) == len(set(names))


def test_no_secret_shows_in_a_settings_text(bare: pytest.MonkeyPatch) -> None:
    for name in ("PEOPLE_KEY", "CLICKHOUSE_PASSWORD", "REDIS_PASSWORD"):
        bare.setenv(f"WATCHFLOOR_{name}", "feedfacefeedfacefeedfacefeedface")
    assert "feedface" not in repr(settings.read())


def test_a_new_people_key_is_its_owners_only_and_is_never_replaced(
    bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = settings_sources.people_key_path()
    assert people_key.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    key = people_key.read(settings.read().people)
    assert not people_key.create(path)
    assert key is not None
    assert (len(key), people_key.read(settings.read().people)) == (32, key)


@pytest.mark.parametrize("text", ["", "short", "00" * 15, "00" * 65, "zz" * 32])
def test_what_is_no_key_is_refused_without_being_repeated(
    bare: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "key"
    file.write_text(text)
    bare.setenv("WATCHFLOOR_PEOPLE_KEY_FILE", str(file))
    with pytest.raises(SettingsRefused) as refused:
        people_key.read(settings.read().people)
    assert "openssl rand -hex 32" in refused.value.remedy
    assert not text or text not in str(refused.value)


def test_without_a_key_ids_pass_only_when_they_are_said_to_be_pseudonyms(
    bare: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(SettingsRefused, match="no key"):
        people_key.read(settings.read().people)
    bare.setenv("WATCHFLOOR_PEOPLE_ARE_PSEUDONYMS", "true")
    assert people_key.read(settings.read().people) is None


def test_a_fingerprint_tells_keys_apart_and_not_what_they_are() -> None:
    one, other = people_key.fingerprint(b"1" * 32), people_key.fingerprint(b"2" * 32)
    assert one != other
    assert len(one) == 8
    assert people_key.fingerprint(None) == "none"
