"""One YAML file as plain values, and where each of them stands. YAML 1.2: `no` is a word, `12:30` is not a number.

Knows the parser, and refuses what nobody needs in a settings file and what can be read in two ways: keys that stand
there twice, anchors and aliases, tags, a second document. Leaves the meaning of the values to config_schema.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from achterwacht.config import FILE_MAX_BYTES
from achterwacht.errors import Mistake

KeyPath = tuple[str | int, ...]
"""The way to a value: keys, and places in lists counted from 0."""

Spot = tuple[int, int]
"""Line and column, both from 1."""

EACH = "*"
"""In a path that is looked for: every item of a list."""

# Our files are six deep. Without a bound, ten thousand brackets would end the parser instead of the reading.
DEPTH_MAX = 20

# A message is for one line of a terminal; a key or value can be as long as the file.
SHOWN_MAX = 60
PROBLEM_MAX = 400

_YAML = "tag:yaml.org,2002:"
_SCALARS = {f"{_YAML}{kind}" for kind in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value")}

_LAYOUT = ": is this line indented like its neighbours? is a colon missing, or a text with a colon not in quotes?"
_BRACKETS = ": is a comma or bracket missing?"
# By what the parser was at, or else by what it says.
_HINTS = {
    "mapping values are not allowed here": _LAYOUT,
    "while parsing a block mapping": _LAYOUT,
    "while parsing a block collection": _LAYOUT,
    "while scanning a simple key": _LAYOUT,
    "while parsing a flow mapping": _BRACKETS,
    "while parsing a flow sequence": _BRACKETS,
    "while scanning a quoted scalar": ": is a quote missing?",
}


def read_yaml(file: str, text: bytes) -> Document:
    """The file's values, and its mistakes so far; never raises."""
    document = Document(file)
    if len(text) > FILE_MAX_BYTES:
        document.note((1, 1), "file", f"is too large, expected at most {FILE_MAX_BYTES} bytes")
        return document
    text = text.removeprefix(BOM_UTF8)  # some editors on Windows write it
    try:
        root = _parser().compose(text.decode())
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 (byte 0x{text[error.start]:02x}), expected a text file in UTF-8"
        document.note(_spot_after(text[: error.start].decode()), "file", problem)
    except ReaderError as error:
        problem = f"the character U+{error.character:04X} is not allowed, expected plain text"
        document.note(_spot_after(text.decode()[: error.position]), "file", problem)
    except MaxDepthExceededError as error:
        problem = f"is nested deeper than {DEPTH_MAX} brackets, expected plain settings"
        document.note(_spot(error.problem_mark), "yaml", problem)
    except MarkedYAMLError as error:
        document.note(_spot(error.problem_mark), "yaml", _said(error))
    except Exception as error:  # the parser is not ours: whatever else it says of a bad text is about the text
        problem = f"cannot be read ({type(error).__name__}: {error}), expected YAML"
        document.note((1, 1), "yaml", problem)
    else:
        if root is None:
            document.note((1, 1), "file", "holds nothing, expected settings")
        else:
            document.plain = document.take(root, ())
            document.readable = True
    return document


class Document:
    """One file: its values as dicts, lists and scalars in `plain`, and the spot (line, column) of each by its path."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.plain: Any = None
        self.readable = False
        """Whether `plain` is what the file says: all of it, but for values that have a mistake already."""
        self.mistakes: list[Mistake] = []
        self.spots: dict[KeyPath, Spot] = {}
        self.key_spots: dict[KeyPath, Spot] = {}
        self.written: dict[KeyPath, str] = {}
        self._seen: set[int] = set()
        self._blamed: set[KeyPath] = set()

    def blame(self, path: KeyPath, problem: str) -> None:
        """Notes a mistake at a value, or at the nearest block around it when it is not there. The first says enough."""
        if path in self._blamed:
            return
        self._blamed.add(path)
        there = path
        while there not in self.spots and there:
            there = there[:-1]
        self.note(self.spots.get(there, (1, 1)), key_name(path), problem)

    def blame_key(self, path: KeyPath, problem: str) -> None:
        """Notes a mistake at a key."""
        self.note(self.key_spots[path], key_name(path), problem)

    def note(self, spot: Spot, key: str, problem: str) -> None:
        self.mistakes.append(Mistake(self.file, *spot, one_line(key, SHOWN_MAX), one_line(problem, PROBLEM_MAX)))

    def each(self, *pattern: str) -> Iterator[tuple[KeyPath, Any]]:
        """Every value on such a path, for example `each("zenders", EACH, "nr")`; skips whatever has another shape."""
        yield from _each(self.plain, pattern, ())

    def describe(self, path: KeyPath, value: Any) -> str:
        """A value as a message shows it: as it was written."""
        if isinstance(value, dict):
            return "a block of keys"
        if isinstance(value, list):
            return f"a list of {len(value)}" if value else "an empty list"
        if value is None:
            return "empty"
        if isinstance(value, str):
            return f"the text {shown(value)}"
        return self.written[path][:SHOWN_MAX]

    def take(self, node: Node, path: KeyPath) -> Any:
        """The node's value; notes the spots of everything in it, and what is wrong with it as YAML."""
        self.spots[path] = _spot(node.start_mark)
        if id(node) in self._seen:
            self.blame(path, "is an alias (*name), expected the value written out")
            return None
        self._seen.add(id(node))
        if isinstance(node, MappingNode):
            self._refuse_tag(node, path, {f"{_YAML}map"})
            return self._take_keys(node, path)
        if isinstance(node, SequenceNode):
            self._refuse_tag(node, path, {f"{_YAML}seq"})
            return [self.take(item, (*path, index)) for index, item in enumerate(node.value)]
        self._refuse_tag(node, path, _SCALARS)
        self.written[path] = node.value
        return _scalar(node)

    def _take_keys(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for key_node, value_node in node.value:
            spot = _spot(key_node.start_mark)
            key = key_node.value
            if not isinstance(key_node, ScalarNode):
                self.note(spot, key_name(path), "holds a list or block as a key, expected a word")
                continue
            if key in plain:
                first, _ = self.key_spots[(*path, key)]
                self.note(spot, key_name((*path, key)), f"stands there twice, first in line {first}, expected once")
                continue
            self.key_spots[(*path, key)] = spot
            plain[key] = self.take(value_node, (*path, key))
            if plain[key] is None and not value_node.value:
                self.spots[(*path, key)] = spot  # nothing stands there; the parser says: on the next line
        return plain

    def _refuse_tag(self, node: Node, path: KeyPath, known: set[str]) -> None:
        if str(node.tag) not in known:
            self.blame(path, f"has a tag ({node.tag}), expected the plain value")


def key_name(path: KeyPath) -> str:
    """A path as messages name it: `zenders.1.nr`; the whole file is `file`."""
    return ".".join(map(str, path)) or "file"


def one_line(text: str, longest: int) -> str:
    """A text that any terminal and log can show on one line."""
    plain = " ".join(text.split()).encode("utf-8", "backslashreplace").decode()
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"


def shown(text: str) -> str:
    """A text between quotes, with whatever cannot be seen made visible, and not too long."""
    return repr(text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…")


def _parser() -> YAML:
    parser = YAML(typ="safe", pure=True)  # the one in C speaks YAML 1.1
    parser.max_depth = DEPTH_MAX
    return parser


def _said(error: MarkedYAMLError) -> str:
    """What the parser says; a quote or bracket that is not closed is found where it was opened."""
    problem = str(error.problem)
    if r"'\t'" in problem:
        return "a tab cannot stand here, expected spaces"
    if problem == "but found another document":
        return "a second document begins here, expected one document"
    opened = f" {error.context} that begins in line {error.context_mark.line + 1}" if error.context_mark else ""
    return f"{problem}{opened}{_HINTS.get(error.context or problem, ', expected YAML')}"


def _spot(mark: Any) -> Spot:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _spot_after(before: str) -> Spot:
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _scalar(node: Node) -> Any:
    """What a plain word stands for; what only looks like a number (0b12) stays the text that it is."""
    kind = str(node.tag).removeprefix(_YAML)
    try:
        if kind == "null":
            return None
        if kind == "bool":
            return {"true": True, "false": False}.get(node.value.lower(), node.value)
        if kind == "int":
            return int(node.value)
        if kind == "float":
            return float(node.value)  # not .inf and .nan: no setting is
    except ValueError:
        pass
    return node.value


def _each(value: Any, pattern: tuple[str, ...], path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    if not pattern:
        yield path, value
    elif pattern[0] == EACH:
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from _each(item, pattern[1:], (*path, index))
    elif isinstance(value, dict) and pattern[0] in value:
        yield from _each(value[pattern[0]], pattern[1:], (*path, pattern[0]))
