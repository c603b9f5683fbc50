"""Quantization: a recipe says which layers it can convert, converts a copy, and proves that it did."""

from zoo.quantization import dynamic_int8, engine, float16, int4, portable_int8, static_int8  # they register themselves
from zoo.quantization.conversion import quantize
from zoo.quantization.fake_quantization import fake_quantized
from zoo.quantization.picture import draw_recipes
from zoo.quantization.recipe import Recipe, RecipeError, find_recipe, list_recipes, register_recipe
from zoo.quantization.report import RecipeReport, compare_recipes

__all__ = [
    "Recipe",
    "RecipeError",
    "RecipeReport",
    "compare_recipes",
    "draw_recipes",
    "dynamic_int8",
    "engine",
    "fake_quantized",
    "find_recipe",
    "float16",
    "int4",
    "list_recipes",
    "portable_int8",
    "quantize",
    "register_recipe",
    "static_int8",
]
