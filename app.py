"""The command for the page: `python app.py [--host H] [--port P]`.

Arguments are read before anything heavy is imported, so `--help` answers at once; the models load
in the background while the page is already served.
"""

from __future__ import annotations

import argparse
import socket
import sys


def parse_arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; wrong arguments end with status 2."""
    parser = argparse.ArgumentParser(prog="app.py", description="Serve DP Assistant in the browser")
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on (127.0.0.1)")
    parser.add_argument("--port", type=_port, default=7860, help="port to serve on (7860)")
    return parser.parse_args(given)


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def listen(host: str, port: int) -> socket.socket:
    """Take the port before the slow imports; one that is taken ends with status 1 and a line."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        sys.exit(f"app.py: cannot serve on {host}:{port}: {error.strerror}; try another --port")
    return listener


if __name__ == "__main__":
    options = parse_arguments()
    bound = listen(options.host, options.port)

    from assistant.ui.serving import serve

    sys.exit(serve(bound))
