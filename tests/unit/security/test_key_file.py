"""Keys change while the service runs (`security.key_file`): security row 36."""

import base64
import os
from pathlib import Path

import pytest

from wxlogin.security import sealing
from wxlogin.security.key_file import LOOK_SECONDS, KeyFile
from wxlogin.security.sealing import SealBroken, Sealer

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
PLACE = {"table": "grant", "column": "access_token", "row": "r1"}


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    path = tmp_path / "encryption_key"
    path.write_text(base64.b64encode(OLD).decode() + "\n")
    path.chmod(0o640)
    return KeyFile(path)


def another(file: KeyFile) -> Sealer:
    """A process that started when there was one key."""
    return Sealer([OLD], file=KeyFile(file.path))


def test_it_stays_whole_and_readable_for_the_same(file: KeyFile) -> None:
    file.write([NEW, OLD])
    assert file.keys() == [NEW, OLD]
    assert file.path.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in file.path.parent.iterdir()] == ["encryption_key"]


def test_a_full_disk_leaves_the_keys_that_were_there(
    file: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """fault F18"""

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        file.write([NEW, OLD])
    assert file.keys() == [OLD]
    assert [one.name for one in file.path.parent.iterdir()] == ["encryption_key"]


def test_a_process_opens_what_another_one_sealed_with_a_new_key(file: KeyFile) -> None:
    process = another(file)
    file.write([NEW, OLD])
    sealed = Sealer([NEW]).seal("token", **PLACE)
    assert process.unseal(sealed, **PLACE) == "token"
    assert process.is_current(process.seal("its own", **PLACE))
    assert Sealer([NEW]).unseal(process.seal("its own", **PLACE), **PLACE)


def test_a_process_seals_with_it_within_half_a_minute(
    file: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(sealing, "monotonic", lambda: now[0])
    process = another(file)
    file.write([NEW, OLD])
    now[0] += LOOK_SECONDS
    assert Sealer([OLD]).unseal(process.seal("token", **PLACE), **PLACE) == "token"
    now[0] += 1
    assert Sealer([NEW]).unseal(process.seal("token", **PLACE), **PLACE) == "token"


@pytest.mark.parametrize("text", ["", "half-a-key", "c2hvcnQ=", "\x00"])
def test_what_holds_no_keys_changes_nothing(file: KeyFile, text: str) -> None:
    process = another(file)
    sealed = process.seal("token", **PLACE)
    file.path.write_text(text)
    process.look()
    assert process.unseal(sealed, **PLACE) == "token"


def test_a_file_that_has_gone_changes_nothing(file: KeyFile) -> None:
    process = another(file)
    file.path.unlink()
    process.look()
    assert process.unseal(process.seal("token", **PLACE), **PLACE) == "token"


def test_a_key_that_is_in_no_file_still_opens_nothing(file: KeyFile) -> None:
    process = another(file)
    with pytest.raises(SealBroken):
        process.unseal(Sealer([NEW]).seal("token", **PLACE), **PLACE)
