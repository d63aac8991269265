"""Many runs as one table: rows, seeds in lockstep, statistics, a folder that can be continued."""

from diffqas.studies.plan import DATASETS as DATASETS
from diffqas.studies.plan import OF_A_RUN as OF_A_RUN
from diffqas.studies.plan import STUDIES as STUDIES
from diffqas.studies.plan import Plan as Plan
from diffqas.studies.run import StudyRun as StudyRun
from diffqas.studies.run import run_study as run_study
