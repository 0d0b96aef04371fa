"""The refusals of a week, by the rid at the end of each errmsg.

Whoever has a line of a log asks WeChat what it was about (developers.weixin.qq.com/doc/
service/openApi/get_rid_info.html). Secrets are masked here as in the journal.
"""

from dataclasses import dataclass

from .part import Part

_WEEK = 7 * 24 * 3600
_MOST = 1000


@dataclass(frozen=True)
class Refusal:
    """One call that was refused: whose, when (Unix time), and what was said."""

    appid: str
    path: str
    time: float
    query: str
    body: str
    answer: str
    address: str


class Rids(Part):
    """A bounded number of refusals."""

    def reset(self) -> None:
        with self._changed:
            self._kept: dict[str, Refusal] = {}

    def keep(self, rid: str, refusal: Refusal) -> None:
        with self._changed:
            self._kept[rid] = refusal
            for old in list(self._kept)[:-_MOST]:
                del self._kept[old]

    def find(self, rid: str) -> Refusal | None:
        """The call, unless it was more than a week ago."""
        with self._changed:
            found = self._kept.get(rid)
        return found if found and self._now() < found.time + _WEEK else None
