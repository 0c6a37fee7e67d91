"""The Gradio theme: our palette and the fonts of the reader's machine, nothing fetched.

The look of our own elements is in page.css; this keeps what Gradio itself draws in tune with it.
"""

from __future__ import annotations

import gradio as gr

FONTS = (
    "-apple-system",
    "BlinkMacSystemFont",
    "Segoe UI",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "sans-serif",
)
MONO_FONTS = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def make_theme() -> gr.themes.Base:
    """Build the theme from local fonts and a teal on ink palette."""
    theme = gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        secondary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.slate,
        font=list(FONTS),
        font_mono=list(MONO_FONTS),
    )
    return theme.set(
        body_background_fill="#f7f5f1",
        body_background_fill_dark="#10161d",
        body_text_color="#1b2733",
        body_text_color_dark="#e6e9ec",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
    )
