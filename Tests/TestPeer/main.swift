// The process that multi-process tests start. `TestPeer sweep OPERATION N` performs one operation and is killed before its
// N-th store, `TestPeer pool` waits with tasks; without arguments it takes orders over its standard input.

switch CommandLine.arguments.dropFirst().first {
case "sweep": Sweep.run()
case "pool": await OneThreadPool.run()
default: Orders.run()
}
