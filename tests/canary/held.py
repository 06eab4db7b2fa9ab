"""Opens a look at everyone, takes the extract, and stays in it until somebody kills it."""

import sys
import time
from pathlib import Path

from stadi.site import house

house.open_city(Path(sys.argv[1]))

from stadi.consent import actions as consent  # noqa: E402 - once the house is open
from stadi.engine.sweep import extract  # noqa: E402
from stadi.offers.plugins import plugins  # noqa: E402
from stadi.record import actions as record  # noqa: E402

now, purpose = record.now(), plugins()["preschool"].service.purpose
with (
    consent.look(purpose=purpose, as_of=now.date(), known_at=now) as sight,
    consent.look(purpose=purpose, as_of=now.date(), known_at=now, only=[1]),
):
    seen = extract(sight)
    sys.stdout.write(f"{seen.tables['subject'].num_rows}\n")
    sys.stdout.flush()
    time.sleep(600)
