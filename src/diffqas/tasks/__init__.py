"""Problems to search on: data, a target network, a loss, and the papers' settings."""

from diffqas.tasks.settings import Settings as Settings
from diffqas.tasks.task import Reference as Reference
from diffqas.tasks.task import Split as Split
from diffqas.tasks.task import Task as Task
