// A Swift program that has a Ksock, is bound to a name, and waits: what that costs is for `kbus-shm-bench footprint` to say, which
// starts it with the directory of the bus and the name of a file that is to be made when all is open.

import CBench
import KBUSShm

let words = CommandLine.arguments
guard let directory = words.firstIndex(of: "--directory"), let output = words.firstIndex(of: "--output"),
  max(directory, output) + 1 < words.count
else { fatalError("usage: kbus-shm-idle --directory DIRECTORY --output FILE") }

let ksock = try Ksock(bus: 0, in: words[directory + 1])
try ksock.bind("$.Bench.Idle")
_ = unsafe cbench_create(words[output + 1])
while try ksock.receive(within: nil) != nil {}
