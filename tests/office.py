"""LibreOffice and pdftoppm for tests: recalculate workbooks, convert documents, look at pages.

Every process of tests works in its own profile, so nothing of a user's settings matters and test
processes do not meet; the profile makes LibreOffice compute every formula anew when it loads.
"""

from __future__ import annotations

import subprocess
import tempfile
from functools import cache
from pathlib import Path

_SECONDS = 180
_KEPT: list[tempfile.TemporaryDirectory[str]] = []  # deleted when the process ends
_RECALCULATE = "".join(
    '<item oor:path="/org.openoffice.Office.Calc/Formula/Load">'
    f'<prop oor:name="{kind}RecalcMode" oor:op="fuse"><value>0</value></prop></item>'
    for kind in ("OOXML", "ODF")
)
_SETTINGS = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<oor:items xmlns:oor="http://openoffice.org/2001/registry">'
    f"{_RECALCULATE}</oor:items>"
)


@cache
def _profile() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="office-")
    _KEPT.append(folder)
    user = Path(folder.name) / "user"
    user.mkdir()
    (user / "registrymodifications.xcu").write_text(_SETTINGS, encoding="utf-8")
    return Path(folder.name)


def converted(source: Path, folder: Path, suffix: str) -> Path:
    """Convert a document (to "pdf", "xlsx", "docx", "txt" …) and give the new file in `folder`.

    `folder` must not be where the source lies; LibreOffice must succeed and say nothing of errors.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{source.stem}.{suffix}"
    target.unlink(missing_ok=True)
    ran = subprocess.run(
        [
            "soffice", f"-env:UserInstallation={_profile().as_uri()}", "--headless",
            "--norestore", "--convert-to", suffix, "--outdir", str(folder), str(source),
        ],
        capture_output=True, text=True, timeout=_SECONDS, check=False,
    )  # fmt: skip
    said = ran.stdout + ran.stderr
    assert ran.returncode == 0 and target.exists() and "Error" not in said, said
    return target


def recalculated(workbook: Path, folder: Path) -> Path:
    """Compute every formula of a workbook anew and give the copy that holds the results."""
    return converted(workbook, folder, "xlsx")


def page_images(document: Path, folder: Path, dots_per_inch: int = 70) -> list[Path]:
    """Draw every page of a document (through PDF unless it is one) as a PNG file, in order."""
    pdf = document if document.suffix == ".pdf" else converted(document, folder, "pdf")
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["pdftoppm", "-r", str(dots_per_inch), "-png", str(pdf), str(folder / pdf.stem)],
        capture_output=True, timeout=_SECONDS, check=True,
    )  # fmt: skip
    return sorted(folder.glob(f"{pdf.stem}-*.png"))
