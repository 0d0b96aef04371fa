"""How WeChat comes back to a site: string work, not URL work.

The QR page's script appends `code` and `state` to the very end of the redirect_uri:
behind `?`, or `&` where the string already has a `?`. A redirect_uri with a fragment
therefore gets its code inside the fragment, which no server ever sees
(developers.weixin.qq.com/community/personal/oCJUsw-jihgdVBCnzrGqDp30JMkk/follow).
With fast login the parameters stand before the `#` instead.
"""

from urllib.parse import quote

from .qrcodes import QrCode


def append(redirect_uri: str, query: str, *, before_fragment: bool = False) -> str:
    """`redirect_uri` with `query` behind it, as WeChat's script puts it together."""
    url = redirect_uri.replace("&amp;", "&")
    url, hash_sign, fragment = url.partition("#") if before_fragment else (url, "", "")
    return f"{url}{'&' if '?' in url else '?'}{query}{hash_sign}{fragment}"


def callback_urls(qr: QrCode) -> list[str]:
    """Where the browser goes after a confirmation; two URLs when it comes twice."""
    return [
        append(
            qr.redirect_uri,
            f"code={code}&state={quote(qr.state, safe='')}",
            before_fragment=qr.fast,
        )
        for code in qr.codes
    ]


def refusal_url(qr: QrCode) -> str:
    """Where an older WeChat went after a refusal: the state alone."""
    return append(qr.redirect_uri, f"state={quote(qr.state, safe='')}")
