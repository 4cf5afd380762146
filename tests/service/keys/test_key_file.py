"""The file of keys: what is kept, what is refused."""

from __future__ import annotations

import pytest

from service.keys.key_file import KeyFileError, add_key, id_of, new_key, read_keys, remove_key


def test_the_file_has_hashes_and_limits_but_no_key(tmp_path):
    path = tmp_path / "keys.jsonl"
    key, entry = new_key("acme", requests_per_minute=60, concurrency=2)
    add_key(path, entry)

    assert read_keys(path) == (entry,)
    assert entry.matches(key)
    assert not entry.matches(key[:-1])
    assert key.rpartition("_")[2] not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_names_are_added_once_and_removed(tmp_path):
    path = tmp_path / "keys.jsonl"
    for name in ("acme", "beta"):
        add_key(path, new_key(name)[1])
    with pytest.raises(KeyFileError, match="there is a key called acme"):
        add_key(path, new_key("acme")[1])

    remove_key(path, "acme")

    assert [entry.name for entry in read_keys(path)] == ["beta"]
    with pytest.raises(KeyFileError, match="no key called acme"):
        remove_key(path, "acme")


@pytest.mark.parametrize("name", ["", "Acme", "../etc", "a b", "a\n", "a" * 64])
def test_names_are_plain(name):
    with pytest.raises(KeyFileError, match="name"):
        new_key(name)


def test_a_bad_line_is_named_without_what_it_holds(tmp_path):
    path = tmp_path / "keys.jsonl"
    add_key(path, new_key("acme")[1])
    path.write_text("# comment\n\n" + path.read_text() + '{"name": "beta", "hash": "secret"}\n')

    with pytest.raises(KeyFileError, match="line 4: ") as refused:
        read_keys(path)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("key", ["", "x", "adamml_", "other_00_x", "adamml_ab_" + "x" * 300])
def test_what_is_not_made_like_a_key_has_no_id(key):
    assert not id_of(key)
