"""Where templates, static files and the instance folder are."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
_CHECKOUT = _PACKAGE.parent


def package_dir() -> Path:
    """The folder of the installed package."""
    return _PACKAGE


def asset_dir(name: str) -> Path:
    """The folder `templates` or `static`: in a wheel inside the package, in a
    checkout beside it."""
    packed = _PACKAGE / name
    return packed if packed.is_dir() else _CHECKOUT / name


def instance_dir() -> Path:
    """The folder for wxlogin.toml, wxlogin.db and the keys made in development.

    `WXLOGIN_INSTANCE` names it; otherwise it is `instance` in the checkout, or
    in the current folder when the package is installed.
    """
    if named := os.environ.get("WXLOGIN_INSTANCE"):
        return Path(named).resolve()
    in_checkout = (_CHECKOUT / "pyproject.toml").is_file()
    return (_CHECKOUT if in_checkout else Path.cwd()) / "instance"
