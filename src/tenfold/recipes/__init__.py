"""Recipes: a network and how to train it, as plain data."""

from tenfold.recipes.definition import SCHEDULES, Augmentation, Published, Recipe
from tenfold.recipes.options import customised
from tenfold.recipes.table import RECIPES, recipe

__all__ = ["RECIPES", "SCHEDULES", "Augmentation", "Published", "Recipe", "customised", "recipe"]
