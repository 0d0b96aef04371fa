"""What an operator does to accounts on the command line."""

import json
from collections.abc import Callable

import pytest
from click.testing import Result

from tests.support.people import SEALER, People, merge_id, user_of
from wxlogin.accounts.conflicts import list_conflicts
from wxlogin.accounts.sessions import find
from wxlogin.service import running

Command = Callable[..., Result]


def uid_of(app: str, openid: str) -> str:
    return user_of(app, openid).uid


def test_show_tells_what_is_stored(wxlogin: Command, guests: People) -> None:
    guests.signs_in("web", "o1", "u1", name="小明😀")
    shown = wxlogin("users", "show", uid_of("web", "o1"))
    assert shown.exit_code == 0
    for text in ("小明😀", "o1", "u1", "192.0.2.7", "active", "created"):
        assert text in shown.output


def test_show_obeys_no_terminal_codes_in_a_name(
    wxlogin: Command, guests: People
) -> None:
    """security row 95"""
    guests.signs_in("web", "o1", name="\x1b[2J\u202eevil")
    shown = wxlogin("users", "show", uid_of("web", "o1")).output
    assert "\x1b" not in shown and "\u202e" not in shown
    assert "\\x1b[2J\\u202eevil" in shown


@pytest.mark.parametrize(
    "words",
    [
        ("users", "show", "nobody"),
        ("users", "disable", "nobody"),
        ("users", "delete", "--yes", "nobody"),
        ("merges", "undo", "7"),
        ("conflicts", "close", "7"),
    ],
)
def test_what_is_not_there_is_one_sentence(
    wxlogin: Command, words: tuple[str, ...]
) -> None:
    refused = wxlogin(*words)
    assert refused.exit_code == 1
    assert refused.stderr.startswith("wxlogin: ")
    assert words[-1] in refused.stderr and "Traceback" not in refused.stderr


def test_disable_and_enable(wxlogin: Command, guests: People) -> None:
    """security row 24"""
    guests.signs_in("web", "o1", secret="s")
    uid = uid_of("web", "o1")
    assert wxlogin("users", "disable", uid).exit_code == 0
    assert find("s", at=guests.at) is None
    assert "disabled since" in wxlogin("users", "show", uid).output
    assert wxlogin("users", "enable", uid).exit_code == 0
    guests.signs_in("web", "o1")


def test_end_sessions_counts_them(wxlogin: Command, guests: People) -> None:
    guests.signs_in("web", "o1", secret="s")
    guests.signs_in("web", "o1")
    done = wxlogin("users", "end-sessions", uid_of("web", "o1"))
    assert "2 sessions ended" in done.output
    assert find("s", at=guests.at) is None


def test_delete_asks_first(wxlogin: Command, guests: People) -> None:
    guests.signs_in("web", "o1")
    uid = uid_of("web", "o1")
    assert wxlogin("users", "delete", uid, answer="n\n").exit_code == 1
    assert uid_of("web", "o1") == uid
    assert wxlogin("users", "delete", uid, answer="y\n").exit_code == 0
    assert wxlogin("users", "show", uid).exit_code == 1


def test_delete_by_a_former_uid_deletes_the_survivor(
    wxlogin: Command, guests: People
) -> None:
    guests.signs_in("oa", "o1")
    merged = guests.signs_in("web", "o2", "u1").resolution.uid
    guests.signs_in("oa", "o1", "u1")
    assert wxlogin("users", "delete", "--yes", merged).exit_code == 0
    assert wxlogin("users", "show", merged).exit_code == 1


def test_merges_are_listed_and_undone(wxlogin: Command, guests: People) -> None:
    assert "No accounts were merged" in wxlogin("merges", "list").output
    guests.signs_in("oa", "o1")
    guests.signs_in("web", "o2", "u1")
    merged = guests.signs_in("oa", "o1", "u1").resolution
    listed = wxlogin("merges", "list").output
    assert merged.uid in listed and str(merged.merged_uid) in listed
    number = str(merge_id())
    assert wxlogin("merges", "undo", number).exit_code == 0
    assert uid_of("web", "o2") == merged.merged_uid
    again = wxlogin("merges", "undo", number)
    assert again.exit_code == 1 and "undone before" in again.stderr


def test_conflicts_are_listed_and_closed(wxlogin: Command, guests: People) -> None:
    assert "No open conflicts" in wxlogin("conflicts", "list").output
    guests.signs_in("web", "o1", "u1")
    guests.signs_in("web", "o1", "u2")
    listed = wxlogin("conflicts", "list").output
    assert "another unionid than before" in listed and "u2 (main)" in listed
    assert wxlogin("conflicts", "close", str(list_conflicts()[0].id)).exit_code == 0
    assert "No open conflicts" in wxlogin("conflicts", "list").output
    assert "u2 (main)" in wxlogin("conflicts", "list", "--all").output


def test_reseal_says_what_no_key_opens(wxlogin: Command, guests: People) -> None:
    """security row 36: these were sealed with a key the settings do not name"""
    with pytest.MonkeyPatch.context() as former:
        former.setattr(running(), "sealer", SEALER)
        guests.signs_in("web", "o1", grant=guests.grant())
    done = wxlogin("keys", "reseal")
    assert done.exit_code == 1
    assert "0 grants were sealed" in done.stdout and "1 grants open" in done.stderr


def test_cleanup_removes_what_ran_out(wxlogin: Command, guests: People) -> None:
    guests.at = guests.at.replace(year=2020)
    guests.signs_in("web", "o1")
    done = wxlogin("cleanup")
    assert done.output == (
        "Removed 1 sessions and 1 lines of history.\n"
        "Removed 0 tokens and 0 events of sites.\n"
        "Removed 0 people who followed an official account.\n"
    )
    again = json.loads(wxlogin("cleanup", "--json").stdout)
    assert again["sessions"] == again["logins"] == 0


def test_what_is_done_beside_the_service_is_told_to_scripts(wxlogin: Command) -> None:
    told = json.loads(wxlogin("db", "current", "--json").stdout)
    assert told["current"] == told["newest"] != []
    assert json.loads(wxlogin("deliver", "--json").stdout) == {"delivered": 0}


def test_signing_keys_are_made_listed_and_rotated(
    wxlogin: Command, guests: People
) -> None:
    """security row 118"""
    assert "No signing key yet" in wxlogin("keys", "list").output
    assert "signs" in wxlogin("keys", "rotate").output
    assert wxlogin("keys", "rotate").output.count("waits") == 1
    leaked = wxlogin("keys", "rotate", "--now").output
    assert leaked.count("withdrawn") == 2 and leaked.count("signs  ") == 1
    assert wxlogin("keys", "list").output == leaked
    done = wxlogin("keys", "reseal")
    assert done.exit_code == 0
    assert "0 signing keys were sealed" in done.output
