"""The models: a file each, on a shared backbone. `zoo.RecurrentModel` states the contract that they keep."""
