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

    `WXLOGIN_INSTANCE` names it; otherwise it is `instance` in the checkout, from
    which an editable install runs, too, or in the current folder when the package is
    installed.
    """
    return _instance()[0]


def instance_line() -> str:
    """A line for the operator: which folder that is, and why it is that one."""
    folder, why = _instance()
    return f"Instance folder: {folder} ({why})"


def _instance() -> tuple[Path, str]:
    if named := os.environ.get("WXLOGIN_INSTANCE"):
        return Path(named).resolve(), "WXLOGIN_INSTANCE"
    if (_CHECKOUT / "pyproject.toml").is_file():
        return _CHECKOUT / "instance", "of the checkout that this runs from"
    return Path.cwd() / "instance", "of the current folder"
