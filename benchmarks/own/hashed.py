import torch
from torch import nn
from diffqas.quantum_train.layout import find_layout
from diffqas.quantum_train.skeleton import Skeleton
from diffqas.quantum_train.generator import gain_and_offset
class Hashed(nn.Module):
    def __init__(s,t,count):
        super().__init__()
        l=find_layout(t); s.k=Skeleton(t,l); named=dict(t.named_parameters(remove_duplicate=False)); ini=[named[q.names[0]].detach() for q in l.slots]
        P=l.size
        e=torch.randperm(P)%count; sg=torch.randint(2,(P,))*2-1.
        s.vector=nn.Parameter(torch.randn(count)); raw=s.vector.detach()[e]*sg; ga,of=gain_and_offset(raw,l.sizes,ini)
        ow=torch.repeat_interleave(torch.arange(len(l.sizes)),torch.tensor(l.sizes)); s.register_buffer("e",e); s.register_buffer("g",ga[ow]*sg); s.register_buffer("o",of[ow])
    def forward(s,x): return s.k.call(s.k.layout.tensors(s.o+s.g*s.vector[s.e]),(x,),{})
