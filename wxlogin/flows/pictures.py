"""A picture to look at once, of a person who has no account (yet)."""

from wxlogin.errors import WxloginError
from wxlogin.flows import avatars
from wxlogin.flows.upstream import current_wechat
from wxlogin.observability import get_logger


def look_at(url: str) -> bytes | None:
    """The picture behind WeChat's address as a JPEG of our own making, or None.

    Nothing is kept, and no fault is raised: a page is whole without a picture.
    """
    try:
        return avatars.fetch_picture(url, deadline=current_wechat().deadline())
    except WxloginError as error:
        get_logger().warning("picture not fetched", why=error.operator, **error.facts)
        return None
