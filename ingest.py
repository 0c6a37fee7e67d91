"""Brings the library up to date with files, folders and addresses. See `--help`."""

from __future__ import annotations

import sys

from assistant.cli import ingest

if __name__ == "__main__":
    sys.exit(ingest(sys.argv[1:]))
