"""The sentences on the files of a run folder: every kind of model has some."""

from diffqas.searches import KINDS
from diffqas.searches.model_files import FILES


def test_every_model_has_sentences_on_its_files():
    assert FILES.keys() == KINDS.keys()
