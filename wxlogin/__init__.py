"""Sign in with WeChat for any website: a Flask service with WeChat in a box.

`create_app()` gives the WSGI object; `wxlogin demo` runs all of it on a laptop.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from wxlogin.config import Settings

__version__ = "0.1.0"


def create_app(settings: "Settings | None" = None) -> "Flask":
    """The application with these settings, or with those of the environment and
    instance/wxlogin.toml. Raises ConfigurationError that says what to mend.

    Without `settings` it is for a server, `gunicorn app:app` for one, and also refuses
    a database that is not ready for this version; `wxlogin db upgrade` makes it so.
    """
    # Imported here, so that a part such as wxlogin.wechat stands alone.
    from wxlogin.factory import build, build_to_serve

    return build_to_serve() if settings is None else build(settings)
