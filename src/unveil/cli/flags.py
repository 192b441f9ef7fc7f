"""What the help of a command shows of its flags.

tyro shows ``{None}|INT`` and ``(default: None)`` for a flag that may be left out, and keeps the
line breaks of docstrings. Here such a flag shows its type, and its docstring says what happens
without it.
"""

import ast
import dataclasses
import functools
import inspect
import itertools
import re
import typing
from inspect import Parameter
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from tyro.conf import arg
from tyro.constructors import (
    ConstructorRegistry,
    StructConstructorSpec,
    StructFieldSpec,
    StructTypeInfo,
)

METAVARS = {str: "STR", int: "INT", float: "FLOAT", Path: "PATH"}

CONFIGS = ConstructorRegistry()
"""How tyro reads config dataclasses; all other types by its own rules."""


@CONFIGS.struct_rule
def config_flags(info: StructTypeInfo) -> StructConstructorSpec | None:
    """Return the flags of a config dataclass; None for other types."""
    if not dataclasses.is_dataclass(info.type) or not info.type.__module__.startswith("unveil."):
        return None
    types = typing.get_type_hints(info.type, include_extras=True)
    flags = []
    for item in dataclasses.fields(info.type):
        default = getattr(info.default, item.name)
        explain = functools.partial(_explain, info.type, item.name)
        flags.append(StructFieldSpec(item.name, shown(types[item.name], default), default, explain))
    return StructConstructorSpec(instantiate=info.type, fields=tuple(flags))


def _explain(config: type, name: str) -> str | None:
    """Return the docstring below a field of a dataclass, as one line."""
    nodes = ast.walk(ast.parse(inspect.getsource(config)))
    body = next(node.body for node in nodes if isinstance(node, ast.ClassDef))
    for field, below in itertools.pairwise(body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=found)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ) if found == name:
                return " ".join(text.split())
    return None


def shown(kind: Any, default: object) -> Any:
    """Return the type ``kind`` of a parameter or field, with what help shows of its flag."""
    if get_origin(kind) is Annotated:
        inner, *details = get_args(kind)
        return Annotated[(shown(inner, default), *details)]
    if default is None:
        return Annotated[kind, arg(help_behavior_hint="", metavar=_metavar(kind))]
    return Annotated[kind, arg(help_behavior_hint="")] if default == () else kind


def _metavar(kind: Any) -> str:
    """Return the name for a value of the type ``kind``, None aside."""
    (stated,) = (one for one in get_args(kind) if one is not NoneType)
    choices = get_args(stated) if get_origin(stated) is Literal else ()
    return f"{{{','.join(choices)}}}" if choices else METAVARS[stated]


def shown_parameter(parameter: Parameter) -> Parameter:
    """Return a parameter of a command with what help shows of its flag.

    The flags of a config are among those of the command, not in a group of their own.
    """
    default = parameter.default
    if dataclasses.is_dataclass(default):
        return parameter.replace(annotation=Annotated[parameter.annotation, arg(name="")])
    return parameter.replace(annotation=shown(parameter.annotation, default))


def unbroken(docstring: str) -> str:
    """Return a docstring with the text of each argument on one line."""
    return re.sub(r"\n {8}(?=\S)", " ", inspect.cleandoc(docstring))
