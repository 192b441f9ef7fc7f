"""The paper's experiments, rerun: cells, rows, search and report.

::

    plan.py      which cells there are, at which budget, and what the paper reports for them
    folder.py    a study's folder on disk: who works in it, which rows it has
    run.py       trains and records cells, one after the other or several at once
    record.py    the rows and pictures that a cell leaves
    report/      from rows to Markdown and HTML
    search/      the hyper-parameter search
"""
