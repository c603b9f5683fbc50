"""The gallery of other people's TorchScript modules."""
