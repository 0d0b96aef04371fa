"""What ties people to official accounts: who follows, who consented, who looks on.

- A consent to snsapi_userinfo is remembered for about 30 days; within them WeChat
  does not ask again (developers.weixin.qq.com/community/develop/doc/
  000ac4abf2076822e4ff4d75a51c00). It is not prolonged by silent logins.
- A preview is a page that WeChat opened with a virtual visitor; its link is kept
  until the person taps 使用完整服务.
"""

from collections.abc import Callable
from threading import Condition

from .apps import App

#: Seconds a consent is good for; Tencent names no number, about 30 days were seen.
CONSENT_SECONDS = 30 * 24 * 3600


class Relations:
    """Follows, consents and previews, each for one account and one person."""

    def __init__(self, changed: Condition, now: Callable[[], float]) -> None:
        self._changed = changed
        self._now = now
        self.reset()

    def reset(self) -> None:
        with self._changed:
            self._followers: set[tuple[str, str]] = set()
            self._consents: dict[tuple[str, str], float] = {}
            self._previews: dict[tuple[str, str], str] = {}

    def follow(self, app: App, person: str) -> None:
        with self._changed:
            self._followers.add((app.appid, person))

    def unfollow(self, app: App, person: str) -> None:
        with self._changed:
            self._followers.discard((app.appid, person))

    def follows(self, app: App, person: str) -> bool:
        with self._changed:
            return (app.appid, person) in self._followers

    def consent(self, app: App, person: str) -> None:
        """The person tapped "allow"; a preview that was open is over."""
        with self._changed:
            self._consents[app.appid, person] = self._now()
            self._previews.pop((app.appid, person), None)

    def consented(self, app: App, person: str) -> bool:
        """Whether the person ever allowed this account to read the profile."""
        with self._changed:
            return (app.appid, person) in self._consents

    def consented_lately(self, app: App, person: str) -> bool:
        """Whether WeChat still remembers it and does not ask."""
        with self._changed:
            given = self._consents.get((app.appid, person))
            return given is not None and self._now() < given + CONSENT_SECONDS

    def show_preview(self, app: App, person: str, link: str) -> None:
        with self._changed:
            self._previews[app.appid, person] = link

    def preview(self, app: App, person: str) -> str:
        """The consent link whose preview this person is looking at, or nothing."""
        with self._changed:
            return self._previews.get((app.appid, person), "")
