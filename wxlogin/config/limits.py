"""How often one visitor may ask: the numbers of LIMITS.

Honest people share addresses: a school, an office, a mobile carrier's gateway. So what
people do when all goes well is limited far above what such an address needs, and only
failures are limited closely. docs/security.md tells for each number why it is that one,
and why nobody is locked out by another's use of it.
"""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PositiveInt

from wxlogin.config.written import Written

_WORDS = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}

# What is counted closely: processes that count for themselves share these numbers.
_CLOSE = (
    *("failed_codes", "failed_codes_of_browser", "failed_keys", "failed_scans"),
    "scan_codes",
)


class Limits(Written):
    """Each number is what may happen in a minute, unless it says otherwise."""

    enabled: bool = Field(default=True, description="`false` is LIMITS=off.")
    logins: PositiveInt = Field(
        default=12_000,
        description="Sign-ins that one address begins, and as many callbacks.",
    )
    logins_of_browser: PositiveInt = Field(
        default=60, description="Sign-ins that one browser begins."
    )
    failed_codes: PositiveInt = Field(
        default=25,
        description="Codes from one address that WeChat does not know. Sign-ins that "
        "succeed do not count.",
    )
    failed_codes_of_browser: PositiveInt = Field(
        default=10,
        description="The same for a browser that has signed in here before; the "
        "failures of others at its address do not count against it.",
    )
    failed_scans: PositiveInt = Field(
        default=20,
        description="Codes of `/login/scan` from one address that there are not.",
    )
    scan_codes: PositiveInt = Field(
        default=30,
        description="Mini program's codes that browsers of one address ask for; WeChat "
        "draws 5,000 for everybody. A browser that has a live one gets that again.",
    )
    scan_codes_of_browser: PositiveInt = Field(
        default=10,
        description="The same of one browser; one that has signed in here before does "
        "not count for its address.",
    )
    requests: PositiveInt = Field(
        default=12_000,
        description="Visits of one address to `/oauth2/authorize`, and as many to "
        "`/oauth2/logout`.",
    )
    requests_of_browser: PositiveInt = Field(
        default=120, description="The same of a browser."
    )
    waiting: PositiveInt = Field(
        default=20_000,
        description="Requests of sites from one address that wait for a login, in "
        "half an hour. One that was answered counts no more.",
    )
    failed_keys: PositiveInt = Field(
        default=60,
        description="Calls with a wrong secret, code or token at `/oauth2/token`, "
        "`/oauth2/introspect`, `/oauth2/revoke`, `/api/site/…`, `/api/users/…` and "
        "`/api/apps/…`, per address and client. A right one is always answered.",
    )
    site_calls: PositiveInt = Field(
        default=6000, description="Calls of one site's server to `/api/site/…`."
    )
    token_calls: PositiveInt = Field(
        default=600,
        description="Times that one app's access token is asked for at "
        "`/api/apps/…/access_token`.",
    )
    pictures: PositiveInt = Field(
        default=30,
        description="Looks at the picture of one first visit; looks of one browser at "
        "pictures of the WeChats on its account.",
    )
    checks: PositiveInt = Field(
        default=60,
        description="Times that one mini program's session asks `/api/mp/…/check`.",
    )
    copies: PositiveInt = Field(
        default=6,
        description="Copies of one's own data that one browser takes at `/me/data`.",
    )
    handovers: PositiveInt = Field(
        default=60,
        description="Addresses that one app's session asks for at `/api/handover`.",
    )

    def shared_by(self, processes: int) -> "Limits":
        """The part of each of so many processes that count for themselves: together
        they let through as many failures and codes as one. Other use is wide enough."""
        parts = {name: max(1, getattr(self, name) // processes) for name in _CLOSE}
        return self.model_copy(update=parts)


def _read(value: Any) -> Any:
    if isinstance(value, str):
        value = _WORDS.get(value.strip().lower(), value)
    if isinstance(value, bool):
        return {"enabled": value}
    if isinstance(value, Limits):
        return value
    if not isinstance(value, dict):
        raise ValueError('write on, off, or a table such as {"failed_codes": 60}')
    return dict(_numbers(value))


def _numbers(table: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The same table. Raises ValueError for a name that no limit has, and for what is
    no number or would let nobody in."""
    for name, number in table.items():
        if name not in Limits.model_fields:
            known = ", ".join(one for one in Limits.model_fields if one != "enabled")
            raise ValueError(f"there is no limit named {name}; there are {known}")
        if name != "enabled" and (type(number) is not int or number < 1):
            raise ValueError(f"write a whole number from 1 on for {name}")
        yield name, number


LimitsSetting = Annotated[Limits, BeforeValidator(_read)]
