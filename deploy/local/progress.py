"""Tell the person at the terminal what happens, so that a slow start never looks hung."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click


class Progress:
    """Lines on standard error, and a sign of life every few seconds while a step lasts."""

    def __init__(self, quiet: bool = False, every_s: float = 3.0) -> None:
        self._quiet = quiet
        self._every_s = every_s

    def say(self, text: str) -> None:
        """Print one line unless quiet."""
        if not self._quiet:
            click.echo(text, err=True)

    @contextmanager
    def step(self, text: str) -> Iterator["Step"]:
        """Announce a step; while it lasts, repeat it with its detail and its age."""
        self.say(text)
        step = Step(text)
        done = threading.Event()
        beat = threading.Thread(target=self._beat, args=(step, done), daemon=True)
        beat.start()
        try:
            yield step
        finally:
            done.set()
            beat.join()

    def _beat(self, step: "Step", done: threading.Event) -> None:
        began_s = time.monotonic()
        while not done.wait(self._every_s):
            age_s = round(time.monotonic() - began_s)
            self.say(f"  … {step.detail or step.text} ({age_s} s)")


class Step:
    """What a running step is at; its owner sets ``detail``."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.detail = ""
