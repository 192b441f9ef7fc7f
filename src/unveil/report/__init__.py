"""Result rows, and their tables, charts, HTML pages and picture strips."""
