"""Who is asking, and what they may do."""

import base64
import binascii
import hmac
import time

from .http_server import ApiError
from .permissions import PROJECT, PUBLIC, ROLES, SYSTEM


class Caller:
    """Nobody in particular: what the public may do."""

    kind = "anonymous"
    name = ""
    authenticated = False
    sysadmin = False

    def rights(self, project):
        return PUBLIC if project.public else set()

    def can(self, project, resource, action):
        return project is not None and (resource, action) in self.rights(project)

    def can_system(self, resource, action):
        return False

    def sees(self, project):
        return project.public

    def roles(self, project):
        return None

    def shown_rights(self, project):
        rights = self.rights(project)
        return [entry for entry in PROJECT if entry in rights]


class UserCaller(Caller):
    kind = "local"
    authenticated = True

    def __init__(self, user):
        self.user = user
        self.name = user.username
        self.sysadmin = user.sysadmin

    def roles(self, project):
        """Role ids of this user; an administrator has a project administrator's everywhere."""
        roles = [m.role for m in project.members if m.user_id == self.user.id]
        return [1] if self.sysadmin else roles or None

    def rights(self, project):
        rights = set(PUBLIC) if project.public else set()
        for role in self.roles(project) or []:
            rights |= ROLES[role]
        return rights

    def can(self, project, resource, action):
        return self.sysadmin or super().can(project, resource, action)

    def can_system(self, resource, action):
        return self.sysadmin

    def shown_rights(self, project):
        """An administrator's rights are those of a project administrator, missing project or not."""
        return PROJECT if self.sysadmin else super().shown_rights(project)

    def sees(self, project):
        return self.sysadmin or project.public or self.roles(project) is not None


class RobotCaller(Caller):
    kind = "robot"
    authenticated = True

    def __init__(self, robot):
        self.robot = robot
        self.name = robot.name
        everywhere = robot.grants.get("*", set())
        # `/project/*` read, say, matches whatever can be read below every project.
        actions = {action for resource, action in everywhere if resource == "project"}
        self.everywhere_ = everywhere | {entry for entry in PROJECT if entry[1] in actions}

    def granted(self, project):
        grants = self.robot.grants.get(project.name, set())
        if self.robot.level == "project":
            return grants if project.id == self.robot.project_id else set()
        return grants | self.everywhere_

    def rights(self, project):
        granted = self.granted(project)
        return granted | PUBLIC if project.public else granted

    def can_system(self, resource, action):
        return (resource, action) in self.robot.grants.get("/", set())

    def sees(self, project):
        return project.public or bool(self.granted(project))


class TokenCaller(Caller):
    """The bearer of a token of /service/token; its claims are all that counts."""

    kind = "token"
    authenticated = True

    def __init__(self, claims):
        self.name = claims.get("sub", "")
        self.access_ = {}  # project -> actions: core looks at the project of a repository only
        for entry in claims.get("access") or []:
            if entry["type"] == "repository":
                project = entry["name"].split("/")[0]
                self.access_.setdefault(project, set()).update(entry["actions"])

    def can_repository(self, name, action):
        return action in self.access_.get(name.split("/")[0], set())


ANONYMOUS = Caller()


def basic_credentials(header):
    """(name, password) of a Basic header, or None when it is not one."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, password) if colon else None


def same(secret, given):
    return hmac.compare_digest(secret.encode(), given.encode())


class Authenticator:
    """Turns a request's Authorization header into a caller.

    A failed login costs `lockout` seconds (Harbor: 1.5) and locks that user name for as long;
    a wrong robot secret costs the same but locks nobody.
    """

    def __init__(self, state, tokens, lockout):
        self.state_ = state
        self.tokens_ = tokens
        self.lockout = lockout
        self.locked_ = {}  # login name -> time of release

    def caller(self, request, allow_token):
        """(caller, seconds to wait before answering)."""
        header = request.header("authorization")
        if header.lower().startswith("bearer ") and allow_token:
            claims = self.tokens_.claims(header[7:].strip())
            return (TokenCaller(claims) if claims is not None else ANONYMOUS), 0.0
        credentials = basic_credentials(header)
        return self.login(*credentials) if credentials else (ANONYMOUS, 0.0)

    def login(self, name, password):
        if name.startswith(self.state_.settings["robot_name_prefix"]):
            robot = self.state_.find_robot(name)
            if robot and robot.usable and same(robot.secret, password):
                return RobotCaller(robot), 0.0
        elif self.locked_.get(name, 0) > time.monotonic():
            return ANONYMOUS, 0.0
        user = self.state_.find_user(name)
        if user and same(user.password, password):
            return UserCaller(user), 0.0
        self.locked_[name] = time.monotonic() + self.lockout
        return ANONYMOUS, self.lockout


def require_authenticated(caller):
    if not caller.authenticated:
        raise ApiError(401, "UNAUTHORIZED", "unauthorized")


def require_system(caller, resource, action):
    require_authenticated(caller)
    if not caller.can_system(resource, action):
        raise ApiError(403, "FORBIDDEN", caller.name)


def require_project(caller, project, resource, action):
    """project is None when it does not exist: only an administrator may learn that."""
    if caller.sysadmin or caller.can(project, resource, action):
        return
    require_authenticated(caller)
    raise ApiError(403, "FORBIDDEN", "forbidden")


def system_rights(caller):
    return SYSTEM if caller.sysadmin else []
