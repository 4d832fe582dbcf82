/// What this build of the core is for.
enum Build {
  /// libkbus.so, and the reaper: to be small. It does without some of the ways of their own that frequent cases have, since each has another
  /// that is there anyhow.
  @inline(__always) static var isSmall: Bool {
    #if hasFeature(Embedded)
      true
    #else
      false
    #endif
  }
}
