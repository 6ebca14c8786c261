"""Every operation of the served description, asked by everybody about everything: the matrix of daemon_matrix.py."""

import collections
import contextlib
import http.client
import json
import re
from urllib.parse import urlsplit

import pytest
from daemon_matrix import EDITOR, ROLES, WHO, Place, expected, may_somewhere, sees
from rigs.daemon import Caller, Daemon

DEAD = "http://127.0.0.1:9"
METHODS = ("get", "post", "put", "patch", "delete")
#: Of no object: the session and the set-up have tests of their own (test_daemon.py, test_daemon_hostile.py).
UNGUARDED = {"getLive", "getReady", "setUp", "signIn", "getOpenApi"}

NOTHING = Place("nothing")
WORKSPACES = [Place("workspace a", "a"), Place("workspace b", "b"), Place("workspace none", seen_by="none")]
REGISTRIES = [Place("hub"), Place("team", seen_by="a"), Place("closed", seen_by="staff"), Place("none", seen_by="none")]
SPACES = [Place("hub/open"), Place("hub/bound", seen_by="a"), Place("hub/hidden", seen_by="staff"),
          Place("hub/none", seen_by="none"), Place("closed/hidden", seen_by="staff")]
JOBS = [Place("job a", "a"), Place("job b", "b"), Place("job closed", seen_by="staff"), Place("job none",
                                                                                            seen_by="none")]
BODIES = {
    "createUser": {"name": "victim"}, "updateUser": {"display_name": "Vic"},
    "setPassword": {"password": "a password that is long"}, "createToken": {"name": "t"},
    "createWorkspace": {"name": "a"}, "updateWorkspace": {"description": "x"}, "renameWorkspace": {"name": "taken"},
    "putMember": {"role": "workspace-viewer"}, "updateRegistry": {"description": "x"},
    "renameRegistry": {"name": "taken"}, "setRegistryPullCredential": {"username": "", "password": ""},
    "checkRegistry": {}, "collectRegistry": {}, "bindSpace": {"workspace": "a", "access": "push"},
    "createWebhook": {"name": "hook", "url": DEAD}, "updateWebhook": {"enabled": False},
    "markAuditExported": {"through": 1, "hash": "0" * 64},
    "createSpace": {"name": "declared", "declare": True},
    "integrateRegistry": {"name": "taken", "type": "docker-registry", "address": DEAD},
    "tryRegistry": {"name": "taken", "type": "docker-registry", "address": DEAD},
}
QUERIES = {"deleteSpace": "confirm=wrong", "search": "q=x", "showRegistrySeries": "measure=repositories",
           "integrateRegistry": "validate=skip"}


class World:
    """Two workspaces with a registry each, three registries of the platform, and everybody of WHO."""

    def __init__(self, daemon):
        self.daemon, self.admin = daemon, daemon.admin
        for workspace in ("a", "b", "taken"):
            self.make("POST", "workspaces", {"name": workspace})
        self.people = {}
        for who in WHO:
            self.people[who.name] = self.person(who)
        self.token = self.hook = self.built = 0
        self.build()
        self.jobs = {}
        for name, path in (("a", "workspaces/a/registries/own"), ("b", "workspaces/b/registries/own"),
                           ("closed", "registries/closed")):
            started = self.admin.must((200, 202), "POST", f"{path}/catalogue")
            self.jobs[name] = started["id"]
            self.admin.job(started["id"])

    def make(self, method, path, body=None, **query):
        return self.admin.must((200, 201, 202, 204, 409), method, path, body, **query)

    def person(self, who):
        if not who.signed_in:
            return Caller(self.daemon.url, "ptk_" + "A" * 43 if who.name == "forged" else None, who.name)
        roles = {workspace: ROLES[rank] for workspace, rank in who.roles}
        caller = self.daemon.user(who.name, roles, admin=who.admin, auditor=who.auditor)
        limits = {**({"scopes": list(who.scopes)} if who.scopes else {}),
                  **({"workspace": who.only} if who.only else {})}
        if limits:
            caller.token = caller.must(201, "POST", "tokens", {"name": "narrow", **limits})["token"]
        return caller

    def build(self):
        """Makes whatever a permitted request has taken away; what is there stays."""
        self.make("POST", "users", {"name": "victim"})
        for workspace in ("a", "b"):
            self.make("PUT", f"workspaces/{workspace}/members/victim", {"role": "workspace-viewer"})
            self.make("PUT", f"workspaces/{workspace}/namespaces/east/{workspace}")
            for name in ("own", "taken"):
                self.registry(f"workspaces/{workspace}/registries", name)
            self.space(f"workspaces/{workspace}/registries/own", "hidden")
        for name in ("hub", "team", "closed", "taken"):
            self.registry("registries", name)
            self.space(f"registries/{name}", "hidden")
        self.space("registries/hub", "open", "public")
        for path in ("registries/hub", "registries/team"):
            self.space(path, "bound")
            self.make("POST", f"{path}/spaces/bound/bindings", {"workspace": "a", "access": "push"})
        self.built += 1
        self.token = self.make("POST", "tokens", {"name": f"victim {self.built}"})["id"]
        hook = self.make("POST", "webhooks", {"name": f"hook-{self.built}", "url": DEAD})
        self.hook = hook["id"]

    def registry(self, path, name):
        never = {"health_s": -1, "statistics_s": -1, "deep_s": -1, "catalogue_s": -1}
        self.make("POST", path, {"name": name, "type": "docker-registry", "address": f"{DEAD}/{name}",
                                 "schedule": never}, validate="skip")

    def space(self, path, name, visibility="private"):
        self.make("POST", f"{path}/spaces", {"name": name, "declare": True})
        self.make("PATCH", f"{path}/spaces/{name}", {"visibility": visibility})


@pytest.fixture(scope="module")
def world(portolan):
    settings = {"server.rate-per-address": 100000, "server.rate-burst": 100000}
    with Daemon(portolan, settings) as daemon:
        yield World(daemon)


def operations(world):
    description = world.admin.get("openapi.json")
    for path, item in description["paths"].items():
        for method in METHODS:
            if method in item and item[method]["operationId"] not in UNGUARDED:
                yield method.upper(), path, item[method]


def places(path):
    if "/workspaces/{workspace}" in path:
        return WORKSPACES
    if "{space}" in path:
        return SPACES
    if "{registry}" in path:
        return REGISTRIES
    return JOBS if "{job}" in path else [NOTHING]


def target(world, path, operation, place):
    """The path with the place's names in it, so that everything else in it exists."""
    registry, _, space = place.name.partition("/")
    if place in WORKSPACES:
        registry, space = "own", "hidden"
    job = world.jobs.get(place.name.removeprefix("job "), 999999)
    namespace = place.owner or "x"
    names = {"workspace": place.owner or "nowhere", "registry": registry, "space": space or "hidden", "bound": "a",
             "user": "victim", "token": world.token, "webhook": world.hook, "job": job, "cluster": "east",
             "namespace": namespace, "repository": "hidden", "type": "docker-registry"}
    return re.sub(r"\{(\w+)\}", lambda found: str(names[found[1]]), path) + ask(operation)


def plain(operation):
    """The operation's name without the prefix that its form for workspaces has."""
    name = operation["operationId"]
    return name if name in BODIES or name in QUERIES else name.replace("Workspace", "", 1)


def ask(operation):
    query = QUERIES.get(operation["operationId"]) or QUERIES.get(plain(operation))
    return f"?{query}" if query else ""


def body_of(operation, place):
    name = operation["operationId"]
    name = name if name in BODIES else {"integrateWorkspaceRegistry": "integrateRegistry"}.get(name, plain(operation))
    if name == "setWorkspaceRegistryPullCredential":
        name = "setRegistryPullCredential"
    if "requestBody" not in operation:
        return None
    if name == "updateSpace":
        return {"visibility": "public" if place.name.endswith("open") else "private"}
    return {"workspace": place.owner or "a"} if name == "pushSpace" else BODIES[name]


def end_of(caller, method, path, body):
    """The status; of a stream only the head is read."""
    with contextlib.closing(http.client.HTTPConnection(urlsplit(caller.url).netloc, timeout=30)) as connection:
        headers = {"Authorization": f"Bearer {caller.token}"} if caller.token else {}
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body), "application/json"
        connection.request(method, path, data, headers)
        answer = connection.getresponse()
        stream = "event-stream" in (answer.headers["Content-Type"] or "")
        return answer.status, "" if stream else answer.read().decode()


ENDS = {"anonymous": (401,), "forbidden": (403,), "unseen": (404,)}


def test_everybody_asks_for_everything(world):
    cells, wrong, counted = 0, [], collections.Counter()
    for method, path, operation in operations(world):
        action = operation.get("x-portolan-action")
        for place in places(path):
            for who in WHO:
                wanted = wish(who, operation, action, place)
                status, text = end_of(world.people[who.name], method, target(world, path, operation, place),
                                      body_of(operation, place))
                cells += 1
                counted[wanted] += 1
                good = status in ENDS[wanted] if wanted in ENDS else status < 500 and status not in (401, 403, 404)
                if not good:
                    wrong.append(f"{method} {path} [{place.name}] by {who.name}: {status}, not {wanted}: {text[:200]}")
                if method == "DELETE" and status in (202, 204):
                    world.build()
    print(f"{cells} cells: {dict(counted)}")
    assert not wrong, f"{len(wrong)} of {cells} cells\n" + "\n".join(wrong)
    assert cells >= 2000 and min(counted.values()) > 100


def wish(who, operation, action, place):
    """expected(), but for what needs more words than an action."""
    name = operation["operationId"]
    if name == "getMetrics" and who.name == "anonymous":
        return "allowed"  # Over loopback; elsewhere it takes a token.
    if name in ("setPassword", "revokeToken") and who.signed_in and not (who.admin and not who.scopes):
        return "forbidden" if action and who.scopes else "unseen"  # Another's, and not told to exist.
    if plain(operation) == "pushSpace" and who.signed_in and may_somewhere(who, action):
        rank = who.rank(place.owner or "a")  # The workspace that pushes is in the body, and looked at first.
        if rank < EDITOR:
            return "forbidden" if rank or who.is_auditor else "unseen"
        if not sees(who, place):
            return "unseen"
        return "allowed" if place.owner or place.name == "hub/bound" else "forbidden"  # Bound with the access push.
    wanted = expected(who, action, place)
    if wanted == "allowed" and name in ("unbindWorkspaceSpace", "listTags", "listWorkspaceTags", "refreshTags",
                                          "refreshWorkspaceTags"):
        return "unseen"  # There is none: own spaces take no binding, and nothing has been read from these registries.
    return wanted
