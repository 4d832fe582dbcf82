// The process that multi-process tests start. `TestPeer sweep OPERATION N` performs one operation and is killed before its
// N-th store; `TestPeer crowd N` is N processes; `TestPeer pool` waits with tasks; `TestPeer confine CALL=ERRNO... -- PROGRAM` runs a
// program that the kernel refuses something; without arguments it takes orders over its standard input.

switch CommandLine.arguments.dropFirst().first {
case "sweep": Sweep.run()
case "crowd": Crowd.run()
case "pool": await OneThreadPool.run()
case "confine": Confinement.run()
default: Orders.run()
}
