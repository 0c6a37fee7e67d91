"""Plans and assessments of one owner are kept, version by version."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from assistant.archive import Archive
from assistant.database import Database
from assistant.errors import InputError
from assistant.settings import StoreSettings

BRIEF = {"brand": "示例女装", "budget_cny": 500000.5, "products": [{"name": "针织衫"}]}


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database.open(StoreSettings(), tmp_path)


@pytest.fixture
def archive(database: Database) -> Archive:
    return Archive(database, "me")


def test_a_work_comes_back_after_a_restart(archive: Archive, tmp_path: Path) -> None:
    name = archive.create("plan", "  618   方案 ", BRIEF)
    assert archive.finish(name, BRIEF, {"sections": [1]}, "first") == 1
    assert archive.finish(name, {**BRIEF, "budget_cny": 6}, {"sections": [2]}) == 2
    again = Archive(Database.open(StoreSettings(), tmp_path), "me")
    work = again.work(name)
    assert (work.title, work.kind, work.versions, work.draft) == ("618 方案", "plan", 2, BRIEF)
    assert [v.number for v in again.versions(name)] == [1, 2]
    assert again.version(name).result == {"sections": [2]}
    assert again.version(name, 1).inputs == BRIEF
    assert again.version(name, 1).comment == "first"


def test_the_draft_is_overwritten_and_versions_are_not(archive: Archive) -> None:
    name = archive.create("assessment", "自评", {"answers": {}})
    archive.finish(name, {"answers": {}}, {"score": 1})
    archive.keep(name, {"answers": {"a": 1}}, "另一个品牌")
    archive.keep(name, {"answers": {"a": 2}})
    assert archive.work(name).draft == {"answers": {"a": 2}}
    assert archive.work(name).title == "另一个品牌"
    assert archive.version(name).inputs == {"answers": {}}


def test_lists_are_by_kind_newest_first_and_searched_by_title(archive: Archive) -> None:
    for title in ("甲 Brand", "乙"):
        archive.create("plan", title, {})
    archive.create("assessment", "丙", {})
    assert [w.title for w in archive.list("plan")] == ["乙", "甲 Brand"]
    assert [w.title for w in archive.list("plan", "bRAND")] == ["甲 Brand"]
    assert archive.list("plan", "100%") == []


def test_another_owner_sees_nothing(archive: Archive, database: Database) -> None:
    name = archive.create("plan", "题", BRIEF)
    other = Archive(database, "you")
    assert other.list("plan") == []
    for act in (
        lambda: other.work(name),
        lambda: other.keep(name, {}),
        lambda: other.finish(name, {}, {}),
        lambda: other.versions(name),
        lambda: other.delete(name),
        lambda: other.rename(name, "x"),
    ):
        with pytest.raises(InputError, match="there is no plan or assessment"):
            act()
    assert archive.work(name).draft == BRIEF


def test_a_deleted_work_is_gone_with_its_versions(archive: Archive) -> None:
    name = archive.create("plan", "题", BRIEF)
    archive.finish(name, BRIEF, {})
    archive.delete(name)
    with pytest.raises(InputError, match="there is no plan"):
        archive.version(name)


def test_a_missing_version_and_an_empty_title_are_named(archive: Archive) -> None:
    name = archive.create("plan", "题", BRIEF)
    with pytest.raises(InputError, match="no version"):
        archive.version(name)
    with pytest.raises(InputError, match="a title is needed"):
        archive.rename(name, "  ")


def test_versions_made_at_once_get_numbers_of_their_own(archive: Archive) -> None:
    name = archive.create("plan", "题", BRIEF)
    numbers: list[int] = []
    threads = [
        threading.Thread(target=lambda: numbers.append(archive.finish(name, {}, {})))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 9))
