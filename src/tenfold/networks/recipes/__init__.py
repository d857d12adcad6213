"""Recipes: a network and how to train it, as plain data.

- ``augmentation``, ``recipe``: the fields, each declared once (see `tenfold.networks.fields`)
- ``table``: the named recipes
- ``options``: all fields by name, recipes changed by options or made from a Python file
- ``reference``: the fields as a table for the documentation
"""

from tenfold.networks.recipes.augmentation import Augmentation
from tenfold.networks.recipes.options import FIELDS, customize
from tenfold.networks.recipes.recipe import Published, Recipe
from tenfold.networks.recipes.table import RECIPES, recipe

__all__ = ["FIELDS", "RECIPES", "Augmentation", "Published", "Recipe", "customize", "recipe"]
