"""harborapi, a client written by others, drives the Harbor with its strict models.

Runs against the simulated Harbor or, with PORTOLAN_TEST_HARBOR and its password set, a real one.
"""

import asyncio
import json

import pytest
from harborapi import HarborAsyncClient
from harborapi.exceptions import Conflict, Forbidden, NotFound, Unauthorized
from harborapi.models import ProjectReq, QuotaUpdateReq, RobotCreate, RobotPermission
from harborapi.models.models import Access, ProjectMetadata
from rigs.simulated_harbor import HarborUnderTest

PASSWORD = "Test1Password"


class Seeded:
    """One public and one private project with images, and a developer of the private one."""

    def __init__(self, harbor):
        self.harbor, client = harbor, harbor.client
        self.public, self.private = client.unique("public"), client.unique("private")
        self.developer = client.unique("dev")
        client.make_project(self.public, public=True)
        client.make_project(self.private, storage_limit=1 << 30)
        client.make_user(self.developer, PASSWORD)
        client.add_member(self.private, self.developer, 2)
        self.image = client.push_image(f"{self.private}/app", "v1", [b"layer one"])
        other = client.push_image(f"{self.private}/app", "v2", [b"layer one", b"layer two"])
        client.pusher.index(f"{self.private}/deep/app", ["all"], self.children(client))
        client.push_image(f"{self.public}/web", "latest", [b"layer one"])
        self.digests = {self.image.digest, other.digest}

    def children(self, client):
        repository = f"{self.private}/deep/app"
        made = []
        for architecture in ("amd64", "arm64"):
            config = {"architecture": architecture, "os": "linux"}
            text = json.dumps(config).encode()
            made.append((client.push_image(repository, None, [architecture.encode()], text), config))
        return made

    def api(self, username=None, password=PASSWORD):
        admin = self.harbor.client
        name, secret = (username, password) if username else (admin.username, admin.password)
        return HarborAsyncClient(f"{self.harbor.url}/api/v2.0", name, secret)


@pytest.fixture(scope="module")
def seeded():
    with HarborUnderTest() as harbor:
        yield Seeded(harbor)


def call(coroutine):
    return asyncio.run(coroutine)


def test_projects_are_listed_with_their_visibility(seeded):
    projects = call(seeded.api().get_projects(sort="name", page_size=1, limit=None))
    by_name = {project.name: project for project in projects}
    assert by_name[seeded.public].metadata.public == "true"
    assert by_name[seeded.private].metadata.public == "false"
    assert by_name[seeded.private].repo_count == 2
    assert len(by_name) == len(projects)


def test_a_project_is_read_by_name_and_by_id(seeded):
    project = call(seeded.api().get_project(seeded.private))
    assert call(seeded.api().get_project(project.project_id)).name == seeded.private
    assert call(seeded.api().project_exists(seeded.private)) is True
    assert call(seeded.api().project_exists("no-such-project")) is False


def test_a_project_is_made_changed_and_deleted(seeded):
    name = seeded.harbor.client.unique("made")

    async def life():
        api = seeded.api()
        location = await api.create_project(ProjectReq(project_name=name, storage_limit=5000))
        assert location.startswith("/api/v2.0/projects/")
        with pytest.raises(Conflict):
            await api.create_project(ProjectReq(project_name=name))
        await api.update_project(name, ProjectReq(metadata=ProjectMetadata(public="true")))
        changed = await api.get_project(name)
        assert (await api.get_project_deletable(name)).deletable is True
        await api.delete_project(name)
        with pytest.raises(NotFound):
            await api.get_project(name)
        return changed

    assert call(life()).metadata.public == "true"


def test_a_summary_tells_members_and_quota(seeded):
    summary = call(seeded.api(seeded.developer).get_project_summary(seeded.private))
    assert (summary.repo_count, summary.project_admin_count, summary.developer_count) == (2, 1, 1)
    assert summary.quota.hard.root["storage"] == 1 << 30
    assert summary.quota.used.root["storage"] > 0
    members = call(seeded.api().get_project_members(seeded.private))
    assert {m.entity_name: m.role_name for m in members}[seeded.developer] == "developer"


def test_repositories_of_a_project_and_of_all(seeded):
    own = call(seeded.api().get_repositories(seeded.private, sort="name"))
    assert [(r.name, r.artifact_count) for r in own] == [
        (f"{seeded.private}/app", 2),
        (f"{seeded.private}/deep/app", 1),
    ]
    everything = call(seeded.api().get_repositories(page_size=100))
    assert {r.name for r in own} < {r.name for r in everything}
    one = call(seeded.api().get_repository(seeded.private, "deep/app"))
    assert one.name == f"{seeded.private}/deep/app"


def test_artifacts_and_tags(seeded):
    artifacts = call(seeded.api().get_artifacts(seeded.private, "app"))
    assert {a.digest for a in artifacts} == seeded.digests
    assert {tag.name for a in artifacts for tag in a.tags} == {"v1", "v2"}
    one = call(seeded.api().get_artifact(seeded.private, "app", "v1"))
    assert (one.digest, one.type) == (seeded.image.digest, "IMAGE")
    tags = call(seeded.api().get_artifact_tags(seeded.private, "app", "v1"))
    assert [tag.name for tag in tags] == ["v1"]


def test_an_index_names_its_children_and_counts_their_size(seeded):
    index = call(seeded.api().get_artifact(seeded.private, "deep/app", "all"))
    architectures = {r.platform.architecture for r in index.references}
    assert architectures == {"amd64", "arm64"}
    children = call(seeded.api().get_artifacts(seeded.private, "deep/app", query="base=*,tags=nil"))
    manifest = index.size - sum(child.size for child in children)
    assert (len(children), 0 < manifest < 1000) == (2, True)


def test_a_robot_lives(seeded):
    rights = [Access(resource="repository", action="pull")]
    permission = RobotPermission(kind="project", namespace=seeded.private, access=rights)
    wanted = RobotCreate(
        name="puller", level="project", duration=-1, permissions=[permission], disable=False
    )

    async def life():
        api = seeded.api()
        made = await api.create_robot(wanted)
        assert made.name == f"robot${seeded.private}+puller"
        project = await api.get_project(seeded.private)
        query = f"Level=project,ProjectID={project.project_id}"
        assert [r.name for r in await api.get_robots(query=query)] == [made.name]
        robot = await api.get_robot(made.id)
        assert (robot.level, robot.permissions[0].namespace) == ("project", seeded.private)
        seen = await seeded.api(made.name, made.secret).get_repositories(page_size=100)
        assert f"{seeded.private}/app" in {r.name for r in seen}
        await api.refresh_robot_secret(made.id, "Another1Secret")
        with pytest.raises(Unauthorized):
            await seeded.api(made.name, made.secret).get_statistics()
        await api.delete_robot(made.id)
        with pytest.raises(NotFound):
            await api.get_robot(made.id)

    call(life())


def test_quotas_are_read_and_set(seeded):
    async def life():
        api = seeded.api()
        project = await api.get_project(seeded.private)
        [quota] = await api.get_quotas("project", str(project.project_id))
        assert quota.ref.root["name"] == seeded.private
        await api.update_quota(quota.id, QuotaUpdateReq(hard={"storage": 1 << 31}))
        changed = await api.get_quota(quota.id)
        await api.update_quota(quota.id, QuotaUpdateReq(hard={"storage": 1 << 30}))
        return changed

    assert call(life()).hard.root["storage"] == 1 << 31


def test_statistics_are_whole_for_an_administrator_only(seeded):
    whole = call(seeded.api().get_statistics())
    assert whole.total_project_count == whole.public_project_count + whole.private_project_count
    assert whole.total_repo_count >= 3 and whole.total_storage_consumption > 0
    part = call(seeded.api(seeded.developer).get_statistics())
    assert (part.private_project_count, part.private_repo_count) == (1, 2)
    assert (part.total_project_count, part.total_storage_consumption) == (0, 0)


def test_health_and_system_information(seeded):
    health = call(seeded.api().health_check())
    assert health.status == "healthy"
    assert {"core", "database", "registry"} <= {c.name for c in health.components}
    assert call(seeded.api().get_system_info()).harbor_version.startswith("v2.")
    assert call(seeded.api(seeded.developer, "Wrong1Password").get_system_info()).harbor_version is None
    assert call(seeded.api().get_system_volume_info()).storage
    assert call(seeded.api().ping()) == "Pong"


def test_users_rights_and_search(seeded):
    assert call(seeded.api().get_current_user()).sysadmin_flag is True
    user = call(seeded.api(seeded.developer).get_current_user())
    assert (user.username, user.sysadmin_flag) == (seeded.developer, False)
    project = call(seeded.api().get_project(seeded.private))
    scope = f"/project/{project.project_id}"
    rights = call(seeded.api(seeded.developer).get_current_user_permissions(scope, relative=True))
    pairs = {(r.resource, r.action) for r in rights}
    assert ("repository", "push") in pairs and ("repository", "delete") not in pairs
    found = call(seeded.api().search(seeded.private))
    assert [p.name for p in found.project] == [seeded.private]
    assert len(found.repository) == 2


def test_what_is_not_allowed_is_said(seeded):
    with pytest.raises(Forbidden):
        call(seeded.api(seeded.developer).get_quotas())
    with pytest.raises(Forbidden):
        call(seeded.api(seeded.developer).delete_project(seeded.private))
    with pytest.raises(Unauthorized):
        call(seeded.api(seeded.developer, "Wrong1Password").get_current_user())
