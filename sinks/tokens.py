"""Tokens for brokers that ask for OAUTHBEARER: out of a file, or from an endpoint."""

import asyncio
import base64
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from aiokafka.abc import AbstractTokenProvider
from kafka.net.sasl import oauth as blocking

from sinks.keyring import KafkaLogin

_ANSWER_S = 10.0
#: A token is asked for anew while this share of its life is left.
_RENEW_SHARE = 0.2


class TokenUnavailable(OSError):
    """No token could be had; the text holds no secret."""


class Tokens(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka has no types.
    """Gives a token for each connection, as aiokafka asks; blocking ``read`` for kafka-python."""

    def __init__(self, login: KafkaLogin) -> None:
        self._login = login
        self._held = ""
        self._renew_s = 0.0

    async def token(self) -> str:
        """A token, gotten in a thread because it may take a request."""
        return await asyncio.to_thread(self.read)

    def read(self) -> str:
        """A token; raises TokenUnavailable."""
        if self._login.token_file is not None:
            try:
                return self._login.token_file.read_text().strip()
            except OSError as error:
                path = self._login.token_file
                raise TokenUnavailable(f"{path} can't be read: {error.strerror}") from error
        if time.monotonic() >= self._renew_s:
            self._held, life_s = self._asked()
            self._renew_s = time.monotonic() + life_s * (1 - _RENEW_SHARE)
        return self._held

    def _asked(self) -> tuple[str, float]:
        """A token of the endpoint, and for how many seconds it is good."""
        login = self._login
        url = login.token_url or ""
        form = {"grant_type": "client_credentials"}
        if login.token_scope:
            form["scope"] = login.token_scope
        pair = base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
        request = urllib.request.Request(
            url,
            data=urllib.parse.urlencode(form).encode(),
            headers={"Authorization": f"Basic {pair}", "Accept": "application/json"},
        )
        context = login.tls.context() if url.startswith("https") else None
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_S, context=context) as answer:
                found = json.load(answer)
                return str(found["access_token"]), float(found.get("expires_in", 0))
        except urllib.error.HTTPError as error:
            error.close()
            raise TokenUnavailable(f"{url} answers {error.code}") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TokenUnavailable(f"{url} gives no token: {type(error).__name__}") from error


class BlockingTokens(blocking.AbstractTokenProvider):  # type: ignore[misc]  # No types either.
    """The same for kafka-python, which asks from ordinary code."""

    def __init__(self, login: KafkaLogin) -> None:
        super().__init__()
        self._tokens = Tokens(login)

    def token(self) -> str:
        """A token; raises TokenUnavailable."""
        return self._tokens.read()

    def extensions(self) -> dict[str, Any]:
        """None: demanded by kafka-python."""
        return {}
