// Text for people, with values in it.
//
// A string interpolation of the standard library is laid out in full wherever one stands; with a hundred of them that is a fifth
// of libkbus.so. Here each is a few calls.

internal import CShm

/// What an interpolated literal becomes where a Phrase is expected.
struct Phrase: ExpressibleByStringInterpolation {
  let text: String

  init(stringLiteral text: StaticString) { self.init(stringInterpolation: Interpolation(text)) }

  init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

  struct Interpolation: StringInterpolationProtocol {
    private var bytes: [UInt8] = []

    @inline(never) init(literalCapacity: Int, interpolationCount: Int) {}

    @inline(never) fileprivate init(_ literal: StaticString) { appendLiteral(literal) }

    fileprivate var text: String { @inline(never) get { String(bytes: bytes) } }

    @inline(never) mutating func appendLiteral(_ literal: StaticString) {
      literal.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

    @inline(never) mutating func appendInterpolation(_ text: StaticString) { appendLiteral(text) }
    @inline(never) mutating func appendInterpolation(_ text: String) { bytes.append(contentsOf: text.bytes) }
    @inline(never) mutating func appendInterpolation(_ name: MessageName) { bytes.append(contentsOf: name.bytes) }

    @inline(never) mutating func appendInterpolation(_ id: MessageID) {
      appendLiteral("[")
      appendInterpolation(id.network)
      appendLiteral(":")
      appendInterpolation(id.serial)
      appendLiteral("]")
    }

    mutating func appendInterpolation(_ number: UInt32) { append(UInt64(number), base: 10, width: 0) }
    mutating func appendInterpolation(_ number: UInt64) { append(number, base: 10, width: 0) }
    mutating func appendInterpolation(octal number: UInt32) { append(UInt64(number), base: 8, width: 0) }
    mutating func appendInterpolation(hex number: UInt32) { append(UInt64(number), base: 16, width: 0) }
    mutating func appendInterpolation(_ number: UInt64, width: Int) { append(number, base: 10, width: width) }

    @inline(never) mutating func appendInterpolation(_ number: Int) {
      if number < 0 { appendLiteral("-") }
      append(UInt64(number.magnitude), base: 10, width: 0)
    }

    /// Padded with spaces on the left.
    @inline(never) private mutating func append(_ number: UInt64, base: UInt64, width: Int) {
      var digits: [UInt8] = [], rest = number
      repeat {
        let digit = UInt8(truncatingIfNeeded: rest % base)
        digits.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        rest /= base
      } while rest > 0
      for _ in 0..<max(0, width - digits.count) { bytes.append(Ascii.space) }
      bytes.append(contentsOf: digits.reversed())
    }
  }
}

extension StaticString {
  /// Whether both have the same bytes.
  func isSame(as other: StaticString) -> Bool {
    guard utf8CodeUnitCount == other.utf8CodeUnitCount else { return false }
    return unsafe cshm_equal(utf8Start, other.utf8Start, utf8CodeUnitCount) != 0
  }
}
