"""Repositories, artifacts, tags and search."""

import re
from urllib.parse import quote, unquote

from .api import bad_request, body_of, project_for, route
from .api_projects import project_view
from .http_server import ApiError, Response, json_response
from .paging import Listing, invalid, page_response, select
from .state import IMAGE_CONFIGS, now

TAG = re.compile(r"[\w][\w.-]{0,127}")
ICON = "sha256:0048162a053eef4d4ce3fe7518615bef084403614f8bca43b40ae2e762e11e06"
REPOSITORY_KEYS = {
    "name": lambda r: r.name,
    "repository_id": lambda r: r.id,
    "project_id": lambda r: r.project.id,
    "creation_time": lambda r: r.created,
    "update_time": lambda r: r.updated,
    "pull_count": lambda r: r.pull_count,
}


def repository_view(repository):
    view = {
        "artifact_count": len(repository.listed()),
        "creation_time": repository.created,
        "id": repository.id,
        "name": repository.name,
        "project_id": repository.project.id,
        "pull_count": repository.pull_count,
        "update_time": repository.updated,
    }
    return view | ({"description": repository.description} if repository.description else {})


def respond_repositories(context, listing, rows):
    rows = select(listing, rows, REPOSITORY_KEYS, [("repository_id", True)])
    return page_response(context.request, listing, rows, repository_view)


@route("GET", "/repositories")
def list_all_repositories(context):
    listing = Listing.of(context.request)
    projects = [p for p in context.state.projects.values() if context.caller.sees(p)]
    rows = [r for p in projects for r in p.repositories.values()]
    return respond_repositories(context, listing, rows)


@route("GET", "/projects/{project}/repositories")
def list_repositories(context):
    listing = Listing.of(context.request)
    project = project_for(context, "repository", "list", by_name_only=True)
    return respond_repositories(context, listing, list(project.repositories.values()))


def repository_name(context):
    """The full name; the repository's part may have been encoded twice."""
    return f"{context.params['project']}/{unquote(context.params['repository'])}"


def repository_for(context, resource, action):
    project = project_for(context, resource, action, by_name_only=True)
    name = repository_name(context)
    if name not in project.repositories:
        raise ApiError(404, "NOT_FOUND", f"repository {name} not found")
    return project.repositories[name]


@route("GET", "/projects/{project}/repositories/{repository}")
def get_repository(context):
    return json_response(repository_view(repository_for(context, "repository", "read")))


@route("PUT", "/projects/{project}/repositories/{repository}")
def update_repository(context):
    document = body_of(context, "repository")
    repository = repository_for(context, "repository", "update")
    repository.description = document.get("description") or ""
    repository.updated = now()
    return Response(200)


@route("DELETE", "/projects/{project}/repositories/{repository}")
def delete_repository(context):
    context.state.delete_repository(repository_for(context, "repository", "delete"))
    return Response(200)


# artifacts


def tag_view(repository, tag):
    return {
        "artifact_id": tag.artifact_id,
        "id": tag.id,
        "immutable": False,
        "name": tag.name,
        "pull_time": tag.pull_time,
        "push_time": tag.push_time,
        "repository_id": repository.id,
    }


def newest_tags(artifact):
    return sorted(artifact.tags.values(), key=lambda t: (t.push_time, t.id), reverse=True)


def reference_view(repository, artifact, child):
    platform = {key: value for key, value in child.get("platform", {}).items()}
    return {
        "child_digest": child["digest"],
        "child_id": repository.artifacts[child["digest"]].id,
        "parent_id": artifact.id,
        "platform": {"OsFeatures": None, **platform},
        "urls": None,
    }


def accessory_view(repository, artifact):
    return {
        "artifact_id": artifact.id,
        "creation_time": artifact.push_time,
        "digest": artifact.digest,
        "icon": "",
        "id": artifact.id,
        "size": artifact.size,
        "subject_artifact_digest": artifact.subject,
        "subject_artifact_id": repository.artifacts[artifact.subject].id,
        "subject_artifact_repo": repository.name,
        "type": "subject.accessory",
    }


def image_view(repository, artifact):
    """What only an image (not an index) shows."""
    view = {"artifact_type": artifact.artifact_type, "media_type": artifact.config_type}
    if artifact.config_type in IMAGE_CONFIGS:
        escaped = quote(quote(repository.short_name, safe=""), safe="")
        path = f"/api/v2.0/projects/{repository.project.name}/repositories/{escaped}"
        href = f"{path}/artifacts/{artifact.digest}/additions/build_history"
        view["addition_links"] = {"build_history": {"absolute": False, "href": href}}
        shown = ("architecture", "author", "config", "created", "os")
        view["extra_attrs"] = {k: artifact.config[k] for k in shown if k in artifact.config}
    return view


def artifact_view(repository, artifact, with_tag=True, with_accessory=False):
    children = [reference_view(repository, artifact, child) for child in artifact.children]
    accessories = [a for a in repository.accessories() if a.subject == artifact.digest]
    view = {
        "accessories": None,
        "digest": artifact.digest,
        "icon": ICON,
        "id": artifact.id,
        "labels": None,
        "manifest_media_type": artifact.media_type,
        "media_type": artifact.media_type,
        "project_id": repository.project.id,
        "pull_time": artifact.pull_time,
        "push_time": artifact.push_time,
        "references": children or None,
        "repository_id": repository.id,
        "repository_name": repository.name,
        "size": artifact.size,
        "tags": None,
        "type": "IMAGE",
    }
    if with_tag:
        view["tags"] = [tag_view(repository, tag) for tag in newest_tags(artifact)] or None
    if with_accessory and accessories:
        view["accessories"] = [accessory_view(repository, a) for a in accessories]
    if annotations := artifact.document.get("annotations"):
        view["annotations"] = annotations
    return view if artifact.children else view | image_view(repository, artifact)


ARTIFACT_KEYS = {
    "push_time": lambda row: row[1].push_time,
    "pull_time": lambda row: row[1].pull_time,
    "size": lambda row: row[1].size,
    "digest": lambda row: row[1].digest,
    "type": lambda row: "IMAGE",
    "media_type": lambda row: row[1].config_type or row[1].media_type,
    "artifact_type": lambda row: row[1].artifact_type,
    "repository_name": lambda row: row[0].name,
    "id": lambda row: row[1].id,
}


def respond_artifacts(context, listing, repositories):
    """`base=*` shows children too; `tags=nil`, `tags=*` and `tags=v1` filter by tag."""
    every, rows = listing.value("base") == "*", []
    for repository in repositories:
        found = repository.artifacts.values() if every else repository.listed()
        accessories = {a.digest for a in repository.accessories()}
        rows += [(repository, a) for a in found if a.digest not in accessories]
    if tags := listing.value("tags"):
        wanted = {"nil": lambda a: not a.tags, "*": lambda a: bool(a.tags)}
        keep = wanted.get(tags, lambda a: tags in a.tags)
        rows = [row for row in rows if keep(row[1])]
    rows = select(listing, rows, ARTIFACT_KEYS, [("id", True)])
    if context.request.param("latest_in_repository") == "true":
        rows = list({row[0].id: row for row in sorted(rows, key=ARTIFACT_KEYS["id"])}.values())
    with_tag = context.request.param("with_tag") != "false"
    with_accessory = context.request.param("with_accessory") == "true"
    return page_response(
        context.request, listing, rows, lambda row: artifact_view(*row, with_tag, with_accessory)
    )


@route("GET", "/projects/{project}/artifacts")
def list_project_artifacts(context):
    listing = Listing.of(context.request)
    project = project_for(context, "artifact", "list")
    if context.request.param("latest_in_repository") == "true":
        kinds = [listing.value(key) for key in ("media_type", "artifact_type")]
        if sum(kind is not None for kind in kinds) != 1:
            raise bad_request(
                "bad request: either 'media_type' or 'artifact_type' must be specified, but not"
                " both, when querying with latest_in_repository"
            )
    return respond_artifacts(context, listing, list(project.repositories.values()))


@route("GET", "/projects/{project}/repositories/{repository}/artifacts")
def list_artifacts(context):
    """An administrator gets an empty list even for a project that does not exist."""
    listing = Listing.of(context.request)
    missing = context.params["project"] not in context.state.by_name
    if missing and context.caller.sysadmin:
        return respond_artifacts(context, listing, [])
    project = project_for(context, "artifact", "list", by_name_only=True)
    repository = project.repositories.get(repository_name(context))
    return respond_artifacts(context, listing, [repository] if repository else [])


def artifact_for(context, resource, action):
    project = project_for(context, resource, action, by_name_only=True)
    name, reference = repository_name(context), context.params["reference"]
    repository = project.repositories.get(name)
    artifact = repository.find(reference) if repository else None
    if artifact is None:
        mark = "@" if reference.startswith("sha256:") else ":"
        raise ApiError(404, "NOT_FOUND", f"artifact {name}{mark}{reference} not found")
    return repository, artifact


ARTIFACT = "/projects/{project}/repositories/{repository}/artifacts/{reference}"


@route("GET", ARTIFACT)
def get_artifact(context):
    with_tag = context.request.param("with_tag") != "false"
    return json_response(artifact_view(*artifact_for(context, "artifact", "read"), with_tag))


@route("DELETE", ARTIFACT)
def delete_artifact(context):
    context.state.delete_artifact(*artifact_for(context, "artifact", "delete"))
    return Response(200)


@route("GET", ARTIFACT + "/tags")
def list_tags(context):
    listing = Listing.of(context.request)
    repository, artifact = artifact_for(context, "tag", "list")
    return page_response(
        context.request, listing, newest_tags(artifact), lambda tag: tag_view(repository, tag)
    )


@route("POST", ARTIFACT + "/tags")
def create_tag(context):
    name = body_of(context, "tag").get("name") or ""
    repository, artifact = artifact_for(context, "tag", "create")
    if not TAG.fullmatch(name):
        raise bad_request(f"bad request: invalid tag name: {name}")
    if name in repository.tags():
        message = f"tag {name} already exists under the repository {repository.id}"
        raise ApiError(409, "CONFLICT", message)
    context.state.tag(repository, artifact, name)
    return Response(201)


@route("DELETE", ARTIFACT + "/tags/{tag}")
def delete_tag(context):
    repository, artifact = artifact_for(context, "tag", "delete")
    if context.params["tag"] not in artifact.tags:
        message = f"tag {context.params['tag']} attached to artifact {artifact.id} not found"
        raise ApiError(404, "NOT_FOUND", message)
    context.state.untag(repository, artifact, context.params["tag"])
    return Response(200)


# search


def found_repository(repository):
    view = {
        "artifact_count": len(repository.listed()),
        "project_id": repository.project.id,
        "project_name": repository.project.name,
        "project_public": repository.project.public,
        "pull_count": repository.pull_count,
        "repository_name": repository.name,
    }
    return {key: value for key, value in view.items() if value}


def found_project(context, project):
    return project_view(context, project, detail=False)


@route("GET", "/search")
def search(context):
    """Everything that the caller may see; robots find public things only."""
    text = context.request.param("q")
    if not text:
        raise invalid("q in query is required")
    caller, projects = context.caller, context.state.projects.values()
    seen = [p for p in projects if (p.public if caller.kind == "robot" else caller.sees(p))]
    repositories = [r for p in seen for r in p.repositories.values() if text in r.name]
    repositories.sort(key=lambda r: (r.created, r.id), reverse=True)
    found = {
        "project": [found_project(context, p) for p in seen if text in p.name],
        "repository": [found_repository(r) for r in repositories],
    }
    return json_response(found)
