import Testing

/// Tests with the real programs. One at a time: each starts four services, and the machine may be small.
@Suite("End to end", .serialized)
enum EndToEnd {}
