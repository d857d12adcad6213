"""Settings of the documentation site; `scripts/docs` builds it."""

import os
from importlib.metadata import version as installed_version

os.environ["KERAS_BACKEND"] = "jax"

project = "tenfold"
author = copyright = "The tenfold authors"
release = version = installed_version("tenfold")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "tenfold"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_sourcelink = False

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
napoleon_use_admonition_for_examples = False
napoleon_use_ivar = True
napoleon_custom_sections = ["Source"]

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

nb_execution_mode = "cache"
nb_execution_timeout = 1200  # seconds for a cell, also on a busy machine
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_merge_streams = True
nb_code_prompt_show = "Show the solution"
nb_code_prompt_hide = "Hide the solution"


def setup(app):
    """Let two processes share the lessons: Sphinx gives each the next pages of a list."""
    app.connect("env-before-read-docs", spread_lessons)


def spread_lessons(app, env, names):
    """Put pages between the lessons, which are the slow ones and next to each other by name."""
    lessons = [name for name in names if name.startswith("lessons/")]
    others = [name for name in names if name not in lessons]
    share = -(-len(others) // max(1, len(lessons)))
    names[:] = [
        name
        for i, lesson in enumerate(lessons)
        for name in (lesson, *others[i * share : (i + 1) * share])
    ] or others
