"""The command ``mcp``: a server by which an assistant reads experiments."""

import sys

from app.cli.client import say


def mcp() -> None:
    """Serve experiments to an assistant, read-only, over the Model Context Protocol on stdin and stdout.

    An assistant starts this command by itself: the guide's page "Ask an assistant" has its configuration.
    """
    from app.cli.assistant.server import serve  # the protocol's package takes half a second to import

    if sys.stdin.isatty():
        say("This command speaks the Model Context Protocol, with a program. Ctrl-C ends it.")
    serve()
