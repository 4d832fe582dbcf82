import KBUSShm

// Takes orders over standard input; see Orders.swift.
print("kbus test peer \(Bus.directory)")
