"""Keys: what start-up accepts and is still worth a word. No key is ever shown.

Weak and missing keys are among the rules of start-up (`wxlogin.config.rules`).
"""

from collections.abc import Iterator

from wxlogin.config import Settings
from wxlogin.doctor.finding import Finding, ok, warning

_CHECK = "keys"


def check(settings: Settings) -> Iterator[Finding]:
    """A line per thing to do about the keys, or one that all is well."""
    found = [*_twice(settings), *_rotating(settings)]
    yield from found or [ok(_CHECK, "one for signing, one for sealing")]


def _twice(settings: Settings) -> Iterator[Finding]:
    named = [
        ("SECRET_KEY", settings.secret_key),
        ("OPERATOR_KEY", settings.operator_key),
    ]
    named += [("SECRET_KEY_FALLBACKS", key) for key in settings.secret_key_fallbacks]
    named += [("ENCRYPTION_KEYS", key) for key in settings.encryption_keys]
    first: dict[str, str] = {}
    for name, key in named:
        value = key.get_secret_value()
        if value and first.setdefault(value, name) != name:
            yield warning(
                _CHECK,
                f"{first[value]} and {name} hold the same key.",
                todo="Each needs its own; a key found out would open two doors.",
            )


def _rotating(settings: Settings) -> Iterator[Finding]:
    if count := len(settings.secret_key_fallbacks):
        yield ok(
            _CHECK,
            f"{count} former SECRET_KEYs still count.",
            todo=f"Take them out {settings.session_days} days after the change.",
        )
    if (count := len(settings.encryption_keys)) > 1:
        yield ok(
            _CHECK,
            f"{count} ENCRYPTION_KEYS, the first one writes.",
            todo="Take the others out when `wxlogin keys reseal` has run.",
        )
