"""From the rows of the study to its report: tables, charts, figures, decided claims, text."""
