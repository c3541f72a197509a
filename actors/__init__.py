"""The actors of Tickwell, and the contract that each of them keeps.

An actor is a dataclass whose fields are everything it depends on, and one coroutine, `run()`.
`run()` builds fresh state, loops, ends when its inbox ends, and raises otherwise. It never catches
`Exception`, never sleeps in order to retry, never logs and continues (one bad frame excepted:
counted, and logged at most once a minute). Restarting is its supervisor's business.

Actors do not import each other. `supervisor.py` opens the channels between them and names them.
"""

import sys

# httpx loads its own command line, with all that it shows: 3 MB and 50 ms in every hub, for nobody.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
