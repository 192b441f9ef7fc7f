"""HTML fragments: an alert, an answer, a slider that compares two images."""

import html

from unveil.web.answers import Answer


def alert(words: str) -> str:
    """Return an error as a sentence that screen readers announce immediately."""
    said = html.escape(words[:1].upper() + words[1:])
    return f'<p class="unveil-alert" role="alert">{said}</p>'


def panel(answer: Answer) -> str:
    """Return an answer as HTML: sentences, images, download, charts."""
    parts = [f'<p role="status">{html.escape(words)}</p>' for words in answer.words]
    if answer.before and answer.after:
        parts.append(_slider(answer.before, answer.after, answer.label))
    elif answer.before:
        width = f' data-width="{answer.width_px}"' if answer.width_px else ""
        parts.append(
            f'<div class="unveil-photo"><img{width} src="{answer.before}" alt="the photo" '
            'draggable="false"><svg class="unveil-mask"></svg>'
            '<div class="unveil-outline"></div></div>'
        )
    if answer.download:
        parts.append(
            f'<p><a class="unveil-download" download="unveil.png" href="{answer.download}">'
            "Download the result (PNG)</a></p>"
        )
    parts += [f'<div class="unveil-chart">{chart}</div>' for chart in answer.charts]
    return "\n".join(parts)


def _slider(before: str, after: str, label: str | None) -> str:
    """Lay one image over the other; a range input, by mouse or keyboard, moves the boundary."""
    said = f'<p class="unveil-label">{html.escape(label)}</p>' if label else ""
    return f"""{said}<div class="unveil-slider" style="--cut: 50%">
<div class="unveil-pictures">
<img src="{before}" alt="before"><img src="{after}" alt="after" class="unveil-after"></div>
<input type="range" min="0" max="100" value="50" aria-label="Before and after: move to compare"
 oninput="this.parentNode.style.setProperty('--cut', this.value + '%')">
</div>"""
