"""The model families. `zoo.models.backbone` states the contract they all keep."""
