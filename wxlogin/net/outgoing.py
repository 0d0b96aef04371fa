"""Calls of ours to a site's server: a webhook, a logout token, a push passed on.

The address is the operator's own setting, and yet a name in it may lead anywhere
tomorrow. So, as for every address that is not WeChat's (security rows 104, 120;
OWASP ASVS 15.3.2):

- only public addresses are connected to, unless the site is marked `inside` or the
  service runs for development; what was looked up is what is connected to;
- five seconds, or the caller's deadline, for everything: name, connect, TLS, sending,
  the answer;
- certificates are verified, redirects are not followed; by a proxy (OUTBOUND_PROXY)
  go those to public addresses, and it is told the address that was looked up here;
- of the answer the status counts. Its body is read only where one was asked for, up to
  so many bytes, and not unpacked.
"""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field

from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from wxlogin.config import Settings, Site
from wxlogin.config.outbound import Proxy
from wxlogin.net import faults
from wxlogin.net.deadline import Deadline, Trip
from wxlogin.net.public import PublicTransport
from wxlogin.net.transport import Transport, read_body

BUDGET_SECONDS = 5.0
_HEADERS = {"Accept": "*/*", "User-Agent": "wxlogin"}
_NETWORK_ERRORS = (HTTPError, http.client.HTTPException, OSError, ValueError)


@dataclass(frozen=True)
class Reply:
    """The status of the answer, or the fault that kept it away."""

    status: int | None = None
    fault: str | None = None
    #: Empty where none was asked for.
    body: bytes = field(default=b"", repr=False)

    @property
    def good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def may_go_inside(settings: Settings, site: Site) -> bool:
    """May this site's server be at an address of an inner network?"""
    return site.inside or settings.env == "development"


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    inside: bool,
    proxy: Proxy | None = None,
    deadline: Deadline | None = None,
    most: int = 0,
) -> Reply:
    """POSTs the body once. Never raises for what the network or the site does.

    With `most` the answer's body is read; a longer one is a fault.
    """
    pool = (Transport() if inside else PublicTransport(proxy)).new_pool(url)
    target = parse_url(url).request_uri
    trip = Trip(deadline or Deadline(BUDGET_SECONDS))
    try:
        raw = pool.ask("POST", target, trip, headers={**_HEADERS, **headers}, body=body)
        try:
            content = read_body(raw, most) if most else b""
        finally:
            raw.close()
        return Reply(status=raw.status, body=content)
    except _NETWORK_ERRORS as error:
        return Reply(fault=faults.fault_of(error))
    finally:
        pool.close()
