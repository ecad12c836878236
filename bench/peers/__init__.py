"""The benchmark against other servers of models: `python -m bench.peers`."""
