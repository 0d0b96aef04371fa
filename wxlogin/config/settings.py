"""The settings themselves, and the rules that hold between them."""

from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal, cast, get_origin
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, Field, PrivateAttr, SecretStr, field_validator

from wxlogin.config.apps import App, AppKind
from wxlogin.config.field_types import (
    Accent,
    BaseUrl,
    Language,
    Link,
    Logo,
    MailDomain,
    MaybeUrl,
    Secrets,
    VerifyFiles,
    keys_in,
)
from wxlogin.config.languages import SOURCE
from wxlogin.config.limits import Limits, LimitsSetting
from wxlogin.config.sites import Registration, Site
from wxlogin.config.written import Written, is_secret


class Settings(Written):
    """What the operator decides. Immutable; made by `load_settings`."""

    prose: ClassVar[frozenset[str]] = frozenset({"site_name", "site_sentence"})

    public_url: BaseUrl = Field(
        "http://127.0.0.1:5000",
        description="Where people and WeChat reach us. May have a path "
        "(`https://shop.cn/wx`). Never taken from the Host header. With `PORT` set, "
        "the default is on that port.",
    )
    env: Literal["development", "trial", "production"] = Field(
        "production",
        description="`development` is the default if PUBLIC_URL is http on loopback, "
        "otherwise `production`. `trial` allows http and IP addresses for WeChat's "
        "test accounts.",
    )
    secret_key: SecretStr = Field(
        SecretStr(""),
        description="Signs states and cookies; 32 characters or more. Made once in "
        "`instance/` in development, required elsewhere.",
    )
    secret_key_fallbacks: Secrets = Field(
        (), description="Former SECRET_KEYs that are still accepted, commas between."
    )
    encryption_keys: Secrets = Field(
        (),
        description="Keys that seal WeChat's tokens in the database: 32 bytes each in "
        "base64, commas between. The first one writes, all read. Made once in "
        "`instance/` in development, required elsewhere.",
    )
    database_url: str = Field(
        "",
        repr=False,
        description="SQLAlchemy URL: `postgresql+psycopg://…`, `mysql+pymysql://…`. "
        "Several servers of one: `?host=a:3306&host=b:3306` behind the database's "
        "name. Default: the SQLite file `instance/wxlogin.db`.",
    )
    redis_url: str = Field(
        "",
        repr=False,
        description="Keeps short-lived state in Redis, for many workers: "
        "`redis://host:6379/0`, `rediss://…` for TLS; several servers: "
        "`redis+sentinel://…`, `redis+cluster://…`. Empty: in the database.",
    )
    apps: tuple[App, ...] = Field(
        (),
        description="The WeChat apps: name, kind (`website`, `official_account`, "
        "`mini_program`, `mobile`), appid, secret, open_platform. JSON in the "
        "environment, `[[apps]]` in TOML.",
    )
    sites: tuple[Site, ...] = Field(
        (),
        description="The sites that use us: name, origins, client_id, client_secret, "
        "redirect_uris and more, listed below. Only a listed origin may be named by "
        "an absolute `next`.",
    )
    registration: Registration = Field(
        Registration.open,
        description="What becomes of a person nobody knows: `open`, an account at "
        "once; `ask`, an account once the person has agreed to the terms; `closed`, "
        "none. A site may say otherwise for itself; where it is the only one and this "
        "is not set, its word holds for sign-ins that name no site too.",
    )
    simulator: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Talk to the built-in simulator of WeChat. `auto`: only in "
        "development with no app configured. `on` refuses to start in production.",
    )
    simulator_url: BaseUrl = Field(
        "http://localhost:5001",
        description="Where the simulator is. With `SIMULATOR_PORT` set, the default is "
        "on that port.",
    )
    wechat_open_url: MaybeUrl = Field(
        "",
        description="Where WeChat's pages are, if not at WeChat's own host. The "
        "simulator sets this and the next three.",
    )
    wechat_api_url: MaybeUrl = Field("", description="The same for server calls.")
    wechat_res_url: MaybeUrl = Field("", description="The same for WeChat's scripts.")
    wechat_mp_url: MaybeUrl = Field("", description="The same for QR images.")
    wechat_budget: float = Field(
        8.0,
        gt=0,
        le=60,
        description="Seconds one login may wait for WeChat, all its calls together.",
    )
    outbound_proxy: str = Field(
        "",
        repr=False,
        description="HTTP proxy by which calls to WeChat, pictures and webhooks leave: "
        "`http://user:password@proxy.internal:3128`. It must let CONNECT through. What "
        "is on this machine, and sites that are `inside`, are called directly; the "
        "environment's HTTPS_PROXY is not looked at.",
    )
    whole_host: bool = Field(
        False,
        description="Send our cookies with every request to PUBLIC_URL's host, not "
        "only below its path: for pages that `/auth` guards (docs/protecting.md). "
        "Whatever else runs on the host sees them then.",
    )
    auth_audience: str = Field(
        "",
        max_length=255,
        description="For whom the signed `X-Wxlogin-Token` of `/auth` is made (its "
        "`aud`), which is what an application checks. Default: PUBLIC_URL's host "
        "without the port.",
    )
    trusted_proxies: int = Field(
        0, ge=0, le=10, description="How many proxies' forwarded headers are believed."
    )
    proxy_path: Literal["either", "kept", "taken_off"] = Field(
        "either",
        description="What a proxy does with PUBLIC_URL's path: `kept`, we are asked "
        "for `/wx/login`; `taken_off`, for `/login`. `either` answers both, so a rule "
        "of yours about one path must name both spellings, or you say which it is.",
    )
    profile: Literal["never", "if_missing", "always"] = Field(
        "if_missing",
        description="Ask WeChat for name and avatar: `never`; `if_missing`, also when "
        "what we have is older than PROFILE_FRESH; `always`, at each login.",
    )
    profile_fresh: int = Field(
        86400,
        ge=0,
        description="Seconds for which a profile needs no second call.",
    )
    keep_grants: bool = Field(
        True,
        description="Keep WeChat's tokens, sealed. `off`: they live for one request.",
    )
    session_days: int = Field(30, ge=1, le=400, description="A session ends after.")
    session_idle_days: int = Field(
        14, ge=1, le=400, description="A session that nobody uses ends after."
    )
    login_history_days: int = Field(
        180,
        ge=1,
        description="Sign-ins older than this are forgotten, once a day.",
    )
    follower_days: int = Field(
        30,
        ge=1,
        description="Who ceased to follow an official account, and never signed in, is "
        "forgotten after so many days, once a day.",
    )
    scan_app: str = Field(
        "",
        max_length=32,
        description="Name of the mini program whose code `/login/scan` shows. Default: "
        "the first one in APPS that has a `scan_page`. So a spare program is switched "
        "to by this alone.",
    )
    scan_ttl: int = Field(
        300,
        ge=30,
        le=1800,
        description="Seconds for which a code on a page is good, whoever's it is.",
    )
    must_follow: str = Field(
        "",
        max_length=32,
        description="Name of the official account in APPS that people must follow "
        "before a sign-in goes on to our own pages, and to those of our host that "
        "`/auth` guards. A site has a `must_follow` of its own "
        "(docs/official-account.md). Empty: none.",
    )
    site_name: str = Field("", description="Your site's name on our pages.")
    site_sentence: str = Field("", description="One sentence below the name.")
    logo: Logo = Field(
        "",
        description="Your logo: a path on our host (`/logo.png`), or an https address.",
    )
    accent: Accent = Field(
        "#07794a",
        description="The one accent colour, as `#` and six hexadecimal digits. White "
        "text stands on it, so its contrast with white is 4.5 or more.",
    )
    default_language: Language = Field(
        "zh",
        description="For browsers that name no language. Where you set it, also for "
        "those that ask for others than ours (`ja`, `de`), which get English "
        "otherwise.",
    )
    terms_url: Link = Field("", description="Your terms of use, linked on /login.")
    privacy_url: Link = Field("", description="Your privacy policy, linked on /login.")
    terms_version: str = Field(
        "",
        max_length=64,
        description="Which version of the terms is in force, such as `2026-11`. "
        "People who agreed to another one are asked once more. Empty: nobody is.",
    )
    email_domain: MailDomain = Field(
        "",
        description="Domain of the addresses that sites with `email = placeholder` "
        "get. Nothing may ever be received there. Empty: `users.` before the host of "
        "PUBLIC_URL.",
    )
    limits: LimitsSetting = Field(
        Limits(),
        description="How often one address, browser or site may ask: `on`, `off`, or a "
        "table with other numbers, listed above.",
    )
    waiting_requests: int = Field(
        100_000,
        ge=100,
        le=10_000_000,
        description="How many requests of sites may wait for a login at a time, of "
        "everybody together; further ones are told to come back, and those that wait "
        "go on. One is 4 kB at most, 1 kB mostly, for half an hour.",
    )
    waiting_browsers: int = Field(
        0,
        ge=0,
        le=100_000,
        description="How many browsers may wait for a phone in one process at a time; "
        "the others are told to ask every two seconds. 0: half of what "
        "`wxlogin run` or another gunicorn serves at a time, so 8 of 16 threads; under "
        "another server 8. A quarter of the places is kept for those who wait seconds.",
    )
    operator_key: SecretStr = Field(
        SecretStr(""),
        description="Bearer key for operators' calls of the API; 24 characters or "
        "more. Empty: those calls are closed.",
    )
    metrics_token: SecretStr = Field(
        SecretStr(""),
        description="Bearer token with which `/metrics` is read; 24 characters or "
        "more. Empty: it is read on this machine alone, by a loopback address and "
        "past the proxy (docs/observing.md).",
    )
    verify_files: VerifyFiles = Field(
        {},
        description="WeChat's domain verification files, name and content: "
        '`{"MP_verify_abc123.txt": "abc123"}`. Served as they are at `/<name>`.',
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="What is logged, on standard error."
    )
    log_format: Literal["auto", "json", "text"] = Field(
        "auto",
        description="How: `json`, an object a line; `text`, a line for people. `auto`: "
        "text on a terminal, JSON elsewhere.",
    )

    @field_validator("secret_key_fallbacks", "encryption_keys", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("["):
            raise ValueError("write the keys with commas between, without brackets")
        return keys_in(value)

    #: The file that ENCRYPTION_KEYS were read from; None where there is none.
    _sealing_file: Path | None = PrivateAttr(None)

    @property
    def sealing_file(self) -> Path | None:
        return self._sealing_file

    def read_from(self, file: Path | None) -> None:
        """Remembers where ENCRYPTION_KEYS stand (loading.py says it)."""
        self._sealing_file = file

    @cached_property
    def public(self) -> SplitResult:
        return urlsplit(self.public_url)

    @property
    def prefix(self) -> str:
        """The path of PUBLIC_URL without a slash at the end: `/wx` or empty."""
        return self.public.path.rstrip("/")

    @property
    def cookie_path(self) -> str:
        """Which paths of our host a browser sends our cookies to."""
        return "/" if self.whole_host else self.prefix or "/"

    @property
    def visitor_audience(self) -> str:
        """For whom the tokens about visitors are made."""
        return self.auth_audience or self.public.hostname or ""

    @property
    def https(self) -> bool:
        return self.public.scheme == "https"

    @property
    def simulated(self) -> bool:
        """Is WeChat the simulator? (`load_settings` resolves `auto`.)"""
        return self.simulator == "on"

    @property
    def foreign_language(self) -> str:
        """For a visitor who speaks none of our languages."""
        is_set = "default_language" in self.model_fields_set
        return self.default_language if is_set else SOURCE

    @property
    def app_names(self) -> dict[str, str]:
        """The names of the apps by their appids."""
        return {app.appid: app.name for app in self.apps}

    def app_named(self, name: str) -> App | None:
        return next((app for app in self.apps if app.name == name), None)

    def site_of(self, client_id: str) -> Site | None:
        """The site with this client id."""
        found = (site for site in self.sites if site.client_id == client_id)
        return next(found, None) if client_id else None

    @property
    def scan_program(self) -> App | None:
        """The mini program whose code a page shows: the named one, otherwise the
        first that has a page for it."""
        if self.scan_app:
            return self.app_named(self.scan_app)
        programs = (app for app in self.apps if app.kind is AppKind.mini_program)
        return next((app for app in programs if app.scan_page), None)

    @property
    def telling_accounts(self) -> list[App]:
        """The official accounts whose pushes reach us, so that we hear who follows."""
        kind = AppKind.official_account
        return [app for app in self.apps if app.kind is kind and app.token]

    def account_to_follow(self, site: Site | None) -> App | None:
        """The official account that people must follow before they go on to this
        site; for None, to our own pages."""
        name = site.must_follow if site else self.must_follow
        return self.app_named(name) if name else None

    @property
    def accounts_to_follow(self) -> list[App]:
        """The official accounts that somebody must follow."""
        wanted = {self.must_follow, *(site.must_follow for site in self.sites)}
        return [app for app in self.telling_accounts if app.name in wanted]

    def app_of_kind(self, kind: AppKind) -> App | None:
        """The first configured app of this kind."""
        return next((app for app in self.apps if app.kind == kind), None)


def is_structured(name: str) -> bool:
    """Is this setting a list or a table, JSON where only text can stand?"""
    annotation = Settings.model_fields[name].annotation
    return get_origin(annotation) in (tuple, dict) and annotation != Secrets


def table_of(name: str) -> type[BaseModel] | None:
    """The fields of a setting that is one table, such as LIMITS."""
    kind: Any = Settings.model_fields[name].annotation
    is_table = isinstance(kind, type) and issubclass(kind, BaseModel)
    return cast(type[BaseModel], kind) if is_table else None


def holds_secrets(name: str) -> bool:
    """May a file with this setting be read by nobody but us?"""
    return name in ("apps", "sites") or is_secret(Settings.model_fields[name])
