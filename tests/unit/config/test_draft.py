"""wxlogin.toml as it is written from answers."""

import tomllib
from pathlib import Path

import pytest

from wxlogin.config.draft import Draft, Owned, app_of, site_of, whole_address

SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("login.shop.example", "https://login.shop.example"),
        (" shop.example/wx ", "https://shop.example/wx"),
        ("shop.example:8443", "https://shop.example:8443"),
        ("localhost:5000", "http://localhost:5000"),
        ("192.168.1.20:5000", "http://192.168.1.20:5000"),
        ("[::1]:5000", "http://[::1]:5000"),
        ("http://shop.example", "http://shop.example"),
        ("", ""),
    ],
)
def test_a_host_becomes_an_address(text: str, address: str) -> None:
    assert whole_address(text) == address


@pytest.mark.parametrize(
    ("text", "name", "client_id"),
    [
        ("https://shop.example/callback", "shop.example", "shop.example"),
        ("茶铺=https://shop.example/cb?a=b", "茶铺", "shop.example"),
        ("https://taken.example/cb", "taken.example", "taken.example2"),
        ("https://茶铺.example/cb", "茶铺.example", "xn--cl1av77a.example"),
        ("http://[::1]:8000/cb", "[::1]", "1"),
    ],
)
def test_a_site_is_made_of_its_address(text: str, name: str, client_id: str) -> None:
    site = site_of(text, others=[{"client_id": "taken.example"}])
    assert (site["name"], site["client_id"]) == (name, client_id)
    assert site["redirect_uris"] == (text.removeprefix("茶铺="),)
    assert len(site["client_secret"]) == 64


@pytest.mark.parametrize("text", ["shop", "=https://", "ftp://shop.example/", ""])
def test_what_is_no_address_is_no_site(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        site_of(text, others=[])


def test_apps_are_bound_where_wechat_binds_them() -> None:
    def platform(owned: Owned, *, bound: bool) -> str | None:
        app = app_of(owned, "wx0123456789abcdef", SECRET, bound=bound, others=[])
        return app.get("open_platform")

    assert platform(Owned.website, bound=False) == "main"
    assert platform(Owned.official_account, bound=False) is None
    assert platform(Owned.official_account, bound=True) == "main"
    assert platform(Owned.test_account, bound=True) is None


def test_a_wrong_answer_leaves_what_there_was(tmp_path: Path) -> None:
    draft = Draft(tmp_path)
    draft.set("site_name", "茶铺")
    with pytest.raises(ValueError, match="ACCENT is"):
        draft.set("accent", "yellow")
    assert draft.values == {"site_name": "茶铺"}
    assert list(tmp_path.iterdir()) == []


def test_any_text_is_read_back_as_it_was(tmp_path: Path) -> None:
    draft = Draft(tmp_path)
    odd = "小明😀 \"a\" 'b' \\n # = ["
    draft.set("site_name", odd)
    draft.set("sites", draft.more("sites", {"name": odd, "origins": ()}))
    said = tomllib.loads(draft.as_toml())
    assert said["site_name"] == odd
    assert said["sites"] == [{"name": odd}]
