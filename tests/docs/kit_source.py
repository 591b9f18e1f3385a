"""Reads the public faces of core from their source: each name with its signature and docstring.

The source is parsed and not imported, so a signature reads as its author wrote it on every Python.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from inspect import cleandoc
from itertools import zip_longest
from pathlib import Path

KIT, PLATFORM, TESTING = "core.kit", "core.kit.platform", "core.testing"
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
PROPERTIES = {"property", "cached_property"}
SHOWN = {"classmethod", "staticmethod", "contextmanager", "asynccontextmanager"}


@dataclass(frozen=True)
class Member:
    """A method or an attribute of a class."""

    signature: str
    doc: str
    node: ast.stmt
    module: str


@dataclass(frozen=True)
class Definition:
    """The statement that defines a name of a public face."""

    name: str
    module: str
    node: ast.stmt
    doc: str

    @property
    def signature(self) -> str:
        if not isinstance(self.node, ast.ClassDef):
            return signature(self.node, "") or self.name
        bases = ", ".join(self.bases)
        return f"class {self.name}({bases})" if bases else f"class {self.name}"

    @cached_property
    def bases(self) -> list[str]:
        """Return the bases of a class; one that has no docstring here is replaced by its own."""
        if not isinstance(self.node, ast.ClassDef):
            return []
        bases: list[str] = []
        for base in self.node.bases:
            inner = self._inner([base])
            bases += inner[0].bases if inner else [ast.unparse(base)]
        return bases

    @cached_property
    def members(self) -> list[Member]:
        """Return the members that a class has itself or from a base without a docstring here."""
        if not isinstance(self.node, ast.ClassDef):
            return []
        own = [
            Member(shown, doc, node, self.module)
            for node, doc in documented(self.node.body)
            if not self._is_called_by_core(node) and (shown := signature(node, self.name))
        ]
        bases = [
            Definition(self.name, it.module, it.node, "") for it in self._inner(self.node.bases)
        ]
        return own + [member for base in bases for member in base.members]

    def _is_called_by_core(self, node: ast.stmt) -> bool:
        """Return whether this is a constructor that takes what no module has."""
        if name_of(node) != "__init__":
            return False
        faces = names_of(KIT) | names_of(PLATFORM)
        return any(it.name not in faces for it in self.classes_in([node]))

    def _inner(self, bases: Sequence[ast.expr]) -> list["Definition"]:
        return [it for it in self.classes_in(bases) if it.name not in names_of(KIT)]

    def returned(self) -> Iterator["Definition"]:
        """Yield the classes of core that the function, or a method of the class, returns."""
        body = self.node.body if isinstance(self.node, ast.ClassDef) else []
        for node in (self.node, *body):
            if isinstance(node, FUNCTIONS) and is_public(node.name) and node.returns:
                yield from self.classes_in([node.returns])

    def classes_in(self, nodes: Iterable[ast.AST]) -> Iterator["Definition"]:
        yield from (it for it in self.core_names(nodes) if isinstance(it.node, ast.ClassDef))

    def aliases(self) -> Iterator["Definition"]:
        """Yield the types of core with a short name, such as `Columns`, in the signatures."""
        shown = [self.node, *(member.node for member in self.members)]
        types = [it for node in shown for it in annotations(node)]
        yield from (it for it in self.core_names(types) if isinstance(it.node, ast.Assign))

    def core_names(self, nodes: Iterable[ast.AST]) -> Iterator["Definition"]:
        names = [it.id for node in nodes for it in ast.walk(node) if isinstance(it, ast.Name)]
        yield from filter(None, (definition(self.module, name) for name in names))


def annotations(node: ast.stmt) -> Iterator[ast.expr]:
    """Yield the types in a signature."""
    if isinstance(node, ast.AnnAssign):
        yield node.annotation
    elif isinstance(node, FUNCTIONS):
        given = [*node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        yield from (arg.annotation for arg in given if arg and arg.annotation)
        if node.returns:
            yield node.returns


@cache
def names_of(face: str) -> frozenset[str]:
    """Return the names that the `__all__` of a public face lists."""
    for node in parsed(face).body:
        if isinstance(node, ast.Assign) and name_of(node) == "__all__":
            return frozenset(ast.literal_eval(node.value))
    return frozenset()


def definitions(face: str) -> list[Definition]:
    """Return the names of a face, in order, and after each the new classes that it returns."""
    listed = [definition(face, name) for name in sorted(names_of(face))]
    found: dict[str, Definition] = {}
    for it in filter(None, listed):
        found[it.name] = it
        returned = [one for one in it.returned() if one.name not in names_of(KIT)]
        found |= {one.name: one for one in returned if one.name not in found}
    return list(found.values())


def fixtures(module: str) -> Iterator[Member]:
    """Yield the fixtures of pytest that a test asks for."""
    for node, doc in documented(parsed(module).body):
        decorators = " ".join(map(ast.unparse, getattr(node, "decorator_list", ())))
        if doc and "pytest.fixture" in decorators and "autouse" not in decorators:
            yield Member(name_of(node), doc, node, module)


def aliases(face: str) -> list[Definition]:
    """Return the types that the signatures of a face name and that it does not export."""
    found = {it.name: it for one in definitions(face) for it in one.aliases()}
    inner = {it.name: it for one in found.values() for it in one.core_names([one.node])}
    return [
        it
        for name, it in sorted((inner | found).items())
        if name not in names_of(KIT) | names_of(PLATFORM) and not is_type_variable(it.node)
    ]


def is_type_variable(node: ast.stmt) -> bool:
    return not isinstance(node, ast.Assign) or ast.unparse(node.value).startswith("TypeVar(")


@cache
def definition(module: str, name: str) -> Definition | None:
    """Return the definition of a name that a module has itself or imports from core."""
    for node, doc in documented(parsed(module).body):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("core."):
            if name in (alias.asname or alias.name for alias in node.names):
                return definition(str(node.module), name)
        elif name_of(node) == name:
            return Definition(name, module, node, doc)
    return None


@cache
def parsed(module: str) -> ast.Module:
    return ast.parse(source_of(module))


def source_of(module: str) -> str:
    spec = find_spec(module)
    return Path(str(spec and spec.origin)).read_text()


def documented(body: Sequence[ast.stmt]) -> Iterator[tuple[ast.stmt, str]]:
    """Yield each statement with its docstring, which stands below an assignment."""
    for node, after in zip_longest(body, body[1:]):
        if isinstance(node, (ast.ClassDef, *FUNCTIONS)):
            yield node, ast.get_docstring(node) or ""
        elif node is not None:
            yield node, text_of(after)


def text_of(node: ast.stmt | None) -> str:
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return cleandoc(text)
    return ""


def name_of(node: ast.stmt) -> str:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return ""


def is_public(name: str) -> bool:
    return not name.startswith("_")


def signature(node: ast.stmt, owner: str) -> str:
    """Return the signature of a public name of a module (without owner) or of a class, or ''."""
    name = name_of(node)
    shown = f"{owner}.{name}".lstrip(".")
    match node:
        case ast.FunctionDef(name="__init__"):
            return f"{owner}({parameters(node.args)})"
        case ast.FunctionDef() | ast.AsyncFunctionDef() if is_public(name):
            return of_function(node, shown)
        case ast.AnnAssign(annotation=annotation, value=value) if is_public(name):
            return f"{shown}: {ast.unparse(annotation)}" + (f" = {short(value)}" if value else "")
        case ast.Assign(value=ast.Constant(value=value)) if is_public(name):
            is_pinned = owner and name != "title"  # a text may change without a change for callers
            return f"{shown} = {value!r}" if is_pinned else f"{shown}: {type(value).__name__}"
        case ast.Assign(value=value) if is_public(name) and not owner:
            return f"{shown} = {ast.unparse(value)}"
    return ""


def of_function(node: ast.FunctionDef | ast.AsyncFunctionDef, shown: str) -> str:
    decorators = {ast.unparse(it) for it in node.decorator_list}
    returns = f"{ast.unparse(node.returns)}" if node.returns else "None"
    if decorators & PROPERTIES:
        return f"{shown}: {returns}"
    before = [f"@{it}" for it in sorted(decorators & SHOWN)]
    if isinstance(node, ast.AsyncFunctionDef):
        before.append("async")
    return " ".join([*before, f"{shown}({parameters(node.args)}) -> {returns}"])


def parameters(given: ast.arguments) -> str:
    """Return the parameters without `self` and `cls`."""
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + [*given.defaults]
    shown = [*map(parameter, positional, defaults)]
    if given.posonlyargs:
        shown.insert(len(given.posonlyargs), "/")
    if given.vararg:
        shown.append(f"*{parameter(given.vararg)}")
    elif given.kwonlyargs:
        shown.append("*")
    shown += map(parameter, given.kwonlyargs, given.kw_defaults)
    if given.kwarg:
        shown.append(f"**{parameter(given.kwarg)}")
    return ", ".join(it for it in shown if it not in ("self", "cls"))


def parameter(arg: ast.arg, default: ast.expr | None = None) -> str:
    shown = f"{arg.arg}: {ast.unparse(arg.annotation)}" if arg.annotation else arg.arg
    return f"{shown} = {short(default)}" if default else shown


def short(value: ast.expr) -> str:
    """Return a default; a call, such as `field(…)`, as an ellipsis."""
    return "…" if isinstance(value, ast.Call) else ast.unparse(value)
