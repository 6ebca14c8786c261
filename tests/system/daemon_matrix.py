"""Who may do what, written from the issue's sentences and not from the program: callers, objects, and one table.

`expected(caller, operation, place)` says how a request must end: "allowed" (any answer that is no 401, 403, 404 or
5xx), "anonymous" (401), "forbidden" (403) or "unseen" (404: a foreign object looks like one that does not exist).
"""

import dataclasses

VIEWER, EDITOR, OWNER, NOBODY = 1, 2, 3, 9
ROLES = {VIEWER: "workspace-viewer", EDITOR: "workspace-editor", OWNER: "workspace-admin"}


@dataclasses.dataclass(frozen=True)
class Who:
    name: str
    admin: bool = False
    auditor: bool = False
    roles: tuple = ()  # of (workspace, rank)
    signed_in: bool = True
    scopes: tuple = ()  # what a token is limited to; empty: whatever the user may
    only: str = ""  # the one workspace that a token is limited to

    def rank(self, workspace):
        return 0 if self.only not in ("", workspace) else dict(self.roles).get(workspace, 0)

    def ranks(self):
        return [self.rank(workspace) for workspace, _ in self.roles]

    @property
    def is_admin(self):
        return self.admin and not self.only

    @property
    def is_auditor(self):
        return self.auditor and not self.only


READER = ("registry.read", "workspace.read")
WHO = [
    Who("anonymous", signed_in=False), Who("forged", signed_in=False), Who("admin", admin=True),
    Who("auditor", auditor=True), Who("stranger"),
    *(Who(f"{workspace}-{ROLES[rank]}", roles=((workspace, rank),))
      for workspace in ("a", "b") for rank in (OWNER, EDITOR, VIEWER)),
    Who("both", roles=(("a", VIEWER), ("b", OWNER))),
    Who("both-in-a", roles=(("a", VIEWER), ("b", OWNER)), only="a"),
    Who("both-in-b", roles=(("a", VIEWER), ("b", OWNER)), only="b"),
    Who("reading-admin", admin=True, scopes=READER),
    Who("reading-owner", roles=(("a", OWNER),), scopes=READER),
    Who("checking-auditor", auditor=True, scopes=("audit.read",)),
    Who("member-and-auditor", auditor=True, roles=(("a", EDITOR),)),
]


@dataclasses.dataclass(frozen=True)
class Right:
    """An action: may auditors, from which rank toward one's own workspace, and from which toward the platform.

    0 = everybody who is signed in, NOBODY = no member. Admins may everywhere unless `members_only`.
    """

    auditor: bool = False
    own: int = NOBODY
    platform: int = NOBODY
    members_only: bool = False


SEEN = Right(auditor=True, own=VIEWER, platform=0)  # Of what one may see at all.
OWNERS = Right(own=OWNER)
MEMBERS_SEE = Right(auditor=True, own=VIEWER)
ADMINS, STAFF, ANYBODY = Right(), Right(auditor=True), Right(auditor=True, platform=0, own=VIEWER)
RIGHTS = {
    "type.read": ANYBODY, "token.own": ANYBODY,
    "registry.read": SEEN, "registry.check": SEEN, "space.read": SEEN, "event.read": SEEN, "job.read": SEEN,
    "registry.inspect": Right(auditor=True, own=OWNER), "registry.try": OWNERS, "registry.create": OWNERS,
    "registry.update": OWNERS, "registry.rename": OWNERS, "registry.delete": OWNERS, "space.create": OWNERS,
    "space.update": OWNERS, "space.delete": OWNERS, "job.write": OWNERS, "workspace.update": OWNERS,
    "member.write": OWNERS, "binding.read": MEMBERS_SEE, "workspace.read": MEMBERS_SEE, "member.read": MEMBERS_SEE,
    "namespace.read": MEMBERS_SEE, "binding.write": ADMINS, "workspace.create": ADMINS, "workspace.rename": ADMINS,
    "workspace.delete": ADMINS, "namespace.assign": ADMINS, "user.write": ADMINS, "webhook.write": ADMINS,
    "daemon.write": ADMINS, "user.read": STAFF, "audit.read": STAFF, "plugin.read": STAFF, "metrics.read": STAFF,
    # Whoever manages everything still uses images only where he is a member.
    "image.use": Right(own=VIEWER, platform=0, members_only=True),
    "pull-secret.read": Right(own=EDITOR, platform=0, members_only=True),
    "push.issue": Right(own=EDITOR, members_only=True),
}


@dataclasses.dataclass(frozen=True)
class Place:
    """What a request is about: `owner` is a workspace, "" the platform; `seen_by` who sees the platform's object."""

    name: str
    owner: str = ""
    seen_by: str = "all"  # all, a (members of the workspace a), staff (admins and auditors), none (does not exist)


def may(who, action, owner):
    right = RIGHTS[action]
    if who.scopes and action not in who.scopes:
        return False
    if owner:
        staff = not right.members_only and (who.is_admin or (right.auditor and who.is_auditor))
        return staff or who.rank(owner) >= right.own
    staff = who.is_admin and not right.members_only or right.auditor and who.is_auditor
    return staff or right.platform == 0


def may_somewhere(who, action):
    """Else the answer is 403 before anything is looked up. A list of one's own is never forbidden, only empty."""
    if who.scopes and action not in who.scopes:
        return False
    return RIGHTS[action].own == VIEWER or may(who, action, "") or any(
        may(who, action, workspace) for workspace in ("a", "b"))


def sees(who, place):
    if place.seen_by == "none":
        return False
    if place.owner:
        return who.is_admin or who.is_auditor or who.rank(place.owner) >= VIEWER
    return who.is_admin or who.is_auditor or place.seen_by == "all" or (
        place.seen_by == "a" and who.rank("a") >= VIEWER)


def expected(who, action, place):
    """How a request for the action (None: whoever is signed in) on the place must end."""
    if not who.signed_in:
        return "anonymous"
    if action is not None and not may_somewhere(who, action):
        return "forbidden"
    see = "workspace.read" if place.name.startswith("workspace") else "registry.read"
    if not sees(who, place) or (place.owner or place.name != "nothing") and who.scopes and see not in who.scopes:
        return "unseen"
    return "allowed" if action is None or may(who, action, place.owner) else "forbidden"
