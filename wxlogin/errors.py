"""Everything that can go wrong, as one tree.

    WxloginError
    ├── ConfigurationError         a setting is wrong; start-up refuses
    ├── BadRequest                 the visitor's or client's request is malformed
    │   ├── BadNext                a return address we do not serve
    │   ├── LoginCodeNeeded        another code came where wx.login's belongs
    │   ├── PhoneCodeNeeded        another code came where the phone button's belongs
    │   ├── PhoneCodeInvalid       WeChat does not take the phone button's code (again)
    │   ├── ContentRefused         a chosen name or picture may not be shown
    │   ├── OpenDataInvalid        a mini program's signed data is not good
    │   ├── BadSiteRequest         a site sends people to us in a wrong way
    │   │   └── BadLogoutRequest   the same, to be signed out
    │   ├── ForeignHost            the Host header names somebody else
    │   └── ForeignRequest         an unsafe method without proof of origin
    ├── LoginFailed                a login ends here; the visitor may start again
    │   ├── StateInvalid           state is missing, altered, or another app's
    │   ├── StateExpired           the login took longer than ten minutes
    │   ├── OtherBrowser           the attempt was begun in another browser
    │   ├── LoginPending           another request is asking WeChat; wait
    │   ├── AlreadyFinished        this login was used, and is over
    │   ├── Refused                the person said no in WeChat
    │   ├── CodeInvalid            WeChat does not take the code (again)
    │   ├── SnapshotVisitor        WeChat showed a preview with a made-up person
    │   ├── AnswersDisagree        WeChat named two persons in one login
    │   ├── IdentityConflict       the identity breaks an invariant; no account
    │   ├── SiteRequestOver        a site sent the visitor here too long ago
    │   ├── UnknownPerson          nobody knows the person, and no account is made
    │   ├── RegistrationClosed     the site takes no new accounts
    │   ├── RegistrationOver       what waited for the person's word is gone
    │   ├── LinkExpired            a site's link for its customer is over
    │   ├── ScanOver               a code that a phone scans is over
    │   ├── NotTheScanner          another phone has scanned this code
    │   └── NumberWrong            the phone did not bring the browser's number
    ├── WeChatUnavailable          time-out, reset, garbage, busy: try again later
    │   └── WeChatBusy             quota or "system error"
    ├── WeChatMisconfigured        secret, appid or permission: the operator acts
    │   └── NoServiceAccount       what verified service accounts have, and this is none
    ├── WeChatDenied               WeChat bars this person
    ├── SignInNeeded               no session, or it is over
    │   ├── KeyNeeded              a call of an operator or site without its key
    │   │   └── InvalidClient      a site's id and secret do not belong together
    │   └── LoginTooOld            the session is good, the login behind it not fresh
    ├── GrantDead                  the refresh token is over: a new login is needed
    ├── AccountDisabled            the operator has closed the account
    ├── AccountGone                the account was deleted meanwhile
    ├── NotFound                   no such thing, or not yours
    │   └── ScanUnknown            no code of this app, or of this browser, is that
    ├── Conflict                   what is asked contradicts the state of things
    │   ├── RecentlyJoined         who has just come to an account pushes nobody out
    │   ├── ScanOutOfTurn          a step with a scanned code that is not the next
    │   ├── ScanTaken              another phone was faster
    │   ├── ExternalIdTaken        another user has this id of the site's
    │   └── ExternalIdFixed        the user has another id of the site's
    ├── TooManyRequests            one visitor asks more often than anybody needs
    └── Unready                    the database or ticket store does not answer
        └── Crowded                so many wait already that no more can be kept

An error carries what its reader needs and never a secret, code, token or URL:
`code` is stable and public, `status` the HTTP status of the page or problem
document, `operator` a sentence for the log. The visitor's words are made from
`code` in `web/`, where the language is known.
"""

from typing import ClassVar, TypedDict, Unpack, cast


class Facts(TypedDict, total=False):
    """What an error may carry beside its sentence, for the log; what is None is left
    out. `call`, `sent`, `errcode`, `fault` and `client` are looked at by the program,
    too; the other ones only by people."""

    #: An app of the settings, by its name, and by WeChat's; a site by its client id.
    app: str | None
    appid: str | None
    client: str | None
    #: Our own ids of a user, and of the one that has what another may not get.
    uid: str | None
    owner_id: int | None

    #: A call to WeChat (`wechat.errors.Call`).
    call: str | None
    #: What WeChat answered: its number, text and the id that its support asks for.
    errcode: int | None
    errmsg: str | None
    rid: str | None
    #: Its answer is garbage: how long it is, what is missing; or of another status.
    length: int | None
    missing: str | None
    http_status: int | None

    #: What broke on the way: a word of `net.faults`, of a database's or Redis's.
    fault: str | None
    host: str | None
    #: How far the request came, and why a certificate was refused.
    stage: str | None
    reason: str | None
    #: May some of a request to WeChat have left? Or: the return address that a site
    #: sent with a sign-out.
    sent: bool | str | None

    #: Of a site's wrong address: itself, the nearest listed one, and where they differ.
    given: str | None
    nearest: str | None
    differs_in: str | None
    #: Whom a hint of a site's was made for.
    audience: str | None
    #: Of a request: the parameter, or whose page has sent it.
    parameter: str | None
    sender: str | None
    #: The limit that was reached; the kind of ticket that is too many.
    limit: str | None
    kind: str | None
    #: Where a sealed value stands.
    table: str | None
    column: str | None


class WxloginError(Exception):
    """Base of the tree. `str()` gives the operator's sentence."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    #: May somebody be attacking? The log's line says so (docs/observing.md).
    security: ClassVar[bool] = False
    #: Seconds after which trying again makes sense; sent as Retry-After.
    retry_after: int | None = None
    #: What a 401 says would be accepted (WWW-Authenticate).
    challenge: ClassVar[str] = 'Bearer realm="wxlogin"'

    def __init__(self, operator: str = "", **facts: Unpack[Facts]) -> None:
        super().__init__(operator or self.code)
        self.operator = operator or self.code
        told = {name: value for name, value in facts.items() if value is not None}
        self.facts = cast(Facts, told)


class ConfigurationError(WxloginError):
    """A setting is missing, weak or contradicts another; says what to do."""

    code = "configuration"


class BadRequest(WxloginError):
    code = "bad_request"
    status = 400


class BadNext(BadRequest):
    code = "bad_next"


class LoginCodeNeeded(BadRequest):
    code = "login_code_needed"


class PhoneCodeNeeded(BadRequest):
    code = "phone_code_needed"


class PhoneCodeInvalid(BadRequest):
    code = "phone_code_invalid"


class ContentRefused(BadRequest):
    code = "content_refused"


class OpenDataInvalid(BadRequest):
    """One for every reason: who learns which check failed learns to decrypt."""

    code = "open_data_invalid"
    security = True


class PushUnreadable(BadRequest):
    """Rightly signed, and nothing that WeChat writes."""

    code = "push_unreadable"


class PushRefused(BadRequest):
    """Not WeChat's; one for every reason, as for open data."""

    code = "push_refused"
    security = True
    status = 403


class PushUnopened(PushRefused):
    """Signed with the app's token, and nothing that its aes_key opens."""


class BadSiteRequest(BadRequest):
    code = "bad_site_request"


class BadLogoutRequest(BadSiteRequest):
    code = "bad_logout_request"


class ForeignHost(BadRequest):
    code = "foreign_host"


class ForeignRequest(BadRequest):
    code = "foreign_request"
    security = True
    status = 403


class LoginFailed(WxloginError):
    code = "login_failed"
    status = 400


class StateInvalid(LoginFailed):
    code = "state_invalid"
    security = True


class StateExpired(LoginFailed):
    code = "state_expired"


class OtherBrowser(LoginFailed):
    code = "other_browser"
    security = True


class LoginPending(LoginFailed):
    code = "login_pending"
    status = 503
    retry_after = 2


class AlreadyFinished(LoginFailed):
    code = "already_finished"


class Refused(LoginFailed):
    code = "refused"


class CodeInvalid(LoginFailed):
    code = "code_invalid"
    security = True


class SnapshotVisitor(LoginFailed):
    code = "snapshot"


class AnswersDisagree(LoginFailed):
    code = "answers_disagree"
    status = 502


class IdentityConflict(LoginFailed):
    code = "identity_conflict"
    security = True
    status = 409


class SiteRequestOver(LoginFailed):
    code = "site_request_over"


class UnknownPerson(LoginFailed):
    code = "registration_needed"
    status = 403


class RegistrationClosed(LoginFailed):
    code = "registration_closed"
    status = 403


class RegistrationOver(LoginFailed):
    code = "registration_over"
    status = 410


class LinkExpired(LoginFailed):
    code = "link_expired"
    status = 410


class ScanOver(LoginFailed):
    code = "scan_over"
    status = 410


class NotTheScanner(LoginFailed):
    code = "scan_not_yours"
    security = True
    status = 403


class NumberWrong(LoginFailed):
    code = "scan_number"
    security = True
    status = 403


class WeChatUnavailable(WxloginError):
    code = "wechat_unavailable"
    status = 503
    retry_after = 5


class WeChatBusy(WeChatUnavailable):
    code = "wechat_busy"
    retry_after = 60


class WeChatMisconfigured(WxloginError):
    code = "wechat_misconfigured"
    status = 502


class NoServiceAccount(WeChatMisconfigured):
    code = "no_service_account"


class WeChatDenied(WxloginError):
    code = "wechat_denied"
    status = 403


class SignInNeeded(WxloginError):
    code = "sign_in_needed"
    status = 401


class KeyNeeded(SignInNeeded):
    code = "key_needed"
    security = True
    challenge = 'Bearer realm="wxlogin", Basic realm="wxlogin"'


class InvalidClient(KeyNeeded):
    code = "invalid_client"
    challenge = 'Basic realm="wxlogin"'


class LoginTooOld(SignInNeeded):
    code = "login_too_old"
    status = 403


class GrantDead(WxloginError):
    code = "grant_dead"
    status = 409


class AccountDisabled(WxloginError):
    code = "account_disabled"
    security = True
    status = 403


class AccountGone(WxloginError):
    code = "account_gone"
    status = 409


class NotFound(WxloginError):
    code = "not_found"
    status = 404


class ScanUnknown(NotFound):
    code = "scan_unknown"


class Conflict(WxloginError):
    code = "conflict"
    status = 409


class ScanOutOfTurn(Conflict):
    code = "scan_order"


class ScanTaken(Conflict):
    code = "scan_taken"


class RecentlyJoined(Conflict):
    code = "recently_joined"


class ExternalIdTaken(Conflict):
    code = "external_id_taken"


class ExternalIdFixed(Conflict):
    code = "external_id_fixed"


class TooManyRequests(WxloginError):
    """`wait` is after how many seconds the next request may be answered."""

    code = "too_many_requests"
    security = True
    status = 429

    def __init__(
        self, operator: str = "", *, wait: int = 60, **facts: Unpack[Facts]
    ) -> None:
        super().__init__(operator, **facts)
        self.retry_after = max(1, wait)


class Unready(WxloginError):
    code = "unready"
    status = 503
    retry_after = 5


class Crowded(Unready):
    code = "crowded"
    retry_after = 30
