"""Write data.csv: 300 points of Friedman's function with noise (Annals of Statistics 19(1), 1,
1991, section 4.3).

y = 10 sin(pi a b) + 20 (c - 1/2)^2 + 10 d + 5 e + N(0, 1), with a to e uniform in [0, 1].
"""

from pathlib import Path

import numpy as np

random = np.random.default_rng(0)
a, b, c, d, e = random.random((5, 300)).round(3)
y = 10 * np.sin(np.pi * a * b) + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e + random.standard_normal(300)
rows = np.column_stack([a, b, c, d, e, y])
place = Path(__file__).with_name("data.csv")
np.savetxt(place, rows, "%.3f", ",", header="a,b,c,d,e,y", comments="")
