import GRDB
import Mail
import Store

/// The key that orders mailings by when they were accepted: one integer, so that every list pages along one index.
///
/// Microseconds in the high bits, ten bits of the id below, so that the order is the same however the facts arrived.
enum SortKey {
    private static let latest: Int64 = (1 << 53) - 1

    /// The key of something that happened at `time` and is named `id`.
    static func of<Subject>(_ time: Timestamp, _ id: ID<Subject>) -> Int64 {
        first(at: time) | Int64(truncatingIfNeeded: (id.low ^ id.high) & 1023)
    }

    /// The least key of anything that happened at `time` or later. Times beyond 1970 and 2255 count as these.
    static func first(at time: Timestamp) -> Int64 {
        min(max(time.microseconds, 0), latest) << 10
    }

    /// The first key from `key` on that no mailing has.
    static func free(from key: Int64, in database: Database) throws -> Int64 {
        var key = key
        while try Bool.fetchOne(
            database.cachedStatement(sql: "SELECT 1 FROM mailings WHERE number = ?"), arguments: [key]) != nil
        {
            key += 1
        }
        return key
    }
}
