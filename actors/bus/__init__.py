"""The bus: what lets several machines be one hub. `base.py` says what a transport promises."""
