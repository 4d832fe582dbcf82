// swift-tools-version: 6.2
import PackageDescription

/// The settings of every Swift target: language mode 6, no silent existential, no warning left standing.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

/// Debug builds count every store into the bus file, so that a test can kill a process before its n-th (docs/decisions/0004).
let core: [SwiftSetting] = strict + [.define("KBUS_FAULTS", .when(configuration: .debug))]

let c: [CSetting] = [
  .define("_GNU_SOURCE"),
  .enableWarning("all"), .enableWarning("extra"),
  .treatAllWarnings(as: .error),
]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "kbus-shm",
  products: [
    .library(name: "KBUSShm", targets: ["KBUSShm"]),
    .library(name: "KBUSShmAsync", targets: ["KBUSShmAsync"]),
    // `make libkbus.so` links this one: SwiftPM drops a library product that bears the name of an executable.
    .library(name: "KBUSC", type: .dynamic, targets: ["KBUSC"]),
    .executable(name: "kbus", targets: ["kbus"]),
    .executable(name: "kbus-reaper", targets: ["kbus-reaper"]),
    .executable(name: "kbus-shm-bench", targets: ["kbus-shm-bench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
  ],
  targets: [
    .target(name: "CShm", cSettings: c),
    .target(name: "KBUSShm", dependencies: ["CShm"], swiftSettings: core),
    // Apart from the core, which has no tasks.
    .target(name: "KBUSShmAsync", dependencies: ["KBUSShm"], swiftSettings: strict),
    // The C face: headers written by hand, with bodies in KBUSC.
    .target(name: "CKBUS", cSettings: c),
    // The same core once more, as Embedded Swift: Sources/KBUSC/Core is a symbolic link to Sources/KBUSShm.
    .target(
      name: "KBUSC", dependencies: ["CShm", "CKBUS"],
      swiftSettings: strict + [.enableExperimentalFeature("Embedded")]),
    // Embedded too: it is to need as little memory as can be.
    .executableTarget(
      name: "kbus-reaper", dependencies: ["KBUSC", "CShm"],
      swiftSettings: strict + [.enableExperimentalFeature("Embedded")]),
    // It must not name the reaper: SwiftPM would link that into it, an Embedded program into one with a Swift runtime.
    .executableTarget(
      name: "kbus",
      dependencies: [
        "KBUSShm", "CShm", argumentParser, .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      swiftSettings: strict),
    // What the benchmark needs from C. It does not use CShm: the limits must not share code with what they judge.
    .target(name: "CBench", cSettings: c),
    .executableTarget(
      name: "kbus-shm-bench",
      dependencies: [
        "KBUSShm", "KBUSShmAsync", "CBench", "kbus-shm-idle", argumentParser, .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      swiftSettings: strict),
    // A client that waits, for the benchmark to weigh.
    .executableTarget(
      name: "kbus-shm-idle", dependencies: ["KBUSShm", "CBench"], path: "Benchmarks/idle", swiftSettings: strict),
    .executableTarget(
      name: "playlet", dependencies: ["KBUSShm"], path: "Examples/Playlet", exclude: ["transcript.txt"], swiftSettings: strict),
    .executableTarget(
      name: "with-dispatch", dependencies: ["KBUSShm"], path: "Examples/EventLoops/Dispatch", swiftSettings: strict),
    .executableTarget(
      name: "with-tasks", dependencies: ["KBUSShm", "KBUSShmAsync"], path: "Examples/EventLoops/Tasks", swiftSettings: strict),
    .executableTarget(
      name: "TestPeer", dependencies: ["KBUSShm", "KBUSShmAsync", "CShm"], path: "Tests/TestPeer", swiftSettings: strict),
    // Kills and stops processes by the thousand; the scripts run it.
    .target(name: "CSurvival", dependencies: ["CShm"], path: "Tests/CSurvival", cSettings: c),
    .executableTarget(
      name: "Survival", dependencies: ["KBUSShm", "CShm", "CSurvival", argumentParser], path: "Tests/Survival", swiftSettings: strict),
    .testTarget(name: "CShmTests", dependencies: ["CShm"], swiftSettings: strict),
    .testTarget(name: "KBUSShmAsyncTests", dependencies: ["KBUSShm", "KBUSShmAsync"], swiftSettings: strict),
    .testTarget(name: "KBUSShmTests", dependencies: ["KBUSShm", "CShm"], swiftSettings: strict),
    .testTarget(
      name: "MultiProcessTests", dependencies: ["KBUSShm", "CShm", "TestPeer", "kbus", "kbus-shm-bench", "playlet"],
      swiftSettings: strict),
  ],
  cLanguageStandard: .gnu17
)
