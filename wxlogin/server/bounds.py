"""How much time and space one client gets, and what it is told when it has no more."""

#: Seconds for a request, head and body together, counted from its first byte.
REQUEST_SECONDS = 20.0
#: A head that is larger is refused with 431. gunicorn's own limits, 100 fields of
#: 8 kB each, would let every connection hold 800 kB.
HEAD_BYTES = 64 * 1024
#: A body up to this is waited for before the application sees the request. The
#: service itself takes no larger one; another application reads the rest itself,
#: by the deadline.
BODY_BYTES = 64 * 1024
#: Bytes of an answer that wait for a slow reader without a thread.
REPLY_BYTES = 256 * 1024


def _refusal(status: str, text: str) -> bytes:
    body = text.encode()
    head = (
        f"HTTP/1.1 {status}\r\nConnection: close\r\nRetry-After: 2\r\n"
        "Cache-Control: no-store\r\nContent-Type: text/plain; charset=utf-8"
        f"\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


#: To who has begun a request and did not end it.
LATE = _refusal(
    "408 Request Timeout",
    "请求没有在限定时间内传完，请检查网络后重试。\n"
    "The request did not arrive in time. Check your connection and try again.\n",
)
#: To who has waited longest where there is no more room.
FULL = _refusal(
    "503 Service Unavailable",
    "服务器繁忙，请稍后重试。\nThe server is busy. Please try again in a moment.\n",
)
