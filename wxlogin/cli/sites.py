"""A site, as an operator names it on the command line."""

import click

from wxlogin.config import Settings, Site


def site_named(settings: Settings, text: str) -> Site:
    """The site of this client id, or else of this name. Raises UsageError."""
    by_id = settings.site_of(text)
    if by_id is not None:
        return by_id
    named = [site for site in settings.sites if site.name == text and site.client_id]
    if len(named) != 1:
        known = ", ".join(site.client_id for site in settings.sites if site.client_id)
        what = "several sites have" if named else "no site has"
        raise click.UsageError(
            f"{what} the client_id or name {text!r}; client_ids: {known or 'none'}"
        )
    return named[0]
