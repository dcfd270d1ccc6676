"""How many bytes of requests may be held at a time, and who holds them."""

from dataclasses import dataclass

from streams.gateway.answers import Turned

_RETRY_AFTER_S = 2


@dataclass(slots=True)
class Budget:
    """Bytes of bodies that are being read or wait for the broker."""

    bytes_max: int
    held_bytes: int = 0

    def claim(self) -> "Claim":
        """The share of one request, which is nothing yet."""
        return Claim(self)


@dataclass(slots=True)
class Claim:
    """What one request holds; released once, by whoever had it last."""

    budget: Budget
    held_bytes: int = 0

    def grow(self, added_bytes: int) -> None:
        """Hold more; raises Turned when all is held."""
        if self.budget.held_bytes + added_bytes > self.budget.bytes_max:
            raise Turned(
                "full",
                "the gateway holds as much as it may",
                "send it again after Retry-After seconds",
                retry_after_s=_RETRY_AFTER_S,
            )
        self.budget.held_bytes += added_bytes
        self.held_bytes += added_bytes

    def release(self) -> None:
        """Hold nothing any more."""
        self.budget.held_bytes -= self.held_bytes
        self.held_bytes = 0
