"""The settings of the running application."""

from typing import cast

from flask import current_app

from wxlogin.config.settings import Settings


def current_settings() -> Settings:
    """The settings `create_app` was given; needs an application context."""
    return cast(Settings, current_app.extensions["wxlogin.settings"])
