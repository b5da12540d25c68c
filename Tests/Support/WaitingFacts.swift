import Foundation
package import GRDB
package import Mail

/// The facts in a file's outbox, in order.
package func waitingFacts(in database: Database) throws -> [Fact] {
    try Data.fetchAll(database, sql: "SELECT body FROM outbox WHERE envelope IS NULL ORDER BY id").flatMap { body in
        try Wire.decode([Fact].self, from: Data("[".utf8) + body + Data("]".utf8))
    }
}
