"""The command `clouddp`: finds the program behind the first word and imports nothing else, so that help is instant."""

import difflib
import gc
import sys
from importlib import import_module
from importlib.metadata import version
from types import ModuleType
from typing import Final

from clouddp.language.command_line import chosen_language
from clouddp.language.translate import translate

PROGRAMS: Final = {
    "demo": "clouddp.demo.commands",
    "site": "clouddp.roles",
    "fabric": "clouddp.fabric.commands",
    "distribution-point": "clouddp.distribution_point.commands",
    "cloud-dp": "clouddp.admin.commands.cloud_dp",
    "content": "clouddp.admin.commands.content",
    "group": "clouddp.admin.commands.group",
    "bandwidth": "clouddp.admin.commands.bandwidth",
    "registration-token": "clouddp.admin.commands.registration_token",
    "client-settings": "clouddp.admin.commands.client_settings",
    "status-message": "clouddp.admin.commands.status_message",
    "dns": "clouddp.admin.commands.dns",
    "certificate": "clouddp.network.commands",
    "client": "clouddp.client.commands",
}


def main() -> None:
    """Run the command line."""
    words = sys.argv[1:]
    if not words or words[0] in ("-h", "--help"):
        sys.stdout.write(_help())
    elif words[0] == "--version":
        sys.stdout.write(f"clouddp {version('clouddp')}\n")
    elif words[0] in PROGRAMS:
        program = _load(PROGRAMS[words[0]])
        program.app(args=words[1:], prog_name=f"clouddp {words[0]}")
    else:
        sys.stderr.write(_unknown(words[0]))
        sys.exit(2)


def _load(module: str) -> ModuleType:
    """Import a program; what it makes meanwhile stays to the end, so looking for garbage would be for nothing."""
    gc.disable()
    program = import_module(module)
    gc.freeze()
    gc.enable()
    return program


def _help() -> str:
    language = chosen_language()
    width = max(map(len, PROGRAMS))
    lines = [f"  {name:<{width}}  {translate(f'command_line.{_key(name)}', language=language)}" for name in PROGRAMS]
    usage = translate("command_line.usage", language=language)
    return "\n".join([usage, "", *lines, "", translate("command_line.more", language=language), ""])


def _unknown(word: str) -> str:
    close = difflib.get_close_matches(word, PROGRAMS, n=1)
    code = "command_line.unknown_did_you_mean" if close else "command_line.unknown"
    arguments = {"word": word, "close": close[0] if close else ""}
    return translate(code, arguments, language=chosen_language()) + "\n"


def _key(name: str) -> str:
    return name.replace("-", "_")


if __name__ == "__main__":
    main()
