import ArgumentParser

/// A size as in 320x180.
struct PictureSize: ExpressibleByArgument {
  let width: Int
  let height: Int

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  init?(argument: String) {
    let sides = argument.split(separator: "x").compactMap { Int($0) }
    guard sides.count == 2 else { return nil }
    self.init(width: sides[0], height: sides[1])
  }
}
