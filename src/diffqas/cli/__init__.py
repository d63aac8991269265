"""Words typed by a person -> calls of the library."""

from diffqas.cli.main import main as main
