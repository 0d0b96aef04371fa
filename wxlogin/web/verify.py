"""VERIFY_FILES: how WeChat sees that a domain is ours.

Tencent's consoles hand out a text file such as MP_verify_XXXX.txt and fetch it from
the root of the domain, or from the path, that was entered there (developers.weixin.
qq.com/doc/service/guide/h5/auth.html). The answer has to be the file and nothing
else: no page around it, no byte-order mark, no line end that was not there.

The files are served under PUBLIC_URL's path, and at the root of the host too where
the proxy sends such requests here.
"""

from flask import Blueprint, Response

from wxlogin.errors import NotFound
from wxlogin.service import running

bp = Blueprint("verify", __name__)


@bp.get("/<name>.txt")
def file(name: str) -> Response:
    """The verification file of this name, byte for byte. Raises NotFound."""
    content = running().settings.verify_files.get(f"{name}.txt")
    if content is None:
        raise NotFound("no verification file has this name")
    return Response(content.encode("utf-8"), mimetype="text/plain")
