"""`make bench`: the cost of requests, with targets, by the method of `method.py`."""
