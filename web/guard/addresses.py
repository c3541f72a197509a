"""Names and addresses: of Host headers, of peers, and of whoever stands behind a trusted proxy. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias
from urllib.parse import urlsplit

Network: TypeAlias = IPv4Network | IPv6Network

HOPS_MAX = 32
# A household or a rented machine gets a whole network of this size: counting single addresses would limit
# nobody.
IPV6_PREFIX = 64


def host_name(host: str) -> str:
    """The name or address in a Host header, without port and brackets, in lower case."""
    name, port = place(host, 0)
    return name if port >= 0 else ""


def place(authority: str, default_port: int) -> tuple[str, int]:
    """Host and port of `host[:port]`; port -1 when it is malformed."""
    try:
        parts = urlsplit(f"//{authority}")
        port = parts.port
    except ValueError:
        return authority, -1
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        return authority, -1
    return (parts.hostname or "").rstrip("."), default_port if port is None else port


def is_address(name: str) -> bool:
    """Whether `name` is a bare IP address."""
    return address_in(name) is not None


def is_loopback(name: str) -> bool:
    """Whether `name` (a host name, or an IP address of either family) means this machine."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = address_in(name)
    return address is not None and address.is_loopback


def address_in(text: str) -> IPv4Address | IPv6Address | None:
    """The address that `text` is, an IPv4 one as such even where it is written in IPv6; `None` if it is
    none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return inner or address


def networks_of(texts: Iterable[str]) -> tuple[Network, ...]:
    """The networks that the settings name; a bare address is one of its own."""
    return tuple(ip_network(text, strict=False) for text in texts)


def is_within(address: str, networks: Sequence[Network]) -> bool:
    """Whether one of `networks` holds `address`."""
    found = address_in(address)
    return found is not None and any(found in network for network in networks)


def client_address(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The address that a request came from: the peer's, unless that is a trusted proxy.

    `forwarded` is the whole X-Forwarded-For. It is read from the right, where our own proxies wrote, up to
    the first address that none of them has; whatever stands to the left of that, its sender may have made up.
    """
    client = peer
    if not is_within(peer, trusted):
        return client
    for hop in reversed(forwarded.split(",")[-HOPS_MAX:]):
        address = address_in(bare(hop))
        if address is None:
            return client
        client = str(address)
        if not is_within(client, trusted):
            return client
    return client


def bare(hop: str) -> str:
    """The address in an entry of X-Forwarded-For, which some proxies write with a port."""
    name, port = place(hop.strip(), 0)
    return name if port >= 0 else hop.strip()


def share_of(address: str) -> str:
    """Whom a limit per address counts `address` as: of IPv6 its network, for whoever has one address has them
    all."""
    found = address_in(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, IPV6_PREFIX), strict=False))
    return address if found is None else str(found)
