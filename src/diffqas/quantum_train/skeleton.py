"""A target network without the tensors that are generated for it."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from diffqas.quantum_train.layout import Layout
from diffqas.storage import Json


class Skeleton(nn.Module):
    """A copy of a target's structure, buffers and frozen parameters, without generated tensors.

    They are not registered parameters here: `parameters()` and `state_dict()` do not show them.
    """

    def __init__(self, target: nn.Module, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self._text = repr(target)  # a module without its weights may not be able to describe itself
        self.module = copy.deepcopy(target)
        self._order = {
            path: list(module._parameters) for path, module in self.module.named_modules()
        }
        self._names: list[str] = []
        """One name of every empty place; a module that stands in two places has its tensors under
        two names.
        """
        for name in (name for slot in layout.slots for name in slot.names):
            path, _, leaf = name.rpartition(".")
            if self.module.get_submodule(path)._parameters.pop(leaf, None) is not None:
                self._names.append(name)
        self._forget()
        # Parameters that are not generated stay as they are.
        self._trainable = [
            name for name, tensor in self.module.named_parameters() if tensor.requires_grad
        ]
        self.module.requires_grad_(False)

    def call(self, tensors: dict[str, Tensor], args: tuple[Any, ...], kwargs: Json) -> Any:
        """Run the target with `tensors` in the empty places."""
        try:
            inside = {name: tensors[name] for name in self._names}
            return torch.func.functional_call(self.module, inside, args, kwargs, tie_weights=False)
        finally:
            self._forget()

    def filled(self, tensors: dict[str, Tensor]) -> nn.Module:
        """A plain copy of the target with `tensors` baked in as parameters; tied ones stay tied."""
        plain = copy.deepcopy(self.module)
        for name in self._trainable:
            plain.get_parameter(name).requires_grad_(True)
        for slot in self.layout.slots:
            parameter = nn.Parameter(tensors[slot.names[0]].detach().clone())
            for name in slot.names:
                path, _, leaf = name.rpartition(".")
                plain.get_submodule(path)._parameters[leaf] = parameter
        for path, order in self._order.items():
            owner = plain.get_submodule(path)
            owner._parameters = {name: owner._parameters[name] for name in order}
            if isinstance(owner, nn.RNNBase):
                owner._init_flat_weights()
        return plain

    def __repr__(self) -> str:
        return self._text

    def _forget(self) -> None:
        # torch's recurrent layers keep a second list of their weights, which would hold on to old
        # tensors.
        for module in self.module.modules():
            if isinstance(module, nn.RNNBase):
                module._init_flat_weights()
