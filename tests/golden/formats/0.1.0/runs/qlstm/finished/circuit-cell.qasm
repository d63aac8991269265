OPENQASM 3.0;
include "stdgates.inc";
// H-RZ/Ent-RX, 3 qubits, depth 1; q[0] is the most significant bit of a basis state
// the leading live candidate of the mixture: weight +0.2179, 16% of all contributions
// gate: cell; read are <Z> of q[0] to q[1], one for each entry of h
// angles that encode, in radians, the inputs x and state h: x0, h0, h1 on q[0] to q[2]
input float[64] x0;
input float[64] h0;
input float[64] h1;
qubit[3] q;
h q[0];
h q[1];
h q[2];
rz(x0) q[0];
rz(h0) q[1];
rz(h1) q[2];
cx q[0], q[1];
cx q[1], q[2];
rx(1.1416065692901611) q[0];
rx(-0.6946200728416443) q[1];
rx(1.9594571590423584) q[2];
