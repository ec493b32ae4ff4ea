"""The command `mantago`, also `python -m mantago`: says so if the command line isn't installed."""

import json
import sys


def main() -> int:
    """Run the command line; return its exit status, see `mantago.cli`."""
    try:
        from mantago import cli  # noqa: PLC0415 - needs an extra

        return cli.main()
    except ImportError as error:
        if error.name and error.name.startswith("mantago"):
            raise
        text = "the command line needs an extra: pip install 'mantago[cli]'"
        document = {"class": type(error).__name__, "message": text, "exit_status": 2}
        print(json.dumps(document) if "--json" in sys.argv else f"error: {text}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
