"""Calls of ours to a site's server: a webhook, a logout token.

The address is the operator's own setting, and yet a name in it may lead anywhere
tomorrow. So, as for every address that is not WeChat's (security rows 104, 120;
OWASP ASVS 15.3.2):

- only public addresses are connected to, unless the site is marked `inside` or the
  service runs for development; what was looked up is what is connected to;
- five seconds for everything: name, connect, TLS, sending, the answer's headers;
- certificates are verified, redirects are not followed, no proxy is used;
- only the status of the answer counts. Its body is not read.
"""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass

from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from wxlogin.config import Settings, Site
from wxlogin.net import faults
from wxlogin.net.deadline import Deadline, Trip
from wxlogin.net.public import PublicTransport
from wxlogin.net.transport import Transport

BUDGET_SECONDS = 5.0
_HEADERS = {"Accept": "*/*", "User-Agent": "wxlogin"}
_NETWORK_ERRORS = (HTTPError, http.client.HTTPException, OSError, ValueError)


@dataclass(frozen=True)
class Reply:
    """The status of the answer, or the fault that kept it away."""

    status: int | None = None
    fault: str | None = None

    @property
    def good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def may_go_inside(settings: Settings, site: Site) -> bool:
    """May this site's server be at an address of an inner network?"""
    return site.inside or settings.env == "development"


def post(url: str, body: bytes, headers: Mapping[str, str], *, inside: bool) -> Reply:
    """POSTs the body once. Never raises for what the network or the site does."""
    pool = (Transport() if inside else PublicTransport()).new_pool(url)
    target = parse_url(url).request_uri
    trip = Trip(Deadline(BUDGET_SECONDS))
    try:
        raw = pool.ask("POST", target, trip, headers={**_HEADERS, **headers}, body=body)
        raw.close()
        return Reply(status=raw.status)
    except _NETWORK_ERRORS as error:
        return Reply(fault=faults.fault_of(error))
    finally:
        pool.close()
