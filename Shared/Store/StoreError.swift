import Foundation
import GRDB
import Mail

/// Why a file cannot be used, in words for the operator. What was asked for has not been done.
package enum StoreError: PassingFailure, Hashable, CustomStringConvertible {
    /// Another process of ours has the file.
    case inUse(path: String)
    /// Another program has kept the file locked for longer than a write waits.
    case locked(path: String)
    case unwritable(path: String, reason: String)
    case corrupt(path: String, reason: String)
    case full(path: String)
    /// A newer program has written the file.
    case newerSchema(path: String, migration: String)

    package var description: String {
        switch self {
        case .inUse(let path):
            "Another process already uses \(path). Stop it first, or give this one a folder of its own (WAYBILL_DATA)."
        case .locked(let path):
            "Another program keeps \(path) locked. Find it with `fuser \(path)` and let it finish."
        case .unwritable(let path, let reason):
            "Cannot write to \(path) (\(reason)). Check that its folder exists, belongs to this program and is not mounted read-only."
        case .corrupt(let path, let reason):
            "\(path) is damaged (\(reason)). Stop the service and restore the file from a backup; keep the damaged one for study."
        case .full(let path):
            "The disk that holds \(path) is full. Make room; the service goes on by itself."
        case .newerSchema(let path, let migration):
            "\(path) was written by a newer version of this program (migration \(migration)). Run that version, or restore a backup."
        }
    }

    /// What a failure of SQLite's means for the operator; `nil` where it is about a statement rather than about the file.
    init?(_ error: any Error, path: String) {
        guard let error = error as? DatabaseError else { return nil }
        let reason = error.message ?? error.resultCode.description
        switch error.resultCode {
        case .SQLITE_FULL: self = .full(path: path)
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .locked(path: path)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt(path: path, reason: reason)
        case .SQLITE_IOERR: self = Self.hasRoom(near: path) ? .unwritable(path: path, reason: reason) : .full(path: path)
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH: self = .unwritable(path: path, reason: reason)
        default: return nil
        }
    }

    /// SQLite calls a full disk an I/O error where it meets it outside a plain write.
    private static func hasRoom(near path: String) -> Bool {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return true }
        return status.f_bavail * status.f_frsize > 1 << 20
    }
}
