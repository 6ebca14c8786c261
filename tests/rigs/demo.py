"""`python -m rigs.demo [--keep]`, called by config/demo: two registries with content, one `portolan run` on them, and
`portolan serve` with both ways in. --keep: a process of its own goes on holding all of it until it is told to stop."""

import contextlib
import os
import pathlib
import re
import secrets
import signal
import subprocess
import sys

from rigs import DockerRegistry
from rigs.binary import Portolan
from rigs.process import Rig, wait_for
from rigs.simulated_harbor import SimulatedHarbor

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
PLACE = TREE / ".build" / "demo"
PIDS = PLACE / "pids"  # Of the process that --keep left.


def fill_registry(registry):
    pusher = registry.push()
    base = b"the layer that all images share"
    for name, tags in {"shop/web": ["1.0", "1.1", "latest"], "shop/api": ["2.3"], "tools/backup": ["nightly"]}.items():
        pusher.image(name, tags, layers=[base, name.encode()])
    children = [pusher.image("base/debian", layers=[base, processor]) for processor in (b"amd64", b"arm64")]
    pusher.index("base/debian", ["12"], children)


def fill_harbor(harbor):
    client = harbor.client
    for project in ("ledger", "tools"):
        client.make_project(project)
    for repository, tags in {"ledger/book": ["1.0", "1.1"], "tools/lint": ["3"], "library/debian": ["12"]}.items():
        for tag in tags:
            client.push_image(repository, tag, [b"a shared layer", tag.encode()])
    client.close()


def run_fleet(portolan, registry, harbor):
    """The road without a daemon: its exit code."""
    fleet = PLACE / "demo.yaml"
    text = (TREE / "config" / "demo.yaml").read_text()
    for written, real in (("http://127.0.0.1:5000", registry.address), ("http://127.0.0.1:8080", harbor.url)):
        assert written in text, f"config/demo.yaml names no {written}"
        text = text.replace(written, real)
    fleet.write_text(text)
    print(f"== portolan run -f {fleet.relative_to(TREE)}", flush=True)
    environment = portolan.environment({"PORTOLAN_DEMO_HARBOR_PASSWORD": harbor.admin_password})
    return subprocess.run(portolan.command("run", "-f", fleet), env=environment).returncode


class Daemon(Rig):
    """`portolan serve` on a free port, its state in `folder`; url, setup_token."""

    COMMAND = ("serve", "--listen", "127.0.0.1:0", "--store", "state", "--set", "log.level=info",
               "--set", "network.allow=127.0.0.0/8", "--set", "network.allow-workspaces=127.0.0.1/32")

    def __init__(self, portolan):
        super().__init__()
        self._portolan = portolan

    def start(self):
        self.process = self.child(self._portolan.command(*self.COMMAND))
        self.url = self._said(r"serving url=(http://\S+)")
        self.setup_token = self._said(r"PORTOLAN_SETUP_TOKEN=(\S+)")

    def _said(self, pattern):
        def found():
            if not self.process.running():
                raise RuntimeError(f"portolan serve ended:\n{self.process.output()}")
            return re.search(pattern, self.process.output())
        return wait_for(found, f"{pattern} from portolan serve")[1]


class Walk:
    """Commands that are printed as they are run, in the daemon's folder."""

    def __init__(self, portolan, daemon, more):
        self._folder = daemon.folder
        self._environment = portolan.environment({"PORTOLAN_SERVER": daemon.url, **more})
        self._environment["PATH"] = f"{portolan.binary.parent}:{self._environment['PATH']}"

    def password(self, user):
        file = self._folder / f"{user}.password"
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(18))

    def sign(self, user):
        """Whose token the next commands have; None: nobody's."""
        print(f"\n== as {user}: PORTOLAN_TOKEN_FILE={user}.token" if user else "\n== as nobody: no PORTOLAN_TOKEN_FILE")
        self._environment.pop("PORTOLAN_TOKEN_FILE", None)
        if user:
            self._environment["PORTOLAN_TOKEN_FILE"] = str(self._folder / f"{user}.token")

    def __call__(self, why, command):
        print(f"\n-- {why}\n$ {command}" if why else f"$ {command}", flush=True)
        code = subprocess.run(["bash", "-euo", "pipefail", "-c", f"umask 077; {command}"], cwd=self._folder,
                              env=self._environment, stdin=subprocess.DEVNULL).returncode
        if code:
            raise SystemExit(f"config/demo: that step ended with {code}")


def both_ways(walk, registry, harbor):
    """The two ways of integrating: a workspace's own registry, and the platform's for workspaces."""
    walk.password("admin")
    walk.password("alice")
    walk("the first admin, with the token that serve printed once",
         "portolan setup admin --setup-token-from env:PORTOLAN_SETUP_TOKEN --password-from file:admin.password "
         "> admin.token")
    walk.sign("admin")
    walk("a workspace", "portolan workspace create payments --description 'who pays'")
    walk("its admin", "portolan user create alice --password-from file:alice.password")
    walk("", "portolan workspace member payments alice workspace-admin")
    walk.sign(None)
    walk("she signs in", "portolan login alice --password-from file:alice.password > alice.token")

    walk.sign("alice")
    walk("", "portolan whoami")
    walk("the first way: a workspace admin integrates a registry for her workspace, without a password",
         f"portolan registry add team-images --workspace payments -t docker-registry -a {registry.address} "
         "| sed -n 1,8p")
    walk("its spaces, repositories and tags", "portolan registry refresh payments/team-images --watch")
    walk("", "portolan space list payments/team-images")

    walk.sign("admin")
    walk("the second way: the platform admin integrates Harbor",
         f"portolan registry add harbor -t harbor -a {harbor.url} --allow-plain-http "
         "--username admin --password-from env:HARBOR_PASSWORD | sed -n 1,8p")
    walk("", "portolan registry refresh harbor --watch")
    walk("a private space, for one workspace", "portolan binding add harbor ledger payments")
    walk("another one, for everybody", "portolan space visibility harbor tools public")
    walk("", "portolan space list harbor")
    walk("its numbers, now", "portolan registry collect harbor | sed -n 1,4p")
    walk("", "portolan registry stats harbor")
    walk("the overview also says what to do next",
         "portolan registry overview harbor -o yaml | sed -n '/^quick_start:/,$p'")
    walk("every registry, and how it is", "portolan registry list")

    walk.sign("alice")
    walk("what the workspace may use, and why", "portolan image list --workspace payments")
    walk("what its nodes need to pull that: a robot of this workspace alone, which can pull and nothing else",
         "portolan image pull-secret payments")


def demo(keep):
    portolan = Portolan(os.environ.get("PORTOLAN_BUILD") or TREE / ".build" / "release")
    PLACE.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as running:
        registry, harbor = running.enter_context(DockerRegistry()), running.enter_context(SimulatedHarbor())
        fill_registry(registry)
        fill_harbor(harbor)
        print(f"== docker-registry at {registry.address}, simulated Harbor at {harbor.url}")
        if code := run_fleet(portolan, registry, harbor):
            return code
        print(f"\n== portolan {' '.join(Daemon.COMMAND)}", flush=True)
        daemon = running.enter_context(Daemon(portolan))
        print(f"== it serves at {daemon.url}: PORTOLAN_SERVER={daemon.url}")
        walk = Walk(portolan, daemon, {"PORTOLAN_SETUP_TOKEN": daemon.setup_token,
                                       "HARBOR_PASSWORD": harbor.admin_password})
        both_ways(walk, registry, harbor)
        if keep:
            stay(portolan, daemon, registry, harbor)
    print("\n== everything is stopped again", flush=True)
    return 0


def stay(portolan, daemon, registry, harbor):
    """Says how to go on, lets the caller of config/demo go, and waits until it is told to stop."""
    PIDS.write_text(f"{os.getpid()}\n")
    print(f"""
== it goes on running
reach it:  export PORTOLAN_SERVER={daemon.url} PORTOLAN_TOKEN_FILE={daemon.folder}/admin.token
           {portolan.binary} registry list
           (alice: {daemon.folder}/alice.token; passwords: admin.password, alice.password beside it)
API:       {daemon.url}/api/v1, {daemon.url}/metrics, {daemon.url}/readyz?verbose
log:       {daemon.folder}/portolan.log (portolan serve, process {daemon.process.pid})
around it: docker-registry at {registry.address}, simulated Harbor at {harbor.url}
stop it:   kill $(cat {PIDS})    # one process holds the others; they end with it""", flush=True)
    signals = {signal.SIGINT, signal.SIGTERM}
    let_go()
    signal.sigwait(signals)
    PIDS.unlink(missing_ok=True)


def let_go():
    """keep(), our parent, may leave: the walk has succeeded, and nothing more is printed."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.kill(os.getppid(), signal.SIGUSR1)


def keep():
    """Forks before there is any thread: the child holds everything, this process waits until it works."""
    if PIDS.exists() and pathlib.Path(f"/proc/{PIDS.read_text().strip()}").exists():
        print(f"config/demo: one is kept already; stop it: kill $(cat {PIDS})", file=sys.stderr)
        return 1
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGCHLD})
    child = os.fork()
    if child == 0:
        os.setsid()
        # Blocked before the threads start: whichever of these comes is for sigwait alone.
        signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGINT, signal.SIGTERM})
        sys.exit(demo(keep=True))
    signal.signal(signal.SIGINT, lambda *_: os.kill(child, signal.SIGTERM))
    if signal.sigwait({signal.SIGUSR1, signal.SIGCHLD}) == signal.SIGUSR1:
        return 0
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    sys.exit(keep() if "--keep" in sys.argv[1:] else demo(keep=False))
