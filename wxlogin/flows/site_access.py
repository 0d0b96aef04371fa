"""A person looks at the sites that know them, and takes access back."""

from dataclasses import dataclass
from datetime import datetime

from wxlogin.accounts.sessions import Visitor
from wxlogin.config import Settings
from wxlogin.errors import NotFound
from wxlogin.observability import get_logger
from wxlogin.sites import memberships
from wxlogin.sites.memberships import Agreement


@dataclass(frozen=True)
class KnownSite:
    """A site that knows the visitor, for the account's page."""

    client_id: str
    name: str
    since: datetime
    #: May it ask about the visitor now?
    has_access: bool
    agreement: Agreement | None


def known_sites(settings: Settings, visitor: Visitor) -> list[KnownSite]:
    """The sites that know the visitor, also one that is no longer in the settings."""
    return [
        KnownSite(
            client_id=one.client_id,
            name=site.name if (site := settings.site_of(one.client_id)) else "",
            since=one.since,
            has_access=one.has_access,
            agreement=one.agreement,
        )
        for one in memberships.of_user(visitor.user_id)
    ]


def take_back(visitor: Visitor, client_id: str) -> None:
    """Ends a site's access to the visitor's account. Raises NotFound."""
    if not memberships.take_back(visitor.user_id, client_id):
        raise NotFound("no site with this client id knows the visitor")
    get_logger().info("access taken back", uid=visitor.uid, client=client_id)
