"""The documents, read for their headings, code blocks, tables and links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[2]

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
HEADING = re.compile(r"^(#{1,6}) (.+)$", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A piece of code: the `number`-th under a heading."""

    document: str
    section: str
    number: int
    language: str
    text: str
    line: int

    @property
    def name(self) -> str:
        return f"{self.document}#{self.section}-{self.number}"


class Document:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.relative_to(ROOT).as_posix()
        self.text = path.read_text(encoding="utf-8")
        # The same with code blanked out: a comment in Python is no heading.
        self.prose = FENCE.sub(lambda found: "\n" * found[0].count("\n"), self.text)

    @property
    def headings(self) -> list[tuple[int, str]]:
        return [(len(level), title) for level, title in HEADING.findall(self.prose)]

    @property
    def anchors(self) -> list[str]:
        return [slug(title) for _, title in self.headings]

    @property
    def links(self) -> list[str]:
        return LINK.findall(self.prose)

    @property
    def blocks(self) -> list[Block]:
        found: list[Block] = []
        for match in FENCE.finditer(self.text):
            section = self.section_at(match.start())
            number = sum(block.section == section for block in found) + 1
            line = self.text.count("\n", 0, match.start()) + 2
            text = dedent(match["text"])
            found.append(Block(self.name, section, number, match["language"], text, line))
        return found

    def section_at(self, position: int) -> str:
        line = self.text.count("\n", 0, position)
        before = "\n".join(self.prose.splitlines()[:line])
        return slug(HEADING.findall(before)[-1][1])

    def part(self, title: str) -> str:
        """Return the prose under a heading, down to the next heading of any level."""
        start = self.prose.index(f" {title}\n") + len(title) + 2
        following = HEADING.search(self.prose, start)
        return self.prose[start : following.start() if following else None]

    def table(self, title: str) -> list[list[str]]:
        """Return the rows of the table under a heading, without its header."""
        lines = [line for line in self.part(title).splitlines() if line.startswith("|")]
        return [cells(line) for line in lines[2:]]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def code(cell: str) -> str:
    """Return what stands in backticks in a table's cell."""
    found = re.match(r"`([^`]*)`", cell)
    assert found, cell
    return found[1]


def slug(title: str) -> str:
    """Return the anchor that Git hosts give a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@cache
def document(name: str) -> Document:
    return Document(ROOT / name)


README = document("README.md")
GUIDE = document("SESSION_MANAGEMENT_GUIDE.md")
ALL = [README, GUIDE, *(Document(path) for path in sorted(ROOT.glob("docs/*.md")))]
BLOCKS = [*README.blocks, *GUIDE.blocks]
