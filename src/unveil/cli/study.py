"""The study: `unveil study run`, `report`, `search`."""

from pathlib import Path
from typing import Annotated

from tyro.conf import arg
from tyro.extras import SubcommandApp

from unveil import console
from unveil.cli import flags_of
from unveil.cli.inputs import Folder, check_photos
from unveil.extras import require
from unveil.files import check_folder
from unveil.study.plan import StudyConfig
from unveil.study.search.config import SearchConfig

app = SubcommandApp()


@app.command(name="run")
@flags_of
def study_run(
    config: StudyConfig = StudyConfig(),  # noqa: B008  # frozen
) -> None:
    """Rerun the paper's experiments; Ctrl-C saves, the same command resumes.

    Args:
        config: settings of the study.
    """
    require("study")
    check_folder(config.out)
    from unveil.study.run import run_study

    run_study(config)


@app.command(name="report")
@flags_of
def study_report(
    folder: Folder,
    /,
    output: Annotated[Path | None, arg(aliases=["-o"])] = None,
    name: str = "report",
    raw: Path | None = None,
    no_page: bool = False,
    dry_run: bool = False,
) -> None:
    """Write the report of a study: Markdown, figures and one self-contained HTML page.

    Args:
        folder: the study's folder.
        output: where to write (default: the study's folder).
        name: name of the report's files.
        raw: folder of a study run with --scale raw, whose claims are judged in the same report.
        no_page: leave the HTML page out.
        dry_run: say what would be written, and write nothing.
    """
    require("study")
    check_folder(output or folder)
    from unveil.study.report.write import write_report

    say = console.would_write if dry_run else console.written
    target, page = output or folder, not no_page
    for path in write_report(folder, target, name, page=page, raw=raw, dry_run=dry_run):
        say(path)


@app.command(name="search")
@flags_of
def study_search(
    config: SearchConfig = SearchConfig(),  # noqa: B008  # frozen
    dry_run: bool = False,
) -> None:
    """Search batch size, learning rate and L2; Ctrl-C saves, the same command resumes.

    Several processes, on any machines that reach the database, share the trials of one search.

    Args:
        config: settings of the search.
        dry_run: print the folder that would be written, and do nothing else.
    """
    require("study")
    check_folder(config.out)
    if dry_run:
        check_photos(config.data.data)
        console.would_write(config.out)
        return
    from unveil.study.search.run import run_search

    run_search(config)
