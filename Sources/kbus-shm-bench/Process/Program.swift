import CBench
import FoundationEssentials
import Glibc

/// A program that plays parts (cbench_part.h): this one, or one under `Benchmarks/`.
struct Program: Sendable {
  private var path: String
  private var leading: [String]

  /// How many seconds a part may take.
  private static let patience: Int32 = 60

  /// Starts it, to be left running. What it complains of is in the peer.
  func start(_ options: [String], in directory: String) throws(BenchError) -> Peer {
    let complaints = directory + "/complaints"
    let errors = unsafe cbench_create(complaints)
    guard errors >= 0 else { throw BenchError("cannot write \(complaints)", errno: errors) }
    defer { _ = Glibc.close(errors) }
    let own = ["--directory", directory, "--output", Program.figures(in: directory), "--parent", "\(Peer.ownProcess)"]
    return try Peer(path: path, leading + options + own, errors: errors, complaints: complaints)
  }

  /// Runs it to its end, and returns the lists of numbers that it left.
  ///
  /// Throws `unavailable` if the program says that it can't do this here.
  func run(_ options: [String], in directory: String) throws(BenchError) -> [[UInt64]] {
    let peer = try start(options, in: directory)
    let status = try peer.end(within: Program.patience)
    guard status == 0 else { throw peer.complaint(status: status) }
    return try Program.lists(in: Program.figures(in: directory))
  }

  /// Where a part's figures are.
  static func figures(in directory: String) -> String { directory + "/figures" }

  static func lists(in path: String) throws(BenchError) -> [[UInt64]] {
    guard let data = FileManager.default.contents(atPath: path), data.count.isMultiple(of: 8) else {
      throw BenchError("it left no figures")
    }
    let words = unsafe data.withUnsafeBytes { bytes in
      (0..<bytes.count / 8).map { unsafe bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
    }
    var lists: [[UInt64]] = [], next = 0
    while next < words.count {
      let count = Int(truncatingIfNeeded: words[next])
      guard count >= 0, count < words.count - next else { throw BenchError("its figures are cut off") }
      lists.append(Array(words[next + 1..<next + 1 + count]))
      next += 1 + count
    }
    return lists
  }
}

// Where they are.
extension Program {
  /// This program.
  static let own = Program(path: "/proc/self/exe", leading: ["play"])

  /// The program for a transport.
  static func `for`(_ transport: Transport) throws(BenchError) -> Program {
    switch transport {
    case .bus: return own
    case .busFromC: return try built("kbus-c", toMeasure: transport)
    case .busFromPython: return try python("kbus_python.py")
    case .peer("unix"), .peer("mq"): return own
    default: return transport.isLimit ? own : try built(transport.rawValue.split(separator: ".")[1].description, toMeasure: transport)
    }
  }

  /// The client in Swift that waits.
  static func idleInSwift() throws(BenchError) -> Program {
    Program(path: try pathBesideOwn("kbus-shm-idle"), leading: [])
  }

  /// Where a program is that is built beside this one.
  static func pathBesideOwn(_ name: String) throws(BenchError) -> String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let path = own.prefix(through: own.lastIndex(of: "/") ?? own.startIndex) + name
    guard isThere(String(path), X_OK) else { throw BenchError("\(path) is not there", isUnavailable: true) }
    return String(path)
  }

  /// A program that `make -C Benchmarks` builds, if it finds what that needs.
  static func built(_ name: String, toMeasure transport: Transport) throws(BenchError) -> Program {
    Program(path: try builtFile(name, toMeasure: transport), leading: [])
  }

  static func builtFile(_ name: String, toMeasure transport: Transport) throws(BenchError) -> String {
    let path = try directory() + "/build/" + name
    guard isThere(path, X_OK) else {
      throw BenchError(
        "\(path) is not there: run Benchmarks/peers/prepare, or make -C Benchmarks if its library is installed", isUnavailable: true)
    }
    return path
  }

  /// This program with a library loaded before all others.
  func preloading(_ library: String) throws(BenchError) -> Program {
    try Program(path: Program.found("env"), leading: ["LD_PRELOAD=" + library, ownPath] + leading)
  }

  /// This program watched by callgrind, which collects what happens within `cbench_counted`. It can't read the Swift compiler's
  /// debugging information, and gets a copy without that.
  func underCallgrind(in directory: String, writing profile: String) throws(BenchError) -> Program {
    var copy = path
    if path == Program.own.path {
      copy = directory + "/program"
      let stripping = try Peer(path: Program.found("strip"), ["--strip-debug", "-o", copy, ownPath])
      guard try stripping.end(within: 30) == 0 else { throw BenchError("cannot strip \(ownPath)") }
    }
    return try Program(
      path: Program.found("valgrind"),
      leading: ["--tool=callgrind", "--callgrind-out-file=" + profile, "--toggle-collect=cbench_counted", "--quiet", copy]
        + leading)
  }

  /// The path under which others can start it.
  private var ownPath: String {
    guard path == "/proc/self/exe" else { return path }
    return (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) ?? path
  }

  private static func found(_ name: String) throws(BenchError) -> String {
    for folder in ["/usr/bin", "/usr/local/bin", "/bin"] where isThere(folder + "/" + name, X_OK) { return folder + "/" + name }
    throw BenchError("there is no \(name)", isUnavailable: true)
  }

  private static func python(_ script: String) throws(BenchError) -> Program {
    let directory = try directory(), library = directory + "/../libkbus.so"
    guard isThere(library, R_OK) else { throw BenchError("libkbus.so is not there: run make", isUnavailable: true) }
    return Program(path: try found("python3"), leading: [directory + "/python/" + script])
  }

  private static func isThere(_ path: String, _ access: Int32) -> Bool { unsafe Glibc.access(path, access) == 0 }

  /// `$KBUS_BENCHMARKS`, or the `Benchmarks` of the package that this program was built in.
  private static func directory() throws(BenchError) -> String {
    if let chosen = unsafe getenv("KBUS_BENCHMARKS") { return unsafe String(cString: chosen) }
    var path = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    while let slash = path.lastIndex(of: "/") {
      path = String(path[..<slash])
      if isThere(path + "/Benchmarks/Makefile", R_OK) { return path + "/Benchmarks" }
    }
    throw BenchError("there is no directory Benchmarks above this program, and KBUS_BENCHMARKS is not set", isUnavailable: true)
  }
}
