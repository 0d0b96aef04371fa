"""What the HTTP edge adds to an application, in one list."""

from flask import Flask

from wxlogin.config import Settings
from wxlogin.observability import log_requests
from wxlogin.web import (
    account,
    api,
    app_tokens,
    callback,
    customers,
    device,
    first_visit,
    follow,
    forward_auth,
    handover,
    identities,
    login,
    mini_program,
    must_follow,
    native_app,
    openid,
    ops,
    push,
    rp_logout,
    scan,
    scan_phone,
    site_api,
    terms,
)
from wxlogin.web.edge import init_edge
from wxlogin.web.hosts import init_hosts
from wxlogin.web.language import init_language
from wxlogin.web.limits import init_limits
from wxlogin.web.ops import init_ops
from wxlogin.web.pages import init_pages
from wxlogin.web.problems import init_problems
from wxlogin.web.site_in_view import init_site_in_view
from wxlogin.web.visitors import init_visitors

_BLUEPRINTS = (
    account.bp,
    api.bp,
    app_tokens.bp,
    callback.bp,
    customers.bp,
    device.bp,
    device.phone_bp,
    first_visit.bp,
    follow.bp,
    follow.phone_bp,
    forward_auth.bp,
    handover.bp,
    identities.bp,
    login.bp,
    mini_program.bp,
    must_follow.bp,
    native_app.bp,
    *openid.blueprints,
    ops.bp,
    push.bp,
    rp_logout.bp,
    scan.bp,
    scan_phone.bp,
    site_api.bp,
    terms.bp,
)


def register(app: Flask, settings: Settings) -> None:
    """Gives the application its pages, and what stands around all of them."""
    # First: it sees when a request comes, and what leaves in the end.
    log_requests(app, settings)
    init_hosts(app, settings)
    init_edge(app, settings)
    init_language(app)
    init_visitors(app, settings)
    init_problems(app)
    init_pages(app, settings)
    init_site_in_view(app)
    init_ops(app)
    # JSON is UTF-8: names of people stay readable, and keys in their order.
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
    # Last: it names the views that it limits.
    init_limits(app, settings)
