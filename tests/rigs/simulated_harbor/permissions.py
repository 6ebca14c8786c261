"""Harbor's permission tables: what project roles, the public and robots may do.

The order of PROJECT is the order in which Harbor lists a caller's rights. Roles `projectAdmin`
and `developer` and the public's rights are from recordings of 2.15.2; the other roles are its
documented role table.
"""


def pairs(text):
    """`a:read,list b:pull` as [("a", "read"), ("a", "list"), ("b", "pull")]."""
    result = []
    for word in text.split():
        resource, _, actions = word.partition(":")
        result.extend((resource, action) for action in actions.split(","))
    return result


PROJECT = pairs(
    "project:read quota:read repository:list,read,pull configuration:read scan:read sbom:read"
    " scanner:read tag:list accessory:list artifact:read,list artifact-addition:read"
    " project:update,delete member:create,read,update,delete,list"
    " metadata:create,read,update,delete log:list label:create,read,update,delete,list"
    " repository:create,update,delete,push tag-retention:create,read,update,delete,list,operate"
    " immutable-tag:create,update,delete,list configuration:update"
    " robot:create,read,update,delete,list notification-policy:create,update,delete,list,read"
    " scan:create,stop sbom:create,stop scanner:create artifact:create,delete tag:create,delete"
    " artifact-label:create,delete preheat-policy:create,read,update,delete,list"
    " export-cve:create,read,list"
)

PUBLIC = set(
    pairs(
        "project:read repository:list,pull scan:read scanner:read tag:list accessory:list"
        " artifact:read,list artifact-addition:read label:read,list"
    )
)

DEVELOPER = (
    "project:read quota:read repository:list,read,pull,create,update,push configuration:read"
    " scan:read sbom:read scanner:read tag:list,create accessory:list artifact:read,list,create"
    " artifact-addition:read member:read,list label:read,list"
    " tag-retention:create,read,update,delete,list,operate robot:read,list"
    " artifact-label:create,delete export-cve:create,read,list"
)
GUEST = (
    "project:read quota:read repository:list,read,pull configuration:read scan:read sbom:read"
    " scanner:read tag:list accessory:list artifact:read,list artifact-addition:read"
    " member:read,list label:read,list robot:read,list tag-retention:read,list"
)
LIMITED_GUEST = (
    "project:read quota:read repository:list,read,pull configuration:read scan:read sbom:read"
    " scanner:read tag:list accessory:list artifact:read,list artifact-addition:read"
)
NOT_FOR_MAINTAINERS = set(pairs("project:update,delete member:create,update,delete robot:update"))

ROLE_NAMES = {1: "projectAdmin", 2: "developer", 3: "guest", 4: "maintainer", 5: "limitedGuest"}
ROLES = {
    1: set(PROJECT),
    2: set(pairs(DEVELOPER)),
    3: set(pairs(GUEST)),
    4: set(PROJECT) - NOT_FOR_MAINTAINERS,
    5: set(pairs(LIMITED_GUEST)),
}

# What an administrator's /users/current/permissions?scope=/system shows.
SYSTEM = pairs(
    "catalog:read audit-log:list project:create,read,update,delete,list"
    " user:create,read,update,delete,list user-group:create,read,update,delete,list"
    " registry:create,read,update,delete,list replication:create,read,update,list,delete"
    " distribution:create,read,update,delete,list"
    " garbage-collection:create,read,update,delete,list"
    " scan-all:create,read,update,delete,list,stop system-volumes:read ldap-user:create,list"
    " configuration:read,update jobservice-monitor:read,list,stop security-hub:read,list"
)

# The catalogue of GET /permissions: what a robot of each level may be given.
ROBOT_SYSTEM = pairs(
    "audit-log:list preheat-instance:read,create,delete,list,update project:list,create"
    " replication-policy:read,create,delete,list,update replication:read,create,list"
    " replication-adapter:list registry:read,create,delete,list,update"
    " scan-all:read,update,stop,create system-volumes:read"
    " garbage-collection:read,create,list,update,stop purge-audit:read,create,list,update,stop"
    " jobservice-monitor:list,stop scanner:read,create,delete,list,update"
    " label:read,create,delete,update security-hub:read,list catalog:read"
    " quota:read,list robot:create,read,list,delete"
    " user:create,read,update,list,delete ldap-user:create,list quota:update"
    " user-group:create,read,update,list,delete"
)
ROBOT_PROJECT = pairs(
    "log:list project:read,delete,update metadata:read,create,delete,list,update"
    " repository:read,update,delete,list,pull,push artifact:read,create,list,delete"
    " scan:create,read,stop sbom:create,stop,read tag:create,list,delete accessory:list"
    " artifact-addition:read artifact-label:create,delete scanner:create,read"
    " preheat-policy:read,create,delete,list,update immutable-tag:create,delete,list,update"
    " notification-policy:read,create,delete,list,update"
    " tag-retention:read,create,delete,list,update label:read,create,delete,list,update"
    " quota:read robot:create,read,list,delete export-cve:create,read"
    " member:create,read,update,list,delete"
)


def as_objects(entries):
    return [{"resource": resource, "action": action} for resource, action in entries]
