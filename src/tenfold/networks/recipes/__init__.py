"""Recipes: a network and how to train it, as plain data."""

from tenfold.networks.recipes.customize import customised
from tenfold.networks.recipes.recipe import SCHEDULES, Augmentation, Published, Recipe
from tenfold.networks.recipes.table import RECIPES, recipe

__all__ = ["RECIPES", "SCHEDULES", "Augmentation", "Published", "Recipe", "customised", "recipe"]
