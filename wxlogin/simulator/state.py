"""The world that the running app simulates."""

from flask import current_app

from .world import World


def world() -> World:
    """The World of the current app."""
    found: World = current_app.extensions["world"]
    return found
