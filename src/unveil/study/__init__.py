"""The paper's experiments, rerun: cells, rows, search and report.

::

    plan.py      the cells, their budgets, and the paper's figures for them
    folder.py    a study's folder on disk: its settings, rows and locks
    rows.py      what a row must hold
    run.py       trains and records cells, one after the other or in several processes
    record.py    the rows and pictures of a cell
    report/      rows to Markdown and HTML
    search/      the hyper-parameter search
"""
