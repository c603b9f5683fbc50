"""All cases of the gallery by name."""

from support.foreign import (
    aliases,
    attributes,
    buffers,
    forks,
    forms,
    found,
    modes,
    objects,
    recurrence,
    sharing,
    state,
)

CASES = {
    name: case
    for kind in (objects, attributes, buffers, aliases, forks, modes, recurrence, state, sharing, forms, found)
    for name, case in kind.CASES.items()
}
