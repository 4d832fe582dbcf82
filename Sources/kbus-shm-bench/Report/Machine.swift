import CBench
import FoundationEssentials
import Glibc
import KBUSShm

/// Where figures come from. Without this they mean nothing.
struct Machine: Encodable {
  var cpu: String
  var architecture: String
  var cores: Int
  /// The client's processor and the server's.
  var pinned: [Int32]
  var processors: Processors
  /// A hypervisor lies between: waking another processor costs several times what it does on bare metal.
  var virtual: Bool
  var kernel: String
  var libc: String?
  var pageBytes: Int
  /// How many processes wanted a processor in the last minute. More than none besides us: others disturb.
  var load: String
  /// What reading the clock adds to each single round trip.
  var clockNs: Double
  /// Of this library.
  var version: String
  /// When, in the universal time.
  var measured: String
  /// "release", or "debug": then the figures say nothing.
  var build: String

  static func describe(cpus: CPUList) -> Machine {
    let info = text(of: "/proc/cpuinfo")
    return Machine(
      cpu: field("model name", in: info) ?? nonEmpty(text(of: "/sys/firmware/devicetree/base/model")) ?? "unknown",
      architecture: architectureName,
      cores: sysconf(Int32(_SC_NPROCESSORS_ONLN)),
      pinned: cpus.cpus,
      processors: .describe(cpus),
      virtual: (field("flags", in: info) ?? "").split(separator: " ").contains("hypervisor"),
      kernel: nonEmpty(text(of: "/proc/sys/kernel/osrelease")) ?? "unknown",
      libc: unsafe cbench_libc().map { unsafe String(cString: $0) },
      pageBytes: Int(getpagesize()),
      load: nonEmpty(text(of: "/proc/loadavg"))?.split(separator: " ").first.map { String($0) } ?? "unknown",
      clockNs: Clock.cost(),
      version: Bus.version,
      measured: Date().formatted(.iso8601),
      build: buildName)
  }

  /// Other work wants the processors.
  var isBusy: Bool { Double(load) ?? 0 > 0.5 }

  private static func text(of path: String) -> String {
    (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
  }

  private static func nonEmpty(_ text: String) -> String? {
    let line = text.prefix { $0 != "\n" && $0 != "\0" }
    return line.isEmpty ? nil : String(line)
  }

  /// The value of the first line `name : value`.
  private static func field(_ name: String, in info: String) -> String? {
    for line in info.split(separator: "\n") where line.hasPrefix(name) {
      guard let colon = line.firstIndex(of: ":") else { continue }
      return nonEmpty(String(line[line.index(after: colon)...].drop { $0 == " " }))
    }
    return nil
  }

  private static var architectureName: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "aarch64"
    #elseif arch(arm)
      "arm"
    #elseif arch(i386)
      "i386"
    #else
      "other"
    #endif
  }

  private static var buildName: String {
    #if DEBUG
      "debug"
    #else
      "release"
    #endif
  }
}
