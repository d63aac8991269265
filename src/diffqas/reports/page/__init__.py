"""A page about runs that opens anywhere: one HTML file that needs no network."""

from diffqas.reports.page.data import Chart as Chart
from diffqas.reports.page.data import Circuit as Circuit
from diffqas.reports.page.data import Line as Line
from diffqas.reports.page.data import Place as Place
from diffqas.reports.page.data import RunPage as RunPage
from diffqas.reports.page.data import Table as Table
from diffqas.reports.page.data import Weights as Weights
from diffqas.reports.page.data import band as band
from diffqas.reports.page.data import plain as plain
from diffqas.reports.page.data import thinned as thinned
from diffqas.reports.page.document import MARK as MARK
from diffqas.reports.page.document import build as build
