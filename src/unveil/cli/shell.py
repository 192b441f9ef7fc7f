"""Commands about unveil itself: doctor, completion."""

from typing import Literal

from unveil import console


def doctor() -> int:
    """Say what is installed and whether it is whole: versions, devices, caches, weights, extras.

    Leaves with status 1 if something is broken; an extra that is missing is not.
    """
    from unveil.cli.doctor import checks

    broken = 0
    for check in checks():
        broken += check.state == "broken"
        console.result(check.as_row(), check)
    if broken:
        console.fail(f"{broken} things are broken; they are marked so above.")
    return int(broken > 0)


Shell = Literal["bash", "zsh", "fish"]


def completed(script: str, shell: Shell) -> str:
    """Return tyro's completion script; in bash, names of files where it knows nothing."""
    return script.replace("complete -F ", "complete -o default -F ") if shell == "bash" else script
