"""A wxlogin.toml that is being written, from an operator's answers.

Each answer is judged at once, by the rules of start-up, for what it says itself: what
comes with later answers is no mistake yet.
"""

import base64
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from wxlogin.config.apps import AppKind
from wxlogin.config.host_names import ip_of, is_loopback
from wxlogin.config.loading import judge
from wxlogin.config.urls import web_address

# Where the keys are, beside wxlogin.toml; development makes its own under these names.
KEY_FILES = {"secret_key": "secret_key", "encryption_keys": "encryption_key"}


class Owned(StrEnum):
    """What somebody owns at WeChat."""

    nothing = "nothing"
    #: A free test account (测试号): an official account that takes IP addresses.
    test_account = "test_account"
    website = "website"
    official_account = "official_account"
    mini_program = "mini_program"
    mobile = "mobile"

    @property
    def kind(self) -> AppKind | None:
        if self is Owned.test_account:
            return AppKind.official_account
        return None if self is Owned.nothing else AppKind(self.value)


# What its app is called in APPS, and in addresses such as /login/callback/web.
_NAMES = {
    AppKind.website: "web",
    AppKind.official_account: "oa",
    AppKind.mini_program: "mp",
    AppKind.mobile: "app",
}
# Apps of these kinds are made inside an open-platform account.
_BOUND = (AppKind.website, AppKind.mobile)
_PLATFORM = "main"


class Draft:
    """Settings by their name in lower case, in `values`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.values: dict[str, Any] = {}

    def set(self, name: str, value: Any) -> None:
        """Takes an answer. Raises ValueError with the sentences of start-up about it,
        and keeps what there was."""
        self.check(name, value)
        self.values[name] = value

    def check(self, name: str, value: Any) -> None:
        """The same, and takes nothing."""
        tried = {**self.values, name: value, **_drawn_keys()}
        found = judge(tried, self._folder)
        if wrong := [one for one in found if name.upper() in one]:
            raise ValueError("\n".join(wrong))

    def more(self, name: str, item: Mapping[str, Any]) -> tuple[Any, ...]:
        """A list with this table behind those that are there: an app, a site."""
        return (*self.values.get(name, ()), item)

    def as_toml(self) -> str:
        """What to write. Tables stand behind everything else, as TOML wants it."""
        said = dict(self.values)
        if said.get("env") == "development":
            # It follows from the address, and goes when that becomes another one.
            del said["env"]
        tables = {name: one for name, one in said.items() if _is_tables(one)}
        plain = {name: one for name, one in said.items() if name not in tables}
        files = {f"{name}_file": file for name, file in KEY_FILES.items()}
        lines = list(_lines(plain | files))
        for name, items in tables.items():
            for item in items:
                lines += ["", f"[[{name}]]", *_lines(item)]
        return "\n".join(lines) + "\n"


def app_of(
    owned: Owned, appid: str, secret: str, *, bound: bool, others: Iterable[Any]
) -> dict[str, Any]:
    """An entry of APPS. `bound`: is it in an open-platform account?"""
    kind = owned.kind
    if kind is None:
        raise ValueError("who owns nothing has no app")
    app = {
        "name": _free(_NAMES[kind], {one["name"] for one in others}),
        "kind": kind.value,
        "appid": appid,
        "secret": secret,
    }
    if kind in _BOUND or (bound and owned is not Owned.test_account):
        app["open_platform"] = _PLATFORM
    return app


def site_of(text: str, *, others: Iterable[Any]) -> dict[str, Any]:
    """An entry of SITES for the address to which it has people sent back, with its name
    in front if it shall have one: `茶铺=https://shop.example/callback`.

    Raises ValueError where that is no address.
    """
    name, uri = "", text
    if "=" in text.partition("://")[0]:
        name, _, uri = text.partition("=")
    found = web_address(uri.strip())
    written = re.findall(r"://(\[[^]]*\]|[^/:?]*)", uri)[0]
    # An IPv6 address has brackets, and a host may be long.
    client_id = re.sub(r"[^a-z0-9.-]", "", found.host)[:60]
    return {
        "name": name.strip() or written,
        "client_id": _free(client_id, {one["client_id"] for one in others}),
        "client_secret": secrets.token_hex(32),
        "origins": (found.origin,),
        "redirect_uris": (uri.strip(),),
        "home": f"{found.origin}/",
    }


def whole_address(text: str) -> str:
    """PUBLIC_URL for what people write when they are asked for a host."""
    text = text.strip()
    if not text or "://" in text:
        return text
    host = re.split(r"[/?#]|:\d+(?:/|\Z)", text, maxsplit=1)[0]
    local = is_loopback(host) or ip_of(host)
    return f"{'http' if local else 'https'}://{text}"


def _free(name: str, taken: set[Any]) -> str:
    numbered = (f"{name}{number}" for number in range(2, 100))
    return next(one for one in (name, *numbered) if one not in taken)


def _drawn_keys() -> dict[str, str]:
    """Keys to judge the rest with; no file is made."""
    sealing = base64.b64encode(secrets.token_bytes(32)).decode()
    return {"secret_key": secrets.token_hex(32), "encryption_keys": sealing}


def _is_tables(value: Any) -> bool:
    return isinstance(value, tuple) and any(isinstance(one, dict) for one in value)


def _lines(values: Mapping[str, Any]) -> Iterator[str]:
    # A JSON string without escapes of UTF-16 is a basic string of TOML.
    for name, value in values.items():
        if value != ():
            yield f"{name} = {json.dumps(value, ensure_ascii=False)}"
