"""Every reason that the source can record in the trail, found by following the source back from where it is recorded.

A value that cannot be followed to words is an error, so that a new way to make a reason is not overlooked. Sentences
composed when recorded are not words; one that begins with a word and a colon counts as that word.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import tenantry
from tenantry.access.decision import Reason
from tenantry.audit import events

ROOT = Path(tenantry.__file__).parent
TYPED = ("cli",)
"""Packages in which a reason is text that people type."""

Node = TypeVar("Node", bound=ast.AST)
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Untold(Exception):
    """A value that this analysis cannot follow to words."""


class Source:
    """All modules, by what has a name in them. Of two functions of one name, both are followed: rather a word more."""

    def __init__(self, root: Path = ROOT) -> None:
        self.functions: dict[str, list[Function]] = {}
        self.constants: dict[str, list[ast.expr]] = {}
        self.classes: dict[str, list[ast.ClassDef]] = {}
        self.calls: dict[str, list[ast.Call]] = {}
        self.around: dict[ast.AST, ast.AST] = {}
        self.rooms: dict[ast.AST, str] = {}
        self.modules: dict[ast.AST, ast.Module] = {}
        for path in sorted(root.rglob("*.py")):
            self._read(ast.parse(path.read_text()), path.relative_to(root).parts[0])

    def _read(self, tree: ast.Module, room: str) -> None:
        for node in ast.walk(tree):
            self.rooms[node], self.modules[node] = room, tree
            for child in ast.iter_child_nodes(node):
                self.around[child] = node
            if isinstance(node, Function):
                self.functions.setdefault(node.name, []).append(node)
            elif isinstance(node, ast.ClassDef):
                self.classes.setdefault(node.name, []).append(node)
            elif isinstance(node, ast.Call):
                self.calls.setdefault(_last(node.func), []).append(node)
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                self.constants.setdefault(statement.targets[0].id, []).append(statement.value)

    def recorded(self) -> set[str]:
        """The words of the field `reason` of every event."""
        kinds = {kind.__name__ for kind in events.all_events() if "reason" in kind.__struct_fields__}
        found: set[str] = set()
        for name in kinds:
            for call in self.calls.get(name, []):
                for keyword in call.keywords:
                    if keyword.arg == "reason":
                        found |= self.words(keyword.value, frozenset())
        return found

    def words(self, value: ast.expr, seen: frozenset[ast.AST]) -> set[str]:
        """What `value` can be. Raises Untold."""
        if value in seen:
            return set()
        seen |= {value}
        match value:
            case ast.Constant(value=str(word)):
                return {word}
            case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_]):
                word, colon, _sentence = start.partition(":")
                return {word} if colon and " " not in word else set()
            case ast.Attribute(attr="reason", value=ast.Name() as holder):
                return self._reasons_of(holder, seen)
            case ast.Call(func=ast.Name(id="str"), args=[ast.Name() as holder]):
                return self._reasons_of(holder, seen)
        return self._all(self._parts(value), seen)

    def _parts(self, value: ast.expr) -> list[ast.expr]:
        """The expressions of which `value` is one."""
        match value:
            case ast.Constant(value=None):
                parts: list[ast.expr] = []
            case ast.IfExp():
                parts = [value.body, value.orelse]
            case ast.BoolOp():
                parts = value.values
            case ast.Await():
                parts = [value.value]
            case ast.Name():
                parts = self._values_of(value)
            case ast.Call(func=ast.Name(id="next"), args=[ast.GeneratorExp(elt=ast.Name() as part) as rows, default]):
                parts = [*self._chosen(rows, part.id), default]
            case ast.Call() if _last(value.func) in self.functions:
                parts = list(self._returns(value))
            case _:
                raise Untold(f"{self.rooms[value]}, line {value.lineno}: {ast.unparse(value)}")
        return parts

    def _all(self, values: list[ast.expr], seen: frozenset[ast.AST]) -> set[str]:
        return {word for value in values for word in self.words(value, seen)}

    def _returns(self, call: ast.Call) -> Iterator[ast.expr]:
        name = _last(call.func)
        for function in self._within(name, call, self.functions[name]):
            for node in ast.walk(function):
                if isinstance(node, ast.Return) and node.value is not None:
                    yield node.value

    def _within(self, name: str, here: ast.AST, found: Sequence[Node]) -> list[Node]:
        """A private name is one of this module."""
        return [each for each in found if not name.startswith("_") or self.modules[each] is self.modules[here]]

    def _values_of(self, name: ast.Name) -> list[ast.expr]:
        """What the name was given: in its function, by its callers, or in some module."""
        function = self._function_around(name)
        while function is not None:
            given = list(self._given(function, name.id))
            if given:
                return given
            if name.id in _parameters(function):
                return self._arguments(function, name.id)
            function = self._function_around(function)
        if name.id in self.constants:
            return self.constants[name.id]
        raise Untold(f"{self.rooms[name]}, line {name.lineno}: {name.id}")

    def _given(self, function: Function, name: str) -> Iterator[ast.expr]:
        for node in ast.walk(function):
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    yield from self._part(target, node.value, name)
            elif isinstance(node, ast.For):
                yield from self._rows(node.target, node.iter, name)

    def _chosen(self, rows: ast.GeneratorExp, name: str) -> Iterator[ast.expr]:
        for each in rows.generators:
            yield from self._rows(each.target, each.iter, name)

    def _rows(self, target: ast.expr, table: ast.expr, name: str) -> Iterator[ast.expr]:
        """A column of what is walked, where that is a table written out."""
        if isinstance(target, ast.Tuple) and isinstance(table, ast.Name) and name in map(_last, target.elts):
            for rows in self._values_of(table):
                for row in rows.elts if isinstance(rows, ast.Tuple | ast.List) else []:
                    yield from self._part(target, row, name)

    def _part(self, target: ast.expr, value: ast.expr, name: str) -> Iterator[ast.expr]:
        if isinstance(target, ast.Name) and target.id == name:
            yield value
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for inner, part in zip(target.elts, value.elts, strict=True):
                yield from self._part(inner, part, name)

    def _arguments(self, function: Function, name: str) -> list[ast.expr]:
        """What is passed for the parameter, and what it is without. What people type into a command is no word."""
        default = _default(function, name)
        found = [] if default is None else [default]
        if self.rooms[function] in TYPED:
            return found
        owner = _owner(function, self.around)
        for call in self._within(owner, function, self.calls.get(owner, [])):
            if _fits(function, call):
                found.extend(_argument(function, call, name))
        return found

    def _reasons_of(self, holder: ast.Name, seen: frozenset[ast.AST]) -> set[str]:
        """The `reason` of an object: of a decision, or of an error by its class."""
        names = self._classes_of(holder)
        if not names:
            raise Untold(f"{self.rooms[holder]}, line {holder.lineno}: {holder.id}.reason")
        if "Decision" in names:
            return {str(reason) for reason in Reason}
        found: set[str] = set()
        for name in self._with_children(names):
            for call in self._within(name, holder, self.calls.get(name, [])):
                if self.rooms[call] == "surfaces":
                    continue  # above those who record: they never see it
                given = [each.value for each in call.keywords if each.arg == "reason"] or call.args
                found |= self.words(given[1 if _takes_second(self.classes[name]) else 0], seen)
        return found

    def _classes_of(self, holder: ast.Name) -> set[str]:
        node: ast.AST | None = holder
        while node is not None:
            if isinstance(node, ast.ExceptHandler) and node.name == holder.id and node.type is not None:
                kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
                return {_last(kind) for kind in kinds}
            node = self.around.get(node)
        function = self._function_around(holder)
        if function is None:
            return set()
        for argument in (*function.args.args, *function.args.kwonlyargs):
            if argument.arg == holder.id and argument.annotation is not None:
                return {_last(argument.annotation)}
        assigned = {_last(each) for each in self._given(function, holder.id) if isinstance(each, ast.Attribute)}
        for each in self._given(function, holder.id):
            if isinstance(each, ast.Call) and [_last(arg) for arg in each.args[1:2]] == []:
                assigned.add(_last(each.func))
            if isinstance(each, ast.Call) and ast.unparse(each).endswith("'decision', None)"):
                assigned = {"Decision"}
        return assigned

    def _with_children(self, names: set[str]) -> set[str]:
        found = set(names)
        while True:
            more = {
                name
                for name, classes in self.classes.items()
                for each in classes
                if {_last(base) for base in each.bases} & found
            } - found
            if not more:
                return found & self.classes.keys()
            found |= more

    def _function_around(self, node: ast.AST) -> Function | None:
        above = self.around.get(node)
        while above is not None and not isinstance(above, Function):
            above = self.around.get(above)
        return above


def _last(node: ast.expr) -> str:
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return node.attr
    return ""


def _parameters(function: Function) -> list[str]:
    return [each.arg for each in (*function.args.args, *function.args.kwonlyargs)]


def _default(function: Function, name: str) -> ast.expr | None:
    arguments = function.args
    positional = dict(zip([each.arg for each in arguments.args][::-1], arguments.defaults[::-1], strict=False))
    named = {each.arg: value for each, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)}
    return positional.get(name) or named.get(name)


def _owner(function: Function, around: dict[ast.AST, ast.AST]) -> str:
    above = around.get(function)
    return above.name if function.name == "__init__" and isinstance(above, ast.ClassDef) else function.name


def _fits(function: Function, call: ast.Call) -> bool:
    """Whether the call could be one of this function, of all that are called so."""
    arguments = function.args
    given, named = len(call.args), {each.arg for each in call.keywords}
    names = [each.arg for each in arguments.args if each.arg != "self"]
    needed = names[given : len(names) - len(arguments.defaults)]
    return given <= len(names) and named <= {*names, *_parameters(function), None} and named.issuperset(needed)


def _argument(function: Function, call: ast.Call, name: str) -> Iterator[ast.expr]:
    for keyword in call.keywords:
        if keyword.arg == name:
            yield keyword.value
            return
    names = [each.arg for each in function.args.args if each.arg != "self"]
    if name in names and names.index(name) < len(call.args):
        yield call.args[names.index(name)]


def _takes_second(classes: list[ast.ClassDef]) -> bool:
    """Whether `reason` is the second argument of the class and not the first."""
    for each in classes:
        for node in each.body:
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                return [argument.arg for argument in node.args.args[1:]].index("reason") == 1
    return False
