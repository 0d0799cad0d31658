"""Other forms of a right answer: in more steps, with other names for its variables, with other types of its results.

A cell's source goes in and comes out; comments are lost.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

__all__ = ["in_other_words", "returning", "with_lines", "with_other_names"]

Function = ast.FunctionDef | ast.AsyncFunctionDef


def with_lines(source: str, lines: str) -> str:
    """A cell's source with lines put before the first statement of its function, after the docstring."""
    function = next(node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    before = source.splitlines(keepends=True)
    return "".join([*before[: body[0].lineno - 1], lines, *before[body[0].lineno - 1 :]])


def returning(source: str, name: str, wrapped: str) -> str:
    """A cell's source whose function `name` returns `wrapped(...)` of what it returned, such as np.float32."""
    module = ast.parse(source)
    function = next(node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == name)
    for node in _own_nodes(function):
        if isinstance(node, ast.Return) and node.value is not None:
            node.value = ast.Call(ast.parse(wrapped, mode="eval").body, [node.value], [])
    return ast.unparse(ast.fix_missing_locations(module))


def in_other_words(source: str) -> str:
    """The same computation in steps: each operation and each call of an expression gets a variable."""
    module = ast.parse(source)
    for function in _outermost(module):
        _Steps(function).rewrite()
    return ast.unparse(ast.fix_missing_locations(module))


def with_other_names(source: str) -> str:
    """The same code with other names for the variables of its functions; parameters keep theirs."""
    module = ast.parse(source)
    for function in _outermost(module):
        nodes = list(ast.walk(function))
        if any(isinstance(node, ast.ClassDef | ast.Global | ast.Nonlocal) for node in nodes):
            continue
        kept = {node.arg for node in nodes if isinstance(node, ast.arg)}
        stored = [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
        names = {name: f"v{number}" for number, name in enumerate(dict.fromkeys(stored)) if name not in kept}
        for node in nodes:
            if isinstance(node, ast.Name):
                node.id = names.get(node.id, node.id)
    return ast.unparse(module)


def _outermost(module: ast.Module) -> Iterator[Function]:
    """The functions and the methods of a cell, without what stands inside them."""
    todo: list[ast.stmt] = list(module.body)
    for node in todo:
        if isinstance(node, Function):
            yield node
        elif isinstance(node, ast.ClassDef):
            todo += node.body


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions inside it."""
    for node in ast.iter_child_nodes(function):
        yield node
        if not isinstance(node, Function | ast.Lambda | ast.ClassDef):
            yield from _own_nodes(node)


class _Steps:
    """Rewrites the assignments and returns of one function."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.taken = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
        self.count = 0

    def rewrite(self) -> None:
        self.function.body = self._block(self.function.body)

    def _block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for statement in body:
            for field in ("body", "orelse", "finalbody"):
                inner = getattr(statement, field, None)
                if isinstance(inner, list) and not isinstance(statement, ast.ClassDef):
                    setattr(statement, field, self._block(inner))
            if isinstance(statement, ast.Return | ast.Assign) and statement.value is not None:
                steps: list[ast.stmt] = []
                value = self._parts(statement.value, steps)
                statement.value = self._step(value, steps) if isinstance(statement, ast.Return) else value
                found += steps
            found.append(statement)
        return found

    def _parts(self, value: ast.expr, steps: list[ast.stmt]) -> ast.expr:
        """An expression whose operands are variables; what is evaluated late or not always stays as it is."""
        match value:
            case ast.BinOp():
                value.left = self._step(self._parts(value.left, steps), steps)
                value.right = self._step(self._parts(value.right, steps), steps)
            case ast.Call():
                if isinstance(value.func, ast.Attribute):
                    value.func.value = self._step(self._parts(value.func.value, steps), steps)
                value.args = [self._step(self._parts(one, steps), steps) for one in value.args]
                for keyword in value.keywords:
                    keyword.value = self._step(self._parts(keyword.value, steps), steps)
            case ast.Tuple():
                value.elts = [self._step(self._parts(one, steps), steps) for one in value.elts]
        return value

    def _step(self, value: ast.expr, steps: list[ast.stmt]) -> ast.expr:
        """A variable for an operation's or a call's result; anything else is used where it stands."""
        if not isinstance(value, ast.BinOp | ast.Call):
            return value
        while True:
            self.count += 1
            name = f"step_{self.count}"
            if name not in self.taken:
                break
        steps.append(ast.Assign([ast.Name(name, ast.Store())], value))
        return ast.Name(name, ast.Load())
