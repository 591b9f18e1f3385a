"""`make bench`: what requests cost, each figure beside its target, by the method of `method.py`."""
