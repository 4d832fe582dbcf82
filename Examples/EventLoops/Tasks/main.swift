// Tasks: no descriptor, and no loop of the program's own. Whoever waits is suspended.

import KBUSShm
import KBUSShmAsync

#if canImport(Glibc)
  import Glibc
#endif

let ksock = try Ksock()
try ksock.bind("$.Weather.*")
print("listening")
fflush(nil)
for try await message in ksock.messages {
  print("\(message.name) \(message.text)")
  fflush(nil)
  if message.name == "$.Weather.End" { break }
}
ksock.close()
