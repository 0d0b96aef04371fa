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
    instance/wxlogin.toml. Raises ConfigurationError that says what to mend."""
    # Imported here, so that a part such as wxlogin.wechat stands alone.
    from wxlogin.factory import build

    return build(settings)
