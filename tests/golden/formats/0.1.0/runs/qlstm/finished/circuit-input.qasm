OPENQASM 3.0;
include "stdgates.inc";
// H-RY/Ent-RZ, 3 qubits, depth 1; q[0] is the most significant bit of a basis state
// the leading live candidate of the mixture: weight -0.1810, 17% of all contributions
// gate: input; read are <Z> of q[0] to q[1], one for each entry of h
// angles that encode, in radians, the inputs x and state h: x0, h0, h1 on q[0] to q[2]
input float[64] x0;
input float[64] h0;
input float[64] h1;
qubit[3] q;
h q[0];
h q[1];
h q[2];
ry(x0) q[0];
ry(h0) q[1];
ry(h1) q[2];
cx q[0], q[1];
cx q[1], q[2];
rz(-0.926789402961731) q[0];
rz(-0.21883368492126465) q[1];
rz(-2.435065269470215) q[2];
