"""What people do with an app that WeChat tells its server.

An app without a push address is told nothing. Following twice, or unfollowing what one
does not follow, is no event. Whoever takes a consent back is asked again.
"""

from collections.abc import Iterable

from . import World, push_events, push_letter
from .account_codes import AccountCode
from .consoles import REPLY_TYPES, Button, Reply
from .parties import App
from .push_events import Event
from .pushes import Push

#: What comes of scanning an account's code.
EXPIRED, SILENT, SCANNED, ASKS = "expired", "silent", "scanned", "asks"


def draft(
    world: World,
    app: App,
    person: str,
    event: Event,
    *,
    age: int = 0,
    faults: Iterable[str] = (),
    raw: bytes | None = None,
) -> Push:
    """A push of this event; `raw` is a message of your own in its place.

    `age` makes it so many seconds old. The switches for this app and person are obeyed.
    Raises Invalid.
    """
    asked = {"app": app.name, "person": person}
    faults = (*faults, *(world.switches.get("push_faults", **asked) or ()))
    message = raw
    if message is None:
        told = push_events.elements(app, person, event, world.now() - age)
        if "no_openid" in faults:
            told = push_events.without_openid(told)
        if "sample_names" in faults:
            blanks = app.push_format == push_letter.JSON
            told = push_events.as_in_samples(told, blanks=blanks)
        message = push_letter.written(told, app.push_format)
    return Push(
        app,
        person,
        event.name,
        message,
        sender=push_events.sender(app, person, event),
        mode=_mode(world, app, person),
        same=world.switches.get("push_retry", **asked) == "same",
        faults=faults,
    )


def tell(world: World, app: App, person: str, event: Event) -> None:
    """The same on its way by itself, where the app has an address."""
    if app.push_url and app.token:
        push = draft(world, app, person, event)
        world.pushes.start(lambda: world.pushes.deliver(push))


def follow(
    world: World, app: App, person: str, code: AccountCode | None = None
) -> None:
    """The person follows an account, from a page or behind one of its codes."""
    with world.changed:
        before = world.relations.follows(app, person)
        world.relations.follow(app, person, code)
    if not before:
        tell(world, app, person, _by_code("subscribe", code))
        _answer(world, app, person, world.consoles.greeting(app))


def scan_account(world: World, code: AccountCode, person: str) -> str:
    """The person scans a code of an account: EXPIRED, SILENT, SCANNED, or ASKS.

    ASKS is a person who does not follow, and is offered to: `follow` is the yes, and
    of a no nobody hears. The account's plain code opens its chat in silence.
    """
    app = world.registry.app(code.appid)
    if world.account_codes.is_over(code):
        return EXPIRED
    if not world.relations.follows(app, person):
        return ASKS
    if not code.ticket:
        return SILENT
    tell(world, app, person, _by_code("SCAN", code))
    return SCANNED


def _by_code(event: str, code: AccountCode | None) -> Event:
    if code is None:
        return Event(event)
    return Event(event, key=str(code.scene), ticket=code.ticket)


def unfollow(world: World, app: App, person: str) -> None:
    """The person does so no longer."""
    before = world.relations.follows(app, person)
    world.relations.unfollow(app, person)
    if before:
        tell(world, app, person, Event("unsubscribe"))


def move_followers(world: World, source: App) -> None:
    """An approved move of an account is done, and nobody is told. Raises Clash."""
    with world.changed:
        followers = world.relations.followers(source)
        move = world.migrations.confirm(source, followers)
        target = world.registry.app(move.target)
        for person in followers:
            world.relations.unfollow(source, person)
            world.relations.follow(target, person)


def revoke(world: World, app: App, person: str, info: str = "") -> None:
    """The person takes back what the app was given: one RevokeInfo. Raises Invalid."""
    event = Event(push_events.REVOKE, info=info)
    push_events.elements(app, person, event, 0)
    world.relations.forget_consent(app, person)
    tell(world, app, person, event)


def say(world: World, app: App, person: str, text: str) -> None:
    """The person writes to an account."""
    world.pushes.say(app, person, "person", text)
    tell(world, app, person, Event("text", content=text))
    _answer(world, app, person, world.consoles.reply(app, person, text))


def tap(world: World, app: App, person: str, button: Button) -> None:
    """The person taps a button of the account's menu."""
    if button.type in ("click", "view"):
        tell(world, app, person, Event(button.type.upper(), key=button.value))
    elif button.type in REPLY_TYPES:
        _answer(world, app, person, Reply(button.value, button.type).shown)


def _answer(world: World, app: App, person: str, words: str) -> None:
    """What the console says in the account's name, if anything."""
    if words:
        world.pushes.say(app, person, "account", words)


def _mode(world: World, app: App, person: str) -> str:
    wanted = world.switches.get("push_mode", app=app.name, person=person)
    if not app.aes_key:
        return push_letter.PLAIN
    return wanted or push_letter.SAFE
