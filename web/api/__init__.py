"""REST: the newest of everything from the read model, one file per idea; and the past, from history.

A route (`resource.py`) says what may be asked and what comes back; validation, the OpenAPI document and the
answers all follow from it. `routes.py` is the table of all of them; `history*.py` and `prices*.py` tell the
past.
"""
