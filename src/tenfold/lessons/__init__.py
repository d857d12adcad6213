"""Lessons: MyST Markdown notebooks, beside this module, and their form as Jupyter notebooks.

- `notebook`: from the text of a lesson to its cells and to a notebook
- `showing`: figures as SVG in a notebook, in the colours of the page
"""

from tenfold.lessons.notebook import Cell, Lesson, all_lessons, lesson
from tenfold.lessons.showing import Shown, show

__all__ = ["Cell", "Lesson", "Shown", "all_lessons", "lesson", "show"]
