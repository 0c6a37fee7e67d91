"""The page. Gradio reads its switches when it is imported, so they are set before any part is."""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
