"""The layout of the page: one photo, and a tab each to obfuscate, restore and audit it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from unveil.web.limits import Limits
from unveil.web.visits import FIND_CHOICE, OPERATOR_FORMATS, SAFE_CHOICE, Visits

DRAG, OUTLINE, PAINT = (
    Path(__file__).with_name(name).read_text(encoding="utf-8")
    for name in ("drag.js", "outline.js", "paint.js")
)

WELCOME = """# unveil
How much does a blur or a mosaic hide, and what is underneath? Everything runs on this computer:
nothing is sent anywhere, and the photo is held only in memory, until you leave. {limits}"""

PAINT_SWITCH = '<label><input type="checkbox"> Paint a mask: drag over the photo</label>'
"""Read by the browser alone: no checkbox of Gradio's."""

RESTORE_CHOICES = [FIND_CHOICE, *(kind for kind in OPERATOR_FORMATS if kind != "solid")]
OBFUSCATE_CHOICES = [SAFE_CHOICE, *OPERATOR_FORMATS]


def build(visits: Visits, limits: Limits) -> gr.Blocks:
    """Return the page; the token of the photo is session state, separate for each visitor."""
    page: gr.Blocks = gr.Blocks(title="unveil", analytics_enabled=False)
    with page:
        gr.Markdown(WELCOME.format(limits=limits))
        photo = gr.State(None)
        upload = gr.File(label="Photo: drop it here or choose a file", elem_id="photo")
        # The file is read and deleted immediately; by default, Gradio would copy it first.
        upload.preprocess = _path  # type: ignore[method-assign]
        chosen = gr.HTML(elem_id="chosen", js_on_load=DRAG)
        finding = gr.HTML(elem_id="finding")
        with gr.Row():
            box = gr.Textbox(
                label="Box: drag over the photo, or left, top, width, height (or empty)",
                placeholder="120,80,64,64",
                max_length=100,
                elem_id="box",
            )
            face = gr.Button("Find the face", elem_id="face", scale=0)
        found = gr.HTML(elem_id="found")
        with gr.Tab("Obfuscate"):
            _questions(visits.obfuscate, "Obfuscate", OBFUSCATE_CHOICES, "mosaic", photo, box)
        with gr.Tab("Restore"):
            strokes, more = _mask_and_dial(visits)
            _questions(visits.restore, "Restore", RESTORE_CHOICES, FIND_CHOICE, photo, box, more)
        with gr.Tab("Audit"):
            audit = gr.Button("Audit", variant="primary", elem_id="audit")
            verdict = gr.HTML(elem_id="verdict", min_height=80)
            audit.click(
                visits.audit,
                [photo, box],
                verdict,
                api_visibility="private",
                show_progress="minimal",
            )
        private: dict[str, Any] = {"api_visibility": "private"}
        outline: dict[str, Any] = {"js": OUTLINE, **private}
        taken = upload.upload(visits.take, [upload, photo], photo, queue=False, **private)
        looked = taken.then(visits.look, photo, [chosen, finding], **private)
        searched = looked.then(
            visits.find_hidden,
            [photo, finding],
            [chosen, finding],
            show_progress="hidden",
            **private,
        )
        # The photo was replaced: box and mask that may have been drawn meanwhile are drawn anew.
        painted: dict[str, Any] = {"js": PAINT, **private}
        searched.then(None, box, None, **outline).then(None, strokes, None, **painted)
        upload.clear(
            visits.clear,
            photo,
            [photo, chosen, finding, box, found, strokes],
            cancels=[looked, searched],
            **private,
        )
        strokes.change(None, strokes, None, **painted)
        face.click(visits.find_face, photo, [box, found], **private)
        box.change(None, box, None, **outline)
    return page


def _mask_and_dial(visits: Visits) -> tuple[gr.Textbox, list[Any]]:
    """Lay out where it is hidden and how real to make it; return strokes and what is asked."""
    private: dict[str, Any] = {"api_visibility": "private"}
    with gr.Row():
        gr.HTML(PAINT_SWITCH, elem_id="paint")
        gr.Slider(
            4, 200, 40, step=2, label="Width of the brush in pixels", elem_id="brush",
            interactive=True,
        )  # fmt: skip
        clear = gr.Button("Clear what is painted", elem_id="unpaint", scale=0)
    strokes = gr.Textbox(label="Strokes", elem_id="strokes", elem_classes="unveil-hidden")
    clear.click(lambda: "", None, strokes, queue=False, **private)
    file = gr.File(
        label="Or a mask: a photo of the same size, white where it is hidden",
        elem_id="mask", height=90,
    )  # fmt: skip
    file.preprocess = _path  # type: ignore[method-assign]
    mask = gr.State(None)
    file.upload(visits.take, [file, mask], mask, queue=False, **private)
    file.clear(visits.photos.drop, mask, mask, queue=False, **private)
    realism = gr.Slider(
        0, 1, 0, step=0.05, label="Realism: 0 is least error, 1 as detailed as a photo",
        elem_id="realism",
    )  # fmt: skip
    return strokes, [strokes, mask, realism]


def _questions(
    answer: Any, name: str, kinds: Sequence[str], kind: str, photo: gr.State, box: gr.Textbox,
    more: Sequence[Any] = (),
) -> None:  # fmt: skip
    """Lay out a tab with an operator: kind, strength, a button and the answer."""
    ident = name.lower()
    with gr.Row():
        what = gr.Dropdown(list(kinds), value=kind, label=f"{name}: what", elem_id=f"{ident}-kind")
        strength = gr.Slider(
            0.5, 64, 8, step=0.5, label="Strength in pixels", elem_id=f"{ident}-strength"
        )
    go = gr.Button(name, variant="primary", elem_id=ident)
    shown = gr.HTML(elem_id=f"{ident}-answer", min_height=80)
    given = [photo, what, strength, box, *more]
    go.click(answer, given, shown, api_visibility="private", show_progress="minimal")
    strength.release(
        answer,
        given,
        shown,
        api_visibility="private",
        trigger_mode="always_last",
        show_progress="minimal",
    )


def _path(payload: Any) -> str | None:
    return None if payload is None else str(payload.path)
