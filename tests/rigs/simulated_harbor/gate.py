"""Requests that a simulated Harbor keeps on their way: what a test needs to let something happen in between."""

import asyncio
import re
import threading


class Lost(ConnectionError):
    """The held request never reached Harbor: its connection ends without an answer."""


class Held:
    """The first request of that method and path from now on, kept before or after it does its work."""

    def __init__(self, method, pattern, moment, loop):
        self.method, self.pattern, self.moment = method, re.compile(pattern), moment
        self.loop_ = loop
        self.reached = threading.Event()
        self.open_ = asyncio.Event()
        self.lost_ = False

    def matches(self, request):
        return (not self.reached.is_set() and request.method == self.method
                and self.pattern.fullmatch(request.path) is not None)

    def wait(self, seconds=30):
        if not self.reached.wait(seconds):
            raise TimeoutError(f"waited {seconds} s for {self.method} {self.pattern.pattern}")

    def go_on(self):
        """Everything takes its course, whoever still listens."""
        self.loop_.call_soon_threadsafe(self.open_.set)

    def lose(self):
        """It was never there: the work is not done, or the answer does not arrive."""
        self.lost_ = True
        self.go_on()

    async def stop(self):
        await self.open_.wait()
        if self.lost_:
            raise Lost()


class Gate:
    """What every request passes twice: `before` its work is done, and `after` it, before the answer is sent."""

    def __init__(self):
        self.held_ = []

    def hold(self, method, pattern, moment, loop):
        if moment not in ("before", "after"):
            raise ValueError(moment)
        held = Held(method, pattern, moment, loop)
        self.held_.append(held)
        return held

    async def pass_through(self, request, moment):
        for held in list(self.held_):
            if held.moment == moment and held.matches(request):
                self.held_.remove(held)
                held.reached.set()
                await held.stop()
