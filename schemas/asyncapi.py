"""The contract as an AsyncAPI 3.0 document: which events travel on which topic, by which key."""

from typing import Any, Final

from schemas.envelope import Envelope
from schemas.events import EVENT_MODELS, event_type_of
from schemas.topics import INPUT_PARTITIONS_DEFAULT, INPUT_ROLES, Role, Topics

Document = dict[str, Any]

CONTRACT_VERSION: Final = "1.0.0"
KAFKA_BINDING: Final = "0.5.0"
_SUMMARIES: Final[dict[Role, str]] = {
    Role.ANNOTATIONS: "The life of items, and what sources say of themselves.",
    Role.REVIEWS: "Reviews, quality samples and appeals.",
    Role.WORKFORCE: "Presence, shifts, breaks, exposure and training of people.",
}


def document() -> Document:
    """The AsyncAPI document; payloads are the JSON Schema files that lie beside it."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Watchfloor events",
            "version": CONTRACT_VERSION,
            "description": "What platforms for human annotation send about the work on their "
            "floor. Ids only: no content, no names, no e-mail addresses.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {role.value: _channel(role) for role in INPUT_ROLES},
        "operations": {
            f"receive-{role.value}": {
                "action": "receive",
                "summary": _SUMMARIES[role],
                "channel": {"$ref": f"#/channels/{role.value}"},
            }
            for role in INPUT_ROLES
        },
        "components": {
            "messages": {event_type_of(model): _message(model) for model in EVENT_MODELS}
        },
    }


def _channel(role: Role) -> Document:
    topics = Topics()
    types = [event_type_of(model) for model in EVENT_MODELS if model.role is role]
    return {
        "address": topics.name(role),
        "summary": _SUMMARIES[role],
        "description": "All input topics have the same number of partitions. In a space other "
        "than live the topic's name begins with the space's and a dot.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in types},
        "bindings": {
            "kafka": {
                "topic": topics.name(role),
                "partitions": INPUT_PARTITIONS_DEFAULT,
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _message(model: type[Envelope]) -> Document:
    name = event_type_of(model)
    return {
        "name": name,
        "summary": " ".join((model.__doc__ or "").split("\n\n")[0].split()),
        "contentType": "application/json",
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-07",
            "schema": {"$ref": f"./{name}.schema.json"},
        },
        "bindings": {
            "kafka": {
                "key": {
                    "type": "string",
                    "description": f"the event's {model.key_field}, as UTF-8 text",
                },
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }
