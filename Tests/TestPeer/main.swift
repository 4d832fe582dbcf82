// The process that multi-process tests start. `TestPeer sweep OPERATION N` performs one operation and is killed before its
// N-th store; without arguments it takes orders over its standard input.

switch CommandLine.arguments.dropFirst().first {
case "sweep": Sweep.run()
default: Orders.run()
}
