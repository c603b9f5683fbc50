"""Print the table of the families, measured on the registered models, or put it into the README between its markers.

What a family is for stands in the README itself: the script keeps these words and writes everything else.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from pathlib import Path

from _tables import FAMILIES

import zoo
from zoo.training.experiment import list_experiments
from zoo.training.markdown import make_table, put_between

COLUMNS = ("family", "what it is for", "tasks", "streams", "quantized by", "parameters")
# The task whose preset is counted; a family without it has the first of its own.
COUNTED = "encoder"
SMALL = 16
MISSING = "?"


def find_families() -> dict[str, list[str]]:
    """Return the tasks of each family, from the registered names; those of an experiment's data set are left out.

    A name is `<family>_<task>`; the tasks are those that `lstm` has.
    """
    of_data_sets = set(list_experiments())
    names = [name for name in zoo.list_models() if name not in of_data_sets]
    tasks = [name.removeprefix("lstm_") for name in names if name.startswith("lstm_")]
    families: dict[str, list[str]] = {}
    for name in names:
        task = max((task for task in tasks if name.endswith(f"_{task}")), key=len, default="")
        families.setdefault(name.removesuffix(f"_{task}") if task else name, []).append(task)
    return families


def read_purposes(text: str) -> dict[str, str]:
    """Return what each family is for, from the table in a README."""
    begin, end = FAMILIES
    table = text.partition(begin)[2].partition(end)[0]
    return {name: words.strip() for name, words in re.findall(r"^\| `(\w+)` \| (.*?) \|", table, re.MULTILINE)}


def family_table(purposes: dict[str, str]) -> str:
    """Return the table of all families, in the order of the purposes; others come last, with a question mark."""
    families = find_families()
    order = sorted(families, key=lambda name: list(purposes).index(name) if name in purposes else len(purposes))
    held = Counter(task for tasks in families.values() for task in tasks)
    common = [task for task, count in held.items() if 2 * count > len(families)]
    rows = [describe(name, families[name], common, purposes.get(name, MISSING)) for name in order]
    return make_table(COLUMNS, rows)


def describe(family: str, tasks: list[str], common: list[str], purpose: str) -> list[str]:
    """Return the row of a family; `common` are the tasks that most families have."""
    task = COUNTED if COUNTED in tasks else tasks[0]
    name = f"{family}_{task}" if task else family
    preset = zoo.build(name)
    parameters = sum(parameter.numel() for parameter in preset.parameters())
    shown = ["all"] if set(common) <= set(tasks) else [f"`{task}`" for task in tasks if task in common]
    shown += [f"`{task}`" for task in tasks if task and task not in common]
    recipes = [f"`{recipe}`" for recipe in zoo.list_recipes() if takes_recipe(name, recipe)]
    row = [
        f"`{family}`",
        purpose,
        ", ".join(shown) or "-",
        "yes" if streams(preset) else "no",
        ", ".join(recipes) or "-",
    ]
    return [*row, f"{parameters:,}"]


def streams(model: zoo.Model) -> bool:
    """Return whether a model has a state to carry on."""
    try:
        model.initial_state(1)
    except RuntimeError:
        return False
    return True


def takes_recipe(name: str, recipe: str) -> bool:
    """Return whether a recipe quantizes the recurrent layers of a small model, not only its head."""
    try:
        quantized = zoo.quantize(zoo.build(name, hidden_size=SMALL), recipe)
    except zoo.RecipeError:
        return False
    assert quantized.quantization is not None, "quantize leaves a record"
    return any(layer != "Linear" for layer in quantized.quantization.layers.values())


def main() -> int:
    parser = argparse.ArgumentParser(prog="model_table.py", description=__doc__)
    parser.add_argument("readme", type=Path, help="the README with the words of the table")
    parser.add_argument("--update", action="store_true", help="put the table into the README")
    args = parser.parse_args()
    try:
        text = args.readme.read_text()
        table = family_table(read_purposes(text))
        if MISSING in table:
            missing = [line.split("`")[1] for line in table.splitlines() if f"| {MISSING} |" in line]
            print(f"model_table.py: say in {args.readme} what these are for: {', '.join(missing)}", file=sys.stderr)
        if args.update:
            args.readme.write_text(put_between(text, table, FAMILIES))
        else:
            print(table)
    except (OSError, ValueError) as error:
        print(f"model_table.py: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
