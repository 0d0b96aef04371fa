"""A person's picture, from WeChat's picture hosts and from nowhere else.

Rules (security row 104):

- Only two hosts, exactly as written, over https: those that WeChat's answers name.
  Where the simulator stands for WeChat, its origin alone.
- The name is looked up once for a connection, and only public addresses of the
  answer are connected to: an answer that changes a moment later changes nothing.
- Everything else is `transport`'s rule: one deadline, at most 256 kB, certificates
  verified, no compression, and redirects are not followed. A proxy is told the public
  address that was looked up, not the name.

What says that there is no picture, since WeChat answers 200 for it: the header
`X-ErrNo: -6101`, which comes with a grey 5093-byte PNG for an address that died
when its owner changed the picture. It is not documented; independent captures of
2019 to 2020 agree (cnblogs.com/flyrock/p/11507341.html).
"""

import re
from functools import cache

from wxlogin.config.outbound import Proxy
from wxlogin.errors import WeChatUnavailable
from wxlogin.net.deadline import Deadline, Trip
from wxlogin.net.public import PublicTransport
from wxlogin.net.transport import shared

#: The hosts that `headimgurl` names; `wx` in old answers.
ORIGINS = ("https://thirdwx.qlogo.cn", "https://wx.qlogo.cn")

# The last segment of a picture's path is its side in pixels, 0 stands for 640
# (developers.weixin.qq.com/doc/service/api/webdev/access/api_snsuserinfo.html).
_SIZE = re.compile("/(?:0|46|64|96|132)$")
SIDE = 132

_NO_PICTURE = (404, 410)


class AvatarHosts:
    """Fetches pictures; for all threads of a process.

    `simulator` is the simulator's origin where that stands for WeChat, or empty.
    """

    def __init__(self, *, simulator: str = "", proxy: Proxy | None = None) -> None:
        self._origins = (simulator,) if simulator else ORIGINS
        # The simulator runs on this machine or beside it, so inside is right there.
        self._transport = shared() if simulator else _outside(proxy)

    def admits(self, url: str) -> bool:
        """Is this an address that may be fetched?

        The text itself is compared, and the same text is later cut at the slash: no
        two readers of a URL can disagree about its host.
        """
        return any(url.startswith(f"{origin}/") for origin in self._origins)

    def fetch(self, url: str, *, deadline: Deadline) -> bytes | None:
        """The bytes of the picture, whatever they are; None where there is none.

        None as well for an address that may not be fetched. Raises
        `WeChatUnavailable` for every fault of the network or the host, also for a
        redirect: trying again later may help.
        """
        if not self.admits(url):
            return None
        place = _SIZE.sub(f"/{SIDE}", url.partition("#")[0])
        answer = self._transport.get(place, Trip(deadline, repeatable=True))
        if answer.status_code in _NO_PICTURE or answer.headers.get("X-ErrNo"):
            return None
        if answer.status_code != 200:
            raise WeChatUnavailable(
                "The picture host answers with an error.",
                fault="status",
                http_status=answer.status_code,
            )
        return answer.content or None


_outside = cache(PublicTransport)
