"""The settings as the table of docs/settings.md."""

from enum import StrEnum
from typing import Any

from pydantic import BeforeValidator, SecretStr
from pydantic.fields import FieldInfo

from wxlogin.config.languages import known_language, languages
from wxlogin.config.limits import Limits
from wxlogin.config.settings import Settings

_TYPES = {
    "str": "text",
    "int": "number",
    "float": "number",
    "bool": "`on` or `off`",
    "SecretStr": "secret",
}
# Defaults that load_settings works out, in words.
_WORKED_OUT = {
    "public_url": "`http://127.0.0.1:PORT`",
    "env": "see there",
    "simulator_url": "`http://localhost:SIMULATOR_PORT`",
    "database_url": "`instance/wxlogin.db`",
    "limits": "`on`",
}


def settings_table() -> str:
    """A Markdown table: name, type, default, meaning. One row a setting."""
    rows = ["| setting | type | default | meaning |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        cells = (
            f"`{name.upper()}`",
            _type(field),
            _WORKED_OUT.get(name) or _default(field.default),
            (field.description or "").replace("|", "\\|"),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def limits_table() -> str:
    """The numbers of LIMITS, in the same way."""
    rows = ["| number | default | what it limits |", "|---|---|---|"]
    for name, field in Limits.model_fields.items():
        if name != "enabled":
            rows.append(f"| `{name}` | {field.default:,} | {field.description} |")
    return "\n".join(rows) + "\n"


def _type(field: FieldInfo) -> str:
    kind: Any = field.annotation
    if BeforeValidator(known_language) in field.metadata:
        return ", ".join(f"`{choice}`" for choice in languages())
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return ", ".join(f"`{choice}`" for choice in kind)
    choices = getattr(kind, "__args__", ())
    if choices and all(isinstance(choice, str) for choice in choices):
        return ", ".join(f"`{choice}`" for choice in choices)
    if kind is Limits:
        return "`on`, `off` or table"
    if kind == dict[str, str]:
        return "table"
    if choices:
        return "secrets" if choices[0] is SecretStr else "list of tables"
    return _TYPES.get(getattr(kind, "__name__", ""), "text")


def _default(value: Any) -> str:
    if isinstance(value, bool):
        return "`on`" if value else "`off`"
    if value in ("", (), {}) or isinstance(value, SecretStr):
        return "–"
    return f"`{value}`"
