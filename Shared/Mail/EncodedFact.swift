package import Foundation

/// A fact with its JSON, for whoever has to write it down in more than one place: it is encoded once.
package struct EncodedFact: Hashable, Sendable {
    package let fact: Fact
    /// What `Wire` makes of the fact.
    package let json: Data

    /// - Throws: What the encoder throws.
    package init(_ fact: Fact) throws {
        self.fact = fact
        json = try Wire.encode(fact)
    }
}
