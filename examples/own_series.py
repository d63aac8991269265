"""A series of your own in a CSV file: search, then look at the result."""

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import diffqas

with TemporaryDirectory() as place:
    # Any file with a header and one line per moment. This one has a trend and a week.
    table = Path(place, "sales.csv")
    sales = [10 + 0.05 * day + 3 * math.sin(2 * math.pi * day / 7) for day in range(120)]
    table.write_text("day,sales\n" + "".join(f"{day},{x:.3f}\n" for day, x in enumerate(sales)))

    # scaling="train" scales by the training part alone: nothing of the future is used.
    run = diffqas.search(
        "series",
        csv=table,
        column="sales",
        scaling="train",
        depth=2,
        epochs=3,
        output=Path(place, "run"),
        quiet=True,
    )
    print(f"mean square error on the test part: {run.result['test_mse'][0]:.2e}")
