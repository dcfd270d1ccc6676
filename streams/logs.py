"""Logging: one event, one JSON line on standard error; names are constant and in the past tense.

``log = logs.get(); log.warning("sink_refused", sink="clickhouse", rows=812)``. Nothing of an
event's content is ever a field. What libraries log through ``logging`` comes out in the same
shape, from WARNING on.
"""

import logging
import sys

import structlog
from structlog.stdlib import BoundLogger
from structlog.typing import Processor

_OURS = ("streams", "sinks", "deploy")
_STEPS: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.ExceptionRenderer(),
)


def set_up(level: str, **always: str) -> None:
    """Log JSON from ``level`` on; ``always`` (role, space, instance) is in every line."""
    structlog.contextvars.bind_contextvars(**always)
    structlog.configure(
        processors=[*_STEPS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_STEPS,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(sort_keys=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # Only tools use kafka-python, and it warns of every leader that is a moment late.
    logging.getLogger("kafka").setLevel(logging.ERROR)
    for name in _OURS:
        logging.getLogger(name).setLevel(level.upper())


def get(name: str = "streams") -> BoundLogger:
    """The logger of a module; ``name`` is its ``__name__``."""
    return structlog.stdlib.get_logger(name)
