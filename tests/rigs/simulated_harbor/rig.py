"""Starts the simulated Harbor for a test, and seeds any Harbor through its API."""

import asyncio
import ssl
import threading

from .application import Application
from .client import HarborClient, given_harbor
from .gate import Gate
from .http_server import HttpServer

ADMIN_PASSWORD = "Harbor12345"


class SimulatedHarbor:
    """A simulated Harbor on a free loopback port for the length of a `with` block.

    It runs in a thread of this process. `certificate` = (certificate file, key file) makes it
    https, `authority` is who signed it. `client` speaks to it as its administrator; `requests`
    counts what was asked; costs: see Application.
    """

    def __init__(self, port=0, certificate=None, authority=None, admin_password=ADMIN_PASSWORD, **costs):
        self.application = Application(admin_password, **costs)
        self.gate_ = Gate()
        self.admin_password = admin_password
        self.certificate_, self.authority_ = certificate, authority
        self.client = None
        self.port_ = port
        self.ready_ = threading.Event()
        self.thread_ = threading.Thread(target=self.run, daemon=True, name="simulated Harbor")

    def __enter__(self):
        self.thread_.start()
        self.ready_.wait()
        if self.error_:
            raise self.error_
        self.client = HarborClient(self.url, "admin", self.admin_password, self.authority_)
        return self

    def __exit__(self, *_):
        self.client.close()
        self.loop_.call_soon_threadsafe(self.stopping_.set)
        self.thread_.join()

    def run(self):
        asyncio.run(self.serve())

    async def serve(self):
        self.loop_, self.stopping_ = asyncio.get_running_loop(), asyncio.Event()
        self.error_, context = None, None
        try:
            if self.certificate_:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*self.certificate_)
            server = HttpServer(self.application.answer, self.gate_, ssl_context=context)
            self.port = await server.start("127.0.0.1", self.port_)
        except OSError as error:
            self.error_ = error
            return
        finally:
            self.ready_.set()
        await self.stopping_.wait()
        await server.stop()

    @property
    def url(self):
        return f"{'https' if self.certificate_ else 'http'}://127.0.0.1:{self.port}"


    def in_loop(self, function, *arguments, **named):
        """Runs function in the server's loop, where the state may be touched."""
        done, outcome = threading.Event(), []

        def call():
            try:
                outcome.append((function(*arguments, **named), None))
            except Exception as error:  # handed to the caller's thread below
                outcome.append((None, error))
            done.set()

        self.loop_.call_soon_threadsafe(call)
        done.wait()
        value, error = outcome[0]
        if error:
            raise error
        return value

    # handles that only a simulation has

    def hold(self, method, pattern, moment):
        """The next such request stops `before` or `after` its work: a Held, whose `reached` says when."""
        return self.in_loop(self.gate_.hold, method, pattern, moment, self.loop_)

    def requests(self):
        """How often each "METHOD path" was asked since the last reset."""
        return self.in_loop(lambda: dict(self.application.requests))

    def reset_requests(self):
        self.in_loop(self.application.requests.clear)

    def take_down(self, *components):
        """Faults from now on (`database`, `redis`, `registry`, ...); none puts all right."""
        self.in_loop(self.application.set_faults, components)

    def seed_many(self, **counts):
        """projects, repositories, tags: made at once, not through requests."""
        self.in_loop(self.application.state.seed_many, **counts)


class HarborUnderTest:
    """The Harbor that a test speaks to: the real one that the environment names, else a simulated.

    `client` is its administrator; what it made is removed at the end. `simulated` is None on a
    real Harbor.
    """

    def __enter__(self):
        given = given_harbor()
        self.simulated = None if given else SimulatedHarbor().__enter__()
        self.client = given or self.simulated.client
        self.url = self.client.url
        return self

    def __exit__(self, *_):
        try:
            self.client.remove_made()
        finally:
            self.client.close()
            if self.simulated:
                self.simulated.__exit__()
