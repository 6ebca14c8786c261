"""`crane registry serve`: another implementation of the protocol, in memory."""

from rigs import goproxy
from rigs.process import Rig
from rigs.push import Pusher


class CraneRegistry(Rig):
    """Anonymous, on http; Missing where Go is too old."""

    username = password = ca = client = tokens = None

    def start(self):
        program = goproxy.installed("crane registry", "github.com/google/go-containerregistry/cmd/crane", "v0.22.1")
        self.process = self.child([program, "registry", "serve", "--address", "127.0.0.1:0"])
        self.port = self.process.port()
        self.address = f"http://127.0.0.1:{self.port}"

    def push(self):
        return Pusher(self)
