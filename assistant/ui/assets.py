"""The page's own style sheet and script, addressed by their content so that browsers keep them."""

from __future__ import annotations

from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

CHARTS = "plotly.js"
FOLDER = Path(__file__).resolve().parent
ASSETS = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "work.css": "text/css",
    "work.js": "text/javascript",
}
TITLE = "服务商智囊 · DP Assistant"
FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<rect width="32" height="32" rx="8" fill="#c8402f"/>'
    '<path d="M9 9h14v10H15l-6 5z" fill="none" stroke="#fff" stroke-width="2.4" '
    'stroke-linejoin="round"/><path d="M13 14l2.2 2.2L20 11.6" fill="none" stroke="#fff" '
    'stroke-width="2.4" stroke-linecap="round"/></svg>'
)


def asset(name: str) -> tuple[bytes, str] | None:
    """Give an asset's content and media type; None for a name that is none of ours."""
    if name == CHARTS:
        return _charts().read_bytes(), "text/javascript"
    if name not in ASSETS:
        return None
    return (FOLDER / name).read_bytes(), ASSETS[name]


def _charts() -> Path:
    """Find the script that Plotly's package carries, without loading the package."""
    found = find_spec("plotly")
    assert found and found.origin
    return Path(found.origin).parent / "package_data" / "plotly.min.js"


def asset_address(name: str) -> str:
    """Give the address of an asset; it changes with the content."""
    digest = sha256((FOLDER / name).read_bytes()).hexdigest()[:12]
    return f"/page/{name}?{digest}"
