"""Show or install the script with which a shell completes the command line (extra `cli`)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from mantago_runtime.errors import ConfigurationError

PROGRAM = "mantago"
VARIABLE = "_MANTAGO_COMPLETE"
"""The environment variable by which a shell asks for completion instead of a command."""
SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")
_POSIX = {
    # where the script goes, which file the shell reads when it starts, and the line that this file needs
    "bash": (".bash_completions/mantago.sh", ".bashrc", "source ~/.bash_completions/mantago.sh"),
    "zsh": (".zfunc/_mantago", ".zshrc", "fpath+=~/.zfunc; autoload -Uz compinit; compinit"),
    "fish": (".config/fish/completions/mantago.fish", None, ""),
}
_RESTRICTED = "\nWhere PowerShell runs no scripts, it needs: Set-ExecutionPolicy RemoteSigned -Scope CurrentUser"


def login_shell() -> str:
    """Return the shell that a terminal of this user opens, in one word; "" where the environment doesn't say."""
    return Path(os.environ.get("SHELL") or ("powershell" if os.name == "nt" else "")).stem


def script(command: click.Command, shell: str) -> str:
    """Return the script that a shell reads to complete the command; "" means the login shell."""
    return _script(command, shell or login_shell())


def _script(command: click.Command, shell: str) -> str:
    kind = get_completion_class("powershell" if shell == "pwsh" else shell)
    if kind is None:
        named = f"{shell!r} isn't a shell that completion knows" if shell else "the environment doesn't say which shell"
        raise ConfigurationError(f"{named}: name one behind the option, {', '.join(SHELLS)}")
    return kind(command, {}, PROGRAM, VARIABLE).source()


def install(command: click.Command, shell: str) -> str:
    """Install completion for a shell, which has it from its next start on; return a message that says where."""
    shell = shell or login_shell()
    text = _script(command, shell)
    if shell in _POSIX:
        home = Path.home()
        place, start, line = _POSIX[shell]
        target, profile, hint = home / place, home / start if start else None, ""
    else:
        profile, hint = _profile_of(shell), _RESTRICTED
        target = profile.with_name("mantago-completion.ps1")
        line = f'. "{target}"'
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
        if profile:
            _add(profile, line)
    except OSError as error:
        raise ConfigurationError(f"completion can't be installed in {error.filename}: {error.strerror}") from None
    return f"{shell} completion installed in {target}\nIt takes effect in the next shell that you start.{hint}"


def _add(profile: Path, line: str) -> None:
    """Add a line to a file that a shell reads, unless it is there already; the rest of the file stays as it is."""
    content = profile.read_bytes() if profile.exists() else b""
    if line.encode() not in content.splitlines():
        separator = b"" if not content or content.endswith(b"\n") else b"\n"
        profile.write_bytes(content + separator + line.encode() + b"\n")


def _profile_of(shell: str) -> Path:
    """Return the file that PowerShell reads when it starts, which only PowerShell knows."""
    command = [shell, "-NoProfile", "-Command", "[Console]::OutputEncoding = [Text.Encoding]::UTF8; $PROFILE"]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)  # noqa: S603 - one of SHELLS
    except (OSError, subprocess.CalledProcessError) as error:
        raise ConfigurationError(f"{shell} doesn't say where its profile is: {error}") from None
    return Path(done.stdout.strip())
