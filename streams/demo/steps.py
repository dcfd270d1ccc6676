"""The demo's steps, each with its time, for a person who waits."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click


class Steps:
    """Says what happens now and how long each step took."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()

    def say(self, text: str) -> None:
        """One line, with the time since the beginning."""
        click.echo(f"[{time.monotonic() - self._began_s:6.1f} s] {text}")

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """A step that takes a while."""
        self.say(text)
        began_s = time.monotonic()
        yield
        self.say(f"  done in {time.monotonic() - began_s:.1f} s")
