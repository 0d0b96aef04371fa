"""The parties of a simulated login: apps, and people who hold the phone.

An app is one appid with its secret, of a kind, with its registered callback domains. A
callback domain is a bare host, as in WeChat's console: no scheme, no path, no port. The
host of a redirect_uri must equal one of them (developers.weixin.qq.com/doc/oplatform/
Website_App/WeChat_Login), and it has no port but 80 and 443 (developers.weixin.qq.com/
community/develop/doc/00086833d108989ff59b9d39851400). Two kinds of hosts may have any:
loopback's, which WeChat takes none of, and addresses, which its test accounts take
with a port.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any
from urllib.parse import urlsplit

from ..protocol import SCOPE_BASE, SCOPE_USERINFO
from ..refusals import MASK, Invalid, flag, known, text, texts
from . import ids

PAGE_SCOPES = (SCOPE_BASE, SCOPE_USERINFO)
PROGRAM_PAGES = ("pages/index/index", "pages/scan/scan")
KINDS = ("website", "official_account", "mini_program", "mobile")

# WeChat's own are `wx` and 16 hex digits; strangers' test fixtures often are not.
_APPID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_APP_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
# EncodingAESKey: 43 characters, base64 of 32 bytes without the last `=`.
_AES_KEY = re.compile(r"[A-Za-z0-9+/]{43}")


@dataclass(frozen=True)
class App:
    """One app. `title` is the name people see; `open_platform` may be empty.

    `scopes` are what an official account may ask of a page's visitor: both when it
    is a verified service account, none when it is not. Of an account that is not
    `verified` at all WeChat tells no follower either, and these go without saying.
    `ip_list` holds the addresses
    that may ask for its access_token; without any, all may. `pages` are those of a mini
    program's released version, the first its home; without any it was never released.
    `components` are the third-party platforms that the account authorized.
    `push_url` is where pushes go, signed with `token`, encrypted under `aes_key`; they
    call the app `original_id`, which comes from its appid unless given.
    """

    name: str
    kind: str
    appid: str
    secret: str = field(repr=False)
    title: str = ""
    open_platform: str = ""
    callback_domains: tuple[str, ...] = ()
    token: str = field(default="", repr=False)
    aes_key: str = field(default="", repr=False)
    push_url: str = ""
    push_format: str = "xml"
    original_id: str = ""
    scopes: tuple[str, ...] = PAGE_SCOPES
    verified: bool = True
    ip_list: tuple[str, ...] = ()
    pages: tuple[str, ...] = PROGRAM_PAGES
    request_domain: str = ""
    components: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What a page calls this app."""
        return self.title or self.name

    def __post_init__(self) -> None:
        if not self.original_id:
            object.__setattr__(self, "original_id", ids.original_id(self.appid))

    @property
    def page_scopes(self) -> tuple[str, ...]:
        """The scopes of a page inside WeChat; only official accounts have any."""
        has_any = self.kind == "official_account" and self.verified
        return self.scopes if has_any else ()

    def takes_callback(self, url: str) -> bool:
        """Whether `url` may be a redirect_uri: http or https, a registered host."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and host in self.callback_domains

    def as_json(self) -> dict[str, Any]:
        lists = ("callback_domains", "scopes", "ip_list", "pages", "components")
        # Not asdict(), which copies each text deeply: a new world shows all its apps.
        plain = {name: getattr(self, name) for name in _APP_FIELDS}
        return plain | {name: list(plain[name]) for name in lists}


_APP_FIELDS = tuple(field.name for field in fields(App))


def has_odd_port(url: str) -> bool:
    """Whether a redirect_uri that an app takes has a port that WeChat does not take."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.port in (None, 80, 443) or host == "localhost":
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return False


def app_from(data: Mapping[str, Any], *, where: str, old: App | None = None) -> App:
    """An App from JSON or TOML; fields not named keep the value they have in `old`.

    Raises Invalid with a text that begins with `where` and the field's name.
    """
    known(data, _APP_FIELDS, where)

    def value(name: str, default: str | None) -> str:
        kept = getattr(old, name) if old else default
        given = text(data, name, where, kept)
        # What was read from us comes back as it was shown.
        return kept if given == MASK and kept is not None else given

    app = App(
        name=value("name", None),
        kind=value("kind", "website"),
        appid=value("appid", None),
        secret=value("secret", None),
        title=value("title", ""),
        open_platform=value("open_platform", ""),
        callback_domains=_domains(data, where, old.callback_domains if old else ()),
        token=value("token", ""),
        aes_key=value("aes_key", ""),
        push_url=value("push_url", ""),
        push_format=value("push_format", "xml"),
        original_id=value("original_id", ""),
        scopes=texts(data, "scopes", where, old.scopes if old else PAGE_SCOPES),
        verified=flag(data, "verified", where, old.verified if old else True),
        ip_list=texts(data, "ip_list", where, old.ip_list if old else ()),
        pages=texts(data, "pages", where, old.pages if old else PROGRAM_PAGES),
        request_domain=value("request_domain", "").rstrip("/"),
        components=texts(data, "components", where, old.components if old else ()),
    )
    _check(app, where)
    return app


def _domains(
    data: Mapping[str, Any], where: str, default: tuple[str, ...]
) -> tuple[str, ...]:
    domains = texts(data, "callback_domains", where, default)
    for domain in domains:
        if not _HOST.fullmatch(domain):
            raise Invalid(
                f"{where}.callback_domains: {domain!r} is not a bare host; WeChat's "
                "console takes no scheme, no path and no port"
            )
    return tuple(domain.lower() for domain in domains)


def _check(app: App, where: str) -> None:
    if not _APP_NAME.fullmatch(app.name):
        raise Invalid(f"{where}.name: 1 to 40 letters, digits, `_`, `-`")
    if app.kind not in KINDS:
        raise Invalid(f"{where}.kind: one of {', '.join(KINDS)}, not {app.kind!r}")
    if not _APPID.fullmatch(app.appid):
        raise Invalid(f"{where}.appid: `wx` and 16 hex digits, not {app.appid!r}")
    if app.secret == MASK:
        raise Invalid(f"{where}.secret: {MASK} stands for a secret, and is none")
    if not app.secret:
        raise Invalid(f"{where}.secret: must not be empty")
    for scope in app.scopes:
        if scope not in PAGE_SCOPES:
            raise Invalid(f"{where}.scopes: of {', '.join(PAGE_SCOPES)}, not {scope!r}")
    for entry in app.ip_list:
        _check_network(entry, f"{where}.ip_list")
    if app.aes_key and not _AES_KEY.fullmatch(app.aes_key):
        raise Invalid(f"{where}.aes_key: 43 letters and digits")
    for name in ("push_url", "request_domain"):
        _check_address(getattr(app, name), f"{where}.{name}")
    if not _APPID.fullmatch(app.original_id):
        raise Invalid(f"{where}.original_id: `gh_` and 12 hex digits")
    # An account's pushes are XML; all others have the choice.
    formats = ("xml",) if app.kind == "official_account" else ("xml", "json")
    if app.push_format not in formats:
        one = " or ".join(formats)
        raise Invalid(f"{where}.push_format: {one} for a {app.kind}")


def _check_address(url: str, where: str) -> None:
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        whole = False
    if url and not whole:
        raise Invalid(f"{where}: an http or https URL")


def _check_network(entry: str, where: str) -> None:
    try:
        ipaddress.ip_network(entry)
    except ValueError:
        raise Invalid(f"{where}: an address or a range, not {entry!r}") from None


#: The avatar the simulator draws itself; empty means that the person has none,
#: anything else is sent as it stands.
GENERATED = "generated"

#: The path of WeChat's grey avatar, for people who have none.
GREY = f"/mmopen/vi_32/{ids.DEFAULT_AVATAR}/132"

_DIGITS = re.compile(r"[0-9]{1,20}")
_PERSON_NAME = re.compile(r"[a-z0-9_-]{1,40}")
_PERSON_FIELDS = ("name", "nickname", "avatar", "language", "phone", "country_code")


@dataclass(frozen=True)
class Person:
    """One person. `name` is the simulator's handle, `nickname` what WeChat tells.

    `revision` counts changes of the avatar: an old picture's address dies with it.
    `phone` is the number within its country, empty where WeChat has none.
    """

    name: str
    nickname: str
    avatar: str = GENERATED
    language: str = "zh_CN"
    revision: int = 0
    phone: str = ""
    country_code: str = "86"

    @property
    def label(self) -> str:
        """What a page calls this person, also one without a nickname."""
        shown = "".join(c for c in self.nickname if c.isprintable()).strip()
        return shown or self.name

    def headimgurl(self, origin: str) -> str:
        """The avatar's address as WeChat would give it, `` when there is none."""
        if self.avatar == GENERATED:
            avatar = ids.avatar_id(self.name, self.revision)
            return f"{origin}/mmopen/vi_32/{avatar}/132"
        return origin + self.avatar if self.avatar.startswith("/") else self.avatar


def person_from(
    data: Mapping[str, Any], *, where: str, old: Person | None = None
) -> Person:
    """A Person from JSON or TOML; fields not named keep the value they have in `old`.

    Raises Invalid with a text that begins with `where` and the field's name.
    """
    known(data, _PERSON_FIELDS, where)
    name = text(data, "name", where, None)
    if not _PERSON_NAME.fullmatch(name):
        raise Invalid(f"{where}.name: 1 to 40 of a-z, 0-9, `_`, `-`, not {name!r}")
    base = old or Person(name, nickname=name)
    changed = "avatar" in data and old is not None
    phone = text(data, "phone", where, base.phone)
    country_code = text(data, "country_code", where, base.country_code)
    if not _DIGITS.fullmatch(phone + country_code) or not country_code:
        raise Invalid(f"{where}.phone, country_code: digits, the second at least one")
    return replace(
        base,
        nickname=text(data, "nickname", where, base.nickname),
        avatar=text(data, "avatar", where, base.avatar),
        language=text(data, "language", where, base.language),
        revision=base.revision + changed,
        phone=phone,
        country_code=country_code,
    )
