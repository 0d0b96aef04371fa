"""The JSON that programs send and get, as types: one for each shape.

The views build their answers as these, so that mypy finds a name more or less, and
`openapi` says the same to programs. They cost nothing while a request is answered.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from wxlogin.config.claim_map import LONGEST, MOST
from wxlogin.flows.session_check import KeyState
from wxlogin.oidc.claims import WeChatNames
from wxlogin.sites.feed import PublicEvent

#: The most characters of a text in a body.
LONGEST_TEXT = 4096

Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Given = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Seconds = Annotated[int, Field(ge=0, description="Seconds from now.")]
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Address = Annotated[str, Field(json_schema_extra={"format": "uri"})]
Group = Annotated[str, Field(min_length=1, max_length=LONGEST)]


class PhoneNumber(TypedDict):
    """A phone number in texts, one shape whatever WeChat wrote."""

    number: str
    pure_number: str
    country_code: str


class KeptPhone(PhoneNumber):
    """A number that the person gave to a mini program, which is named by `app`."""

    app: str
    verified: Literal[False]
    given: Moment


class User(WeChatNames):
    """A user. `uid` stays for good; `former_uids` are those that became this one."""

    uid: str
    former_uids: list[str]
    nickname: str
    avatar: str | None
    language: str | None


class Me(User):
    """The signed-in user."""

    phones: NotRequired[list[KeptPhone]]


class Member(User):
    """A user as a site knows it, with the site's own id and groups of it."""

    external_id: str | None
    groups: list[str] | None
    created_at: Moment
    last_seen_at: Moment
    disabled: bool


class SurvivingUid(TypedDict):
    """The uid of today of any uid ever given out."""

    uid: str
    merged: bool


class NewExternalId(TypedDict):
    """The site's own id of a user; null takes it back."""

    external_id: Text | None


class NewGroups(TypedDict):
    """The groups that the user is in; null takes the site's word back."""

    groups: Annotated[list[Group], Field(max_length=MOST)] | None


class NewLink(TypedDict):
    """A customer who is to connect a WeChat. `label`: what the page calls the account;
    `return_to`: where it leads back to."""

    external_id: Given
    label: Given
    return_to: NotRequired[Text]


class Link(TypedDict):
    """An address for the customer."""

    url: Address
    expires_in: Seconds


class Confirmation(TypedDict):
    """The code that the customer's browser came back with, and whose session it has."""

    code: Given
    external_id: Given


class Looks(TypedDict):
    """How often this code was looked at, and since when: twice may be a theft."""

    looks: int
    first_look_at: Moment | None


class Confirmed(Looks):
    """Where the customer's browser goes on."""

    continue_url: Address


class Binding(Looks):
    """Whose WeChat it is. `avatar` is a `data:` URL."""

    nickname: str
    avatar: str | None
    expires_in: Seconds


class BindingAnswer(TypedDict):
    """The customer whose password the site has just seen."""

    code: Given
    external_id: Given
    label: Given


class GoOn(TypedDict):
    """Where the customer's browser goes on."""

    continue_url: Address


class Event(PublicEvent):
    """An event of the feed, with its id."""

    id: str


class Events(TypedDict):
    """`next` is the `after` of the next question; with `more` there is some already."""

    events: list[Event]
    next: str
    more: bool


class WidgetWish(TypedDict):
    """What a page says that draws its own widget."""

    app: NotRequired[Text]
    next: NotRequired[Text]
    self_redirect: NotRequired[Text]
    lang: NotRequired[Text]


class LinkInstead(TypedDict):
    """A link to another way in."""

    url: Address
    text: str


class Widget(TypedDict):
    """What WeChat's wxLogin.js is to be called with. `instead`: what a page shows
    where the code is of no use, as on the phone itself."""

    appid: str
    scope: str
    redirect_uri: Address
    state: str
    frame_url: Address
    expires_in: Seconds
    instead: list[LinkInstead]


class Code(TypedDict):
    """A code of WeChat's. `attempt`: 16 to 128 characters of the program's own choice,
    the same for each try with this code; `site`: the client_id of the site in SITES."""

    code: Given
    attempt: NotRequired[Text]
    site: NotRequired[Text]


class ProgramUser(TypedDict):
    """Who is signed in."""

    uid: str
    nickname: str
    language: str | None


class SignedIn(TypedDict):
    """Who is signed in. `profile_wanted`, told to mini programs: has the person no name
    yet?"""

    user: ProgramUser
    profile_wanted: NotRequired[bool]


class ProgramSession(SignedIn):
    """A session of a program: its bearer token, and how long that lives."""

    token: str
    token_type: Literal["Bearer"]
    expires_in: Seconds


class Terms(TypedDict):
    """What the person is asked to agree to."""

    terms_url: str | None
    privacy_url: str | None
    terms_version: str


class Stranger(TypedDict):
    """Nobody's account yet: a token that is good for the person's word alone."""

    token: str
    token_type: Literal["Bearer"]
    expires_in: Seconds
    user: None
    profile_wanted: Literal[True]
    registration: Terms


class Agreement(TypedDict):
    """The person's word, given in the program."""

    registration: Given
    agree: Literal["yes"]
    terms_version: NotRequired[Text]


class OpenData(TypedDict):
    """What wx.getUserProfile gave, as it gave it."""

    rawData: str
    signature: str
    encryptedData: str
    iv: str


class TypedProfile(TypedDict):
    """The name that the person typed."""

    nickName: NotRequired[Text]


class Nothing(TypedDict):
    """An empty object."""


class SignedWord(TypedDict):
    """Who the person is, signed for the server of the program's site."""

    jwt: str
    expires_in: Seconds


class ProgramCheck(TypedDict):
    """Whether our session and WeChat's session key still live."""

    session: Literal["live", "waiting"]
    session_key: KeyState


class Following(TypedDict):
    """Which official accounts, by their names in APPS, the person follows."""

    following: bool | None
    accounts: dict[str, bool | None]


class PhoneCode(TypedDict):
    """What the button of getPhoneNumber gave: a code; from older ones encryptedData
    and iv."""

    code: NotRequired[str]
    encryptedData: NotRequired[str]
    iv: NotRequired[str]


class PhoneClaim(TypedDict):
    """The number, which nobody has checked. `kept`: do we keep it?"""

    phone: PhoneNumber
    verified: Literal[False]
    kept: bool
    note: str


class SiteAsking(TypedDict):
    """Where the person is about to sign in."""

    name: str


class BrowserAsking(TypedDict):
    """The browser as it was when it asked for the code."""

    address: str
    system: str
    since: Moment


class Scanned(TypedDict):
    """What the person is asked about. With `number_wanted` the two digits that the
    browser shows are typed."""

    state: Literal["scanned"]
    site: SiteAsking
    browser: BrowserAsking
    number_wanted: bool
    expires_in: Seconds


class ScanYes(TypedDict):
    """The person says yes."""

    number: NotRequired[str | int | None]


class ScanConfirmed(TypedDict):
    """Confirmed; a stranger's new session with it."""

    state: Literal["confirmed"]
    token: NotRequired[str]
    token_type: NotRequired[Literal["Bearer"]]
    expires_in: NotRequired[Seconds]
    user: NotRequired[ProgramUser]
    profile_wanted: NotRequired[bool]


class ScanRefused(TypedDict):
    """The person said no."""

    state: Literal["refused"]


class NextWish(TypedDict):
    """Where the web-view is to arrive."""

    next: NotRequired[Text]


class AccessToken(TypedDict):
    """An app's access token."""

    access_token: str
    expires_in: Seconds


class RefusedToken(TypedDict):
    """The token that WeChat has refused."""

    refused: Given


class Alive(TypedDict):
    """The process answers."""

    status: Literal["ok"]


class Ready(TypedDict):
    """Somebody can sign in here now."""

    status: Literal["ready"]


class NotReady(TypedDict):
    """Nobody can sign in here now; the log says why."""

    status: Literal["unready"]
    code: Literal["unready"]
    request_id: str


class TokenRequest(TypedDict):
    """A code with its `redirect_uri` (and `code_verifier`), or a refresh token.

    `client_id` and `client_secret` stand here where HTTP Basic does not hold them.
    """

    grant_type: Literal["authorization_code", "refresh_token"]
    code: NotRequired[str]
    redirect_uri: NotRequired[str]
    code_verifier: NotRequired[str]
    refresh_token: NotRequired[str]
    scope: NotRequired[str]
    client_id: NotRequired[str]
    client_secret: NotRequired[str]


class Tokens(TypedDict):
    """The answer (OpenID Connect Core 3.1.3.3). `refresh_token` with the scope
    offline_access."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: Seconds
    scope: str
    id_token: NotRequired[str]
    refresh_token: NotRequired[str]


class TokenAsked(TypedDict):
    """A token of the site's."""

    token: str
    token_type_hint: NotRequired[str]
    client_id: NotRequired[str]
    client_secret: NotRequired[str]


class TokenState(TypedDict):
    """Whether the token lives; everything else only if it does."""

    active: bool
    scope: NotRequired[str]
    client_id: NotRequired[str]
    token_type: NotRequired[str]
    exp: NotRequired[int]
    iat: NotRequired[int]
    sub: NotRequired[str]
    aud: NotRequired[str]
    iss: NotRequired[str]


class Claims(TypedDict):
    """What the site may know of the user (docs/integrating.md); what is not known is
    left out."""

    sub: str


class KeySet(TypedDict):
    """Public keys, the newest first."""

    keys: list[dict[str, Any]]


class Document(TypedDict):
    """An OpenAPI document."""

    openapi: str
    paths: dict[str, Any]


class Problem(TypedDict):
    """A refusal (RFC 9457). `code` is for programs (docs/errors.md), `detail` for
    people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    reason: NotRequired[str]


class OAuthRefusal(TypedDict):
    """A refusal in OAuth's words (RFC 6749 section 5.2)."""

    error: str
    error_description: NotRequired[str]
