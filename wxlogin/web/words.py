"""What a visitor reads when something ends: a title, what happened, what to do.

One entry for each `code` of the error tree that a visitor can meet; the rest
share `internal`. `action` names the button: `again` begins the login anew,
`reload` asks for the same page, `home` leads to the account.
"""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _


@dataclass(frozen=True)
class Words:
    """Texts in the visitor's language when they are turned into `str`."""

    title: Any
    text: Any
    action: str | None = "again"


INTERNAL = Words(
    _("Something went wrong on our side"),
    _(
        "It has been written down. Please try again; if it happens again, tell us "
        "the number below."
    ),
    "reload",
)

WORDS: dict[str, Words] = {
    "internal": INTERNAL,
    "bad_request": Words(
        _("This request cannot be read"),
        _("Something in it is missing or malformed. Please start again."),
    ),
    "login_code_needed": Words(
        _("This is another code"),
        _("A code of `wx.login` belongs here, and a phone number's code does not."),
        None,
    ),
    "phone_code_needed": Words(
        _("This is another code"),
        _("A code of the phone number's button belongs here, and not of `wx.login`."),
        None,
    ),
    "phone_code_invalid": Words(
        _("WeChat did not give the phone number"),
        _("It was asked for too long ago, or twice. Please tap the button again."),
        None,
    ),
    "content_refused": Words(
        _("This cannot be shown to others"),
        _("WeChat advises against it. Please choose something else."),
        None,
    ),
    "open_data_invalid": Words(
        _("What WeChat gave along cannot be used"),
        _("It is too old, or was changed on the way. Sign in again, then repeat it."),
    ),
    "bad_logout_request": Words(
        _("This sign-out link is not right"),
        _(
            "The site that sent you here made a mistake in it. You are not signed out "
            "here; you can do that on the page of your account."
        ),
        "home",
    ),
    "foreign_host": Words(
        _("This is not the address of the sign-in service"),
        _(
            "The name in your browser's address bar leads to this service, but it is "
            "not its own. Open the address below, or go back to the site you came "
            "from."
        ),
        None,
    ),
    "foreign_request": Words(
        _("This request came from another page"),
        _(
            "To protect you we only accept it from our own pages. Open the page "
            "again and repeat what you did there."
        ),
        "home",
    ),
    "bad_site_request": Words(
        _("This sign-in link is not set up properly"),
        _(
            "The site that sent you here has made a mistake in its link, so we do not "
            "send you back to it. Please tell the site the number below."
        ),
        None,
    ),
    "site_request_over": Words(
        _("This sign-in waited too long"),
        _(
            "Nothing was passed on to the site you came from. Please go back there "
            "and start again."
        ),
        None,
    ),
    "registration_closed": Words(
        _("No new accounts here"),
        _(
            "Nobody here knows this WeChat, and no new accounts are made at the "
            "moment. If you have an account, sign in the way you did before."
        ),
    ),
    "registration_needed": Words(
        _("Nobody here knows this WeChat yet"),
        _("An account is made once you have agreed to the terms of use."),
    ),
    "registration_over": Words(
        _("This page is no longer open"),
        _(
            "We keep what WeChat told us for fifteen minutes while you decide. It is "
            "forgotten now, and no account was made. Please start again."
        ),
    ),
    "link_expired": Words(
        _("This link is no longer valid"),
        _(
            "It was good for five minutes and one use. Go back to the site and begin "
            "there again."
        ),
        None,
    ),
    "scan_unknown": Words(
        _("This code is not known here"),
        _("It belongs to another browser, or is long over. Show a new one."),
    ),
    "scan_over": Words(
        _("This code is over"),
        _("It was refused, or is too old. Show a new one and scan that."),
    ),
    "scan_order": Words(
        _("This code was used already"),
        _("Each code signs one browser in, once. Show a new one and scan that."),
    ),
    "scan_taken": Words(
        _("Another phone has scanned this code"),
        _("Whoever scans first confirms. Show a new code and scan that."),
    ),
    "scan_not_yours": Words(
        _("Another phone has scanned this code"),
        _("Only who scanned a code first can confirm or refuse it."),
    ),
    "scan_number": Words(
        _("Type the number that the browser shows"),
        _(
            "Phone and browser are in different networks. If no browser in front of "
            "you shows a number, somebody else wants to be signed in as you: refuse."
        ),
        None,
    ),
    "state_invalid": Words(
        _("This sign-in link is not complete"),
        _("A part of it was lost or changed on the way. Please start again."),
    ),
    "state_expired": Words(
        _("This sign-in took too long"),
        _("A sign-in is good for ten minutes. Please start again."),
    ),
    "other_browser": Words(
        _("This sign-in was begun elsewhere"),
        _(
            "It belongs to another browser, or this browser has not kept our cookie. "
            "Please start again here."
        ),
    ),
    "login_pending": Words(
        _("One moment"),
        _("WeChat's answer is on its way. This page looks again by itself."),
        "reload",
    ),
    "already_finished": Words(
        _("This sign-in is already finished"),
        _("Each sign-in works once. Please start a new one."),
    ),
    "refused": Words(
        _("You did not sign in"),
        _(
            "WeChat told us that you declined. Nothing was passed on. You can try "
            "again at any time."
        ),
    ),
    "code_invalid": Words(
        _("WeChat did not accept this sign-in"),
        _("Its confirmation was used before or is too old. Please start again."),
    ),
    "snapshot": Words(
        _("You are looking at a preview"),
        _(
            "WeChat shows this page as a preview without your account. Tap "
            "使用完整服务 at the bottom of the page and sign in there."
        ),
        None,
    ),
    "answers_disagree": Words(
        _("WeChat's answers do not match"),
        _("For your safety nobody was signed in. Please start again."),
    ),
    "identity_conflict": Words(
        _("This WeChat account cannot be matched"),
        _(
            "What WeChat told us contradicts what we know. Nothing was changed. "
            "Please tell us the number below."
        ),
        None,
    ),
    "wechat_unavailable": Words(
        _("WeChat is not answering"),
        _("Nothing is lost. Please try again in a moment."),
    ),
    "wechat_busy": Words(
        _("WeChat is very busy"),
        _("Nothing is lost. Please try again in a minute."),
    ),
    "wechat_misconfigured": Words(
        _("Signing in with WeChat is not set up properly"),
        _("You cannot mend this, we can. Please tell us the number below."),
        None,
    ),
    "no_service_account": Words(
        _("The official account may not do this"),
        _("WeChat allows it to verified service accounts only. Sign in another way."),
    ),
    "wechat_denied": Words(
        _("WeChat does not allow this sign-in"),
        _("Your WeChat account is restricted. WeChat's Help Center says why."),
        None,
    ),
    "sign_in_needed": Words(
        _("Please sign in"),
        _("This is for signed-in people only, or your sign-in is over."),
    ),
    "key_needed": Words(
        _("A key is needed"),
        _("This call is for the operator's key or a site's own id and secret."),
        None,
    ),
    "invalid_client": Words(
        _("Client id or secret is wrong"),
        _("A site proves itself by the client id and secret of its entry in SITES."),
        None,
    ),
    "login_too_old": Words(
        _("Please sign in once more"),
        _("This step needs a sign-in of the last five minutes. Nothing was changed."),
    ),
    "grant_dead": Words(
        _("WeChat asks for a new sign-in"),
        _(
            "Your permission for name and picture has run out. Sign in again, and "
            "both are up to date."
        ),
    ),
    "account_disabled": Words(
        _("This account is closed"),
        _("It was closed by the operator of this site. Please contact them."),
        None,
    ),
    "account_gone": Words(
        _("This account was just deleted"),
        _("If you sign in again, a new account begins."),
    ),
    "not_found": Words(
        _("There is nothing here"),
        _("The address may be misspelled, or what it named is gone."),
        "home",
    ),
    "method_not_allowed": Words(
        _("This address is not for opening"),
        _("It only takes what our own pages send."),
        "home",
    ),
    "conflict": Words(
        _("That is no longer possible"),
        _("Something changed in the meantime. Nothing was done."),
        "home",
    ),
    "recently_joined": Words(
        _("Not in the first seven days"),
        _(
            "A WeChat came to this account in the last seven days, or two accounts "
            "became one. Until the seven days are over, no WeChat that was there "
            "before can be removed, and who has just come can neither delete the "
            "account nor download its data. If you did not want the new one, remove "
            "it, or take the merge back, on the page of your account."
        ),
        "home",
    ),
    "external_id_taken": Words(
        _("This id belongs to another user"),
        _("A site's own id leads to one user. Nothing was changed."),
        None,
    ),
    "external_id_fixed": Words(
        _("This user has another id"),
        _("A user has one id of the site's own. Take it back first."),
        None,
    ),
    "too_large": Words(
        _("That was too much at once"),
        _("The request is larger than anything we expect."),
        "home",
    ),
    "too_many_requests": Words(
        _("Too many requests at once"),
        _(
            "There have been too many from this browser or this network. Nothing is "
            "lost: wait a minute and try again. It may work at once over another "
            "network, such as mobile data."
        ),
        "reload",
    ),
    "crowded": Words(
        _("Very many people are signing in"),
        _(
            "We cannot take in one more at the moment. Nothing is lost: please try "
            "again in half a minute."
        ),
        "reload",
    ),
    "unready": Words(
        _("We are not ready"),
        _("The service is being looked after. Please try again in a moment."),
        "reload",
    ),
}


#: The same for a site's server, where the general words speak to a visitor.
FOR_SERVERS = {
    "bad_request": Words(
        _("This request cannot be read"),
        _("Something in it is missing or malformed; `reason` says what."),
        None,
    ),
    "not_found": Words(
        _("Nothing was found"),
        _("The site knows nothing of this name, or it is over."),
        None,
    ),
    "conflict": Words(
        _("An earlier answer was another one"),
        _("Nothing is connected by this code any more."),
        None,
    ),
    "too_many_requests": Words(
        _("Too many calls at once"), _("Wait as long as Retry-After says."), None
    ),
    "internal": Words(
        _("Something went wrong here"), _("Nothing was changed. Try again."), None
    ),
}


def words_for(code: str, *, server: bool = False) -> Words:
    """The words of this code, for a visitor or for the developer of a `server`."""
    general = WORDS.get(code, INTERNAL)
    return FOR_SERVERS.get(code, general) if server else general
