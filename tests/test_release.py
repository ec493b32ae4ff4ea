"""What `make release-check` looks at: each of its checks refuses what it is there for."""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import release_check
from first import copy_project
from release_check import CheckError

METADATA = "Metadata-Version: 2.4\nName: mantago\nLicense-Expression: MIT\nLicense-File: LICENSE\n\n# mantago\n"


def wheel(folder: Path, *, licence: bytes = b"MIT", metadata: str = METADATA, mode: int = 0o644) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "mantago-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (("licenses/LICENSE", licence), ("METADATA", metadata.encode())):
            info = zipfile.ZipInfo(f"mantago-0.1.0.dist-info/{name}")
            info.external_attr = mode << 16
            archive.writestr(info, text)
    return path


def sdist(folder: Path, *, licence: bytes = b"MIT") -> Path:
    path = folder / "mantago-0.1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in (("LICENSE", licence), ("PKG-INFO", METADATA.encode())):
            info = tarfile.TarInfo(f"mantago-0.1.0/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    return path


def test_two_builds_of_the_same_bytes_are_the_same(tmp_path):
    wheel(tmp_path / "one")
    wheel(tmp_path / "other")
    release_check.same(tmp_path / "one", tmp_path / "other")


def test_a_build_that_differs_says_in_which_file(tmp_path):
    wheel(tmp_path / "one")
    wheel(tmp_path / "other", licence=b"another")
    with pytest.raises(CheckError, match=r"whl isn't the same twice\n  mantago-0\.1\.0\.dist-info/licenses/LICENSE$"):
        release_check.same(tmp_path / "one", tmp_path / "other")


def test_a_build_whose_modes_differ_is_not_the_same(tmp_path):
    wheel(tmp_path / "one")
    wheel(tmp_path / "other", mode=0o600)
    with pytest.raises(CheckError, match="its files are the same: order, times or modes differ"):
        release_check.same(tmp_path / "one", tmp_path / "other")


def test_a_build_that_lacks_an_archive_is_not_the_same(tmp_path):
    sdist(wheel(tmp_path / "one").parent)
    wheel(tmp_path / "other")
    with pytest.raises(CheckError, match=r"mantago-0\.1\.0\.tar\.gz isn't the same twice"):
        release_check.same(tmp_path / "one", tmp_path / "other")


def test_the_licence_is_in_both_archives_and_their_metadata(tmp_path):
    good = wheel(tmp_path / "good")
    release_check.check_contents(good, sdist(tmp_path), b"MIT")
    with pytest.raises(CheckError, match="whl lacks the repository's LICENSE"):
        release_check.check_contents(wheel(tmp_path / "bad", licence=b"GPL"), sdist(tmp_path), b"MIT")
    with pytest.raises(CheckError, match=r"tar\.gz lacks the repository's LICENSE"):
        release_check.check_contents(good, sdist(tmp_path, licence=b"GPL"), b"MIT")
    other = wheel(tmp_path / "other", metadata=METADATA.replace("MIT", "Apache-2.0"))
    with pytest.raises(CheckError, match=r"its metadata says Apache-2\.0, not MIT"):
        release_check.check_contents(other, sdist(tmp_path), b"MIT")


@pytest.mark.parametrize("link", ["[see](docs/index.md)", "![picture](picture.svg)", '<img src="picture.svg">'])
def test_a_link_of_the_readme_that_is_dead_on_the_package_index_is_refused(link):
    release_check.check_readme("[above](#install), [the service](https://example.org/)")
    with pytest.raises(CheckError, match="which isn't there on the package index"):
        release_check.check_readme(f"text {link}")


def test_a_release_says_where_repository_documentation_changelog_and_issues_are(tmp_path):
    urls = [f"Project-URL: {name}, https://example.org/{name}\n" for name in release_check.PROJECT_URLS]
    head, body = METADATA.split("\n\n", 1)
    release_check.check_urls(wheel(tmp_path / "all", metadata=f"{head}\n{''.join(urls)}\n{body}"))
    for left_out in (*urls, "https"):
        some = "".join(urls).replace(left_out, "")
        with pytest.raises(CheckError, match=r"no https address for .* in \[project\.urls\]"):
            release_check.check_urls(wheel(tmp_path / "some", metadata=f"{head}\n{some}\n{body}"))


def test_a_release_has_the_tag_of_its_version_and_a_dated_entry_in_the_changelog():
    release_check.check_tag("v1.2.3", "1.2.3", "# Changelog\n\n## 1.2.3 (2026-11-23)\n")
    with pytest.raises(CheckError, match=r"the tag must be v1\.2\.3"):
        release_check.check_tag("v1.2.4", "1.2.3", "## 1.2.3 (2026-11-23)\n")
    with pytest.raises(CheckError, match=r"no heading '## 1\.2\.3 "):
        release_check.check_tag("v1.2.3", "1.2.3", "## 1.2.3 (not released yet)\n")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_project(tmp_path / "project", "openapi", "generated", "facade", "scripts")


def test_a_release_whose_names_are_all_confirmed_passes(project):
    release_check.check_names(Path(sys.executable), project)


def test_a_name_that_nobody_confirmed_is_refused_with_the_place_to_confirm_it(project):
    names = project / "facade" / "names.overlay.yaml"
    names.write_text(
        names.read_text("utf-8").replace("    update:\n", "    x-unconfirmed: true\n    update:\n", 1), "utf-8"
    )
    lines = names.read_text("utf-8").splitlines()
    number = 1 + next(number for number, line in enumerate(lines) if "/openapi/client/gift" in line)
    with pytest.raises(CheckError, match=rf"names\.overlay\.yaml:{number}: confirm get_client_gifts\(\): correct"):
        release_check.check_names(Path(sys.executable), project)


def test_a_name_that_nothing_pins_is_refused(project):
    names = project / "facade" / "names.overlay.yaml"
    names.write_text(names.read_text("utf-8").replace("lotteryGame: LOTTERY_GAME, ", ""), "utf-8")
    with pytest.raises(CheckError, match="nothing pins LOTTERY_GAME: add"):
        release_check.check_names(Path(sys.executable), project)


def test_without_the_environment_of_the_tests_the_names_cannot_be_checked(tmp_path):
    with pytest.raises(CheckError, match=r"nowhere isn't there.*make check sets it up"):
        release_check.check_names(tmp_path / "nowhere")


@pytest.mark.unmeasured
def test_the_wheel_is_held_to_the_tests_that_need_neither_scripts_nor_a_checkout():
    found = release_check.facade_tests(release_check.ROOT)
    assert {"tests/test_calls.py", "tests/test_sandbox.py", "tests/faults/test_time.py"} <= {*found}
    # By what they import, themselves or through a module of tests/.
    left_out = {"tests/test_merge.py", "tests/test_many_operations.py", "tests/faults/test_any_answer.py"}
    assert not {*found} & {*left_out, "tests/test_wheel.py"}
    assert not [path for path in found if path.startswith("tests/integration/")]


def test_a_file_that_is_left_out_by_name_is_there():
    names = {path.name for path in release_check.ROOT.glob("tests/**/test_*.py")}
    assert names >= release_check.CHECKOUT_ONLY.keys()


def test_the_tools_of_the_tests_have_the_versions_of_the_lock_file():
    assert release_check.pinned(["pytest"], "pytest-cov==7.0 \\\npytest==9.0.1 ; x\n") == ["pytest==9.0.1"]
    lock = (release_check.ROOT / "requirements" / "dev.txt").read_text("utf-8")
    assert len(release_check.pinned(release_check.TOOLS.split(), lock)) == len(release_check.TOOLS.split())


def test_a_command_that_fails_says_what_it_printed():
    with pytest.raises(CheckError, match=r"git no-such-command\n.*not a git command"):
        release_check.run("git", "no-such-command", LC_ALL="C")
