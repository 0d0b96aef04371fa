"""`wxlogin rotate-keys`: another key seals, while people sign in (security row 36)."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.support.people import People, identity_of
from wxlogin.accounts import grants, resealing
from wxlogin.config.secret_keys import made_once
from wxlogin.security.key_file import KeyFile
from wxlogin.security.sealing import Sealer
from wxlogin.service import running

Command = Callable[..., Result]
HOUR = 3600


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "encryption_key")


def an_hour_passes(file: KeyFile) -> None:
    at = file.written_at - HOUR
    os.utime(file.path, (at, at))


def signs_in(guests: People, openid: str, sealer: Sealer | None = None) -> None:
    """At a process that has this sealer."""
    with pytest.MonkeyPatch.context() as there:
        there.setattr(running(), "sealer", sealer or running().sealer)
        guests.signs_in("web", openid, grant=guests.grant())


def opens_with(keys: list[bytes], openid: str) -> bool:
    with_these = Sealer(keys)
    try:
        return grants.load(identity_of("web", openid).id, with_these) is not None
    except Exception:
        return False


def test_from_one_key_to_the_next(wxlogin: Command, guests: People, file: KeyFile):
    signs_in(guests, "o1")
    (old,) = file.keys()
    begun = wxlogin("rotate-keys")
    assert begun.exit_code == 0, begun.output
    assert "1 grants were sealed with the first key" in begun.stdout
    new, kept = file.keys()
    assert kept == old
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert opens_with([new], "o1") and not opens_with([old], "o1")
    # The service, which runs all the time, goes on with both.
    assert opens_with([new], "o1") and grants.load(
        identity_of("web", "o1").id, running().sealer
    )
    signs_in(guests, "o2")
    assert opens_with([new], "o2")
    an_hour_passes(file)
    finished = wxlogin("rotate-keys", "--finish")
    assert finished.exit_code == 0, finished.output
    assert file.keys() == [new]
    assert grants.load(identity_of("web", "o1").id, running().sealer)


def test_the_old_key_stays_for_an_hour(wxlogin: Command, guests: People, file: KeyFile):
    wxlogin("rotate-keys")
    keys = file.keys()
    early = wxlogin("rotate-keys", "--finish")
    assert early.exit_code == 1
    assert "run this again in 60 minutes" in early.stderr
    assert file.keys() == keys
    assert wxlogin("rotate-keys", "--finish", "--now").exit_code == 0
    assert file.keys() == keys[:1]


def test_what_was_sealed_late_is_sealed_again_at_the_end(
    wxlogin: Command, guests: People, file: KeyFile
):
    """By a process that had not read the file yet."""
    (old,) = file.keys()
    wxlogin("rotate-keys")
    signs_in(guests, "o1", Sealer([old]))
    an_hour_passes(file)
    assert "1 grants" in wxlogin("rotate-keys", "--finish").stdout
    assert opens_with(file.keys(), "o1")


def test_stopped_half_way_it_goes_on(
    wxlogin: Command, guests: People, file: KeyFile, monkeypatch: pytest.MonkeyPatch
):
    """Killed after the key was written, and between two batches."""
    for number in range(5):
        signs_in(guests, f"o{number}")
    written = resealing.transaction

    def stops(work: Callable[..., int]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(resealing, "transaction", stops)
    assert wxlogin("rotate-keys").exit_code != 0
    keys = file.keys()
    assert len(keys) == 2
    assert all(opens_with(keys, f"o{number}") for number in range(5))
    monkeypatch.setattr(resealing, "transaction", written)
    again = wxlogin("rotate-keys")
    assert "Going on" in again.stdout and "5 grants" in again.stdout
    assert file.keys() == keys
    assert all(opens_with(keys[:1], f"o{number}") for number in range(5))


def test_the_old_key_stays_where_something_does_not_open(
    wxlogin: Command, guests: People, file: KeyFile
):
    signs_in(guests, "o1", Sealer([bytes(32)]))
    assert wxlogin("rotate-keys").exit_code == 1
    done = wxlogin("rotate-keys", "--finish", "--now")
    assert done.exit_code == 1 and "1 grants open with none" in done.stderr
    assert len(file.keys()) == 2


def test_without_a_rotation_there_is_nothing_to_finish(
    wxlogin: Command, guests: People, file: KeyFile
):
    (key,) = file.keys()
    assert "nothing to finish" in wxlogin("rotate-keys", "--finish").stdout
    assert file.keys() == [key]


def test_keys_in_a_variable_are_told_what_to_do(
    wxlogin: Command, file: KeyFile, monkeypatch: pytest.MonkeyPatch
):
    text = made_once(file.path)
    monkeypatch.setenv("WXLOGIN_ENCRYPTION_KEYS", text)
    refused = wxlogin("rotate-keys")
    assert refused.exit_code == 2
    assert "WXLOGIN_ENCRYPTION_KEYS_FILE" in refused.stderr
    assert text not in refused.output


def test_a_file_of_ones_own_is_the_one(
    wxlogin: Command, file: KeyFile, monkeypatch: pytest.MonkeyPatch
):
    own = KeyFile(file.path.with_name("own"))
    own.path.write_text(made_once(file.path))
    own.path.chmod(0o400)
    monkeypatch.setenv("WXLOGIN_ENCRYPTION_KEYS_FILE", str(own.path))
    assert wxlogin("rotate-keys").exit_code == 0
    assert (len(own.keys()), len(file.keys())) == (2, 1)
    assert own.path.stat().st_mode & 0o777 == 0o400
