"""Third-party platforms (第三方平台), which log people in for accounts of others.

An account authorizes a platform by its component_appid (`App.components`); without
that the page inside WeChat is 10015. The platform's server proves itself by a
component_access_token and needs no secret of the account (developers.weixin.qq.com/doc/
oplatform/Third-party_Platforms/2.0/api/Before_Develop/Official_Accounts/
official_account_website_authorization.html). How a platform comes to that token, by
tickets that WeChat pushes, is left out: the control API gives it.
"""

from dataclasses import dataclass

from .. import protocol
from ..refusals import ApiError
from . import ids
from .part import Part


@dataclass(frozen=True)
class ComponentToken:
    value: str
    component_appid: str
    ends: float


class Components(Part):
    """The tokens of platforms."""

    def reset(self) -> None:
        with self._changed:
            self._tokens: dict[str, ComponentToken] = {}

    def issue(self, component_appid: str) -> ComponentToken:
        """Another token; those before live on."""
        ends = self._now() + protocol.ACCESS_TOKEN_SECONDS
        token = ComponentToken(ids.new_token(), component_appid, ends)
        with self._changed:
            self._tokens[token.value] = token
        return token

    def check(self, value: str, component_appid: str) -> None:
        """Whether a token is this platform's. Raises ApiError 40001 or 42001."""
        with self._changed:
            token = self._tokens.get(value)
        if token is None or token.component_appid != component_appid:
            raise ApiError(40001)
        if self._now() >= token.ends:
            raise ApiError(42001)
