"""Networks, generators and circuits of a run as files for other programs."""

from diffqas.runs.export.circuits import ExportedCircuits as ExportedCircuits
from diffqas.runs.export.circuits import export_circuits as export_circuits
from diffqas.runs.export.network_file import load_network as load_network
from diffqas.runs.export.run import FORMATS as FORMATS
from diffqas.runs.export.run import Exported as Exported
from diffqas.runs.export.run import export_run as export_run
