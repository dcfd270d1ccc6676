"""Rights at the company's broker, given by its super user."""

from collections.abc import Iterable
from contextlib import closing

from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
)

from streams.access_rights import Right
from tests.integration.clusters.company_broker import Broker

_PATTERNS = {
    "LITERAL": ACLResourcePatternType.LITERAL,
    "PREFIXED": ACLResourcePatternType.PREFIXED,
}


def give(broker: Broker, principal: str, rights: Iterable[Right]) -> None:
    """Let the principal do these things."""
    acls = [
        ACL(
            principal=principal,
            host="*",
            operation=ACLOperation[operation],
            permission_type=ACLPermissionType.ALLOW,
            resource_pattern=ResourcePattern(
                ResourceType[right.kind], right.name, _PATTERNS[right.pattern]
            ),
        )
        for right in rights
        for operation in right.operations
    ]
    with closing(KafkaAdminClient(bootstrap_servers=broker.open)) as admin:
        admin.create_acls(acls)
