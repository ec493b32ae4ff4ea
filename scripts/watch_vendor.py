"""Compare the published spec with the vendored one, and write the text of an issue if they differ.

    python scripts/watch_vendor.py SOURCE... [--into FOLDER]

Sources are as for import_spec.py, usually the addresses of the vendor's pages. The exit status is 0 if nothing
changed, 1 if something did (title.txt and body.md are then in FOLDER, or printed), 2 if a source can't be read.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from contract import render, sources, spec
from contract.changes import Report, sorted_unique
from contract.documents import Document
from import_spec import errata, plan
from vendoring.sources import collect
from vendoring.vendored import ScriptError, Vendored, read_spec, run


def issue(given: list[str], vendored: Vendored) -> tuple[str, str] | None:
    """Return the title and the body of an issue, None if the published spec is the vendored one."""
    found, _ = collect(given, errata(vendored))
    old = sources.load(str(vendored.spec), vendored)
    shown = " ".join(source.shown for source in found)
    try:
        planned = plan(found, vendored, bump=True)
    except ScriptError as error:
        title = f"The vendor's pages no longer fit version {old.version}"
        text = f"An import of the published spec is refused:\n\n```\n{error}\n```\n\nIf it is the whole API, try:\n"
        return title, f"{text}\n    python scripts/upgrade.py --complete {shown}\n"
    if planned.spec == read_spec(vendored):
        return None
    new = Document("the published document", planned.spec)
    report = Report(f"vendored {old.version}", f"published {new.version}", sorted_unique(spec.compare(old, new)))
    title = f"The vendor published version {new.version}"
    if new.version == old.version:
        title = f"The vendor changed version {new.version} without a new number"
    body = f"{render.as_markdown(report)}\nTo take it over:\n\n    python scripts/upgrade.py {shown}\n"
    return title, body


def main(arguments: list[str] | None = None, vendored: Vendored | None = None) -> int:
    """Compare and write the issue's text; return the exit status."""
    parser = argparse.ArgumentParser(
        description="Find out whether the vendor published something new.", allow_abbrev=False
    )
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="as for import_spec.py")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="write title.txt and body.md there")
    options = parser.parse_args(arguments)
    written = issue(options.sources, vendored or Vendored())
    if written is None:
        print("nothing changed: the published spec is the vendored one")
        return 0
    if options.into:
        options.into.mkdir(parents=True, exist_ok=True)
        for name, text in zip(("title.txt", "body.md"), written, strict=True):
            (options.into / name).write_text(text, "utf-8")
    else:
        print("\n\n".join(written), end="")
    return 1


if __name__ == "__main__":
    raise SystemExit(run(main))
