"""What `wxlogin init` has to know: said by options, or asked for on a terminal.

Each answer is judged at once by the rules of start-up; on a terminal a wrong one is
asked for again, elsewhere it ends the command.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from wxlogin.config.draft import Draft, Owned, app_of, site_of, whole_address
from wxlogin.config.notation import read_file
from wxlogin.config.store_urls import has_password
from wxlogin.errors import ConfigurationError

T = TypeVar("T")

_OWNED = {
    Owned.nothing: "nothing yet: try all of it with a simulated WeChat",
    Owned.test_account: "a test account (测试号): pages inside WeChat, for testers",
    Owned.website: "a website app (网站应用): QR codes on PCs",
    Owned.official_account: "a verified service account (服务号): pages inside WeChat",
    Owned.mini_program: "a mini program (小程序)",
    Owned.mobile: "an app of your own (移动应用)",
}
_PERHAPS_BOUND = (Owned.official_account, Owned.mini_program)
_NONE = "none"
# For a look at an AppID whose secret is not known yet.
_SOME_SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"  # noqa: S105  nobody's


@dataclass(frozen=True)
class Said:
    """What the options say."""

    kinds: tuple[Owned, ...]
    appids: tuple[str, ...]
    secret_files: tuple[str, ...]
    bound: bool | None
    host: str | None
    database: str | None
    database_file: str | None
    sites: tuple[str, ...]
    proxies: int | None
    #: May what they do not say be asked for?
    asks: bool

    def answer(
        self,
        given: str | None,
        option: str,
        question: str,
        take: Callable[[str], T],
        *,
        default: str | None = None,
        hidden: bool = False,
    ) -> T:
        """What `take` makes of the answer; it raises ValueError or ConfigurationError
        for a wrong one. Raises UsageError."""
        judged = _judged(take)
        if given is None and self.asks:
            asked: T = click.prompt(
                question, default, value_proc=judged, hide_input=hidden
            )
            return asked
        if given is None and default is None:
            raise click.UsageError(f"nobody can be asked here: say {option}")
        return judged(cast(str, default if given is None else given))


def _judged(take: Callable[[str], T]) -> Callable[[str], T]:
    def _take(text: str) -> T:
        try:
            return take(text.strip())
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        except ConfigurationError as error:
            raise click.UsageError(error.operator) from None

    return _take


def fill(draft: Draft, said: Said) -> None:
    """Puts all answers into the draft. Raises UsageError for one that start-up would
    refuse, or that is missing where nobody can be asked."""
    kinds = said.kinds or _kinds(said)
    real = [one for one in kinds if one.kind is not None]
    if Owned.test_account in real and len(real) > 1:
        raise click.UsageError("a test account goes alone: it is for a trial")
    env = "trial" if Owned.test_account in real else "production"
    draft.values["env"] = env if real else "development"
    _apps(draft, said, real)
    _address(draft, said, is_trial=not real)
    _database(draft, said)
    _sites(draft, said)
    _proxies(draft, said)


def _kinds(said: Said) -> tuple[Owned, ...]:
    if not said.asks:
        raise click.UsageError("nobody can be asked here: say --kind")
    click.echo("What do you own at WeChat? Several: 3,4")
    for number, text in enumerate(_OWNED.values(), start=1):
        click.echo(f"  {number}  {text}")
    return said.answer(None, "--kind", "Number", _numbers, default="1")


def _numbers(text: str) -> tuple[Owned, ...]:
    known = {str(number): one for number, one in enumerate(_OWNED, start=1)}
    given = [part.strip() for part in text.replace("，", ",").split(",")]
    if not set(given) <= set(known):
        raise ValueError(f"write numbers from 1 to {len(known)}, commas between")
    return tuple(known[one] for one in dict.fromkeys(given))


def _apps(draft: Draft, said: Said, kinds: list[Owned]) -> None:
    for name, many in (("appid", said.appids), ("secret-file", said.secret_files)):
        if len(many) > len(kinds):
            raise click.UsageError(f"there are more --{name} than apps")
    bound = said.bound
    if bound is None and said.asks and {*kinds} & {*_PERHAPS_BOUND}:
        bound = click.confirm(
            "Is it in an open-platform account (微信开放平台帐号), for unionids"
        )
    for place, owned in enumerate(kinds):
        _app(draft, said, owned, place, bound=bool(bound))


def _app(draft: Draft, said: Said, owned: Owned, place: int, *, bound: bool) -> None:
    noun, others = owned.value.replace("_", " "), draft.values.get("apps", ())

    def _apps_with(appid: str, secret: str) -> tuple[Any, ...]:
        app = app_of(owned, appid, secret, bound=bound, others=others)
        return draft.more("apps", app)

    def _appid(text: str) -> str:
        draft.check("apps", _apps_with(text, _SOME_SECRET))
        return text

    def _secret(text: str) -> None:
        draft.set("apps", _apps_with(appid, text))

    def _secret_in(file: str) -> None:
        _secret(read_file(Path(file), secret=True).strip())

    given = next(iter(said.appids[place : place + 1]), None)
    appid = said.answer(given, "--appid", f"AppID of the {noun}", _appid)
    if file := next(iter(said.secret_files[place : place + 1]), None):
        said.answer(file, "--secret-file", "", _secret_in)
        return
    question = f"AppSecret of the {noun} (it is not shown)"
    said.answer(None, "--secret-file", question, _secret, hidden=True)


def _address(draft: Draft, said: Said, *, is_trial: bool) -> None:
    if is_trial and said.host is None:
        # The default one, which PORT moves.
        return
    said.answer(
        said.host,
        "--host",
        "Host where people and WeChat reach this, such as login.shop.example",
        lambda text: draft.set("public_url", whole_address(text)),
    )


def _database(draft: Draft, said: Said) -> None:
    def _take(text: str) -> None:
        if text != "sqlite":
            draft.set("database_url", text)

    def _in(file: str) -> None:
        _take(read_file(Path(file), secret=True).strip())

    if said.database_file is not None:
        if said.database is not None:
            raise click.UsageError("--database and --database-file: say one of them")
        said.answer(said.database_file, "--database-file", "", _in)
        return
    if said.database is not None and has_password(said.database):
        raise click.UsageError(
            "every user of this machine may see a password on a command line: put the "
            "URL into a file that is yours alone, and say --database-file"
        )
    question = "Database, or its URL (it is not shown: a password may stand in it)"
    said.answer(
        said.database, "--database", question, _take, default="sqlite", hidden=True
    )


def _sites(draft: Draft, said: Said) -> None:
    def _take(text: str) -> bool:
        if text == _NONE:
            return False
        site = site_of(text, others=draft.values.get("sites", ()))
        draft.set("sites", draft.more("sites", site))
        return True

    for text in said.sites:
        said.answer(text, "--site", "", _take)
    if said.sites or not said.asks:
        return
    question = "Address to which your site has people sent back (redirect_uri)"
    while said.answer(None, "--site", question, _take, default=_NONE):
        question = "Another one"


def _proxies(draft: Draft, said: Said) -> None:
    is_https = draft.values.get("public_url", "").startswith("https:")
    if said.proxies is None and not is_https:
        return
    given = None if said.proxies is None else str(said.proxies)
    said.answer(
        given,
        "--proxies",
        "Reverse proxies in front of it (nginx …)",
        lambda text: draft.set("trusted_proxies", _whole(text)),
        default="1",
    )


def _whole(text: str) -> int | str:
    """A text that is no number is told by the rule of the setting."""
    return int(text) if text.isascii() and text.isdecimal() else text
