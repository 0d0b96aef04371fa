"""Who may send a changing request to a view.

Without a mark: our own pages (design: same origin). `for_sites`: pages of listed
sites too. `without_cookies`: programs; such a view never looks at a cookie, so
there is nothing that a foreign page could misuse. A call with a bearer token is a
program's as well.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app, request

from wxlogin.config import Settings
from wxlogin.security.cross_origin import require_site
from wxlogin.security.same_origin import require_same_origin

View = TypeVar("View", bound=Callable[..., Any])
_MARK = "wxlogin_access"
_SAFE = ("GET", "HEAD", "OPTIONS")


def for_sites(view: View) -> View:
    """Marks a view that pages of listed sites may call, with their cookies."""
    setattr(view, _MARK, "sites")
    return view


def without_cookies(view: View) -> View:
    """Marks a view for programs, which is called without any cookie."""
    setattr(view, _MARK, "programs")
    return view


def mark_of_view() -> str | None:
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, _MARK, None)


def bearer_token() -> str | None:
    """The bearer token of this request, if it carries one."""
    given = request.authorization
    return given.token if given and given.type == "bearer" else None


def require_access(settings: Settings) -> None:
    """Raises ForeignRequest for a changing request from where none is expected."""
    mark = mark_of_view()
    if request.method in _SAFE or mark == "programs" or bearer_token():
        return
    if mark == "sites":
        require_site(request, settings)
    else:
        require_same_origin(request, settings)
