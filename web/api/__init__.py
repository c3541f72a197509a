"""REST v1: the newest of everything as JSON, one file per idea, read from the read model alone.

A route (`resource.py`) says what may be asked and what comes back; validation, the OpenAPI document and the
answers all follow from it. `routes.py` is the table of all of them.
"""
