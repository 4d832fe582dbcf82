// What a failure must be: its code, its errno, and the words that a person needs.

import KBUSShm
import Testing

/// Expects that the body fails with this code and errno, and that the text says these words; returns the error.
@discardableResult
func expectFailure<Outcome: ~Copyable>(
  _ code: KBusError.Code, errno: CInt, saying words: [String] = [],
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Outcome
) -> KBusError? {
  do {
    _ = try body()
    Issue.record("succeeds, but must fail with \(code.name)", sourceLocation: sourceLocation)
  } catch let error as KBusError {
    #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
    #expect(error.errno == errno, "\(error)", sourceLocation: sourceLocation)
    #expect(!error.explanation.isEmpty && !error.remedy.isEmpty, "\(error)", sourceLocation: sourceLocation)
    for word in words {
      #expect("\(error)".contains(word), "\"\(word)\" is missing in: \(error)", sourceLocation: sourceLocation)
    }
    return error
  } catch {
    Issue.record(error, sourceLocation: sourceLocation)
  }
  return nil
}
