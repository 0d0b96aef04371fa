"""What pushes and calls of the running service have met lately (flows/symptoms.py).

Of the set-up of pushes no question to WeChat tells whether token, key and account fit:
the pushes themselves do. A good one that came after a bad one means that it is mended.
Where the store cannot be read, its own check says so.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from wxlogin.config import App, Settings
from wxlogin.config.store_urls import database_faults
from wxlogin.db import brief_engine
from wxlogin.doctor.findings import Finding, note, ok, warning, wrong
from wxlogin.doctor.own_calls import PUSH_PAGES
from wxlogin.errors import ConfigurationError, Unready
from wxlogin.flows import symptoms
from wxlogin.flows.symptoms import Met, Symptom, Symptoms
from wxlogin.security.sealing import SealBroken, Sealer, sealer_for
from wxlogin.tickets import Ticket, TicketStore, sql, store_for
from wxlogin.tickets.store import Envelope
from wxlogin.wechat.advice import right
from wxlogin.wechat.errors import Call
from wxlogin.wechat.question import path_of

if TYPE_CHECKING:
    # Only those who use Redis have its client.
    from wxlogin.tickets.redis import RedisTickets

_PUSHES, _RIGHTS = "pushes", "rights"


def check(settings: Settings) -> Iterator[Finding]:
    """The lines of all apps."""
    try:
        with _store(settings, sealer_for(settings)) as store:
            told = [(app, symptoms.read(store, app.appid)) for app in settings.apps]
    except (ConfigurationError, SQLAlchemyError, SealBroken, Unready, ValueError):
        return
    for app, met in told:
        if app.token:
            yield from _pushes(app, met)
        for one in met.of(Symptom.no_right):
            yield _no_right(app, one)


class _Rows:
    """As much of a ticket store as is read here, without a running service."""

    def __init__(self, engine: sa.Engine, sealer: Sealer) -> None:
        self._engine, self._envelope = engine, Envelope(sealer)

    def get(self, kind: str, key: str) -> Ticket | None:
        with Session(self._engine) as session:
            return sql.read(session, self._envelope, kind, key)


@contextmanager
def _store(settings: Settings, sealer: Sealer) -> Iterator[TicketStore]:
    if settings.redis_url:
        redis = cast("RedisTickets", store_for(settings, sealer))
        try:
            yield redis
        finally:
            redis.close()
        return
    for fault in database_faults(settings):
        raise ConfigurationError(fault)
    url = sa.make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        raise ConfigurationError("there is no such file, and none is made here")
    engine = brief_engine(url)
    try:
        yield cast(TicketStore, _Rows(engine, sealer))
    finally:
        engine.dispose()


def _pushes(app: App, met: Symptoms) -> Iterator[Finding]:
    good = max((one.at for one in met.of(Symptom.account)), default=0.0)
    found = [
        *(_stranger(app, one) for one in met.of(Symptom.stranger) if one.at > good),
        *(_unfit(app, one) for one in met.of(Symptom.unfit_key) if one.at > good),
    ]
    told = [one for one in found if one]
    yield from told
    for one in met.of(Symptom.account):
        yield from _account(app, one)
    # A website or an app hears of consents taken back alone: its silence says nothing.
    if not good and not told and app.kind in PUSH_PAGES:
        yield note(_PUSHES, f"{app.name}: none has come in the last seven days")


def _account(app: App, met: Met) -> Iterator[Finding]:
    if app.original_id or not met.what:
        yield ok(_PUSHES, f"{app.name}: the last good one came {_when(met)}")
        return
    yield ok(
        _PUSHES,
        f"{app.name}: they are for {met.what}, the last good one came {_when(met)}.",
        todo=f"Set original_id of {app.name} in APPS to {met.what}; then no other "
        "account's push is taken.",
    )


def _stranger(app: App, met: Met) -> Finding | None:
    whose = met.what or "something that is no account"
    if app.original_id == met.what:
        # Set since then.
        return None
    mine = (
        f"original_id is {app.original_id}"
        if app.original_id
        else "another app has its token and original_id is not set"
    )
    return wrong(
        _PUSHES,
        f"{app.name}: pushes were refused, last {_when(met)}: they are for {whose}, "
        f"and {mine}.",
        todo=f"Set original_id to {whose} if that is this account; otherwise enter the "
        "address of the right app in that account's console.",
        console=PUSH_PAGES.get(app.kind, ""),
    )


def _unfit(app: App, met: Met) -> Finding:
    return wrong(
        _PUSHES,
        f"{app.name}: pushes were refused, last {_when(met)}: the token signs them, "
        "and the key does not fit.",
        todo="Copy EncodingAESKey from the console into aes_key, all 43 letters.",
        console=PUSH_PAGES.get(app.kind, ""),
    )


def _no_right(app: App, met: Met) -> Finding:
    call = Call(met.what)
    return warning(
        _RIGHTS,
        f"{app.name}: WeChat did not let it call {path_of(call)} (48001), last "
        f"{_when(met)}.",
        todo=right(call, app.kind),
    )


def _when(met: Met) -> str:
    """By the clock of UTC, to the minute."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(met.at))
