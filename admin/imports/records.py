"""Reads the records of a file one after the other: JSON Lines, CSV, or one JSON document with an array in it.

A record that cannot be read stops no other. No record is kept, so a file may be larger than the memory.
"""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

from edge_auth.strict_json import NotStrictJson, json_object

CHUNK_CHARACTERS = 1 << 16
_SPACE = " \t\r\n"


class Record(NamedTuple):
    """One record. `place` says where it is, such as `line 7`. `members` is None if it cannot be read."""

    place: str
    members: dict[str, object] | None


class UnreadableFile(Exception):
    """The file is not of the format, so nothing can be read from it. The text says why."""


Reader = Callable[[Path], Iterator[Record]]


def json_lines(path: Path) -> Iterator[Record]:
    """Read JSON Lines (NDJSON): a JSON object a line. Empty lines do not count."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            bare = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if bare.strip():
                yield Record(f"line {number}", _object(bare))


def csv_rows(path: Path) -> Iterator[Record]:
    """Read CSV (RFC 4180) whose first line has the names. A field that is not there is empty."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        rows = csv.reader(file, strict=True)
        try:
            names = next(rows, [])
        except csv.Error:
            names = []
        if not names or len({*names}) != len(names):
            raise UnreadableFile("the first line of a CSV file has the names of its columns, each one once")
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error:
                yield Record(f"line {rows.line_num}", None)
                continue
            if row:
                fits = len(row) == len(names)
                members: dict[str, object] | None = dict(zip(names, row, strict=True)) if fits else None
                yield Record(f"line {rows.line_num}", members)


def array_of(name: str) -> Reader:
    """Return what reads one JSON document: an object whose member of this name is an array of objects."""

    def read(path: Path) -> Iterator[Record]:
        with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
            document = _Document(file)
            try:
                document.expect("{")
                while document.value() != name:
                    document.expect(":")
                    document.value()
                    document.expect(",")
                document.expect(":")
                document.expect("[")
                number = 0
                while not document.ends_with("]", is_first=number == 0):
                    number += 1
                    value = document.value()
                    yield Record(f"entry {number}", value if isinstance(value, dict) else None)
            except ValueError as error:
                raise UnreadableFile(f"the file is no JSON document with an array {name!r} ({error})") from None

    return read


class _Document:
    """A JSON document that is read in pieces. Each method raises ValueError if the document goes on otherwise."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._decoder = json.JSONDecoder()

    def expect(self, character: str) -> None:
        """Read this character."""
        if self._next() != character:
            raise ValueError(f"there is no {character} where one must be")
        self._at += 1

    def ends_with(self, character: str, *, is_first: bool) -> bool:
        """Read what is between two values of an array: this character, which ends it, or a comma."""
        if self._next() == character:
            self._at += 1
            return True
        if not is_first:
            self.expect(",")
        return False

    def value(self) -> object:
        """Read a whole value."""
        self._next()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except (ValueError, RecursionError):
                if not self._more():
                    raise ValueError("a value is damaged") from None
                continue
            if end == len(self._text) and self._more():
                continue  # a number may go on
            self._at = end
            return value

    def _next(self) -> str:
        """Return the next character that is no space, and leave it."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                raise ValueError("it ends too early")

    def _more(self) -> bool:
        """Read on: as much as there is unread, so that a large value is not decoded too often."""
        chunk = self._file.read(max(CHUNK_CHARACTERS, len(self._text) - self._at))
        self._text, self._at = self._text[self._at :] + chunk, 0
        return bool(chunk)


def _object(line: bytes) -> dict[str, object] | None:
    try:
        return json_object(line)
    except NotStrictJson:
        return None
