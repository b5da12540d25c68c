import Foundation

/// A file that holds one secret, as container platforms mount them.
enum SecretFile {
    struct Fault: Error {
        /// Goes on from "…, which".
        let reason: String
    }

    static let largest = 64 * 1024

    /// The file's text without the line ends at its end.
    static func read(_ path: String) -> Result<String, Fault> {
        let data: Data
        do {
            let handle = try FileHandle(forReadingFrom: URL(filePath: path))
            defer { handle.closeFile() }
            data = try handle.read(upToCount: largest + 1) ?? Data()
        } catch {
            return .failure(Fault(reason: "cannot be read; check that it exists and that this program may read it"))
        }
        guard data.count <= largest else { return .failure(Fault(reason: "has more than \(largest) bytes; a secret is short")) }
        guard let text = String(bytes: data, encoding: .utf8) else { return .failure(Fault(reason: "is not UTF-8 text")) }
        let value = String(text.reversed().drop(while: \.isNewline).reversed())
        guard !value.isEmpty else { return .failure(Fault(reason: "is empty")) }
        return .success(value)
    }
}
