"""Show the main job against the sandbox: a client's gifts by client id, another's by LINE id, and a refusal."""

from __future__ import annotations

import os
import shlex

from mantago import cli
from mantago.sandbox import CLIENTS, Sandbox


def main() -> int:
    """Run three commands as a person would; return 0 if each ended as it should."""
    ids = [found for client in CLIENTS[1:] for found in client.platform_ids]
    line_id = next(found.platform_client_id for found in ids if found.platform == "line")
    steps = [
        ("The gifts of one client, by MantaGO's own id:", ["--client-id", CLIENTS[0].id], 0),
        ("The gifts of another, by LINE's id:", ["--platform", "line", "--platform-client-id", line_id], 0),
        ("A client that doesn't exist is refused, and that is one line:", ["--client-id", "client_not_found"], 1),
    ]
    print("MantaGO keeps gifts for the clients of a shop's chat bot: coupons (tickets), physical and virtual gifts.")
    print("Here a stand-in for the service runs on this machine; nothing leaves it.")
    with Sandbox() as sandbox:
        # A proxy that the environment names couldn't reach this machine.
        os.environ |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        for name in ("base_url", "bot_id", "token", "secret"):
            os.environ[f"MANTAGO_{name.upper()}"] = getattr(sandbox, name)
        for title, options, expected in steps:
            command = ["gifts", *options]
            print(f"\n{title}\n$ mantago {shlex.join(command)}", flush=True)
            status = cli.main(command)
            print(f"(exit status {status})", flush=True)
            if status != expected:
                return 1
    print("\nThat's all: README.md says how to do the same in Python.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
