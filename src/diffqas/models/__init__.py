"""The kinds of models that can be searched, each with its choices, its populations and what it leaves behind."""

from diffqas.models.kind import Companion as Companion
from diffqas.models.kind import Labels as Labels
from diffqas.models.kind import ModelKind as ModelKind
from diffqas.models.registry import KINDS as KINDS
from diffqas.models.registry import choose_kind as choose_kind
from diffqas.models.registry import kinds_for as kinds_for
