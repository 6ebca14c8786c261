"""What a build says of the commit it was made from: the truth or nothing, and written anew only when it changed."""

import pathlib
import re
import subprocess

import pytest

TREE = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "file").write_text("one")
    return folder


def git(tree, *words):
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    return subprocess.run(["git", "-C", tree, *who, *words], capture_output=True, text=True, check=True).stdout.strip()


def said(tree):
    """(the commit in the file, when it was written)"""
    file = tree.parent / "commit.cpp"
    subprocess.run(["cmake", "-D", f"source={tree}", "-D", f"out={file}", "-P", TREE / "core/daemon/commit.cmake"],
                   check=True)
    return re.search(r'return "(.*)";', file.read_text())[1], file.stat().st_mtime_ns


def test_the_commit_and_whether_the_tree_differs_from_it(tree):
    git(tree, "init", "-q")
    git(tree, "add", "file")
    git(tree, "commit", "-qm", "one")
    commit, written = said(tree)
    assert re.fullmatch("[0-9a-f]{12,40}", commit) and git(tree, "rev-parse", "HEAD").startswith(commit)
    assert said(tree) == (commit, written), "written again, so compiled again"
    (tree / "file").write_text("two")
    assert said(tree)[0] == f"{commit}-dirty"


def test_nothing_is_said_without_git_or_of_a_repository_around_the_tree(tree):
    git(tree.parent, "init", "-q")
    git(tree.parent, "add", "tree/file")
    git(tree.parent, "commit", "-qm", "another's")
    assert said(tree)[0] == ""
    (tree / ".git").write_text("gitdir: /nowhere\n")
    assert said(tree)[0] == ""
