"""The page behind the link that an official account's chat gives to who scanned."""

from flask_babel import gettext

from wxlogin.flows import doors, follow
from wxlogin.web import phone_page

bp = phone_page.blueprint(
    doors.FOLLOW, follow, lambda site: gettext("Sign in to %(site)s?", site=site)
)
