"""Fetches one web page or file, and owns httpx for that.

Every hop's host is resolved once, refused when any of its addresses is not public, and the
connection goes to the address that was checked, so that a second look-up cannot change it.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from assistant.errors import LoadingError

if TYPE_CHECKING:
    import httpx

REDIRECTS = 5
TIMEOUT_SECONDS = 20.0
TOTAL_SECONDS = 60.0
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_REFUSED_TYPES = ("image/", "video/", "audio/", "font/")


def is_url(target: str) -> bool:
    """Say whether a target is an http(s) address instead of a path."""
    return target.lower().startswith(("http://", "https://"))


def fetch(url: str, limit_bytes: int, *, allow_private: bool = False) -> bytes:
    """Read an address, following at most five redirects by hand; failures are LoadingErrors."""
    import httpx

    deadline = time.monotonic() + TOTAL_SECONDS
    try:
        with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            for _ in range(REDIRECTS + 1):
                answer = _one_hop(client, url, limit_bytes, deadline, allow_private=allow_private)
                if isinstance(answer, bytes):
                    return answer
                url = urljoin(url, answer)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        reason = str(error).strip() or type(error).__name__
        raise LoadingError(f"cannot be fetched: {reason.splitlines()[0][:200]}") from error
    raise LoadingError(f"redirects more than {REDIRECTS} times")


def _one_hop(
    client: httpx.Client, url: str, limit_bytes: int, deadline: float, *, allow_private: bool
) -> bytes | str:
    """Give the body, or the address that the server redirects to."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    address = checked_address(url, allow_private=allow_private)
    pinned = f"[{address}]" if ":" in address else address
    port = f":{parts.port}" if parts.port else ""
    request = client.build_request(
        "GET",
        parts._replace(netloc=f"{pinned}{port}", fragment="").geturl(),
        headers={"Host": f"[{host}]{port}" if ":" in host else f"{host}{port}"},
        extensions={"sni_hostname": host},
    )
    response = client.send(request, stream=True)
    try:
        if response.is_redirect:
            return response.headers["location"]
        _check_response(response)
        return _body(response, limit_bytes, deadline)
    finally:
        response.close()


def _check_response(response: httpx.Response) -> None:
    if response.status_code != 200:
        raise LoadingError(f"the server answered {response.status_code} {response.reason_phrase}")
    kind = response.headers.get("content-type", "").lower()
    if kind.startswith(_REFUSED_TYPES):
        raise LoadingError(f"is {kind.split(';')[0]}, not a document")


def _body(response: httpx.Response, limit_bytes: int, deadline: float) -> bytes:
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > limit_bytes:
            raise LoadingError(f"is larger than {limit_bytes / 1e6:.0f} MB")
        if time.monotonic() > deadline:
            raise LoadingError(f"took longer than {TOTAL_SECONDS:.0f} seconds to fetch")
    return bytes(body)


def checked_address(url: str, *, allow_private: bool = False) -> str:
    """Resolve the host of a URL and refuse it when any of its addresses is not public."""
    parts = urlsplit(url)
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise LoadingError(f"leads to {url[:100]!r}, which is not an http(s) address")
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise LoadingError(f"the host {parts.hostname!r} cannot be found") from error
    addresses = [str(entry[4][0]).split("%")[0] for entry in found]
    refused = [address for address in addresses if not is_public(address)]
    if refused and not allow_private:
        raise LoadingError(f"{parts.hostname!r} is the private address {refused[0]}; it is refused")
    return addresses[0]


def is_public(address: str) -> bool:
    """Say whether an address belongs to the open network, also when wrapped in an IPv6 one."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found.teredo:
            return False
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast and not found.is_reserved
