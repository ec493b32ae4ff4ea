"""Build the files of a release several times, compare them, and run the tests on them as users install them.

    python scripts/release_check.py [--tag v1.2.3] [--into FOLDER] [--without-tests]

- The wheel and the sdist have the same bytes from two folders of different names, file modes, file times, time zones
  and locales, and the wheel has the same bytes from the sdist.
- Somebody confirmed every public name: names that upgrade.py proposes are marked in facade/names.overlay.yaml. Schemas
  pinned to one class are alike, and it is decided for every operation whether it only reads.
- twine accepts the metadata, the README renders and leads nowhere but to itself or to addresses, and the licence is in
  both. If there is a tag, the version is that of the tag, and the changelog has it.
- The tests pass with the lowest and with the highest versions that pyproject.toml allows, against the installed wheel:
  every file of tests/ that needs nothing of scripts/ and no tool that only a checkout has.

Both end up in FOLDER (dist/). This needs the environment of requirements/release.txt: make release-check.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from email.message import Message
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).parent.parent
TESTS_PYTHON = ROOT / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
TOOLS = "dill hypothesis jsonschema msgspec openapi-schema-validator pydantic trio trustme pyyaml "
TOOLS += "pytest pytest-cov pytest-httpx pytest-randomly pytest-xdist respx vcrpy"
PROJECT_URLS = ("Repository", "Documentation", "Changelog", "Issues")
CHECKOUT_ONLY = {
    "test_benchmarks.py": "measures beside other clients",
    "test_budgets.py": "is about the sources",
    "test_ci.py": "is about files that no archive holds",
    "test_container.py": "is about files that no wheel holds",
    "test_fastapi.py": "needs FastAPI, which wants a newer OpenTelemetry than the lowest",
    "test_readme.py": "is about files that no wheel holds",
    "test_release.py": "is about this script",
    "test_successor.py": "needs httpx2, which wants a newer anyio than the lowest",
    "test_telemetry.py": "needs OpenTelemetry's SDK, which fits one version of its API only",
    "test_typing.py": "needs four type checkers",
    "test_wheel.py": "builds a wheel of its own",
}
LINK = re.compile(r"\]\(([^)\s]+)|(?:href|src)=\"([^\"]+)")
VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)


class CheckError(Exception):
    """Something is wrong with the release."""


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def run(*command: object, cwd: Path = ROOT, **environment: str) -> str:
    """Run a command, and return its output; CheckError with the output if it fails."""
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=os.environ | environment, capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode:
        raise CheckError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


# --- the same bytes twice -------------------------------------------------------------------------------------------


def copy(into: Path, *, mask: int, moment: int) -> Path:
    """Copy the files of the working tree that git knows, with other modes and times."""
    for name in run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        source, target = ROOT / name, into / name
        if name and source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod((0o777 if os.access(source, os.X_OK) else 0o666) & ~mask)
            os.utime(target, (moment, moment))
    return into


def build(source: Path, into: Path, *kinds: str, **environment: str) -> Path:
    """Build a source folder as for the package index."""
    moment = run("git", "log", "-1", "--format=%ct").strip()
    mask = int(environment.pop("MASK", "022"), 8)
    before = os.umask(mask)
    try:
        command = (sys.executable, "-m", "build", "--no-isolation", *kinds, "--outdir", into, source)
        run(*command, cwd=source, SOURCE_DATE_EPOCH=moment, **environment)
    finally:
        os.umask(before)
    return into


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file in a folder."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def members(archive: Path) -> dict[str, bytes]:
    """Return the files of a wheel or an sdist, without the folder that an sdist has around them."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as opened:
            return {name: opened.read(name) for name in opened.namelist()}
    with tarfile.open(archive) as opened:
        found = ((member.name.partition("/")[2], opened.extractfile(member)) for member in opened.getmembers())
        return {name: file.read() for name, file in found if file}


def same(one: Path, other: Path) -> None:
    """Refuse two builds that differ; the error lists the differences."""
    first, second = hashes(one), hashes(other)
    for name in sorted({*first, *second}):
        if first.get(name) != second.get(name):
            lines = [f"{name} isn't the same twice"]
            if name in first and name in second:
                left, right = members(one / name), members(other / name)
                lines += [f"  {member}" for member in sorted({*left, *right}) if left.get(member) != right.get(member)]
                lines += ["  (its files are the same: order, times or modes differ)"] * (len(lines) == 1)
            raise CheckError("\n".join(lines))


# --- their contents -------------------------------------------------------------------------------------------------


def check_contents(wheel: Path, sdist: Path, licence: bytes) -> None:
    """Refuse archives without the licence, or whose metadata doesn't name it."""
    for archive, place, about in (
        (wheel, r".*\.dist-info/licenses/LICENSE", r".*\.dist-info/METADATA"),
        (sdist, "LICENSE", "PKG-INFO"),
    ):
        held = members(archive)
        if not any(re.fullmatch(place, name) and text == licence for name, text in held.items()):
            raise CheckError(f"{archive.name} lacks the repository's LICENSE")
        metadata = Parser().parsestr(next(text for name, text in held.items() if re.fullmatch(about, name)).decode())
        if metadata["License-Expression"] != "MIT" or metadata.get_all("License-File") != ["LICENSE"]:
            raise CheckError(
                f"{archive.name}: its metadata says {metadata['License-Expression']}, not MIT with LICENSE"
            )


def metadata_of(wheel: Path) -> Message[str, str]:
    """Return a wheel's metadata; its payload is the README as the package index shows it."""
    return Parser().parsestr(next(text for name, text in members(wheel).items() if name.endswith("/METADATA")).decode())


def check_readme(text: str) -> None:
    """Refuse links that lead nowhere on the package index, which shows the README without the repository."""
    for found in LINK.finditer(text):
        target = found[1] or found[2]
        if not target.startswith(("https://", "#")):
            raise CheckError(f"README.md links to {target}, which isn't there on the package index")


def check_urls(wheel: Path) -> None:
    """Refuse a release whose page on the package index wouldn't have the addresses of the project."""
    urls = dict(entry.split(", ", 1) for entry in metadata_of(wheel).get_all("Project-URL", []))
    if missing := [name for name in PROJECT_URLS if not urls.get(name, "").startswith("https://")]:
        raise CheckError(f"pyproject.toml has no https address for {', '.join(missing)} in [project.urls]")


def check_tag(tag: str, version: str, changelog: str) -> None:
    """Refuse a tag that isn't the version's, and a version that has no dated heading in the changelog."""
    if tag != f"v{version}":
        raise CheckError(f"the tag is {tag}, but __version__ is {version}: the tag must be v{version}")
    if not re.search(rf"^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)$", changelog, re.MULTILINE):
        raise CheckError(f"CHANGELOG.md has no heading '## {version} (YYYY-MM-DD)'")


def check_names(python: Path, root: Path = ROOT) -> None:
    """Refuse names that nobody decided; the Python of the tests lists them, since it has the generator."""
    if not python.exists():
        raise CheckError(f"{python} isn't there, and it has to list the open decisions: make check sets it up")
    try:
        run(python, root / "scripts" / "unconfirmed.py", cwd=root)
    except CheckError as error:
        raise CheckError(f"a release needs every decision in names.overlay.yaml\n{error}") from None


# --- as its users install it ----------------------------------------------------------------------------------------


def imports(file: Path) -> Iterator[str]:
    """Yield the first names of the modules that a file imports."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def facade_tests(root: Path) -> list[str]:
    """Return the test files that can run on a wheel, those that need neither scripts/ nor a checkout."""
    ours = {path.stem for path in (root / "scripts").iterdir()}
    ours |= {path.stem for path in (root / "tests").rglob("*.py") if ours & {*imports(path)}}
    # tests/integration has environments of its own.
    found = sorted(path for path in (root / "tests").glob("**/test_*.py") if path.parent.name != "integration")
    return [
        path.relative_to(root).as_posix()
        for path in found
        if path.name not in CHECKOUT_ONLY and path.stem not in ours and not ours & {*imports(path)}
    ]


def pinned(names: Iterable[str], lock: str) -> list[str]:
    """Return the names with the versions that a lock file has."""
    versions = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.MULTILINE))
    return [f"{name}=={versions[name]}" for name in names]


def direct() -> set[str]:
    """Return the names of the dependencies in pyproject.toml, extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [name for listed in project["optional-dependencies"].values() for name in listed]
    return {re.split(r"[^\w.-]", name)[0] for name in (*project["dependencies"], *extras)}


def check_installed(wheel: Path, resolution: str, python: str, folder: Path) -> None:
    """Install the wheel with the lowest or the highest versions of its dependencies, and run the tests."""
    uv, environment = (sys.executable, "-m", "uv", "--quiet"), folder / "venv"
    wanted = folder / "requirements.txt"
    options = [
        f"--resolution={resolution}",
        f"--python-version={python}",
        "--no-header",
        "--no-annotate",
        "--all-extras",
    ]
    run(*uv, "pip", "compile", ROOT / "pyproject.toml", *options, "--output-file", wanted)
    run(*uv, "venv", f"--python={python}", environment)
    interpreter = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    tools = pinned(TOOLS.split(), (ROOT / "requirements" / "dev.txt").read_text("utf-8"))
    run(*uv, "pip", "install", f"--python={interpreter}", "-r", wanted, "-c", wanted, *tools)
    run(*uv, "pip", "install", f"--python={interpreter}", "--no-deps", wheel)
    run(*uv, "pip", "check", f"--python={interpreter}")
    for name in ("tests", "openapi"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", folder / "pyproject.toml")
    chosen = [line for line in wanted.read_text("utf-8").split() if line.partition("==")[0] in direct()]
    say(f"  Python {python}: {', '.join(chosen)}")
    pytest = (interpreter, "-m", "pytest", "-q", "-rfs", "-o", "pythonpath=", "-o", "addopts=--strict-markers")
    try:
        said = run(*pytest, "-nauto", *facade_tests(ROOT), cwd=folder)
    except CheckError as error:
        # Some tests measure times, and may fail if the machine is busy; one that fails again, alone, has another cause.
        say(f"{error}\n  once more, one at a time:")
        said = run(*pytest, "--last-failed", "--last-failed-no-failures=none", *facade_tests(ROOT), cwd=folder)
    # A test that was skipped proves nothing, so it is printed with its reason.
    for line in [line for line in said.splitlines() if line.startswith("SKIPPED")] + said.splitlines()[-1:]:
        say(f"  {line.strip('= ')}")


def main(arguments: list[str] | None = None) -> int:
    """Check everything; return 0 if all is well, 1 after printing the error if not."""
    parser = argparse.ArgumentParser(description="Check a release before it is made.")
    parser.add_argument("--tag", help="the tag that this is released under")
    parser.add_argument("--into", type=Path, default=ROOT / "dist", metavar="FOLDER")
    parser.add_argument(
        "--python", type=Path, default=TESTS_PYTHON, help="of the environment of the tests: .venv's, if not given"
    )
    parser.add_argument("--without-tests", action="store_true", help="leave out the installations")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="mantago-release-") as temporary:
            check(Path(temporary), options)
    except CheckError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    say(f"all is well: {options.into}")
    return 0


def check(folder: Path, options: argparse.Namespace) -> None:
    """Do all checks in a temporary folder."""
    say("Look for open decisions")
    check_names(options.python)
    say("Build twice, in other folders and surroundings")
    one = copy(folder / "one", mask=0o022, moment=1_700_000_000)
    other = copy(folder / "a far longer name", mask=0o077, moment=946_684_800)
    first = build(one, folder / "first", TZ="UTC", LC_ALL="C", PYTHONHASHSEED="1")
    second = build(other, folder / "second", MASK="077", TZ="Asia/Taipei", LC_ALL="C.UTF-8", PYTHONHASHSEED="2")
    same(first, second)
    [wheel], [sdist] = first.glob("*.whl"), first.glob("*.tar.gz")
    # build makes the wheel from the sdist, as everyone does who installs without wheels; the tree must give the same.
    same_wheel = build(one, folder / "third", "--wheel")
    if hashes(same_wheel)[wheel.name] != hashes(first)[wheel.name]:
        raise CheckError(f"{wheel.name} isn't the same from the tree and from the sdist")
    for name, value in hashes(first).items():
        say(f"  {name} {value}")
    say("Look at metadata, README, licence and version")
    run(sys.executable, "-m", "twine", "check", "--strict", wheel, sdist)
    check_readme(str(metadata_of(wheel).get_payload()))
    check_contents(wheel, sdist, (ROOT / "LICENSE").read_bytes())
    found = VERSION.search((ROOT / "facade" / "mantago" / "__init__.py").read_text("utf-8"))
    version = found[1] if found else "none"
    if wheel.name.split("-")[1] != version:
        raise CheckError(f"{wheel.name} is not of version {version}")
    if options.tag:
        check_urls(wheel)
        check_tag(options.tag, version, (ROOT / "CHANGELOG.md").read_text("utf-8"))
    if not options.without_tests:
        running = f"{sys.version_info[0]}.{sys.version_info[1]}"
        for resolution, python in (("lowest-direct", "3.11"), ("highest", running)):
            say(f"Run the tests with the {resolution} versions of its dependencies")
            place = folder / resolution
            place.mkdir()
            check_installed(wheel, resolution, python, place)
    shutil.rmtree(options.into, ignore_errors=True)
    shutil.copytree(first, options.into)


if __name__ == "__main__":
    raise SystemExit(main())
