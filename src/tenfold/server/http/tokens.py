"""The tokens of the service, and the time that guessing them takes."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from collections import Counter
from collections.abc import Iterable

from tenfold.server.http.errors import ServiceError
from tenfold.server.settings import PUPIL, TEACHER, Settings

WRONG_SECONDS = 1.0
"""Time until a request with a wrong token is answered."""

WRONG_TOKENS = 20
"""Wrong tokens of one address within `WINDOW_SECONDS`; then it has to wait, whatever it sends."""

WINDOW_SECONDS = 10.0


class Tokens:
    """Tells the role of a token.

    Wrong tokens are answered late. An address that sends many is refused without a check, so that
    guessing is no faster over many connections, or over those that do not wait for the answer.

    Args:
        settings: with the tokens.
    """

    def __init__(self, settings: Settings) -> None:
        pairs = ((settings.token, TEACHER), (settings.pupil_token, PUPIL))
        self._roles = [(token.encode(), role) for token, role in pairs if token is not None]
        self._wrong = Counter[str]()

    @property
    def required(self) -> bool:
        """Whether requests need a token."""
        return bool(self._roles)

    async def role(self, given: Iterable[bytes], client: str) -> tuple[str, bytes]:
        """Return the role of the first valid token, and that token.

        Args:
            given: what may be a token; empty values are none.
            client: address of the client.

        Raises:
            ServiceError: none is valid, or the address has sent too many wrong ones.
        """
        tokens, network = [token for token in given if token], _network(client)
        if tokens and self._wrong[network] >= WRONG_TOKENS:
            raise ServiceError(
                "tokens_too_many",
                f"over {WRONG_TOKENS} wrong tokens within {WINDOW_SECONDS:g} s; wait and try again",
                headers={"retry-after": f"{WINDOW_SECONDS:.0f}"},
            )
        for token in tokens:
            # All comparisons are made: the time must not depend on the result.
            roles = [role for own, role in self._roles if hmac.compare_digest(token, own)]
            if roles:
                return roles[0], token
        if tokens:
            self._wrong[network] += 1
            asyncio.get_running_loop().call_later(WINDOW_SECONDS, self._forget, network)
            await asyncio.sleep(WRONG_SECONDS)
        raise ServiceError(
            "unauthorized",
            "a token is required: send Authorization: Bearer TOKEN, or open the address that "
            "was printed at the start",
            headers={"www-authenticate": "Bearer"},
        )

    def _forget(self, network: str) -> None:
        self._wrong[network] -= 1
        if not self._wrong[network]:
            del self._wrong[network]


def _network(client: str) -> str:
    """Return an IPv4 address, or the network of an IPv6 address: a client has all of its 2^64."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv4Address):
        return client
    return str(ipaddress.ip_network((address, 64), strict=False))
