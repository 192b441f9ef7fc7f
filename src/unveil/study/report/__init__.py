"""The report of the study, from its rows: tables, charts, figures, verdicts on claims, text."""
