"""The master key seals, and says what to do when it cannot."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tenantry.tokens.keys.master_key import (
    Generation,
    MasterKey,
    MasterKeyError,
    create_master_key_file,
    load_master_key,
)

KEY = MasterKey.from_base64(MasterKey.generate())


def test_what_was_sealed_opens_with_the_same_key_and_context_only() -> None:
    sealed = KEY.encrypt(b"private", b"row 1")
    assert b"private" not in sealed
    assert KEY.decrypt(sealed, b"row 1") == b"private"
    other = MasterKey.from_base64(MasterKey.generate())
    altered = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for key, data, context in (
        (KEY, sealed, b"row 2"),
        (other, sealed, b"row 1"),
        (KEY, altered, b"row 1"),
        (KEY, b"", b""),
    ):
        with pytest.raises(MasterKeyError, match="another master key"):
            key.decrypt(data, context)


def test_each_purpose_has_a_key_of_its_own() -> None:
    assert len({KEY.peppers()[0], KEY.seal_keys()[0].key, bytes.fromhex(KEY.first_key_id())}) == 3
    assert KEY.peppers() == KEY.peppers()


def test_what_is_derived_stays_what_it_was_in_earlier_versions() -> None:
    """Else no secret is recognised any more, no seal holds, and two versions make two first keys."""
    key = MasterKey.from_base64(base64.b64encode(bytes(range(32))).decode())
    assert key.first_key_id() == "1d1a82be9542f9fba3357bd3a1fb912c"
    assert key.peppers()[0].hex() == "1076eca6604e76f6bd70e231f438423a576989c5ad773513bdc6f4280ccbf641"
    assert key.seal_keys()[0].key.hex() == "c48f72a2e5d60e8ed03deebab05248f98c019221f2709c96b973d75ce7a43810"


def test_a_retired_pepper_is_forgotten_and_its_neighbours_are_kept() -> None:
    key = MasterKey.from_base64(MasterKey.generate())
    for since in range(1, 4):
        key = MasterKey.from_text(key.followed_by(MasterKey.generate(), since))
        key = MasterKey.from_text(key.alone())
    assert sorted(key.peppers()) == [0, 1, 2, 3]
    without = MasterKey.from_text(key.without_peppers([1, 3]))
    assert without.peppers() == {number: pepper for number, pepper in key.peppers().items() if number != 1}
    assert without.seal_keys() == key.seal_keys()


def test_a_key_is_changed_as_often_as_its_secrets_can_be_told_apart() -> None:
    before = [Generation(number, number, None, b"s" * 32) for number in range(254)]
    last_but_one = MasterKey(b"k" * 32, number=254, since=254, before=before)
    last = MasterKey.from_text(last_but_one.followed_by(MasterKey.generate(), 255))
    assert last.generations[-1].number == 255
    with pytest.raises(MasterKeyError, match="can be no more"):
        last.followed_by(MasterKey.generate(), 256)


@pytest.mark.parametrize("text", ["", "not base64!", "c2hvcnQ=", "ü"])
def test_a_malformed_key_is_refused_without_repeating_it(text: str, tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    file.write_text(text, "utf-8")
    with pytest.raises(MasterKeyError) as refused:
        load_master_key(None, file)
    assert not text or text not in str(refused.value)


def test_the_setting_wins_over_the_file(tmp_path: Path) -> None:
    text = MasterKey.generate()
    assert load_master_key(text, tmp_path / "absent").peppers() == MasterKey.from_base64(text).peppers()


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError, match="tenantry init"):
        load_master_key(None, tmp_path / "absent")


def test_a_key_has_32_bytes() -> None:
    for length in (0, 31, 33):
        with pytest.raises(MasterKeyError, match=f"has {length}"):
            MasterKey(b"k" * length)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "master.key").mkdir(mode=0o700)
    with pytest.raises(MasterKeyError, match=r"master\.key"):
        load_master_key(None, tmp_path / "master.key")


def test_a_new_key_file_is_for_its_owner_only_and_never_replaces_one(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    made = create_master_key_file(file)
    assert file.stat().st_mode & 0o077 == 0
    assert load_master_key(None, file).peppers() == made.peppers()
    with pytest.raises(FileExistsError):
        create_master_key_file(file)
