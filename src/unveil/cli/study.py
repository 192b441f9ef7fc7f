"""The study: `unveil study run`, `report`, `search`."""

from pathlib import Path

from tyro.conf import OmitArgPrefixes, Positional
from tyro.extras import SubcommandApp

from unveil.files import check_folder
from unveil.study.extra import check_installed
from unveil.study.plan import StudyConfig
from unveil.study.search_config import SearchConfig

study = SubcommandApp()


@study.command(name="run")
def study_run(
    config: OmitArgPrefixes[StudyConfig] = StudyConfig(),  # noqa: B008  # frozen
) -> None:
    """Run the study's experiments; Ctrl-C saves, the same command goes on.

    Args:
        config: the study.
    """
    check_installed()
    check_folder(config.out)
    from unveil.study.run import run_study

    run_study(config)


@study.command(name="report")
def study_report(
    folder: Positional[Path],
    /,
    out: Path | None = None,
    name: str = "report",
    page: bool = True,
) -> None:
    """Write the report of a study: Markdown, figures and one self-contained HTML page.

    Args:
        folder: the study's folder.
        out: where to write (default: the study's folder).
        name: name of the report's files.
        page: write the HTML page too.
    """
    check_installed()
    check_folder(out or folder)
    from unveil.study.report import write_report

    for path in write_report(folder, out or folder, name, page=page):
        print(path)


@study.command(name="search")
def study_search(
    config: OmitArgPrefixes[SearchConfig] = SearchConfig(),  # noqa: B008  # frozen
) -> None:
    """Search batch size, learning rate and L2; Ctrl-C saves, the same command goes on.

    Started several times at once, on any machines that reach the database, it shares the work.

    Args:
        config: the search.
    """
    check_installed()
    check_folder(config.out)
    from unveil.study.search import run_search

    run_search(config)
