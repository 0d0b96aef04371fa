"""Names below which everybody may have a host: `com.cn`, `github.io`.

A wildcard over one of them is a wildcard over strangers. The whole list is kept at
publicsuffix.org and changes weekly; what is here are its rules that an operator is
likely to meet: single labels, the usual second level of countries, China's provinces,
and services that give out a host to anybody. A name that is not here is taken.
"""

_SECOND_LEVEL = frozenset(
    "ac asn co com edu ed firm gen go gob gouv gov gv id idv ind info ltd me mil mod "
    "my name ne net nhs nic nom or org plc police press pro sch school web".split()
)
_PROVINCES = frozenset(
    "ah bj cq fj gd gs gx gz ha hb he hi hk hl hn jl js jx ln mo nm nx qh sc sd sh sn "
    "sx tj tw xj xz yn zj".split()
)
# China's own IDN second level: 公司.cn, 网络.cn, 網絡.cn.
_CHINESE = frozenset(("xn--55qx5d", "xn--io0a7i", "xn--od0alg"))
_SERVICES = frozenset(
    "alicdn.com aliyuncs.com amazonaws.com amazonaws.com.cn amplifyapp.com "
    "appspot.com awsapprunner.com azure-api.net azureedge.net azurefd.net "
    "azurestaticapps.net azurewebsites.net b-cdn.net bitballoon.com bitbucket.io "
    "blogspot.com carrd.co cloudapp.azure.com cloudapp.net cloudbase.net clouddn.com "
    "cloudfront.net codesandbox.io coding-pages.com coding.me cpolar.cn cpolar.top "
    "deno.dev digitaloceanspaces.com duckdns.org dyndns.org edgeone.app "
    "elasticbeanstalk.com eu.org fcapp.run firebaseapp.com fly.dev fly.io framer.app "
    "gitbook.io gitee.io github.dev github.io gitlab.io gitpod.io glitch.me "
    "herokuapp.com herokudns.com hf.space huggingface.app kozow.com loca.lt "
    "localhost.run lovable.app myftp.org myhuaweicloud.com myqcloud.com "
    "myshopify.com natappfree.cc netlify.app ngrok-free.app ngrok-free.dev ngrok.app "
    "ngrok.dev ngrok.io nip.io no-ip.org notion.site now.sh oicp.net on.aws "
    "ondigitalocean.app onrender.com pages.dev pythonanywhere.com qcloudapps.com "
    "r2.dev railway.app readthedocs.io render.com repl.co replit.app run.app "
    "sealos.run serveo.net sinaapp.com square.site sslip.io streamlit.app surge.sh "
    "tcloudbase.com tcloudbaseapp.com tencentcs.com trafficmanager.net "
    "translate.goog trycloudflare.com ts.net up.railway.app us.kg vercel.app "
    "vercel.dev vicp.cc vicp.net vip.cpolar.cn web.app webflow.io weebly.com "
    "windows.net wixsite.com wordpress.com workers.dev xip.io zeabur.app".split()
)
# These have a name for each region and bucket: `cos.ap-shanghai.myqcloud.com`.
_REGIONAL = (
    ".aliyuncs.com",
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".digitaloceanspaces.com",
    ".myhuaweicloud.com",
    ".myqcloud.com",
    ".windows.net",
)


def is_public_suffix(name: str) -> bool:
    """May strangers have hosts directly below this name (lower case, ASCII)?"""
    labels = name.split(".")
    if name == "localhost":
        return False
    if len(labels) == 1 or name in _SERVICES:
        return True
    if len(labels) != 2:
        return name.endswith(_REGIONAL)
    second, top = labels
    if len(top) == 2 and second in _SECOND_LEVEL:
        return True
    return top == "cn" and (second in _PROVINCES or second in _CHINESE)
