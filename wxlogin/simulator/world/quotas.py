"""How often a call may be made, in a minute, a day or a month, for an app or a person.

A window begins with the clock's minute, and with the day and the month in China, as
WeChat's quotas do (developers.weixin.qq.com/doc/service/Message_Management/
API_Call_Limits.html).
"""

import time

from .. import protocol
from .part import Part

MINUTE, DAY, MONTH = 60, 24 * 3600, 31 * 24 * 3600

#: Calls of an app in a day, of those that have such a limit.
DAILY = {
    protocol.CGI_TOKEN: 2000,
    protocol.CGI_STABLE_TOKEN: 500_000,
    protocol.CGI_MENU_CREATE: 1000,
    protocol.CGI_MENU_GET: 10_000,
    protocol.CGI_MENU_DELETE: 1000,
    protocol.CGI_QRCODE_CREATE: 100_000,
    protocol.CGI_USER_INFO: 5_000_000,
    protocol.WXA_MSG_SEC_CHECK: 2_000_000,
    protocol.WXA_MEDIA_CHECK_ASYNC: 200_000,
}

# Seconds that China is ahead of UTC.
_CHINA = 8 * 3600


class Quotas(Part):
    """Counts, each for a name (a path) and its owner, who begins with an appid."""

    def reset(self) -> None:
        with self._changed:
            self._counts: dict[tuple[str, str, int], tuple[int, int]] = {}

    def take(self, name: str, owner: str, *, most: int, seconds: int) -> bool:
        """Count one call; whether it is among the first `most` of its window."""
        with self._changed:
            count = self.used(name, owner, seconds) + 1
            self._counts[name, owner, seconds] = (self._window(seconds), count)
        return count <= most

    def used(self, name: str, owner: str, seconds: int) -> int:
        """How many calls were counted in the present window, refused ones too."""
        with self._changed:
            began, count = self._counts.get((name, owner, seconds), (0, 0))
            return count if began == self._window(seconds) else 0

    def clear_day(self, appid: str) -> None:
        """The app's day begins anew."""
        with self._changed:
            for key in list(self._counts):
                if key[1].split()[0] == appid and key[2] == DAY:
                    del self._counts[key]

    def _window(self, seconds: int) -> int:
        now = self._now() + _CHINA
        if seconds == MONTH:
            date = time.gmtime(now)
            return date.tm_year * 12 + date.tm_mon
        return int(now // seconds)
