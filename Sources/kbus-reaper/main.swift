// kbus-reaper: notices the death of processes that have Ksocks on a bus, and tells those who wait for them.
//
// What it does is in the core (Death/Reaper.swift): it has no logic of its own.

internal import CShm
internal import KBUSC

switch Arguments.parse() {
case .run(let options): Reaper(options).run()
case .help: Arguments.print(Arguments.usage, to: 1)
case .version: Arguments.print("\(Bus.version)\n", to: 1)
case .wrong(let argument):
  Arguments.print("kbus-reaper: \(argument) is not understood\n\n\(Arguments.usage)", to: 2)
  cshm_exit(64)
}
