"""What start-up refuses about SITES, each with a sentence that says what to do.

An id of two sites, a secret that is weak or known, terms that are asked for but are
nowhere, and in production whatever would travel in the clear (RFC 9700 section 2.6).
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from wxlogin.config.claim_map import nicknamed
from wxlogin.config.demo import has_known_secret
from wxlogin.config.host_names import is_loopback, is_public_suffix
from wxlogin.config.secret_keys import MAKE_KEY, is_monotonous, is_sample
from wxlogin.config.settings import Settings
from wxlogin.config.sites import Registration, Site
from wxlogin.config.urls import Address, web_address


def site_faults(settings: Settings) -> Iterator[str]:
    """A sentence for each rule that the sites break."""
    ids = [site.client_id for site in settings.sites if site.client_id]
    for client_id in sorted({one for one in ids if ids.count(one) > 1}):
        yield f"SITES: two sites have the client_id {client_id}; each needs its own"
    if settings.registration is Registration.ask and not settings.terms_url:
        yield "REGISTRATION is ask: set TERMS_URL to what people shall agree to"
    if settings.visitor_audience in ids:
        yield (
            f"SITES: the client_id {settings.visitor_audience} is also the audience of "
            "the tokens that /auth gives out, and a token for one could pass for one "
            "for the other; set AUTH_AUDIENCE to another name"
        )
    yield from _unsaid(settings)
    for site in settings.sites:
        yield from _terms(settings, site)
        yield from _elsewhere(site)
        if settings.env != "development":
            yield from _secret(site)
            yield from _wildcards(site)
        if settings.env == "production":
            yield from _in_the_clear(site)


def site_warnings(settings: Settings) -> Iterator[str]:
    """A sentence for each thing about the sites that works and is not wise."""
    for site in settings.sites:
        for name in nicknamed(site.claims):
            yield (
                f"SITES: the claim {name} of {site.name} is a nickname: if its "
                "software knows people by it, whoever takes the same nickname at "
                "WeChat is let in as them; write preferred_username or sub"
            )


def _unsaid(settings: Settings) -> Iterator[str]:
    """With several sites nobody can guess what holds for a sign-in that names none."""
    clients = [site for site in settings.sites if site.client_id]
    strict = [site for site in clients if site.registration not in (None, "open")]
    if strict and len(clients) > 1 and "registration" not in settings.model_fields_set:
        yield (
            f"SITES: {strict[0].name} does not take everybody; set REGISTRATION to "
            "what holds for sign-ins that name no site"
        )


def _terms(settings: Settings, site: Site) -> Iterator[str]:
    asks = (site.registration or settings.registration) is Registration.ask
    if asks and not (site.terms_url or settings.terms_url):
        yield (
            f"SITES: {site.name} asks new people to agree to terms; set its terms_url, "
            "or TERMS_URL for all sites"
        )


def _elsewhere(site: Site) -> Iterator[str]:
    """Our pages lead there, so it is the site's own place, or a path on our host."""
    for name in ("home", "start_url"):
        url = getattr(site, name)
        if "://" in url and not _is_own(site, web_address(url.partition("#")[0])):
            yield (
                f"SITES: {name} of {site.name} is {url}, which is at none of its "
                "origins and redirect_uris; name an address of the site's"
            )


def _is_own(site: Site, found: Address) -> bool:
    listed = {
        web_address(uri).origin
        for uri in site.redirect_uris
        if uri.startswith(("http://", "https://"))
    }
    if found.origin in listed | set(site.origins):
        return True
    above = found.host.partition(".")[2]
    return any(
        found.origin.replace(found.host, f"*.{parent}", 1) in site.origins
        for parent in _parents(above)
    )


def _parents(host: str) -> Iterator[str]:
    while host:
        yield host
        host = host.partition(".")[2]


def _secret(site: Site) -> Iterator[str]:
    secret = site.client_secret
    if secret is None:
        return
    if has_known_secret(site):
        yield (
            f"SITES: the client_secret of {site.name} is the demo's, which everybody "
            f"knows; {MAKE_KEY}"
        )
    elif is_monotonous(secret.removeprefix("sha256:")) or is_sample(secret):
        yield f"SITES: the client_secret of {site.name} is too weak; {MAKE_KEY}"


def _wildcards(site: Site) -> Iterator[str]:
    for origin in site.origins:
        name = (urlsplit(origin).hostname or "").removeprefix("*.")
        if "://*." in origin and is_public_suffix(name):
            yield (
                f"SITES: origins of {site.name} has {origin}: strangers have hosts "
                f"below {name}; name the host, or a domain of the site's own"
            )


def _in_the_clear(site: Site) -> Iterator[str]:
    for name in ("webhook_url", "backchannel_logout_uri"):
        url = getattr(site, name) or "https:"
        if not url.startswith("https:") and not site.inside:
            yield (
                f"SITES: {name} of {site.name} is not https: what we tell the site "
                "could be read and altered on the way; use https, or inside = true "
                "for a server of the same inner network"
            )
    for name in (
        "home",
        "start_url",
        "origins",
        "redirect_uris",
        "post_logout_redirect_uris",
        "bind_url",
    ):
        uris = getattr(site, name) or ()
        for uri in (uris,) if isinstance(uris, str) else uris:
            parts = urlsplit(uri)
            local = site.is_public and is_loopback(parts.hostname)
            if parts.scheme.lower() != "http" or local:
                continue
            yield (
                f"SITES: {name} of {site.name} has an address with http: what the "
                "browser brings there could be read on the way; use https"
            )
            break
