"""The command line: words that a person types become calls of the library."""

from diffqas.cli.main import main as main
