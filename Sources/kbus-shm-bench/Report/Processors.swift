import FoundationEssentials
import Glibc

/// What the processors of a run have to do with each other: two that are threads of one core, or that share no cache, pass a cache line at
/// very different prices. As Linux tells it in /sys; empty where it does not.
struct Processors: Encodable {
  /// Of the client's processor, each with those that share it: "L3 unified 32768K, of 0-1".
  var caches: [String]
  /// For each processor used, those that are threads of the same core, itself included.
  var threadsOfCore: [String]
  /// How the frequency of the client's processor is chosen; nil: nobody says, as in most virtual machines.
  var governor: String?
  /// Of the machine.
  var memoryBytes: Int

  static func describe(_ cpus: CPUList) -> Processors {
    let client = "/sys/devices/system/cpu/cpu\(cpus.cpus[0])"
    let caches = (0..<8).compactMap { index -> String? in
      let cache = client + "/cache/index\(index)/"
      guard let level = line(cache + "level"), let kind = line(cache + "type"), let size = line(cache + "size") else { return nil }
      return "L\(level) \(kind.lowercased()) \(size), of \(line(cache + "shared_cpu_list") ?? "?")"
    }
    return Processors(
      caches: caches,
      threadsOfCore: cpus.cpus.map { line("/sys/devices/system/cpu/cpu\($0)/topology/thread_siblings_list") ?? "" },
      governor: line(client + "/cpufreq/scaling_governor"),
      memoryBytes: sysconf(Int32(_SC_PHYS_PAGES)) * Int(getpagesize()))
  }

  /// In one line.
  var text: String {
    let cores = threadsOfCore.contains("") ? "cores unknown" : "threads by core: " + threadsOfCore.joined(separator: " and ")
    return (caches.isEmpty ? "caches unknown" : caches.joined(separator: "; ")) + "; \(cores); governor \(governor ?? "unknown"); "
      + "\((Double(memoryBytes) / 1e9).fixed(1)) GB of memory"
  }

  /// The first line of a file; nil if there is none.
  private static func line(_ path: String) -> String? {
    (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n").first.map { String($0) }
  }
}
