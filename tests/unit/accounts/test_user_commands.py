"""`wxlogin users list`, `find` and `show`: whom a question is about."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from tests.support.people import People, two_that_merge, user_of
from wxlogin.cli import main
from wxlogin.sites import members

Command = Callable[..., Result]


def uids(result: Result) -> list[str]:
    return [one["uid"] for one in json.loads(result.stdout)["users"]]


@pytest.fixture
def ming(guests: People) -> str:
    """小明's uid; 李华 came a second later."""
    guests.signs_in("web", "openid-ming", "unionid-ming", name="小明😀 Ming")
    guests.signs_in("mp", "openid-hua", "unionid-hua", name="李华")
    return user_of("web", "openid-ming").uid


def test_users_are_listed_page_by_page(wxlogin: Command, ming: str) -> None:
    first = wxlogin("users", "list", "--limit", "1", "--json")
    assert uids(first) == [ming]
    after = json.loads(first.stdout)["after"]
    rest = wxlogin("users", "list", "--after", after, "--json")
    assert json.loads(rest.stdout)["users"][0]["nickname"] == "李华"
    told = wxlogin("users", "list", "--limit", "1").stdout
    assert "小明😀 Ming" in told and f"--after {ming}" in told
    assert wxlogin("users", "list", "--after", "nobody").exit_code == 1


def test_users_are_found(wxlogin: Command, ming: str) -> None:
    members.set_external_id("teashop", user_of("web", "openid-ming").id, "42")
    assert uids(wxlogin("users", "find", "小明", "--json")) == [ming]
    assert ming in wxlogin("users", "find", "42", "--site", "茶铺").stdout
    assert wxlogin("users", "find", "小明", "--site", "nowhere").exit_code == 2
    assert wxlogin("users", "find", " ").exit_code == 2
    nobody = wxlogin("users", "find", "王")
    assert (nobody.exit_code, nobody.stdout) == (1, "Nobody.\n")


def test_show_tells_of_each_thing_that_is_stored(wxlogin: Command, ming: str) -> None:
    members.set_external_id("teashop", user_of("web", "openid-ming").id, "42")
    told = wxlogin("users", "show", ming).stdout
    for fact in ("Identities: 1", "Sites: 1", "teashop", "42", "History: 1"):
        assert fact in told
    assert "Nothing of: phones, pictures" in told
    copy = json.loads(wxlogin("users", "show", ming, "--json").stdout)
    assert copy["sites"][0]["external_id"] == "42"


@pytest.mark.parametrize(
    "words", [("merges", "list"), ("conflicts", "list"), ("keys", "list")]
)
def test_lists_are_json_for_scripts(
    wxlogin: Command, guests: People, words: tuple[str, ...]
) -> None:
    assert json.loads(wxlogin(*words, "--json").stdout) == []
    two_that_merge(guests)
    found = json.loads(wxlogin("merges", "list", "--json").stdout)
    assert found[0]["cause"] == "unionid" and found[0]["at"].endswith("+00:00")


def test_json_is_json_on_every_terminal(wxlogin: Command, guests: People) -> None:
    guests.signs_in("web", "o1", name="小明😀")
    words = ("users", "find", "o1", "--json")
    told = CliRunner(charset="ascii").invoke(main, words).stdout
    assert json.loads(told)["users"][0]["nickname"] == "小明😀"
