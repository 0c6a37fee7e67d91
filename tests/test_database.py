"""Opening, migrating, transactions and the lock of the one sync."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, text

from assistant import database as tables
from assistant.database import MIGRATIONS, Database, newest_revision
from assistant.errors import ConfigurationError, LibraryError
from assistant.settings import StoreSettings

ROOT = Path(__file__).resolve().parent.parent
OPEN = "from assistant.database import Database; from assistant.settings import StoreSettings; "
OPEN += "import sys; from pathlib import Path; "
OPEN += "database = Database.open(StoreSettings(), Path(sys.argv[1])); "


def opened(folder: Path) -> Database:
    return Database.open(StoreSettings(), folder)


def process(folder: Path, code: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", OPEN + code, str(folder)]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def add_generation(database: Database, fingerprint: str) -> None:
    with database.write() as connection:
        connection.execute(insert(tables.generations), {"fingerprint": fingerprint, "number": 1})


def fingerprints(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.scalars(select(tables.generations.c.fingerprint)))


def test_a_blank_database_gets_exactly_the_declared_tables(tmp_path: Path) -> None:
    database = opened(tmp_path)
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
        assert connection.scalar(text("SELECT version_num FROM alembic_version"))


def test_opening_again_keeps_what_is_there(tmp_path: Path) -> None:
    first = opened(tmp_path)
    add_generation(first, "kept")
    first.close()
    assert fingerprints(opened(tmp_path)) == ["kept"]


def test_a_database_with_an_empty_version_table_is_upgraded(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "assistant.sqlite3") as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    add_generation(opened(tmp_path), "works")
    assert fingerprints(opened(tmp_path)) == ["works"]


def test_the_version_looked_for_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == newest_revision()


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with sqlite3.connect(tmp_path / "assistant.sqlite3") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LibraryError, match="newer version"):
        opened(tmp_path)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "assistant.sqlite3").write_bytes(b"not a database at all" * 100)
    with pytest.raises(LibraryError, match=r"assistant\.sqlite3"):
        opened(tmp_path)


def test_processes_that_open_a_blank_database_at_once_all_succeed(tmp_path: Path) -> None:
    processes = [process(tmp_path, "print('open')") for _ in range(3)]
    results = [one.communicate() for one in processes]
    assert [out.strip() for out, _ in results] == ["open"] * 3, results


def test_alembic_is_imported_only_to_migrate(tmp_path: Path) -> None:
    opened(tmp_path).close()
    out, _ = process(tmp_path, "print('alembic' in sys.modules)").communicate()
    assert out.strip() == "False"


def test_a_setting_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "elsewhere" / "records.sqlite3"
    Database.open(StoreSettings(database=f"sqlite:///{file}"), tmp_path).close()
    assert file.exists()


@pytest.mark.parametrize("address", ["postgresql://host/name", "sqlite://", "nonsense"])
def test_an_address_that_is_not_supported_is_a_wrong_setting(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigurationError, match="ASSISTANT_STORE__DATABASE"):
        Database.open(StoreSettings(database=address), tmp_path)


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    database = opened(tmp_path)
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        connection.execute(insert(tables.generations), {"fingerprint": "x", "number": 1})
        connection.execute(text("CREATE TABLE made_inside (a)"))
        raise ZeroDivisionError
    assert fingerprints(database) == []
    with database.read() as connection:
        found = connection.scalar(
            text("SELECT count(*) FROM sqlite_master WHERE name='made_inside'")
        )
    assert found == 0


def test_a_refused_change_is_a_library_error(tmp_path: Path) -> None:
    database = opened(tmp_path)
    add_generation(database, "once")
    with pytest.raises(LibraryError, match="refuses to write"):
        add_generation(database, "once")


def test_writers_of_several_threads_wait_for_each_other(tmp_path: Path) -> None:
    database = opened(tmp_path)
    threads = [
        threading.Thread(
            target=lambda n=n: [add_generation(database, f"{n}-{i}") for i in range(20)]
        )
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fingerprints(database)) == 120


def test_a_second_sync_is_refused_and_told_who_runs(tmp_path: Path) -> None:
    first, second = opened(tmp_path), opened(tmp_path)
    with first.sync_lock():
        with pytest.raises(LibraryError, match=f"process {os.getpid()}"), second.sync_lock():
            pass
        with pytest.raises(LibraryError), first.sync_lock():
            pass
    with second.sync_lock():
        pass


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    code = "lock = database.sync_lock(); lock.__enter__(); print('held', flush=True); "
    holder = process(tmp_path, code + "sys.stdin.read()")
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == "held"
    database = opened(tmp_path)
    with pytest.raises(LibraryError, match=str(holder.pid)), database.sync_lock():
        pass
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with database.sync_lock():
        pass
