"""Arguments that several commands take."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, UseAppendAction, arg

Inputs = Annotated[Positional[tuple[Path, ...]], arg(metavar="INPUT...")]
Output = Annotated[Path, arg(aliases=["-o"])]
Json = Annotated[bool, arg(name="json")]
Boxes = Annotated[UseAppendAction[tuple[str, ...]], arg(name="box", metavar="X,Y,W,H")]
