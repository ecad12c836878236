"""Addresses in settings: of this site, of Redis, and of those who may read the metrics."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured


def site_url(hosts: list[str], *, https: bool, port: int) -> str:
    """Return the address of the first allowed host that is one name. `make run` serves it on a port."""
    host = next((host for host in hosts if not host.startswith((".", "*"))), "localhost")
    return f"https://{host}" if https else f"http://{host}:{port}"


def with_password(url: str, password: str) -> str:
    """Return the address with a password, if there is one, in place of that in the address."""
    if not password:
        return url
    scheme, _, rest = url.partition("://")
    user, _, place = rest.rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}:{quote(password, safe='')}@{place}"


def broker_url(redis_url: str) -> str:
    """Return the address for Celery, which writes that of a Unix socket in another way than Redis's own client."""
    if not redis_url.startswith("unix://"):
        return redis_url
    return redis_url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)


def networks(texts: list[str]) -> list[IPv4Network | IPv6Network]:
    """Return the networks that METRICS_ADDRESSES names; an address is a network of its own."""
    try:
        return [ip_network(text) for text in texts]
    except ValueError as error:
        raise ImproperlyConfigured(f"METRICS_ADDRESSES must be addresses or networks: {error}") from error
