import ArgumentParser
struct MemoryFuzz: ParsableCommand { func run() throws {} }
