"""The apps of WeChat's consoles, as settings."""

import re
from enum import StrEnum
from hmac import compare_digest
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from wxlogin.config.urls import called_address
from wxlogin.config.written import Written

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
# Tencent gives out `wx` and 16 hexadecimal digits; test set-ups are looser.
_APPID = re.compile(r"wx[0-9a-z]{16}")
# WeChat refuses a code whose page begins with a slash or holds a query.
_PAGE = re.compile(r"(?!/)[0-9A-Za-z_./-]{1,128}")
_OF_MINI_PROGRAMS = (
    "keep_phone",
    "content_check",
    "two_phase",
    "trust_open_data_unionid",
    "scan_page",
    "env_version",
)
_OF_ACCOUNTS = ("verified_service", "title", "plain_code")
_ORIGINAL_ID = re.compile(r"gh_[0-9a-z]{12}")
# What stands in the code that an account's console offers to download.
_PLAIN_CODE = re.compile(r"https?://weixin\.qq\.com/r/[\w.~/-]{1,200}", re.ASCII)
# Whose people write to it.
_WITH_A_CHAT = frozenset({"official_account", "mini_program"})
# What WeChat's console draws, and what base64 hangs on it in other people's code.
_AES_KEY = re.compile(r"([A-Za-z0-9+/]{43})=?")


class AppKind(StrEnum):
    """What an appid is registered as; decides which doors it opens."""

    website = "website"
    official_account = "official_account"
    mini_program = "mini_program"
    mobile = "mobile"


# Those in whose own name WeChat is called.
_WITH_TOKENS = (AppKind.official_account, AppKind.mini_program)


class EnvVersion(StrEnum):
    """Which version of a mini program a code opens."""

    release = "release"
    trial = "trial"
    develop = "develop"


class Rest(StrEnum):
    """Who gets the messages and events of an app that are none of ours."""

    #: Nobody: the person reads nothing.
    quiet = "quiet"
    #: The account's own staff (客服), as far as they are messages.
    customer_service = "customer_service"
    #: Another system, at `forward_url`.
    forward = "forward"


class App(Written):
    """One appid with its secret."""

    prose: ClassVar[frozenset[str]] = frozenset({"title"})

    name: str
    kind: AppKind
    appid: str
    secret: Annotated[str, Field(min_length=1, repr=False)]
    #: The one before it, while the new one is on its way to all servers; WeChat is
    #: asked with it where it refuses the new one.
    secret_previous: Annotated[str | None, Field(min_length=1, repr=False)] = None
    open_platform: str | None = None
    token: Annotated[str | None, Field(repr=False)] = None
    aes_key: Annotated[str | None, Field(repr=False)] = None
    #: Of a program on a phone: the client_id of the site whose server hears of its
    #: tokens.
    site: str | None = None
    #: `gh_…`, by which WeChat names the account in what it pushes.
    original_id: str | None = None
    #: Of an official account: is it a verified service account (已认证的服务号)? Others
    #: have neither codes with a scene nor pages inside WeChat. None: WeChat says.
    verified_service: bool | None = None
    #: Its name, by which people find it in WeChat.
    title: Annotated[str, Field(max_length=64)] = ""
    #: What stands in its ordinary code, which everybody may scan.
    plain_code: str = ""
    #: Who gets what people write to it, and events, where they are none of ours.
    oa_rest: Rest = Rest.quiet
    #: With `forward`: where they go, and by which token and key they are signed and
    #: sealed there; without a token of its own the other system has the app's.
    forward_url: str | None = None
    forward_token: Annotated[str | None, Field(repr=False)] = None
    forward_aes_key: Annotated[str | None, Field(repr=False)] = None
    #: May that be an address of an inner network?
    forward_inside: bool = False
    #: Of a mini program: may unknown people look around without an account?
    two_phase: bool = False
    #: Does a unionId in the program's encrypted data say who somebody is?
    trust_open_data_unionid: bool = False
    #: Are names and pictures that people choose judged by WeChat?
    content_check: bool = False
    #: Is the phone number kept that a person gives it?
    keep_phone: bool = False
    #: Its page that a code to sign in opens, empty for none, and in which version of
    #: the program.
    scan_page: str = "pages/scan/scan"
    env_version: EnvVersion = EnvVersion.release
    #: May the operator's other systems have its access token?
    share_access_token: bool = False

    @field_validator("name")
    @classmethod
    def _short_name(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError(
                "a name of your own: a small letter, then small letters, digits, _ "
                "and -, 32 at most; it is a part of addresses"
            )
        return value

    @field_validator("appid")
    @classmethod
    def _like_wechats(cls, value: str) -> str:
        if not _APPID.fullmatch(value):
            raise ValueError(
                "an AppID is wx and 16 small letters or digits; copy it from WeChat's "
                "console"
            )
        return value

    @field_validator("site")
    @classmethod
    def _of_programs(cls, value: str | None, info: ValidationInfo) -> str | None:
        programs = (AppKind.mini_program, AppKind.mobile)
        if value is not None and info.data.get("kind") not in programs:
            raise ValueError("only a mini_program or a mobile app is of a site")
        return value

    @field_validator(*_OF_MINI_PROGRAMS)
    @classmethod
    def _of_mini_programs(cls, value: Any, info: ValidationInfo) -> Any:
        name = info.field_name or ""
        usual = cls.model_fields[name].default
        if value != usual and info.data.get("kind") is not AppKind.mini_program:
            raise ValueError("only a mini_program has it")
        return value

    @field_validator(*_OF_ACCOUNTS)
    @classmethod
    def _of_accounts(cls, value: Any, info: ValidationInfo) -> Any:
        name = info.field_name or ""
        usual = cls.model_fields[name].default
        if value != usual and info.data.get("kind") is not AppKind.official_account:
            raise ValueError("only an official_account has it")
        return value

    @field_validator("plain_code")
    @classmethod
    def _a_plain_code(cls, value: str) -> str:
        if value and not _PLAIN_CODE.fullmatch(value):
            raise ValueError(
                "the address that the account's code (公众号二维码) holds, as a reader "
                "of codes shows it: http://weixin.qq.com/r/ and letters"
            )
        return value

    @field_validator("share_access_token")
    @classmethod
    def _has_an_access_token(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("kind") not in _WITH_TOKENS:
            raise ValueError(
                "only an official_account or a mini_program has an access token"
            )
        return value

    @field_validator("scan_page")
    @classmethod
    def _a_page(cls, value: str) -> str:
        if value and not _PAGE.fullmatch(value):
            raise ValueError(
                "a page as the program's app.json has it, pages/scan/scan for "
                "instance: no slash in front, no question mark, 128 characters at most"
            )
        return value

    @field_validator("original_id")
    @classmethod
    def _like_an_account(cls, value: str | None) -> str | None:
        if value is not None and not _ORIGINAL_ID.fullmatch(value):
            raise ValueError(
                "gh_ and 12 small letters or digits; the console shows it as 原始ID"
            )
        return value

    @field_validator("forward_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        return None if value is None else called_address(value)

    @field_validator(
        "secret",
        "secret_previous",
        "token",
        "aes_key",
        "forward_token",
        "forward_aes_key",
    )
    @classmethod
    def _without_blanks(cls, value: str | None) -> str | None:
        if value and " " in value:
            place = value.index(" ") + 1
            raise ValueError(f"there is a blank at place {place}; WeChat's have none")
        return value

    @field_validator("aes_key", "forward_aes_key")
    @classmethod
    def _of_43_letters(cls, value: str | None) -> str | None:
        if value is None:
            return None
        found = _AES_KEY.fullmatch(value)
        if found is None:
            raise ValueError(
                "an EncodingAESKey has 43 letters and digits; copy it from WeChat's "
                "console"
            )
        return found[1]

    @model_validator(mode="after")
    def _another_before(self) -> Self:
        before = self.secret_previous or ""
        if compare_digest(before.encode(), self.secret.encode()):
            raise ValueError("secret_previous is the secret itself; leave it out")
        return self

    @model_validator(mode="after")
    def _sealed_by_both(self) -> Self:
        if self.aes_key and not self.token:
            raise ValueError("aes_key needs the token that is beside it in the console")
        if self.forward_aes_key and not self.forward_token:
            raise ValueError("forward_aes_key needs a forward_token beside it")
        return self

    @model_validator(mode="after")
    def _has_a_rest(self) -> Self:
        if self.oa_rest is Rest.quiet:
            if self.forward_url:
                raise ValueError('forward_url needs oa_rest = "forward" beside it')
            return self
        if self.kind not in _WITH_A_CHAT or not self.token:
            raise ValueError(
                "oa_rest is of an official_account or a mini_program that has a token"
            )
        if (self.oa_rest is Rest.forward) != bool(self.forward_url):
            raise ValueError('oa_rest = "forward" and forward_url go together')
        return self
