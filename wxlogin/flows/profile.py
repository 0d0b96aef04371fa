"""A grant that is due asks WeChat, once, whoever notices first.

An access token lives two hours, a refresh token thirty days from the day the
person agreed; a refresh does not prolong them. A token is refreshed when under
five minutes are left, or when WeChat calls it stale. One process at a time asks:
it claims the grant, asks with no transaction open, and stores what came back;
the others wait for it and read the new tokens.

A dead refresh token is no failure of anybody: the person is asked to sign in
again (GrantDead).
"""

import time
from dataclasses import replace
from datetime import timedelta

from wxlogin.accounts import grants, people
from wxlogin.accounts.grants import Grant, NewGrant
from wxlogin.accounts.people import IdentityView
from wxlogin.accounts.resolve import resolve
from wxlogin.accounts.sessions import Visitor
from wxlogin.config import App
from wxlogin.db import now, transaction
from wxlogin.errors import GrantDead, WeChatBusy
from wxlogin.flows import avatars
from wxlogin.flows.signing_in import must_agree, person_of
from wxlogin.net.deadline import Deadline
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.wechat import endpoints
from wxlogin.wechat.answers import UserInfo
from wxlogin.wechat.errors import TokenStale

# Refresh when less than this is left of an access token.
DUE = timedelta(minutes=5)
LIFE = timedelta(seconds=endpoints.REFRESH_TOKEN_SECONDS)
# Scopes that may read a profile.
_PROFILE_SCOPES = {endpoints.SCOPE_LOGIN, endpoints.SCOPE_USERINFO}
# How often one that waits for another's refresh looks again, in seconds.
_LOOK_EVERY = 0.1


def update_profile(visitor: Visitor) -> None:
    """Takes the visitor's name and avatar from WeChat again.

    Raises GrantDead where that needs a new login, and what the client raises for
    faults. Nothing is changed then.
    """
    app, identity, grant = _usable(visitor)
    deadline = running().wechat.deadline()
    grant = fresh(app, grant, deadline=deadline)
    try:
        info = _ask(app, identity, grant, deadline)
    except TokenStale:
        grant = refresh(app, grant, deadline=deadline)
        info = _ask(app, identity, grant, deadline)
    must_agree(app, identity, info)
    person = person_of(app, identity.openid, identity.unionid, info)
    transaction(lambda session: resolve(session, person, at=now(), create=False))
    avatars.fetch_anew(visitor.user_id, deadline=deadline)


def fresh(app: App, grant: Grant, *, deadline: Deadline) -> Grant:
    """The grant, refreshed if it is due."""
    due = grant.expires_at - now() < DUE
    return refresh(app, grant, deadline=deadline) if due else grant


def refresh(app: App, grant: Grant, *, deadline: Deadline) -> Grant:
    """The grant with new tokens, from WeChat or from whoever asked meanwhile.

    Raises GrantDead, WeChatBusy where another process did not come to an end
    within the deadline, and what the client raises.
    """
    identity_id, version = grant.identity_id, grant.version
    # WECHAT_BUDGET may be more than a lease; who asks must hold it to the end.
    lease = max(grants.LEASE, timedelta(seconds=deadline.remaining() + 2))
    while not grants.claim_refresh(identity_id, version, lease=lease):
        found = grants.load(identity_id, running().sealer)
        if found is None:
            raise GrantDead("WeChat refused the refresh token", app=app.name)
        if found.version != version:
            return found
        if deadline.remaining() < _LOOK_EVERY:
            raise WeChatBusy("another process is refreshing the grant", app=app.name)
        time.sleep(_LOOK_EVERY)
    return _refresh_claimed(app, grant, deadline)


def _refresh_claimed(app: App, grant: Grant, deadline: Deadline) -> Grant:
    sealer = running().sealer
    place = (grant.identity_id, grant.version)
    try:
        if now() - grant.authorized_at >= LIFE:
            raise GrantDead("the refresh token is thirty days old", app=app.name)
        tokens = running().wechat.refresh(app, grant.refresh_token, deadline=deadline)
    except GrantDead:
        grants.mark_dead(*place, sealer=sealer)
        raise
    except BaseException:
        grants.release(*place)
        raise
    new = NewGrant(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token or grant.refresh_token,
        scope=",".join(sorted(tokens.scope)) or grant.scope,
        expires_in=tokens.expires_in,
        authorized_at=grant.authorized_at,
    )
    grants.replace(*place, new, sealer=sealer)
    get_logger().info("grant refreshed", app=app.name)
    found = grants.load(grant.identity_id, sealer)
    if found is None:
        raise GrantDead("the grant was replaced and is dead", app=app.name)
    return found


def _usable(visitor: Visitor) -> tuple[App, IdentityView, Grant]:
    """The identity to ask through: this login's own, or another with a live grant."""
    apps = {app.appid: app for app in running().settings.apps}
    identities = people.account(visitor.user_id).identities
    identities.sort(key=lambda identity: identity.id != visitor.identity_id)
    for identity in identities:
        app = apps.get(identity.appid)
        grant = grants.load(identity.id, running().sealer) if app else None
        if app and grant and _PROFILE_SCOPES & set(grant.scope.split(",")):
            return app, _at_platform_of(app, identity), grant
    raise GrantDead("no identity of this user has a live grant")


def _at_platform_of(app: App, identity: IdentityView) -> IdentityView:
    """The identity, without a unionid that it has from a platform which the app has
    left: there another one is right."""
    stays = identity.open_platform == app.open_platform
    return identity if stays else replace(identity, unionid=None)


def _ask(
    app: App, identity: IdentityView, grant: Grant, deadline: Deadline
) -> UserInfo:
    pair = (grant.access_token, identity.openid)
    return running().wechat.userinfo(app, pair, deadline=deadline)
