"""Our login at the brokers, as Faust wants to have it for its consumer and its producer."""

from faust import auth
from faust.types.auth import CredentialsT

from sinks import keyring
from sinks.tokens import Tokens


def faust_credentials(servers: str) -> CredentialsT | None:
    """What Faust hands to aiokafka; None where the brokers want neither TLS nor a login."""
    login = keyring.kafka(servers)
    context = login.tls.context() if login.is_encrypted else None
    if not login.logs_in:
        return auth.SSLCredentials(context) if context else None
    if login.mechanism == "OAUTHBEARER":
        return auth.OAuthCredentials(oauth_cb=Tokens(login), ssl_context=context)
    return auth.SASLCredentials(
        username=login.user,
        password=login.password,
        mechanism=login.mechanism,
        ssl_context=context,
    )
