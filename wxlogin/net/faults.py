"""What broke on the way to WeChat, in our own words.

The messages of requests and urllib3 hold the URL and with it the AppSecret. So an
error of theirs is looked at, never quoted: its kind becomes a `fault`, and the
operator gets a sentence of ours that says where to look.
"""

import http.client
import socket
import ssl

import urllib3.exceptions

from wxlogin.errors import WeChatUnavailable
from wxlogin.net.deadline import Trip
from wxlogin.net.tunnel import ProxyRefused


class TooLong(ValueError):
    """The body is longer than any answer of WeChat's."""


class Encoded(ValueError):
    """The body is compressed, which was not asked for."""


class Cut(ValueError):
    """The body ended before its announced length."""


class Inside(ValueError):
    """The name leads to an address of an inner network."""


# The first class that fits an error, or an error inside it, names the fault.
_FAULTS: tuple[tuple[str, tuple[type[BaseException], ...]], ...] = (
    ("too_long", (TooLong,)),
    ("encoded", (Encoded,)),
    ("inside", (Inside,)),
    ("proxy", (ProxyRefused,)),
    ("cut", (Cut, http.client.IncompleteRead, urllib3.exceptions.IncompleteRead)),
    ("name", (socket.gaierror,)),
    ("timeout", (TimeoutError, urllib3.exceptions.TimeoutError)),
    ("certificate", (ssl.SSLCertVerificationError,)),
    ("tls", (ssl.SSLError, urllib3.exceptions.SSLError)),
    ("refused", (ConnectionRefusedError,)),
    ("reset", (ConnectionError, http.client.RemoteDisconnected)),
)

_SENTENCES = {
    "too_long": "{host} sent an answer without end. Something stands between us.",
    "encoded": "{host} sent a compressed answer nobody asked for.",
    "inside": (
        "{host} has an address of an inner network, where we do not go for a picture. "
        "Check the name servers of this machine."
    ),
    "proxy": (
        "The proxy of OUTBOUND_PROXY does not answer, or does not let us through to "
        "{host}. Check its address, user and password, and that it allows CONNECT."
    ),
    "cut": "{host} broke off in the middle of its answer.",
    "name": "{host} cannot be looked up. Check the name servers of this machine.",
    "timeout": (
        "{host} did not answer in time ({stage}). Check that this machine reaches "
        "it: firewall, route, and api.weixin.qq.com:443 from a shell."
    ),
    "certificate": (
        "The certificate of {host} was refused ({reason}). Check this machine's "
        "clock and certificates; someone may be between us and WeChat."
    ),
    "tls": "No TLS with {host}. A proxy or firewall may be answering for it.",
    "refused": "{host} refuses the connection. Check the address in the settings.",
    "reset": "{host} closed the connection without a whole answer.",
    "broken": "{host} answered with something that is not HTTP.",
}


def explain(error: BaseException, trip: Trip, *, host: str) -> WeChatUnavailable:
    """The project's error for one of the network's.

    Its facts: `fault`, `stage`, `host`, and `sent`, true if the request may have
    left. The caller raises it outside of an `except`, so that it has no context.
    """
    fault = fault_of(error)
    reason = _reason(error) if fault == "certificate" else None
    # Until the tunnel is there, all that broke is between us and the proxy.
    told = _SENTENCES["proxy" if trip.stage == "proxy" else fault]
    sentence = told.format(host=host, stage=trip.stage, reason=reason)
    return WeChatUnavailable(
        sentence,
        fault=fault,
        stage=trip.stage,
        sent=trip.sent,
        host=host,
        reason=reason,
    )


def fault_of(error: BaseException) -> str:
    """A word for what went wrong; `broken` if nothing better is known."""
    parts = _parts(error)
    for fault, kinds in _FAULTS:
        if any(isinstance(part, kinds) for part in parts):
            return fault
    return "broken"


def _reason(error: BaseException) -> str:
    for part in _parts(error):
        if isinstance(part, ssl.SSLCertVerificationError):
            return part.verify_message
    return ""


def _parts(error: BaseException) -> list[BaseException]:
    """The error and those it wraps, as arguments or as causes."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting and len(found) < 10:
        part = waiting.pop(0)
        if isinstance(part, BaseException):
            found.append(part)
            waiting += [*part.args, part.__cause__]
    return found
