"""Training on Lightning: `pip install 'recurrent-zoo[train]'`. The rest of the package never imports this."""
