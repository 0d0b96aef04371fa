"""What the documents leave open with `…`, filled in with what start-up accepts."""

import base64
import hashlib
from typing import Any

from wxlogin.config import Settings

_SITE = {
    "name": "shop",
    "client_id": "shop",
    "client_secret": "…",
    "redirect_uris": ["https://shop.example/callback"],
    "origins": ["https://shop.example"],
}
_APP = {
    "website": {"appid": "…", "secret": "…"},
    "mini_program": {"appid": "…", "secret": "…"},
    "official_account": {"appid": "…", "secret": "…", "token": "…", "aes_key": "…"},
}


def accepted(name: str, value: str = "…") -> str:
    """`value`, or a value of the setting where the document leaves it open."""
    if "…" not in value and not value.endswith("$"):
        return value
    drawn = hashlib.sha256(name.encode())
    name = name.lower()
    if name.endswith("encryption_keys"):
        return base64.b64encode(drawn.digest()).decode()
    if name.endswith("appid"):
        return f"wx{drawn.hexdigest()[:16]}"
    if name.endswith("aes_key"):
        return drawn.hexdigest()[:43]
    if "://" in value:
        return value.replace("…", drawn.hexdigest()[:20])
    return drawn.hexdigest()[:32]


def filled(value: Any, name: str = "") -> Any:
    """The same table or list, with every `…` in it filled in."""
    if isinstance(value, dict):
        return {key: filled(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, name) for one in value]
    return accepted(name, value) if isinstance(value, str) else value


def complete(said: dict[str, Any]) -> dict[str, Any]:
    """What a page shows of wxlogin.toml, as settings that are whole.

    A page shows the part that it speaks of: the rest of an app or a site is put beside
    it, and a site's field that stands alone is put into one.
    """
    settings = {
        key: value for key, value in said.items() if key in Settings.model_fields
    }
    alone = {key: value for key, value in said.items() if key not in settings}
    sites = [*settings.pop("sites", []), *([alone] if alone else [])]
    wanted = [app["site"] for app in settings.get("apps", []) if "site" in app]
    sites += [{"name": name, "client_id": name} for name in wanted]
    if sites:
        settings["sites"] = [{**_SITE, **site} for site in sites]
    apps = settings.pop("apps", [{"name": "web", "kind": "website"}])
    whole = {"secret_key": "…", "encryption_keys": "…", **settings}
    whole["apps"] = [{**_APP[app["kind"]], **app} for app in apps]
    return {"public_url": "http://127.0.0.1:5000", **filled(whole)}
