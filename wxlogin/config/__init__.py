"""Every setting once: type, default, help. See docs/settings.md.

The environment (`WXLOGIN_<NAME>`, or `WXLOGIN_<NAME>_FILE` for a secret kept in
a file) wins over `instance/wxlogin.toml`, where names are in lower case.
"""

from wxlogin.config.apps import App, AppKind
from wxlogin.config.demo import demo_apps
from wxlogin.config.loading import load_settings
from wxlogin.config.paths import asset_dir, instance_dir, instance_line
from wxlogin.config.settings import Settings
from wxlogin.config.sites import Registration, Site

__all__ = [
    "App",
    "AppKind",
    "Registration",
    "Settings",
    "Site",
    "asset_dir",
    "demo_apps",
    "instance_dir",
    "instance_line",
    "load_settings",
]
