// Dispatch: a source on the fast descriptor. Tasks have it easier, with KBUSShmAsync.

import Dispatch
import KBUSShm

#if canImport(Glibc)
  import Glibc
#endif

func fail(_ error: KBusError) -> Never {
  print(error)
  exit(1)
}

do throws(KBusError) {
  let ksock = try Ksock()
  try ksock.bind("$.Weather.*")
  let source = DispatchSource.makeReadSource(fileDescriptor: try ksock.fastDescriptor(), queue: .main)
  source.setEventHandler {
    do throws(KBusError) {
      // Until there are none: then the descriptor is unreadable.
      while let message = try ksock.receive() {
        print("\(message.name) \(message.text)")
        fflush(nil)
        if message.name == "$.Weather.End" { source.cancel() }
      }
    } catch {
      fail(error)
    }
  }
  // After the source is gone: the descriptor closes with the Ksock.
  source.setCancelHandler {
    ksock.close()
    exit(0)
  }
  source.activate()
  print("listening")
  fflush(nil)
} catch {
  fail(error)
}
dispatchMain()
