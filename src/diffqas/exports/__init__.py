"""Models that leave the run folder: networks and generators as files for other programs."""

from diffqas.exports.network_file import load_network as load_network
from diffqas.exports.run import FORMATS as FORMATS
from diffqas.exports.run import Exported as Exported
from diffqas.exports.run import export_run as export_run
