"""Image classification: MNIST, FashionMNIST and scikit-learn's digits, networks, what to compare
with.
"""

from diffqas.tasks.images.data import ImageData as ImageData
from diffqas.tasks.images.datasets import IMAGES as IMAGES
from diffqas.tasks.images.datasets import load_images as load_images
from diffqas.tasks.images.files import locate as locate
from diffqas.tasks.images.networks import CNN as CNN
from diffqas.tasks.images.networks import DEFAULT_TARGET as DEFAULT_TARGET
from diffqas.tasks.images.networks import MLP as MLP
from diffqas.tasks.images.networks import TARGETS as TARGETS
from diffqas.tasks.images.references import majority as majority
from diffqas.tasks.images.references import nearest_mean as nearest_mean
from diffqas.tasks.images.references import references as references
from diffqas.tasks.images.sources import SOURCES as SOURCES
from diffqas.tasks.images.task import accuracy as accuracy
from diffqas.tasks.images.task import image_task as image_task
from diffqas.tasks.images.task import recipe_target as recipe_target
