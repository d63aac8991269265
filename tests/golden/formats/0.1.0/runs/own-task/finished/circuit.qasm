OPENQASM 3.0;
include "stdgates.inc";
// H-Ent-RY, 5 qubits, depth 1; q[0] is the most significant bit of a basis state
// the leading live candidate of the mixture: weight -0.0512, 16% of all contributions
qubit[5] q;
h q[0];
h q[1];
h q[2];
h q[3];
h q[4];
cx q[0], q[1];
cx q[2], q[3];
cx q[1], q[2];
cx q[3], q[4];
ry(-1.7782522439956665) q[0];
ry(2.4601781368255615) q[1];
ry(-0.590374231338501) q[2];
ry(0.7702978849411011) q[3];
ry(0.7325891852378845) q[4];
