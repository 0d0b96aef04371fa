"""What was called: the last thousand calls of a server, without secrets.

Secrets, codes and tokens are masked as they come in, so that no list, page or
debugger shows one.
"""

import json
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from threading import Condition
from typing import Any

from ..refusals import MASK

# Everything else is masked: an unknown parameter may hold a secret too.
_SHOWN = (
    *("appid", "grant_type", "openid", "lang", "force_refresh", "sig_method"),
    *("page", "check_path", "env_version", "width", "is_hyaline", "cgi_path", "rid"),
    "component_appid",
)
# What an answer says beside ids, names, tokens and keys.
_TOLD = ("errcode", "errmsg", "expires_in", "openid", "scope", "is_snapshotuser")


@dataclass(frozen=True)
class Call:
    """One call. `errcode` is the outcome, 0 for success; `fault` how it was spoiled.

    `answer` is what was said in JSON, before it was spoiled; nothing for a picture.
    Of a refused one `rule` says in English what was broken, `source` where WeChat
    documents it, and `switch` what brought it about or lets it through, if anything.
    """

    time: float
    method: str
    path: str
    appid: str
    errcode: int
    fault: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    rule: str = ""
    source: str = ""
    switch: str = ""
    answer: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Journal:
    """A bounded list of calls, oldest first."""

    def __init__(self, changed: Condition) -> None:
        self._changed = changed
        self._calls: deque[Call] = deque(maxlen=1000)
        #: How many calls there ever were; a page asks whether it changed.
        self.version = 0

    def add(self, call: Call) -> None:
        with self._changed:
            self._calls.append(call)
            self.version += 1

    def calls(self, path: str = "") -> list[Call]:
        """All calls kept, or those of one path."""
        with self._changed:
            return [call for call in self._calls if path in ("", call.path)]

    def reset(self) -> None:
        with self._changed:
            self._calls.clear()
            self.version += 1


def masked(params: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of a call, fit to be shown; JSON values as JSON."""
    return _only(_SHOWN, params)


def masked_answer(body: bytes) -> dict[str, str]:
    """An answer in JSON, fit to be shown; empty for anything else."""
    try:
        # Names have raw control characters, as WeChat's have.
        told = json.loads(body, strict=False)
    except ValueError:
        return {}
    return _only(_TOLD, told) if isinstance(told, dict) else {}


def _only(names: Collection[str], given: Mapping[str, Any]) -> dict[str, str]:
    return {k[:40]: _shown(v)[:100] if k in names else MASK for k, v in given.items()}


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
