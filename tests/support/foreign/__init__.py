"""The gallery of other people's TorchScript modules."""

from support.foreign import forms, sharing, state
from support.foreign_models import CASES as FIRST

CASES = FIRST | state.CASES | sharing.CASES | forms.CASES
