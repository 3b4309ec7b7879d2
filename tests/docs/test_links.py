from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.documents import ALL, GUIDE, README, ROOT, Document, document, slug

every_document = pytest.mark.parametrize("doc", ALL, ids=lambda doc: doc.name)

#: Where a link may lead outside the repository: the example site.
OUTSIDE = ("http://127.0.0.1:8000/",)

#: Addresses of package registries, and paths of somebody's machine.
PRIVATE = re.compile(r"pypi|/simple/|index-url|/work/|/tmp/|/home/|/root/|file://", re.IGNORECASE)


@every_document
def test_every_link_leads_somewhere(doc: Document) -> None:
    broken = []
    for link in doc.links:
        file, _, anchor = link.partition("#")
        target = (doc.path.parent / file) if file else doc.path
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)

    assert broken == []


def anchors_of(file: Path) -> list[str]:
    return document(file.resolve().relative_to(ROOT).as_posix()).anchors


@every_document
def test_no_two_headings_have_the_same_anchor(doc: Document) -> None:
    assert sorted(set(doc.anchors)) == sorted(doc.anchors)


def test_the_contents_list_every_heading_in_order() -> None:
    listed = re.findall(r"^( *)- \[(.+)\]\(#(.+)\)$", GUIDE.part("Contents"), re.MULTILINE)
    found = [(2 + len(indent) // 2, title) for indent, title, _ in listed]
    depth = {title: level for level, title in GUIDE.headings}
    expected = [
        (level, title)
        for level, title in GUIDE.headings
        if title in {title for _, title in found} or level == 2
    ]

    assert found == [one for one in expected if one[1] != "Contents"]
    assert all(slug(title) == anchor for _, title, anchor in listed)
    assert all(depth[title] in {2, 3} for _, title in found)


@every_document
def test_no_registry_and_no_machine_is_named(doc: Document) -> None:
    assert PRIVATE.findall(doc.text) == []


@every_document
def test_links_stay_within_the_repository(doc: Document) -> None:
    outside = re.findall(r"https?://[^\s)>`\"]+", doc.prose)

    assert [address for address in outside if not address.startswith(OUTSIDE)] == []


@pytest.mark.parametrize("doc", [README, GUIDE], ids=lambda doc: doc.name)
def test_lines_are_at_most_a_hundred_characters_long(doc: Document) -> None:
    long = [line for line in doc.text.splitlines() if len(line) > 100 and not line.startswith("|")]

    assert long == []


@every_document
def test_documents_are_plain_text(doc: Document) -> None:
    assert set(doc.text) - {chr(code) for code in range(32, 127)} <= set("\n…")
