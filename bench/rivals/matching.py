"""Hospital-resident matching by `matching` over a game's lists, once for each line it is given.

Runs in the rival's own environment and answers with one line of JSON.
"""

import json
import sys
import threading
import time
import warnings
from pathlib import Path

from matching.games import HospitalResident

warnings.simplefilter("ignore")
# it copies its players deeply, one inside the other, which needs a deep stack
sys.setrecursionlimit(10**6)
threading.stack_size(1 << 29)
game = json.loads(Path(sys.argv[1]).read_text("utf-8"))
likes = {f"c{c}": [f"u{u}" for u in units] for c, units in enumerate(game["likes"])}
ranks = {f"u{u}": [f"c{c}" for c in inside] for u, inside in enumerate(game["ranks"])}
places = {f"u{u}": n for u, n in enumerate(game["places"])}


def run() -> None:
    """Solve the game once for each line."""
    for _ in sys.stdin:
        begun = time.perf_counter()
        solved = HospitalResident.create_from_dictionaries(likes, ranks, places).solve()
        spent = time.perf_counter() - begun
        at = {int(c.name[1:]): int(u.name[1:]) for u, inside in solved.items() for c in inside}
        print(json.dumps({"seconds": spent, "at": sorted(at.items())}), flush=True)


thread = threading.Thread(target=run)
thread.start()
thread.join()
