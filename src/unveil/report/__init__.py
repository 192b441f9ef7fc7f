"""Result rows, and what is made of them: Markdown tables, SVG charts, HTML, picture strips."""
