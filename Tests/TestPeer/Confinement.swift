import Glibc

/// `TestPeer confine CALL=ERRNO... -- PROGRAM ARGUMENT...`: a program for which some system calls fail, as on an older kernel or in a
/// sandbox. The filter holds for all that the program starts.
enum Confinement {
  /// The numbers of a call on this machine.
  private static func numbers(of call: String) -> [UInt32]? {
    #if arch(x86_64)
      let clone: UInt32 = 56, robustList: [UInt32] = [273, 274]
    #else
      let clone: UInt32 = 220, robustList: [UInt32] = [99, 100]
    #endif
    // Newer calls have the same number everywhere.
    let known: [String: [UInt32]] = [
      "futex_waitv": [449], "threads": [clone, 435], "robust_list": robustList, "pidfd_open": [434], "io_uring": [425, 426, 427],
    ]
    return known[call]
  }

  static func run() -> Never {
    let arguments = CommandLine.arguments.dropFirst(2)
    guard let end = arguments.firstIndex(of: "--") else { exit(64) }
    var rules: [(number: UInt32, errno: UInt32)] = []
    for word in arguments[..<end] {
      let parts = word.split(separator: "=")
      guard parts.count == 2, let numbers = numbers(of: String(parts[0])), let errno = UInt32(parts[1]) else { exit(64) }
      rules += numbers.map { ($0, errno) }
    }
    refuse(rules)
    var words = unsafe arguments[(end + 1)...].map { unsafe strdup($0) } + [nil]
    unsafe execv(words[0]!, &words)
    exit(127)
  }

  /// struct sock_filter of <linux/filter.h>.
  private struct Instruction {
    var code: UInt16
    var ifTrue: UInt8 = 0
    var ifFalse: UInt8 = 0
    var operand: UInt32
  }

  /// struct sock_fprog.
  private struct FilterProgram {
    var count: UInt16
    /// The address of the instructions.
    var instructions: UInt
  }

  private static func refuse(_ rules: [(number: UInt32, errno: UInt32)]) {
    let load: UInt16 = 0x20, jumpIfEqual: UInt16 = 0x15, result: UInt16 = 0x06
    let allow: UInt32 = 0x7FFF_0000, fail: UInt32 = 0x0005_0000
    // The call's number is the first word of what a filter sees.
    var filter = [Instruction(code: load, operand: 0)]
    for rule in rules {
      filter.append(Instruction(code: jumpIfEqual, ifFalse: 1, operand: rule.number))
      filter.append(Instruction(code: result, operand: fail | rule.errno))
    }
    filter.append(Instruction(code: result, operand: allow))
    let control = unsafe unsafeBitCast(dlsym(nil, "prctl"), to: (@convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32).self)
    let noNewPrivileges: Int32 = 38, seccomp: Int32 = 22, withFilter: UInt = 2
    let count = UInt16(filter.count)
    let isSet = unsafe filter.withUnsafeMutableBufferPointer { instructions in
      var program = FilterProgram(count: count, instructions: UInt(bitPattern: instructions.baseAddress))
      return unsafe withUnsafeMutablePointer(to: &program) { program in
        control(noNewPrivileges, 1, 0, 0, 0) == 0 && control(seccomp, withFilter, UInt(bitPattern: program), 0, 0) == 0
      }
    }
    guard isSet else {
      unsafe perror("confine")
      exit(1)
    }
  }
}
